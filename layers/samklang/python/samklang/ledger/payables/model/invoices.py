"""Supplier invoices: what a supplier wants for what, and how it is posted."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from samklang.formats.ocr import is_valid_ocr
from samklang.invoicing.vat import VatRate
from samklang.ledger.model.chart import AccountNumber
from samklang.ledger.payables.model.suppliers import VatKind
from samklang.platform.money import LIMIT, Money, MoneyInput
from samklang.platform.shapes import Code, Day, Line, Shape

ACCRUED = "1790"
"""Prepaid costs (BAS 17: förutbetalda kostnader)."""

LONGEST_ACCRUAL = 36
"""Months: every month's voucher is written when the invoice is registered, in the same transaction."""

Signed = Annotated[MoneyInput, Field(gt=-LIMIT, lt=LIMIT)]
"""Öre; below zero on a credit note."""


def _not_zero(value: int) -> int:
    if not value:
        raise ValueError("must not be zero")
    return value


NotZero = Annotated[Signed, AfterValidator(_not_zero)]


def _ocr(text: str) -> str:
    digits = "".join(text.split())
    if not is_valid_ocr(digits, length_digit=False):
        raise ValueError(
            "must be an OCR number of 2-25 digits with a right check digit; send others as message"
        )
    return digits


class AccrualInput(Shape):
    """Over which months a cost is spread."""

    first_month: Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-12"])]
    months: Annotated[int, Field(ge=1, le=LONGEST_ACCRUAL, strict=True)]
    account: AccountNumber = ACCRUED
    """Where the cost lies until its months."""


class CostRowInput(Shape):
    """A cost on a supplier invoice."""

    account: AccountNumber | None = None
    """The supplier's account for costs if left out."""
    text: Line | None = None
    net: NotZero
    """Without VAT; below zero for a deduction."""
    vat_kind: VatKind | None = None
    """As the supplier's if left out."""
    vat_rate: VatRate = "25"
    accrual: AccrualInput | None = None

    @model_validator(mode="after")
    def _taxed(self) -> Self:
        if self.vat_rate == "0" and self.vat_kind not in {None, "domestic"}:
            raise ValueError("the buyer owes VAT at 25, 12 or 6 %: send the row as domestic if there is none")
        return self


class VatAmountInput(Shape):
    """The VAT of a rate as it stands on the invoice."""

    rate: VatRate
    amount: Signed


class SupplierInvoiceInput(Shape):
    """A supplier invoice, or (with amounts below zero) a supplier's credit note."""

    supplier_id: Annotated[str, Field(pattern=r"^sup_[0-9a-z]{20}$")]
    number: Code
    """The supplier's own."""
    invoice_date: Day
    posting_date: Day | None = None
    """When it is posted; the invoice's date if left out."""
    due_date: Day | None = None
    """By the supplier's terms if left out."""
    currency: Literal["SEK"] = "SEK"
    ocr: Annotated[str, Field(max_length=40), AfterValidator(_ocr)] | None = None
    message: Annotated[Line, Field(max_length=140)] | None = None
    """What to tell the supplier with the payment, where there is no OCR number; its own invoice number if
    left out."""
    total: NotZero
    """To pay."""
    vat_amounts: Annotated[list[VatAmountInput], Field(max_length=3)] = Field(default_factory=list)
    """The VAT on the invoice, where it differs by öre from what follows from the rows."""
    rows: Annotated[list[CostRowInput], Field(min_length=1, max_length=100)]
    document_id: Annotated[str, Field(pattern=r"^doc_[0-9a-z]{20}$")] | None = None
    """The document it was registered from."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.due_date and self.due_date < self.invoice_date:
            raise ValueError("due_date must not be before invoice_date")
        if self.ocr and self.message:
            raise ValueError("send either ocr or message: a payment tells the supplier one of them")
        rates = [each.rate for each in self.vat_amounts]
        if len(set(rates)) != len(rates) or "0" in rates:
            raise ValueError("vat_amounts must have each of the rates 25, 12 and 6 once at most")
        return self


class CostRow(Shape):
    """A cost on a supplier invoice, with what the supplier's settings gave."""

    account: str
    text: str | None
    net: Money
    vat_kind: VatKind
    vat_rate: VatRate
    accrual: AccrualInput | None


class InputVat(Shape):
    """The VAT of a rate."""

    rate: VatRate
    amount: Money


class SupplierReversal(Shape):
    """That it was taken back."""

    date: date
    voucher_id: str | None
    """None if nothing had been posted: by the cash method, before it was paid."""


class SupplierInvoice(Shape):
    """A supplier invoice in the payables subledger."""

    supplier_invoice_id: str
    supplier_id: str
    supplier: str
    number: str
    invoice_date: date
    posting_date: date
    due_date: date
    currency: Literal["SEK"]
    ocr: str | None
    message: str | None
    total: Money
    vat_amounts: list[InputVat]
    """Input VAT that the supplier charged, by rate."""
    rows: list[CostRow]
    document_id: str | None
    status: Literal["open", "ordered", "partly_paid", "paid", "reversed"]
    paid: Money
    remaining: Money
    voucher_id: str | None
    """None by the cash method, where it is posted when it is paid."""
    accrual_voucher_ids: list[str]
    payment_order_id: str | None
    """The order to the bank it is in, while that waits."""
    reversal: SupplierReversal | None
    created_at: str
    version: int


class SupplierInvoicePage(Shape):
    """Some supplier invoices."""

    items: list[SupplierInvoice]
    next: str | None


class SupplierInvoiceReversalInput(Shape):
    """When a supplier invoice is taken back."""

    date: Day | None = None
    """Today if left out."""
