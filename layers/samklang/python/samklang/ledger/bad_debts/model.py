"""Bad debts: what is written off of invoices, what comes in after all, and what is expected to be lost."""

from __future__ import annotations

from datetime import date
from typing import Literal

from samklang.invoicing.model.invoices import Id
from samklang.payments.model.payments import Positive
from samklang.platform.money import Money
from samklang.platform.shapes import Day, Line, Shape

BadDebtKind = Literal["confirmed", "expected"]
"""Konstaterad: written off, with its VAT back. Befarad: written down without VAT, the invoice still open."""


BadDebtDone = Literal["written_off", "written_down", "recovered", "taken_back"]


class BadDebtInput(Shape):
    """A bad debt as the bureau registers it."""

    invoice_id: Id
    date: Day
    kind: BadDebtKind = "confirmed"
    amount: Positive | None = None
    """What of the invoice is lost, VAT included; all that remains if left out."""
    reason: Line
    evidence: Line | None = None
    """What shows that it is lost: a bankruptcy notice, a collection agency's report."""


class RecoverInput(Shape):
    """Money that came in after the invoice was written off."""

    date: Day
    amount: Positive
    method: Literal["bank", "swish", "card", "cash"] = "bank"


class TakeBackInput(Shape):
    """When a bad debt was taken back."""

    date: Day | None = None


class BadDebtStep(Shape):
    """Something that was done with a bad debt. Öre; what was taken back is below zero."""

    what: BadDebtDone
    date: date
    amount: Money
    loss: Money
    """The cost of it; zero of what was never posted as a sale (the cash method)."""
    vat: Money
    """Output VAT that comes back with it."""
    payment_id: str | None
    """What settles the invoice in both books, money or not; none of what is only expected."""
    voucher_id: str | None
    """None if nothing was posted, or not yet."""
    at: str


class BadDebt(Shape):
    """A bad debt and all that was done with it."""

    bad_debt_id: str
    kind: BadDebtKind
    status: Literal["standing", "recovered", "taken_back"]
    invoice_id: str
    invoice_number: int
    customer_id: str
    customer_name: str
    date: date
    amount: Money
    """What was lost of the invoice at first, VAT included."""
    standing: Money
    """What of it is still lost, or expected to be."""
    recovered: Money
    """What came in after all."""
    reason: str
    evidence: str | None
    steps: list[BadDebtStep]
    version: int

    def followed_by(self, *steps: BadDebtStep) -> BadDebt:
        """The bad debt with more done."""
        every = [*self.steps, *steps]
        recovered = sum(each.amount for each in every if each.what == "recovered")
        standing = sum(each.amount for each in every if each.what != "recovered")
        return self.model_copy(
            update={
                "status": "standing" if standing else "recovered" if recovered else "taken_back",
                "standing": standing,
                "recovered": recovered,
                "steps": every,
                "version": self.version + 1,
            }
        )

    @property
    def loss(self) -> int:
        """What stands of its cost, in öre."""
        return sum(each.loss for each in self.steps)

    @property
    def last_loss(self) -> BadDebtStep:
        """The last time that it was written off, or down."""
        return [each for each in self.steps if each.what in {"written_off", "written_down"}][-1]


class BadDebtPage(Shape):
    """Some bad debts."""

    items: list[BadDebt]
    next: str | None
