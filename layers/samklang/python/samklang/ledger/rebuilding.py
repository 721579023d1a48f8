"""Month balances made anew from the vouchers, and compared to the öre."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.ledger.balances import FIRST_DAY, LAST_DAY
from samklang.ledger.model.balances import BalanceCheck, MonthDifference
from samklang.ledger.postings import Postings
from samklang.ledger.store import balances as store
from samklang.ledger.store import books, vouchers
from samklang.platform import idempotency
from samklang.platform.dynamo import Transaction, retrying
from samklang.platform.logs import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.platform.access import CompanyAccess

_SHOWN = 100

_TRIES = 3

_SECONDS = 15
"""How long one request goes on before it says from which month to go on."""


def check_balances(at: CompanyAccess, first: str | None) -> BalanceCheck:
    """Compare what is kept of every month, from ``first`` (``2026-01``) on, with what its vouchers come to.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active`` before there are books.
    """
    at.require_bureau("check the balances")
    return _go_through(at.company_id, first, rebuild=False)


def rebuild_balances(at: CompanyAccess, first: str | None) -> BalanceCheck:
    """Compare in the same way, and make anew the months that differ.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``busy``.
    """
    at.require_bureau("rebuild the balances")
    at.require_active()
    idempotency.replay_if_done(at.user)
    answer = _go_through(at.company_id, first, rebuild=True)
    return idempotency.commit(Transaction(), at.user, answer)


def _go_through(company_id: str, first: str | None, *, rebuild: bool) -> BalanceCheck:
    end = time.monotonic() + _SECONDS
    differences: list[MonthDifference] = []
    count = months = 0
    following = None
    kept = dict(store.months(company_id, f"{FIRST_DAY:%Y-%m}", f"{LAST_DAY:%Y-%m}"))
    for place, month in enumerate(_months(company_id, kept, first)):
        if place and time.monotonic() > end:
            following = month
            break
        found, read = _compare(company_id, month, kept.get(month, {}))
        if found and rebuild:
            retrying(lambda month=month: _rebuild(company_id, month))  # type: ignore[misc]
        differences += found
        count, months = count + read, months + bool(read)
    return BalanceCheck(
        agrees=not differences,
        vouchers=count,
        months=months,
        differences=differences[:_SHOWN],
        rebuilt=rebuild and bool(differences),
        next=following,
    )


def _months(company_id: str, kept: Iterable[str], first: str | None) -> list[str]:
    """The months of the fiscal years, and what others something is kept of."""
    months = set(kept)
    for start, end in books.books(company_id).fiscal_years:
        day = start
        while day <= end:
            months.add(f"{day:%Y-%m}")
            day = _next_month(day)
    return sorted(month for month in months if month >= (first or ""))


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _compare(company_id: str, month: str, kept: dict[str, int]) -> tuple[list[MonthDifference], int]:
    """What differs in a month, and vouchers read; what seems to is read anew while nothing is posted."""
    told, read = _sums(company_id, month)
    differences = list(_differing(month, kept, told))
    for _ in range(_TRIES):
        if not differences:
            break
        version = books.books(company_id).version
        told, read = _sums(company_id, month)
        now = dict(store.months(company_id, month, month)).get(month, {})
        differences = list(_differing(month, now, told))
        if books.books(company_id).version == version:
            break
    return differences, read


def _sums(company_id: str, month: str) -> tuple[dict[str, int], int]:
    """What a month's vouchers come to by account, and how many they are."""
    first = date.fromisoformat(f"{month}-01")
    moved: dict[str, int] = defaultdict(int)
    count = 0
    for amounts in vouchers.voucher_amounts(company_id, first, _next_month(first) - timedelta(days=1)):
        count += 1
        for account, amount in amounts:
            moved[account] += amount
    return moved, count


def _differing(month: str, kept: dict[str, int], told: dict[str, int]) -> Iterator[MonthDifference]:
    for account in sorted(kept.keys() | told.keys()):
        is_kept, comes_to = kept.get(account, 0), told.get(account, 0)
        if is_kept != comes_to:
            yield MonthDifference(month=month, account=account, kept=is_kept, vouchers=comes_to)


def _rebuild(company_id: str, month: str) -> None:
    """Replace a month's balances; the head's version says that nothing was posted meanwhile."""
    postings = Postings(company_id)
    told, _ = _sums(company_id, month)
    transaction = Transaction()
    store.replace_month(transaction, company_id, month, told)
    postings.write(transaction)
    transaction.commit_unchanged()
    logger.warning("month balances rebuilt", month=month)
