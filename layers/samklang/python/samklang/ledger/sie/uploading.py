"""SIE files that travel by S3: asked for, listed, and told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.sie.model import NewSieUpload, SieUpload
from samklang.ledger.store import sie_uploads as store
from samklang.platform import clock, idempotency, uploads
from samklang.platform.dynamo import Transaction
from samklang.platform.ids import new_id
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from samklang.ledger.sie.model import SieUploadInput, SieUploadPage
    from samklang.platform.access import CompanyAccess

MAX_BYTES = 40 * 2**20
"""Some 300,000 vouchers: what three runs of the receiving function have time for, each going on where the
one before stopped, at the writes that a company's partition takes (400 vouchers a second)."""


def create(at: CompanyAccess, given: SieUploadInput) -> NewSieUpload:
    """Ask to upload a SIE file.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``.
    """
    at.require_bureau("import SIE files")
    at.require_active()
    made = SieUpload(
        import_id=new_id("sii"),
        filename=given.filename,
        mode=given.mode,
        dry_run=given.dry_run,
        series_prefix=given.series_prefix,
        status="waiting_upload",
        created_at=clock.timestamp(),
        progress=None,
        report=None,
        refusal=None,
    )
    transaction = Transaction()
    store.put(transaction, at.company_id, made, at.user)
    key = f"incoming/{at.company_id}/{made.import_id}"
    form = uploads.presigned_post(setting("SIE_FILES_BUCKET"), key, given.content_type, MAX_BYTES)
    return idempotency.commit(transaction, at.user, NewSieUpload(import_id=made.import_id, upload=form))


def get(at: CompanyAccess, import_id: str) -> SieUpload:
    """An uploaded file: how far it has come, and its report.

    Raises:
        Problem: ``not-found``.
    """
    found = store.upload(at.company_id, import_id)
    if found is None:
        raise Problem("not-found", "There is no such SIE import.")
    return found


def every(at: CompanyAccess, limit: int, cursor: str | None) -> SieUploadPage:
    """A page of uploaded files, newest first, without progress and reports."""
    return store.uploads(at.company_id, limit, cursor)
