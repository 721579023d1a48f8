"""Payments to suppliers, by hand or by an order to the bank."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from samklang.ledger.accounts import BANK
from samklang.ledger.model.chart import AccountNumber
from samklang.ledger.payables.model.invoices import NotZero, SupplierReversal
from samklang.platform.money import Money
from samklang.platform.shapes import Day, Line, Shape

SupplierInvoiceId = Annotated[str, Field(pattern=r"^sin_[0-9a-z]{20}$")]

MOST_INVOICES = 80
"""Invoices in one payment or order: each is an item of its transaction, which holds a hundred."""


class SupplierAllocationInput(Shape):
    """What of a payment an invoice gets; below zero what a credit note gives."""

    supplier_invoice_id: SupplierInvoiceId
    amount: NotZero


class SupplierPaymentInput(Shape):
    """A payment to be registered, whose amount is what its allocations come to."""

    payment_date: Day
    account: AccountNumber = BANK
    """Where the money is taken."""
    allocations: Annotated[list[SupplierAllocationInput], Field(min_length=1, max_length=MOST_INVOICES)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.supplier_invoice_id for each in self.allocations}) < len(self.allocations):
            raise ValueError("allocations must have each invoice once")
        return self


class SupplierAllocation(Shape):
    """What of a payment an invoice got."""

    supplier_invoice_id: str
    number: str
    amount: Money


class SupplierPayment(Shape):
    """A payment to suppliers."""

    supplier_payment_id: str
    payment_date: date
    account: str
    amount: Money
    """Zero when credit notes are set off against invoices; below zero when a supplier pays back."""
    allocations: list[SupplierAllocation]
    voucher_id: str
    payment_order_id: str | None
    bank_reference: str | None
    """The bank's own number, if the bank told of it."""
    reversal: SupplierReversal | None
    created_at: str
    version: int


class SupplierPaymentPage(Shape):
    """Some payments to suppliers."""

    items: list[SupplierPayment]
    next: str | None


class SupplierPaymentReversalInput(Shape):
    """When a payment is taken back."""

    date: Day | None = None
    """Today if left out."""


# ---------------------------------------------------------------- orders to the bank

AccountToPayFrom = Literal["iban", "bankgiro", "plusgiro"]


class PaymentOrderInput(Shape):
    """Which invoices the bank is to pay: those named, or all that are due until a day."""

    payment_date: Day
    """When the bank is to pay."""
    supplier_invoice_ids: (
        Annotated[list[SupplierInvoiceId], Field(min_length=1, max_length=MOST_INVOICES)] | None
    ) = None
    due_until: Day | None = None
    account: AccountNumber = BANK
    """Where the payments are posted once the bank has paid."""
    pay_from: AccountToPayFrom | None = None
    """Which of the company's numbers; its IBAN if it has one, else bankgiro or plusgiro."""

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if (self.supplier_invoice_ids is None) == (self.due_until is None):
            raise ValueError("send either supplier_invoice_ids or due_until")
        if self.supplier_invoice_ids and len(set(self.supplier_invoice_ids)) < len(self.supplier_invoice_ids):
            raise ValueError("supplier_invoice_ids must have each invoice once")
        return self


class PaymentAccount(Shape):
    """Where money comes from or goes."""

    kind: AccountToPayFrom
    number: str
    bic: str | None = None


LineStatus = Literal["ordered", "paid", "cancelled", "rejected"]


class PaymentOrderLine(Shape):
    """One invoice in an order."""

    end_to_end_id: str
    """What the bank's report has of it."""
    supplier_invoice_id: str
    number: str
    supplier: str
    amount: Money
    to: PaymentAccount
    ocr: str | None
    message: str | None
    status: LineStatus
    supplier_payment_id: str | None = None
    remark: str | None = None
    """Why it was rejected, or what the bank told that does not fit."""
    bank_debit_id: str | None = None
    """What the bank has told of the line by its id, once it has: another debit of it is a second payment."""


class LeftOut(Shape):
    """An invoice that is due and not in the order."""

    supplier_invoice_id: str
    number: str
    supplier: str
    reason: str


class PaymentOrder(Shape):
    """An order to the bank to pay suppliers."""

    payment_order_id: str
    payment_date: date
    status: Literal["open", "closed"]
    """Open while the bank has not paid, or refused, every line."""
    account: str
    pay_from: PaymentAccount
    total: Money
    """Of the lines that are not cancelled or rejected."""
    lines: list[PaymentOrderLine]
    remarks: list[str] = Field(default_factory=list)
    """What the bank told of the order that belongs to none of its lines."""
    created_at: str
    version: int


class NewPaymentOrder(PaymentOrder):
    """A new order, and what it leaves out."""

    left_out: list[LeftOut]


class PaymentOrderPage(Shape):
    """Some orders."""

    items: list[PaymentOrder]
    next: str | None


class ChosenLinesInput(Shape):
    """Which lines of an order; all that wait if left out."""

    supplier_invoice_ids: (
        Annotated[list[SupplierInvoiceId], Field(min_length=1, max_length=MOST_INVOICES)] | None
    ) = None
    reason: Line | None = None


class RejectedLinesInput(Shape):
    """Which lines the bank refused, and why."""

    supplier_invoice_ids: Annotated[list[SupplierInvoiceId], Field(min_length=1, max_length=MOST_INVOICES)]
    reason: Line


class PaidLinesInput(Shape):
    """Which lines the bank has paid, and when."""

    supplier_invoice_ids: (
        Annotated[list[SupplierInvoiceId], Field(min_length=1, max_length=MOST_INVOICES)] | None
    ) = None
    payment_date: Day | None = None
    """The order's day if left out, once that has come."""
