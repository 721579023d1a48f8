"""In which of a bureau's companies something waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.ledger.model.sync import CompanySync, CompanySyncPage, NightlySummary
from samklang.ledger.store import agreement as store

if TYPE_CHECKING:
    from samklang.ledger.model.agreement import NightlyAgreement
    from samklang.platform.access import BureauAccess


def companies(at: BureauAccess, limit: int, cursor: str | None) -> CompanySyncPage:
    """A page of the bureau's companies: one query, and two items of each in batches."""
    page = collaboration.companies(at, limit, cursor)
    waits = store.waiting(each.company_id for each in page.items)
    items = [
        CompanySync(
            company_id=each.company_id,
            company_name=each.company_name,
            parked=waits[each.company_id].parked,
            parked_since=waits[each.company_id].parked_since,
            nightly=_summary(waits[each.company_id].nightly),
        )
        for each in page.items
    ]
    return CompanySyncPage(items=items, next=page.next)


def _summary(found: NightlyAgreement | None) -> NightlySummary | None:
    if found is None:
        return None
    return NightlySummary(
        agrees=found.agrees,
        checked_at=found.checked_at,
        differs_since=found.differs_since,
        first_difference=found.first_difference.event if found.first_difference else None,
    )
