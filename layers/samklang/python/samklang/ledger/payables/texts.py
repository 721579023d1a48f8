"""What vouchers of the payables say (bokföringslagen 5 kap. 7 §): Swedish, with whom and about what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from samklang.ledger.payables.model.payables import Payable

_NUMBERS_SHOWN = 5


def invoice_text(payable: Payable) -> str:
    """A supplier invoice or credit note."""
    kind = "Leverantörsfaktura" if payable.total > 0 else "Leverantörskreditfaktura"
    return f"{kind} {payable.number} {payable.supplier}"


def accrual_text(payable: Payable, day: date) -> str:
    """A month's part of a spread cost."""
    return f"Periodisering {day:%Y-%m}, leverantörsfaktura {payable.number} {payable.supplier}"


def payment_text(amount: int, payables: Sequence[Payable]) -> str:
    """A payment, a repayment, or credit notes set off against invoices."""
    what = "Kvittning" if not amount else "Leverantörsbetalning" if amount > 0 else "Återbetalning"
    money = f" {format_sek(abs(amount)).replace('.', ',')} kr" if amount else ""
    names = list(dict.fromkeys(each.supplier for each in payables))
    whom = names[0] if len(names) == 1 else f"{len(names)} leverantörer"
    items = [
        f"{'kreditfaktura' if each.total < 0 else 'faktura'} {each.number}"
        for each in payables[:_NUMBERS_SHOWN]
    ]
    if len(payables) > _NUMBERS_SHOWN:
        items.append("m.fl.")
    return f"{what}{money}, {whom}, {', '.join(items)}"
