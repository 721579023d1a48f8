"""A payment as the search for proposals sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.payments.matching.division import live_items
from samklang.payments.matching.facts import oldest_first
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from samklang.payments.matching.facts import Candidate, Facts
    from samklang.payments.matching.named import Named


class Case(NamedTuple):
    """The amount of a payment, what it points to and what is known around it."""

    amount: int
    """Öre, below zero for a deduction."""
    named: list[Named]
    """Oldest first."""
    facts: Facts

    @property
    def referred(self) -> list[Named]:
        """What references point to, and not only a message."""
        return [each for each in self.named if each.pointer.in_reference]

    @property
    def sum(self) -> str:
        """The amount as a person reads it."""
        return format_sek(abs(self.amount))

    def credit_of(self, customer_id: str) -> int:
        """Öre of credit that a customer has."""
        return self.facts.credit.get(customer_id, 0)

    def open_items(self, customer_id: str) -> list[Candidate]:
        """What is open of a customer and the amount can go to or be lowered by, oldest first."""
        items = {each.invoice_id: each for each in self.facts.open_items.get(customer_id, ())}
        return sorted(live_items(items.values(), self.amount), key=oldest_first)
