"""The file in blocks of whole lines, as bytes."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from samklang.formats.sie.charset import BYTE_ORDER_MARK
from samklang.formats.sie.values import refuse

_CHUNK = 1 << 15
_HEAD = 4096
_BLANKS = b" \t\r\n\x1a"
"""With the end-of-file mark of DOS (Ctrl-Z)."""
_OTHER_FILES = (  # beginnings in lower case
    (b"%pdf", "a PDF document"),
    (b"pk\x03\x04", "a zip archive (or an Excel or Word file)"),
    (b"\xff\xfe", "a file in UTF-16"),
    (b"\xfe\xff", "a file in UTF-16"),
    (b"{", "JSON"),
)
_SIE_5 = re.compile(rb"sie\.se/sie5")
_NOT_SIE = "Send the SIE file (type 1 to 4, .SE or .SI) as the accounting program made it."
_SIE_5_ADVICE = "SIE 5 is XML: let the program export SIE type 4 instead."


def check_beginning(stream: BinaryIO) -> None:
    """Refuse what does not begin as a SIE file does; the stream is left where the records begin.

    Raises:
        SieRefused: it is something else.
    """
    start = stream.tell()
    head = stream.read(_HEAD)
    mark = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
    stream.seek(start + mark)
    text = head[mark:].lstrip(_BLANKS)
    if text.startswith(b"#"):
        return
    advice = _SIE_5_ADVICE if _SIE_5.search(head) else _NOT_SIE
    refuse(
        "not-sie", None, expected="a SIE file, which begins with #FLAGGA", found=_looks(text), advice=advice
    )


def _looks(text: bytes) -> str:
    if not text:
        return "an empty file or blanks"
    for beginning, what in _OTHER_FILES:
        if text.lower().startswith(beginning):
            return what
    if text.startswith(b"<"):
        return "SIE 5 (XML)" if _SIE_5.search(text) else "XML or a web page"
    return f"a file that begins {text[:20].decode('cp437')!r}"


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The file in blocks, cut behind a voucher where one ends in them; each line ends with a line feed.

    Raises:
        SieRefused: a line is longer than any program writes.
    """
    rest = b""
    while chunk := stream.read(_CHUNK):
        data = rest + chunk
        end = _behind_last(data, b"\n}\n") or _behind_last(data, b"\n}\r\n") or _behind_last(data, b"\n")
        whole, rest = data[:end], data[end:]
        if whole:
            yield whole
        elif len(rest) > _CHUNK:
            found = f"one of more than {_CHUNK} bytes"
            refuse("line-too-long", None, expected="lines of some hundred characters", found=found)
    if rest := rest.rstrip(_BLANKS):
        yield rest + b"\n"


def _behind_last(data: bytes, what: bytes) -> int:
    """The place behind its last occurrence, 0 if it does not occur."""
    at = data.rfind(what)
    return at + len(what) if at >= 0 else 0
