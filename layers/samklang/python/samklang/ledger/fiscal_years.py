"""Fiscal years: added, prolonged, shortened (bokföringslagen 3 kap.)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.ledger.model.periods import FiscalYear, FiscalYearList
from samklang.ledger.postings import Postings
from samklang.ledger.store import books, vat, vouchers
from samklang.ledger.store.opening import opening
from samklang.platform import idempotency
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from samklang.ledger.model.books import Books
    from samklang.ledger.model.periods import FiscalYearChange, FiscalYearInput
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction

_LONGEST = 18
"""Months: so long may a fiscal year be that is the first, or is changed (bokföringslagen 3 kap. 3 §)."""

_ORDINARY = 12

_MOST_YEARS = 40


def fiscal_years(at: CompanyAccess) -> FiscalYearList:
    """The fiscal years of the books, oldest first."""
    return _listed(books.books(at.company_id))


def _listed(head: Books) -> FiscalYearList:
    return FiscalYearList(
        items=[
            FiscalYear(
                start=start,
                end=end,
                used=_used(head, start),
                closed_until=min(end, head.closed_until)
                if head.closed_until and head.closed_until >= start
                else None,
            )
            for start, end in head.fiscal_years
        ]
    )


def _used(head: Books, start: date) -> bool:
    return any(each.startswith(f"{start}#") for each in head.next_numbers)


def add(at: CompanyAccess, given: FiscalYearInput) -> FiscalYearList:
    """Add a fiscal year directly after the last one, or directly before the first.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``fiscal-year-invalid``, ``busy``.
    """
    at.require_bureau("add fiscal years")
    at.require_active()

    def make(transaction: Transaction) -> FiscalYearList:
        postings = Postings(at.company_id)
        add_year(postings, given.start, given.end)
        postings.write(transaction)
        return _listed(postings.books)

    return idempotency.carry_out(at.user, make)


def add_year(postings: Postings, start: date, end: date) -> None:
    """Add a fiscal year directly after the last one, or directly before the first.

    Raises:
        Problem: ``fiscal-year-invalid``.
    """
    head = postings.books
    first, last = head.fiscal_years[0][0], head.fiscal_years[-1][1]
    _check_length(start, end)
    if len(head.fiscal_years) >= _MOST_YEARS:
        raise _invalid("/start", f"There are {_MOST_YEARS} fiscal years already.")
    if start == last + timedelta(days=1):
        head.fiscal_years.append((start, end))
    elif end == first - timedelta(days=1):
        if opening(postings.company_id).amounts:
            raise _invalid("/start", f"The opening balances are those of {first}: take them away first.")
        head.fiscal_years.insert(0, (start, end))
    else:
        raise _invalid(
            "/start", f"Fiscal years follow each other: begin at {last + _DAY} or end at {first - _DAY}."
        )


_DAY = timedelta(days=1)


def change_end(at: CompanyAccess, start: date, given: FiscalYearChange) -> FiscalYearList:
    """Prolong or shorten a fiscal year; those behind it must be unused, and follow on it with twelve months.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``, ``fiscal-year-invalid``,
            ``fiscal-year-used``, ``closed-period``, ``vat-return-filed`` if the VAT of a year that would
            change is filed for its days, ``busy``.
    """
    at.require_bureau("change fiscal years")
    at.require_active()

    def make(transaction: Transaction) -> FiscalYearList:
        postings = Postings(at.company_id)
        _change(postings, start, given.end)
        postings.write(transaction)
        return _listed(postings.books)

    return idempotency.carry_out(at.user, make)


def _change(postings: Postings, start: date, end: date) -> None:
    head = postings.books
    place = next((index for index, year in enumerate(head.fiscal_years) if year[0] == start), None)
    if place is None:
        raise Problem("not-found", f"No fiscal year begins at {start}.")
    before = head.fiscal_years[place][1]
    _check_length(start, end)
    if end == before:
        return
    if head.closed_until and min(end, before) < head.closed_until:
        raise Problem("closed-period", f"The books are closed to {head.closed_until}: reopen them first.")
    behind = head.fiscal_years[place + 1 :]
    for first, _ in behind:
        if _used(head, first):
            raise Problem(
                "fiscal-year-used", f"There are vouchers in the fiscal year from {first}, which would move."
            )
    outside = (
        next(vouchers.lines_between(postings.company_id, end + _DAY, before), None) if end < before else None
    )
    if outside:
        raise Problem(
            "fiscal-year-used", f"Voucher {outside.voucher_id} would be outside: date it otherwise."
        )
    years = [*head.fiscal_years[:place], (start, end)]
    for _ in behind:
        first = years[-1][1] + _DAY
        years.append((first, _months_later(first, _ORDINARY) - _DAY))
    _check_not_filed(postings.company_id, set(head.fiscal_years) - set(years))
    head.fiscal_years[:] = years


def _check_not_filed(company_id: str, changing: set[tuple[date, date]]) -> None:
    """Refuse to change years whose VAT is filed by the year, also if their days are open again."""
    for period in (each.period for each in vat.filed_returns(company_id).values()):
        if period.kind == "year" and (period.first, period.last) in changing:
            raise Problem(
                "vat-return-filed",
                f"The VAT of {period.first} to {period.last} is filed as that of a fiscal year: the year "
                "keeps its days.",
            )


def _months_later(day: date, months: int) -> date:
    """The first day of the month so many months later; a broken first month counts as a whole one."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _check_length(start: date, end: date) -> None:
    if (end + _DAY).day != 1:
        raise _invalid("/end", f"{end} is not the last day of a month.")
    if end < start:
        raise _invalid("/end", f"{end} is before {start}.")
    if end >= _months_later(start, _LONGEST):
        raise _invalid("/end", f"A fiscal year has {_LONGEST} months at most.")


def _invalid(pointer: str, message: str) -> Problem:
    return Problem("fiscal-year-invalid", message, (FieldError(pointer, "invalid", message),))
