"""What an event means in double entry: its voucher's rows, in öre, debit above zero and credit below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.accounts import BANK, CASH, CUSTOMER_CREDIT, RECEIVABLES

if TYPE_CHECKING:
    from samklang.invoicing.events import InvoiceIssued
    from samklang.ledger.model import Amounts
    from samklang.payments.events import PaymentRegistered

SALES = {"25": "3001", "12": "3002", "6": "3003", "0": "3004"}
OUTPUT_VAT = {"25": "2611", "12": "2621", "6": "2631"}


def invoice_amounts(event: InvoiceIssued) -> Amounts:
    """A sale by the invoice method: receivable against sales and output VAT, per rate."""
    rows: Amounts = [(RECEIVABLES, event.total)]
    for rate, base, vat in event.vat_lines:
        rows.append((SALES[rate], -base))
        if vat:
            rows.append((OUTPUT_VAT[rate], -vat))
    return rows


def payment_amounts(event: PaymentRegistered) -> Amounts:
    """Money in against the receivables it pays; what is above them is the customer's credit."""
    allocated = sum(amount for _, _, amount in event.allocations)
    rows: Amounts = [(CASH if event.method == "cash" else BANK, event.amount), (RECEIVABLES, -allocated)]
    if event.credit:
        rows.append((CUSTOMER_CREDIT, -event.credit))
    return rows


def reversed_amounts(amounts: Amounts) -> Amounts:
    """The same rows on the other side (bokföringslagen 5 kap. 5 §: a correction is an entry of its own)."""
    return [(account, -amount) for account, amount in amounts]
