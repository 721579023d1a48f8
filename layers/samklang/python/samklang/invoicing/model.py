"""Customers, articles and invoices: what they are and how an invoice adds up."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from samklang.formats.identity import parse_postcode
from samklang.platform.money import LIMIT, Money, MoneyInput, round_half_up
from samklang.platform.problems import Problem
from samklang.platform.shapes import Code, Day, Line, Name, Percent, Quantity, Shape
from samklang.platform.swedish import Email, OrgNo, VatNo

# ---------------------------------------------------------------- fields


def _read_rate(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


VatRate = Annotated[
    Literal["25", "12", "6", "0"],
    BeforeValidator(_read_rate),
    WithJsonSchema({"enum": ["25", "12", "6", "0", 25, 12, 6, 0], "examples": ["25"]}),
]
"""VAT in percent (mervärdesskattelagen 9 kap.): standard, reduced, low, none."""

Id = Annotated[str, Field(pattern=r"^[a-z]{2,4}_[0-9a-z]{20}$")]
Terms = Annotated[int, Field(ge=0, le=365, strict=True)]
"""Days to pay."""

UnitPrice = Annotated[MoneyInput, Field(ge=-LIMIT // 1000, le=LIMIT // 1000)]
"""Öre per unit, without VAT. Negative for a deduction."""


# ---------------------------------------------------------------- registers


class CustomerAddress(Shape):
    """Where the customer is; a Swedish postcode is checked and kept as five digits."""

    street: Line
    postcode: Code
    city: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "SE"

    @model_validator(mode="before")
    @classmethod
    def _swedish_postcode(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("country", "SE") == "SE":
            postcode = given.get("postcode")
            if isinstance(postcode, str):
                return given | {"postcode": parse_postcode(postcode)}
        return given


class CustomerInput(Shape):
    """What the client says of a customer."""

    name: Name
    kind: Literal["company", "private"] = "company"
    org_no: OrgNo | None = None
    vat_no: VatNo | None = None
    email: Email | None = None
    address: CustomerAddress | None = None
    payment_terms_days: Terms = 30
    your_reference: Name | None = None
    active: bool = True


class Customer(CustomerInput):
    """A customer of the company."""

    customer_id: str
    version: int


class CustomerPage(Shape):
    """Some customers."""

    items: list[Customer]
    next: str | None


class ArticleInput(Shape):
    """What the client says of an article."""

    name: Name
    unit: Code = "st"
    unit_price: UnitPrice
    vat_rate: VatRate = "25"
    kind: Literal["goods", "service"] = "service"
    active: bool = True


class Article(ArticleInput):
    """An article of the company."""

    article_id: str
    unit_price: Money
    version: int


class ArticlePage(Shape):
    """Some articles."""

    items: list[Article]
    next: str | None


# ---------------------------------------------------------------- invoices


class InvoiceRowInput(Shape):
    """One row: an article, or free text with its own price and rate."""

    article_id: Id | None = None
    description: Line | None = None
    quantity: Quantity = Decimal(1)
    unit: Code | None = None
    unit_price: UnitPrice | None = None
    vat_rate: VatRate | None = None
    discount_percent: Annotated[Percent, Field(le=100)] = Decimal(0)

    @model_validator(mode="after")
    def _complete(self) -> "InvoiceRowInput":
        if self.article_id is None:
            missing = [
                name for name in ("description", "unit_price", "vat_rate") if getattr(self, name) is None
            ]
            if missing:
                raise ValueError(f"must have an article_id, or else {', '.join(missing)}")
        return self


class InvoiceInput(Shape):
    """A draft as the client writes it."""

    customer_id: Id
    invoice_date: Day | None = None
    delivery_date: Day | None = None
    due_date: Day | None = None
    your_reference: Name | None = None
    our_reference: Name | None = None
    rows: Annotated[list[InvoiceRowInput], Field(min_length=1, max_length=500)]


class InvoiceRow(Shape):
    """A row with all that stands on the invoice."""

    article_id: str | None
    description: str
    quantity: Quantity
    unit: str
    unit_price: Money
    vat_rate: VatRate
    discount_percent: Percent
    amount: Money
    """Öre, without VAT."""


class VatLine(Shape):
    """What is sold at one rate, and its VAT."""

    vat_rate: VatRate
    base: Money
    vat: Money


class Buyer(Shape):
    """The customer as it stood on the invoice when issued."""

    name: str
    org_no: str | None = None
    vat_no: str | None = None
    address: CustomerAddress | None = None
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


InvoiceStatus = Literal["draft", "issued", "partly_paid", "paid"]


class Invoice(Shape):
    """A customer invoice; a draft has no number."""

    invoice_id: str
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
    rows: list[InvoiceRow]
    vat_lines: list[VatLine]
    net: Money
    vat: Money
    total: Money
    paid: Money
    remaining: Money
    buyer: Buyer
    ledger: LedgerState | None
    version: int


class InvoicePage(Shape):
    """Some invoices."""

    items: list[Invoice]
    next: str | None


class Totals(Shape):
    """The sums of an invoice, in öre."""

    vat_lines: list[VatLine]
    net: Money
    vat: Money
    total: Money


def row_amount(quantity: Decimal, unit_price: int, discount_percent: Decimal) -> int:
    """A row's amount in öre without VAT, rounded half up once, after the discount."""
    return round_half_up(quantity * unit_price * (100 - discount_percent) / 100)


def totals(rows: list[InvoiceRow]) -> Totals:
    """Add up per rate, VAT computed on each rate's sum, half up (standards 05; EN 16931 BR-CO-17).

    Raises:
        Problem: ``negative-total``, or ``validation`` above what the books can hold.
    """
    bases: dict[str, int] = {}
    for row in rows:
        bases[row.vat_rate] = bases.get(row.vat_rate, 0) + row.amount
    lines = [
        VatLine(vat_rate=cast("VatRate", rate), base=base, vat=round_half_up(Decimal(base) * int(rate) / 100))
        for rate, base in sorted(bases.items(), key=lambda line: -int(line[0]))
    ]
    net, vat = sum(line.base for line in lines), sum(line.vat for line in lines)
    if net + vat < 0:
        raise Problem("negative-total", "The rows add up to less than nothing. Write a credit note instead.")
    if net + vat >= LIMIT:
        raise Problem("validation", "The invoice adds up to more than the books can hold.")
    return Totals(vat_lines=lines, net=net, vat=vat, total=net + vat)


def status_of(total: int, remaining: int) -> InvoiceStatus:
    """The status of an issued invoice from what remains of it."""
    if remaining <= 0:
        return "paid"
    return "issued" if remaining == total else "partly_paid"


class OpenInvoice(Shape):
    """What remains to pay of an issued invoice."""

    invoice_id: str
    number: int
    ocr: str
    customer_id: str
    customer_name: str
    total: Money
    remaining: Money
    due_date: date
