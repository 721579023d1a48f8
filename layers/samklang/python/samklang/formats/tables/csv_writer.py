"""Writing CSV as Swedish Excel opens it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain

from samklang.formats.tables.cells import Cell, guarded


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write a CSV file as Swedish Excel opens it: UTF-8 with its mark, semicolons, decimal commas.

    Args:
        header: names of the columns.
        rows: as many cells each as there are columns.
    """
    content = io.BytesIO()
    with io.TextIOWrapper(content, "utf-8-sig", newline="") as lines:
        writer = csv.writer(lines, delimiter=";")
        for row in chain([header], of_one_width(rows, header)):
            writer.writerow(map(csv_text, row))
        lines.flush()
        return content.getvalue()


def of_one_width(rows: Iterable[Sequence[Cell]], header: Sequence[str]) -> Iterator[Sequence[Cell]]:
    """The rows, each of which must have as many cells as the header."""
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells under a header of {len(header)}")
        yield row


def csv_text(cell: Cell) -> str:
    """A cell as it stands in CSV."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return guarded(cell)
        case Decimal():
            return format(cell, "f").replace(".", ",")
        case _:
            return str(cell)
