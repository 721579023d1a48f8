"""What an event means in double entry: its voucher's rows, in öre, debit above zero and credit below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.accounts import (
    BANK,
    BANK_FEES,
    CARD_FEES,
    CARDS,
    CASH,
    CUSTOMER_CREDIT,
    ROUNDING,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.events import InvoiceIssued
    from samklang.ledger.model.vouchers import Amounts
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
    ("late_interest", "0"): SaleAccounts("8313", None),
    ("late_fee", "0"): SaleAccounts("3540", None),
    ("late_compensation", "0"): SaleAccounts("3990", None),
}
"""By VAT code and rate (percent), see ``invoicing.vat``; there is no sale of another combination."""


def sale_amounts(event: InvoiceIssued) -> Amounts:
    """A sale: revenue and output VAT, per code and rate.

    Öresavrundning changes what is to pay and neither base nor VAT (lag 1970:1029): it has an account of
    its own. A credit note's amounts are below zero, so its voucher is a sale's on the other side.
    """
    rows: Amounts = []
    for line in event.lines:
        accounts = SALES[line.vat_code, line.vat_rate]
        rows.append((accounts.revenue, -line.base))
        if line.vat and accounts.output_vat:
            rows.append((accounts.output_vat, -line.vat))
    if event.rounding:
        rows.append((ROUNDING, -event.rounding))
    return rows


MONEY: Mapping[str, str] = {"bank": BANK, "swish": BANK, "card": CARDS, "cash": CASH}
"""Where money is, by how it was paid; the card company pays to the bank some days later."""


def money_amounts(event: PaymentRegistered) -> Amounts:
    """What came in, what was kept of it on the way, and what is written off: all but what it pays."""
    rows: Amounts = []
    if event.amount:
        rows.append((MONEY[event.method], event.amount))
    if event.fee:
        rows.append((CARD_FEES if event.method == "card" else BANK_FEES, event.fee))
    if event.difference:
        rows.append((ROUNDING, event.difference))
    if event.credit:
        rows.append((CUSTOMER_CREDIT, -event.credit))
    return rows


def reversed_amounts(amounts: Amounts) -> Amounts:
    """The same rows on the other side (bokföringslagen 5 kap. 5 §: a correction is an entry of its own)."""
    return [(account, -amount) for account, amount in amounts]
