"""Customers and articles as files: what is sent, and what became or would become of each row."""

from typing import Annotated, Literal

from pydantic import Field

from samklang.invoicing.model.registers import CustomerInput
from samklang.invoicing.vat import Kind, VatClass, VatRate
from samklang.platform.money import Money
from samklang.platform.shapes import Shape

MAX_ROWS = 5_000
"""Below the header of an imported file; docs/measurements.md tells how long they take."""

MAX_BYTES = 3 << 20
"""Of an imported file; Lambda takes requests of 6 MB, and base64 makes 4 MB of it."""

FileFormat = Literal["csv", "xlsx"]

Outcome = Literal["created", "updated", "unchanged"]


class ImportInput(Shape):
    """A file of customers or articles, CSV or XLSX: its first row names the columns."""

    content: Annotated[str, Field(min_length=1, max_length=MAX_BYTES // 3 * 4)]
    """The file's bytes in base64; at most 3 MB before that."""
    dry_run: Annotated[bool, Field(strict=True)] = True
    """Only tell what would be done. Nothing is written unless this is said to be false."""


class ImportColumn(Shape):
    """A column of the file and what it was taken for; null for one that is left out."""

    header: str
    field: str | None


class RowError(Shape):
    """Why a row cannot be used, and what to do about it."""

    row: int
    """Where it begins in the file, from 1: line of a CSV file, row of a sheet."""
    column: str | None
    """The column's name; null when the row as a whole is at fault."""
    code: str
    message: str


class ImportResult(Shape):
    """What an import did or, in a dry run, would do."""

    dry_run: bool
    rows: int
    """Below the header, those with errors too."""
    created: int
    updated: int
    unchanged: int
    columns: list[ImportColumn]
    error_count: int
    errors: list[RowError]
    """The first 500."""


class CustomerPreview(CustomerInput):
    """A customer as a row makes it."""

    row: int
    outcome: Outcome


class CustomerImportResult(ImportResult):
    """What an import of customers did or, in a dry run, would do."""

    preview: list[CustomerPreview]
    """The first rows without errors."""


class ArticlePreview(Shape):
    """An article as a row makes it."""

    row: int
    outcome: Outcome
    name: str
    number: str
    unit: str
    unit_price: Money
    vat_rate: VatRate
    vat_class: VatClass
    kind: Kind
    active: bool


class ArticleImportResult(ImportResult):
    """What an import of articles did or, in a dry run, would do."""

    preview: list[ArticlePreview]
    """The first rows without errors."""
