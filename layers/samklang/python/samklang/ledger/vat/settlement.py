"""The settlement voucher: a period's VAT moved to 2650, where it waits to be paid.

Each VAT account is emptied of what the period moved, to the öre. 2650 gets what the return says is to pay, in
whole kronor; the öre between are a rounding (3740).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.accounts import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.ledger.model.vouchers import Amounts

SETTLEMENT = "2650"
"""Redovisningskonto för moms: a debt, or (in debit) a claim, until it is on the tax account."""


def settlement_amounts(left: Mapping[str, int], to_pay: int, settled: int = 0) -> Amounts:
    """The rows of a settlement voucher; none when there is nothing to move.

    Args:
        left: what the period moved on each VAT account and no settlement has emptied, in öre, debit above
            zero.
        to_pay: box 49, in whole kronor.
        settled: what earlier settlements of the same period put on 2650, in öre (a debt above zero).
    """
    rows = [(account, -amount) for account, amount in sorted(left.items()) if amount]
    owed = to_pay * 100 - settled
    if owed:
        rows.append((SETTLEMENT, -owed))
    if rounding := -sum(amount for _, amount in rows):
        rows.append((ROUNDING, rounding))
    return rows
