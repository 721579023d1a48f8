"""Writes the XML: UBL 2.1, elements in the order of its schema."""

import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple
from xml.etree import ElementTree as ET

from samklang.formats.peppol.addresses import ORG_NO_SCHEME, electronic_address
from samklang.formats.peppol.document import (
    GROUNDS,
    PeppolAddress,
    PeppolDocument,
    PeppolLine,
    PeppolParty,
    PeppolTax,
    PeppolText,
    VatCategory,
)
from samklang.formats.peppol.lacks import PeppolIncomplete, missing
from samklang.formats.peppol.texts import block, one_line
from samklang.formats.peppol.units import known_unit, unit_code
from samklang.platform.money import format_sek

CUSTOMIZATION_ID = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE_ID = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_F_TAX = "Godkänd för F-skatt"
_CREDIT_TRANSFER = "30"
_DISCOUNT = "95"


class _Vocabulary(NamedTuple):
    """The names that differ between the two kinds of documents."""

    root: str
    type_element: str
    type_code: str
    line: str
    quantity: str


_VOCABULARIES = {
    "invoice": _Vocabulary("Invoice", "InvoiceTypeCode", "380", "InvoiceLine", "InvoicedQuantity"),
    "credit_note": _Vocabulary(
        "CreditNote", "CreditNoteTypeCode", "381", "CreditNoteLine", "CreditedQuantity"
    ),
}


def write_peppol(document: PeppolDocument) -> bytes:
    """Write a document as UBL 2.1 in UTF-8: an Invoice (380) or a CreditNote (381).

    Raises:
        PeppolIncomplete: a ValueError that lists all :func:`missing` tells.
    """
    if lacks := missing(document):
        raise PeppolIncomplete(lacks)
    words = _VOCABULARIES[document.kind]
    # Prefixes are written out, not registered: ElementTree's register is shared by the whole process.
    root = ET.Element(
        words.root,
        {
            "xmlns": f"{_UBL}{words.root}-2",
            "xmlns:cac": f"{_UBL}CommonAggregateComponents-2",
            "xmlns:cbc": f"{_UBL}CommonBasicComponents-2",
        },
    )
    _write_head(root, document, words)
    _write_party(_group(root, "AccountingSupplierParty"), document.seller, seller=True)
    _write_party(_group(root, "AccountingCustomerParty"), document.buyer, seller=False)
    _write_delivery(root, document)
    _write_payment(root, document)
    _write_taxes(root, document)
    _write_totals(root, document)
    for number, (line, notes) in enumerate(_lines_with_notes(document), 1):
        _write_line(_group(root, words.line), number, line, notes, words)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _write_head(root: ET.Element, document: PeppolDocument, words: _Vocabulary) -> None:
    _text(root, "CustomizationID", CUSTOMIZATION_ID)
    _text(root, "ProfileID", PROFILE_ID)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.invoice_date.isoformat())
    if document.due_date and document.kind == "invoice":
        _text(root, "DueDate", document.due_date.isoformat())
    _text(root, words.type_element, words.type_code)
    _note(root, [document.note, *_leading_texts(document)])
    _text(root, "DocumentCurrencyCode", "SEK")
    _text(root, "BuyerReference", document.buyer_reference)
    if one_line(document.order_reference):
        _text(_group(root, "OrderReference"), "ID", document.order_reference)
    if document.original:
        reference = _group(_group(root, "BillingReference"), "InvoiceDocumentReference")
        _text(reference, "ID", document.original.number)
        _text(reference, "IssueDate", document.original.date.isoformat())


def _write_party(parent: ET.Element, party: PeppolParty, *, seller: bool) -> None:
    element = _group(parent, "Party")
    if endpoint := electronic_address(party):
        _text(element, "EndpointID", endpoint.identifier, schemeID=endpoint.scheme)
    if party.address:
        _write_address(_group(element, "PostalAddress"), party.address)
    if party.vat_no:
        _write_tax_scheme(element, party.vat_no, "VAT")
    if seller and party.f_tax:
        _write_tax_scheme(element, _F_TAX, "TAX")
    legal = _group(element, "PartyLegalEntity")
    _text(legal, "RegistrationName", party.name)
    _text(legal, "CompanyID", party.org_no, schemeID=ORG_NO_SCHEME)
    if seller and one_line(party.seat):
        _text(legal, "CompanyLegalForm", f"Säte: {party.seat}")
    contact = {"Name": party.contact, "Telephone": party.phone, "ElectronicMail": party.email}
    if any(one_line(value) for value in contact.values()):
        group = _group(element, "Contact")
        for name, value in contact.items():
            _text(group, name, value)


def _write_tax_scheme(party: ET.Element, company: str, scheme: str) -> None:
    group = _group(party, "PartyTaxScheme")
    _text(group, "CompanyID", company)
    _text(_group(group, "TaxScheme"), "ID", scheme)


def _write_address(group: ET.Element, address: PeppolAddress) -> None:
    _text(group, "StreetName", address.street)
    _text(group, "CityName", address.city)
    _text(group, "PostalZone", address.postcode)
    _text(_group(group, "Country"), "IdentificationCode", address.country)


def _write_delivery(root: ET.Element, document: PeppolDocument) -> None:
    goods_abroad = any(line.category is VatCategory.EU_GOODS for line in document.lines)
    address = document.destination if goods_abroad else document.delivery_address
    if document.delivery_date is None and address is None:
        return
    group = _group(root, "Delivery")
    if document.delivery_date:
        _text(group, "ActualDeliveryDate", document.delivery_date.isoformat())
    if address:
        _write_address(_group(_group(group, "DeliveryLocation"), "Address"), address)


def _write_payment(root: ET.Element, document: PeppolDocument) -> None:
    terms = document.payment_terms
    if document.kind == "invoice":
        payment = document.payment
        for account, branch in (
            (payment.bankgiro, "SE:BANKGIRO"),
            (payment.plusgiro, "SE:PLUSGIRO"),
            (payment.iban, payment.bic),
        ):
            if account:
                means = _group(root, "PaymentMeans")
                _text(means, "PaymentMeansCode", _CREDIT_TRANSFER)
                _text(means, "PaymentID", payment.reference)
                payee = _group(means, "PayeeFinancialAccount")
                _text(payee, "ID", account)
                if one_line(branch):
                    _text(_group(payee, "FinancialInstitutionBranch"), "ID", branch)
    elif document.original and not block(terms):
        # A credit note has no due date, so it needs terms: the norm asks for either (BR-CO-25).
        terms = f"Krediterar faktura {document.original.number}. Ska inte betalas."
    if block(terms):
        _note(_group(root, "PaymentTerms"), [terms])


def _write_taxes(root: ET.Element, document: PeppolDocument) -> None:
    total = _group(root, "TaxTotal")
    _amount(total, "TaxAmount", document.vat)
    for tax in document.tax_totals:
        subtotal = _group(total, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", tax.base)
        _amount(subtotal, "TaxAmount", tax.vat)
        _write_category(_group(subtotal, "TaxCategory"), tax.category, tax.rate, tax)


def _write_category(
    group: ET.Element, category: VatCategory, rate: int, tax: PeppolTax | None = None
) -> None:
    _text(group, "ID", category)
    _text(group, "Percent", str(rate))
    if tax and category in GROUNDS:
        code, words = GROUNDS[category]
        _text(group, "TaxExemptionReasonCode", code)
        _text(group, "TaxExemptionReason", tax.reason or words)
    _text(_group(group, "TaxScheme"), "ID", "VAT")


def _write_totals(root: ET.Element, document: PeppolDocument) -> None:
    group = _group(root, "LegalMonetaryTotal")
    _amount(group, "LineExtensionAmount", document.net)
    _amount(group, "TaxExclusiveAmount", document.net)
    _amount(group, "TaxInclusiveAmount", document.net + document.vat)
    if document.prepaid:
        _amount(group, "PrepaidAmount", document.prepaid)
    if document.rounding:
        _amount(group, "PayableRoundingAmount", document.rounding)
    _amount(group, "PayableAmount", document.to_pay)


def _write_line(
    group: ET.Element, number: int, line: PeppolLine, notes: list[str], words: _Vocabulary
) -> None:
    # A price below zero is forbidden (BR-27): the quantity takes its sign.
    quantity = line.quantity if line.unit_price >= 0 else -line.quantity
    _text(group, "ID", str(number))
    _note(group, notes)
    _text(group, words.quantity, _decimal(quantity), unitCode=unit_code(line.unit))
    _amount(group, "LineExtensionAmount", line.amount)
    if line.discount_percent:
        allowance = _allowance(group, "Rabatt", code=_DISCOUNT)
        _text(allowance, "MultiplierFactorNumeric", _decimal(line.discount_percent))
        _amount(allowance, "Amount", line.gross - line.expected)
        _amount(allowance, "BaseAmount", line.gross)
    if rest := line.amount - line.expected:
        _amount(_allowance(group, "Avrundning", charge=rest > 0), "Amount", abs(rest))
    item = _group(group, "Item")
    _text(item, "Name", line.description)
    _write_category(_group(item, "ClassifiedTaxCategory"), line.category, line.rate)
    _amount(_group(group, "Price"), "PriceAmount", abs(line.unit_price))


def _allowance(line: ET.Element, reason: str, *, code: str | None = None, charge: bool = False) -> ET.Element:
    group = _group(line, "AllowanceCharge")
    _text(group, "ChargeIndicator", "true" if charge else "false")
    _text(group, "AllowanceChargeReasonCode", code)
    _text(group, "AllowanceChargeReason", reason)
    return group


def _leading_texts(document: PeppolDocument) -> list[str]:
    """The texts before the first line. The document has one note for them all (R002)."""
    texts = itertools.takewhile(lambda row: isinstance(row, PeppolText), document.rows)
    return [row.text for row in texts if isinstance(row, PeppolText)]


def _lines_with_notes(document: PeppolDocument) -> Iterator[tuple[PeppolLine, list[str]]]:
    """Each line with the texts that follow it, and its unit if no code says it."""
    found: list[tuple[PeppolLine, list[str]]] = []
    for row in document.rows:
        if isinstance(row, PeppolLine):
            unknown = one_line(row.unit) and not known_unit(row.unit)
            found.append((row, [f"Enhet: {one_line(row.unit)}"] if unknown else []))
        elif found:
            found[-1][1].append(row.text)
    yield from found


# ---------------------------------------------------------------- elements


def _group(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"cac:{name}")


def _text(parent: ET.Element, name: str, value: str | None, **attributes: str) -> None:
    """Write a value on one line, or nothing: no element may be empty (R008)."""
    if written := one_line(value):
        ET.SubElement(parent, f"cbc:{name}", attributes).text = written


def _note(parent: ET.Element, texts: Iterable[str | None]) -> None:
    """Write texts of any number of lines as one note."""
    if written := "\n".join(filter(None, map(block, texts))):
        ET.SubElement(parent, "cbc:Note").text = written


def _amount(parent: ET.Element, name: str, ore: int) -> None:
    ET.SubElement(parent, f"cbc:{name}", {"currencyID": "SEK"}).text = format_sek(ore)


def _decimal(value: Decimal) -> str:
    return format(value.normalize(), "f")
