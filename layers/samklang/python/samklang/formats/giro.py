"""Bankgiro and plusgiro numbers: kept as digits, printed with a dash, guarded by a Luhn check digit."""

import re

from stdnum import luhn

_BANKGIRO = re.compile(r"[1-9][0-9]{6,7}")
_PLUSGIRO = re.compile(r"[1-9][0-9]{1,7}")
_SEPARATORS = re.compile(r"[\s-]")


def parse_bankgiro(text: str) -> str:
    """Read a bankgiro number, with or without dash and blanks, as 7 or 8 digits.

    Raises:
        ValueError: wrong length, other characters, or wrong check digit.
    """
    digits = _SEPARATORS.sub("", text)
    if not _BANKGIRO.fullmatch(digits):
        raise ValueError(f"{text!r} is not a bankgiro number: 7 or 8 digits are needed, such as 5050-1055")
    return _checked(digits, text, "bankgiro")


def parse_plusgiro(text: str) -> str:
    """Read a plusgiro number, with or without dash and blanks, as 2-8 digits.

    Raises:
        ValueError: wrong length, other characters, or wrong check digit.
    """
    digits = _SEPARATORS.sub("", text)
    if not _PLUSGIRO.fullmatch(digits):
        raise ValueError(f"{text!r} is not a plusgiro number: 2-8 digits are needed, such as 90 20 03-3")
    return _checked(digits, text, "plusgiro")


def format_bankgiro(number: str) -> str:
    """Print a bankgiro number: ``991-2346`` or ``5050-1055``.

    Raises:
        ValueError: it is not a bankgiro number.
    """
    digits = parse_bankgiro(number)
    return f"{digits[:-4]}-{digits[-4:]}"


def format_plusgiro(number: str) -> str:
    """Print a plusgiro number in pairs from the right, the check digit last: ``90 20 03-3``.

    Raises:
        ValueError: it is not a plusgiro number.
    """
    digits = parse_plusgiro(number)
    body, check_digit = digits[:-1], digits[-1]
    head = len(body) % 2
    pairs = [body[:head]] if head else []
    pairs += [body[at : at + 2] for at in range(head, len(body), 2)]
    return f"{' '.join(pairs)}-{check_digit}"


def _checked(digits: str, text: str, kind: str) -> str:
    if not luhn.is_valid(digits):
        raise ValueError(
            f"{text!r} is not a {kind} number: the check digit is wrong, look for a mistyped digit"
        )
    return digits
