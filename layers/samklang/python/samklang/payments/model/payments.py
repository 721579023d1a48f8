"""Payments: money in, money back and set-offs, and how they are spread over invoices and credit notes.

For every payment, in öre: ``amount + fee + difference + loss = what is allocated + credit``.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from samklang.invoicing.model.invoices import Id, LedgerState
from samklang.platform.money import LIMIT, Money, MoneyInput, format_sek
from samklang.platform.problems import FieldError, Problem
from samklang.platform.shapes import Day, Line, Shape

Method = Literal["bank", "swish", "card", "cash", "set_off"]
"""How it was paid; ``set_off`` when no money moved: credit notes or credit used against invoices."""
Settlement = Literal[Method, "bad_debt"]
"""How an invoice was settled: paid, or written off by the bureau (see ``ledger.bad_debts``)."""
Origin = Literal["invoicing", "ledger"]
"""The side a payment was registered on."""

Positive = Annotated[MoneyInput, Field(gt=0, lt=LIMIT)]
"""Öre above zero."""
Signed = Annotated[MoneyInput, Field(gt=-LIMIT, lt=LIMIT)]

MAX_ALLOCATIONS = 40
"""Invoices one payment can pay; payment, invoices, voucher and balances fit in one transaction."""

MAX_DIFFERENCE = 100
"""Öre that a payment may be off by and still settle its invoices; more is a part payment or a credit."""


class AllocationInput(Shape):
    """How much of a payment goes to an invoice, or (below zero) how much of a credit note it uses."""

    invoice_id: Id
    amount: Signed


class PaymentInput(Shape):
    """A payment as somebody registers it."""

    payment_date: Day
    amount: Signed
    """Money that came in; below zero money paid back; zero for a set-off."""
    method: Method = "bank"
    allocations: Annotated[list[AllocationInput], Field(max_length=MAX_ALLOCATIONS)] = Field([])
    fee: Annotated[MoneyInput, Field(ge=0, lt=LIMIT)] = 0
    """What the bank or the card company kept of what the customer paid."""
    difference: Annotated[MoneyInput, Field(ge=-MAX_DIFFERENCE, le=MAX_DIFFERENCE)] = 0
    """What is written off (above zero) or gained (below) so that the invoices are settled: some öre."""
    use_credit: Positive | None = None
    """How much of the customer's credit is used."""
    customer_id: Id | None = None
    """Whose payment it is; needed when the allocations do not tell."""
    text: Line | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ids = [each.invoice_id for each in self.allocations]
        if len(ids) != len(set(ids)):
            raise ValueError("must name each invoice once: add its amounts up")
        if any(not each.amount for each in self.allocations):
            raise ValueError("must allocate something to each invoice: leave out those that get nothing")
        if (self.amount == 0) != (self.method == "set_off"):
            raise ValueError("must have the method set_off when the amount is 0.00, and only then")
        if self.fee and self.fee >= self.amount:
            raise ValueError("must have a fee below the amount, and only when money came in")
        if not (self.allocations or self.customer_id):
            raise ValueError("must have allocations, or the customer whose credit it changes")
        if not (self.amount or self.allocations):
            raise ValueError("must move money or settle something")
        return self

    @property
    def allocated(self) -> int:
        """Öre on invoices, less what of credit notes is used."""
        return sum(each.amount for each in self.allocations)


class Allocation(Shape):
    """How much of a payment went to an invoice; below zero what of a credit note it used."""

    invoice_id: str
    invoice_number: int
    amount: Money


class Reversal(Shape):
    """That a payment was taken back."""

    date: date
    origin: Origin


class Payment(Shape):
    """A payment of a customer; it never changes, but can be reversed once."""

    payment_id: str
    payment_date: date
    amount: Money
    method: Settlement
    allocations: list[Allocation]
    customer_id: str
    customer_name: str
    fee: Money
    difference: Money
    credit: Money
    """Öre added to the customer's credit; below zero what was used of it."""
    loss: Money
    """What is written off as a bad debt; nothing came in then."""
    text: str | None
    origin: Origin
    bank_payment_id: str | None
    """The payment in a payment file that it was registered from."""
    reversal: Reversal | None
    sync: Literal["pending", "synchronised"]
    """Whether both sides have it."""
    ledger: LedgerState


class PaymentPage(Shape):
    """Some payments."""

    items: list[Payment]
    next: str | None


class ReverseInput(Shape):
    """When a payment was taken back."""

    date: Day | None = None


class CustomerCredit(Shape):
    """What a customer has paid above its invoices, to be used or paid back."""

    customer_id: str
    customer_name: str
    credit: Money
    sync: Literal["pending", "synchronised"]
    """Whether both sides say the same."""


class CustomerCreditList(Shape):
    """Every customer with credit."""

    items: list[CustomerCredit]
    next: None = None


def credit_change(given: PaymentInput) -> int:
    """What a payment adds to its customer's credit, or (below zero) uses of it, in öre.

    Raises:
        Problem: ``allocations-differ`` unless what is used is what ``use_credit`` says.
    """
    left = given.amount + given.fee + given.difference - given.allocated
    used = given.use_credit or 0
    if left >= 0 and not used:
        return left
    if left == -used:
        return left
    if left > -used:
        problem = f"{format_sek(left + used)} is left over while credit is used: use that much less of it."
    else:
        problem = (
            f"The allocations come to {format_sek(-used - left)} more than what is paid. "
            "Lower them, raise the amount, or use the customer's credit (use_credit)."
        )
    raise Problem("allocations-differ", problem, (FieldError("/allocations", "sum", problem),))


def check_remaining(invoice_number: int, amount: int, remaining: int) -> None:
    """Refuse more on an invoice, or of a credit note (below zero), than remains on the registering side. Öre.

    Raises:
        Problem: ``allocation-exceeds``.
    """
    if 0 < amount <= remaining or remaining <= amount < 0:
        return
    if amount > 0:
        left = format_sek(remaining) if remaining > 0 else "Nothing"
        detail = f"{left} remains of invoice {invoice_number}. Allocate at most that."
    else:
        left = format_sek(-remaining) if remaining < 0 else "Nothing"
        detail = f"{left} of {invoice_number} is the customer's to use. Use at most that."
    raise Problem("allocation-exceeds", detail)
