"""The local cloud itself, on a small application of the tests' own: one of each event source."""

import base64
import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import jwt
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from local import iam
from local.template import Template
from local.testing import LocalCloud

TEMPLATE = Path(__file__).parent / "test_local_app" / "template.yaml"


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class User:
    """Calls the API as somebody."""

    def __init__(self, cloud: LocalCloud, token: str | None) -> None:
        self._cloud = cloud
        self._token = token

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        sent = {"Content-Type": "application/json"} | (headers or {})
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self._cloud.base_url}{path}", method=method, data=data, headers=sent
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(TEMPLATE) as found:
        yield found


@pytest.fixture
def fresh(cloud: LocalCloud) -> LocalCloud:
    """The same cloud with nothing seen, nothing in its queues and no fault in wait."""
    cloud.clear_faults()
    cloud.wait_idle()
    for queue in ("WorkFailures", "StreamFailures", "FileFailures"):
        cloud.messages(queue)
    for item in _rows(cloud):
        key = {"pk": item["pk"], "sk": item["sk"]}
        cloud.clients.dynamodb.delete_item(TableName=cloud.table("Seen"), Key=key)
    return cloud


@pytest.fixture(scope="module")
def anna(cloud: LocalCloud) -> User:
    return User(cloud, cloud.token("anna@example.se"))


@pytest.fixture(scope="module")
def nobody(cloud: LocalCloud) -> User:
    return User(cloud, None)


def _rows(cloud: LocalCloud) -> list[Any]:
    items: list[Any] = cloud.clients.dynamodb.scan(TableName=cloud.table("Seen"))["Items"]
    return items


def seen(cloud: LocalCloud, kind: str) -> list[str]:
    """What a function wrote down, in order."""
    rows = sorted((row for row in _rows(cloud) if row["pk"]["S"] == kind), key=lambda row: row["sk"]["S"])
    return [row["name"]["S"] for row in rows]


def put(cloud: LocalCloud, *names: str, pk: str = "loud", **fails: str) -> None:
    """Put things in one transaction, so that they are one batch; ``fails`` says how a thing fails."""
    items: list[Any] = [
        {
            "Put": {
                "TableName": cloud.table("Things"),
                "Item": {
                    "pk": {"S": f"{pk}-{time.time_ns()}"},
                    "sk": {"S": name},
                    **({"fails": {"S": fails[name]}} if name in fails else {}),
                },
            }
        }
        for name in names
    ]
    cloud.clients.dynamodb.transact_write_items(TransactItems=items)


# ------------------------------------------------------------------------------------------ HTTP


def test_given_a_request_when_routed_then_the_function_sees_api_gateways_event(anna: User) -> None:
    event = anna.call(
        "GET", "/echo/%C3%A5%20b?tag=1&tag=2&text=a%2Cb", headers={"Cookie": "one=1; two=2", "X-Own": "x"}
    ).json()

    assert event["version"] == "2.0"
    assert event["routeKey"] == "ANY /echo/{name}"
    assert event["rawPath"] == "/echo/å b"
    assert event["rawQueryString"] == "tag=1&tag=2&text=a%2Cb"
    assert event["queryStringParameters"] == {"tag": "1,2", "text": "a,b"}
    assert event["pathParameters"] == {"name": "å b"}
    assert event["cookies"] == ["one=1", "two=2"]
    assert event["headers"]["x-own"] == "x"
    assert "cookie" not in event["headers"]
    assert event["requestContext"]["http"]["method"] == "GET"
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert claims["token_use"] == "access"
    assert isinstance(claims["exp"], str)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/echo/exact", "GET /echo/exact"),
        ("/echo/other", "ANY /echo/{name}"),
        ("/echo/a/b", "GET /echo/{rest+}"),
    ],
)
def test_given_several_routes_that_fit_when_called_then_the_most_specific_is_taken(
    anna: User, path: str, route: str
) -> None:
    assert anna.call("GET", path).json()["routeKey"] == route


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        ("application/json", b'{"a": 1}', False),
        ("application/problem+json", b"{}", False),
        ("text/plain; charset=utf-8", "å".encode(), False),
        ("application/octet-stream", b"abc", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/json", b"\xff\xfe", True),
    ],
)
def test_given_a_body_when_passed_on_then_only_text_stays_text(
    anna: User, content_type: str, body: bytes, *, is_base64: bool
) -> None:
    event = anna.call("POST", "/echo/x", body, {"Content-Type": content_type}).json()

    assert event["isBase64Encoded"] is is_base64
    assert (base64.b64decode(event["body"]) if is_base64 else event["body"].encode()) == body


def test_given_no_token_when_called_then_401_as_api_gateway_words_it(nobody: User) -> None:
    answer = nobody.call("GET", "/echo/x")

    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})
    assert answer.headers["www-authenticate"] == "Bearer"


def test_given_no_token_when_the_route_needs_none_then_it_is_answered(nobody: User) -> None:
    answer = nobody.call("GET", "/open")

    assert answer.status == 200
    assert "authorizer" not in answer.json()["requestContext"]


def _claims(cloud: LocalCloud, **changes: Any) -> dict[str, Any]:
    status = cloud.status()
    issuer = f"https://cognito-idp.eu-north-1.amazonaws.com/{status['user_pool']}"
    claims = {
        "iss": issuer,
        "client_id": status["user_pool_client"],
        "token_use": "access",
        "exp": time.time() + 600,
    }
    return claims | changes


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_given_something_that_is_no_token_when_called_then_401(cloud: LocalCloud, token: str) -> None:
    assert User(cloud, token).call("GET", "/echo/x").status == 401


def test_given_a_token_signed_by_another_when_called_then_401(cloud: LocalCloud, anna: User) -> None:
    good = cloud.token("anna@example.se")
    kid = jwt.get_unverified_header(good)["kid"]
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(_claims(cloud), key, algorithm="RS256", headers={"kid": kid})

    assert anna.call("GET", "/echo/x").status == 200
    assert User(cloud, forged).call("GET", "/echo/x").status == 401


def test_given_a_token_without_the_scope_when_the_route_asks_for_it_then_403(anna: User) -> None:
    answer = anna.call("GET", "/scoped")

    assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/things"), ("GET", "/")])
def test_given_no_route_when_called_then_404(nobody: User, method: str, path: str) -> None:
    answer = nobody.call(method, path)

    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})


def test_given_a_body_over_ten_megabytes_when_sent_then_413(anna: User) -> None:
    answer = anna.call("POST", "/echo/x", b"x" * (10 * 1024 * 1024 + 1))

    assert (answer.status, answer.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize("what", ["fail", "exit", "large", "strange", "unserialisable"])
def test_given_a_function_that_fails_when_called_then_500_and_the_next_call_works(
    anna: User, what: str
) -> None:
    answer = anna.call("POST", f"/do/{what}")

    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})
    assert anna.call("GET", "/echo/x").status == 200


def test_given_a_function_that_hangs_when_its_time_is_up_then_it_is_killed(
    cloud: LocalCloud, anna: User
) -> None:
    started = time.monotonic()

    assert anna.call("POST", "/do/hang").status == 500
    assert 1.9 < time.monotonic() - started < 6
    assert "Task timed out after 2.00 seconds" in cloud.log("things")
    assert anna.call("GET", "/echo/x").status == 200


def test_given_a_function_that_cannot_be_loaded_when_many_call_then_each_gets_500(anna: User) -> None:
    with ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(lambda _: anna.call("GET", "/broken").status, range(12)))

    assert answers == [500] * 12


def test_given_more_callers_than_processes_when_they_call_then_each_is_answered(anna: User) -> None:
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda number: anna.call("GET", f"/echo/{number}").json(), range(60)))

    assert [answer["pathParameters"]["name"] for answer in answers] == [str(number) for number in range(60)]


def test_given_bytes_and_cookies_when_answered_then_they_arrive_as_they_are(anna: User) -> None:
    answer = anna.call("POST", "/do/bytes", headers={"Origin": "https://elsewhere.example.se"})

    assert answer.body == b"\x89PNG"
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2"]
    # API Gateway's CORS settings stand above the function's own headers.
    assert "access-control-allow-origin" not in answer.headers


def test_given_an_answer_without_status_when_answered_then_it_is_taken_for_json(anna: User) -> None:
    answer = anna.call("POST", "/do/text")

    assert (answer.status, answer.body) == (200, b"just text")
    assert answer.headers["content-type"].startswith("application/json")


def test_given_a_preflight_request_when_the_origin_is_allowed_then_the_template_answers(
    nobody: User,
) -> None:
    wanted = {"Origin": "https://app.example.se", "Access-Control-Request-Method": "POST"}
    answer = nobody.call("OPTIONS", "/things", headers=wanted)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example.se"
    assert answer.headers["access-control-allow-methods"] == "GET,POST"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["access-control-max-age"] == "600"


def test_given_an_allowed_origin_when_refused_then_the_browser_may_still_read_the_answer(
    nobody: User,
) -> None:
    answer = nobody.call("GET", "/echo/x", headers={"Origin": "https://app.example.se"})

    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == "https://app.example.se"
    assert answer.headers["access-control-expose-headers"] == "etag"


# ------------------------------------------------------------------------------------------ processes


def test_given_a_function_when_it_runs_then_it_has_only_its_own_environment(
    anna: User, cloud: LocalCloud
) -> None:
    found = anna.call("POST", "/do/environment").json()

    assert found["TABLE"] == cloud.table("Things")
    assert found["API_URL"] == cloud.base_url
    assert found["AWS_LAMBDA_FUNCTION_NAME"].endswith("ThingsFunction")
    assert found["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert "SEEN" not in found
    assert not {"HOME", "USER", "VIRTUAL_ENV", "PYTHONPATH"} & found.keys()
    assert found["path"][0].endswith("functions/things")
    assert not any(path.endswith("/main") for path in found["path"])
    assert 0 < found["remaining"] <= 2000


@pytest.mark.parametrize("what", ["delete", "scan", "upload-elsewhere"])
def test_given_a_call_the_policy_does_not_grant_when_made_then_access_is_denied(
    anna: User, cloud: LocalCloud, what: str
) -> None:
    assert anna.call("POST", f"/do/{what}").status == 500
    assert "is not authorized to perform" in cloud.log("things")


def test_given_refused_calls_when_asked_then_they_are_listed(anna: User, cloud: LocalCloud) -> None:
    cloud.forget_actions()
    anna.call("POST", "/do/scan")

    ((action, arn),) = cloud.refused()["ThingsFunction"]
    assert action == "dynamodb:Scan"
    assert arn.endswith(f"table/{cloud.table('Things')}")


def test_given_functions_that_ran_when_compared_then_what_was_granted_but_not_used_shows(
    anna: User, fresh: LocalCloud
) -> None:
    fresh.forget_actions()
    anna.call("POST", "/things", {"pk": "x", "sk": "y"})
    anna.call("POST", "/do/query")
    anna.call("POST", "/do/upload")
    fresh.clients.s3.put_object(Bucket=fresh.bucket("Files"), Key="incoming/a.txt", Body=b"a")
    fresh.fire_schedule("ClerkFunction")
    fresh.wait_idle()

    granted = iam.granted(Template.load(TEMPLATE))
    used = fresh.actions()
    unused = {name: actions - used.get(name, set()) for name, actions in granted.items()}
    assert {name: left for name, left in unused.items() if left} == {
        "ThingsFunction": {("dynamodb:GetItem", "Things")},
        "WatcherFunction": {("dynamodb:UpdateItem", "Seen")},
    }
    assert all(used[name] <= granted[name] for name in used)


# ------------------------------------------------------------------------------------------ streams


def test_given_records_when_put_then_the_function_sees_those_the_filter_lets_through(
    fresh: LocalCloud,
) -> None:
    put(fresh, "a", "b")
    put(fresh, "not seen", pk="quiet")
    put(fresh, "c")
    fresh.wait_idle()

    assert seen(fresh, "stream") == ["a", "b", "c"]


def test_given_many_records_when_put_then_all_are_seen_once_in_order(fresh: LocalCloud) -> None:
    names = [f"{number:03}" for number in range(95)]
    put(fresh, *names)
    fresh.wait_idle()

    assert seen(fresh, "stream") == names


def test_given_a_reported_record_in_the_middle_when_retries_are_used_up_then_only_it_is_given_up(
    fresh: LocalCloud,
) -> None:
    put(fresh, "a", "b", "poison", "c", "d", poison="reported")
    fresh.wait_idle()

    assert seen(fresh, "stream") == ["a", "b", "c", "d"]
    (text,) = fresh.messages("StreamFailures")
    message = json.loads(text)
    assert message["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 3
    assert message["DDBStreamBatchInfo"]["batchSize"] == 1
    first = message["DDBStreamBatchInfo"]["startSequenceNumber"]
    assert first == message["DDBStreamBatchInfo"]["endSequenceNumber"]


def test_given_a_record_that_breaks_the_function_when_split_then_the_others_get_through(
    fresh: LocalCloud,
) -> None:
    put(fresh, "a", "b", "poison", "c", "d", poison="whole batch")
    fresh.wait_idle()

    # The records before the poison are delivered again with it: at least once.
    assert set(seen(fresh, "stream")) == {"a", "b", "c", "d"}
    (text,) = fresh.messages("StreamFailures")
    assert json.loads(text)["DDBStreamBatchInfo"]["batchSize"] == 1
    assert json.loads(text)["responseContext"]["functionError"] == "Unhandled"


def test_given_a_batch_delivered_twice_when_asked_for_then_the_function_sees_it_twice(
    fresh: LocalCloud,
) -> None:
    fresh.fault("WatcherFunction", "deliver_twice")
    put(fresh, "a", "b")
    fresh.wait_idle()

    assert seen(fresh, "stream") == ["a", "b", "a", "b"]
    assert fresh.faults() == []


@pytest.mark.parametrize(
    ("kind", "call", "expected"),
    [
        ("crash_before", 1, ["a", "b"]),
        ("crash_after", 1, ["a", "a", "b"]),
        ("crash_before", 2, ["a", "a", "b"]),
        ("throttle", 2, ["a", "a", "b"]),
    ],
)
def test_given_a_fault_around_a_call_when_it_happens_then_the_batch_is_delivered_again(
    fresh: LocalCloud, kind: str, call: int, expected: list[str]
) -> None:
    fresh.fault("WatcherFunction", kind, call=call)
    put(fresh, "a", "b")
    fresh.wait_idle()

    assert sorted(seen(fresh, "stream")) == expected
    assert fresh.faults() == []


# ------------------------------------------------------------------------------------------ other sources


def test_given_an_upload_when_the_rules_fit_then_the_function_reads_it(fresh: LocalCloud) -> None:
    bucket = fresh.bucket("Files")
    fresh.clients.s3.put_object(Bucket=bucket, Key="incoming/å b.txt", Body=b"text")
    fresh.clients.s3.put_object(Bucket=bucket, Key="incoming/picture.png", Body=b"png")
    fresh.clients.s3.put_object(Bucket=bucket, Key="elsewhere/a.txt", Body=b"text")
    fresh.wait_idle()

    assert seen(fresh, "files") == ["incoming/å b.txt"]
    (row,) = (row for row in _rows(fresh) if row["pk"]["S"] == "files")
    assert row["event"]["S"] == "ObjectCreated:Put"
    head = fresh.clients.s3.head_object(Bucket=bucket, Key="incoming/å b.txt")
    assert row["version"]["S"] == head["VersionId"]


def test_given_a_presigned_post_when_used_then_the_file_arrives_and_the_limit_holds(
    fresh: LocalCloud, anna: User
) -> None:
    form = anna.call("POST", "/do/upload").json()
    boundary = "samklang"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form["fields"].items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="new.txt"\r\n\r\n'
    body = f"{''.join(parts)}{head}hello\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        form["url"], data=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 204
    fresh.wait_idle()

    assert seen(fresh, "files") == ["incoming/new.txt"]


def test_given_a_file_the_function_fails_at_when_retried_then_it_ends_in_the_failure_queue(
    fresh: LocalCloud,
) -> None:
    fresh.clients.s3.put_object(Bucket=fresh.bucket("Files"), Key="incoming/bad.txt", Body=b"poison")
    fresh.wait_idle()

    (text,) = fresh.messages("FileFailures")
    message = json.loads(text)
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 2
    assert message["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "incoming/bad.txt"
    assert message["responsePayload"]["errorType"] == "ValueError"


def test_given_messages_when_one_is_poison_then_the_others_are_done_and_it_is_set_aside(
    fresh: LocalCloud,
) -> None:
    entries: list[Any] = [
        {"Id": str(number), "MessageBody": body} for number, body in enumerate(["a", "poison", "b"])
    ]
    fresh.clients.sqs.send_message_batch(QueueUrl=fresh.queue("Work"), Entries=entries)
    fresh.wait_idle()

    assert sorted(seen(fresh, "work")) == ["a", "b"]
    assert fresh.messages("WorkFailures") == ["poison"]


def test_given_a_schedule_when_the_clock_is_moved_past_it_then_it_fires_once_each_time(
    fresh: LocalCloud,
) -> None:
    year = datetime.now(UTC).year + 1
    fresh.move_clock(f"{year}-01-01T00:00:00Z")
    before = len(seen(fresh, "clerk"))
    assert fresh.move_clock(f"{year}-04-28T00:00:00Z") == 4
    assert fresh.move_clock(f"{year}-05-01T00:00:00Z") == 0
    fresh.wait_idle()
    fresh.move_clock("reset")

    # Six o'clock in Stockholm: the hour in UTC follows summer time.
    expected = [f"{year}-0{month}-03T0{hour}:00:00Z" for month, hour in ((1, 5), (2, 5), (3, 5), (4, 4))]
    assert seen(fresh, "clerk")[before:] == expected
    assert seen(fresh, "work")[before:] == expected
    assert fresh.status()["clock_shift"] == 0


def test_given_a_moved_clock_when_a_token_is_checked_then_real_time_counts(
    fresh: LocalCloud, anna: User
) -> None:
    fresh.move_clock("+P2D")
    try:
        assert anna.call("GET", "/echo/x").status == 200
    finally:
        fresh.move_clock("reset")


# ------------------------------------------------------------------------------------------ restarts


def test_given_writes_under_way_when_killed_then_none_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    # A journal so short that the store begins a new one, in a child process, again and again.
    cloud = LocalCloud(TEMPLATE, tmp_path, journal_limit=50_000)
    cloud.start()
    try:
        acknowledged: list[str] = []
        enough = threading.Event()

        def write(writer: int) -> None:
            for number in itertools.count():
                name = f"{writer}-{number:05}"
                try:
                    put(cloud, name)
                except (BotoCoreError, ClientError):
                    return
                acknowledged.append(name)
                if len(acknowledged) > 800:
                    enough.set()

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for writer in writers:
            writer.start()
        assert enough.wait(60)
        journals = {path.name for path in (tmp_path / "data" / "journal").glob("journal-*.log")}
        cloud.kill9()
        for writer in writers:
            writer.join()

        cloud.start()
        cloud.wait_idle(60)

        pages = cloud.clients.dynamodb.get_paginator("scan").paginate(TableName=cloud.table("Things"))
        stored = {item["sk"]["S"] for page in pages for item in page["Items"]}
        pages = cloud.clients.dynamodb.get_paginator("scan").paginate(TableName=cloud.table("Seen"))
        delivered = {item["name"]["S"] for page in pages for item in page["Items"]}
        assert set(acknowledged) <= stored
        assert delivered == stored
        assert journals != {"journal-00000001.log"}
    finally:
        cloud.stop()


def test_given_a_transaction_token_when_used_again_after_a_crash_then_it_is_still_known(
    tmp_path: Path,
) -> None:
    cloud = LocalCloud(TEMPLATE, tmp_path)
    cloud.start()
    try:
        item: Any = {"pk": {"S": "quiet"}, "sk": {"S": "once"}, "count": {"N": "1"}}
        transaction: Any = {
            "ClientRequestToken": "the-same-token",
            "TransactItems": [
                {
                    "Put": {
                        "TableName": cloud.table("Things"),
                        "Item": item,
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                }
            ],
        }
        cloud.clients.dynamodb.transact_write_items(**transaction)
        cloud.kill9()
        cloud.start()

        cloud.clients.dynamodb.transact_write_items(**transaction)
        transaction["TransactItems"][0]["Put"]["Item"] = item | {"count": {"N": "2"}}
        with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
            cloud.clients.dynamodb.transact_write_items(**transaction)
    finally:
        cloud.stop()


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_given_data_when_the_cloud_ends_and_starts_then_all_is_there_again(tmp_path: Path, end: str) -> None:
    cloud = LocalCloud(TEMPLATE, tmp_path)
    cloud.start()
    try:
        # The function cannot take these records before the end: it dies at each.
        cloud.fault("WatcherFunction", "crash_before", times=1_000_000)
        put(cloud, "a", "b")
        clients = cloud.clients
        clients.dynamodb.put_item(
            TableName=cloud.table("Things"),
            Item={"pk": {"S": "quiet"}, "sk": {"S": "kept"}, "colour": {"S": "red"}},
        )
        clients.dynamodb.delete_item(
            TableName=cloud.table("Things"), Key={"pk": {"S": "nothing"}, "sk": {"S": "here"}}
        )
        version = clients.s3.put_object(Bucket=cloud.bucket("Files"), Key="kept.bin", Body=b"bytes")
        clients.sqs.send_message(QueueUrl=cloud.queue("FileFailures"), MessageBody="kept")
        user = cloud.user("anna@example.se")
        cloud.ask("POST", "/clock", {"to": "+P1D"})
        getattr(cloud, end)()

        cloud.start()
        cloud.wait_idle()

        assert seen(cloud, "stream") == ["a", "b"]
        red = cloud.clients.dynamodb.query(
            TableName=cloud.table("Things"),
            IndexName="colours",
            KeyConditionExpression="colour = :c",
            ExpressionAttributeValues={":c": {"S": "red"}},
        )
        assert [item["sk"]["S"] for item in red["Items"]] == ["kept"]
        found = cloud.clients.s3.get_object(
            Bucket=cloud.bucket("Files"), Key="kept.bin", VersionId=version["VersionId"]
        )
        assert found["Body"].read() == b"bytes"
        assert cloud.messages("FileFailures") == ["kept"]
        assert User(cloud, user["access_token"]).call("GET", "/echo/x").status == 200
        assert cloud.user("anna@example.se")["sub"] == user["sub"]
        assert 86_000 < cloud.status()["clock_shift"] < 87_000
    finally:
        cloud.stop()
