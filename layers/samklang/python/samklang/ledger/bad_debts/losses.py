"""What a bad debt is in double entry, in öre: debit above zero, credit below.

A confirmed loss (konstaterad) makes the taxable base less (mervärdesskattelagen 8 kap.): output VAT comes
back, and box 05 is less by what was lost of it. An expected one (befarad) is a write-down without VAT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.accounts import (
    CONFIRMED_LOSSES,
    EXPECTED_LOSSES,
    LOST_BASE,
    LOST_BASE_COUNTER,
    WRITE_DOWNS,
)
from samklang.ledger.posting import SALES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.ledger.cash_method import Parts
    from samklang.ledger.model.vouchers import Amounts


_TAXED = {sale.revenue: sale.output_vat for sale in SALES.values() if sale.output_vat}
"""Revenue that bears VAT, and the account of that."""

_VAT = frozenset(_TAXED.values())


def confirmed(lost: Parts) -> Amounts:
    """A confirmed loss of these parts of a sale, or (below zero) no longer: all but the receivable itself.

    The base of what bore VAT stands in box 05 through an account of its own and its counter account, so that
    the loss itself is on one account whatever was sold.
    """
    vat = {account: amount for account, amount in lost.items() if account in _VAT}
    net = sum(lost.values()) - sum(vat.values())
    base = sum(amount for account, amount in lost.items() if account in _TAXED)
    rows = [(CONFIRMED_LOSSES, net), *sorted(vat.items()), (LOST_BASE, base), (LOST_BASE_COUNTER, -base)]
    return [(account, amount) for account, amount in rows if amount]


def expected(net: int) -> Amounts:
    """A write-down of receivables by ``net`` öre, or (below zero) taken back."""
    return [(EXPECTED_LOSSES, net), (WRITE_DOWNS, -net)]


def vat_of(parts: Mapping[str, int]) -> int:
    """How much of parts of a sale is VAT."""
    return sum(amount for account, amount in parts.items() if account in _VAT)
