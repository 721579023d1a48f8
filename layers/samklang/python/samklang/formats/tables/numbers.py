"""Numbers as Swedes write them."""

import re
from decimal import Decimal

_BLANKS = re.compile("[\u0020\u00a0\u2007\u2009\u202f]")
"""Blanks that group digits: also no-break, figure, thin, and narrow no-break."""
_SUFFIX = re.compile(r"\s*(?:kr\.?|SEK|:-|%)$", re.IGNORECASE)
_LONGEST_NUMBER = 40
_NO_NUMBER = 'must be a number with a decimal comma, such as "1250,50"'
_UNCLEAR = re.compile(r"([+-]? ?[1-9][0-9]{0,2})\.([0-9]{3})")
_NUMBER = re.compile(
    r"""[+-]?[ ]?(?:
      [1-9][0-9]{0,2} (?:\.[0-9]{3})+ (?:,[0-9]+)?                 # 1.250.000,50
    | (?: [0-9]+ | [1-9][0-9]{0,2}(?:[ ][0-9]{3})+ ) (?:[.,][0-9]+)?  # 1250,50 or 1 250.50
    )""",
    re.VERBOSE,
)


def read_decimal(text: str) -> Decimal:
    """Read a number as Swedes write it: ``1 250,50``, ``1.250,50``, ``-3``, ``25 %``, ``99 kr``.

    The comma is the decimal sign, always: ``1,250`` is one and a quarter. So ``1,250.50`` is refused: in a
    file that holds it, ``1,250`` means something else. A point is a decimal sign too, as in ``1250.50``,
    unless it could as well group thousands: ``1.250`` is refused. ``25 %`` is 25.

    Raises:
        ValueError: it is no number, or could be two.
    """
    if len(text) > _LONGEST_NUMBER:  # which the patterns below need not look at
        raise ValueError(_NO_NUMBER)
    plain = _SUFFIX.sub("", _BLANKS.sub(" ", text.strip()).replace("\u2212", "-"))
    if unclear := _UNCLEAR.fullmatch(plain):
        whole, decimals = unclear.groups()
        raise ValueError(
            f'is unclear: write "{whole}{decimals}" if the point groups thousands, else "{whole},{decimals}"'
        )
    if not _NUMBER.fullmatch(plain):
        raise ValueError(_NO_NUMBER)
    digits = plain.replace(" ", "")
    if "," in digits or digits.count(".") > 1:
        digits = digits.replace(".", "").replace(",", ".")
    return Decimal(digits) or Decimal(0)  # never minus zero
