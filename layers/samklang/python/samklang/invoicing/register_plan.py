"""What the rows of a register's file mean: which entry each is about, and what it becomes.

A row is about the entry with its number. A row without number is about what the same row of the same file
once made, else about the customer with its organisation number, else about an entry that is already as the
row has it. Otherwise it is a new entry. An empty cell says nothing: what is there stays.

Whatever could make two rows be about one entry, now or when half of the file has been written, is refused.
So the same file again finds all that it made, and what is left of it can be written at any time.
"""

from __future__ import annotations

import base64
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pydantic import ValidationError

from samklang.formats.tables import read_table
from samklang.invoicing.model.register_files import MAX_ROWS, ImportColumn, RowError
from samklang.invoicing.model.registers import Article, ArticleInput, Customer, CustomerInput, article_of
from samklang.invoicing.register_columns import ARTICLE_COLUMNS, CUSTOMER_COLUMNS, Column, understood
from samklang.invoicing.store.registers import folded_number
from samklang.platform import clock
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from samklang.formats.tables import Cell
    from samklang.invoicing.model.register_files import Outcome
    from samklang.invoicing.store.registers import Register

type Given = dict[str, Any]
"""What a row says: field to value, for the cells that are not empty."""


# ---------------------------------------------------------------- the two registers


@dataclass(frozen=True, slots=True)
class Kind[Entry: Customer | Article]:
    """What is particular about a register."""

    register: Register
    prefix: str
    """Of its ids."""
    columns: tuple[Column[Entry], ...]
    needed: tuple[str, ...]
    """Without which nothing is new."""
    id_of: Callable[[Entry], str]
    build: Callable[[Given, Entry | None, str, str, int], Entry]
    """What a row makes of an entry: given, before, id, number, version. Raises ValidationError."""


def _customer(given: Given, before: Customer | None, customer_id: str, number: str, version: int) -> Customer:
    values = before.model_dump(exclude={"customer_id", "version"}) if before else {}
    addresses: defaultdict[str, Given] = defaultdict(dict)
    for field, value in given.items():
        whole, _, part = field.partition(".")
        if part:
            addresses[whole][part] = value
        else:
            values[field] = value
    for whole, parts in addresses.items():
        there = values.get(whole)
        if there or parts.keys() != {"country"}:  # which alone is no address, though many files have it
            values[whole] = (there or {}) | parts
    read = CustomerInput.model_validate(values | {"number": number})
    return Customer.model_validate(dict(read) | {"customer_id": customer_id, "version": version})


def _article(given: Given, before: Article | None, article_id: str, number: str, version: int) -> Article:
    values: Given = {}
    if before:
        values = before.model_dump(include={"name", "unit", "vat_class", "kind", "active"})
        values["unit_price"] = format_sek(before.unit_price)
    values |= {field: value for field, value in given.items() if field != "vat"}
    if vat := given.get("vat"):
        # Today's rate says nothing new of a class whose rate changes, such as food.
        told = before is not None and vat == {"vat_rate": before.vat_rate}
        values |= {} if told else {"vat_class": None, "vat_rate": None} | vat
    read = ArticleInput.model_validate(values | {"number": number})
    return article_of(read, article_id, number, version, clock.today())


CUSTOMERS = Kind("customer", "cus", CUSTOMER_COLUMNS, ("name",), lambda each: each.customer_id, _customer)
ARTICLES = Kind(
    "article", "art", ARTICLE_COLUMNS, ("name", "unit_price"), lambda each: each.article_id, _article
)


# ---------------------------------------------------------------- the file


class SheetRow(NamedTuple):
    """A row as it was understood."""

    number: int
    given: Given
    faulty: frozenset[str]
    """Fields that are given in a way that cannot be used."""


@dataclass(frozen=True, slots=True)
class Sheet[Entry: Customer | Article]:
    """A file as it was understood."""

    kind: Kind[Entry]
    digest: str
    """Of its bytes."""
    columns: list[ImportColumn]
    headers: dict[str, str]
    """By field."""
    rows: list[SheetRow]
    errors: list[RowError]


_LONGEST_TEXT = 254
"""Characters; no field of a register takes more, and messages that repeat a text stay short."""
_SHOWN_HEADER = 100
_LONGEST_MESSAGE = 200
"""Characters: an answer with all its errors is kept with the idempotency key, in an item of 400 KB."""


def read_sheet[Entry: Customer | Article](kind: Kind[Entry], content: bytes) -> Sheet[Entry]:
    """Read a file of customers or articles.

    Raises:
        TableError: it is no table, or not one of these.
    """
    table = read_table(content, max_rows=MAX_ROWS)
    found = understood(table.columns, kind.columns, kind.needed)
    errors: list[RowError] = []
    rows = []
    for row in table.rows:
        faults = [each for each in row.errors if each.column in found or each.check == "cell-outside"]
        faulty = {found[each.column].field for each in faults if each.column in found}
        errors += [_row_error(row.number, each.column, each.check, each.message) for each in faults]
        given: Given = {}
        for header, column in found.items():
            if not (text := row.cells[header]):
                continue
            try:
                given[column.field] = _read(column, text)
            except ValueError as error:
                faulty.add(column.field)
                errors.append(_row_error(row.number, header, "value_error", str(error)))
        rows.append(SheetRow(row.number, given, frozenset(faulty)))
    return Sheet(
        kind,
        sha256(content).hexdigest(),
        [_column(header, found.get(header)) for header in table.columns],
        {column.field: header for header, column in found.items()},
        rows,
        errors,
    )


def _read(column: Column[Any], text: str) -> Any:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(_too_long(_LONGEST_TEXT))
    return column.read(unicodedata.normalize("NFC", text))


def _too_long(most: int) -> str:
    return f"is longer than {most} characters: shorten it"


def _row_error(row: int, column: str | None, code: str, message: str) -> RowError:
    shown = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
    return RowError(row=row, column=column[:_SHOWN_HEADER] if column else None, code=code, message=shown)


def _column(header: str, column: Column[Any] | None) -> ImportColumn:
    return ImportColumn(header=header[:_SHOWN_HEADER], field=column.field if column else None)


# ---------------------------------------------------------------- the plan


class Step[Entry: Customer | Article](NamedTuple):
    """What becomes of a row."""

    row: int
    entry: Entry
    before: Entry | None

    @property
    def outcome(self) -> Outcome:
        """Whether it is new, another than before, or the same."""
        if self.before is None:
            return "created"
        return "unchanged" if self.entry is self.before else "updated"


@dataclass(frozen=True, slots=True)
class Plan[Entry: Customer | Article]:
    """What becomes of a file's rows."""

    steps: list[Step[Entry]]
    """Of the rows without errors."""
    errors: list[RowError]
    """By row."""
    next_number_before: int
    next_number: int
    """Where to look for a free number afterwards."""


def plan[Entry: Customer | Article](
    company_id: str, sheet: Sheet[Entry], entries: Iterable[Entry], next_number: int
) -> Plan[Entry]:
    """What becomes of a file's rows, given all that is in the register.

    Args:
        company_id: whose register it is; ids differ by company.
        sheet: the file.
        entries: the register.
        next_number: where to look for a free number.
    """
    return _Planner(company_id, sheet, list(entries), next_number).plan()


class _Planner[Entry: Customer | Article]:
    def __init__(self, company_id: str, sheet: Sheet[Entry], entries: list[Entry], next_number: int) -> None:
        self._company_id = company_id
        self._sheet = sheet
        self._kind = sheet.kind
        self._errors = list(sheet.errors)
        self._by_id = {self._kind.id_of(each): each for each in entries}
        self._by_number = {folded_number(each.number): each for each in entries}
        self._by_org_no: defaultdict[str, list[Entry]] = defaultdict(list)
        for each in entries:
            if isinstance(each, Customer) and each.org_no:
                self._by_org_no[each.org_no].append(each)
        self._alike = Lookalikes(self._kind.columns, ((each, each) for each in entries))
        self._spoken_for: set[str] = set()
        """Ids of entries that rows name, or have been found to be."""
        self._next_number_before = self._next_number = next_number
        self._taken = self._by_number.keys() | {
            folded_number(row.given["number"]) for row in sheet.rows if "number" in row.given
        }

    def plan(self) -> Plan[Entry]:
        self._refuse_numbers_twice()
        self._refuse_org_nos_twice()
        twice = {error.row for error in self._errors if error.code == _MEETS}
        rows = [row for row in self._sheet.rows if row.number not in twice]
        self._spoken_for = {self._kind.id_of(each) for row in rows for each in self._meant(row)[:1]}
        steps = [step for row in rows if (step := self._step(row))]
        self._refuse_entries_twice(steps)
        self._refuse_rows_within_others(steps)
        self._pass_taken_numbers()
        faulty = {error.row for error in self._errors}
        return Plan(
            [step for step in steps if step.row not in faulty],
            sorted(self._errors, key=lambda error: error.row),
            self._next_number_before,
            self._next_number,
        )

    # ------------------------------------------------------------ one row

    def _step(self, row: SheetRow) -> Step[Entry] | None:
        meant = self._meant(row)
        if len(meant) > 1:
            numbers = ", ".join(each.number for each in meant[:_SOME])
            self._refuse(row.number, "org_no", "ambiguous", _AMBIGUOUS.format(numbers))
            return None
        before = meant[0] if meant else None
        entry = self._built(row, before)
        if entry is None:
            return None
        if before is None and _is_nameless(row):
            alike = self._alike.find(entry, row.given.keys())
            free = (each for each in alike if self._kind.id_of(each) not in self._spoken_for)
            if before := next(free, alike[0] if alike else None):
                self._spoken_for.add(self._kind.id_of(before))
                entry = before
        if before is None and not _is_numbered(row):
            entry = cast("Entry", entry.model_copy(update={"number": self._free_number()}))
        return Step(row.number, entry, before)

    def _meant(self, row: SheetRow) -> list[Entry]:
        """The entry that a row names, if any; several only by their organisation number."""
        if _is_numbered(row) and (found := self._by_number.get(folded_number(row.given["number"]))):
            return [found]
        if own := self._by_id.get(self._own_id(row)):
            return [own]
        return [] if _is_numbered(row) else self._by_org_no.get(row.given.get("org_no", ""), [])

    def _own_id(self, row: SheetRow) -> str:
        return row_id(self._company_id, self._kind.prefix, self._sheet.digest, row.number)

    def _built(self, row: SheetRow, before: Entry | None) -> Entry | None:
        number = row.given.get("number") or (before.number if before else _NO_NUMBER_YET)
        known_id = self._kind.id_of(before) if before else self._own_id(row)
        version = before.version if before else 0
        try:
            entry = self._kind.build(row.given, before, known_id, number, version)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                self._refuse_value(row, each)
            return None
        if row.faulty:
            return None
        if before and entry == before:
            return before
        return cast("Entry", entry.model_copy(update={"version": version + 1}))

    def _free_number(self) -> str:
        self._pass_taken_numbers()
        self._next_number += 1
        return str(self._next_number - 1)

    def _pass_taken_numbers(self) -> None:
        """Else whoever creates an entry by hand would have to, a hundred at a time."""
        while folded_number(str(self._next_number)) in self._taken:
            self._next_number += 1

    # ------------------------------------------------------------ rows that meet

    def _refuse_numbers_twice(self) -> None:
        first: dict[str, int] = {}
        for row in self._sheet.rows:
            if number := row.given.get("number"):
                other = first.setdefault(folded_number(number), row.number)
                if other != row.number:
                    message = _TWICE.format(other, "number") + ": remove one of the two."
                    self._refuse(row.number, "number", _MEETS, message)

    def _refuse_org_nos_twice(self) -> None:
        """By its organisation number a row without number must be the only one."""
        first: dict[str, SheetRow] = {}
        for row in self._sheet.rows:
            if org_no := row.given.get("org_no"):
                other = first.setdefault(org_no, row)
                if other is not row and not (_is_numbered(row) and _is_numbered(other)):
                    message = _TWICE.format(other.number, "organisation number") + _GIVE_NUMBERS
                    self._refuse(row.number, "org_no", _MEETS, message)

    def _refuse_entries_twice(self, steps: Sequence[Step[Entry]]) -> None:
        first: dict[str, int] = {}
        for step in steps:
            other = first.setdefault(self._kind.id_of(step.entry), step.row)
            if other != step.row:
                message = f"Row {other} is about number {step.entry.number} too: remove one of the two."
                self._refuse(step.row, None, _MEETS, message)

    def _refuse_rows_within_others(self, steps: Sequence[Step[Entry]]) -> None:
        """What a row without number and organisation number says, no other row may become as well."""
        rows = {row.number: row for row in self._sheet.rows}
        alike = Lookalikes(self._kind.columns, ((step.entry, step) for step in steps))
        for step in steps:
            row = rows[step.row]
            if not _is_nameless(row):
                continue
            for other in alike.find(step.entry, row.given.keys()):
                if other.row == step.row:
                    continue
                of_other = rows[other.row]
                if (
                    other.row > step.row
                    and _is_nameless(of_other)
                    and of_other.given.keys() <= row.given.keys()
                ):
                    continue  # it will be refused for this one
                message = f"Row {other.row} says the same{_GIVE_NUMBERS}"
                self._refuse(step.row, None, _MEETS, message)
                break

    # ------------------------------------------------------------ refusals

    def _refuse_value(self, row: SheetRow, error: Mapping[str, Any]) -> None:
        field = _FIELDS.get(error["loc"], ".".join(map(str, error["loc"])))
        whole = field.partition(".")[0]
        if any(each.partition(".")[0] == whole for each in row.faulty) or (row.faulty and not error["loc"]):
            return  # what is wrong with it is said already
        message = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] == "missing":
            message = self._missing(row, field)
        elif error["type"] == "too_long":
            message = _too_long(error["ctx"]["max_length"])
        elif error["loc"] in _FIELDS and field.endswith("postcode") and f"{whole}.country" not in row.given:
            message += "; of an address abroad, give the country"
        self._refuse(row.number, field, str(error["type"]), message)

    def _missing(self, row: SheetRow, field: str) -> str:
        if "." in field:
            return (
                "An address needs street, postcode and city: fill in what it lacks, or clear the rest of it."
            )
        ours = next(column.header for column in self._kind.columns if column.field == field)
        header, what = self._sheet.headers.get(field, ours), self._kind.register
        if _is_numbered(row):
            return f'No {what} has this number: correct it, or fill in "{header}", which a new one needs.'
        return f'A new {what} needs "{header}": fill it in.'

    def _refuse(self, row: int, field: str | None, code: str, message: str) -> None:
        error = _row_error(row, self._header(field), code, message)
        if error not in self._errors[-_SOME:]:  # of an address without street and postcode
            self._errors.append(error)

    def _header(self, field: str | None) -> str | None:
        """The file's name for a field, or for one that belongs to it."""
        headers = self._sheet.headers
        if field is None or field in headers:
            return headers.get(field or "")
        beside = _BESIDE.get(field) or f"{field.partition('.')[0]}."
        return next((header for each, header in headers.items() if each.startswith(beside)), None)


_FIELDS: dict[tuple[str | int, ...], str] = {
    (): "vat_treatment",  # which the customer's VAT number or country does not allow
    ("address",): "address.postcode",
    ("delivery_address",): "delivery_address.postcode",
    ("vat_rate",): "vat",
    ("vat_class",): "vat",
}
"""Where an error of the model is, if its name does not tell."""
_BESIDE = {"vat_treatment": "vat_no"}

_MEETS = "twice"
"""Code of the error of a row that meets another one."""
_SOME = 5
"""Numbers named in a message."""
_NO_NUMBER_YET = "0"
_GIVE_NUMBERS = ": give each its number, or remove one of the two."
_TWICE = "Row {} has the same {}"
_AMBIGUOUS = "Several customers have this organisation number ({}): give the number of the right one."


def _is_numbered(row: SheetRow) -> bool:
    return "number" in row.given


def _is_nameless(row: SheetRow) -> bool:
    """Whether a row has nothing to be recognised by but what it says."""
    return not row.given.keys() & {"number", "org_no"}


def row_id(company_id: str, prefix: str, digest: str, row: int) -> str:
    """The id of what a row of a file makes: the same each time, so that nothing is made twice.

    Ids of ours sort by time; these sort before all of them, by row: what is imported is older than what is
    made here.
    """
    cause = sha256(f"{company_id}/{digest}/{row}".encode()).digest()
    return f"{prefix}_0{row:07}{base64.b32hexencode(cause)[:12].decode().lower()}"


class Lookalikes[Entry: Customer | Article, Found]:
    """Finds entries that are as another one is in some fields."""

    def __init__(self, columns: Iterable[Column[Entry]], entries: Iterable[tuple[Entry, Found]]) -> None:
        """Remember entries, each with what is to be found by it."""
        self._shows = {column.field: column.show for column in columns}
        self._by_name: defaultdict[str, list[tuple[Entry, Found]]] = defaultdict(list)
        for entry, found in entries:
            self._by_name[entry.name].append((entry, found))
        self._indexes: dict[tuple[str, tuple[str, ...]], defaultdict[tuple[Cell, ...], list[Found]]] = {}

    def find(self, entry: Entry, fields: Iterable[str]) -> list[Found]:
        """What was remembered with those that are like the entry in all the fields, its name among them."""
        wanted = tuple(sorted(fields))
        index = self._indexes.get((entry.name, wanted))
        if index is None:
            index = self._indexes[entry.name, wanted] = defaultdict(list)
            for each, found in self._by_name.get(entry.name, []):
                index[self._shown(each, wanted)].append(found)
        return index.get(self._shown(entry, wanted), [])

    def _shown(self, entry: Entry, fields: tuple[str, ...]) -> tuple[Cell, ...]:
        return tuple(self._shows[field](entry) for field in fields)
