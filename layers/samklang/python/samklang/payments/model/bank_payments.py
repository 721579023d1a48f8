"""Payments as payment files told them: what each was found to be for, and what became of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from samklang.invoicing.model.invoices import Id
from samklang.payments.model.payments import MAX_ALLOCATIONS, MAX_DIFFERENCE, AllocationInput, Positive
from samklang.platform.money import LIMIT, Money, MoneyInput
from samklang.platform.shapes import Day, Line, Shape

Match = Literal["exact", "proposed", "unmatched"]
Status = Literal["registered", "waiting", "set_aside", "duplicate"]
"""``waiting``: for a person of the handling party. ``duplicate``: a file in another format told it before."""
Source = Literal["bgmax", "camt.054", "camt.053"]


class BankReference(Shape):
    """What the payer says is paid, see ``formats.incoming``."""

    kind: Literal["ocr", "invoice", "credit_note", "text"]
    value: str
    amount: Money | None = None


class ProposedAllocation(Shape):
    """An invoice, or (amounts below zero) a credit note, in a proposal."""

    invoice_id: str
    invoice_number: int
    amount: Money
    """Öre of the payment that would go there."""
    remaining: Money
    """Öre that remained of it when the proposal was made."""


class Proposal(Shape):
    """A way to register a payment, and what speaks for it."""

    customer_id: str
    customer_name: str
    allocations: list[ProposedAllocation]
    difference: Money = 0
    """Öre that would be written off, see ``PaymentInput``."""
    credit: Money = 0
    """Öre that would be added to the customer's credit, or (below zero) used of it."""
    reasons: list[str]


class BankPayment(Shape):
    """A payment in a payment file, and what became of it."""

    bank_payment_id: str
    file_id: str
    """The file that told it first."""
    format: Source
    record: int
    """Where it stands in the file, see ``formats.incoming``."""
    payment_date: date
    amount: Money
    """Below zero for a deduction: a credit note that the payer has set off."""
    currency: str
    payer: str | None
    payer_org_no: str | None
    payer_account: str | None
    references: list[BankReference]
    texts: list[str]
    bank_reference: str
    lump: bool = False
    """A sum of several payments that the bank did not tell one by one."""
    status: Status
    match: Match
    reasons: list[str]
    proposals: list[Proposal]
    """Best first."""
    payment_id: str | None
    """The payment it was registered as."""
    same_as: str | None = None
    """The bank payment that another file told it as, for a duplicate."""
    remarks: Annotated[list[str], Field(default_factory=list)]
    """What else is to be known, whatever it matches: of its deposit, or that it was taken back."""
    note: str | None = None
    """Why it was set aside."""
    version: int = 1


class BankPaymentPage(Shape):
    """Some bank payments."""

    items: list[BankPayment]
    next: str | None


class ConfirmInput(Shape):
    """How to register a bank payment: a proposal by its place, or one's own allocations.

    Without either, the first proposal. Allocations that do not use all of it leave the rest as the
    customer's credit; none at all put it on account (``customer_id``).
    """

    version: Annotated[int, Field(ge=1, strict=True)] | None = None
    """The version that was looked at; if it has changed since, nothing is done."""
    proposal: Annotated[int, Field(ge=0, lt=100, strict=True)] | None = None
    allocations: Annotated[list[AllocationInput], Field(max_length=MAX_ALLOCATIONS)] | None = None
    customer_id: Id | None = None
    fee: Annotated[MoneyInput, Field(ge=0, lt=LIMIT)] = 0
    difference: Annotated[MoneyInput, Field(ge=-MAX_DIFFERENCE, le=MAX_DIFFERENCE)] = 0
    use_credit: Positive | None = None
    payment_date: Day | None = None
    """The day to book it on, if not the bank's (its period may be closed)."""
    text: Line | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        own = {"allocations", "customer_id", "fee", "difference", "use_credit"} & self.model_fields_set
        if self.proposal is not None and own:
            raise ValueError("must have either a proposal or allocations of your own")
        if own and not self.is_own:
            raise ValueError("must have allocations or a customer_id beside fee, difference and use_credit")
        return self

    @property
    def is_own(self) -> bool:
        """Whether it says itself where the money goes."""
        return self.allocations is not None or self.customer_id is not None


class SetAsideInput(Shape):
    """Why a bank payment is no customer's payment to register."""

    reason: Line
