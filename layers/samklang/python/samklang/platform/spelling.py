"""Letters without their accents, in which what people and banks spell differently is the same."""

from __future__ import annotations

import unicodedata

# Letters that are no letter with an accent to Unicode, as banks write them in A-Z.
_SINGLE = str.maketrans({"æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def unaccented(text: str) -> str:
    """Small letters without their accents: ``å`` is ``a``."""
    apart = unicodedata.normalize("NFD", text.casefold().translate(_SINGLE))
    return "".join(character for character in apart if not unicodedata.combining(character))
