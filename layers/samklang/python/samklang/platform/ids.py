"""Opaque identifiers that sort by the time they were made."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS, _RANDOM_DIGITS = 9, 11


def _base32(value: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        value, digit = divmod(value, 32)
        text = _ALPHABET[digit] + text
    return text


def new_id(prefix: str) -> str:
    """``inv_`` + 9 characters of time in milliseconds + 55 random bits: unguessable enough never to collide.

    Ids are not secrets: access is decided by memberships, never by knowing an id.
    """
    made = _base32(time.time_ns() // 1_000_000, _TIME_DIGITS)
    return f"{prefix}_{made}{_base32(secrets.randbits(55), _RANDOM_DIGITS)}"
