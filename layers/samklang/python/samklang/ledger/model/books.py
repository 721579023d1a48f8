"""The head of a company's books: fiscal years, closed periods, numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from samklang.ledger.accounts import CONTROL
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

AccountingMethod = Literal["invoice", "cash"]
"""Faktureringsmetoden, kontantmetoden."""

Journalising = Literal["automatic", "reviewed"]
"""Whether what invoicing tells is posted at once, or waits for the bureau to look at it."""


@dataclass(slots=True)
class Books:
    """The head of a company's books. Every posting raises its version, so postings happen one by one."""

    fiscal_years: list[tuple[date, date]]
    method: AccountingMethod
    closed_until: date | None
    next_numbers: dict[str, int]
    version: int
    parked: int = 0
    """Events that could not be posted; customers, which are kept beside the books, are not counted."""
    parked_since: str | None = None
    """From when on there has been something parked all the time."""

    journalising: Journalising = "automatic"
    unposted: int = 0
    """Vouchers that wait for the bureau to look at them."""
    unposted_amounts: dict[str, int] = field(default_factory=dict)
    """What they come to, by account that a subledger keeps: the subledger has them already. Öre."""

    def count_unposted(self, change: int, amounts: Iterable[tuple[str, int]]) -> None:
        """One voucher more (``change`` 1) waits to be posted, or one less (-1)."""
        self.unposted += change
        for account, amount in amounts:
            if account in CONTROL:
                waiting = self.unposted_amounts.get(account, 0) + change * amount
                self.unposted_amounts[account] = waiting
                if not waiting:
                    del self.unposted_amounts[account]

    def count_parked(self, change: int, at: str) -> None:
        """One event more (``change`` 1) is parked, or one less (-1)."""
        self.parked += change
        self.parked_since = (self.parked_since or at) if self.parked else None

    def fiscal_year(self, day: date) -> date:
        """The start of the fiscal year a day is in.

        Raises:
            Problem: ``outside-fiscal-year`` or ``closed-period``.
        """
        for start, end in self.fiscal_years:
            if start <= day <= end:
                if self.closed_until and day <= self.closed_until:
                    raise Problem(
                        "closed-period", f"The books are closed to {self.closed_until}; {day} is before that."
                    )
                return start
        raise Problem(
            "outside-fiscal-year", f"No fiscal year has {day}. Open the fiscal year or change the date."
        )

    def next_number(self, series: str, day: date) -> int:
        """The next number of a series in the fiscal year of a day.

        Raises:
            Problem: as :meth:`fiscal_year`.
        """
        return self.next_numbers.get(f"{self.fiscal_year(day)}#{series}", 1)

    def keep_number(self, series: str, day: date, number: int) -> None:
        """A number is given: the series goes on from the highest, also when another program has given it.

        Raises:
            Problem: as :meth:`fiscal_year`.
        """
        following = max(self.next_number(series, day), number + 1)
        self.next_numbers[f"{self.fiscal_year(day)}#{series}"] = following
