"""What an e-invoice is written from. Amounts in öre."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from samklang.platform.money import round_half_up

_ROUNDING_LIMIT = 100
"""Öre. An amount this far from what its factors make is not rounded but wrong (BR-CO-17, BR-S-09)."""


class VatCategory(StrEnum):
    """How a row is taxed (UNCL 5305)."""

    STANDARD = "S"
    """25, 12 or 6 %."""
    REVERSE_CHARGE = "AE"
    """The buyer is liable: building services in Sweden, services to other EU countries."""
    EU_GOODS = "K"
    EXPORT = "G"
    """Goods and services that leave the EU."""
    EXEMPT = "E"


_RATES: dict[VatCategory, tuple[int, ...]] = {VatCategory.STANDARD: (25, 12, 6)}
"""What a category's rate may be; 0 for the others (SE-R-006, BR-AE-05 and so on)."""

GROUNDS: dict[VatCategory, tuple[str | None, str]] = {
    VatCategory.REVERSE_CHARGE: ("VATEX-EU-AE", "Omvänd betalningsskyldighet"),
    VatCategory.EU_GOODS: ("VATEX-EU-IC", "Momsfri försäljning av varor till ett annat EU-land"),
    VatCategory.EXPORT: ("VATEX-EU-G", "Export utanför EU"),
    VatCategory.EXEMPT: (None, ""),
}
"""Code, and the words if none are given. Why a sale is exempt cannot be told from its category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolEndpoint:
    """An electronic address in the Peppol network."""

    scheme: str
    """Of the code list EAS: ``0007`` Swedish organisation number, ``0088`` GLN."""
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolAddress:
    """A postal address."""

    street: str
    postcode: str = ""
    city: str
    country: str = "SE"
    """ISO 3166-1, two letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolParty:
    """The seller or the buyer. Seat and F-tax are the seller's."""

    name: str
    org_no: str | None = None
    """Swedish organisation or personal number, ten digits."""
    vat_no: str | None = None
    """Of any EU country."""
    address: PeppolAddress | None = None
    endpoint: PeppolEndpoint | None = None
    """Where it is not the organisation number or what the VAT number makes (:func:`.electronic_address`)."""
    contact: str | None = None
    phone: str | None = None
    email: str | None = None
    seat: str | None = None
    """Säte: a limited company tells it on its invoices (28 kap. 5 § aktiebolagslagen)."""
    f_tax: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolLine:
    """A sold article or service. What is deducted has a quantity or a price below zero.

    Raises:
        ValueError: the rate does not go with the category, or the amount is not what the row comes to.
    """

    description: str
    quantity: Decimal
    unit: str = ""
    """As people write it: ``st``, ``tim``, ``m2``."""
    unit_price: int
    """Öre without VAT, before the discount."""
    discount_percent: Decimal = Decimal(0)
    category: VatCategory = VatCategory.STANDARD
    rate: int
    """Percent."""
    amount: int
    """Öre without VAT, after the discount."""

    def __post_init__(self) -> None:
        _check_rate(self.category, self.rate)
        if not 0 <= self.discount_percent <= 100:  # noqa: PLR2004 - percent
            raise ValueError(f"a discount of {self.discount_percent} % is not between 0 and 100")
        if abs(self.amount - self.expected) >= _ROUNDING_LIMIT:
            raise ValueError(
                f"{self.amount} öre is not quantity × price less discount, which is {self.expected}"
            )

    @property
    def gross(self) -> int:
        """Öre before the discount."""
        return round_half_up(self.quantity * self.unit_price)

    @property
    def expected(self) -> int:
        """Öre after the discount. What credits the rest of a row may differ from it by some öre."""
        return round_half_up(self.quantity * self.unit_price * (100 - self.discount_percent) / 100)


@dataclass(frozen=True, slots=True)
class PeppolText:
    """Words between the rows, without figures. May hold line breaks."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolTax:
    """Taxable amount and VAT of one category and rate, in öre. Several of the same are written as one.

    Raises:
        ValueError: the rate does not go with the category, or the VAT is not the rate's.
    """

    category: VatCategory = VatCategory.STANDARD
    rate: int
    base: int
    vat: int
    reason: str | None = None
    """What a sale without Swedish VAT rests on, in the buyer's words; an exempt one must say it."""

    def __post_init__(self) -> None:
        _check_rate(self.category, self.rate)
        if self.category is VatCategory.STANDARD and self.reason:
            raise ValueError("a sale with VAT has no reason to be without it")
        expected = round_half_up(Decimal(self.base * self.rate) / 100)
        if abs(self.vat - expected) >= (_ROUNDING_LIMIT if self.rate else 1):
            raise ValueError(f"{self.vat} öre is not {self.rate} % VAT on {self.base} öre")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolPayment:
    """Where an invoice is paid: one account or several, one reference."""

    bankgiro: str | None = None
    plusgiro: str | None = None
    iban: str | None = None
    bic: str | None = None
    reference: str | None = None
    """OCR number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolOriginal:
    """The invoice that a credit note credits."""

    number: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PeppolDocument:
    """All that is written. Amounts are in öre; a credit note's are positive: they say how much is credited.

    Raises:
        ValueError: the figures do not add up.
    """

    kind: Literal["invoice", "credit_note"] = "invoice"
    number: str
    invoice_date: date
    due_date: date | None = None
    delivery_date: date | None = None
    delivery_address: PeppolAddress | None = None
    """Where it is not the buyer's."""
    seller: PeppolParty
    buyer: PeppolParty
    buyer_reference: str | None = None
    """Er referens: the person or code that sends the invoice the right way at the buyer's."""
    order_reference: str | None = None
    original: PeppolOriginal | None = None
    payment: PeppolPayment = field(default_factory=PeppolPayment)
    """Left out of a credit note, which nobody is to pay."""
    payment_terms: str | None = None
    note: str | None = None
    rows: tuple[PeppolLine | PeppolText, ...]
    taxes: tuple[PeppolTax, ...]
    net: int
    vat: int
    rounding: int = 0
    """Öresavrundning: what was added to come to whole kronor."""
    total: int
    """Net, VAT and rounding."""
    prepaid: int = 0
    """What is already paid of the total."""

    def __post_init__(self) -> None:
        bases: dict[tuple[VatCategory, int], int] = {}
        for line in self.lines:
            bases[line.category, line.rate] = bases.get((line.category, line.rate), 0) + line.amount
        if bases != {(tax.category, tax.rate): tax.base for tax in self.tax_totals}:
            raise ValueError("the rows of each category and rate do not make the bases of taxes")
        if sum(tax.base for tax in self.taxes) != self.net:
            raise ValueError("the bases of taxes do not make net")
        if sum(tax.vat for tax in self.taxes) != self.vat:
            raise ValueError("taxes do not make vat")
        if self.net + self.vat + self.rounding != self.total:
            raise ValueError("net, vat and rounding do not make total")
        if self.kind == "credit_note" and self.total < 0:
            raise ValueError("the amounts of a credit note are positive: they say how much is credited")

    @property
    def lines(self) -> list[PeppolLine]:
        """The rows with figures."""
        return [row for row in self.rows if isinstance(row, PeppolLine)]

    @property
    def tax_totals(self) -> list[PeppolTax]:
        """One for each category and rate, in their order, with every reason that was given (UBL-SR-32)."""
        merged: dict[tuple[VatCategory, int], PeppolTax] = {}
        for tax in self.taxes:
            known = merged.get((tax.category, tax.rate))
            reasons = dict.fromkeys(each.reason for each in (known, tax) if each and each.reason)
            merged[tax.category, tax.rate] = PeppolTax(
                category=tax.category,
                rate=tax.rate,
                base=tax.base + (known.base if known else 0),
                vat=tax.vat + (known.vat if known else 0),
                reason=" ".join(reasons) or None,
            )
        return list(merged.values())

    @property
    def to_pay(self) -> int:
        """Öre still to pay, or to credit."""
        return self.total - self.prepaid

    @property
    def destination(self) -> PeppolAddress | None:
        """Where the goods go."""
        return self.delivery_address or self.buyer.address


def _check_rate(category: VatCategory, rate: int) -> None:
    allowed = _RATES.get(category, (0,))
    if rate not in allowed:
        raise ValueError(f"category {category} has {' or '.join(map(str, allowed))} % VAT, not {rate}")
