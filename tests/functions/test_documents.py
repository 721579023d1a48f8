"""Documents from the phone to the bureau's inbox, and everything that can happen on the way."""

import base64
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from PIL import Image

from local.iam import granted
from samklang.documents import preview, service, store
from samklang.documents.model import age_days, retain_until
from samklang.platform import clock
from samklang.platform.clock import SWEDEN
from samklang.platform.uploads import uploaded_objects
from tests.functions.conftest import (
    ROOT,
    STAFF,
    STRANGER,
    Cloud,
    Company,
    Firms,
    Http,
    Invoke,
    as_function,
    used_actions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

RECEIPT = {"filename": "kvitto.jpg", "content_type": "image/jpeg", "kind": "receipt", "comment": "Lunch"}


def photo(colour: str = "red", decoder: str = "JPEG", size: tuple[int, int] = (1600, 800)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, decoder)
    return written.getvalue()


@dataclass
class Scanner:
    """A phone: announces, uploads, looks; and the cloud that is told of uploads."""

    company: Company
    http: Http
    cloud: Cloud
    invoke: Invoke

    def announce(self, user: str = "", **given: Any) -> Any:
        """A new document's id and form."""
        path = f"{self.company.path}/documents"
        return self.http.ok("documents", "POST", path, RECEIPT | given, user or self.company.client)

    def upload(self, new: Any, body: bytes) -> dict[str, Any]:
        """Put the file where the form says; the event S3 sends."""
        fields = new["upload"]["fields"]
        return self.cloud.upload("DocumentsBucket", fields["key"], body, fields["Content-Type"])

    def send(self, body: bytes, **given: Any) -> Any:
        """A document from announcement to what became of it."""
        new = self.announce(**given)
        self.invoke("document_received", self.upload(new, body))
        return self.read(new)

    def read(self, new: Any) -> Any:
        """The document as the client sees it."""
        return self.http.ok("documents", "GET", f"{self.company.path}/documents/{new['document_id']}")

    def inbox(self, query: str = "") -> Any:
        """What the bureau sees."""
        path = f"/v1/bureaus/{self.company.bureau_id}/inbox{query}"
        return self.http.ok("documents", "GET", path, user=self.company.staff)

    def objects(self, bucket: str) -> list[str]:
        """Every version of every object in a bucket."""
        found = self.cloud.s3.list_object_versions(Bucket=self.cloud.bucket(bucket))
        return sorted(f"{each['Key']}@{each['VersionId']}" for each in found.get("Versions", []))

    def head(self, document_id: str, event: Any = None) -> Any:
        """What S3 says of the original."""
        version = {"VersionId": event["Records"][0]["s3"]["object"]["versionId"]} if event else {}
        return self.cloud.s3.head_object(
            Bucket=self.cloud.bucket("DocumentsBucket"),
            Key=f"incoming/{self.company.company_id}/{document_id}",
            **version,
        )

    def written(self) -> tuple[Any, ...]:
        """Everything that was kept, to see that nothing changes."""
        return (
            self.cloud.items("PlatformTable"),
            self.objects("DocumentsBucket"),
            self.objects("PreviewsBucket"),
        )


@pytest.fixture
def scanner(company: Company, http: Http, cloud: Cloud, invoke: Invoke) -> Scanner:
    return Scanner(company, http, cloud, invoke)


# ---------------------------------------------------------------- announcing


def test_form_lets_one_file_of_one_type_and_a_bounded_size_be_put_in_one_place(scanner: Scanner) -> None:
    new = scanner.announce()
    key = f"incoming/{scanner.company.company_id}/{new['document_id']}"
    upload = new["upload"]
    assert upload["fields"]["key"] == key
    assert upload["max_bytes"] == 20 * 1024 * 1024
    conditions = json.loads(base64.b64decode(upload["fields"]["policy"]))["conditions"]
    assert {"key": key} in conditions
    assert {"Content-Type": "image/jpeg"} in conditions
    assert {"bucket": scanner.cloud.bucket("DocumentsBucket")} in conditions
    assert ["content-length-range", 1, 20 * 1024 * 1024] in conditions
    assert not [each for each in conditions if isinstance(each, list) and each[0] == "starts-with"]


@pytest.mark.parametrize(("user", "party"), [("", "client"), (STAFF, "bureau")])
def test_either_party_may_upload(scanner: Scanner, user: str, party: str) -> None:
    new = scanner.announce(user)
    document = scanner.read(new)
    assert document["state"] == "waiting_upload"
    assert document["uploaded_by"] == party
    assert document["comment"] == "Lunch"
    assert (document["preview"], document["original"]) == (None, None)


def test_company_must_be_active(firms: Firms, http: Http) -> None:
    company = firms.company(active=False)
    answer = http("documents", "POST", f"{company.path}/documents", RECEIPT)
    assert (answer.status, answer.body["code"]) == (409, "not-active")


BAD_ANNOUNCEMENTS: list[tuple[dict[str, Any], str]] = [
    ({"content_type": "image/gif"}, "/content_type"),
    ({"content_type": "text/html"}, "/content_type"),
    ({"kind": "love_letter"}, "/kind"),
    ({"filename": ""}, "/filename"),
    ({"filename": "a\x00.jpg"}, "/filename"),
    ({"filename": "gpj.\u202etivk"}, "/filename"),
    ({"filename": None}, "/filename"),
    ({"comment": "x" * 201}, "/comment"),
    ({"document_id": "doc_00000000000000000000"}, "/document_id"),
]


def test_bad_announcement_is_refused_with_its_place(scanner: Scanner, subtests: pytest.Subtests) -> None:
    for change, pointer in BAD_ANNOUNCEMENTS:
        with subtests.test(change=change):
            answer = scanner.http("documents", "POST", f"{scanner.company.path}/documents", RECEIPT | change)
            assert (answer.status, answer.body["code"]) == (422, "validation")
            assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert scanner.http.ok("documents", "GET", f"{scanner.company.path}/documents")["items"] == []


def test_same_key_answers_the_same_and_announces_once(scanner: Scanner) -> None:
    path, key = f"{scanner.company.path}/documents", {"Idempotency-Key": "photo-1"}
    first = scanner.http("documents", "POST", path, RECEIPT, headers=key)
    again = scanner.http("documents", "POST", path, RECEIPT, headers=key)
    other = scanner.http("documents", "POST", path, RECEIPT | {"comment": "Taxi"}, headers=key)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")
    assert len(scanner.http.ok("documents", "GET", path)["items"]) == 1


def test_document_nobody_uploads_is_forgotten_and_one_that_came_is_not(scanner: Scanner) -> None:
    new = scanner.announce()
    (item,) = scanner.cloud.company_items("PlatformTable", scanner.company.company_id, "DOCUMENT#")
    assert item["expires_at"] > (datetime.now(UTC) + timedelta(days=29)).timestamp()
    scanner.invoke("document_received", scanner.upload(new, photo()))
    (item,) = scanner.cloud.company_items("PlatformTable", scanner.company.company_id, "DOCUMENT#")
    assert "expires_at" not in item


# ---------------------------------------------------------------- receiving


def test_photo_is_received_hashed_previewed_and_locked(scanner: Scanner) -> None:
    body = photo()
    document = scanner.send(body)
    assert document["state"] == "received"
    assert document["sha256"] == hashlib.sha256(body).hexdigest()
    assert (document["size"], document["pages"]) == (len(body), 1)
    assert (document["reason"], document["note"], document["duplicate_of"]) == (None, None, None)
    assert document["created_at"] <= document["received_at"]
    assert document["retain_until"] == f"{clock.today().year + 7}-12-31"
    assert document["version"] == 2

    head = scanner.head(document["document_id"])
    assert head["ObjectLockMode"] == "GOVERNANCE"
    midnight = datetime(clock.today().year + 8, 1, 1, tzinfo=SWEDEN)
    assert head["ObjectLockRetainUntilDate"] == midnight

    (kept,) = scanner.objects("PreviewsBucket")
    key = f"{scanner.company.company_id}/{document['document_id']}.jpg"
    assert kept.startswith(f"{key}@")
    made = scanner.cloud.s3.get_object(Bucket=scanner.cloud.bucket("PreviewsBucket"), Key=key)
    assert made["ContentType"] == "image/jpeg"
    assert Image.open(io.BytesIO(made["Body"].read())).size == (1200, 600)


def test_links_lead_to_the_preview_and_to_the_received_version(scanner: Scanner) -> None:
    new = scanner.announce(filename='../..\\Kvitto från Åsa "1".jpg')
    event = scanner.upload(new, photo())
    scanner.invoke("document_received", event)
    document = scanner.read(new)
    assert urlsplit(document["preview"]["url"]).path.endswith(f"/{document['document_id']}.jpg")
    query = parse_qs(urlsplit(document["original"]["url"]).query)
    assert query["versionId"] == [event["Records"][0]["s3"]["object"]["versionId"]]
    assert query["response-content-type"] == ["image/jpeg"]
    (disposition,) = query["response-content-disposition"]
    name = re.fullmatch(r"attachment; filename\*=UTF-8''([A-Za-z0-9%._~-]+)", disposition)
    assert name is not None
    assert unquote(name[1]) == 'Kvitto från Åsa "1".jpg'


def test_filename_has_no_say_in_where_things_are_put(scanner: Scanner) -> None:
    document = scanner.send(photo(), filename="../../com_00000000000000000000/doc.jpg")
    assert document["filename"] == "../../com_00000000000000000000/doc.jpg"
    for bucket in ("DocumentsBucket", "PreviewsBucket"):
        (kept,) = scanner.objects(bucket)
        assert ".." not in kept


def test_pdf_is_received_with_its_pages(scanner: Scanner) -> None:
    written = io.BytesIO()
    page = Image.new("RGB", (300, 400), "white")
    page.save(written, "PDF", save_all=True, append_images=[page, page])
    document = scanner.send(written.getvalue(), content_type="application/pdf", kind="supplier_invoice")
    assert (document["state"], document["pages"]) == ("received", 3)
    assert document["preview"] is not None


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (photo(decoder="PNG"), "image/jpeg", "type-differs"),
        (b"<html><script>alert(1)</script></html>", "image/jpeg", "type-unknown"),
        (b"PK\x03\x04" + bytes(200), "application/pdf", "type-unknown"),
        (photo()[:500], "image/jpeg", "unreadable"),
        (b"%PDF-1.7 and no more", "application/pdf", "unreadable"),
        (photo("white", "PNG", (10_000, 10_000)), "image/png", "too-many-pixels"),
        (b"\xff\xd8\xff" + bytes(20 * 1024 * 1024), "image/jpeg", "too-large"),
    ],
    ids=["png-as-jpeg", "html", "zip-as-pdf", "cut-short", "broken-pdf", "bomb", "too-large"],
)
def test_what_is_no_document_is_rejected_with_its_reason_and_kept(
    scanner: Scanner, body: bytes, content_type: str, code: str
) -> None:
    new = scanner.announce(content_type=content_type)
    event = scanner.upload(new, body)
    scanner.invoke("document_received", event)
    document = scanner.read(new)
    assert (document["state"], document["reason"]["code"]) == ("rejected", code)
    assert document["reason"]["message"]
    assert (document["preview"], document["original"], document["retain_until"]) == (None, None, None)
    assert scanner.head(new["document_id"])["ContentLength"] == len(body)
    assert "ObjectLockMode" not in scanner.head(new["document_id"])
    assert scanner.objects("PreviewsBucket") == []
    assert scanner.inbox()["items"] == []
    kept = scanner.written()
    scanner.invoke("document_received", event)
    assert scanner.written() == kept


def test_rejected_content_is_no_first_document(scanner: Scanner) -> None:
    scanner.send(photo(decoder="PNG"), content_type="image/jpeg")
    assert scanner.send(photo(decoder="PNG"), content_type="image/png")["duplicate_of"] is None


def test_polyglot_is_only_ever_the_picture_it_was_checked_as(scanner: Scanner) -> None:
    body = photo() + b"<script>alert(1)</script>PK\x03\x04%PDF-1.7"
    document = scanner.send(body, filename="kvitto.html")
    assert document["state"] == "received"
    query = parse_qs(urlsplit(document["original"]["url"]).query)
    assert query["response-content-type"] == ["image/jpeg"]
    assert query["response-content-disposition"][0].startswith("attachment;")
    key = f"{scanner.company.company_id}/{document['document_id']}.jpg"
    made = scanner.cloud.s3.get_object(Bucket=scanner.cloud.bucket("PreviewsBucket"), Key=key)["Body"].read()
    assert b"script" not in made


def test_preview_that_fails_loses_no_document(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(image: Image.Image) -> bytes:
        raise MemoryError

    monkeypatch.setattr(preview, "_jpeg", out_of_memory)
    document = scanner.send(photo())
    assert (document["state"], document["note"]["code"]) == ("received", "no-preview")
    assert document["preview"] is None
    assert document["original"] is not None
    assert scanner.head(document["document_id"])["ObjectLockMode"] == "GOVERNANCE"
    assert [item["document_id"] for item in scanner.inbox()["items"]] == [document["document_id"]]


# ---------------------------------------------------------------- duplicates


def test_same_content_twice_is_received_with_a_warning(scanner: Scanner) -> None:
    first, other, second, third = (scanner.send(photo(each)) for each in ("red", "blue", "red", "red"))
    assert (first["duplicate_of"], other["duplicate_of"]) == (None, None)
    assert second["duplicate_of"] == third["duplicate_of"] == first["document_id"]
    assert second["state"] == third["state"] == "received"


def test_another_companys_content_is_no_duplicate(scanner: Scanner, firms: Firms) -> None:
    scanner.send(photo())
    neighbour = firms.company(scanner.company.bureau_id, name="Grannen AB")
    theirs = Scanner(neighbour, scanner.http, scanner.cloud, scanner.invoke).send(photo())
    assert theirs["duplicate_of"] is None


# ---------------------------------------------------------------- again, at once, and cut off


def test_same_event_twice_changes_nothing(scanner: Scanner) -> None:
    new = scanner.announce()
    event = scanner.upload(new, photo())
    scanner.invoke("document_received", event)
    kept = scanner.written()
    scanner.invoke("document_received", event)
    scanner.invoke("document_received", {"Records": event["Records"] * 2})
    assert scanner.written() == kept


def test_second_upload_under_the_same_form_changes_nothing(scanner: Scanner) -> None:
    new = scanner.announce()
    first = scanner.upload(new, photo("red"))
    second = scanner.upload(new, photo("blue"))
    scanner.invoke("document_received", first)
    kept = scanner.written()
    scanner.invoke("document_received", second)
    assert scanner.written() == kept
    assert scanner.read(new)["sha256"] == hashlib.sha256(photo("red")).hexdigest()
    assert scanner.head(new["document_id"], first)["ObjectLockMode"] == "GOVERNANCE"
    assert "ObjectLockMode" not in scanner.head(new["document_id"], second)


class Died(BaseException):
    """The process is gone: nothing in it can catch this."""


class Deaths:
    """Lets the process die before or after its n-th call to AWS."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self._at, self._after = 0, False
        make_call: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]

        def counted(client: Any, operation: str, parameters: Any) -> Any:
            self.calls.append(operation)
            now = len(self.calls) == self._at
            if now and not self._after:
                raise Died
            try:
                return make_call(client, operation, parameters)
            finally:
                if now:
                    raise Died

        monkeypatch.setattr(BaseClient, "_make_api_call", counted)

    def plan(self, at: int, *, after: bool) -> None:
        """Die at the n-th call from now; never, for 0."""
        self.calls, self._at, self._after = [], at, after


STEPS = ["UpdateItem", "GetObject", "PutObject", "PutObjectRetention", "TransactWriteItems"]
"""What receiving a document takes; a duplicate takes one transaction more."""


STEPS_OF_DUPLICATE = [*STEPS, "TransactWriteItems"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("steps", "at"),
    [(steps, at) for steps in (STEPS, STEPS_OF_DUPLICATE) for at in range(1, len(steps) + 1)],
    ids=lambda value: value if isinstance(value, int) else {5: "first", 6: "duplicate"}[len(value)],
)
def test_death_at_any_call_and_delivery_again_end_in_the_same_state(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch, steps: list[str], at: int, when: str
) -> None:
    duplicate = steps is STEPS_OF_DUPLICATE
    first = scanner.send(photo()) if duplicate else None
    new = scanner.announce()
    event = scanner.upload(new, photo())
    deaths = Deaths(monkeypatch)
    deaths.plan(at, after=when == "after")
    with pytest.raises(Died):
        scanner.invoke("document_received", event)
    assert deaths.calls == steps[:at]
    deaths.plan(0, after=False)
    scanner.invoke("document_received", event)

    document = scanner.read(new)
    assert (document["state"], document["pages"], document["version"]) == ("received", 1, 2)
    assert document["duplicate_of"] == (first and first["document_id"])
    assert document["preview"] is not None
    assert scanner.head(new["document_id"])["ObjectLockMode"] == "GOVERNANCE"
    assert len(scanner.inbox()["items"]) == (2 if duplicate else 1)
    hashes = scanner.cloud.company_items("PlatformTable", scanner.company.company_id, "HASH#")
    assert [item["document_id"] for item in hashes] == [(first or new)["document_id"]]


def test_two_deliveries_at_once_end_as_one(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    new = scanner.announce()
    event = scanner.upload(new, photo())
    (uploaded,) = uploaded_objects(event)
    lock, outcomes = store.lock, []

    def overtaken(claim: Any, until: Any) -> None:
        monkeypatch.setattr(store, "lock", lock)
        outcomes.append(service.receive(uploaded, preview))
        lock(claim, until)

    monkeypatch.setattr(store, "lock", overtaken)
    scanner.invoke("document_received", event)
    assert outcomes == ["received"]
    document = scanner.read(new)
    assert (document["state"], document["version"], document["duplicate_of"]) == ("received", 2, None)


def test_two_of_the_same_content_at_once_have_one_first(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = scanner.announce(), scanner.announce()
    slow_event, quick_event = scanner.upload(slow, photo()), scanner.upload(quick, photo())
    (uploaded,) = uploaded_objects(quick_event)
    lock = store.lock

    def overtaken(claim: Any, until: Any) -> None:
        monkeypatch.setattr(store, "lock", lock)
        service.receive(uploaded, preview)
        lock(claim, until)

    monkeypatch.setattr(store, "lock", overtaken)
    scanner.invoke("document_received", slow_event)
    assert scanner.read(quick)["duplicate_of"] is None
    assert scanner.read(slow)["duplicate_of"] == quick["document_id"]


def test_file_that_kills_its_reader_is_received_unseen_at_the_last_attempt(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fatal(data: bytes, content_type: str) -> NoReturn:
        raise Died

    monkeypatch.setattr(preview, "look", fatal)
    new = scanner.announce()
    event = scanner.upload(new, photo())
    for _ in range(2):
        with pytest.raises(Died):
            scanner.invoke("document_received", event)
    scanner.invoke("document_received", event)
    document = scanner.read(new)
    assert (document["state"], document["pages"], document["note"]["code"]) == (
        "received",
        None,
        "no-preview",
    )
    assert document["sha256"] == hashlib.sha256(photo()).hexdigest()
    assert scanner.head(new["document_id"])["ObjectLockMode"] == "GOVERNANCE"


def test_file_of_a_lying_type_is_rejected_even_at_the_last_attempt(scanner: Scanner) -> None:
    new = scanner.announce()
    event = scanner.upload(new, b"<html>")
    (uploaded,) = uploaded_objects(event)
    with as_function("document_received"):
        for _ in range(2):
            store.claim(uploaded)
    scanner.invoke("document_received", event)
    assert scanner.read(new)["reason"]["code"] == "type-unknown"


def test_trouble_with_aws_is_raised_so_that_the_event_comes_again(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_down(*_: Any) -> NoReturn:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject")

    new = scanner.announce()
    event = scanner.upload(new, photo())
    with monkeypatch.context() as patch:
        patch.setattr(store, "put_preview", slow_down)
        with pytest.raises(ClientError):
            scanner.invoke("document_received", event)
    assert scanner.read(new)["state"] == "waiting_upload"
    scanner.invoke("document_received", event)
    assert scanner.read(new)["state"] == "received"


# ---------------------------------------------------------------- keys that are not ours


STRANGE_KEYS = [
    "incoming/{company}/doc_00000000000000000000",
    "incoming/com_00000000000000000000/{document}",
    "incoming/{company}/{document}/x",
    "incoming/{company}",
    "incoming//",
    "incoming/../{document}",
    "incoming/{company}/COLLABORATION",
    "incoming/{company}/Å {document}+1",
    "other/{company}/{document}",
]


def test_object_under_a_key_of_no_document_is_logged_and_left(
    scanner: Scanner, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    new = scanner.announce()
    for pattern in STRANGE_KEYS:
        with subtests.test(key=pattern):
            key = pattern.format(company=scanner.company.company_id, document=new["document_id"])
            event = scanner.cloud.upload("DocumentsBucket", key, photo())
            kept = scanner.written()
            caplog.clear()
            scanner.invoke("document_received", event)
            assert scanner.written() == kept
            assert "WARNING" in {record.levelname for record in caplog.records}


def test_sample_event_is_understood(scanner: Scanner) -> None:
    event = json.loads((ROOT / "events/s3_document_received.json").read_text(encoding="utf-8"))
    (uploaded,) = uploaded_objects(event)
    assert uploaded.bucket == scanner.cloud.bucket("DocumentsBucket")
    assert uploaded.company_id.startswith("com_")
    assert uploaded.version
    kept = scanner.written()
    scanner.invoke("document_received", event)
    assert scanner.written() == kept


# ---------------------------------------------------------------- reading


def test_list_is_newest_first_and_paged(scanner: Scanner) -> None:
    made = [scanner.announce()["document_id"] for _ in range(5)]
    path, found, query = f"{scanner.company.path}/documents", [], "?limit=2"
    while True:
        page = scanner.http.ok("documents", "GET", path + query)
        found += [item["document_id"] for item in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=2&cursor={page['next']}"
    assert found == sorted(made, reverse=True)


def test_list_shows_states_without_links(scanner: Scanner) -> None:
    scanner.send(photo())
    scanner.send(b"nothing")
    items = scanner.http.ok("documents", "GET", f"{scanner.company.path}/documents")["items"]
    assert [item["state"] for item in items] == ["rejected", "received"]
    assert [(item["preview"], item["original"]) for item in items] == [(None, None)] * 2


def test_unknown_document_is_not_found(scanner: Scanner) -> None:
    answer = scanner.http("documents", "GET", f"{scanner.company.path}/documents/doc_{'0' * 20}")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


def test_strangers_find_nothing(scanner: Scanner, firms: Firms) -> None:
    document = scanner.send(photo())
    mallorys = firms.company(name="Mallory AB", client=STRANGER, staff="trudy")
    own, there = f"{mallorys.path}/documents", f"{scanner.company.path}/documents"
    for user in (STRANGER, "trudy"):
        for method, path, body in (
            ("POST", there, RECEIPT),
            ("GET", there, None),
            ("GET", f"{there}/{document['document_id']}", None),
            ("GET", f"{own}/{document['document_id']}", None),
            ("GET", f"/v1/bureaus/{scanner.company.bureau_id}/inbox", None),
        ):
            answer = scanner.http("documents", method, path, body, user)
            assert (answer.status, answer.body["code"]) == (404, "not-found"), path


def test_cursor_of_another_company_is_refused(scanner: Scanner, firms: Firms) -> None:
    for _ in range(2):
        scanner.announce()
    page = scanner.http.ok("documents", "GET", f"{scanner.company.path}/documents?limit=1")
    other = firms.company(scanner.company.bureau_id, name="Grannen AB")
    answer = scanner.http("documents", "GET", f"{other.path}/documents?limit=1&cursor={page['next']}")
    assert (answer.status, answer.body["code"]) == (400, "cursor-invalid")


# ---------------------------------------------------------------- the inbox


def test_inbox_shows_what_waits_and_for_how_long(scanner: Scanner) -> None:
    document = scanner.send(photo(), kind="supplier_invoice")
    scanner.announce()
    clock.move(timedelta(days=6))
    assert scanner.inbox() == {
        "items": [
            {
                "document_id": document["document_id"],
                "company_id": scanner.company.company_id,
                "company_name": scanner.company.name,
                "kind": "supplier_invoice",
                "comment": "Lunch",
                "filename": "kvitto.jpg",
                "state": "received",
                "pages": 1,
                "duplicate_of": None,
                "uploaded_by": "client",
                "received_at": document["received_at"],
                "age_days": 6,
            }
        ],
        "next": None,
    }


def test_inbox_of_many_companies_is_oldest_first_and_paged(
    scanner: Scanner, firms: Firms, subtests: pytest.Subtests
) -> None:
    companies = [scanner.company]
    companies += [firms.company(scanner.company.bureau_id, name=f"Bolag {number} AB") for number in range(5)]
    phones = [Scanner(each, scanner.http, scanner.cloud, scanner.invoke) for each in companies]
    sent = []
    for number in range(13):
        clock.move(timedelta(minutes=number))
        sent.append(phones[number * 5 % 6].send(photo())["document_id"])
    elsewhere = firms.company(name="Annan byrås AB", staff="trudy")
    Scanner(elsewhere, scanner.http, scanner.cloud, scanner.invoke).send(photo())
    for limit in (1, 4, 12, 13, 100):
        with subtests.test(limit=limit):
            pages = paged(scanner, limit)
            assert [item["document_id"] for page in pages for item in page] == sent
            assert all(len(page) <= limit for page in pages)


def paged(scanner: Scanner, limit: int) -> list[list[Any]]:
    """All pages of the inbox."""
    pages, query = [], f"?limit={limit}"
    while query:
        page = scanner.inbox(query)
        pages.append(page["items"])
        query = page["next"] and f"?limit={limit}&cursor={page['next']}"
    return pages


FORGED_CURSORS = [
    "x",
    "AAAA",
    *(
        base64.urlsafe_b64encode(text.encode()).decode()
        for text in ("å", "2026-11-23T16:45:07.447Z", '{"inbox":"bur_1#0"}')
    ),
]


def test_inbox_refuses_a_cursor_of_somebodys_own_making(scanner: Scanner, subtests: pytest.Subtests) -> None:
    for cursor in FORGED_CURSORS:
        with subtests.test(cursor=cursor):
            path = f"/v1/bureaus/{scanner.company.bureau_id}/inbox?cursor={cursor}"
            answer = scanner.http("documents", "GET", path, user=STAFF)
            assert (answer.status, answer.body["code"]) == (400, "cursor-invalid")


def update_behind(scanner: Scanner, sk: str, expression: str, **values: str) -> None:
    """Change an item of the company behind the functions' backs, as other contexts will."""
    names = {f"#{word}": word for word in re.findall(r"#(\w+)", expression)}
    written = {f":{name}": {"S": value} for name, value in values.items()}
    scanner.cloud.dynamodb.update_item(
        TableName=scanner.cloud.template.name("PlatformTable"),
        Key={"pk": {"S": f"COMPANY#{scanner.company.company_id}"}, "sk": {"S": sk}},
        UpdateExpression=expression,
        ExpressionAttributeNames=names,
        **({"ExpressionAttributeValues": written} if written else {}),  # type: ignore[arg-type]
    )


def test_inbox_leaves_out_a_company_that_has_left(scanner: Scanner) -> None:
    scanner.send(photo())
    update_behind(scanner, "COLLABORATION", "SET #status = :ended", ended="ended")
    assert scanner.inbox()["items"] == []


def test_inbox_leaves_out_what_was_dealt_with_though_the_index_lags(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, waiting = scanner.send(photo("red")), scanner.send(photo("blue"))
    with as_function("documents"):
        seen = store.inbox_keys(scanner.company.bureau_id, None, 10)
    monkeypatch.setattr(store, "inbox_keys", lambda *_: seen)
    assert len(scanner.inbox()["items"]) == 2
    update_behind(scanner, f"DOCUMENT#{done['document_id']}", "REMOVE #inbox, #inbox_since")
    assert [item["document_id"] for item in scanner.inbox()["items"]] == [waiting["document_id"]]


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("moment", "last_day"),
    [
        ("2026-01-01T00:00:00+01:00", "2033-12-31"),
        ("2026-12-31T22:59:59+00:00", "2033-12-31"),
        ("2026-12-31T23:00:00+00:00", "2034-12-31"),
    ],
)
def test_original_is_kept_seven_years_after_the_swedish_calendar_year(moment: str, last_day: str) -> None:
    assert retain_until(datetime.fromisoformat(moment)).isoformat() == last_day


def test_age_counts_swedish_midnights() -> None:
    late = "2026-11-23T22:30:00.000Z"
    assert age_days(late, datetime(2026, 11, 23, tzinfo=SWEDEN).date()) == 0
    assert age_days(late, datetime(2026, 11, 24, tzinfo=SWEDEN).date()) == 1


# ---------------------------------------------------------------- grants


def test_functions_use_all_they_are_granted(scanner: Scanner) -> None:
    for _ in range(2):
        scanner.send(photo())
    scanner.http.ok("documents", "GET", f"{scanner.company.path}/documents", user=STAFF)
    scanner.inbox()
    grants = granted(scanner.cloud.template)
    assert used_actions["documents"] == grants["DocumentsFunction"]
    assert used_actions["document_received"] == grants["DocumentReceivedFunction"]
