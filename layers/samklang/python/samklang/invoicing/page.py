"""What stands on the page of an invoice or a credit note: ready figures and texts, nothing left to work out.

The content follows 17 kap. 24 § mervärdesskattelagen (2023:200), for credit notes 17 kap. 22-23 §§.
Every amount is in öre. A credit note's amounts are positive: they say how much is credited.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

type Percent = Decimal | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The seller or the buyer. How to pay, seat and F-tax are the seller's."""

    name: str
    address: tuple[str, ...] = ()
    """Lines as on an envelope, without the name."""
    org_no: str | None = None
    vat_no: str | None = None
    seat: str | None = None
    """Säte: a limited company tells it on its invoices (28 kap. 5 § aktiebolagslagen)."""
    email: str | None = None
    phone: str | None = None
    f_tax: bool = False
    bankgiro: str | None = None
    plusgiro: str | None = None
    iban: str | None = None
    bic: str | None = None
    swish: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """A sold article or service."""

    description: str
    quantity: Decimal
    unit: str = ""
    unit_price: int
    """Öre without VAT, before the discount."""
    discount_percent: Percent | None = None
    vat_rate: Percent | None
    """None: no VAT is charged, and a note on the page says why."""
    vat_label: str | None = None
    """What a sale without VAT rests on, as on its :class:`VatLine`. Printed when the page has several."""
    amount: int
    """Öre without VAT, after the discount."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """Words between the rows, without figures. May hold line breaks."""

    text: str


@dataclass(frozen=True, slots=True)
class VatLine:
    """Taxable amount and VAT of one rate, in öre, or of one ground for charging none."""

    rate: Percent | None
    base: int
    vat: int
    label: str | None = None
    """Of a rate of None, such as "Export"; without it the line says "Utan moms"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePage:
    """All that is printed.

    Raises:
        ValueError: the figures do not add up, a credit note names no original, or what is no draft has no
            number or date.
    """

    kind: Literal["invoice", "credit_note"] = "invoice"
    draft: bool = False
    """Printed to be looked at: marked on every page, without a number and without a way to pay."""
    number: str | None = None
    invoice_date: date | None = None
    """A draft may have none yet."""
    due_date: date | None = None
    delivery_date: date | None = None
    """When it differs from the invoice date."""
    seller: Party
    logo: bytes | None = None
    """The seller's, in place of its name at the head: PNG, JPEG or SVG, let through by
    :func:`samklang.invoicing.logo.check_logo`."""
    buyer: Party
    customer_number: str | None = None
    delivery_address: tuple[str, ...] = ()
    """Lines as on an envelope, when it differs from the buyer's address."""
    your_reference: str | None = None
    order_reference: str | None = None
    """The buyer's order number."""
    our_reference: str | None = None
    rows: tuple[PageRow | TextRow, ...]
    vat_lines: tuple[VatLine, ...]
    net: int
    vat: int
    rounding: int = 0
    """Öresavrundning: what was added to come to whole kronor."""
    total: int
    """To pay, or credited."""
    ocr: str | None = None
    credited_number: str | None = None
    credited_date: date | None = None
    notes: tuple[str, ...] = ()
    """Such as "Omvänd betalningsskyldighet" and the paragraph that a sale without VAT rests on."""
    late_interest_text: str | None = None

    def __post_init__(self) -> None:
        if self.net + self.vat + self.rounding != self.total:
            raise ValueError("net, vat and rounding do not make total")
        if sum(line.base for line in self.vat_lines) != self.net:
            raise ValueError("the bases of vat_lines do not make net")
        if sum(line.vat for line in self.vat_lines) != self.vat:
            raise ValueError("vat_lines do not make vat")
        if self.kind == "credit_note" and not self.credited_number:
            raise ValueError("a credit note must name the invoice it credits")
        if self.draft and self.number:
            raise ValueError("a draft has no number")
        if not self.draft and not (self.number and self.invoice_date):
            raise ValueError("only a draft may lack number or invoice_date")
