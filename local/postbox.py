"""What the store's SES does beyond ministack: mails are kept, and their fate is told as the template says.

ministack takes an e-mail, forgets its source, and tells no configuration set of it. Here each one is kept
with the runner's notes, whole, and what becomes of it is published to the configuration set's topics:
addresses of SES's mailbox simulator bounce or complain, every other one gets its mail. A policy of topic or
queue that would keep an event out in AWS keeps it out here. This module runs in the store's own environment.
"""

# ruff: noqa: SLF001 - it is ministack's inner state that is used
from __future__ import annotations

import base64
import json
import re
import sys
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default as email_policy
from typing import TYPE_CHECKING, Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import dynamodb, ses_v2, sns, sqs

if TYPE_CHECKING:
    from local.durable import TableKey

Event = tuple[str, dict[str, Any]]  # type, and what it says of itself

_SEND = "/v2/email/outbound-emails"
_SIMULATOR = "simulator.amazonses.com"
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SUBJECT = "Amazon SES Email Event Notification"


class Postbox:
    """Keeps what is sent, and tells what becomes of it."""

    def __init__(self, table: TableKey) -> None:
        self._table = table

    def open(self) -> None:
        """Stand between the functions and ministack's SES."""
        handle = ses_v2.handle_request

        async def watched(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
            if (method, path.rstrip("/")) != ("POST", _SEND):
                return await handle(method, path, headers, body, query)
            sent = json.loads(body)
            refusal = _refusal(sent)
            if refusal:
                return ses_v2._json_err(*refusal)
            status, answer_headers, answer = await handle(method, path, headers, body, query)
            if status == 200:  # noqa: PLR2004 - HTTP
                self._post(sent, json.loads(answer)["MessageId"])
            return status, answer_headers, answer

        ses_v2.handle_request = watched
        sqs.queue_policy_allows = _queue_lets_in

    def _post(self, sent: dict[str, Any], message_id: str) -> None:
        self._keep(sent, message_id)
        configuration = sent.get("ConfigurationSetName")
        if configuration:
            mail = _described(sent, message_id)
            for kind, details in _fate(sent["Destination"]["ToAddresses"]):
                _publish(configuration, kind, {"eventType": kind, "mail": mail, **details})

    def _keep(self, sent: dict[str, Any], message_id: str) -> None:
        """Among the runner's notes, so that it is in the journal like everything else."""
        table = dynamodb._tables.get_scoped(*self._table)
        identity = f"{time.time_ns():020d}-{message_id}"
        note = {
            "message_id": message_id,
            "to": sent["Destination"]["ToAddresses"],
            "configuration": sent.get("ConfigurationSetName"),
            "tags": {tag["Name"]: tag["Value"] for tag in sent.get("EmailTags", [])},
            "raw": sent["Content"]["Raw"]["Data"],
        }
        item = {"pk": {"S": "mail"}, "sk": {"S": identity}, "value": {"S": json.dumps(note)}}
        dynamodb._set_item(table, "mail", identity, item)


def _refusal(sent: dict[str, Any]) -> tuple[Any, ...] | None:
    """What SES refuses, and ministack would not."""
    if "Raw" not in sent.get("Content", {}):
        return "BadRequestException", "The local cloud takes raw messages only."
    name = sent.get("ConfigurationSetName")
    if name and name not in ses_v2._config_sets:
        return "NotFoundException", f"Configuration set <{name}> does not exist.", 404
    for tag in sent.get("EmailTags", []):
        if not (_TAG.fullmatch(tag["Name"]) and _TAG.fullmatch(tag["Value"])):
            return "BadRequestException", f"Invalid tag <{tag['Name']}>: <{tag['Value']}>."
    for address in sent["Destination"]["ToAddresses"]:
        if not address.isascii() or not address.rpartition("@")[2]:
            return "BadRequestException", "Missing final '@domain'"
    return None


# ------------------------------------------------------------------------------------------ their fate


def _fate(addresses: list[str]) -> list[Event]:
    """What happens to a mail, in order; the mailbox simulator's addresses may carry a +label."""
    events: list[Event] = [("Send", {"send": {}})]
    for address in addresses:
        name, _, domain = address.lower().partition("@")
        kind = name.partition("+")[0] if domain == _SIMULATOR else ""
        if kind == "bounce":
            events.append(("Bounce", _bounced(address, "General")))
        elif kind == "suppressionlist":
            events.append(("Bounce", _bounced(address, "OnAccountSuppressionList")))
        else:
            events.append(("Delivery", _delivered(address)))
        if kind == "complaint":
            events.append(("Complaint", _complained(address)))
    return events


def _delivered(address: str) -> dict[str, Any]:
    return {
        "delivery": {
            "timestamp": _now(),
            "processingTimeMillis": 1,
            "recipients": [address],
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "local.smtp-out.amazonses.com",
        }
    }


def _bounced(address: str, subtype: str) -> dict[str, Any]:
    recipient: dict[str, Any] = {"emailAddress": address}
    if subtype == "General":
        recipient |= {
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
    return {
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": subtype,
            "bouncedRecipients": [recipient],
            "timestamp": _now(),
            "feedbackId": new_uuid(),
        }
    }


def _complained(address: str) -> dict[str, Any]:
    return {
        "complaint": {
            "complainedRecipients": [{"emailAddress": address}],
            "timestamp": _now(),
            "feedbackId": new_uuid(),
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": "abuse",
        }
    }


def _described(sent: dict[str, Any], message_id: str) -> dict[str, Any]:
    """The mail, as each event describes it."""
    message = message_from_bytes(base64.b64decode(sent["Content"]["Raw"]["Data"]), policy=email_policy)
    domain = str(sent["FromEmailAddress"]).rpartition("@")[2].rstrip(">")
    configuration = sent["ConfigurationSetName"]
    return {
        "timestamp": _now(),
        "source": sent["FromEmailAddress"],
        "sourceArn": f"arn:aws:ses:{get_region()}:{get_account_id()}:identity/{domain}",
        "sendingAccountId": get_account_id(),
        "messageId": message_id,
        "destination": sent["Destination"]["ToAddresses"],
        "headersTruncated": False,
        "commonHeaders": {
            "from": [str(message["From"])],
            "to": [str(message["To"])],
            "messageId": message_id,
        },
        "tags": {
            "ses:configuration-set": [configuration],
            "ses:from-domain": [domain],
            **{tag["Name"]: [tag["Value"]] for tag in sent.get("EmailTags", [])},
        },
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ------------------------------------------------------------------------------------------ telling


def _publish(configuration: str, kind: str, event: dict[str, Any]) -> None:
    """Publish an event to the topics of the configuration set that ask for its kind."""
    for destination in (ses_v2._config_sets[configuration].get("EventDestinations") or {}).values():
        topic = (destination.get("SnsDestination") or {}).get("TopicArn")
        if not topic or not destination["Enabled"] or kind.upper() not in destination["MatchingEventTypes"]:
            continue
        source = f"arn:aws:ses:{get_region()}:{get_account_id()}:configuration-set/{configuration}"
        if _topic_lets_in(topic, source):
            sns.publish_internal(topic, json.dumps(event), _SUBJECT)


def _topic_lets_in(topic: str, source: str) -> bool:
    found = sns._topic_by_arn_any_scope(topic)
    policy = found and found["attributes"].get("Policy")
    return _allows(policy, "ses.amazonaws.com", "sns:Publish", topic, source)


def _queue_lets_in(queue: str, service: str, source: str, _account: str) -> bool:
    """In place of ministack's own check, which lets everything in."""
    found = sqs._queue_by_arn(queue)
    policy = found and found["attributes"].get("Policy")
    return _allows(policy, service, "sqs:SendMessage", queue, source)


def _allows(policy: str | None, service: str, action: str, resource: str, source: str) -> bool:
    """Whether a resource's policy lets a service in, which always comes over TLS."""
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": get_account_id()},
    )
    found = evaluate_resource_policy(policy or None, context, service=service)
    allowed = bool(found.decision == "Allow")
    if not allowed:
        print(f"{resource}: its policy keeps {service} out", file=sys.stderr, flush=True)
    return allowed
