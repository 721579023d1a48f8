"""From an issued invoice to the page that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats.identity import format_org_no, format_postcode, vat_number
from samklang.invoicing.page import InvoicePage, PageRow, Party, VatLine
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.collaboration.model import CompanyDetails
    from samklang.invoicing.model import Buyer, CustomerAddress, Invoice

_LATE_INTEREST = "Efter förfallodagen debiteras dröjsmålsränta enligt räntelagen."


def page_of(invoice: Invoice, seller: CompanyDetails) -> InvoicePage:
    """The page of an issued invoice; the same invoice always gives the same page.

    Raises:
        Problem: ``not-issued`` for a draft.
    """
    if invoice.number is None or invoice.invoice_date is None:
        raise Problem("not-issued", "A draft has no PDF yet: issue it first.")
    return InvoicePage(
        number=str(invoice.number),
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        delivery_date=_when_other(invoice.delivery_date, invoice.invoice_date),
        seller=_seller(seller),
        buyer=_buyer(invoice.buyer),
        your_reference=invoice.your_reference,
        our_reference=invoice.our_reference,
        rows=tuple(
            PageRow(
                description=row.description,
                quantity=row.quantity,
                unit=row.unit,
                unit_price=row.unit_price,
                discount_percent=row.discount_percent or None,
                vat_rate=int(row.vat_rate) or None,
                amount=row.amount,
            )
            for row in invoice.rows
        ),
        vat_lines=tuple(
            VatLine(int(line.vat_rate) or None, line.base, line.vat) for line in invoice.vat_lines
        ),
        net=invoice.net,
        vat=invoice.vat,
        total=invoice.total,
        ocr=invoice.ocr,
        late_interest_text=_LATE_INTEREST,
    )


def _when_other(delivery: date | None, issued: date) -> date | None:
    return delivery if delivery != issued else None


def _seller(details: CompanyDetails) -> Party:
    company, bank = details.company, details.bank
    return Party(
        name=company.name,
        address=(
            company.address.street,
            f"{format_postcode(company.address.postcode)} {company.address.city}",
        ),
        org_no=format_org_no(company.org_no),
        vat_no=vat_number(company.org_no),
        seat=company.seat,
        email=company.email,
        phone=company.phone,
        f_tax=company.f_tax,
        bankgiro=bank.bankgiro,
        plusgiro=bank.plusgiro,
        iban=bank.iban,
        bic=bank.bic,
        swish=bank.swish,
    )


def _buyer(buyer: Buyer) -> Party:
    return Party(
        name=buyer.name,
        address=_lines(buyer.address) if buyer.address else (),
        org_no=format_org_no(buyer.org_no) if buyer.org_no else None,
        vat_no=buyer.vat_no,
    )


def _lines(address: CustomerAddress) -> tuple[str, ...]:
    if address.country == "SE":
        return (address.street, f"{format_postcode(address.postcode)} {address.city}")
    return (address.street, f"{address.postcode} {address.city}", address.country)
