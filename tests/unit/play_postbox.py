"""Plays with the store's SES and writes what happened as JSON; runs in the store's own environment.

Not a test: ``test_local_postbox.py`` runs it and looks at what it writes.
"""

import asyncio
import json
import sys
from base64 import b64decode, b64encode
from typing import Any

from ministack.services import dynamodb, ses_v2, sns, sqs

from local.postbox import Postbox

ACCOUNT, REGION = "000000000000", "eu-north-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
MAIL = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/mail"
SOURCE = b"From: a@firman.example\r\nTo: b@example.com\r\nSubject: S\r\n\r\nText"


def call(path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """POST to SES."""
    sent = json.dumps(body).encode()
    status, _, answer = asyncio.run(ses_v2.handle_request("POST", f"/v2/email/{path}", {}, sent, {}))
    return status, json.loads(answer or b"{}")


def send(to: str = "kund@example.com", *, content: str = "Raw", tag: str = "x", **more: Any) -> Any:
    """Send a mail; the status and the name of the error."""
    wanted = {"FromEmailAddress": "a@firman.example", "ConfigurationSetName": "mail", **more}
    raw = {content: {"Data": b64encode(SOURCE).decode()}}
    tags = [{"Name": "kind", "Value": tag}]
    destination = {"ToAddresses": [to]}
    status, answer = call("outbound-emails", Destination=destination, Content=raw, EmailTags=tags, **wanted)
    return [status, answer.get("name")]


def policy(service: str, action: str, resource: str, source: str) -> str:
    """A policy that lets one source in, over TLS."""
    common = {"Action": action, "Resource": resource}
    source_only = {"ArnEquals": {"aws:SourceArn": source}}
    tls_only = {"Bool": {"aws:SecureTransport": "false"}}
    statements = [
        {"Effect": "Allow", "Principal": {"Service": service}, "Condition": source_only, **common},
        {"Effect": "Deny", "Principal": "*", "Condition": tls_only, **common},
    ]
    return json.dumps({"Statement": statements})


class World:
    """A verified domain, a configuration, a topic, a queue, and the runner's notes."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        dynamodb._tables.set_scoped(ACCOUNT, REGION, "notes", {})
        dynamodb._set_item = lambda _table, _pk, _sk, item: self.kept.append(json.loads(item["value"]["S"]))
        Postbox((ACCOUNT, REGION, "notes")).open()
        sns._create_topic({"Name": ["news"]})
        asyncio.run(sqs.handle_request("POST", "/", {}, b"Action=CreateQueue&QueueName=work", {}))
        raw = {"Attributes.entry.1.key": ["RawMessageDelivery"], "Attributes.entry.1.value": ["true"]}
        sns._subscribe({"TopicArn": [TOPIC], "Protocol": ["sqs"], "Endpoint": [QUEUE], **raw})
        (self.queue,) = sqs._queues.values()
        call("identities", EmailIdentity="firman.example")
        call("configuration-sets", ConfigurationSetName="mail")
        destination = {
            "Enabled": True,
            "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE"],
            "SnsDestination": {"TopicArn": TOPIC},
        }
        path = "configuration-sets/mail/event-destinations"
        call(path, EventDestinationName="d", EventDestination=destination)
        self.let_in()

    def let_in(self, ses: str = MAIL, topic: str = TOPIC) -> None:
        """Let these sources reach the topic and the queue."""
        sns._topics[TOPIC]["attributes"]["Policy"] = policy("ses.amazonaws.com", "sns:Publish", TOPIC, ses)
        self.queue["attributes"]["Policy"] = policy("sns.amazonaws.com", "sqs:SendMessage", QUEUE, topic)

    def told(self) -> list[list[Any]]:
        """What has come to the queue: types and tags."""
        found = [json.loads(message["body"]) for message in self.queue["messages"]]
        self.queue["messages"].clear()
        return [[each["eventType"], each["mail"]["tags"]["kind"]] for each in found]


def main() -> None:
    """Play."""
    world = World()
    refused = {
        "unverified": send(FromEmailAddress="a@other.example"),
        "no configuration": send(ConfigurationSetName="none"),
        "bad tag": send(tag="a b"),
        "not raw": send(content="Simple"),
        "not ascii": send("åsa@example.com"),
    }
    after_refusals = [len(world.kept), world.told()]
    fates = {address: [send(address)[0], world.told()] for address in sys.argv[1:]}
    kept_out = {}
    for name, sources in {"ses": {"ses": f"{MAIL}2"}, "topic": {"topic": f"{TOPIC}2"}}.items():
        world.let_in(**sources)
        kept_out[name] = [send()[0], world.told()]
    first = world.kept[0]
    whole = b64decode(first.pop("raw")) == SOURCE and bool(first.pop("message_id"))
    found = {"refused": refused, "after_refusals": after_refusals, "fates": fates, "kept_out": kept_out}
    sys.stdout.write(json.dumps({**found, "kept": first, "whole": whole}))


if __name__ == "__main__":
    main()
