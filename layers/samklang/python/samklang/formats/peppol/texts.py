"""Texts as XML can hold them."""

import re

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def block(text: str | None) -> str:
    """A text without what XML cannot hold. Whatever ends its lines, a reader gets a line feed."""
    return _NOT_XML.sub("", text or "").strip()


def one_line(text: str | None) -> str:
    """A text on one line, without what XML cannot hold."""
    return " ".join(block(text).split())
