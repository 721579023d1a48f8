"""Payment files of any kind we read: recognises the format by how the file begins."""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Literal

from samklang.formats import bgmax
from samklang.formats.incoming import Debit, Deposit, FileRefused, FileSummary, IncomingPayment

type Reader = Literal["bgmax", "camt"]

HEAD = 4096
"""Bytes that are enough to recognise a file by."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CAMT = re.compile(rb"camt\.05[34]\.001\.")
_XML_NAMESPACE = re.compile(rb"""xmlns(?::\w+)?=["']([^"']{1,100})["']""")
_OTHER_FILES = (  # beginnings in lower case
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a zip archive (or an Excel or Word file)"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89png", "a PNG image"),
    (b"#flagga", "a SIE file"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"{", "JSON"),
)
_ADVICE = "Send the file of incoming payments, BgMax, camt.054 or camt.053, as the bank made it."


def detect(first_bytes: bytes) -> Reader | None:
    """The format of a file that begins like this, or None.

    Args:
        first_bytes: the first :data:`HEAD` bytes, or fewer if the file is short.
    """
    head = _in_utf8(first_bytes)
    if head.startswith(bgmax.MAGIC.encode()) and not first_bytes.startswith(_UTF16_MARKS):
        return "bgmax"
    if head.lstrip().startswith(b"<") and _CAMT.search(head):
        return "camt"
    return None


def open_reader(
    stream: BinaryIO,
    *,
    allow_test: bool = False,
    allow_foreign: bool = False,
    on_debit: Callable[[Debit], None] | None = None,
) -> Iterator[IncomingPayment | Deposit | FileSummary]:
    """Recognise the file and begin to read it; see :mod:`samklang.formats.incoming` for what is yielded.

    Trust nothing before the summary has come.

    Args:
        stream: the file, seekable; read from where it stands.
        allow_test: take a BgMax test file.
        allow_foreign: take payments in other currencies than SEK too.
        on_debit: told each booked debit in SEK as it is read (camt only).

    Raises:
        FileRefused: it is no payment file (at once), or a check failed (while iterating).
    """
    start = stream.tell()
    head = stream.read(HEAD)
    stream.seek(start)
    match detect(head):
        case "bgmax":
            return bgmax.read(stream, allow_test=allow_test, allow_foreign=allow_foreign)
        case "camt":
            from samklang.formats import camt  # noqa: PLC0415 - lxml is a layer of its own, and slow to import

            return camt.read(stream, allow_foreign=allow_foreign, on_debit=on_debit)
        case None:
            raise FileRefused(
                "not-a-payment-file", expected="BgMax or camt", found=_looks(head), advice=_ADVICE
            )


def _in_utf8(head: bytes) -> bytes:
    """The beginning without its byte order mark, and UTF-16, in which XML may come, as UTF-8."""
    if head.startswith(_UTF16_MARKS):
        return head.decode("utf-16", "ignore").encode()
    return head.removeprefix(_BYTE_ORDER_MARK)


def _looks(head: bytes) -> str:
    """What the file seems to be, for the one who sent it."""
    text = _in_utf8(head).lstrip()
    if not text:
        if len(head) == HEAD:
            return f"a file that begins with {HEAD} blanks"
        return "a file of blanks" if head else "an empty file"
    for beginning, what in _OTHER_FILES:
        if text.lower().startswith(beginning):
            return what
    if text.startswith(b"<"):
        match = _XML_NAMESPACE.search(text)
        return (
            f"XML of another kind ({match[1].decode('utf-8', 'replace')})" if match else "XML of another kind"
        )
    kind = "a file in UTF-16" if head.startswith(_UTF16_MARKS) else "a file"
    return f"{kind} that begins {text[:20].decode('latin-1')!r}"
