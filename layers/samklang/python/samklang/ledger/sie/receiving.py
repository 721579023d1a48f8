"""What an uploaded SIE file starts: the same import as of a file in a request, without its limit in time.

When the function's time is up, or it crashes, Lambda delivers the event again: the import goes on where it
stopped, since each chunk of vouchers is written with how far the file has come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.sie import importing
from samklang.ledger.sie.model import SieFinding, SieUploadRefusal
from samklang.ledger.store import sie_uploads as store
from samklang.platform import access
from samklang.platform.logs import logger
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from typing import BinaryIO

    from samklang.ledger.sie.model import SieReport
    from samklang.ledger.store.sie_uploads import Claimed


def receive(company_id: str, import_id: str, version: str, stream: BinaryIO) -> None:
    """Take in an uploaded file, as its bureau has asked.

    A file that is refused keeps its refusal. One that is dealt with is left as it is. The first upload under
    a form is the file; later ones are left alone.

    Raises:
        Problem: ``busy``: to be sent again, it goes on from where it was.
    """
    claimed = store.claim(company_id, import_id, version)
    if claimed is None:
        logger.warning("no SIE file to deal with, or not its first upload", file=import_id)
        return
    logger.set_correlation_id(claimed.user.request_id)
    try:
        report = _take_in(company_id, import_id, claimed, stream)
    except Problem as problem:
        if problem.code == "busy":
            raise
        reasons = [SieFinding(code=each.code, line=None, text=each.message) for each in problem.errors]
        refusal = SieUploadRefusal(code=problem.code, message=problem.detail, reasons=reasons)
        store.set_refused(company_id, import_id, refusal)
        logger.info("SIE file refused", file=import_id, code=problem.code)
    else:
        store.set_done(company_id, import_id, report)
        logger.info("SIE file dealt with", file=import_id, status=report.status, vouchers=report.vouchers)


def _take_in(company_id: str, import_id: str, claimed: Claimed, stream: BinaryIO) -> SieReport:
    at = access.acting(claimed.user, company_id, "bureau")
    at.require_active()
    file, terms = importing.read(stream), claimed.terms
    begins = not terms.dry_run and not importing.done_before(company_id, file, terms.mode)
    if begins:
        store.set_begun(company_id, import_id, file.import_id, file.survey.vouchers)
    report = importing.take_in(at, file, terms)
    if (begins or claimed.begun) and report.status == "already":
        # An earlier delivery of the event, or one at the same time, wrote the last of it.
        return report.model_copy(update={"status": "done"})
    return report
