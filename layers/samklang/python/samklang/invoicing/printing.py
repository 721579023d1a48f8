"""From an invoice to the page that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats.giro import format_plusgiro
from samklang.formats.identity import format_org_no, format_postcode, vat_number
from samklang.invoicing.model.invoices import InvoiceRow
from samklang.invoicing.page import InvoicePage, PageRow, Party, TextRow, VatLine
from samklang.invoicing.vat import GROUNDS
from samklang.platform.figures import kronor

if TYPE_CHECKING:
    from datetime import date

    from samklang.collaboration.model import CompanyDetails
    from samklang.invoicing.model import invoices
    from samklang.invoicing.model.invoices import Buyer, Invoice
    from samklang.invoicing.model.registers import CustomerAddress

_LATE_INTEREST = "Efter förfallodagen debiteras dröjsmålsränta enligt räntelagen."


def page_of(invoice: Invoice, seller: CompanyDetails, logo: bytes | None) -> InvoicePage:
    """The page of an invoice, a credit note or a draft; the same invoice always gives the same page.

    A credit note's figures are turned: its page says how much is credited.
    """
    sign = -1 if invoice.kind == "credit_note" else 1
    original = invoice.original
    return InvoicePage(
        kind=invoice.kind,
        draft=invoice.number is None,
        number=str(invoice.number) if invoice.number else None,
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        delivery_date=_when_other(invoice.delivery_date, invoice.invoice_date),
        seller=seller_party(seller),
        logo=logo,
        buyer=_buyer(invoice.buyer),
        customer_number=invoice.buyer.number,
        delivery_address=address_lines(invoice.buyer.delivery_address),
        your_reference=invoice.your_reference,
        our_reference=invoice.our_reference,
        order_reference=invoice.order_reference,
        rows=tuple(_row(row, sign) for row in invoice.rows),
        vat_lines=tuple(
            VatLine(int(line.vat_rate) or None, sign * line.base, sign * line.vat, _label(line))
            for line in invoice.vat_lines
        ),
        net=sign * invoice.net,
        vat=sign * invoice.vat,
        rounding=sign * invoice.rounding,
        total=sign * invoice.total,
        ocr=invoice.ocr,
        credited_number=str(original.number) if original else None,
        credited_date=original.invoice_date if original else None,
        notes=tuple(_notes(invoice)),
        late_interest_text=_LATE_INTEREST if invoice.kind == "invoice" else None,
    )


def _row(row: InvoiceRow | invoices.TextRow, sign: int) -> PageRow | TextRow:
    if not isinstance(row, InvoiceRow):
        return TextRow(row.text)
    return PageRow(
        description=row.description,
        quantity=sign * row.quantity,
        unit=row.unit,
        unit_price=row.unit_price,
        discount_percent=row.discount_percent or None,
        vat_rate=int(row.vat_rate) or None,
        vat_label=_label(row),
        amount=sign * row.amount,
    )


def _label(taxed: InvoiceRow | invoices.VatLine) -> str | None:
    ground = GROUNDS.get(taxed.vat_code)
    return ground.label if ground else None


def _notes(invoice: Invoice) -> list[str]:
    """What the law wants said of sales without VAT (17 kap. 24 § 11), and what is said of a credit."""
    notes = [GROUNDS[line.vat_code].note for line in invoice.vat_lines if line.vat_code in GROUNDS]
    if invoice.reason:
        notes.append(f"Orsak: {invoice.reason}")
    if invoice.original and invoice.original.settled:
        settled = kronor(invoice.original.settled)
        notes.append(f"{settled} kr är avräknat mot vad som återstod av faktura {invoice.original.number}.")
    back = -(invoice.total + invoice.original.settled) if invoice.original else 0
    if back:
        notes.append(f"{kronor(back)} kr är tillgodo.")
    return notes


def _when_other(delivery: date | None, issued: date | None) -> date | None:
    return delivery if delivery != issued else None


def seller_party(details: CompanyDetails) -> Party:
    """The company as it stands on a page."""
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
        plusgiro=format_plusgiro(bank.plusgiro) if bank.plusgiro else None,
        iban=bank.iban,
        bic=bank.bic,
        swish=bank.swish,
    )


def _buyer(buyer: Buyer) -> Party:
    return Party(
        name=buyer.name,
        address=address_lines(buyer.address),
        org_no=format_org_no(buyer.org_no) if buyer.org_no else None,
        vat_no=buyer.vat_no,
    )


def address_lines(address: CustomerAddress | None) -> tuple[str, ...]:
    """Lines as on an envelope, without the name."""
    if address is None:
        return ()
    if address.country == "SE":
        return (address.street, f"{format_postcode(address.postcode)} {address.city}")
    return (address.street, f"{address.postcode} {address.city}", address.country)
