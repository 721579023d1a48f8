"""Reading a sheet of a workbook (ECMA-376, transitional and strict), row by row."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import override
from xml.sax.xmlreader import AttributesImpl

from openpyxl.utils import column_index_from_string

from samklang.formats.tables.cells import Fault, Record, TableError, cleaned
from samklang.formats.tables.xlsx_archive import (
    DAMAGED,
    UNREADABLE,
    Part,
    opened,
    parse,
    parsed,
)
from samklang.formats.tables.xlsx_parts import Book, Relations, Strings, Styles, unescaped
from samklang.formats.tables.xlsx_values import GENERAL, Style, iso_day, shown

_MAX_ROW, _MAX_COLUMN = 1 << 20, 1 << 14
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_UNCALCULATED = Fault(
    "formula-without-result",
    "The cell holds a formula whose result is not in the file: open the file in Excel and save it, or paste "
    "the values (Paste Special, Values).",
)


def xlsx_records(content: bytes) -> Iterator[Record]:
    """The rows of the first visible sheet, by their numbers.

    Raises:
        TableError: it is no workbook that can be read.
    """
    try:
        yield from _sheet_rows(content)
    except TableError:
        raise
    except UNREADABLE as error:
        raise TableError("damaged", DAMAGED) from error


def _sheet_rows(content: bytes) -> Iterator[Record]:
    with opened(content) as archive:
        relations = Relations()
        parse(archive, "xl/_rels/workbook.xml.rels", relations)
        book = Book(relations.sheets)
        parse(archive, "xl/workbook.xml", book)
        styles = Styles()
        if relations.styles:
            parse(archive, relations.styles, styles)
        strings = Strings()
        if relations.strings:
            parse(archive, relations.strings, strings)
        if book.sheet is None:
            raise TableError("no-sheet", "The workbook has no visible sheet: show the one with the register.")
        rows = _Rows(strings.texts, styles.styles, book.epoch)
        for _ in parsed(archive, book.sheet, rows):
            yield from rows.taken()


class _Rows(Part):
    """The rows of a sheet."""

    def __init__(self, strings: list[str], styles: list[Style], epoch: datetime) -> None:
        super().__init__()
        self._strings = strings
        self._styles = styles
        self._epoch = epoch
        self._rows: list[Record] = []
        self._row = Record(0, {}, {})
        self._column = 0
        """Of the last cell, from 0."""
        self._kind = "n"
        self._style = GENERAL
        self._formula = False
        self._result = False
        """Whether the cell has a value, if only an empty one."""

    def taken(self) -> list[Record]:
        """The rows that have ended since this was last asked."""
        rows, self._rows = self._rows, []
        return rows

    @override
    def begin(self, name: str, parent: str, attrs: AttributesImpl) -> None:
        match name, parent:
            case "c", "row":
                self._begin_cell(attrs)
            case ("v", "c") | ("t", "is" | "r"):
                self._hearing = self._result = True
            case "f", "c":
                self._formula = True
            case "row", "sheetData":
                self._begin_row(attrs)

    @override
    def end(self, name: str, parent: str) -> None:
        match name, parent:
            case "v" | "t", _:
                self._hearing = False
            case "c", "row":
                self._end_cell()
            case "row", "sheetData" if self._row.cells or self._row.faults:
                self._rows.append(self._row)

    def _begin_row(self, attrs: AttributesImpl) -> None:
        number = int(attrs.get("r", str(self._row.number + 1)))
        if not self._row.number < number <= _MAX_ROW:
            raise TableError("damaged", DAMAGED)
        self._row = Record(number, {}, {})
        self._column = -1

    def _begin_cell(self, attrs: AttributesImpl) -> None:
        column = self._column + 1
        if reference := attrs.get("r"):
            match = _REFERENCE.fullmatch(reference)
            column = column_index_from_string(match[1]) - 1 if match else -1
        if not self._column < column < _MAX_COLUMN:
            raise TableError("damaged", DAMAGED)
        self._column = column
        self._kind = attrs.get("t", "n")
        self._style = self._styles[int(attrs["s"])] if "s" in attrs else GENERAL
        self._formula = self._result = False

    def _end_cell(self) -> None:
        match self._value(self.take_heard()):
            case Fault() as fault:
                self._row.faults[self._column] = fault
            case str(text) if text:
                self._row.cells[self._column] = text

    def _value(self, text: str) -> str | Fault:
        if self._formula and not text and not (self._kind == "str" and self._result):
            return _UNCALCULATED
        return self._read(text) if text else ""

    def _read(self, text: str) -> str | Fault:
        match self._kind:
            case "s":
                return self._strings[int(text)]
            case "str" | "inlineStr":
                return cleaned(unescaped(text))
            case "b":
                return "true" if text == "1" else "false"
            case "e":
                return Fault("error-cell", f"The cell shows {text[:20]}: correct or clear it.")
            case "d":
                return iso_day(text)
            case _:
                return shown(text, self._style, self._epoch)
