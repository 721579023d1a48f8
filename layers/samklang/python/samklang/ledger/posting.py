"""What an event means in double entry: its voucher's rows, in öre, debit above zero and credit below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.accounts import BANK, CASH, CUSTOMER_CREDIT, RECEIVABLES, ROUNDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.events import InvoiceIssued
    from samklang.ledger.model import Amounts
    from samklang.payments.events import PaymentRegistered


class SaleAccounts(NamedTuple):
    """Where a sale is posted: its revenue, and the output VAT on it if the seller owes any."""

    revenue: str
    output_vat: str | None


SALES: Mapping[tuple[str, str], SaleAccounts] = {
    ("domestic", "25"): SaleAccounts("3001", "2611"),
    ("domestic", "12"): SaleAccounts("3002", "2621"),
    ("domestic", "6"): SaleAccounts("3003", "2631"),
    ("exempt", "0"): SaleAccounts("3004", None),
    ("construction", "0"): SaleAccounts("3231", None),
    ("eu_goods", "0"): SaleAccounts("3108", None),
    ("eu_services", "0"): SaleAccounts("3308", None),
    ("export_goods", "0"): SaleAccounts("3105", None),
    ("export_services", "0"): SaleAccounts("3305", None),
}
"""By VAT code and rate (percent), see ``invoicing.vat``; there is no sale of another combination."""


def invoice_amounts(event: InvoiceIssued) -> Amounts:
    """A sale by the invoice method: receivable against revenue and output VAT, per code and rate.

    Öresavrundning changes what is to pay and neither base nor VAT (lag 1970:1029): it has an account of
    its own. A credit note's amounts are below zero, so its voucher is a sale's on the other side.
    """
    rows: Amounts = [(RECEIVABLES, event.total)]
    for line in event.lines:
        accounts = SALES[line.vat_code, line.vat_rate]
        rows.append((accounts.revenue, -line.base))
        if line.vat and accounts.output_vat:
            rows.append((accounts.output_vat, -line.vat))
    if event.rounding:
        rows.append((ROUNDING, -event.rounding))
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
