"""How documents are kept.

Table Platform:

| pk | sk | what |
|---|---|---|
| COMPANY#id | DOCUMENT#id | a document |
| COMPANY#id | HASH#sha256 | the company's first document with this content |

Index ``inbox`` holds the open documents, and only those, by ``<bureau>#<shard of the company>`` and time.

Bucket of documents: ``incoming/<company>/<document>``, each upload a version of its own; the version that
became the document is locked. Bucket of previews: ``<company>/<document>.jpg``.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from urllib.parse import quote

from botocore.exceptions import ClientError

from samklang.documents.model import (
    MAX_BYTES,
    ContentType,
    Document,
    DocumentPage,
    InboxItem,
    Note,
    Rejection,
    State,
    age_days,
)
from samklang.platform import clock, dynamo, uploads
from samklang.platform.access import COLLABORATION, company_key
from samklang.platform.clients import dynamodb, s3
from samklang.platform.settings import setting
from samklang.platform.shapes import Link

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item, Transaction
    from samklang.platform.shapes import Upload
    from samklang.platform.uploads import Uploaded

INBOX_SHARDS = 8
"""A bureau's inbox is spread over this many partitions; a company's documents are in one of them."""

_ABANDONED_AFTER_DAYS = 30
"""A document nobody uploads is forgotten; later than any event could still wait in a failure queue."""


def _table() -> str:
    return setting("PLATFORM_TABLE")


def _key(company_id: str, document_id: str) -> tuple[str, str]:
    return company_key(company_id), f"DOCUMENT#{document_id}"


# ---------------------------------------------------------------- documents


def put_document(transaction: Transaction, at: CompanyAccess, document: Document) -> None:
    """A document to come."""
    pk, sk = _key(at.company_id, document.document_id)
    item = {
        "pk": pk,
        "sk": sk,
        "kind": "document",
        "document_id": document.document_id,
        "document_kind": document.kind,
        "comment": document.comment,
        "filename": document.filename,
        "content_type": document.content_type,
        "state": document.state,
        "uploaded_by": document.uploaded_by,
        "created_at": document.created_at,
        "version": document.version,
        "bureau_id": at.collaboration["bureau_id"],
        "request_id": at.user.request_id,
        # Real time, not the movable clock: DynamoDB removes by real time.
        "expires_at": int(time.time()) + _ABANDONED_AFTER_DAYS * 24 * 3600,
    }
    transaction.put("document", _table(), item)


def upload_form(company_id: str, document_id: str, content_type: ContentType) -> Upload:
    """Where to upload a document: one key, one type, a bounded size."""
    key = f"incoming/{company_id}/{document_id}"
    return uploads.presigned_post(setting("DOCUMENTS_BUCKET"), key, content_type, MAX_BYTES)


def document(company_id: str, document_id: str) -> Document | None:
    """One document, with links to its preview and its original."""
    item = dynamo.get(_table(), *_key(company_id, document_id))
    return _read(item, _preview_link(company_id, item), _original_link(company_id, item)) if item else None


def documents(company_id: str, limit: int, cursor: str | None) -> DocumentPage:
    """A page of documents, newest first, without links."""
    pk = company_key(company_id)
    page = dynamo.query(_table(), pk, "DOCUMENT#", limit=limit, cursor=cursor, descending=True)
    return DocumentPage(items=[_read(item) for item in page.items], next=page.next)


def _read(item: Item, preview: Link | None = None, original: Link | None = None) -> Document:
    return Document(
        document_id=item["document_id"],
        kind=item["document_kind"],
        comment=item.get("comment"),
        filename=item["filename"],
        content_type=item["content_type"],
        state=item["state"],
        reason=Rejection.model_validate(item["reason"]) if "reason" in item else None,
        note=Note.model_validate(item["note"]) if "note" in item else None,
        sha256=item.get("sha256"),
        size=item.get("size"),
        pages=item.get("pages"),
        duplicate_of=item.get("duplicate_of"),
        uploaded_by=item["uploaded_by"],
        created_at=item["created_at"],
        received_at=item.get("received_at"),
        retain_until=item.get("retain_until"),
        booked_as=item.get("booked_as", []),
        preview=preview,
        original=original,
        version=item["version"],
    )


def _preview_link(company_id: str, item: Item) -> Link | None:
    if not item.get("has_preview"):
        return None
    return uploads.presigned_get(setting("PREVIEWS_BUCKET"), _preview_key(company_id, item["document_id"]))


def _original_link(company_id: str, item: Item) -> Link | None:
    """The very version that was received, saved and never shown: a file can be two things at once."""
    if "retain_until" not in item:
        return None
    parameters = {
        "Bucket": setting("DOCUMENTS_BUCKET"),
        "Key": f"incoming/{company_id}/{item['document_id']}",
        "VersionId": item["object_version"],
        "ResponseContentType": item["content_type"],
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{_safe_name(item['filename'])}",
    }
    url = s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=uploads.LINK_SECONDS)
    return Link(url=url, expires_in=uploads.LINK_SECONDS)


def _safe_name(filename: str) -> str:
    """The file's own name without any folder, as RFC 8187 writes it in a header."""
    return quote(PurePosixPath(filename.replace("\\", "/")).name or "document", safe="")


# ---------------------------------------------------------------- booking


class Kept(NamedTuple):
    """How far a document has come."""

    document_id: str
    state: State
    booked_as: list[str]
    version: int


def states(company_id: str, document_ids: Iterable[str]) -> dict[str, Kept]:
    """How far those of the documents that exist have come, by id."""
    found = dynamo.batch_get(_table(), [_key(company_id, each) for each in document_ids])
    return {
        item["document_id"]: Kept(
            item["document_id"], item["state"], item.get("booked_as", []), item["version"]
        )
        for item in found.values()
    }


def book(transaction: Transaction, company_id: str, kept: Kept, booked_as: str) -> None:
    """A document is booked, and waits in no inbox; label ``document/<id>``."""
    transaction.update(
        f"document/{kept.document_id}",
        _table(),
        _key(company_id, kept.document_id),
        put={
            "state": "booked",
            "booked_as": [*kept.booked_as, booked_as],
            "version": kept.version + 1,
            "inbox": None,
            "inbox_since": None,
        },
        expect={"version": kept.version},
    )


# ---------------------------------------------------------------- receiving


@dataclass(frozen=True, slots=True)
class Claim:
    """One upload taken as the document; the same again however often it is delivered."""

    company_id: str
    document_id: str
    object_version: str
    content_type: ContentType
    received_at: str
    bureau_id: str
    request_id: str
    version: int
    attempt: int
    """How many times it was claimed, this time included."""


NotClaimed = Literal["unknown", "finished", "another-version"]


def claim(uploaded: Uploaded) -> Claim | NotClaimed:
    """Take an upload as its document, once and for all: a later upload under the same form is another one.

    One conditional write; nothing is written for a document that is unknown or finished.
    """
    pk, sk = _key(uploaded.company_id, uploaded.file_id)
    object_version = uploaded.version or "null"
    values = {
        ":waiting": "waiting_upload",
        ":version": object_version,
        ":now": clock.timestamp(),
        ":one": 1,
    }
    try:
        answer = dynamodb().update_item(
            TableName=_table(),
            Key=dynamo.to_item({"pk": pk, "sk": sk}),
            UpdateExpression="SET object_version = :version, claimed_at = if_not_exists(claimed_at, :now) "
            "REMOVE expires_at ADD attempts :one",
            ConditionExpression="#state = :waiting "
            "AND (attribute_not_exists(object_version) OR object_version = :version)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=dynamo.to_item(values),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        kept = dynamo.from_item(cast("dict[str, Any]", error.response).get("Item", {}))
        if not kept:
            return "unknown"
        return "finished" if kept.get("object_version") == object_version else "another-version"
    item = dynamo.from_item(answer["Attributes"])
    return Claim(
        company_id=uploaded.company_id,
        document_id=item["document_id"],
        object_version=object_version,
        content_type=item["content_type"],
        received_at=item["claimed_at"],
        bureau_id=item["bureau_id"],
        request_id=item["request_id"],
        version=item["version"],
        attempt=item["attempts"],
    )


def fetch(uploaded: Uploaded) -> bytes | None:
    """The uploaded bytes, or None if there are more than a document may have."""
    answer = s3().get_object(
        Bucket=setting("DOCUMENTS_BUCKET"), Key=uploaded.key, VersionId=uploaded.version or "null"
    )
    with answer["Body"] as body:
        return None if answer["ContentLength"] > MAX_BYTES else body.read()


def _preview_key(company_id: str, document_id: str) -> str:
    return f"{company_id}/{document_id}.jpg"


def put_preview(claim: Claim, jpeg: bytes) -> None:
    """Keep the preview; made again, it is the same."""
    s3().put_object(
        Bucket=setting("PREVIEWS_BUCKET"),
        Key=_preview_key(claim.company_id, claim.document_id),
        Body=jpeg,
        ContentType="image/jpeg",
    )


def lock(claim: Claim, until: date) -> None:
    """Let nobody change or remove the received version to the end of a day in Sweden."""
    end = datetime.combine(until + timedelta(days=1), time_of_day(), clock.SWEDEN).astimezone(UTC)
    s3().put_object_retention(
        Bucket=setting("DOCUMENTS_BUCKET"),
        Key=f"incoming/{claim.company_id}/{claim.document_id}",
        VersionId=claim.object_version,
        Retention={"Mode": "GOVERNANCE", "RetainUntilDate": end},
    )


def put_hash(transaction: Transaction, claim: Claim, sha256: str) -> None:
    """The company's first document with this content; label ``hash``."""
    item = {
        "pk": company_key(claim.company_id),
        "sk": f"HASH#{sha256}",
        "kind": "document_hash",
        "document_id": claim.document_id,
    }
    transaction.put("hash", _table(), item)


def receive(transaction: Transaction, claim: Claim, values: dict[str, Any]) -> None:
    """The claimed upload is received and waits in the bureau's inbox; label ``document``."""
    waits = {
        "state": "received",
        "inbox": inbox_partition(claim.bureau_id, claim.company_id),
        "inbox_since": f"{claim.received_at}#{claim.document_id}",
    }
    _finish(transaction, claim, waits | values)


def reject(transaction: Transaction, claim: Claim, reason: Rejection, values: dict[str, Any]) -> None:
    """The claimed upload is rejected; label ``document``."""
    _finish(transaction, claim, {"state": "rejected", "reason": reason.model_dump(), **values})


def _finish(transaction: Transaction, claim: Claim, values: dict[str, Any]) -> None:
    values = values | {"received_at": claim.received_at, "version": claim.version + 1}
    expect = {"state": "waiting_upload", "object_version": claim.object_version}
    key = _key(claim.company_id, claim.document_id)
    transaction.update("document", _table(), key, put=values, expect=expect)


# ---------------------------------------------------------------- the inbox


def inbox_partition(bureau_id: str, company_id: str) -> str:
    """The partition of the inbox a company's documents wait in."""
    shard = hashlib.sha256(company_id.encode()).digest()[0] % INBOX_SHARDS
    return f"{bureau_id}#{shard}"


def inbox_keys(bureau_id: str, after: str | None, limit: int) -> list[Item]:
    """Keys of the bureau's open documents, oldest first, all shards merged.

    Args:
        bureau_id: whose inbox.
        after: ``inbox_since`` of the last one before.
        limit: how many at most.
    """
    above = ("inbox_since", after) if after else None
    found = [
        item
        for shard in range(INBOX_SHARDS)
        for item in dynamo.query_index(
            _table(), "inbox", ("inbox", f"{bureau_id}#{shard}"), above, limit=limit
        ).items
    ]
    return sorted(found, key=lambda item: str(item["inbox_since"]))[:limit]


def inbox_items(bureau_id: str, keys: Iterable[Item]) -> list[InboxItem]:
    """The documents behind the keys that still wait for this bureau, with their companies' names.

    The index lags behind: what it names is read anew, and a document that was dealt with, or a company
    that has left the bureau, is left out.
    """
    wanted = [(key["pk"], key["sk"]) for key in keys]
    companies = [(pk, COLLABORATION) for pk in dict.fromkeys(pk for pk, _ in wanted)]
    found = dynamo.batch_get(_table(), [*wanted, *companies])
    items = []
    for pk, sk in wanted:
        kept, collaboration = found.get((pk, sk)), found.get((pk, COLLABORATION))
        if kept and collaboration and "inbox" in kept and _works_with(collaboration, bureau_id):
            items.append(_read_inbox_item(kept, collaboration))
    return items


def _works_with(collaboration: Item, bureau_id: str) -> bool:
    return bool(collaboration["bureau_id"] == bureau_id and collaboration["status"] != "ended")


def _read_inbox_item(item: Item, collaboration: Item) -> InboxItem:
    return InboxItem(
        document_id=item["document_id"],
        company_id=collaboration["company_id"],
        company_name=collaboration["company_name"],
        kind=item["document_kind"],
        comment=item.get("comment"),
        filename=item["filename"],
        state=item["state"],
        pages=item.get("pages"),
        duplicate_of=item.get("duplicate_of"),
        uploaded_by=item["uploaded_by"],
        received_at=item["received_at"],
        age_days=age_days(item["received_at"], clock.today()),
    )
