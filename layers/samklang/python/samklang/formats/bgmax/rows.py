"""The rows of a BgMax file: cut out of the stream in blocks, decoded, and made equally wide."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, NoReturn

from samklang.formats.incoming import FileRefused

WIDTH = 80
"""Characters of a row, its end not counted."""

_BLOCK = 96 * 1024
"""Bytes read at a time; a block is these and the row that was cut before them."""
_UTF8_BYTES = 4
"""The most bytes of one character, should somebody have saved the file as UTF-8."""
_BYTE_ORDER_MARK = "\ufeff"

FETCH_AGAIN = "The file is cut or damaged: fetch it from the bank again, and send it unchanged."
ASK_THE_BANK = "The bank's own figures do not agree: fetch the file again, and ask the bank if it stays so."


def refuse(
    record: int | None, check: str, *, expected: str, found: str, advice: str = FETCH_AGAIN
) -> NoReturn:
    """Refuse the file for what stands in a record, or for the whole of it."""
    raise FileRefused(check, expected=expected, found=found, advice=advice, record=record)


class Block(NamedTuple):
    """Whole rows, as they stand in the file; only the last of the file may lack its line end."""

    first: int
    """Record number of the first row."""
    rows: int
    data: bytes


class EvenRows(NamedTuple):
    """Rows of :data:`WIDTH` characters each, one after the other, each with its line end."""

    first: int
    """Record number of the first row."""
    text: str
    width: int
    """Characters of a row and its line end: LF or CRLF, the same in all."""

    def part(self, start: int, end: int | None = None) -> "EvenRows":
        """Some of the rows, by their places from 0."""
        stop = None if end is None else end * self.width
        return EvenRows(self.first + start, self.text[start * self.width : stop], self.width)

    def each(self) -> Iterator[tuple[int, str]]:
        """Each row with its record number, line end cut off."""
        starts = range(0, len(self.text), self.width)
        return enumerate((self.text[start : start + WIDTH] for start in starts), self.first)


def blocks(stream: BinaryIO) -> Iterator[Block]:
    """The file in blocks, until it ends."""
    first, rest = 1, b""
    while chunk := stream.read(_BLOCK):
        data = rest + chunk
        end = data.rfind(b"\n") + 1
        whole, rest = data[:end], data[end:]
        if whole:
            rows = len(whole) - len(whole.replace(b"\n", b""))  # less than half the time that count() takes
            yield Block(first, rows, whole)
            first += rows
        if len(rest) > WIDTH * _UTF8_BYTES:
            refuse(first, "row-width", expected=f"at most {WIDTH} characters", found=f"{len(rest)} bytes")
    if rest:
        yield Block(first, 1, rest)


def even(block: Block) -> EvenRows:
    """The rows of a block, equally wide: blanks cut off at the end (mail programs do) are put back."""
    text = _decode(block.data)
    if block.first == 1:
        text = text.removeprefix(_BYTE_ORDER_MARK)
    if "\t" in text:
        record = block.first + text.count("\n", 0, text.index("\t"))
        refuse(record, "tab", expected="blanks between the fields", found="a tab: the row was rewritten")
    if width := even_width(text, block.rows):
        return EvenRows(block.first, text, width)
    text = text.replace("\r\n", "\n")
    rows = text[:-1].split("\n") if text.endswith("\n") else text.removesuffix("\r").split("\n")
    widened = [
        row if len(row) == WIDTH else _widen(row, record) for record, row in enumerate(rows, block.first)
    ]
    return EvenRows(block.first, "\n".join([*widened, ""]), WIDTH + 1)


def even_width(text: str, rows: int) -> int | None:
    """The width of so many rows with their line ends if it is the same in all, as the bank writes them.

    The number of rows is the number of line feeds: that many at even places leave none inside a row.
    """
    width = text.find("\n") + 1
    if len(text) != rows * width or text[width - 1 :: width] != "\n" * rows:
        return None
    if width == WIDTH + 2:
        return width if text[WIDTH::width] == "\r" * rows else None
    return width if width == WIDTH + 1 and "\r" not in text[WIDTH - 1 :: width] else None


def number(row: str, first: int, last: int, record: int, field: str) -> int:
    """A numeric field, by its positions in the manual."""
    text = row[first - 1 : last]
    if not (text.isdecimal() and text.isascii()):  # int() also takes signs, blanks and underscores
        expected = f"digits in pos {first}-{last} ({field})"
        refuse(record, "not-a-number", expected=expected, found=repr(text))
    return int(text)


def _decode(data: bytes) -> str:
    """The manual says Latin-1. Swedish words in Latin-1 are not valid UTF-8, so UTF-8 shows itself."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _widen(row: str, record: int) -> str:
    if len(row) > WIDTH:
        refuse(record, "row-width", expected=f"at most {WIDTH} characters", found=str(len(row)))
    if row.endswith(" ") and not row.isspace():  # not all blanks were cut off, so something else is missing
        refuse(record, "row-width", expected=f"{WIDTH} characters", found=f"{len(row)}, a blank last")
    return row.ljust(WIDTH)
