"""Opaque identifiers that sort by the time they were made."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

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


def derived_id(prefix: str, cause: str, day: date | None = None) -> str:
    """An id that follows from its cause, so that the same thing made again is the same.

    With a ``day`` it sorts by that; 55 bits of the cause's hash tell it from the others of the day.
    """
    digest = int.from_bytes(sha256(cause.encode()).digest())
    if day is None:
        return f"{prefix}_{_base32(digest, _TIME_DIGITS + _RANDOM_DIGITS)}"
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    return f"{prefix}_{_base32(midnight, _TIME_DIGITS)}{_base32(digest, _RANDOM_DIGITS)}"
