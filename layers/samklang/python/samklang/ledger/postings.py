"""Vouchers of one company, written together in one transaction.

Postings read the head of the books and the chart of accounts, take vouchers in memory one by one, and write
everything at once: vouchers, month balances and the numbers taken. The head's version makes a company's
postings happen one by one, so that numbers are gapless and what was read is still so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samklang.ledger import posting
from samklang.ledger.model.chart import check_no_control_account
from samklang.ledger.model.vouchers import (
    SYSTEM_SERIES,
    Amounts,
    Details,
    Voucher,
    VoucherInput,
    amounts_of,
    check_balance,
    details_of,
    rows_of,
)
from samklang.ledger.store import balances, books, chart, vouchers
from samklang.platform import clock
from samklang.platform.dynamo import MAX_OPERATIONS, Transaction
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

TEXT = 200
"""Characters of a voucher's text."""


def reference(voucher_id: str | None) -> str:
    """``I 42``; a voucher that is not posted yet has no number."""
    if voucher_id is None:
        return "ej journalförd verifikation"
    _, series, number = voucher_id.split(".")
    return f"{series} {number}"


_RESERVED = 6
"""Operations kept free: the books' head, month balances, a caller's own conditions and idempotency key."""


@dataclass(frozen=True, slots=True)
class _Posted:
    voucher: Voucher
    amounts: Amounts


class Postings:
    """Vouchers of one company that will be written together."""

    def __init__(self, company_id: str) -> None:
        """Read the head of the books, and then the chart: a change of the chart raises the head's version."""
        self.company_id = company_id
        self.books = books.books(company_id)
        self.chart = chart.chart(company_id)
        self._vouchers: list[_Posted] = []
        self._taken_back: dict[str, str] = {}
        self._months: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self._vouchers

    @property
    def operations(self) -> int:
        """Operations of the transaction so far, without the head of the books."""
        return len(self._vouchers) + len(self._taken_back) + len(self._months)

    def has_room(self, operations: int) -> bool:
        """Whether so many more operations fit in the transaction."""
        return self.operations + operations + _RESERVED <= MAX_OPERATIONS

    def write_by_hand(self, given: VoucherInput, user_id: str) -> Voucher:
        """Post a voucher the bureau wrote.

        Raises:
            Problem: ``system-series``, ``control-account`` and as :meth:`post`.
        """
        if given.series in SYSTEM_SERIES:
            name = SYSTEM_SERIES[given.series]
            raise Problem("system-series", f"Series {given.series} ({name}) is kept for that. Use another.")
        amounts = amounts_of(given.rows)
        check_no_control_account(amounts)
        return self.post(
            given.series,
            given.date,
            given.text,
            amounts,
            None,
            details=details_of(given.rows),
            documents=given.documents,
            created_by=user_id,
        )

    def take_back(self, voucher: Voucher, day: date, user_id: str) -> Voucher:
        """Post a voucher by hand backwards, with a reference each way (bokföringslagen 5 kap. 5 §).

        Raises:
            Problem: ``already-reversed``, ``control-account`` and as :meth:`post`.
        """
        if voucher.reversed_by:
            raise Problem("already-reversed", f"Voucher {voucher.reversed_by} takes it back already.")
        amounts = amounts_of(voucher.rows)
        check_no_control_account(amounts)
        reversal = self.post(
            voucher.series,
            day,
            f"Rättelse av {reference(voucher.voucher_id)}: {voucher.text}",
            posting.reversed_amounts(amounts),
            f"voucher/{voucher.voucher_id}/reversed",
            details=details_of(voucher.rows),
            documents=voucher.documents,
            created_by=user_id,
            reverses=voucher.voucher_id,
        )
        self.refer_back(reversal)
        return reversal

    def refer_back(self, reversal: Voucher) -> None:
        """Let the voucher that a reversal takes back refer to it; that one was written before."""
        if reversal.reverses:
            self._taken_back[reversal.reverses] = reversal.voucher_id

    def post(
        self,
        series: str,
        day: date,
        text: str,
        amounts: Amounts,
        source: str | None,
        *,
        details: Details | None = None,
        documents: Sequence[str] = (),
        created_by: str | None = None,
        reverses: str | None = None,
        number: int | None = None,
    ) -> Voucher:
        """Post a voucher: its number, its rows and what they add to the month's balances.

        Args:
            series: in which it is numbered.
            day: its date.
            text: what it is about (bokföringslagen 5 kap. 7 §); cut at 200 characters.
            amounts: its rows, debit above zero.
            source: what caused it, ``supplier_invoice/<id>/registered``; none if by hand.
            details: what rows tell beside account and amount.
            documents: ids of the documents it is made from.
            created_by: the user, if by hand.
            reverses: the voucher it takes back.
            number: one that another program gave it; the series' next if none.

        Raises:
            Problem: ``unbalanced``, ``unknown-account``, ``closed-account``, ``closed-period``,
                ``outside-fiscal-year``.
        """
        if not amounts:
            # Rows that come to nothing are no business event (bokföringslagen 5 kap. 7 §).
            raise Problem("unbalanced", "A voucher needs rows: this one has none.")
        check_balance(amounts)
        self.chart.check(amounts)
        given = number or self.books.next_number(series, day)
        voucher = Voucher(
            voucher_id=vouchers.voucher_id(day, series, given),
            series=series,
            number=given,
            date=day,
            text=text[:TEXT],
            rows=rows_of(amounts, details or {}),
            source=source,
            created_at=clock.timestamp(),
            created_by=created_by,
            documents=list(documents),
            reverses=reverses,
        )
        # From here on nothing can fail, so that a refused event leaves no trace in the journal.
        self.books.keep_number(series, day, given)
        self._vouchers.append(_Posted(voucher, amounts))
        month = self._months[f"{day:%Y-%m}"]
        for account, amount in amounts:
            month[account] += amount
        return voucher

    def write(self, transaction: Transaction) -> None:
        """Add everything to a transaction; its conditions hold if nothing was changed since it was read."""
        # Also when there is no voucher: what was read must still be so when it is written.
        books.update_books(transaction, self.company_id, self.books)
        for posted in self._vouchers:
            vouchers.put_voucher(transaction, self.company_id, posted.voucher, posted.amounts)
        for voucher_id, reversed_by in self._taken_back.items():
            vouchers.mark_reversed(transaction, self.company_id, voucher_id, reversed_by)
        for month, changes in self._months.items():
            balances.add_to_month(transaction, self.company_id, month, changes)
