"""From an issued invoice to the e-invoice: Peppol BIS Billing 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from samklang.formats.identity import vat_number
from samklang.formats.peppol import (
    PeppolAddress,
    PeppolDocument,
    PeppolIncomplete,
    PeppolLine,
    PeppolOriginal,
    PeppolParty,
    PeppolPayment,
    PeppolTax,
    PeppolText,
    VatCategory,
    write_peppol,
)
from samklang.invoicing.model.invoices import InvoiceRow
from samklang.invoicing.vat import GROUNDS
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from samklang.collaboration.model import CompanyDetails
    from samklang.invoicing.model.invoices import Invoice, TextRow
    from samklang.invoicing.model.registers import CustomerAddress
    from samklang.invoicing.vat import VatCode

CATEGORIES: dict[VatCode, VatCategory] = {
    "domestic": VatCategory.STANDARD,
    "exempt": VatCategory.EXEMPT,
    "construction": VatCategory.REVERSE_CHARGE,
    "eu_goods": VatCategory.EU_GOODS,
    "eu_services": VatCategory.REVERSE_CHARGE,
    "export_goods": VatCategory.EXPORT,
    "export_services": VatCategory.EXPORT,
    "late_interest": VatCategory.EXEMPT,
    "late_fee": VatCategory.EXEMPT,
    "late_compensation": VatCategory.EXEMPT,
}


def einvoice_of(invoice: Invoice, seller: CompanyDetails) -> bytes:
    """The XML of an issued invoice or credit note; the same bytes every time.

    Raises:
        Problem: ``not-issued`` for a draft, ``einvoice-incomplete`` naming everything a receiver needs and
            the invoice, the customer or the company lacks.
    """
    if invoice.number is None:
        raise Problem("not-issued", "A draft has no e-invoice yet: issue it first.")
    try:
        return write_peppol(_document(invoice, seller))
    except PeppolIncomplete as incomplete:
        errors = tuple(
            FieldError(f"/{re.sub(r'[.\[]', '/', each.field).replace(']', '')}", "missing", each.message)
            for each in incomplete.missing
        )
        detail = "The invoice lacks what an e-invoice must have: " + " ".join(
            each.message for each in incomplete.missing
        )
        raise Problem("einvoice-incomplete", detail, errors) from incomplete


def _document(invoice: Invoice, seller: CompanyDetails) -> PeppolDocument:
    """The document to write. A credit note's figures are turned: they say how much is credited."""
    sign = -1 if invoice.kind == "credit_note" else 1
    assert invoice.invoice_date is not None  # issuing dates it
    original = invoice.original
    return PeppolDocument(
        kind=invoice.kind,
        number=str(invoice.number),
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date if invoice.kind == "invoice" else None,
        # Sales of goods to other EU countries must tell the day of delivery (BR-IC-11).
        delivery_date=invoice.delivery_date or (original.invoice_date if original else invoice.invoice_date),
        delivery_address=_address(invoice.buyer.delivery_address),
        seller=_seller(seller, invoice.our_reference),
        buyer=PeppolParty(
            name=invoice.buyer.name,
            # A private person's number is nobody's address.
            org_no=invoice.buyer.org_no if invoice.buyer.kind == "company" else None,
            vat_no=invoice.buyer.vat_no,
            address=_address(invoice.buyer.address),
        ),
        buyer_reference=invoice.your_reference,
        order_reference=invoice.order_reference,
        original=PeppolOriginal(number=str(original.number), date=original.invoice_date)
        if original
        else None,
        payment=PeppolPayment(
            bankgiro=seller.bank.bankgiro,
            plusgiro=seller.bank.plusgiro,
            iban=seller.bank.iban,
            bic=seller.bank.bic,
            reference=invoice.ocr,
        ),
        rows=tuple(_row(row, sign) for row in invoice.rows),
        taxes=_taxes(invoice, sign),
        net=sign * invoice.net,
        vat=sign * invoice.vat,
        rounding=sign * invoice.rounding,
        total=sign * invoice.total,
    )


def _taxes(invoice: Invoice, sign: int) -> tuple[PeppolTax, ...]:
    """One for each category and rate (BR-E-01 and its like), though lines on several grounds may share it."""
    taxes: dict[tuple[VatCategory, str], PeppolTax] = {}
    for line in invoice.vat_lines:
        key = CATEGORIES[line.vat_code], line.vat_rate
        before = taxes.get(key)
        reasons = [before.reason if before else None, _reason(line.vat_code)]
        taxes[key] = PeppolTax(
            category=key[0],
            rate=int(line.vat_rate),
            base=(before.base if before else 0) + sign * line.base,
            vat=(before.vat if before else 0) + sign * line.vat,
            reason=" ".join(dict.fromkeys(filter(None, reasons))) or None,
        )
    return tuple(taxes.values())


def _reason(code: VatCode) -> str | None:
    return GROUNDS[code].note if code in GROUNDS else None


def _row(row: InvoiceRow | TextRow, sign: int) -> PeppolLine | PeppolText:
    if not isinstance(row, InvoiceRow):
        return PeppolText(row.text)
    return PeppolLine(
        description=row.description,
        quantity=sign * row.quantity,
        unit=row.unit,
        unit_price=row.unit_price,
        discount_percent=row.discount_percent,
        category=CATEGORIES[row.vat_code],
        rate=int(row.vat_rate),
        amount=sign * row.amount,
    )


def _seller(details: CompanyDetails, contact: str | None) -> PeppolParty:
    company = details.company
    return PeppolParty(
        name=company.name,
        org_no=company.org_no,
        vat_no=vat_number(company.org_no),
        address=PeppolAddress(
            street=company.address.street, postcode=company.address.postcode, city=company.address.city
        ),
        contact=contact,
        phone=company.phone,
        email=company.email,
        seat=company.seat,
        f_tax=company.f_tax,
    )


def _address(address: CustomerAddress | None) -> PeppolAddress | None:
    if address is None:
        return None
    return PeppolAddress(
        street=address.street, postcode=address.postcode, city=address.city, country=address.country
    )
