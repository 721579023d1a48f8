"""What happens to a document: announced, uploaded, looked into, received, found in the inbox."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from samklang.documents import store
from samklang.documents.model import (
    MAX_BYTES,
    Document,
    DocumentInput,
    DocumentPage,
    InboxPage,
    Look,
    NewDocument,
    Note,
    Refused,
    retain_until,
)
from samklang.platform import clock, idempotency
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.dynamo import ConditionFailed, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.logs import logger
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.documents.model import Reader
    from samklang.documents.store import Claim
    from samklang.platform.access import BureauAccess, CompanyAccess
    from samklang.platform.uploads import Uploaded


def create(at: CompanyAccess, given: DocumentInput) -> NewDocument:
    """Announce a document and get the form to upload it with; either party may.

    Raises:
        Problem: ``not-active``.
    """
    at.require_active()
    document = Document(
        document_id=new_id("doc"),
        kind=given.kind,
        comment=given.comment,
        filename=given.filename,
        content_type=given.content_type,
        state="waiting_upload",
        reason=None,
        note=None,
        sha256=None,
        size=None,
        pages=None,
        duplicate_of=None,
        uploaded_by=at.party,
        created_at=clock.timestamp(),
        received_at=None,
        retain_until=None,
        booked_as=[],
        preview=None,
        original=None,
        version=1,
    )
    transaction = Transaction()
    store.put_document(transaction, at, document)
    upload = store.upload_form(at.company_id, document.document_id, given.content_type)
    answer = NewDocument(document_id=document.document_id, upload=upload)
    return idempotency.commit(transaction, at.user, answer)


def get(at: CompanyAccess, document_id: str) -> Document:
    """One document, with links to its preview and its original.

    Raises:
        Problem: ``not-found``.
    """
    document = store.document(at.company_id, document_id)
    if document is None:
        raise Problem("not-found", "There is no such document.")
    return document


def documents(at: CompanyAccess, limit: int, cursor: str | None) -> DocumentPage:
    """A page of documents, newest first."""
    return store.documents(at.company_id, limit, cursor)


# ---------------------------------------------------------------- the inbox

_POSITION = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#doc_[0-9a-z]{20}", re.ASCII)


def inbox(at: BureauAccess, limit: int, cursor: str | None) -> InboxPage:
    """A page of what waits for the bureau in all its companies, oldest first.

    A page may hold fewer than ``limit``, since what was dealt with a moment ago is left out.

    Raises:
        Problem: ``cursor-invalid``.
    """
    after = read_cursor(cursor, _POSITION) if cursor else None
    keys = store.inbox_keys(at.bureau_id, after, limit + 1)
    shown = keys[:limit]
    more = len(keys) > limit
    return InboxPage(
        items=store.inbox_items(at.bureau_id, shown),
        next=write_cursor(shown[-1]["inbox_since"]) if more else None,
    )


# ---------------------------------------------------------------- what the upload starts

LAST_ATTEMPT = 3
"""Lambda delivers an event three times. Whatever ended the process twice may do it again, so the third
time the file is not opened: a document is received unseen rather than lost."""

Outcome = Literal["received", "rejected", "ignored"]


def receive(uploaded: Uploaded, reader: Reader) -> Outcome:
    """Check, hash, preview and lock an uploaded document, and put it in the bureau's inbox.

    Every step can be done again with the same result, and the last one, a transaction, decides. So the
    same event twice changes nothing, and after a crash anywhere the next delivery ends in the same state.

    Raises:
        ClientError: AWS did not answer; Lambda will deliver the event again.
    """
    claim = store.claim(uploaded)
    logger.set_correlation_id(None if isinstance(claim, str) else claim.request_id)
    if isinstance(claim, str):
        level = logger.info if claim == "finished" else logger.warning
        level("upload ignored", why=claim, key=uploaded.key, object_version=uploaded.version)
        return "ignored"
    data = store.fetch(uploaded)
    seen = {} if data is None else {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    try:
        look = _look(claim, data, reader)
    except Refused as refused:
        transaction = Transaction()
        store.reject(transaction, claim, refused.reason, seen)
        _commit(transaction)
        logger.info("document rejected", document=claim.document_id, code=refused.reason.code)
        return "rejected"
    if look.preview:
        store.put_preview(claim, look.preview)
    until = retain_until(datetime.fromisoformat(claim.received_at))
    store.lock(claim, until)
    values = seen | {
        "pages": look.pages,
        "has_preview": look.preview is not None,
        "note": look.note and look.note.model_dump(),
        "retain_until": until.isoformat(),
    }
    duplicate_of = retrying(lambda: _finish(claim, values))
    logger.info(
        "document received",
        document=claim.document_id,
        duplicate_of=duplicate_of,
        note=look.note and look.note.message,
    )
    return "received"


def _look(claim: Claim, data: bytes | None, reader: Reader) -> Look:
    """What is in the file, as far as it is safe to look.

    Raises:
        Refused: see :class:`Reader`, and ``too-large``.
    """
    if data is None:
        raise Refused("too-large", f"The file is larger than {MAX_BYTES // 1024**2} MB. Send a smaller one.")
    reader.check_type(data, claim.content_type)
    if claim.attempt < LAST_ATTEMPT:
        return reader.look(data, claim.content_type)
    logger.warning("received without looking into it", document=claim.document_id, attempt=claim.attempt)
    message = "No preview could be made (the file could not be opened); the original is kept."
    return Look(pages=None, preview=None, note=Note(code="no-preview", message=message))


def _finish(claim: Claim, values: dict[str, Any]) -> str | None:
    """Let the document be received, marked if the company has the same content already.

    Returns:
        The first document with the same content.
    """
    transaction = Transaction()
    store.put_hash(transaction, claim, values["sha256"])
    store.receive(transaction, claim, values)
    failure = _commit(transaction)
    if failure is None or "document" in failure.labels:
        return None
    duplicate_of: str = failure.items["hash"]["document_id"]
    transaction = Transaction()
    store.receive(transaction, claim, values | {"duplicate_of": duplicate_of})
    _commit(transaction)
    return duplicate_of


def _commit(transaction: Transaction) -> ConditionFailed | None:
    """Do it; a condition that does not hold is told and not raised: another delivery came first."""
    try:
        transaction.commit()
    except ConditionFailed as failure:
        return failure
    return None
