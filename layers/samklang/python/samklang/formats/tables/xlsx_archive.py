"""The zip archive that a workbook is: its parts parsed as streams, in memory that no file can blow up."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import override
from xml.sax import SAXException
from xml.sax.handler import ContentHandler, property_interning_dict
from xml.sax.xmlreader import AttributesImpl

from defusedxml.sax import make_parser  # type: ignore[import-untyped,unused-ignore]

from samklang.formats.tables.cells import MAX_CELL, SAVE_AS, TableError

DAMAGED = "The workbook is damaged: open it in Excel, save it as an Excel workbook (XLSX), and send that."
_ENTRY = b"PK\x01\x02"
"""How each entry of a zip archive's directory begins."""
_MAX_UNPACKED = 64 << 20
"""Bytes of a workbook, unpacked."""
MAX_ENTRIES = 5_000
_RATIO = 250
"""How many times smaller than its content a part may be; sheets are 5 to 30 times smaller."""
_RATIO_FROM = 1 << 20
"""Bytes; smaller parts may be of one letter."""
_BLOCK = 1 << 16
_MAX_DEPTH = 64
"""Elements within elements; a sheet has about ten."""
_MAX_NAMES = 5_000
"""Names of elements and attributes: the parser keeps each."""

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a zip archive of a later kind
    OverflowError,  # places in the archive beyond all memory
    SAXException,
    LookupError,  # a part, an attribute or a text that is referred to is not there
    ValueError,  # a number is none, an encoding is unknown, a document type is declared (defusedxml)
)
"""What goes wrong when a workbook is damaged."""

_OTHER_ARCHIVES = (
    ("xl/workbook.bin", "a binary Excel workbook (XLSB)"),
    ("content.xml", "an OpenDocument file (ODS)"),
    ("Index/Document.iwa", "a Numbers document"),
    ("word/document.xml", "a Word document"),
)


def too_large() -> TableError:
    """The refusal of a workbook that could fill the memory."""
    megabytes = _MAX_UNPACKED >> 20
    return TableError(
        "too-large",
        f"The workbook is larger than {megabytes} MB when unpacked, or packed in an uncommon way: "
        "copy the register alone to a new workbook, and send that.",
    )


@contextmanager
def opened(content: bytes) -> Iterator[zipfile.ZipFile]:
    """The archive, if what it says of itself can be.

    Raises:
        TableError: it is another file, has a password, or is packed as no program does it.
    """
    if content.count(_ENTRY) > MAX_ENTRIES:  # before the directory is read
        raise too_large()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_directory(archive)
        yield archive


def _check_directory(archive: zipfile.ZipFile) -> None:
    """What the archive says of itself. Reading a part stops at the size that is said here (zipfile)."""
    entries = archive.infolist()
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names:
        what = next((what for name, what in _OTHER_ARCHIVES if name in names), "a zip archive")
        raise TableError("not-a-table", f"The file is {what}. {SAVE_AS}")
    if sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
        raise too_large()
    for entry in entries:
        if entry.flag_bits & 1:
            raise TableError("password", "The workbook has a password: save it without one, and send that.")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise TableError("damaged", DAMAGED)
        if entry.file_size > max(_RATIO_FROM, entry.compress_size * _RATIO):
            raise too_large()


def parse(archive: zipfile.ZipFile, name: str, part: "Part") -> None:
    """Let the part hear all that stands in it."""
    for _ in parsed(archive, name, part):
        pass


def parsed(archive: zipfile.ZipFile, name: str, part: "Part") -> Iterator[None]:
    """Let the part hear what stands in it, a block at a time, in memory that no content can blow up."""
    names: dict[str, str] = {}
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setProperty(property_interning_dict, names)
    parser.setContentHandler(part)
    place = (0, 0)
    with archive.open(name) as stream:
        while block := stream.read(_BLOCK):
            parser.feed(block)
            last, place = place, (parser.getLineNumber(), parser.getColumnNumber())
            stuck = place == last and len(block) == _BLOCK  # in one tag, longer than the whole block
            if stuck or len(names) > _MAX_NAMES:
                raise TableError("damaged", DAMAGED)
            yield
    parser.close()
    yield


class Part(ContentHandler):
    """Follows where in a part the parser is, and hears texts. Names lose their prefix: makers choose it."""

    def __init__(self) -> None:
        super().__init__()
        self._path = [""]
        self._hearing = False
        self._heard: list[str] = []
        self._length = 0

    @override
    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        if len(self._path) > _MAX_DEPTH:
            raise TableError("damaged", DAMAGED)
        local = name.rpartition(":")[2]
        self.begin(local, self._path[-1], attrs)
        self._path.append(local)

    @override
    def endElement(self, name: str) -> None:
        local = self._path.pop()
        self.end(local, self._path[-1])

    @override
    def characters(self, content: str) -> None:
        if self._hearing and self._length <= MAX_CELL:  # so that a text too long is seen to be
            self._heard.append(content)
            self._length += len(content)

    def begin(self, name: str, parent: str, attrs: AttributesImpl) -> None:
        """An element begins."""

    def end(self, name: str, parent: str) -> None:
        """An element ends."""

    def take_heard(self) -> str:
        """What was heard since this was last asked."""
        text = "".join(self._heard)
        self._heard.clear()
        self._length = 0
        return text
