"""What accounts held and moved: the trial balance, an account's ledger, and the sums others ask for."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.ledger.model.balances import AccountLedger, Balance, BalanceList, LedgerEntry
from samklang.ledger.store import balances as store
from samklang.ledger.store import books, chart, vouchers
from samklang.ledger.store.opening import opening
from samklang.platform import clock
from samklang.platform.cursors import cursor_invalid, read_cursor, write_cursor
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samklang.ledger.model.books import Books
    from samklang.ledger.store.vouchers import VoucherLines
    from samklang.platform.access import CompanyAccess

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)


def is_result(account: str) -> bool:
    """Whether an account begins each fiscal year at zero: income and costs, BAS classes 3 to 8."""
    return account[0] not in "12"


def balances(at: CompanyAccess, first: date | None, last: date | None) -> BalanceList:
    """The trial balance: what every account held, moved and held after, from a date to a date, both included.

    Assets and debts go on from year to year; income and costs begin each fiscal year at zero. Without a
    first date it begins with the fiscal year of the last, or of today.

    Raises:
        Problem: ``validation`` for a span that ends before it begins.
    """
    check_span(first, last)
    names = chart.chart(at.company_id)
    head = books.books(at.company_id)
    start = first or _year_start(head, last or clock.today())
    before = _held_before(at.company_id, head, start)
    change = moved(at.company_id, start, last or LAST_DAY)
    accounts = sorted(change.keys() | {each for each, held in before.items() if held})
    return BalanceList(
        items=[
            Balance(
                account=account,
                name=names.name(account),
                opening=before.get(account, 0),
                change=change.get(account, 0),
                closing=before.get(account, 0) + change.get(account, 0),
            )
            for account in accounts
        ]
    )


def account_ledger(
    at: CompanyAccess, account: str, first: date | None, last: date | None, limit: int, cursor: str | None
) -> AccountLedger:
    """An account's vouchers from a date to a date, both included, each with what the account held after it.

    Raises:
        Problem: ``not-found`` for an account the chart does not have, ``validation`` for a span that ends
            before it begins, ``cursor-invalid``.
    """
    check_span(first, last)
    known = chart.chart(at.company_id).get(account)
    if known is None:
        raise Problem("not-found", f"Account {account} is not in the chart of accounts.")
    head = books.books(at.company_id)
    start, end = first or _year_start(head, last or clock.today()), last or LAST_DAY
    before = _held_before(at.company_id, head, start).get(account, 0)
    change = moved(at.company_id, start, end).get(account, 0)
    place, balance = _place(cursor) if cursor else (None, before)
    entries: list[LedgerEntry] = []
    following = None
    for line, read in _behind(at.company_id, start, end, place):
        amount = sum(each for number, each in line.amounts if number == account)
        moves = any(number == account for number, _ in line.amounts)
        if read > _MOST_READ or (moves and len(entries) == limit):
            following = write_cursor(f"{place} {balance}")
            break
        place = line.voucher_id
        if moves:
            balance += amount
            entries.append(
                LedgerEntry(
                    voucher_id=line.voucher_id,
                    date=_day(line.voucher_id),
                    text=line.text,
                    source=line.source,
                    amount=amount,
                    balance=balance,
                )
            )
    return AccountLedger(
        account=account,
        name=known.name,
        opening=before,
        change=change,
        closing=before + change,
        items=entries,
        next=following,
    )


_MOST_READ = 50_000
"""Vouchers gone through for one page, some nine pages of the table; then the page is short."""

_PLACE = re.compile(r"20\d\d-\d\d-\d\d\.[0-9A-Z]{1,8}\.\d{1,8} -?\d{1,18}", re.ASCII)


def _place(cursor: str) -> tuple[str, int]:
    """The voucher read last, and what the account held after it."""
    voucher_id, balance = read_cursor(cursor, _PLACE).split(" ")
    try:
        _day(voucher_id)
    except ValueError:
        raise cursor_invalid() from None
    return voucher_id, int(balance)


def _day(voucher_id: str) -> date:
    return date.fromisoformat(voucher_id.partition(".")[0])


def _behind(company_id: str, start: date, end: date, place: str | None) -> Iterator[tuple[VoucherLines, int]]:
    """The vouchers behind a place, by date, each with how many were read with it."""
    first = max(start, _day(place)) if place else start
    passed = place is None
    for read, line in enumerate(vouchers.lines_between(company_id, first, end), 1):
        if passed:
            yield line, read
        passed = passed or line.voucher_id == place


def check_span(first: date | None, last: date | None) -> None:
    """Refuse a span of dates that ends before it begins.

    Raises:
        Problem: ``validation``.
    """
    if first and last and last < first:
        message = f"{last} is before {first}: swap them."
        raise Problem("validation", message, (FieldError("?to", "span", message),))


def _add(into: dict[str, int], more: Mapping[str, int]) -> None:
    for account, amount in more.items():
        into[account] = into.get(account, 0) + amount


def held(company_id: str, day: date) -> dict[str, int]:
    """What each account of assets and debts held at the end of a day, opening balances counted. Öre."""
    total = dict(opening(company_id).amounts)
    _add(total, moved(company_id, FIRST_DAY, day))
    return {account: amount for account, amount in total.items() if not is_result(account)}


def _held_before(company_id: str, head: Books, first: date) -> dict[str, int]:
    """What each account held when a day began: of income and costs since its fiscal year began."""
    if first <= head.fiscal_years[0][0]:
        return dict(opening(company_id).amounts)
    eve = first - timedelta(days=1)
    total = held(company_id, eve)
    year = _year_start(head, first)
    _add(total, {each: amount for each, amount in moved(company_id, year, eve).items() if is_result(each)})
    return total


def _year_start(head: Books, day: date) -> date:
    return max((start for start, _ in head.fiscal_years if start <= day), default=head.fiscal_years[0][0])


def moved(company_id: str, first: date, last: date) -> dict[str, int]:
    """What each account moved from a date to a date, both included, in öre.

    Whole months come from the months' balances, broken ones from their vouchers.
    """
    total: dict[str, int] = {}
    if first > last:
        return total
    whole_from = first if first.day == 1 else _next_month(first)
    after = last + timedelta(days=1)
    whole_to = after if after.day == 1 else last.replace(day=1)
    if whole_from >= whole_to:
        spans = [(first, last)]
    else:
        spans = [(first, whole_from - timedelta(days=1)), (whole_to, last)]
        final = whole_to - timedelta(days=1)
        for _, changes in store.months(company_id, f"{whole_from:%Y-%m}", f"{final:%Y-%m}"):
            _add(total, changes)
    for start, end in spans:
        if start <= end:
            for amounts in vouchers.voucher_amounts(company_id, start, end):
                for account, amount in amounts:
                    total[account] = total.get(account, 0) + amount
    return total


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def months(company_id: str, first: str, last: str) -> dict[str, dict[str, int]]:
    """What each account moved per month from ``first`` to ``last`` (``2026-01``), both included, in öre."""
    return dict(store.months(company_id, first, last))
