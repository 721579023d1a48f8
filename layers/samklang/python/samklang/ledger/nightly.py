"""Every night: whether each active company's books agree, kept for both parties to read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from samklang.collaboration import service as collaboration
from samklang.ledger import agreement
from samklang.ledger.model.agreement import NightlyAgreement
from samklang.ledger.store import agreement as store
from samklang.platform import clock
from samklang.platform.logs import logger, metrics
from samklang.platform.messages import send_all
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from samklang.ledger.agreement import Examination
    from samklang.ledger.model.agreement import Difference
    from samklang.platform.access import CompanyAccess

_LONG = timedelta(hours=1)
"""An event that is on its way for so long is no longer on its way."""


def ask_for_checks() -> int:
    """Put one message per active company on the queue; how many it was.

    Raises:
        RuntimeError: the queue did not take them all; ask again, one check too many does no harm.
    """
    messages = ({"company_id": company_id} for company_id in collaboration.active_companies())
    return send_all(setting("AGREEMENT_QUEUE_URL"), messages)


def check_company(company_id: str) -> NightlyAgreement:
    """Check a company's books and keep the result; a fault is counted, and an alarm sounds at the first."""
    examination = agreement.examine(company_id)
    found = examination.agreement
    before = store.kept_agreement(company_id)
    since = before.differs_since if before and not before.agrees else found.checked_at
    nightly = NightlyAgreement(**dict(found), differs_since=None if found.agrees else since)
    store.keep_agreement(company_id, nightly)
    faults = 0 if found.agrees or _explained(examination) else 1
    metrics.add_metric("BooksDiffer", MetricUnit.Count, faults)
    first = found.first_difference
    logger.info(
        "books checked",
        company=company_id,
        agrees=found.agrees,
        fault=bool(faults),
        event=first.event if first else None,
        cause=first.cause if first else None,
        detail=first.detail if first else None,
    )
    return nightly


def _explained(examination: Examination) -> bool:
    """Whether books differ only by what is parked, which the bureau sees, or has just happened."""
    return bool(examination.differences) and all(map(_waits, examination.differences))


def _waits(difference: Difference) -> bool:
    if difference.cause == "pending" and difference.at:
        return clock.now() - datetime.fromisoformat(difference.at) < _LONG
    return difference.cause == "parked"


def last_result(at: CompanyAccess) -> NightlyAgreement:
    """What the last nightly check found.

    Raises:
        Problem: ``not-found`` before the first.
    """
    found = store.kept_agreement(at.company_id)
    if found is None:
        raise Problem("not-found", "No night has passed yet: ask for the agreement itself.")
    return found
