"""Amounts, dates and quantities as the format writes them."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

from samklang.formats.sie.model import SieRefused
from samklang.platform.money import LIMIT

_AMOUNT = re.compile(r"(-?)([0-9]{0,13})(?:\.([0-9]{0,2})0*)?")
_DAY = re.compile(r"[0-9]{8}")
_QUANTITY = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
_YEARS = range(1900, 2200)

_WRITE_AGAIN = "Write the file again from the program it comes from."
_AN_AMOUNT = "an amount such as -1250.00 (digits, a dot, at most two decimals)"


def refuse(
    check: str, line: int | None, *, expected: str, found: str, label: str = "", advice: str = _WRITE_AGAIN
) -> NoReturn:
    """Refuse the file for what stands in a line."""
    raise SieRefused(check, expected=expected, found=found, advice=advice, label=label, line=line)


def amount(text: str, label: str, line: int) -> int:
    """An amount in öre.

    Raises:
        SieRefused: it is none.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        refuse("amount", line, expected=_AN_AMOUNT, found=repr(text), label=label)
    ore = int(match[2] or 0) * 100 + int((match[3] or "").ljust(2, "0"))
    assert ore < LIMIT  # 13 digits of kronor
    return -ore if match[1] else ore


@lru_cache(maxsize=4096)
def known_day(text: str) -> date | None:
    """A date; None if it is none."""
    if not _DAY.fullmatch(text) or int(text[:4]) not in _YEARS:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def day(text: str, label: str, line: int) -> date:
    """A date.

    Raises:
        SieRefused: it is none.
    """
    found = known_day(text)
    if found is None:
        refuse("date", line, expected="a date as YYYYMMDD", found=repr(text), label=label)
    return found


def quantity(text: str) -> Decimal | None:
    """A quantity; None if it is none."""
    return Decimal(text) if _QUANTITY.fullmatch(text) else None
