"""The walk through a BgMax file: records 01, 05, 15 and 70, the order of records, and the sums to check."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import BinaryIO

from stdnum import luhn

from samklang.formats.bgmax import columns
from samklang.formats.bgmax.payment import DETAILS, PAYMENTS, Section, read_payment
from samklang.formats.bgmax.rows import (
    ASK_THE_BANK,
    WIDTH,
    Block,
    EvenRows,
    blocks,
    even,
    even_width,
    number,
    refuse,
)
from samklang.formats.incoming import HOME_CURRENCY, Deposit, FileSummary, IncomingPayment
from samklang.platform.clock import SWEDEN

MAGIC = "01BGMAX"
"""How every BgMax file begins: record 01 and the layout name."""

_DEPOSIT_DAY = re.compile(rb"\n15.{0,35}(.{0,8})")
_MOST_BLANKS = 10_000
"""Bytes of blank rows together; behind the last record some programs leave a few."""
_MOST_DETAILS = 10_000
"""Records behind one payment, far more than any bank writes: they are held until the payment is read."""
_CONTROLS = frozenset({"01", "05", "15", "70"})

_PRODUCTION_ONLY = "A test file holds no real payments: send the production file."
_SEK_ONLY = "Only SEK can be registered: ask the bank for a file without other currencies."
_OTHER_LAYOUT = "Ask the bank for BgMax in layout version 01."
_NOT_OURS = "Send the file of incoming payments (BgMax or camt.054) as the bank made it."


def read(
    stream: BinaryIO, *, allow_test: bool = False, allow_foreign: bool = False
) -> Iterator[IncomingPayment | Deposit | FileSummary]:
    """Read a BgMax file: each section's payments, then its deposit; last of all the summary.

    Trust nothing before the summary has come: most checks can only be made at the end.

    Args:
        stream: the file, seekable; read from where it stands.
        allow_test: take a test file (record 01, pos 45 is ``T``).
        allow_foreign: take sections in other currencies than SEK too; look at each payment's currency.

    Raises:
        FileRefused: a check failed; its fields name the record, the check, what was expected and found.
    """
    return chain.from_iterable(_read(stream, allow_test=allow_test, allow_foreign=allow_foreign))


def _read(
    stream: BinaryIO, *, allow_test: bool, allow_foreign: bool
) -> Iterator[Iterable[IncomingPayment | Deposit | FileSummary]]:
    """What :func:`read` gives, some at a time: handing on each item from generator to generator costs."""
    start = stream.tell()
    _check_beginning(stream.read(WIDTH))
    stream.seek(start)
    reader = _Reader(_payment_days(stream), allow_test=allow_test, allow_foreign=allow_foreign)
    stream.seek(start)
    for block in blocks(stream):
        yield from reader.items(even(block))
    if reader.suspects:
        stream.seek(start)
        _refuse_duplicates(stream, reader.suspects)
    yield (reader.summary(),)


# The first walk


def _check_beginning(head: bytes) -> None:
    text = head.decode("latin-1").removeprefix("ï»¿")  # a UTF-8 byte order mark, seen as Latin-1
    if not text.startswith(MAGIC):
        expected = f"a BgMax file, which begins {MAGIC!r}"
        refuse(1, "not-bgmax", expected=expected, found=repr(text[:20]), advice=_NOT_OURS)


def _payment_days(stream: BinaryIO) -> Iterator[date]:
    """The payment day of every section: record 15, pos 38-45. Finds a cut file too."""
    days = []
    last = b""
    for block in blocks(stream):
        if block.data.isspace():
            if len(block.data) > _MOST_BLANKS:
                expected, found = f"at most {_MOST_BLANKS} blanks together", f"{len(block.data)} or more"
                refuse(block.first, "blank-rows", expected=expected, found=found)
            continue
        if _may_hold_deposits(block):
            for match in _DEPOSIT_DAY.finditer(b"\n" + block.data):
                record = block.first + block.data.count(b"\n", 0, match.start())
                days.append(_day(match[1].decode("latin-1"), record))
        last = block.data
    last_row = last.rstrip().rpartition(b"\n")[2]
    if not last_row.startswith(b"70"):
        found = f"record {last_row[:2].decode('latin-1')!r}"
        refuse(None, "cut-file", expected="record 70 in the last row", found=found)
    return iter(days)


def _may_hold_deposits(block: Block) -> bool:
    """False when no record begins as 15 does: quickly seen where rows are equally wide."""
    width = even_width(block.data.decode("latin-1"), block.rows)
    return width is None or b"1" in block.data[::width]


def _day(text: str, record: int) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=SWEDEN).date()
    except ValueError:
        refuse(record, "payment-day", expected="a date in pos 38-45", found=repr(text))


# The second walk


@dataclass(slots=True)
class _Counts:
    """What record 70 counts, eight digits each from pos 3, in its order."""

    payments: int = 0
    deductions: int = 0
    extras: int = 0
    deposits: int = 0


class _Reader:
    """Where in the file we are, and the sums to check."""

    def __init__(self, days: Iterator[date], *, allow_test: bool, allow_foreign: bool) -> None:
        self.suspects: set[tuple[str, str, str]] = set()
        """Recipient, currency and serial number of payments out of ascending order: they may stand twice."""
        self._days = days
        self._allow_test = allow_test
        self._allow_foreign = allow_foreign
        self._created: datetime | None = None
        self._section: Section | None = None
        self._group: list[str] = []
        """The payment being read: its record, and those behind it so far."""
        self._group_record = 0
        self._counts = _Counts()
        self._ended = False
        self._totals: dict[str, int] = {}
        self._highest_serials: dict[tuple[str, str], str] = {}
        self._deposits: set[tuple[str, int, str]] = set()

    def items(self, rows: EvenRows) -> Iterator[Iterable[IncomingPayment | Deposit]]:
        """What rows tell, checking as they pass. Exhaust each part before you ask for the next."""
        kinds = columns.kinds_of(rows)
        done = 0
        for start, end in columns.stretches(kinds):
            yield self._one_by_one(rows.part(done, start))
            yield self._finish_group()
            plain = rows.part(start, end)
            section = self._open(plain.first)
            yield columns.read_plain(plain, kinds[start:end], section) or self._one_by_one(plain)
            done = end
        yield self._one_by_one(rows.part(done))

    def _one_by_one(self, rows: EvenRows) -> Iterator[IncomingPayment | Deposit]:
        for record, row in rows.each():
            code = row[:2]
            if code in DETAILS and self._group:
                self._belongs(row, record)
            elif code in PAYMENTS:
                yield from self._finish_group()
                self._group, self._group_record = [row], record
            elif code in _CONTROLS:
                yield from self._finish_group()
                yield from self._control(code, row, record)
            else:
                self._skip(row, record)
                if self._group:
                    self._belongs(row, record)  # keeps the record numbers of the rows after it

    def _belongs(self, row: str, record: int) -> None:
        """A row behind the payment being read."""
        if len(self._group) > _MOST_DETAILS:
            refuse(
                record, "details", expected=f"at most {_MOST_DETAILS} records behind a payment", found="more"
            )
        self._group.append(row)

    def _finish_group(self) -> tuple[IncomingPayment, ...]:
        """The payment whose records have all been seen, if there is one."""
        if not self._group:
            return ()
        group, self._group = self._group, []
        return (read_payment(group, self._group_record, self._open(self._group_record)),)

    def summary(self) -> FileSummary:
        """What the file held, once :meth:`items` is exhausted."""
        assert self._created
        return FileSummary(
            format="bgmax",
            created=self._created,
            payments=self._counts.payments + self._counts.deductions,
            totals=self._totals,
            recipients=tuple(dict.fromkeys(recipient for recipient, _ in self._highest_serials)),
        )

    # Records 01, 05, 15, 70 and unknown ones

    def _control(self, code: str, row: str, record: int) -> Iterator[Deposit]:
        if code == "01":
            self._begin(row, record)
        elif code == "05":
            self._open_section(row, record)
        elif code == "15":
            yield self._close_section(row, record)
        else:
            self._end(row, record)

    def _skip(self, row: str, record: int) -> None:
        """Pass over a blank row, and a record type we do not know: Bankgirot may add some."""
        code = row[:2]
        if code in DETAILS:
            expected = "a payment (record 20 or 21) before its details"
            refuse(record, "record-order", expected=expected, found=f"record {code} alone")
        if not (row.isspace() or code.isdecimal()):
            refuse(record, "record-type", expected="two digits first in the row", found=repr(code))

    def _begin(self, row: str, record: int) -> None:
        """Record 01: layout version pos 23-24, time of writing 25-44, mark 45."""
        if record != 1:
            refuse(record, "record-order", expected="record 01 in the first row only", found="another one")
        if row[22:24] != "01":
            expected = "layout version '01' in pos 23-24"
            refuse(record, "layout-version", expected=expected, found=repr(row[22:24]), advice=_OTHER_LAYOUT)
        mark = row[44]
        if mark != "P" and not (mark == "T" and self._allow_test):
            expected = "'P' (production) in pos 45"
            refuse(record, "test-mark", expected=expected, found=repr(mark), advice=_PRODUCTION_ONLY)
        try:
            self._created = datetime.strptime(row[24:44], "%Y%m%d%H%M%S%f").replace(tzinfo=SWEDEN)
        except ValueError:
            refuse(record, "created", expected="a time in pos 25-44", found=repr(row[24:44]))

    def _open_section(self, row: str, record: int) -> None:
        """Record 05: recipient's bankgiro pos 3-12, currency 23-25."""
        if self._section or self._ended:
            refuse(record, "record-order", expected="record 15 before the next section", found="record 05")
        recipient = str(number(row, 3, 12, record, "recipient's bankgiro"))
        if not luhn.is_valid(recipient):
            expected = "a bankgiro number with a right check digit in pos 3-12"
            refuse(record, "recipient-check-digit", expected=expected, found=recipient)
        currency = row[22:25]
        if currency != HOME_CURRENCY and not self._allow_foreign:
            expected = f"{HOME_CURRENCY!r} in pos 23-25"
            refuse(record, "currency", expected=expected, found=repr(currency), advice=_SEK_ONLY)
        day = next(self._days, None)
        if day is None:
            refuse(record, "section-end", expected="a record 15 that closes the section", found="none")
        highest = self._highest_serials.setdefault((recipient, currency), "")
        self._section = Section(recipient, currency, day, highest)

    def _close_section(self, row: str, record: int) -> Deposit:
        """Record 15: account pos 3-37, serial number 46-50, amount 51-68, currency 69-71, count 72-79."""
        section = self._open(record)
        amount = number(row, 51, 68, record, "deposit amount")
        count = number(row, 72, 79, record, "number of payments")
        serial = row[45:50]
        if row[68:71] != section.currency:
            expected = f"{section.currency!r} in pos 69-71, as in record 05"
            refuse(record, "deposit-currency", expected=expected, found=repr(row[68:71]))
        if amount != section.amount:
            expected = f"payments less deductions of {amount} öre, as pos 51-68 say"
            found = f"{section.amount} öre"
            refuse(record, "deposit-amount", expected=expected, found=found, advice=ASK_THE_BANK)
        if count != section.count:
            expected = f"{count} payments and deductions, as pos 72-79 say"
            refuse(record, "deposit-count", expected=expected, found=str(section.count), advice=ASK_THE_BANK)
        key = (section.recipient, section.day.year, serial)
        if key in self._deposits:
            expected = "a deposit serial number of its own in pos 46-50"
            refuse(record, "deposit-twice", expected=expected, found=f"{serial} again", advice=ASK_THE_BANK)
        self._deposits.add(key)
        self._sum_up(section)
        return Deposit(
            recipient=section.recipient,
            date=section.day,
            amount=amount,
            currency=section.currency,
            count=count,
            serial=serial,
            account=row[2:37].strip().lstrip("0") or None,
            record=record,
        )

    def _sum_up(self, section: Section) -> None:
        counts = self._counts
        counts.payments += section.count - section.deductions
        counts.deductions += section.deductions
        counts.extras += section.extras
        counts.deposits += 1
        self._totals[section.currency] = self._totals.get(section.currency, 0) + section.amount
        self._highest_serials[section.recipient, section.currency] = section.highest_serial
        self.suspects |= {(section.recipient, section.currency, serial) for serial in section.suspects}
        self._section = None

    def _end(self, row: str, record: int) -> None:
        """Record 70: how many of records 20, 21, 22 and 23, and 15 the file holds, from pos 3."""
        if self._section or self._ended:
            refuse(
                record, "record-order", expected="one record 70, behind the last record 15", found="another"
            )
        counts = self._counts
        self._check_count(row, record, 3, "20", counts.payments)
        self._check_count(row, record, 11, "21", counts.deductions)
        self._check_count(row, record, 19, "22 and 23", counts.extras)
        self._check_count(row, record, 27, "15", counts.deposits)
        self._ended = True

    @staticmethod
    def _check_count(row: str, record: int, first: int, kind: str, counted: int) -> None:
        last = first + 7
        stated = number(row, first, last, record, f"number of records {kind}")
        if stated != counted:
            expected = f"{stated} records {kind}, as pos {first}-{last} say"
            refuse(record, "file-count", expected=expected, found=str(counted), advice=ASK_THE_BANK)

    def _open(self, record: int) -> Section:
        if self._section is None:
            refuse(record, "record-order", expected="record 05 before it", found="no open section")
        return self._section


# The third walk, when serial numbers do not ascend


def _refuse_duplicates(stream: BinaryIO, suspects: set[tuple[str, str, str]]) -> None:
    seen: set[tuple[str, str, str]] = set()
    recipient = currency = ""
    for block in blocks(stream):
        for record, row in even(block).each():
            if row.startswith("05"):
                recipient, currency = row[2:12].lstrip("0"), row[22:25]
            elif row[:2] in PAYMENTS:
                key = (recipient, currency, row[57:69])
                if key in seen:
                    expected = "a BGC serial number of its own in pos 58-69"
                    refuse(
                        record,
                        "serial-twice",
                        expected=expected,
                        found=f"{row[57:69]} again",
                        advice=ASK_THE_BANK,
                    )
                if key in suspects:
                    seen.add(key)
