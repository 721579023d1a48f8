"""Opaque cursors: where a list goes on. No secrets; what they say is checked when they come back."""

import base64
import binascii
import re

from samklang.platform.problems import Problem


def write_cursor(position: str) -> str:
    """A position in a list as an opaque cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def read_cursor(cursor: str, form: re.Pattern[str] | None = None) -> str:
    """The position a cursor holds.

    Args:
        cursor: as the caller sent it.
        form: what positions of this list look like.

    Raises:
        Problem: ``cursor-invalid``.
    """
    try:
        position = base64.urlsafe_b64decode(cursor.encode("ascii")).decode()
    except (binascii.Error, ValueError):
        raise cursor_invalid() from None
    if form and not form.fullmatch(position):
        raise cursor_invalid()
    return position


def cursor_invalid() -> Problem:
    """The refusal of a cursor that is none of ours, or of another list."""
    return Problem(
        "cursor-invalid", "Use the value of `next` from the page before, unchanged, on the same list."
    )
