"""What it does to an open item and to the accounts that some of it is settled, or is so no longer.

Settled is what is paid, and what is lost as a bad debt. By the invoice method it comes off account 1510. By
the cash method only what the year-end entries have booked there does: other payments are sales, and other
losses are of what was never posted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samklang.ledger import cash_method
from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.bad_debts import losses
from samklang.ledger.model.receivables import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from samklang.ledger.cash_method import Parts
    from samklang.ledger.model.books import AccountingMethod
    from samklang.ledger.model.receivables import Receivable
    from samklang.ledger.model.vouchers import Amounts


@dataclass(frozen=True, slots=True)
class Settled:
    """How much of an item, and what that is in the accounts. Öre; below zero no longer."""

    item: Receivable
    amount: int
    receivable: int
    """What of it comes off account 1510."""
    sale: Parts
    """What is posted of the sale."""
    lost: Parts
    """What of the sale is lost."""
    is_loss: bool

    def enter(self, day: date, cause: str, method: AccountingMethod) -> None:
        """Enter it on the item."""
        item = self.item
        booked = -self.receivable if method == "cash" else 0
        item.entries.append(Entry(day, -self.amount, cause, booked, self.amount if self.is_loss else 0))
        item.posted = cash_method.added(item.posted, self.sale)
        item.lost = cash_method.added(item.lost, self.lost)


def settle(item: Receivable, amount: int, method: AccountingMethod, *, is_loss: bool) -> Settled:
    """What settling ``amount`` öre of an item does; below zero, of a credit note."""
    if method == "invoice":
        receivable, sale = amount, {}
    else:
        receivable = cash_method.off_booked(item.booked, amount)
        unbooked = 0 if is_loss else amount - receivable
        sale = cash_method.to_post(item.sale, item.sold, item.posted, unbooked)
    lost = cash_method.to_post(item.sale, item.sold, item.lost, receivable) if is_loss else {}
    return Settled(item, amount, receivable, sale, lost, is_loss)


def take_back(item: Receivable, amount: int, cause: str, method: AccountingMethod) -> Settled:
    """What it does that ``amount`` öre of an item, settled by an event, are settled no longer.

    A sale may be made up otherwise than it was then, by a credit note in between: so what is then posted too
    much is taken back, and not what the event itself posted. No more goes back on account 1510 than remains.
    """
    entries = [entry for entry in item.entries if entry.cause == cause]
    is_loss = any(entry.lost for entry in entries)
    taken = amount if method == "invoice" else -sum(entry.booked for entry in entries)
    if method == "invoice":
        back, sale = amount, {}
    else:
        back = cash_method.off_booked(item.remaining + amount - item.booked, taken)
        unbooked = (taken if is_loss else amount) - back
        sale = cash_method.to_post(item.sale, item.sold, item.posted, -unbooked)
    lost = cash_method.to_post(item.sale, item.sold, item.lost, -taken) if is_loss else {}
    return Settled(item, -amount, -back, sale, lost, is_loss)


def rows(settled: Iterable[Settled], sign: int = 1) -> Amounts:
    """The rows: receivables, invoices and credit notes apart; sales; losses.

    ``sign`` is -1 of what is taken back.
    """
    parts = list(settled)
    sides = (
        sum(each.receivable for each in parts if sign * each.amount > 0),
        sum(each.receivable for each in parts if sign * each.amount < 0),
    )
    found = [(RECEIVABLES, -side) for side in sides if side]
    found += [(account, -amount) for each in parts for account, amount in each.sale.items()]
    for each in parts:
        found += losses.confirmed(each.lost)
    return found
