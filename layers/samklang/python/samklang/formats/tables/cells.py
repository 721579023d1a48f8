"""What cells, rows and faults of a table are, CSV or XLSX, and how far a table may go."""

import re
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

type Unit = Literal["line", "row"]
type Cell = str | int | Decimal | date | bool | None
"""What is written: text, number, day, yes or no (``true``, ``false``), nothing."""

MAX_COLUMNS = 100
MAX_CHARACTERS = 20_000_000
"""In all cells together: a small file can name one long text in every cell."""
MAX_CELL = 32_767
"""Characters in a cell; Excel's own limit."""

SAVE_AS = "Save it as an Excel workbook (XLSX) or as CSV, and send that."


class TableError(ValueError):
    """What is wrong with a table, where, and what to do about it.

    Args:
        check: stable kebab-case name of the check that failed.
        message: what is wrong and what to do.
        row: where in the file, from 1; None when it concerns the file as a whole.
        column: the column's name, or its number if it has none.
        unit: what ``row`` counts: lines of a CSV file, rows of a sheet.
    """

    def __init__(
        self,
        check: str,
        message: str,
        *,
        row: int | None = None,
        column: str | None = None,
        unit: Unit = "row",
    ) -> None:
        self.check = check
        self.message = message
        self.row = row
        self.column = column
        self.unit = unit
        place = f"{unit.capitalize()} {row}" if row else ""
        place += f", column {column}" if column else ""
        super().__init__(f"{place}: {message}" if place else message)


class Fault(NamedTuple):
    """Why a cell cannot be used."""

    check: str
    message: str


TOO_LONG = Fault("cell-too-long", f"The text is longer than {MAX_CELL} characters: shorten it.")


class Record(NamedTuple):
    """A row as the file has it; columns from 0, those that are blank left out."""

    number: int
    cells: dict[int, str]
    faults: dict[int, Fault]

    def checked(self) -> dict[int, Fault]:
        """The faults, with those of texts too long."""
        return self.faults | {place: TOO_LONG for place, text in self.cells.items() if len(text) > MAX_CELL}


# ---------------------------------------------------------------- formulas kept apart

_FORMULA = re.compile(r"[\s']*[=+\-@\t\r\n＝＋－＠]")
"""How a text begins that a spreadsheet may calculate: blanks do not hinder it, and full-width signs count.
With any apostrophes before it, so that to guard and to unguard are each other's reverse."""


def guarded(text: str) -> str:
    """A text with an apostrophe before it, if it could be taken for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def cleaned(text: str) -> str:
    """A text as it was before it was guarded, and without the blanks around it."""
    text = text.strip()
    return text[1:].lstrip() if text.startswith("'") and _FORMULA.match(text, 1) else text
