"""A customer's credit: what it has paid above its invoices, as one side has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.payments.model.payments import Origin
    from samklang.platform.dynamo import Item


@dataclass(frozen=True, slots=True)
class Credit:
    """A customer's credit in one of the books, and how many changes of it that book has seen.

    The counts tell without looking at any payment whether one side knows of a change that the other does
    not: each side counts the changes by where they were made.
    """

    customer_id: str
    balance: int = 0
    """Öre. On the side where it is used never below zero; the other may see its use before its cause, if that
    is parked."""
    from_invoicing: int = 0
    from_ledger: int = 0
    version: int = 0

    def changed(self, change: int, origin: Origin) -> Credit:
        """With ``change`` öre more (or less), made on a side."""
        return replace(
            self,
            balance=self.balance + change,
            from_invoicing=self.from_invoicing + (origin == "invoicing"),
            from_ledger=self.from_ledger + (origin == "ledger"),
        )

    def lacks_news_of(self, other: Credit, side: Origin) -> bool:
        """Whether the other book has made changes that this one, on ``side``, does not know of yet."""
        if side == "ledger":
            return other.from_invoicing > self.from_invoicing
        return other.from_ledger > self.from_ledger

    def check_use(self, used: int) -> None:
        """Refuse to use more than there is. Öre.

        Raises:
            Problem: ``credit-used``.
        """
        if used > self.balance:
            left = format_sek(self.balance) if self.balance else "No credit"
            raise Problem("credit-used", f"{left} is left of the customer's credit. Use at most that.")


def credit_key(customer_id: str) -> str:
    """The sort key of a customer's credit in either book."""
    return f"CREDIT#{customer_id}"


def credit_values(credit: Credit) -> Item:
    """The attributes of its item in either book, in its next version; :func:`read_credit` reads them."""
    return {
        "kind": "credit",
        "customer_id": credit.customer_id,
        "balance": credit.balance,
        "from_invoicing": credit.from_invoicing,
        "from_ledger": credit.from_ledger,
        "version": credit.version + 1,
    }


def read_credit(item: Item) -> Credit:
    """A customer's credit from its item."""
    return Credit(
        customer_id=item["customer_id"],
        balance=item["balance"],
        from_invoicing=item["from_invoicing"],
        from_ledger=item["from_ledger"],
        version=item["version"],
    )
