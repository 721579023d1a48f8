"""What accounts held and moved."""

from __future__ import annotations

from datetime import date

from samklang.platform.money import Money
from samklang.platform.shapes import Shape


class Balance(Shape):
    """An account over a time: debit above zero, credit below."""

    account: str
    name: str
    opening: Money
    change: Money
    closing: Money


class BalanceList(Shape):
    """Every account that has held something or moved."""

    items: list[Balance]
    next: None = None


class LedgerEntry(Shape):
    """What one voucher did to an account."""

    voucher_id: str
    date: date
    text: str
    source: str | None
    """What caused the voucher: the way to the invoice, the payment, the document."""
    amount: Money
    """Debit above zero, credit below."""
    balance: Money
    """What the account held after it."""


class AccountLedger(Shape):
    """An account's vouchers over a time: some of them, with what the account held before and after all."""

    account: str
    name: str
    opening: Money
    change: Money
    closing: Money
    items: list[LedgerEntry]
    next: str | None


class MonthDifference(Shape):
    """An account's month in which what is kept is not what the vouchers come to."""

    month: str
    account: str
    kept: Money
    vouchers: Money


class BalanceCheck(Shape):
    """The month balances beside the vouchers."""

    agrees: bool
    vouchers: int
    """How many were read."""
    months: int
    """How many have vouchers."""
    differences: list[MonthDifference]
    """Those found, the first hundred."""
    rebuilt: bool
    """Whether the months that differed were made anew from their vouchers."""
    next: str | None
    """The month to go on from, if there was no time for all."""
