"""Every record but vouchers: identification, chart of accounts, dimensions, balances."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from samklang.formats.sie import values
from samklang.formats.sie.fields import Field
from samklang.formats.sie.model import (
    HOME_CURRENCY,
    Account,
    Balance,
    Dimension,
    Findings,
    Head,
    Objects,
    Period,
    Year,
)
from samklang.formats.sie.values import refuse

_MOST_RECORDS = 250_000
"""Kept at once: many times what a year's books of a large company need."""
_KINDS = frozenset("TSKI")
_TYPES = frozenset("1234")
_PC8 = "PC8"
_LONGEST_YEAR = 2
"""Digits of a year's number."""
_ADDRESS_FIELDS = 4


class Record(NamedTuple):
    """A line taken apart."""

    label: str
    fields: Sequence[Field]
    """Behind the label."""
    line: int
    findings: Findings

    def text(self, place: int) -> str:
        """A field, empty if it is left out."""
        field = self.fields[place] if len(self.fields) > place else ""
        return field if isinstance(field, str) else ""

    def objects(self, place: int) -> Objects | None:
        """An object list; None if none stands there."""
        field = self.fields[place] if len(self.fields) > place else None
        return field if isinstance(field, tuple) else None

    def tell(self, code: str, text: str) -> None:
        """Something odd."""
        self.findings.add(code, self.line, text)

    def tell_twice(self, again: object, *what: object) -> None:
        """That it stands twice, if it does."""
        if again:
            self.tell("twice", f"{self.label} {' '.join(map(str, what))} stands twice: the last one counts.")

    def tell_incomplete(self) -> None:
        """That it cannot be used."""
        self.tell("incomplete", f"{self.label} lacks a field it must have: passed by.")


class HeadReader:
    """Takes each record into the head, and tells what is odd about it."""

    def __init__(self, findings: Findings) -> None:
        self.head = Head()
        self.type = ""
        """As ``#SIETYP`` has it: 4E and 4I are both 4."""
        self._findings = findings
        self._seen: set[str] = set()
        self._records = 0

    def read(self, fields: Sequence[Field], label: str, line: int) -> None:
        """One record, its label in capitals; of a label that the format does not have, a finding."""
        record = Record(label, fields[1:], line, self._findings)
        keep = _KEPT.get(label)
        if keep is None:
            record.tell("unknown-label", f"{label[:40]} is no record of the format: passed by.")
            return
        self._records += 1
        if self._records > _MOST_RECORDS:
            found = f"more than {_MOST_RECORDS}"
            refuse("too-many-records", line, expected="accounts and balances of one company", found=found)
        self._seen.add(label)
        if label == "#SIETYP":
            self.type = record.text(0)
        keep(self.head, record)

    @staticmethod
    def knows(label: str) -> bool:
        """Whether it is a record of the format that stands outside vouchers."""
        return label in _KEPT

    def has(self, label: str) -> bool:
        """Whether the file has such a record."""
        return label in self._seen


# ---------------------------------------------------------------- identification


def _flag(head: Head, record: Record) -> None:
    head.flag = record.text(0) == "1"


def _program(head: Head, record: Record) -> None:
    head.program = (record.text(0), record.text(1))


def _format(_: Head, record: Record) -> None:
    if (found := record.text(0)).upper() != _PC8:
        record.tell("format", f"#FORMAT is {found!r}, and should be {_PC8}.")


def _made(head: Head, record: Record) -> None:
    if text := record.text(0):
        head.made = values.day(text, record.label, record.line)
    else:
        record.tell_incomplete()
    head.made_by = record.text(1)


def _type(_: Head, record: Record) -> None:
    if (text := record.text(0)) not in _TYPES:
        refuse("type", record.line, expected="1, 2, 3 or 4", found=repr(text), label=record.label)


def _prose(head: Head, record: Record) -> None:
    head.prose.append(record.text(0))


def _form(head: Head, record: Record) -> None:
    head.form = record.text(0)


def _company_id(head: Head, record: Record) -> None:
    head.company_id = record.text(0)


def _org_no(head: Head, record: Record) -> None:
    head.org_no = record.text(0)


def _industry(_: Head, __: Record) -> None:
    """An old code of the industry, which nobody here has a use for."""


def _address(head: Head, record: Record) -> None:
    count = min(len(record.fields), _ADDRESS_FIELDS)
    head.address = tuple(record.text(place) for place in range(count))


def _company(head: Head, record: Record) -> None:
    head.company = record.text(0)


def _year(head: Head, record: Record) -> None:
    year = _number_of_year(record)
    first, last = record.text(1), record.text(2)
    if not (first and last):
        record.tell("year-empty", f"#RAR {year} does not say when the year begins and ends.")
        return
    start = values.day(first, record.label, record.line)
    end = values.day(last, record.label, record.line)
    if start > end:
        record.tell("year-empty", f"#RAR {year} ends before it begins: passed by.")
        return
    record.tell_twice(year in head.years, year)
    head.years[year] = Year(start, end)


def _tax_year(head: Head, record: Record) -> None:
    head.tax_year = record.text(0)


def _periods_until(head: Head, record: Record) -> None:
    if text := record.text(0):
        head.periods_until = values.day(text, record.label, record.line)


def _chart(head: Head, record: Record) -> None:
    head.chart = record.text(0)


def _currency(head: Head, record: Record) -> None:
    head.currency = record.text(0).upper() or HOME_CURRENCY
    if head.currency != HOME_CURRENCY:
        record.tell("currency", f"The amounts are in {head.currency}.")


# ---------------------------------------------------------------- accounts and dimensions


def _account(head: Head, record: Record) -> None:
    if number := _account_number(record, 0):
        known = head.accounts.get(number)
        record.tell_twice(known and known.name, number)
        _known(head, number).name = record.text(1)


def _kind(head: Head, record: Record) -> None:
    if number := _account_number(record, 0):
        kind = record.text(1).upper()
        if kind in _KINDS:
            _known(head, number).kind = kind
        else:
            record.tell("kind", f"#KTYP of account {number} is {kind!r}, none of T, S, K and I.")


def _unit(head: Head, record: Record) -> None:
    if number := _account_number(record, 0):
        _known(head, number).unit = record.text(1)


def _sru(head: Head, record: Record) -> None:
    if (number := _account_number(record, 0)) and (code := record.text(1)):
        account = _known(head, number)
        if code not in account.sru:
            account.sru += (code,)


def _known(head: Head, number: str) -> Account:
    """The account, which other records may tell of before its own does."""
    return head.accounts.setdefault(number, Account(number, ""))


def _dimension(head: Head, record: Record) -> None:
    if number := record.text(0):
        record.tell_twice(number in head.dimensions, number)
        head.dimensions[number] = Dimension(number, record.text(1))
    else:
        record.tell_incomplete()


def _lower_dimension(head: Head, record: Record) -> None:
    number, name, parent = record.text(0), record.text(1), record.text(2)
    if number and parent:
        record.tell_twice(number in head.dimensions, number)
        head.dimensions[number] = Dimension(number, name, parent)
    else:
        record.tell_incomplete()


def _object(head: Head, record: Record) -> None:
    dimension, name = record.text(0), record.text(1)
    if dimension and name:
        record.tell_twice((dimension, name) in head.objects, dimension, name)
        head.objects[dimension, name] = record.text(2)
    else:
        record.tell_incomplete()


# ---------------------------------------------------------------- balances


def _opening(head: Head, record: Record) -> None:
    _keep_of_year(head.opening, record)


def _closing(head: Head, record: Record) -> None:
    _keep_of_year(head.closing, record)


def _result(head: Head, record: Record) -> None:
    _keep_of_year(head.results, record)


def _keep_of_year(years: dict[int, dict[str, Balance]], record: Record) -> None:
    year = _number_of_year(record)
    if account := _account_number(record, 1):
        accounts = years.setdefault(year, {})
        record.tell_twice(account in accounts, year, account)
        accounts[account] = _balance(record, 2)


def _object_opening(head: Head, record: Record) -> None:
    _keep_of_object(head.object_opening, record)


def _object_closing(head: Head, record: Record) -> None:
    _keep_of_object(head.object_closing, record)


def _keep_of_object(balances: dict[tuple[int, str, Objects], Balance], record: Record) -> None:
    year = _number_of_year(record)
    if account := _account_number(record, 1):
        key = (year, account, record.objects(2) or ())
        record.tell_twice(key in balances, year, account)
        balances[key] = _balance(record, 3)


def _month(head: Head, record: Record) -> None:
    _keep_of_month(head.months, record)


def _budget(head: Head, record: Record) -> None:
    _keep_of_month(head.budget, record)


def _keep_of_month(balances: dict[Period, Balance], record: Record) -> None:
    year, period = _number_of_year(record), record.text(1)
    if account := _account_number(record, 2):
        values.day(f"{period}01", record.label, record.line)
        objects = record.objects(3)
        key = (year, period, account, objects or ())
        record.tell_twice(key in balances, year, period, account)
        balances[key] = _balance(record, 3 if objects is None else 4)


# ---------------------------------------------------------------- fields


def _number_of_year(record: Record) -> int:
    text = record.text(0)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_YEAR):
        expected = "the number of a year (0, -1, …)"
        refuse("year", record.line, expected=expected, found=repr(text), label=record.label)
    return int(text)


def _account_number(record: Record, place: int) -> str:
    """An account; empty if there is none, which is told."""
    number = record.text(place)
    if not number:
        record.tell_incomplete()
    elif not (number.isascii() and number.isdecimal()):
        record.tell("account-not-numeric", f"{record.label}: {number!r} is no account number.")
    return number


def _balance(record: Record, place: int) -> Balance:
    quantity = None
    if text := record.text(place + 1):
        quantity = values.quantity(text)
        if quantity is None:
            record.tell("quantity", f"{record.label}: {text!r} is no quantity: passed by.")
    return Balance(values.amount(record.text(place), record.label, record.line), quantity)


_KEPT: dict[str, Callable[[Head, Record], None]] = {
    "#FLAGGA": _flag,
    "#PROGRAM": _program,
    "#FORMAT": _format,
    "#GEN": _made,
    "#SIETYP": _type,
    "#PROSA": _prose,
    "#FTYP": _form,
    "#FNR": _company_id,
    "#ORGNR": _org_no,
    "#BKOD": _industry,
    "#ADRESS": _address,
    "#FNAMN": _company,
    "#RAR": _year,
    "#TAXAR": _tax_year,
    "#OMFATTN": _periods_until,
    "#KPTYP": _chart,
    "#VALUTA": _currency,
    "#KONTO": _account,
    "#KTYP": _kind,
    "#ENHET": _unit,
    "#SRU": _sru,
    "#DIM": _dimension,
    "#UNDERDIM": _lower_dimension,
    "#OBJEKT": _object,
    "#IB": _opening,
    "#UB": _closing,
    "#RES": _result,
    "#OIB": _object_opening,
    "#OUB": _object_closing,
    "#PSALDO": _month,
    "#PBUDGET": _budget,
}
