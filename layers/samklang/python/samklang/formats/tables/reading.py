"""Reading a table of either kind: the header, and the rows below it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from samklang.formats.tables.cells import MAX_CHARACTERS, MAX_COLUMNS, Record, TableError, Unit
from samklang.formats.tables.csv_reader import csv_records

_ZIP = b"PK\x03\x04"


class Row(NamedTuple):
    """A row that is not blank."""

    number: int
    """Where it begins in the file, from 1: line of a CSV file, row of a sheet."""
    cells: dict[str, str]
    """The text of every column, by the column's name; empty where the row has none, or a faulty one."""
    errors: tuple[TableError, ...] = ()
    """Why the row cannot be used, if it cannot."""


@dataclass(frozen=True, slots=True)
class Table:
    """The named columns of a table, and its rows, to be gone through once."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    """Trust nothing before it has ended: a file can turn out to be broken at its end."""


def read_table(content: bytes, *, max_rows: int, max_columns: int = MAX_COLUMNS) -> Table:
    """Read a table, CSV or XLSX; its first row that is not blank names the columns.

    Args:
        content: the file.
        max_rows: the most rows below the header, blank ones not counted.
        max_columns: the most columns, from the first.

    Raises:
        TableError: it is no table (at once), or a check of the file failed (while its rows are read).
    """
    records: Iterator[Record]
    unit: Unit
    if content.startswith(_ZIP):
        # openpyxl takes as long to import as all else that a function needs: not for CSV.
        from samklang.formats.tables.xlsx_reader import xlsx_records  # noqa: PLC0415

        records, unit = xlsx_records(content), "row"
    else:
        records, unit = csv_records(content), "line"
    header = next((record for record in records if record.cells or record.faults), None)
    if header is None:
        raise TableError("empty", "The table is empty: its first row must name the columns.")
    columns = _columns(header, max_columns, unit)
    return Table(tuple(columns.values()), _rows(records, columns, max_rows, unit))


def _columns(header: Record, max_columns: int, unit: Unit) -> dict[int, str]:
    """The names by their places. A column without a name may stand between, if it is blank all through."""
    for place, fault in header.checked().items():
        raise TableError(*fault, row=header.number, column=str(place + 1), unit=unit)
    if max(header.cells) >= max_columns:
        message = f"The table has more than {max_columns} columns: remove those that are not needed."
        raise TableError("too-many-columns", message, row=header.number, unit=unit)
    columns: dict[int, str] = {}
    taken: dict[str, int] = {}
    for place, text in sorted(header.cells.items()):
        columns[place] = name = " ".join(text.split())
        if (first := taken.setdefault(name.casefold(), place)) != place:
            message = f"Columns {first + 1} and {place + 1} have the same name: rename or remove one of them."
            raise TableError("column-twice", message, row=header.number, column=name, unit=unit)
    return columns


def _rows(records: Iterator[Record], columns: dict[int, str], max_rows: int, unit: Unit) -> Iterator[Row]:
    count = size = 0
    for record in records:
        if not record.cells and not record.faults:
            continue
        count += 1
        if count > max_rows:
            message = f"The table has more than {max_rows} rows: split it into several files."
            raise TableError("too-many-rows", message, row=record.number, unit=unit)
        size += sum(map(len, record.cells.values()))
        if size > MAX_CHARACTERS:
            message = f"The table holds more than {MAX_CHARACTERS} characters: split it into several files."
            raise TableError("too-large", message, row=record.number, unit=unit)
        yield _row(record, columns, unit)


def _row(record: Record, columns: dict[int, str], unit: Unit) -> Row:
    faults = record.checked()
    errors = [
        TableError(*fault, row=record.number, column=columns[place], unit=unit)
        for place, fault in faults.items()
        if place in columns
    ]
    if outside := (record.cells.keys() | faults.keys()) - columns.keys():
        message = "The cell stands in a column without a name: clear it, or name the column in the header."
        column = str(min(outside) + 1)
        errors.append(TableError("cell-outside", message, row=record.number, column=column, unit=unit))
    cells = {name: "" if place in faults else record.cells.get(place, "") for place, name in columns.items()}
    return Row(record.number, cells, tuple(errors))
