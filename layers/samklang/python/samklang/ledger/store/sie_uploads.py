"""Uploaded SIE files: ``SIE_UPLOAD#<import id>``, what is to be done with each and what became of it.

| attribute | what |
|---|---|
| status | waiting_upload, working, done, refused |
| object_version | of the first upload: it is the file |
| content_id, vouchers | which import its bytes are, and of how many vouchers; once it is begun here |
| report, refusal | JSON, compressed |

How far an import has come is kept with the import itself (:mod:`samklang.ledger.store.sie`).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from samklang.ledger.sie.model import (
    SieProgress,
    SieReport,
    SieTerms,
    SieUpload,
    SieUploadPage,
    SieUploadRefusal,
)
from samklang.ledger.store import sie
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import User, company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "SIE_UPLOAD#"
_FINAL = {"done", "refused"}


def _key(company_id: str, import_id: str) -> tuple[str, str]:
    return company_key(company_id), f"{_PREFIX}{import_id}"


def put(transaction: Transaction, company_id: str, made: SieUpload, user: User) -> None:
    """A file to come, and who asked for it."""
    pk, sk = _key(company_id, made.import_id)
    item = {
        "pk": pk,
        "sk": sk,
        "kind": "sie_upload",
        "user_id": user.user_id,
        "request_id": user.request_id,
        **made.model_dump(mode="json", exclude={"progress", "report", "refusal"}),
    }
    transaction.put("sie_upload", table(), item)


class Claimed(NamedTuple):
    """A file to be dealt with."""

    user: User
    """Who asked for it."""
    terms: SieTerms
    begun: bool
    """Whether an earlier delivery began to take it in."""


def claim(company_id: str, import_id: str, version: str) -> Claimed | None:
    """A file, if it is not dealt with and this object version is its first upload.

    Which upload is the first is settled here, once.
    """
    key = _key(company_id, import_id)
    item = dynamo.get(table(), *key)
    if item is None or item["status"] in _FINAL:
        return None
    if "object_version" not in item:
        transaction = dynamo.Transaction()
        values = {"object_version": version, "status": "working"}
        transaction.update(
            "sie_upload", table(), key, put=values, expect={"object_version": dynamo.MISSING, "pk": key[0]}
        )
        try:
            dynamo.retrying(transaction.commit)
        except dynamo.ConditionFailed:
            return claim(company_id, import_id, version)
    elif item["object_version"] != version:
        return None
    terms = SieTerms(mode=item["mode"], dry_run=item["dry_run"], series_prefix=item["series_prefix"])
    return Claimed(User(item["user_id"], item["request_id"]), terms, "content_id" in item)


def set_begun(company_id: str, import_id: str, content_id: str, vouchers: int) -> None:
    """The file is read, and begins to be taken in."""
    _set(company_id, import_id, {"content_id": content_id, "vouchers": vouchers})


def set_done(company_id: str, import_id: str, report: SieReport) -> None:
    """The file is dealt with."""
    _set(company_id, import_id, {"status": "done", "report": _packed(report.model_dump_json())})


def set_refused(company_id: str, import_id: str, refusal: SieUploadRefusal) -> None:
    """The file cannot be dealt with, or not to its end."""
    _set(company_id, import_id, {"status": "refused", "refusal": _packed(refusal.model_dump_json())})


def _set(company_id: str, import_id: str, values: dict[str, Any]) -> None:
    dynamo.retrying(lambda: dynamo.set_attributes(table(), _key(company_id, import_id), values))


def upload(company_id: str, import_id: str) -> SieUpload | None:
    """An uploaded file, with how far it has come."""
    item = dynamo.get(table(), *_key(company_id, import_id))
    if item is None:
        return None
    report, refusal = item.get("report"), item.get("refusal")
    return _read(item).model_copy(
        update={
            "progress": _progress(company_id, item),
            "report": SieReport.model_validate_json(_unpacked(report)) if report else None,
            "refusal": SieUploadRefusal.model_validate_json(_unpacked(refusal)) if refusal else None,
        }
    )


def uploads(company_id: str, limit: int, cursor: str | None) -> SieUploadPage:
    """A page of uploaded files, newest first, without their progress and reports."""
    pk = company_key(company_id)
    page = dynamo.query(table(), pk, _PREFIX, limit=limit, cursor=cursor, descending=True)
    return SieUploadPage(items=[_read(item) for item in page.items], next=page.next)


def _progress(company_id: str, item: Item) -> SieProgress | None:
    if item["mode"] != "history" or "content_id" not in item:
        return None
    begun = sie.sie_import(company_id, "history", item["content_id"])
    return SieProgress(written=begun.written if begun else 0, vouchers=item["vouchers"])


def _read(item: Item) -> SieUpload:
    return SieUpload(
        import_id=item["import_id"],
        filename=item["filename"],
        mode=item["mode"],
        dry_run=item["dry_run"],
        series_prefix=item["series_prefix"],
        status=item["status"],
        created_at=item["created_at"],
        progress=None,
        report=None,
        refusal=None,
    )


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode())


def _unpacked(packed: bytes) -> str:
    return zlib.decompress(packed).decode()
