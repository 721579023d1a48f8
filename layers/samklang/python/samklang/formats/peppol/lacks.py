"""What a document lacks before it can be written, and what to do about it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from stdnum import ean, iban

from samklang.formats import giro, identity
from samklang.formats.countries import CODES
from samklang.formats.peppol.addresses import ORG_NO_SCHEME, SCHEMES, electronic_address
from samklang.formats.peppol.document import (
    PeppolAddress,
    PeppolDocument,
    PeppolEndpoint,
    PeppolLine,
    PeppolParty,
    VatCategory,
)
from samklang.formats.peppol.texts import one_line

_GLN_LENGTH = 13


class Missing(NamedTuple):
    """What a document lacks: the field, and what to do about it."""

    field: str
    message: str


class PeppolIncomplete(ValueError):  # noqa: N818 - it says what the document is
    """The document cannot be written yet."""

    def __init__(self, lacks: list[Missing]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.message}" for each in lacks))
        self.missing = lacks


def missing(document: PeppolDocument) -> list[Missing]:
    """Everything a document lacks, or has in a form that the buyer's access point would refuse."""
    return [
        *_document_lacks(document),
        *_seller_lacks(document),
        *_buyer_lacks(document),
        *_payment_lacks(document),
        *_delivery_lacks(document),
    ]


def _document_lacks(document: PeppolDocument) -> Iterator[Missing]:
    if not one_line(document.number):
        yield Missing("number", "Issue the document first: a draft has no number.")
    if not one_line(document.buyer_reference) and not one_line(document.order_reference):
        yield Missing(
            "buyer_reference", "Give the buyer's reference or order number: the buyer's system needs one."
        )
    if document.kind == "credit_note" and (
        document.original is None or not one_line(document.original.number)
    ):
        yield Missing("original", "Name the invoice that the credit note credits, with its date.")
    if not document.lines:
        yield Missing("rows", "Add a row with quantity and price: text alone is no invoice.")
    for place, row in enumerate(document.rows):
        if isinstance(row, PeppolLine) and not one_line(row.description):
            yield Missing(f"rows[{place}].description", "Say what was sold.")
    for tax in document.tax_totals:
        if tax.category is VatCategory.EXEMPT and not one_line(tax.reason):
            yield Missing("taxes", "Say why the sale is exempt from VAT: which paragraph it rests on.")


def _seller_lacks(document: PeppolDocument) -> Iterator[Missing]:
    seller = document.seller
    yield from _party_lacks(seller, "seller")
    if not seller.org_no:
        yield Missing("seller.org_no", "Give your organisation number: it is your address in Peppol.")
    exempt_only = all(tax.category is VatCategory.EXEMPT for tax in document.taxes)
    if seller.vat_no and not seller.vat_no.startswith("SE"):
        yield Missing("seller.vat_no", "Give your Swedish VAT number.")
    if not seller.vat_no and not (exempt_only and seller.f_tax):
        yield Missing("seller.vat_no", "Give your VAT number, such as SE556677889901.")


def _buyer_lacks(document: PeppolDocument) -> Iterator[Missing]:
    buyer = document.buyer
    yield from _party_lacks(buyer, "buyer")
    if electronic_address(buyer) is None:
        yield Missing(
            "buyer.org_no",
            "Give the buyer's organisation number, VAT number of an EU country or Peppol address. "
            "Private persons have none: send the invoice by e-mail or print it.",
        )
    categories = {line.category for line in document.lines}
    if VatCategory.EU_GOODS in categories and (buyer.vat_no or "SE").startswith("SE"):
        yield Missing(
            "buyer.vat_no",
            "Give the buyer's VAT number in another EU country: no VAT is charged.",
        )
    elif VatCategory.REVERSE_CHARGE in categories and not buyer.vat_no:
        yield Missing("buyer.vat_no", "Give the buyer's VAT number: the buyer is liable for the VAT.")


def _party_lacks(party: PeppolParty, name: str) -> Iterator[Missing]:
    if not one_line(party.name):
        yield Missing(f"{name}.name", "Give the name.")
    if party.org_no:
        yield from _refused(f"{name}.org_no", identity.parse_org_no, party.org_no)
    if party.vat_no:
        yield from _refused(f"{name}.vat_no", identity.parse_vat_no, party.vat_no)
    if party.endpoint:
        yield from _endpoint_lacks(party.endpoint, f"{name}.endpoint")
    if party.address is None:
        yield Missing(f"{name}.address", "Give the address, with its country.")
    else:
        yield from _address_lacks(party.address, f"{name}.address")


def _endpoint_lacks(endpoint: PeppolEndpoint, name: str) -> Iterator[Missing]:
    if endpoint.scheme not in SCHEMES.split():
        yield Missing(f"{name}.scheme", "Give a scheme in use, such as 0007 for organisation numbers.")
    elif not one_line(endpoint.identifier):
        yield Missing(f"{name}.identifier", "Give the identifier of the Peppol address.")
    elif check := _CHECKED_SCHEMES.get(endpoint.scheme):
        yield from _refused(f"{name}.identifier", check, endpoint.identifier)


def _address_lacks(address: PeppolAddress, name: str) -> Iterator[Missing]:
    for part in ("street", "city"):
        if not one_line(getattr(address, part)):
            yield Missing(f"{name}.{part}", f"Give the {part}: the whole address must stand on an invoice.")
    if address.country not in CODES:
        yield Missing(f"{name}.country", "Give the country's two letters of ISO 3166, such as SE or GB.")


def _payment_lacks(document: PeppolDocument) -> Iterator[Missing]:
    payment = document.payment
    if document.kind == "credit_note":
        return
    if payment.bankgiro:
        yield from _refused("payment.bankgiro", giro.parse_bankgiro, payment.bankgiro)
    if payment.plusgiro:
        yield from _refused("payment.plusgiro", giro.parse_plusgiro, payment.plusgiro)
    if payment.iban:
        yield from _refused("payment.iban", _parse_iban, payment.iban)
    if document.to_pay <= 0:
        return
    if not (payment.bankgiro or payment.plusgiro or payment.iban):
        yield Missing("payment", "Give a bankgiro, plusgiro or IBAN to pay to.")
    if document.due_date is None and not one_line(document.payment_terms):
        yield Missing("due_date", "Give the due date or the terms of payment.")


def _delivery_lacks(document: PeppolDocument) -> Iterator[Missing]:
    if document.delivery_address:
        yield from _address_lacks(document.delivery_address, "delivery_address")
    if not any(line.category is VatCategory.EU_GOODS for line in document.lines):
        return
    if document.delivery_date is None:
        yield Missing("delivery_date", "Give the day of delivery: EU goods are sold without VAT.")
    if document.destination and document.destination.country == "SE":
        yield Missing(
            "delivery_address", "Give the address in the other EU country: the goods must leave Sweden."
        )


def _parse_iban(text: str) -> str:
    if not iban.is_valid(text):
        raise ValueError(f"{text!r} is not an IBAN: look for a mistyped sign")
    return str(iban.compact(text))


def _parse_gln(text: str) -> str:
    if not (len(text) == _GLN_LENGTH and ean.is_valid(text)):
        raise ValueError(f"{text!r} is not a GLN: 13 digits with a right check digit are needed")
    return text


_CHECKED_SCHEMES = {ORG_NO_SCHEME: identity.parse_org_no, "0088": _parse_gln}
"""How the identifiers of these schemes are read."""


def _refused(name: str, parse: Callable[[str], str], value: str) -> Iterator[Missing]:
    """What is wrong with a number that must be in its one canonical form."""
    try:
        canonical = parse(value)
    except ValueError as error:
        yield Missing(name, f"{error}.")
    else:
        if canonical != value:
            yield Missing(name, f"Write it as {canonical}.")
