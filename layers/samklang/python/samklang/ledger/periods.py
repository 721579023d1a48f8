"""Closing and reopening periods, with a log that nothing removes (bokföringslagen 5 kap. 11 §)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from samklang.ledger.model.periods import PeriodChange, Periods
from samklang.ledger.postings import Postings
from samklang.ledger.store import books, parked, unposted
from samklang.ledger.store import periods as store
from samklang.ledger.vat.movements import VatMovements
from samklang.platform import clock, idempotency
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.ledger.model.periods import ClosePeriodInput, ReopenPeriodInput
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item, Transaction


def periods(at: CompanyAccess, limit: int, cursor: str | None) -> Periods:
    """To which day the books are closed, and a page of the log."""
    items, following = store.changes(at.company_id, limit, cursor)
    return Periods(closed_until=books.books(at.company_id).closed_until, items=items, next=following)


def close(at: CompanyAccess, given: ClosePeriodInput) -> Periods:
    """Close the books to a day, that day included.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``period-not-over``, ``closed-period`` if
            they are closed so far already, ``awaits-journalising``, ``events-parked``, ``vat-return-differs``
            if VAT that was filed has changed since, ``busy``.
    """
    at.require_bureau("close periods")
    at.require_active()

    def make(transaction: Transaction) -> Periods:
        postings = Postings(at.company_id)
        _check_vat_as_filed(postings, given.until)
        change = close_until(transaction, postings, given.until, given.reason, at.user.user_id)
        postings.write(transaction)
        return Periods(closed_until=given.until, items=[change], next=None)

    return idempotency.carry_out(at.user, make)


def _check_vat_as_filed(postings: Postings, until: date) -> None:
    """Refuse to close days whose VAT was filed otherwise: what has changed would be in no return."""
    movements = VatMovements(postings.company_id, postings.books, postings.chart)
    if changed := movements.changed_returns(until):
        period = changed[0].period
        raise Problem(
            "vat-return-differs",
            f"The books no longer give what was filed as VAT for {period.key}: close that VAT period again "
            "instead, which files what has changed.",
        )


def close_until(
    transaction: Transaction, postings: Postings, until: date, reason: str | None, user_id: str
) -> PeriodChange:
    """Close the books to a day, in the transaction that the postings are written in.

    Raises:
        Problem: as :func:`close`.
    """
    before = postings.books.closed_until
    if until >= clock.today():
        raise Problem("period-not-over", f"{until} is not past. Close a period when it has ended.")
    if before and until <= before:
        raise Problem("closed-period", f"The books are closed to {before} already.")
    postings.books.fiscal_year(until)
    check_nothing_waits(postings.company_id, until)
    return _change(transaction, postings, "closed", until, reason, user_id)


def reopen(at: CompanyAccess, given: ReopenPeriodInput) -> Periods:
    """Open the books again behind a day, or altogether; why is kept in the log.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``period-not-closed``, ``busy``.
    """
    at.require_bureau("reopen periods")
    at.require_active()

    def make(transaction: Transaction) -> Periods:
        postings = Postings(at.company_id)
        before = postings.books.closed_until
        if before is None or (given.until and given.until >= before):
            closed = f"closed to {before} only" if before else "not closed"
            raise Problem("period-not-closed", f"The books are {closed}: there is nothing to open.")
        change = _change(transaction, postings, "reopened", given.until, given.reason, at.user.user_id)
        postings.write(transaction)
        return Periods(closed_until=given.until, items=[change], next=None)

    return idempotency.carry_out(at.user, make)


def _change(
    transaction: Transaction,
    postings: Postings,
    action: Literal["closed", "reopened"],
    until: date | None,
    reason: str | None,
    user_id: str,
) -> PeriodChange:
    change = PeriodChange(
        action=action,
        until=until,
        before=postings.books.closed_until,
        reason=reason,
        by=user_id,
        at=clock.timestamp(),
    )
    postings.books.closed_until = until
    store.log_change(transaction, postings.company_id, change)
    return change


_SHOWN = 5


def check_nothing_waits(company_id: str, until: date) -> None:
    """Refuse to close a period for which something waits: it could not be posted any more.

    Raises:
        Problem: ``awaits-journalising``, ``events-parked``; each names the first events.
    """
    waiting = [each.event for each in unposted.every_unposted(company_id) if each.date <= until]
    if waiting:
        raise Problem("awaits-journalising", f"Journalise first: {_some(waiting)}.")
    stuck = [item["event"] for item in parked.parked_items(company_id) if _concerns(item, until)]
    if stuck:
        raise Problem("events-parked", f"Deal with what is parked first: {_some(stuck)}.")


def _some(events: list[str]) -> str:
    more = f" and {len(events) - _SHOWN} more" if len(events) > _SHOWN else ""
    return ", ".join(events[:_SHOWN]) + more


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _concerns(item: Item, until: date) -> bool:
    """Whether a parked event is dated so far; one whose date cannot be read concerns no period."""
    image = parked.parked_change(item)["image"]
    name = {"invoice": "invoice_date", "payment": "payment_date", "reversal": "reversal_date"}
    day = image.get(name.get(parked.parked_change(item)["kind"], ""))
    return isinstance(day, str) and bool(_DAY.fullmatch(day)) and day <= until.isoformat()
