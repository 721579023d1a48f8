"""Payments: what was paid, how it is spread over invoices, and what payment files say."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from samklang.invoicing.model.invoices import Id, LedgerState
from samklang.platform.money import LIMIT, Money, MoneyInput, format_sek
from samklang.platform.problems import FieldError, Problem
from samklang.platform.shapes import Day, Line, Shape, Upload

Method = Literal["bank", "swish", "card", "cash"]
Origin = Literal["invoicing", "ledger"]
"""The side a payment was registered on."""

Paid = Annotated[MoneyInput, Field(gt=0, lt=LIMIT)]
"""Öre above zero."""

MAX_ALLOCATIONS = 40
"""Invoices one payment can pay; payment, invoices, voucher and balances fit in one transaction."""


class AllocationInput(Shape):
    """How much of a payment goes to an invoice."""

    invoice_id: Id
    amount: Paid


class PaymentInput(Shape):
    """A payment as somebody registers it."""

    payment_date: Day
    amount: Paid
    method: Method = "bank"
    allocations: Annotated[list[AllocationInput], Field(min_length=1, max_length=MAX_ALLOCATIONS)]
    text: Line | None = None

    @model_validator(mode="after")
    def _each_once(self) -> "PaymentInput":
        ids = [each.invoice_id for each in self.allocations]
        if len(ids) != len(set(ids)):
            raise ValueError("must name each invoice once: add its amounts up")
        return self


class Allocation(Shape):
    """How much of a payment went to an invoice."""

    invoice_id: str
    invoice_number: int
    amount: Money


class Reversal(Shape):
    """That a payment was taken back."""

    date: date
    origin: Origin


class Payment(Shape):
    """A payment from a customer; it never changes, but can be reversed once."""

    payment_id: str
    payment_date: date
    amount: Money
    method: Method
    allocations: list[Allocation]
    customer_id: str
    credit: Money
    """Öre paid above the allocations; kept as the customer's credit."""
    text: str | None
    origin: Origin
    source: str | None
    """The payment file and the bank's reference, when it came from a file."""
    reversal: Reversal | None
    sync: Literal["pending", "synchronised"]
    """Whether both sides have it."""
    ledger: LedgerState
    version: int


class PaymentPage(Shape):
    """Some payments."""

    items: list[Payment]
    next: str | None


class ReverseInput(Shape):
    """When a payment was taken back."""

    date: Day | None = None


def check_allocations(amount: int, allocated: int) -> int:
    """What of a payment is left for the customer's credit, in öre.

    Raises:
        Problem: ``allocations-differ`` when more is allocated than was paid.
    """
    if allocated > amount:
        raise Problem(
            "allocations-differ",
            "The allocations add up to more than the payment. Lower them or raise the amount.",
            (FieldError("/allocations", "sum", "adds up to more than /amount"),),
        )
    return amount - allocated


def check_remaining(invoice_number: int, amount: int, remaining: int) -> None:
    """Refuse more on an invoice than remains of it, in öre, on the side that registers.

    Raises:
        Problem: ``allocation-exceeds``.
    """
    if amount > remaining:
        left = format_sek(remaining) if remaining > 0 else "Nothing"
        raise Problem(
            "allocation-exceeds", f"{left} remains of invoice {invoice_number}. Allocate at most that."
        )


# ---------------------------------------------------------------- payment files

FileStatus = Literal["waiting", "reading", "done", "refused", "interrupted"]
"""``interrupted``: the payment handler was changed in the middle; what was registered before stands."""
Match = Literal["exact", "proposed", "unmatched"]


class PaymentFileInput(Shape):
    """The payment file to come."""

    filename: Line
    content_type: Literal["text/plain", "application/xml", "text/xml", "application/octet-stream"] = (
        "application/octet-stream"
    )


class NewPaymentFile(Shape):
    """Where to upload the payment file."""

    file_id: str
    upload: Upload


class Refusal(Shape):
    """Why a file was refused whole: the record at fault, the check, what was expected and found."""

    check: str
    message: str
    record: int | None
    expected: str | None
    found: str | None


class Proposal(Shape):
    """An invoice a payment may be for, and what speaks for it."""

    invoice_id: str
    invoice_number: int
    remaining: Money
    reasons: list[str]


class FilePayment(Shape):
    """A payment in a file and what became of it."""

    record: int
    payment_date: date
    amount: Money
    currency: str
    payer: str | None
    references: list[str]
    bank_reference: str | None
    match: Match
    reasons: list[str]
    proposals: list[Proposal]
    payment_id: str | None
    """The payment it was registered as."""
    duplicate: bool = False
    """It came before, in this or another file."""


class FileTotals(Shape):
    """What a file adds up to."""

    payments: int
    amount: Money
    """SEK in the whole file; payments in other currencies are not added up."""
    exact: int
    proposed: int
    unmatched: int
    duplicates: int


class PaymentFile(Shape):
    """A payment file and what was found in it."""

    file_id: str
    filename: str
    status: FileStatus
    format: Literal["bgmax", "camt.054", "camt.053"] | None
    uploaded_by: Literal["client", "bureau"]
    created_at: str
    totals: FileTotals | None
    payments: list[FilePayment]
    refusal: Refusal | None


class PaymentFilePage(Shape):
    """Some payment files, without their payments."""

    items: list[PaymentFile]
    next: str | None
