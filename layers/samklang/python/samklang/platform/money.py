"""Money: integer öre inside, decimal string in SEK at the edge.

Floats are refused everywhere: 0.1 + 0.2 is no amount.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LIMIT = 10**15
"""Largest absolute amount in öre: ten thousand billion kronor, far inside a DynamoDB number."""

_SEK = re.compile(r"-?(?:0|[1-9]\d{0,12})(?:\.\d{1,2})?", re.ASCII)
_PATTERN = r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$"


def parse_sek(text: str) -> int:
    """Read a decimal string in SEK as öre: ``"1250.5"`` is 125050.

    Raises:
        ValueError: not an optional minus, digits and at most two decimals, or too large.
    """
    if not _SEK.fullmatch(text):
        raise ValueError('must be an amount in SEK as a string, such as "1250.00"')
    kronor, _, decimals = text.lstrip("-").partition(".")
    ore = int(kronor) * 100 + int(decimals.ljust(2, "0") or 0)
    if ore >= LIMIT:
        raise ValueError("must be less than 10000000000000.00 SEK")
    return -ore if text.startswith("-") else ore


def format_sek(ore: int) -> str:
    """Write öre as a decimal string in SEK: 125050 is ``"1250.50"``."""
    kronor, decimals = divmod(abs(ore), 100)
    return f"{'-' if ore < 0 else ''}{kronor}.{decimals:02d}"


def round_half_up(value: Decimal) -> int:
    """Round to whole öre, half away from zero, as VAT amounts are (two decimals, half up)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _from_text(value: Any) -> int:
    if isinstance(value, str):
        return parse_sek(value)
    raise ValueError('must be an amount in SEK as a string, such as "1250.00"')


def _from_text_or_ore(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else _from_text(value)


_WRITTEN = PlainSerializer(format_sek, return_type=str, when_used="json")
_SCHEMA = WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["1250.00"]})

MoneyInput = Annotated[int, BeforeValidator(_from_text), _WRITTEN, _SCHEMA]
"""An amount that somebody sends: öre, from a decimal string in SEK and nothing else.

A number is refused, whole or not: ``1250`` could mean kronor or öre.
"""

Money = Annotated[int, BeforeValidator(_from_text_or_ore), _WRITTEN, _SCHEMA]
"""An amount of ours: öre, written to JSON as a decimal string in SEK."""
