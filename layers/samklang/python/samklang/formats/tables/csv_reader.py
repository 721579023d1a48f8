"""Reading CSV (RFC 4180, as Excel varies it): its encoding, its delimiter, its rows."""

import csv
import io
import re
from collections.abc import Iterator

from samklang.formats.tables.cells import SAVE_AS, Record, TableError, cleaned

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]")
"""å, ä, ö, é and their likes in UTF-8; in Windows-1252 it would be Ã and a sign, which no word holds."""
_LINE_END = re.compile(r"\r\n?|\n")
_SEPARATOR = re.compile(r"sep=([;,\t|])[\r\n]*", re.IGNORECASE)
_PASSWORD = "EncryptedPackage".encode("utf-16-le")
"""The stream of an Office file with a password, by name in the directory of the OLE 2 file around it."""
_OTHER_FILES = (  # beginnings in lower case
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (XLS), or another Office file of that time"),
    (b"%pdf", "a PDF document"),
    (b"<?xml", "XML"),
    (b"<html", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<table", "a web page"),
    (b"{", "JSON"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89png", "a PNG image"),
)
_AS_UTF8 = 'Open it in the program it comes from, and save it as "CSV UTF-8" or as an Excel workbook (XLSX).'


def csv_records(content: bytes) -> Iterator[Record]:
    """The rows, by the line each begins on.

    Raises:
        TableError: it is no CSV file.
    """
    _check_is_text(content)
    encoding = _encoding(content)
    lines = _opened(content, encoding)
    skipped = 0
    if separator := _SEPARATOR.fullmatch(lines.readline()):
        delimiter, skipped = separator[1], 1
    else:
        lines.seek(0)
        delimiter = _delimiter(content, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 1 + skipped
    try:
        for texts in reader:
            yield Record(number, {i: text for i, cell in enumerate(texts) if (text := cleaned(cell))}, {})
            number = 1 + skipped + reader.line_num
    except csv.Error as error:
        raise TableError(
            "quotes",
            'A quotation mark is not closed, or stands alone: write "" for each in a text, and " around it.',
            row=number,
            unit="line",
        ) from error


def _check_is_text(content: bytes) -> None:
    head = content[:100].removeprefix(_MARKS[0][0]).lstrip().lower()
    for beginning, what in _OTHER_FILES:
        if head.startswith(beginning):
            if _PASSWORD in content:
                message = (
                    "The file has a password: save it without one as an Excel workbook (XLSX) or as CSV."
                )
                raise TableError("password", message)
            raise TableError("not-a-table", f"The file is {what}. {SAVE_AS}")


def _encoding(content: bytes) -> str:
    """The encoding by which all of the file is text."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or _UTF8_LETTER.search(content):
            raise _undecodable(error, "Unicode") from error
        encoding = "cp1252"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            raise _undecodable(error, "Windows-1252") from error
    if "\0" in text:
        line = _line_after(text.partition("\0")[0])
        raise TableError("not-text", f"The file holds what is no text. {_AS_UTF8}", row=line, unit="line")
    return encoding


def _undecodable(error: UnicodeDecodeError, encoding: str) -> TableError:
    line = _line_after(error.object[: error.start].decode(error.encoding, errors="replace"))
    message = f"Byte {error.object[error.start]:#04x} is no character in {encoding}. {_AS_UTF8}"
    return TableError("not-text", message, row=line, unit="line")


def _line_after(text: str) -> int:
    return 1 + sum(1 for _ in _LINE_END.finditer(text))


def _opened(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding, newline="")


def _delimiter(content: bytes, encoding: str) -> str:
    """What parts the header: semicolon or tab if either does, else comma, which names may hold too."""
    names = {delimiter: _names(content, encoding, delimiter) for delimiter in ";\t,"}
    likely = "\t" if names["\t"] > max(names[";"], 1) else ";"
    return "," if names[","] > 1 and names[likely] <= 1 else likely


def _names(content: bytes, encoding: str, delimiter: str) -> int:
    """How many cells the header has if this is the delimiter."""
    try:
        for texts in csv.reader(_opened(content, encoding), delimiter=delimiter, strict=True):
            if any(map(str.strip, texts)):
                return len(texts)
    except csv.Error:
        return 0  # its quotation marks do not fit this delimiter
    return 0
