"""The parts of a workbook beside its sheets: which part is which, styles, shared texts."""

import posixpath
import re
from typing import override
from xml.sax.xmlreader import AttributesImpl

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from samklang.formats.tables.cells import MAX_CHARACTERS, cleaned
from samklang.formats.tables.xlsx_archive import MAX_ENTRIES, Part, too_large
from samklang.formats.tables.xlsx_values import Style, style_of

_MAX_STRINGS = 500_000
_MAX_STYLES = 1 << 16
_MAX_FORMAT = 255
"""Characters of a number format; Excel's own limit, as is that of the styles, roughly."""


class Relations(Part):
    """Which part is which (``workbook.xml.rels``)."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: dict[str, str] = {}
        """Parts by the id the workbook has for them."""
        self.strings: str | None = None
        self.styles: str | None = None

    @override
    def begin(self, name: str, parent: str, attrs: AttributesImpl) -> None:
        if name != "Relationship" or attrs.get("TargetMode") == "External":
            return
        part = posixpath.normpath(posixpath.join("/xl", attrs["Target"])).lstrip("/")
        match attrs["Type"].rpartition("/")[2]:
            case "worksheet":
                self.sheets[attrs["Id"]] = part
                if len(self.sheets) > MAX_ENTRIES:
                    raise too_large()
            case "sharedStrings":
                self.strings = part
            case "styles":
                self.styles = part


class Book(Part):
    """Its first visible sheet, and from which day it counts days."""

    def __init__(self, sheets: dict[str, str]) -> None:
        super().__init__()
        self._sheets = sheets
        self.sheet: str | None = None
        self.epoch = WINDOWS_EPOCH

    @override
    def begin(self, name: str, parent: str, attrs: AttributesImpl) -> None:
        if name == "sheet" and self.sheet is None and attrs.get("state", "visible") == "visible":
            relation = next((value for key, value in attrs.items() if key.endswith(":id")), "")
            self.sheet = self._sheets.get(relation)  # a chart has none
        elif name == "workbookPr" and attrs.get("date1904") in {"1", "true"}:
            self.epoch = MAC_EPOCH


class Styles(Part):
    """The styles cells refer to by number."""

    def __init__(self) -> None:
        super().__init__()
        self._formats = dict(BUILTIN_FORMATS)
        self.styles: list[Style] = []

    @override
    def begin(self, name: str, parent: str, attrs: AttributesImpl) -> None:
        if name == "numFmt" and parent == "numFmts" and len(attrs["formatCode"]) <= _MAX_FORMAT:
            self._formats[int(attrs["numFmtId"])] = attrs["formatCode"]
        elif name == "xf" and parent == "cellXfs":
            number_format = self._formats.get(int(attrs.get("numFmtId", "0")), "General")
            self.styles.append(style_of(number_format))
        if max(len(self._formats), len(self.styles)) > _MAX_STYLES:
            raise too_large()


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SURROGATES = range(0xD800, 0xE000)


def unescaped(text: str) -> str:
    """A text with the signs XML cannot hold, ``_x000D_`` for instance (ECMA-376 part 1, ST_Xstring)."""
    return _ESCAPE.sub(_sign, text) if "_x" in text else text


def _sign(escape: re.Match[str]) -> str:
    number = int(escape[1], 16)
    return escape[0] if number in _SURROGATES else chr(number)


class Strings(Part):
    """The texts cells refer to by number."""

    def __init__(self) -> None:
        super().__init__()
        self._size = 0
        self.texts: list[str] = []

    @override
    def begin(self, name: str, parent: str, attrs: AttributesImpl) -> None:
        if name == "t":
            self._hearing = parent in {"si", "r"}  # in rPh it tells how the text is pronounced

    @override
    def end(self, name: str, parent: str) -> None:
        if name == "t":
            self._hearing = False
        elif name == "si":
            text = cleaned(unescaped(self.take_heard()))
            self.texts.append(text)
            self._size += len(text)
            if len(self.texts) > _MAX_STRINGS or self._size > MAX_CHARACTERS:
                raise too_large()
