"""Open items of the receivables subledger, as they are kept and as they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from samklang.ledger.model.aging import Aged
from samklang.platform.money import Money
from samklang.platform.shapes import Shape

if TYPE_CHECKING:
    from samklang.ledger.cash_method import Parts


class ReceivableItem(Shape):
    """An open item as of a date; a credit note's amounts are below zero."""

    invoice_id: str
    invoice_number: int
    customer: str
    total: Money
    remaining: Money
    invoice_date: date
    due_date: date
    age: int
    """Days past due; below zero when not yet due."""


class Receivables(Shape):
    """The receivables subledger as of a date, beside account 1510 on that date."""

    as_of: date
    items: list[ReceivableItem]
    total: Money
    aged: Aged
    account_1510: Money
    next: str | None


OPEN = "9999-12-31"
"""``closed_on`` of an item that is still open."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of what remains of an open item: a payment (below zero), its reversal, or a credit.

    A credit is entered twice, on the invoice (below zero) and on its credit note: it moves nothing on the
    account, since the credit note's own total did that.
    """

    date: date
    amount: int
    cause: str
    """The event: ``payment/<id>/registered``, ``payment/<id>/reversed``, ``invoice/<credit note>/issued``;
    ``year_end/<first day>/<invoice>`` changes nothing but ``booked``."""
    booked: int = 0
    """By the cash method: by how much it changed what of the item is on account 1510."""
    lost: int = 0
    """What of the amount is a bad debt and no money; below zero when that is taken back."""


@dataclass(slots=True)
class Receivable:
    """An open item of the subledger: the total and everything that changed it since. Öre.

    A credit note is an item of its own, its total below zero.
    """

    invoice_id: str
    number: int
    customer_id: str
    customer_name: str
    invoice_date: date
    due_date: date
    total: int
    voucher_id: str | None
    """None by the cash method, where a sale is posted when it is paid."""
    request_id: str
    entries: list[Entry] = field(default_factory=list)
    sold: Parts = field(default_factory=dict)
    """What the sale was made of, by account."""
    sale: Parts = field(default_factory=dict)
    """What credit notes have left of it, to be paid or paid."""
    posted: Parts = field(default_factory=dict)
    """By the cash method: what of the sale is posted."""
    lost: Parts = field(default_factory=dict)
    """What of the sale, as it is in the accounts, is taken back as a bad debt."""
    doubted: dict[str, int] = field(default_factory=dict)
    """What of it is expected to be a bad debt, written down but not off: by bad debt's id."""
    awaits: bool = False
    """Whether its voucher waits to be journalised."""
    version: int = 0

    @property
    def remaining(self) -> int:
        """What remains, all entries counted."""
        return self.total + sum(entry.amount for entry in self.entries)

    def remaining_on(self, day: date) -> int:
        """What remained at the end of a day; below zero when it was paid before it was invoiced."""
        invoiced = self.total if self.invoice_date <= day else 0
        return invoiced + sum(entry.amount for entry in self.entries if entry.date <= day)

    @property
    def booked(self) -> int:
        """By the cash method: what of it the year-end entries have put on account 1510 and is not settled."""
        return sum(entry.booked for entry in self.entries)

    def booked_on(self, day: date) -> int:
        """By the cash method: what of it was on account 1510 at the end of a day."""
        return sum(entry.booked for entry in self.entries if entry.date <= day)

    @property
    def due_to_be_posted(self) -> int:
        """By the cash method: how much of its sale is in the accounts.

        What is paid in money, what the year-end entries have booked, and what of that is lost since.
        """
        money = sum(
            -entry.amount - entry.lost for entry in self.entries if entry.cause.startswith("payment/")
        )
        return money + self.booked + sum(self.lost.values())

    def sold_by(self, payment_id: str) -> int:
        """By the cash method: how much of its sale a payment has posted, its reversal counted. Öre."""
        return sum(
            entry.booked - entry.amount
            for entry in self.entries
            if entry.cause.startswith(f"payment/{payment_id}/") and not entry.lost
        )

    @property
    def paid(self) -> dict[str, int]:
        """What each payment or bad debt has taken off it, its reversal counted: payment id to öre."""
        return self._taken_off_by("payment")

    @property
    def credited(self) -> dict[str, int]:
        """What each credit note has taken off it: credit note's id to öre.

        Of a credit note itself, what of it is used up: its own id to öre below zero.
        """
        return self._taken_off_by("invoice")

    def _taken_off_by(self, kind: str) -> dict[str, int]:
        taken: dict[str, int] = {}
        for entry in self.entries:
            what, identifier, _ = entry.cause.split("/")
            if what == kind:
                taken[identifier] = taken.get(identifier, 0) - entry.amount
        return taken

    @property
    def closed_on(self) -> str:
        """The day from which nothing remains; :data:`OPEN` while something does."""
        if self.remaining:
            return OPEN
        return max([self.invoice_date, *(entry.date for entry in self.entries)]).isoformat()
