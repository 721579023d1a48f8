"""Writing a workbook of one sheet."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any, Literal

from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.styles.numbers import FORMAT_TEXT
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from samklang.formats.tables.cells import MAX_CELL, TOO_LONG, Cell, TableError, guarded
from samklang.formats.tables.csv_writer import csv_text, of_one_width

_BOLD = Font(bold=True)
_SAMPLED = 200
"""Rows that decide how wide the columns are."""
_NARROWEST, _WIDEST = 8, 60
"""Characters."""
_DIGITS = 15
"""What a spreadsheet holds of a number; one that has more is written as text."""
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = "Register") -> bytes:
    """Write a workbook of one sheet, with a header that stays in view and can filter.

    The same table gives the same bytes, whenever it is written.

    Args:
        header: names of the columns.
        rows: as many cells each as there are columns.
        title: of the sheet.

    Raises:
        TableError: a text is longer than a cell can be.
    """
    workbook = Workbook(write_only=True)
    workbook.properties.creator = "Samklang"
    workbook.properties.created = workbook.properties.modified = datetime(*_ZIP_EPOCH)  # noqa: DTZ001 - as zip
    sheet = workbook.create_sheet(title)
    sheet.freeze_panes = "A2"
    rows = of_one_width(rows, header)
    sample = list(islice(rows, _SAMPLED))
    for number, width in enumerate(_widths(header, sample), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    try:
        sheet.append([_heading(sheet, name) for name in header])
        last = 1
        for row in chain(sample, rows):
            sheet.append([_xlsx_cell(sheet, cell) for cell in row])
            last += 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{last}"
    finally:
        sheet.close()
    content = io.BytesIO()
    with _Undated(content, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(workbook, archive).save()
    return content.getvalue()


class _Undated(zipfile.ZipFile):
    """An archive that does not tell when it was made."""

    def open(
        self,
        name: str | zipfile.ZipInfo,
        mode: Literal["r", "w"] = "r",
        pwd: bytes | None = None,
        *,
        force_zip64: bool = False,
    ) -> IO[bytes]:
        if mode == "w" and isinstance(name, zipfile.ZipInfo):
            name.date_time = _ZIP_EPOCH
        return super().open(name, mode, pwd, force_zip64=force_zip64)


def _widths(header: Sequence[str], sample: list[Sequence[Cell]]) -> Iterator[int]:
    """Wide enough for the sampled texts, in characters."""
    for texts in zip(header, *(map(csv_text, row) for row in sample), strict=True):
        yield min(max(_NARROWEST, *(len(text) + 2 for text in texts)), _WIDEST)


def _heading(sheet: Any, name: str) -> XlsxCell:
    cell = _text_cell(sheet, name)
    cell.font = _BOLD
    return cell


def _xlsx_cell(sheet: Any, cell: Cell) -> XlsxCell | None:
    match cell:
        case None | "":
            return None
        case str():
            return _text_cell(sheet, cell)
        case int() | Decimal() if not isinstance(cell, bool) and _digits(cell) > _DIGITS:
            return _text_cell(sheet, csv_text(cell))
    written = WriteOnlyCell(sheet)
    written.value = cell
    if isinstance(cell, Decimal) and (decimals := -int(cell.as_tuple().exponent)) > 0:
        written.number_format = f"0.{'0' * decimals}"
    return written


def _digits(number: int | Decimal) -> int:
    return len(Decimal(number).normalize().as_tuple().digits)


def _text_cell(sheet: Any, text: str) -> XlsxCell:
    """A cell that is text whatever it looks like, and stays so when somebody edits it."""
    safe = guarded(text)
    written = safe if text.startswith("'") else text  # an apostrophe of its own would be taken off
    if len(written) > MAX_CELL:
        raise TableError(*TOO_LONG)
    cell = WriteOnlyCell(sheet, _NO_XML.sub(_escape, written))
    cell.data_type = "s"
    cell.number_format = FORMAT_TEXT
    cell.quotePrefix = safe != text
    return cell


def _escape(sign: re.Match[str]) -> str:
    return f"_x{ord(sign[0]):04X}_"
