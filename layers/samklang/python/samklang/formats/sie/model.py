"""What a SIE file holds: identification, chart of accounts, balances, vouchers, and what was found amiss.

Amounts are öre (hundredths of the file's currency), debit above zero and credit below, as in the file.
Accounts and dimensions are texts: they are numbers that nobody computes with. Vouchers and rows are named
tuples: as immutable as frozen dataclasses and made several times as fast.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import Literal, NamedTuple

from samklang.formats.incoming import FileRefused

type SieType = Literal["1", "2", "3", "4E", "4I"]
"""1: balances of the year. 2: months too. 3: objects too. 4E: vouchers too. 4I: vouchers to be imported."""

type Objects = tuple[tuple[str, str], ...]
"""(dimension, object) of a row: ``(("1", "Nord"), ("6", "P1"))``."""

type Period = tuple[int, str, str, Objects]
"""Of a month's amount: year (0 is the file's own), month ``YYYYMM``, account, objects (none: its total)."""

HOME_CURRENCY = "SEK"

RESERVED_DIMENSIONS: Mapping[str, str] = {
    "1": "Kostnadsställe",
    "2": "Kostnadsbärare",
    "6": "Projekt",
    "7": "Anställd",
    "8": "Kund",
    "9": "Leverantör",
    "10": "Faktura",
}
"""Those that the format itself gives a meaning: a file may use them without ``#DIM``."""


class Detail(NamedTuple):
    """What a row may have besides account and amount."""

    objects: Objects = ()
    text: str = ""
    day: date | None = None
    """Where it differs from the voucher's."""
    quantity: Decimal | None = None
    sign: str = ""
    """Who wrote it."""
    added: bool = False
    """Added when the voucher was there already (``#RTRANS``)."""


NO_DETAIL = Detail()


class Row(NamedTuple):
    """A row of a voucher (``#TRANS``)."""

    account: str
    amount: int
    detail: Detail = NO_DETAIL


class Voucher(NamedTuple):
    """A balanced voucher (``#VER``), its rows in columns: most have an account and an amount, and no more."""

    series: str
    number: int | None
    """None where the receiver is to number it."""
    day: date
    text: str
    accounts: tuple[str, ...]
    amounts: tuple[int, ...]
    details: tuple[Detail, ...] = ()
    """Of each row; empty where no row has any."""
    registered: date | None = None
    sign: str = ""
    struck: tuple[Row, ...] = ()
    """Rows struck out later (``#BTRANS``): they count no more, and are kept for whoever audits."""
    line: int = 0
    """Where it begins in the file, from 1."""

    @property
    def rows(self) -> list[Row]:
        """Row by row."""
        return list(map(Row, self.accounts, self.amounts, self.details or repeat(NO_DETAIL)))


class Balance(NamedTuple):
    """What an account held or moved."""

    amount: int
    quantity: Decimal | None = None


class Year(NamedTuple):
    """A fiscal year (``#RAR``), both days in it."""

    start: date
    end: date


@dataclass(slots=True)
class Account:
    """An account (``#KONTO``) with what other records tell of it."""

    number: str
    name: str
    kind: str = ""
    """``#KTYP``: T asset, S debt or equity, K cost, I income; empty where the file does not say."""
    unit: str = ""
    sru: tuple[str, ...] = ()
    """Fields of the income tax return."""


class Dimension(NamedTuple):
    """A dimension (``#DIM``), or below another one (``#UNDERDIM``)."""

    number: str
    name: str
    parent: str = ""


@dataclass(slots=True)
class Head:
    """Everything in the file but the vouchers."""

    type: SieType = "4E"
    flag: bool = False
    """Whether somebody has read the file before (``#FLAGGA 1``)."""
    program: tuple[str, str] = ("", "")
    """Name and version of what wrote it."""
    made: date | None = None
    made_by: str = ""
    prose: list[str] = field(default_factory=list)
    company: str = ""
    company_id: str = ""
    """The sending program's own (``#FNR``)."""
    org_no: str = ""
    form: str = ""
    """Form of company (``#FTYP``): AB, HB, E, …"""
    address: tuple[str, ...] = ()
    """Contact, street, postcode and town, telephone."""
    tax_year: str = ""
    periods_until: date | None = None
    """To what day the months' amounts are complete (``#OMFATTN``)."""
    chart: str = ""
    """Type of chart of accounts (``#KPTYP``); BAS95 where it is empty."""
    currency: str = HOME_CURRENCY
    years: dict[int, Year] = field(default_factory=dict)
    """By the file's numbers: 0 is its own, -1 the one before."""
    accounts: dict[str, Account] = field(default_factory=dict)
    dimensions: dict[str, Dimension] = field(default_factory=dict)
    objects: dict[tuple[str, str], str] = field(default_factory=dict)
    """Names by (dimension, object)."""
    opening: dict[int, dict[str, Balance]] = field(default_factory=dict)
    """``#IB`` by year and account."""
    closing: dict[int, dict[str, Balance]] = field(default_factory=dict)
    """``#UB``."""
    results: dict[int, dict[str, Balance]] = field(default_factory=dict)
    """``#RES``."""
    object_opening: dict[tuple[int, str, Objects], Balance] = field(default_factory=dict)
    """``#OIB`` by year, account and object."""
    object_closing: dict[tuple[int, str, Objects], Balance] = field(default_factory=dict)
    """``#OUB``."""
    months: dict[Period, Balance] = field(default_factory=dict)
    """``#PSALDO``: what moved in a month."""
    budget: dict[Period, Balance] = field(default_factory=dict)
    """``#PBUDGET``."""


class Finding(NamedTuple):
    """Something odd in the file that does not make it unusable."""

    code: str
    """Stable, in kebab case."""
    line: int | None
    """From 1; None when it concerns the file as a whole."""
    text: str


class SeriesSum(NamedTuple):
    """The vouchers of a series."""

    vouchers: int
    lowest: int | None
    """None where the receiver is to number them."""
    highest: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The last word of the reader: the whole file was read, and nothing in it was refused."""

    head: Head
    vouchers: int
    rows: int
    added: int
    """Rows added later (``#RTRANS``), among ``rows``."""
    struck: int
    """Rows struck out (``#BTRANS``), not among ``rows``."""
    turnover: int
    """Öre: the sum of all debits."""
    first: date | None
    last: date | None
    series: Mapping[str, SeriesSum]
    moved: Mapping[str, int]
    """Öre by account: the sum of the vouchers' rows."""
    encoding: str
    findings: tuple[Finding, ...]
    """The first of each code; see :attr:`counts` for how many there are."""
    counts: Mapping[str, int]
    """How many findings of each code."""


class SieRefused(FileRefused):
    """The file cannot be used at all: nothing in it may be.

    Args:
        check: stable kebab-case name of the check that failed.
        label: the record at fault, such as ``#TRANS``; empty when it concerns the file as a whole.
        expected: what the check wants, in words.
        found: what stands in the file.
        advice: what to do about it.
        line: where it stands, from 1; None when it concerns the file as a whole.
    """

    def __init__(
        self, check: str, *, expected: str, found: str, advice: str, label: str = "", line: int | None = None
    ) -> None:
        self.label = label
        wanted = f"{expected} in {label}" if label else expected
        super().__init__(check, expected=wanted, found=found, advice=advice, record=line, unit="line")


KEPT_FINDINGS = 20
"""Of each code; the rest is counted."""


class Findings:
    """What is amiss in a file, bounded however much it is."""

    __slots__ = ("_kept", "counts")

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def add(self, code: str, line: int | None, text: str) -> None:
        """One more."""
        self.counts[code] += 1
        if self.counts[code] <= KEPT_FINDINGS:
            self._kept.append(Finding(code, line, text))

    def all(self) -> tuple[Finding, ...]:
        """Those kept: of the file as a whole first, then by line."""
        return tuple(sorted(self._kept, key=lambda each: each.line or 0))
