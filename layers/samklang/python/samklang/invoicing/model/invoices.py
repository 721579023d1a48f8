"""Invoices and credit notes: what they are and how they add up."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from samklang.invoicing.model.registers import Channel, CustomerAddress, UnitPrice
from samklang.invoicing.vat import Kind, Treatment, VatClass, VatCode, VatRate
from samklang.platform.money import LIMIT, Money, round_half_up
from samklang.platform.problems import Problem
from samklang.platform.shapes import Code, Day, Line, Name, Percent, Quantity, Shape, SignedQuantity

Id = Annotated[str, Field(pattern=r"^[a-z]{2,4}_[0-9a-z]{20}$")]

MAX_ROWS = 500

# ---------------------------------------------------------------- what the client writes


class InvoiceRowInput(Shape):
    """One row: an article, or free text with its own price and rate, or ``text`` alone."""

    text: Line | None = None
    """Words between the rows, without figures."""
    article_id: Id | None = None
    description: Line | None = None
    quantity: Quantity = Decimal(1)
    unit: Code | None = None
    unit_price: UnitPrice | None = None
    vat_rate: VatRate | None = None
    vat_class: VatClass | None = None
    """Instead of ``vat_rate``: the rate follows from the day of supply."""
    kind: Kind | None = None
    discount_percent: Annotated[Percent, Field(le=100)] = Decimal(0)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.text is not None:
            if self.model_fields_set - {"text"}:
                raise ValueError("must have `text` alone: a text row has no figures")
        elif self.article_id is None:
            rate = self.vat_rate or self.vat_class
            named = {"description": self.description, "unit_price": self.unit_price, "vat_rate": rate}
            missing = [name for name, value in named.items() if value is None]
            if missing:
                raise ValueError(f"must have an article_id, or else {', '.join(missing)}")
        if self.vat_class and (self.vat_rate or self.article_id):
            raise ValueError(
                "must have vat_class alone: without vat_rate, and not with an article's own class"
            )
        return self


class InvoiceInput(Shape):
    """A draft as the client writes it."""

    customer_id: Id
    invoice_date: Day | None = None
    delivery_date: Day | None = None
    due_date: Day | None = None
    your_reference: Name | None = None
    our_reference: Name | None = None
    order_reference: Name | None = None
    vat_treatment: Treatment | None = None
    """As the customer's own if left out."""
    round_to_krona: bool = False
    """Öresavrundning: what is to pay, and that alone, is rounded to whole kronor (lag 1970:1029)."""
    rows: Annotated[list[InvoiceRowInput], Field(min_length=1, max_length=MAX_ROWS)]


class CreditRowInput(Shape):
    """How much of a row of the original is credited."""

    row: Annotated[int, Field(ge=0, lt=MAX_ROWS, strict=True)]
    """Its place among the original's rows, from 0."""
    quantity: Quantity | None = None
    """All that is left of it if none is given."""


class CreditInput(Shape):
    """What is credited of an invoice: all that is left of it, or some of its rows."""

    invoice_date: Day | None = None
    reason: Line | None = None
    rows: Annotated[list[CreditRowInput], Field(min_length=1, max_length=MAX_ROWS)] | None = None


class IssueManyInput(Shape):
    """Drafts to issue, in this order."""

    invoice_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.invoice_ids)) != len(self.invoice_ids):
            raise ValueError("must name each invoice once")
        return self


# ---------------------------------------------------------------- what it becomes


class InvoiceRow(Shape):
    """A row with all that stands on the invoice. A credit note's quantities and amounts are negative."""

    article_id: str | None
    description: str
    quantity: SignedQuantity
    unit: str
    unit_price: Money
    vat_rate: VatRate
    vat_class: VatClass | None
    """The class the rate was taken from, or none if the rate was given."""
    vat_code: VatCode
    kind: Kind
    discount_percent: Percent
    amount: Money
    """Öre, without VAT."""


class TextRow(Shape):
    """Words between the rows, without figures."""

    text: str


class VatLine(Shape):
    """What is sold at one rate on one ground, and its VAT."""

    vat_code: VatCode
    vat_rate: VatRate
    base: Money
    vat: Money


class Buyer(Shape):
    """The customer as it stood on the invoice when issued."""

    name: str
    number: str | None = None
    kind: Literal["company", "private"] = "company"
    org_no: str | None = None
    vat_no: str | None = None
    vat_treatment: Treatment = "domestic"
    """The customer's own; the invoice may have another."""
    address: CustomerAddress | None = None
    delivery_address: CustomerAddress | None = None
    payment_terms_days: int


class VoucherReference(Shape):
    """Where in the ledger it is posted."""

    voucher_id: str
    series: str
    number: int
    date: date


class LedgerState(Shape):
    """How far it has come on the ledger's side."""

    status: Literal["pending", "posted", "parked"]
    voucher: VoucherReference | None = None
    reason: str | None = None


DeliveryStatus = Literal["queued", "sent", "delivered", "bounced", "complained", "failed", "printed"]


class DeliveryState(Shape):
    """How the latest sending to the customer went."""

    delivery_id: str
    channel: Channel
    to: str | None
    """The address of an e-mail."""
    status: DeliveryStatus
    at: str
    reason: str | None = None


class DunningState(Shape):
    """The step taken last for want of payment."""

    stage: Literal["reminder_1", "reminder_2", "reminder_3", "collection_notice", "handed_over"]
    date: date


class Original(Shape):
    """The invoice that a credit note credits."""

    invoice_id: str
    number: int
    invoice_date: date
    settled: Money
    """Öre of the credit taken off what remained of it (zero or more)."""
    rows: list[int]
    """For each row of the credit note, the original's row that it credits."""


class CreditNoteReference(Shape):
    """A credit note of an invoice."""

    invoice_id: str
    number: int
    total: Money
    """Below zero."""


DocumentKind = Literal["invoice", "credit_note"]
InvoiceStatus = Literal[
    "draft", "issued", "sent", "partly_paid", "paid", "written_off", "credited", "settled"
]
"""``written_off``: nothing is left to pay, since the bureau wrote the rest off as a bad debt. ``settled``: a
credit note with nothing left to set off or pay back."""


class Invoice(Shape):
    """A customer invoice or credit note; a draft has no number. A credit note's amounts are negative."""

    invoice_id: str
    kind: DocumentKind
    customer_id: str
    customer_name: str
    status: InvoiceStatus
    number: int | None
    ocr: str | None
    invoice_date: date | None
    delivery_date: date | None
    due_date: date | None
    your_reference: str | None
    our_reference: str | None
    order_reference: str | None
    vat_treatment: Treatment
    round_to_krona: bool
    rows: list[InvoiceRow | TextRow]
    vat_lines: list[VatLine]
    net: Money
    vat: Money
    rounding: Money
    total: Money
    credited: Money
    """What its credit notes credit, zero or more."""
    paid: Money
    written_off: Money = 0
    """What the bureau has written off as a bad debt."""
    remaining: Money
    buyer: Buyer
    original: Original | None
    """Of a credit note."""
    credit_notes: list[CreditNoteReference]
    reason: str | None
    """Why a credit note was made."""
    sent_at: str | None
    delivery: DeliveryState | None
    ledger: LedgerState | None
    dunning: DunningState | None = None
    logo: str | None
    """Which logo stands on it."""
    version: int

    @property
    def set_off(self) -> int:
        """What credit notes have taken off what remained of it, in öre."""
        return self.total - self.paid - self.written_off - self.remaining

    @property
    def sales(self) -> list[InvoiceRow]:
        """The rows with figures."""
        return [row for row in self.rows if isinstance(row, InvoiceRow)]


class InvoiceSummary(Shape):
    """An invoice or credit note in a list."""

    invoice_id: str
    kind: DocumentKind
    customer_id: str
    customer_name: str
    status: InvoiceStatus
    number: int | None
    ocr: str | None
    invoice_date: date | None
    due_date: date | None
    overdue: bool
    total: Money
    credited: Money
    paid: Money
    written_off: Money
    remaining: Money
    delivery: DeliveryState | None
    ledger: LedgerState | None
    dunning: DunningState | None


class InvoiceSums(Shape):
    """How many they are and what they come to."""

    count: int
    total: Money
    paid: Money
    remaining: Money


class InvoicePage(Shape):
    """Some invoices, and the sums of those."""

    items: list[InvoiceSummary]
    sums: InvoiceSums
    next: str | None


class IssueRefusal(Shape):
    """Why something was not done."""

    code: str
    detail: str


class IssueOutcome(Shape):
    """What became of one draft of many."""

    invoice_id: str
    outcome: Literal["issued", "already_issued", "refused"]
    number: int | None
    total: Money | None
    refusal: IssueRefusal | None


class IssueManyResult(Shape):
    """What became of each draft, in the order they were named."""

    items: list[IssueOutcome]
    issued: int
    already_issued: int
    refused: int


class OpenInvoice(Shape):
    """What remains to pay of an issued invoice, or to set off of a credit note (below zero)."""

    invoice_id: str
    number: int
    ocr: str
    customer_id: str
    customer_name: str
    total: Money
    remaining: Money
    due_date: date


# ---------------------------------------------------------------- how it adds up


class Totals(NamedTuple):
    """The sums of an invoice, in öre."""

    vat_lines: list[VatLine]
    net: int
    vat: int
    rounding: int
    total: int


def row_amount(quantity: Decimal, unit_price: int, discount_percent: Decimal) -> int:
    """A row's amount in öre without VAT, rounded half up once, after the discount."""
    return round_half_up(quantity * unit_price * (100 - discount_percent) / 100)


def vat_on(base: int, rate: VatRate) -> int:
    """The VAT in öre on a sum of rows, half up (standards 05; EN 16931 BR-CO-17)."""
    return round_half_up(Decimal(base) * int(rate) / 100)


def bases_of(rows: list[InvoiceRow | TextRow]) -> dict[tuple[VatCode, VatRate], int]:
    """What the rows come to at each rate and on each ground, in öre without VAT."""
    bases: dict[tuple[VatCode, VatRate], int] = {}
    for row in rows:
        if isinstance(row, InvoiceRow):
            bases[row.vat_code, row.vat_rate] = bases.get((row.vat_code, row.vat_rate), 0) + row.amount
    return bases


def vat_lines_of(rows: list[InvoiceRow | TextRow]) -> list[VatLine]:
    """One line per rate and ground, the highest rate first, VAT computed on the line's sum."""
    return [
        VatLine(vat_code=code, vat_rate=rate, base=base, vat=vat_on(base, rate))
        for (code, rate), base in sorted(
            bases_of(rows).items(), key=lambda line: (-int(line[0][1]), line[0][0])
        )
    ]


def totals(rows: list[InvoiceRow | TextRow], *, round_to_krona: bool) -> Totals:
    """Add up per rate; what is to pay is rounded to whole kronor if so chosen (lag 1970:1029).

    Raises:
        Problem: ``negative-total``, or ``validation`` above what the books can hold.
    """
    lines = vat_lines_of(rows)
    net, vat = sum(line.base for line in lines), sum(line.vat for line in lines)
    if net + vat < 0:
        raise Problem("negative-total", "The rows add up to less than nothing. Write a credit note instead.")
    rounding = round_half_up(Decimal(net + vat) / 100) * 100 - (net + vat) if round_to_krona else 0
    amounts = [row.amount for row in rows if isinstance(row, InvoiceRow)]
    parts = [*amounts, *(line.base for line in lines), net + vat, net + vat + rounding]
    if any(abs(part) >= LIMIT for part in parts):
        raise Problem("validation", "The invoice adds up to more than the books can hold.")
    return Totals(lines, net, vat, rounding, net + vat + rounding)


def status_of(
    *,
    kind: DocumentKind,
    number: int | None,
    total: int,
    credited: int,
    paid: int,
    remaining: int,
    sent: bool,
    written_off: int = 0,
) -> InvoiceStatus:
    """How far an invoice has come, from its figures in öre."""
    if number is None:
        return "draft"
    if kind == "credit_note":
        return "settled" if remaining >= 0 else "sent" if sent else "issued"
    if credited and credited >= total:
        return "credited"
    if remaining <= 0:
        return "written_off" if written_off else "paid"
    if paid > 0:
        return "partly_paid"
    return "sent" if sent else "issued"
