"""Figures as Swedes read them: thousands apart, a comma before decimals, a real minus sign."""

from decimal import Decimal

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


def kronor(ore: int) -> str:
    """Öre as kronor, without the unit: 125050 is ``1 250,50``."""
    whole, decimals = divmod(abs(ore), 100)
    return f"{_sign(ore)}{grouped(whole)},{decimals:02d}"


def decimal(value: Decimal | int) -> str:
    """A number without needless decimals: ``1 000,5``."""
    whole, _, decimals = f"{abs(Decimal(value)):f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{_sign(value)}{grouped(int(whole))}{',' if decimals else ''}{decimals}"


def grouped(whole: int) -> str:
    """A whole number: ``1 250 000``."""
    return f"{_sign(whole)}{abs(whole):,}".replace(",", NBSP)


def _sign(value: Decimal | int) -> str:
    return MINUS if value < 0 else ""
