"""OCR reference numbers: digits that carry their own check digit, and often their own length.

Layout: payload, length digit (total length modulo 10) if agreed, Luhn check digit. 2-25 digits in all.
"""

import re

from stdnum import luhn

MIN_LENGTH, MAX_LENGTH = 2, 25

_DIGITS = re.compile(r"[0-9]+")
_RUN = re.compile(r"(?<![0-9])[0-9]{4,25}(?![0-9])")


def luhn_check_digit(payload: str) -> str:
    """The digit that makes ``payload`` pass Luhn (modulo 10) when it is put last.

    Raises:
        ValueError: ``payload`` holds anything but the digits 0-9, or nothing.
    """
    if not _DIGITS.fullmatch(payload):
        raise ValueError(f"{payload!r} must be digits only")
    return luhn.calc_check_digit(payload)


def make_ocr(payload: str, *, length_digit: bool = True) -> str:
    """Build the OCR number of a payload: ``"12345"`` is ``"1234574"``, without length digit ``"123455"``.

    Args:
        payload: digits, not all zero.
        length_digit: put the total length modulo 10 before the check digit.

    Raises:
        ValueError: the payload is not digits, is all zeros, or gives more than 25 digits.
    """
    if not _DIGITS.fullmatch(payload) or not payload.strip("0"):
        raise ValueError(f"{payload!r} must be digits only, and not all zeros")
    length = len(payload) + (2 if length_digit else 1)
    if length > MAX_LENGTH:
        raise ValueError(f"{payload!r} gives {length} digits; an OCR number has at most {MAX_LENGTH}")
    body = f"{payload}{length % 10}" if length_digit else payload
    return body + luhn_check_digit(body)


def is_valid_ocr(ref: str, *, length_digit: bool = True) -> bool:
    """Whether ``ref`` is 2-25 digits, not all zeros, with a right check digit (and length digit).

    Blanks are not taken away: :func:`normalise` first if they may be there.
    """
    if not (MIN_LENGTH <= len(ref) <= MAX_LENGTH and _DIGITS.fullmatch(ref)) or not ref.strip("0"):
        return False
    if length_digit and int(ref[-2]) != len(ref) % 10:
        return False
    return luhn.is_valid(ref)


def ocr_payload(ref: str, *, length_digit: bool = True) -> str:
    """The payload of a valid OCR number: what :func:`make_ocr` was given.

    Raises:
        ValueError: ``ref`` is not a valid OCR number, or has no payload.
    """
    payload = ref[:-2] if length_digit else ref[:-1]
    if not payload or not is_valid_ocr(ref, length_digit=length_digit):
        kind = "with a length digit" if length_digit else "without a length digit"
        raise ValueError(f"{ref!r} is not a valid OCR number {kind}")
    return payload


def normalise(ref: str) -> str:
    """The reference as it is compared: without blanks and leading zeros, which banks add and drop."""
    return "".join(ref.split()).lstrip("0")


def candidates(text: str) -> tuple[str, ...]:
    """The runs of 4-25 digits in free text, in order, each once: what may be an OCR or invoice number."""
    return tuple(dict.fromkeys(_RUN.findall(text)))
