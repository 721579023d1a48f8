"""Reading attributes of items strictly: what an event holds must be what it says, or it is no event."""

from typing import Any


def whole(value: Any) -> int:
    """A whole number, such as an amount in öre.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def text(value: Any) -> str:
    """A text.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
