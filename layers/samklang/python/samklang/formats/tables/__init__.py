"""Registers as tables: CSV and XLSX as Swedish firms keep them, read and written.

Reading. What a file is, its content decides, never its name. Both kinds give the same texts: a number has
a decimal comma, a date is ISO 8601, and blanks around a text are gone. Rows come one at a time, so memory
stays flat; faults of a cell stand in its row, faults of the file are raised.

- CSV (RFC 4180, as Excel varies it): semicolon, tab or comma by the header; UTF-8, UTF-16 with its mark,
  or Windows-1252; ``sep=;`` in the first line; any line ends.
- XLSX (ECMA-376, transitional and strict): the first visible sheet. The parts are parsed as a stream, with
  document types refused. openpyxl's reader builds trees: a file of 24 kB can make it take 1.5 GB.

Writing. A text that a spreadsheet could take for a formula is guarded. In CSV an apostrophe goes before it,
which reading takes off again; in XLSX the cell is a text by its type. Numbers are numbers in both.

What takes openpyxl is in the modules ``xlsx_*``, imported when a workbook is at hand and not before.
"""

from samklang.formats.tables.cells import Cell, TableError
from samklang.formats.tables.csv_writer import write_csv
from samklang.formats.tables.numbers import read_decimal
from samklang.formats.tables.reading import Row, Table, read_table

__all__ = ["Cell", "Row", "Table", "TableError", "read_decimal", "read_table", "write_csv"]
