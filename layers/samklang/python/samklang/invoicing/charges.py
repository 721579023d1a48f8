"""Invoices of what late payment costs: interest, fees, compensation. The bureau makes them from the ledger.

They are invoices as any other: they take the next number of the series, reach the ledger by the stream, and
are the customer's to pay. Invoicing stays the master of numbers, since it is what writes them.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats import ocr
from samklang.invoicing.drafts import buyer_of
from samklang.invoicing.issuing import check_dates
from samklang.invoicing.model.invoices import Invoice, InvoiceRow, LedgerState, TextRow, totals
from samklang.invoicing.model.sending import Delivery
from samklang.invoicing.store import deliveries
from samklang.invoicing.store import invoices as store
from samklang.ledger import service as ledger
from samklang.platform import clock
from samklang.platform.ids import derived_id
from samklang.platform.mail import ascii_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.invoicing.model.registers import Customer
    from samklang.invoicing.vat import VatCode
    from samklang.platform.dynamo import Transaction


class Charge(NamedTuple):
    """One row: what it is for, öre, how it is taxed, and words below it."""

    description: str
    amount: int
    vat_code: VatCode
    words: tuple[str, ...] = ()


def add_charge_invoice(
    transaction: Transaction,
    company_id: str,
    invoice_id: str,
    customer: Customer,
    charges: Sequence[Charge],
    request_id: str,
) -> Invoice:
    """Add the invoice of a customer's charges to a transaction: issued today, no VAT.

    It is e-mailed at once if that is how the customer wants its invoices; the others wait to be printed. The
    transaction fails (``series``, ``mails``) if somebody else has taken the number, or mailed, meanwhile.

    Raises:
        Problem: ``outside-fiscal-year``, ``closed-period``, ``too-many-mails``, ``validation``.
    """
    basis = store.issue_basis(company_id, ())
    today = clock.today()
    due_date = today + timedelta(days=customer.payment_terms_days)
    check_dates(ledger.books(company_id), today, due_date)
    rows = [row for charge in charges for row in _rows(charge)]
    sums = totals(rows, round_to_krona=False)
    delivery = _delivery(invoice_id, customer)
    number = basis.series.take(invoice_id)
    invoice = Invoice(
        invoice_id=invoice_id,
        kind="invoice",
        customer_id=customer.customer_id,
        customer_name=customer.name,
        status="issued",
        number=number,
        ocr=ocr.make_ocr(str(number)),
        invoice_date=today,
        delivery_date=None,
        due_date=due_date,
        your_reference=customer.your_reference,
        our_reference=None,
        order_reference=None,
        vat_treatment="exempt",
        round_to_krona=False,
        rows=rows,
        vat_lines=sums.vat_lines,
        net=sums.net,
        vat=sums.vat,
        rounding=sums.rounding,
        total=sums.total,
        credited=0,
        paid=0,
        remaining=sums.total,
        buyer=buyer_of(customer),
        original=None,
        credit_notes=[],
        reason=None,
        sent_at=None,
        delivery=delivery.state if delivery else None,
        ledger=LedgerState(status="pending"),
        logo=basis.logo,
        version=1,
    )
    basis.series.write(transaction, company_id)
    store.put(transaction, company_id, invoice, request_id)
    if delivery:
        deliveries.count(transaction, company_id, today)
        deliveries.put(transaction, company_id, delivery, request_id)
    return invoice


def _rows(charge: Charge) -> list[InvoiceRow | TextRow]:
    row = InvoiceRow(
        article_id=None,
        description=charge.description,
        quantity=Decimal(1),
        unit="st",
        unit_price=charge.amount,
        vat_rate="0",
        vat_class=None,
        vat_code=charge.vat_code,
        kind="service",
        discount_percent=Decimal(0),
        amount=charge.amount,
    )
    return [row, *(TextRow(text=words) for words in charge.words)]


def _delivery(invoice_id: str, customer: Customer) -> Delivery | None:
    """The e-mail it goes with; None for a customer that wants its invoices otherwise, or has no address."""
    if customer.delivery != "email" or customer.email is None or ascii_address(customer.email) is None:
        return None
    now = clock.timestamp()
    return Delivery(
        delivery_id=derived_id("del", f"{invoice_id}/issued"),
        invoice_id=invoice_id,
        channel="email",
        to=customer.email,
        message=None,
        status="queued",
        requested_at=now,
        at=now,
    )
