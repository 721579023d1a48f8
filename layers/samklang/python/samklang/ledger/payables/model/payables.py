"""Open items of the payables subledger, as they are kept and as they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from samklang.ledger.model.aging import Aged
from samklang.ledger.model.receivables import OPEN
from samklang.ledger.payables.model.invoices import InputVat, SupplierInvoice, SupplierReversal
from samklang.platform.money import Money
from samklang.platform.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.vat import VatRate
    from samklang.ledger.cash_method import Parts
    from samklang.ledger.payables.model.invoices import CostRow


@dataclass(frozen=True, slots=True)
class PayableEntry:
    """A change of what remains: a payment (below zero), its reversal, the invoice's own reversal."""

    date: date
    amount: int
    cause: str
    """``supplier_payment/<id>/registered``, ``supplier_payment/<id>/reversed``,
    ``supplier_invoice/<id>/reversed``."""
    on_account: bool
    """Whether it moved account 2440: by the cash method only once a year's end has put the item there."""

    @property
    def is_payment(self) -> bool:
        """Whether it is a payment, or one taken back."""
        return self.cause.startswith("supplier_payment/")


@dataclass(slots=True)
class Payable:
    """An open item: a supplier invoice and everything that changed what remains of it. Öre.

    A supplier's credit note is an item of its own, its total below zero.
    """

    supplier_invoice_id: str
    supplier_id: str
    supplier: str
    number: str
    invoice_date: date
    posting_date: date
    due_date: date
    total: int
    rows: list[CostRow]
    vat: Mapping[VatRate, int]
    """Input VAT that the supplier charged, by rate."""
    ocr: str | None
    message: str | None
    document_id: str | None
    voucher_id: str | None
    accrual_voucher_ids: list[str]
    request_id: str
    created_at: str
    bought: Parts = field(default_factory=dict)
    """By the cash method: what the purchase is made of, by account; together the total."""
    posted: Parts = field(default_factory=dict)
    """By the cash method: what of it is posted."""
    put_on_account: list[tuple[date, int]] = field(default_factory=list)
    """What account 2440 got of it, and when: the total at once; by the cash method what was unpaid at a
    fiscal year's end."""
    entries: list[PayableEntry] = field(default_factory=list)
    order_id: str | None = None
    """The order to the bank it is in, while that waits."""
    reversal: SupplierReversal | None = None
    version: int = 0

    @property
    def remaining(self) -> int:
        """What remains, all entries counted."""
        return self.total + sum(entry.amount for entry in self.entries)

    def remaining_on(self, day: date) -> int:
        """What remained at the end of a day; below zero when it was paid before it was posted."""
        invoiced = self.total if self.posting_date <= day else 0
        return invoiced + sum(entry.amount for entry in self.entries if entry.date <= day)

    @property
    def on_account(self) -> int:
        """What of it is on account 2440, all entries counted."""
        return self.on_account_on(date.max)

    def on_account_on(self, day: date) -> int:
        """What of it was on account 2440 at the end of a day."""
        put = sum(amount for when, amount in self.put_on_account if when <= day)
        return put + sum(entry.amount for entry in self.entries if entry.on_account and entry.date <= day)

    @property
    def closed_on(self) -> str:
        """The day from which nothing remains; :data:`OPEN` while something does."""
        if self.remaining:
            return OPEN
        days = [self.posting_date, *(entry.date for entry in self.entries)]
        return max([*days, *(day for day, _ in self.put_on_account)]).isoformat()

    def shown(self) -> SupplierInvoice:
        """The invoice as it is shown."""
        return SupplierInvoice(
            supplier_invoice_id=self.supplier_invoice_id,
            supplier_id=self.supplier_id,
            supplier=self.supplier,
            number=self.number,
            invoice_date=self.invoice_date,
            posting_date=self.posting_date,
            due_date=self.due_date,
            currency="SEK",
            ocr=self.ocr,
            message=self.message,
            total=self.total,
            vat_amounts=[
                InputVat.model_validate({"rate": rate, "amount": amount}) for rate, amount in self.vat.items()
            ],
            rows=self.rows,
            document_id=self.document_id,
            status=self._status(),
            paid=0 if self.reversal else self.total - self.remaining,
            remaining=self.remaining,
            voucher_id=self.voucher_id,
            accrual_voucher_ids=self.accrual_voucher_ids,
            payment_order_id=self.order_id,
            reversal=self.reversal,
            created_at=self.created_at,
            version=self.version,
        )

    def _status(self) -> str:
        if self.reversal:
            return "reversed"
        if not self.remaining:
            return "paid"
        if self.order_id:
            return "ordered"
        return "open" if self.remaining == self.total else "partly_paid"


class PayableItem(Shape):
    """An open item as of a date; a credit note's amounts are below zero."""

    supplier_invoice_id: str
    number: str
    supplier_id: str
    supplier: str
    total: Money
    remaining: Money
    invoice_date: date
    due_date: date
    age: int
    """Days past due; below zero when not yet due."""


class Payables(Shape):
    """The payables subledger as of a date, beside account 2440 on that date."""

    as_of: date
    items: list[PayableItem]
    next: str | None
    aged: Aged
    total: Money
    on_account: Money
    """What of the total account 2440 shall have: all of it by the invoice method; by the cash method what was
    unpaid at the end of a fiscal year, and is still."""
    account_2440: Money
    """A debt, turned to be compared: above zero in credit."""


class DueItem(PayableItem):
    """An invoice to pay, and whether a file to the bank can have it."""

    payable_by_file: bool
    hindrance: str | None
    """Why it cannot be in a payment order now."""


class DueList(Shape):
    """What is to be paid until a day."""

    until: date
    items: list[DueItem]
    next: str | None
    total: Money


StatementKind = Literal["invoice", "credit_note", "payment", "payment_reversed", "invoice_reversed"]


class StatementEntry(Shape):
    """Something that changed what the company owes a supplier."""

    date: date
    kind: StatementKind
    supplier_invoice_id: str
    number: str
    supplier_payment_id: str | None
    amount: Money
    """Above zero what is owed more."""
    balance: Money


class SupplierStatement(Shape):
    """What the company owed a supplier, what changed it, and what it owed then."""

    supplier_id: str
    supplier: str
    first: date
    last: date
    opening: Money
    entries: list[StatementEntry]
    next: str | None
    closing: Money


class PayablesAgreement(Shape):
    """Whether the payables subledger and account 2440 agree."""

    agrees: bool
    subledger_balance: Money
    account_2440: Money
