"""Bytes and text: which alphabet a file is in, and what the format's own (CP437) cannot write.

The format knows one alphabet, IBM PC-8, which is CP437. Programs write others all the same. Swedish words
tell which: å, ä and ö stand at other places in each.
"""

import codecs
import unicodedata
from typing import BinaryIO, Literal

type Encoding = Literal["cp437", "latin-1", "utf-8"]

CHARSET = "cp437"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_CHUNK = 1 << 17
_CP437_LETTERS = "åäöÅÄÖ".encode("cp437")
_LATIN_LETTERS = "åäöÅÄÖ".encode("latin-1")

_ALL = bytes(range(256)).decode(CHARSET)
_CHARACTERS = frozenset(map(ord, _ALL))
_TABLE = codecs.charmap_build(_ALL)
"""Several times as fast as the codec of that name, which looks each character up in a dictionary."""

_WRITTEN_AS = str.maketrans(
    {
        "€": "EUR",
        "–": "-",
        "—": "-",
        "−": "-",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "…": "...",
        "×": "x",
        "ø": "o",
        "Ø": "O",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "TH",
        "ł": "l",
        "Ł": "L",
        "œ": "oe",
        "Œ": "OE",
        "©": "(c)",
        "®": "(R)",
        "™": "(TM)",
        "§": "par.",
    }
)
"""What readers will recognise, for characters that CP437 does not have."""


def detect(stream: BinaryIO) -> Encoding:
    """The alphabet of a file: UTF-8 if it is that (and not ASCII), else the one with most Swedish letters.

    The stream is left where it stood.
    """
    start = stream.tell()
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, beyond_ascii, cp437, latin = True, False, 0, 0
    while chunk := stream.read(_CHUNK):
        ascii_only = chunk.isascii()
        if is_utf8 and not (ascii_only and not decoder.getstate()[0]):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
        if not ascii_only:
            beyond_ascii = True
            cp437 += sum(map(chunk.count, _CP437_LETTERS))
            latin += sum(map(chunk.count, _LATIN_LETTERS))
    is_utf8 = is_utf8 and not decoder.getstate()[0]  # a character cut off is none
    stream.seek(start)
    if beyond_ascii and is_utf8:
        return "utf-8"
    return "latin-1" if latin > cp437 else "cp437"


def encoded(text: str) -> bytes:
    """A text in CP437.

    Raises:
        UnicodeEncodeError: a character does not fit.
    """
    if text.isascii():
        return text.encode("ascii")
    return codecs.charmap_encode(text, "strict", _TABLE)[0]


def written(text: str) -> str:
    """A text as CP437 can write it: the same if it can, else with other characters that are like it."""
    try:
        encoded(text)
    except UnicodeEncodeError:
        return "".join(map(_written, unicodedata.normalize("NFC", text)))
    return text


def _written(character: str) -> str:
    if _fits(character):
        return character
    like = character.translate(_WRITTEN_AS)
    if like == character:  # a letter without its accent, or a sign in simpler characters
        like = "".join(part for part in unicodedata.normalize("NFKD", character) if _fits(part))
    return like or "?"


def _fits(character: str) -> bool:
    return ord(character) in _CHARACTERS
