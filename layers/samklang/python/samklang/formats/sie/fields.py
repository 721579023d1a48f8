r"""A record's fields: between blanks or tabs, in quotes where they hold any, object lists in braces.

``\"`` is a quote in a field, and the only escape: every other backslash is itself (Windows paths).
"""

import re

from samklang.formats.sie.model import Objects

type Field = str | Objects
"""A text, or an object list: ``{1 "Nord" 6 P1}`` is one field."""

_QUOTED = re.compile(r'"((?:[^"\\]++|\\"|\\)*)"')
r"""Where no quote is left to end it, the last escaped one does: ``"C:\Företag\"`` at the end of a line."""
_BARE = re.compile(r"[^ \t]+")
_BARE_IN_LIST = re.compile(r"[^ \t}]+")
_GAP = re.compile(r"[ \t]*")
_NEEDS_QUOTES = re.compile(r'[\s"{}]')


class Malformed(Exception):  # noqa: N818 - caught by the reader, which knows the line
    """A line that cannot be taken apart: what was found."""


def split(line: str) -> tuple[list[Field], bool]:
    """The fields of a line, its label first; and whether a quote was left open (its field goes to the end).

    Raises:
        Malformed: an object list that does not end, or holds another.
    """
    fields: list[Field] = []
    at, end, whole = 0, len(line), True
    while (at := _past_gap(line, at)) < end:
        if line[at] == "{":
            objects, at, closed = _object_list(line, at + 1)
            whole = whole and closed
            fields.append(objects)
        else:
            text, at, closed = _text(line, at, _BARE)
            whole = whole and closed
            fields.append(text)
    return fields, not whole


def _object_list(line: str, at: int) -> tuple[Objects, int, bool]:
    texts: list[str] = []
    whole = True
    while (at := _past_gap(line, at)) < len(line):
        if line[at] == "}":
            if len(texts) % 2:
                raise Malformed("an object list with an odd number of fields")
            return tuple(zip(texts[::2], texts[1::2], strict=True)), at + 1, whole
        if line[at] == "{":
            raise Malformed("an object list in another")
        text, at, closed = _text(line, at, _BARE_IN_LIST)
        whole = whole and closed
        texts.append(text)
    raise Malformed("an object list without its end")


def _text(line: str, at: int, bare: re.Pattern[str]) -> tuple[str, int, bool]:
    if line[at] != '"':
        match = bare.match(line, at)
        assert match is not None  # at is at a character that bare takes
        return match[0], match.end(), True
    match = _QUOTED.match(line, at)
    if match is None:
        return line[at + 1 :].replace('\\"', '"'), len(line), False
    return match[1].replace('\\"', '"'), match.end(), True


def _past_gap(line: str, at: int) -> int:
    match = _GAP.match(line, at)
    assert match is not None  # it takes nothing too
    return match.end()


def quoted(text: str) -> str:
    r"""A text as a field, in quotes, which is always allowed.

    A backslash last would escape the closing quote: such a text stands bare if it can (see :func:`writable`).
    """
    if text.endswith("\\"):
        return text
    return f'"{text}"' if '"' not in text else '"' + text.replace('"', '\\"') + '"'


def writable(text: str) -> str:
    """A text that the format can write: no controls, and no backslash last in one that needs quotes."""
    if not text.isprintable():
        text = "".join(character if character >= " " and character != "\x7f" else " " for character in text)
    if text.endswith("\\") and _NEEDS_QUOTES.search(text):
        return text[:-1] + "/"
    return text
