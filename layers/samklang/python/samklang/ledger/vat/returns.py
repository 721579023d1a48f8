"""The VAT return of a period, by the books and as it was filed, with what does not look right in it."""

from __future__ import annotations

import re
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats.skv4700 import BOXES, TO_PAY, whole_kronor
from samklang.ledger.periods import check_nothing_waits
from samklang.ledger.store import books, chart, vouchers
from samklang.ledger.vat import checks
from samklang.ledger.vat.basis import VatBasis
from samklang.ledger.vat.boxes import exact_boxes, in_box, whole_boxes
from samklang.ledger.vat.checks import Finding
from samklang.ledger.vat.eu_sales import LISTED, eu_sales
from samklang.ledger.vat.model import (
    VatBox,
    VatBoxAccount,
    VatBoxVouchers,
    VatFiling,
    VatFinding,
    VatReturn,
    VatReturnList,
    VatReturnSummary,
)
from samklang.ledger.vat.periods import periods_between
from samklang.ledger.vat.settlement import SETTLEMENT
from samklang.ledger.vat.year_end import MISSING, lacks_year_end
from samklang.platform import clock
from samklang.platform.cursors import cursor_invalid, read_cursor, write_cursor
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samklang.ledger.store.vouchers import VoucherLines
    from samklang.ledger.vat.periods import VatPeriod
    from samklang.platform.access import CompanyAccess


def read_basis(at: CompanyAccess) -> VatBasis:
    """What the company's VAT returns are made from, as it is now.

    Raises:
        Problem: ``not-active`` before there are books.
    """
    if at.collaboration["status"] == "start_guide":
        raise Problem("not-active", "Finish the start guide first: there are no books yet.")
    head = books.books(at.company_id)
    return VatBasis(at.company_id, head, chart.chart(at.company_id))


def vat_return(at: CompanyAccess, key: str | None) -> VatReturn:
    """The return of a period, of the newest that has ended if none is named: boxes, accounts and findings.

    Raises:
        Problem: ``not-active``, ``validation`` for another kind of period than the company's,
            ``outside-fiscal-year``.
    """
    basis = read_basis(at)
    return described(basis, basis.period(key))


def described(basis: VatBasis, period: VatPeriod) -> VatReturn:
    """The return of a period from what was read."""
    moved = basis.moved(period.first, period.last)
    exact = exact_boxes(moved, basis.vat_box)
    closed = basis.is_closed(period)
    whole = whole_boxes(exact)
    filed = basis.filed_return(period)
    return VatReturn(
        period=period.key,
        kind=period.kind,
        first_day=period.first,
        last_day=period.last,
        due_date=basis.due_date(period),
        status="closed" if closed else "open",
        boxes=dict(filed.boxes) if filed and closed else whole,
        books=[_box(basis, moved, box, exact[box]) for box in sorted(exact)],
        filings=[VatFiling(**each._asdict()) for each in filed.filings] if filed else [],
        findings=[VatFinding.of(each) for each in _findings(basis, period, moved)],
    )


def _box(basis: VatBasis, moved: Mapping[str, int], box: str, exact: int) -> VatBox:
    return VatBox(
        box=box,
        meaning=BOXES[box].meaning,
        kronor=whole_kronor(exact),
        amount=exact,
        accounts=_accounts(basis, moved, box),
    )


def _accounts(basis: VatBasis, moved: Mapping[str, int], box: str) -> list[VatBoxAccount]:
    return [
        VatBoxAccount(account=account, name=basis.chart.name(account), amount=in_box(box, amount))
        for account, amount in sorted(moved.items())
        if basis.vat_box.get(account) == box
    ]


# ---------------------------------------------------------------- findings


def _findings(basis: VatBasis, period: VatPeriod, moved: Mapping[str, int]) -> Iterator[Finding]:
    exact = exact_boxes(moved, basis.vat_box)
    whole = whole_boxes(exact)
    yield from checks.check_vat_on_bases(moved, basis.vat_box)
    yield from checks.check_signs(exact)
    yield from checks.check_accounts_in_no_box(moved, basis.vat_box)
    yield from checks.check_settlement_account(_left_on_settlement(basis, period))
    if any(box in exact for box in LISTED):
        sales = eu_sales(basis.company_id, period, basis.vat_box)
        yield from sales.findings()
        yield from checks.check_sales_list(whole, sales.totals())
    if not basis.is_closed(period):
        yield from _waiting(basis, period)
    if filed := basis.filed_return(period):
        yield from checks.check_against_filed(filed.boxes, whole)


def _left_on_settlement(basis: VatBasis, period: VatPeriod) -> int:
    """What 2650 held when a period ended, its own settlement and what was not due yet left out."""
    held = basis.held(SETTLEMENT, period.last)
    for filed in basis.filed.values():
        if filed.period.last <= period.last < basis.due_date(filed.period):
            held -= filed.settled.get(SETTLEMENT, 0)
    return held


def _waiting(basis: VatBasis, period: VatPeriod) -> Iterator[Finding]:
    """What is not in the books yet, and hinders the closing."""
    if basis.books.parked or basis.books.unposted:
        try:
            check_nothing_waits(basis.company_id, period.last)
        except Problem as problem:
            yield Finding("events-wait", problem.detail)
    if period.last < clock.today() and lacks_year_end(basis, period):
        yield Finding("year-end-missing", MISSING)


# ---------------------------------------------------------------- what a box is made of


def box_vouchers(
    at: CompanyAccess, key: str | None, box: str, limit: int, cursor: str | None
) -> VatBoxVouchers:
    """What a box is made of: its accounts, and a page of the vouchers that moved them.

    Raises:
        Problem: as :func:`vat_return`; ``not-found`` for a box that accounts are not added up in,
            ``cursor-invalid``.
    """
    if box not in BOXES:
        what = "is what the others come to" if box == TO_PAY else "is not in the return"
        raise Problem("not-found", f"Box {box} {what}: no voucher leads to it.")
    basis = read_basis(at)
    period = basis.period(key)
    moved = basis.moved(period.first, period.last)
    found = _lines_in(basis, period, box, _read_place(cursor) if cursor else None)
    shown = [line.voucher_id for line in islice(found, limit)]
    more = next(found, None) is not None
    read = vouchers.vouchers_by_id(at.company_id, shown)
    return VatBoxVouchers(
        period=period.key,
        box=box,
        meaning=BOXES[box].meaning,
        amount=exact_boxes(moved, basis.vat_box).get(box, 0),
        accounts=_accounts(basis, moved, box),
        items=[read[each] for each in shown],
        next=write_cursor(shown[-1]) if more else None,
    )


_VOUCHER_ID = re.compile(r"20\d\d-\d\d-\d\d\.[0-9A-Z]{1,8}\.\d{1,8}", re.ASCII)


class _Place(NamedTuple):
    """The voucher shown last, and its date."""

    voucher_id: str
    day: date


def _read_place(cursor: str) -> _Place:
    voucher_id = read_cursor(cursor, _VOUCHER_ID)
    try:
        return _Place(voucher_id, date.fromisoformat(voucher_id.partition(".")[0]))
    except ValueError:
        raise cursor_invalid() from None


def _lines_in(basis: VatBasis, period: VatPeriod, box: str, after: _Place | None) -> Iterator[VoucherLines]:
    """The vouchers behind ``after`` that moved a box, by date; those that settled the period are left out."""
    accounts = {account for account, each in basis.vat_box.items() if each == box}
    filed = basis.filed_return(period)
    settlements = {each.voucher_id for each in filed.filings} if filed else set()
    first = max(period.first, after.day) if after else period.first
    passed = after is None
    for line in vouchers.lines_between(basis.company_id, first, period.last):
        moves = line.voucher_id not in settlements and any(account in accounts for account, _ in line.amounts)
        if passed and moves:
            yield line
        passed = passed or (after is not None and line.voucher_id == after.voucher_id)


# ---------------------------------------------------------------- the periods of a fiscal year


def vat_returns(at: CompanyAccess, fiscal_year: date | None) -> VatReturnList:
    """The VAT periods of a fiscal year: today's, or the one that a day is in.

    Raises:
        Problem: ``not-active``, ``outside-fiscal-year``.
    """
    basis = read_basis(at)
    day = fiscal_year or clock.today()
    year = next((each for each in basis.books.fiscal_years if each[0] <= day <= each[1]), None)
    if year is None:
        message = f"No fiscal year has {day}. Ask for one of the books' own."
        raise Problem("outside-fiscal-year", message, (FieldError("?fiscal_year", "unknown", message),))
    return VatReturnList(
        fiscal_year_start=year[0],
        fiscal_year_end=year[1],
        items=[_summary(basis, each) for each in _periods_of(basis, *year)],
    )


def _periods_of(basis: VatBasis, first: date, last: date) -> list[VatPeriod]:
    """The closed periods with days of a year, and those of the company's kind that no closed one has."""
    closed = [each.period for each in basis.filed.values()]
    others = [
        period
        for period in periods_between(basis.kind, first, last, basis.books.fiscal_years)
        if not any(each.first <= period.last and period.first <= each.last for each in closed)
    ]
    within = [each for each in closed if each.first <= last and first <= each.last]
    return sorted([*within, *others], key=lambda each: each.first)


def _summary(basis: VatBasis, period: VatPeriod) -> VatReturnSummary:
    closed = basis.is_closed(period)
    filed = basis.filed_return(period)
    boxes = filed.boxes if filed and closed else whole_boxes(basis.exact(period))
    return VatReturnSummary(
        period=period.key,
        kind=period.kind,
        first_day=period.first,
        last_day=period.last,
        due_date=basis.due_date(period),
        status="closed" if closed else "open",
        to_pay=boxes[TO_PAY],
        closed_at=filed.filings[-1].closed_at if filed and closed else None,
    )
