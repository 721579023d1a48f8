"""BgMax (Bankgiro Inbetalningar): reads and checks Bankgirot's file of incoming payments.

Fixed rows of 80 characters; the first two are the record type. The grammar is ``01 (05 group* 15)* 70``,
a group being ``20 | 21`` followed by its ``22 23 25 26 27 28 29``. Positions named below are those of the
manual ("Bankgiro Inbetalningar - Teknisk manual"), from 1 and inclusive: ``row[37:55]`` is pos 38-55.

The file is walked twice. The payment day stands only in record 15, behind the payments it concerns: a
first walk collects the days, and finds a cut file before anything is yielded. Memory stays flat.

The payer's bankgiro number is passed on unchecked: in Bankgirot's own examples it fails Luhn. Payers'
addresses (records 27 and 28) are not read: nothing is decided by them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, NamedTuple, NoReturn

from stdnum import luhn

from samklang.formats.incoming import (
    HOME_CURRENCY,
    Deposit,
    FileRefused,
    FileSummary,
    IncomingPayment,
    Reference,
    ReferenceKind,
)
from samklang.platform.clock import SWEDEN

MAGIC = "01BGMAX"
"""How every BgMax file begins: record 01 and the layout name."""

_WIDTH = 80
_BLOCK = 1 << 16
_UTF8_BYTES = 4
"""The most bytes of one character, should somebody have saved the file as UTF-8."""
_DEPOSIT_DAY = re.compile(rb"\n15.{0,35}(.{0,8})")

_PAYMENTS = frozenset({"20", "21"})
_EXTRAS = frozenset({"22", "23"})
_DETAILS = _EXTRAS | {"25", "26", "27", "28", "29"}
_CONTROLS = frozenset({"01", "05", "15", "70"})
_CORRECT = "24"
"""Reference codes of a right OCR number: by agreement (2), on a registered paper form (4)."""
_DEDUCTION_CODES = "012"

_FETCH_AGAIN = "The file is cut or damaged: fetch it from the bank again, and send it unchanged."
_ASK_THE_BANK = "The bank's own figures do not agree: fetch the file again, and ask the bank if it stays so."
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
    start = stream.tell()
    _check_beginning(stream.read(_WIDTH))
    stream.seek(start)
    reader = _Reader(_payment_days(stream), allow_test=allow_test, allow_foreign=allow_foreign)
    stream.seek(start)
    yield from reader.items(stream)
    if reader.suspects:
        stream.seek(start)
        _refuse_duplicates(stream, reader.suspects)
    yield reader.summary()


def _refuse(
    record: int | None, check: str, *, expected: str, found: str, advice: str = _FETCH_AGAIN
) -> NoReturn:
    raise FileRefused(check, expected=expected, found=found, advice=advice, record=record)


# Rows and fields


def _blocks(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole rows, each with the record number of its first row."""
    record, rest = 1, b""
    while chunk := stream.read(_BLOCK):
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        if newline:
            yield record, whole
            record += whole.count(b"\n") + 1
        if len(rest) > _WIDTH * _UTF8_BYTES:
            _refuse(record, "row-width", expected=f"at most {_WIDTH} characters", found=f"{len(rest)} bytes")
    if rest:
        yield record, rest


def _rows(block: bytes, first: int) -> list[str]:
    """The rows of a block, 80 characters each: blanks cut off at the end (mail programs do) are put back.

    Args:
        block: whole rows.
        first: record number of the first row.
    """
    text = _decode(block).removesuffix("\r").replace("\r\n", "\n")
    if first == 1:
        text = text.removeprefix("\ufeff")
    if "\t" in text:
        record = first + text.count("\n", 0, text.index("\t"))
        _refuse(record, "tab", expected="blanks between the fields", found="a tab: the row was rewritten")
    rows = text.split("\n")
    return [row if len(row) == _WIDTH else _widen(row, record) for record, row in enumerate(rows, first)]


def _decode(block: bytes) -> str:
    """The manual says Latin-1. Swedish words in Latin-1 are not valid UTF-8, so UTF-8 shows itself."""
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return block.decode("latin-1")


def _widen(row: str, record: int) -> str:
    if len(row) > _WIDTH:
        _refuse(record, "row-width", expected=f"at most {_WIDTH} characters", found=str(len(row)))
    if row.endswith(" ") and not row.isspace():  # not all blanks were cut off, so something else is missing
        _refuse(record, "row-width", expected=f"{_WIDTH} characters", found=f"{len(row)}, a blank last")
    return row.ljust(_WIDTH)


def _number(row: str, first: int, last: int, record: int, field: str) -> int:
    """A numeric field, by its positions in the manual."""
    text = row[first - 1 : last]
    if not (text.isdecimal() and text.isascii()):  # int() also takes signs, blanks and underscores
        expected = f"digits in pos {first}-{last} ({field})"
        _refuse(record, "not-a-number", expected=expected, found=repr(text))
    return int(text)


# The first walk


def _check_beginning(head: bytes) -> None:
    text = head.decode("latin-1").removeprefix("ï»¿")  # a UTF-8 byte order mark, seen as Latin-1
    if not text.startswith(MAGIC):
        expected = f"a BgMax file, which begins {MAGIC!r}"
        _refuse(1, "not-bgmax", expected=expected, found=repr(text[:20]), advice=_NOT_OURS)


def _payment_days(stream: BinaryIO) -> Iterator[date]:
    """The payment day of every section: record 15, pos 38-45. Finds a cut file too."""
    days = []
    last = b""
    for first, block in _blocks(stream):
        for match in _DEPOSIT_DAY.finditer(b"\n" + block):
            record = first + block.count(b"\n", 0, match.start())
            days.append(_day(match[1].decode("latin-1"), record))
        last = block.rstrip().rpartition(b"\n")[2] or last
    if not last.startswith(b"70"):
        found = f"record {last[:2].decode('latin-1')!r}"
        _refuse(None, "cut-file", expected="record 70 in the last row", found=found)
    return iter(days)


def _day(text: str, record: int) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=SWEDEN).date()
    except ValueError:
        _refuse(record, "payment-day", expected="a date in pos 38-45", found=repr(text))


# The second walk


@dataclass(slots=True)
class _Section:
    """From record 05 to record 15: one recipient, currency and payment day; the sums so far."""

    recipient: str
    currency: str
    day: date
    highest_serial: str
    amount: int = 0
    """Öre: payments less deductions."""
    count: int = 0
    """Records 20 and 21."""
    deductions: int = 0
    extras: int = 0


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
        self._section: _Section | None = None
        self._counts = _Counts()
        self._ended = False
        self._totals: dict[str, int] = {}
        self._highest_serials: dict[tuple[str, str], str] = {}
        self._deposits: set[tuple[str, int, str]] = set()

    def items(self, stream: BinaryIO) -> Iterator[IncomingPayment | Deposit]:
        """Yield what the rows tell, checking as they pass."""
        group: list[str] = []
        group_record = 0
        for first, block in _blocks(stream):
            for record, row in enumerate(_rows(block, first), first):
                code = row[:2]
                if code in _DETAILS and group:
                    group.append(row)
                elif code in _PAYMENTS:
                    if group:
                        yield self._payment(group, group_record)
                    group, group_record = [row], record
                elif code in _CONTROLS:
                    if group:
                        yield self._payment(group, group_record)
                        group = []
                    yield from self._control(code, row, record)
                else:
                    self._skip(row, record)
                    if group:
                        group.append(row)  # keeps the record numbers of the rows after it

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
        if code in _DETAILS:
            expected = "a payment (record 20 or 21) before its details"
            _refuse(record, "record-order", expected=expected, found=f"record {code} alone")
        if not (row.isspace() or code.isdecimal()):
            _refuse(record, "record-type", expected="two digits first in the row", found=repr(code))

    def _begin(self, row: str, record: int) -> None:
        """Record 01: layout version pos 23-24, time of writing 25-44, mark 45."""
        if record != 1:
            _refuse(record, "record-order", expected="record 01 in the first row only", found="another one")
        if row[22:24] != "01":
            expected = "layout version '01' in pos 23-24"
            _refuse(record, "layout-version", expected=expected, found=repr(row[22:24]), advice=_OTHER_LAYOUT)
        mark = row[44]
        if mark != "P" and not (mark == "T" and self._allow_test):
            expected = "'P' (production) in pos 45"
            _refuse(record, "test-mark", expected=expected, found=repr(mark), advice=_PRODUCTION_ONLY)
        try:
            self._created = datetime.strptime(row[24:44], "%Y%m%d%H%M%S%f").replace(tzinfo=SWEDEN)
        except ValueError:
            _refuse(record, "created", expected="a time in pos 25-44", found=repr(row[24:44]))

    def _open_section(self, row: str, record: int) -> None:
        """Record 05: recipient's bankgiro pos 3-12, currency 23-25."""
        if self._section or self._ended:
            _refuse(record, "record-order", expected="record 15 before the next section", found="record 05")
        recipient = str(_number(row, 3, 12, record, "recipient's bankgiro"))
        if not luhn.is_valid(recipient):
            expected = "a bankgiro number with a right check digit in pos 3-12"
            _refuse(record, "recipient-check-digit", expected=expected, found=recipient)
        currency = row[22:25]
        if currency != HOME_CURRENCY and not self._allow_foreign:
            expected = f"{HOME_CURRENCY!r} in pos 23-25"
            _refuse(record, "currency", expected=expected, found=repr(currency), advice=_SEK_ONLY)
        day = next(self._days, None)
        if day is None:
            _refuse(record, "section-end", expected="a record 15 that closes the section", found="none")
        highest = self._highest_serials.setdefault((recipient, currency), "")
        self._section = _Section(recipient, currency, day, highest)

    def _close_section(self, row: str, record: int) -> Deposit:
        """Record 15: account pos 3-37, serial number 46-50, amount 51-68, currency 69-71, count 72-79."""
        section = self._open(record)
        amount = _number(row, 51, 68, record, "deposit amount")
        count = _number(row, 72, 79, record, "number of payments")
        serial = row[45:50]
        if row[68:71] != section.currency:
            expected = f"{section.currency!r} in pos 69-71, as in record 05"
            _refuse(record, "deposit-currency", expected=expected, found=repr(row[68:71]))
        if amount != section.amount:
            expected = f"payments less deductions of {amount} öre, as pos 51-68 say"
            found = f"{section.amount} öre"
            _refuse(record, "deposit-amount", expected=expected, found=found, advice=_ASK_THE_BANK)
        if count != section.count:
            expected = f"{count} payments and deductions, as pos 72-79 say"
            _refuse(
                record, "deposit-count", expected=expected, found=str(section.count), advice=_ASK_THE_BANK
            )
        key = (section.recipient, section.day.year, serial)
        if key in self._deposits:
            expected = "a deposit serial number of its own in pos 46-50"
            _refuse(record, "deposit-twice", expected=expected, found=f"{serial} again", advice=_ASK_THE_BANK)
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

    def _sum_up(self, section: _Section) -> None:
        counts = self._counts
        counts.payments += section.count - section.deductions
        counts.deductions += section.deductions
        counts.extras += section.extras
        counts.deposits += 1
        self._totals[section.currency] = self._totals.get(section.currency, 0) + section.amount
        self._highest_serials[section.recipient, section.currency] = section.highest_serial
        self._section = None

    def _end(self, row: str, record: int) -> None:
        """Record 70: how many of records 20, 21, 22 and 23, and 15 the file holds, from pos 3."""
        if self._section or self._ended:
            _refuse(
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
        stated = _number(row, first, last, record, f"number of records {kind}")
        if stated != counted:
            expected = f"{stated} records {kind}, as pos {first}-{last} say"
            _refuse(record, "file-count", expected=expected, found=str(counted), advice=_ASK_THE_BANK)

    def _open(self, record: int) -> _Section:
        if self._section is None:
            _refuse(record, "record-order", expected="record 05 before it", found="no open section")
        return self._section

    # Records 20-29

    def _payment(self, group: list[str], record: int) -> IncomingPayment:
        """Records 20 and 21: sender's bankgiro pos 3-12, reference 13-37, amount 38-55, serial 58-69."""
        head = group[0]
        section = self._section or self._open(record)
        amount, serial = _amount_and_serial(head, record)
        if serial > section.highest_serial:
            section.highest_serial = serial
        else:  # Bankgirot numbers upwards: only a number that is not above all before it may stand twice
            self.suspects.add((section.recipient, section.currency, serial))
        section.count += 1
        deduction_code = None
        if is_payment := head[1] == "0":
            section.amount += amount
        else:
            section.amount -= amount
            section.deductions += 1
            deduction_code = int(head[70]) if head[70] in _DEDUCTION_CODES else None

        details = _NO_DETAILS
        if len(group) > 1:
            details = _details(group, record, amount)
            section.extras += details.extras
        references, texts = details.references, details.texts
        if value := head[12:37].strip():
            kind = _reference_kind(head)
            if references and kind == "text":
                texts = (value, *texts)  # the bank has read the references out of it, into records 22
            else:
                references = (Reference(kind, value), *references)
        return IncomingPayment(
            "payment" if is_payment else "deduction",
            amount,
            section.currency,
            section.day,
            section.recipient,
            serial,
            record,
            references,
            texts,
            details.name,
            details.org_no,
            head[2:12].lstrip("0 ") or None,
            None,
            deduction_code,
        )


class _Details(NamedTuple):
    """What records 22-29 add to a payment."""

    references: tuple[Reference, ...] = ()
    extras: int = 0
    """Records 22 and 23, those without a reference too."""
    texts: tuple[str, ...] = ()
    name: str | None = None
    org_no: str | None = None


_NO_DETAILS = _Details()


def _details(group: list[str], record: int, amount: int) -> _Details:
    """Records 25 (text pos 3-52), 26 (name 3-37), 29 (organisation number 3-14), and the extra references."""
    extras = 0
    texts: tuple[str, ...] = ()
    name = org_no = None
    for row in group:
        code = row[:2]
        if code == "26":
            name = row[2:37].strip() or None
        elif code == "29":
            org_no = _org_no(row)
        elif code == "25":
            texts += (row[2:52].strip(),)
        elif code in _EXTRAS:
            extras += 1
    references = _extra_references(group, record, amount) if extras else ()
    return _Details(references, extras, texts, name, org_no)


def _amount_and_serial(row: str, record: int) -> tuple[int, str]:
    """Amount in öre (pos 38-55) and BGC serial number (58-69), with digits between them too."""
    digits = row[37:69]
    if not (digits.isdecimal() and digits.isascii()):
        _number(row, 38, 55, record, "amount")
        _number(row, 56, 69, record, "codes and BGC serial number")
    serial = row[57:69]
    if serial == "000000000000":
        expected = "a BGC serial number in pos 58-69"
        _refuse(record, "serial", expected=expected, found="zeros", advice=_ASK_THE_BANK)
    return int(row[37:55]), serial


def _reference_kind(row: str) -> ReferenceKind:
    if row[1] in "13":  # records 21 and 23
        return "credit_note"
    return "ocr" if row[55] in _CORRECT else "text"


def _extra_references(group: list[str], record: int, amount: int) -> tuple[Reference, ...]:
    """The references of records 22 and 23.

    Their amounts are all zero (one lump for several references) or add up to the payment's.
    """
    head = group[0]
    extras = [row for row in group if row[:2] in _EXTRAS]
    parts = []
    for at, row in enumerate(group, record):
        if row[:2] not in _EXTRAS:
            continue
        if row[2:12] != head[2:12] or row[57:69] != head[57:69]:
            expected = f"bankgiro {head[2:12]} and serial number {head[57:69]} as in its payment"
            _refuse(at, "extra-reference-parent", expected=expected, found=f"{row[2:12]} and {row[57:69]}")
        part, _ = _amount_and_serial(row, at)
        parts.append(-part if row.startswith("23") else part)
    stated, total = any(parts), sum(parts)
    if head.startswith("21"):
        total = abs(total)  # the manual is silent on the sign of a deduction's parts
    if stated and total != amount:
        expected = f"parts in records 22 and 23 of {amount} öre in all"
        _refuse(record, "extra-reference-sum", expected=expected, found=f"{total} öre", advice=_ASK_THE_BANK)
    return tuple(
        Reference(_reference_kind(row), value, part if stated else None)
        for row, part in zip(extras, parts, strict=True)
        if (value := row[12:37].strip())
    )


def _org_no(row: str) -> str | None:
    """Record 29, pos 3-14: ten digits behind two zeros or a century. Anything else is not to be trusted."""
    text = row[2:14]
    return text[2:] if text.isdecimal() and text.isascii() and text.strip("0") else None


# The third walk, when serial numbers do not ascend


def _refuse_duplicates(stream: BinaryIO, suspects: set[tuple[str, str, str]]) -> None:
    seen: set[tuple[str, str, str]] = set()
    recipient = currency = ""
    for first, block in _blocks(stream):
        for record, row in enumerate(_rows(block, first), first):
            if row.startswith("05"):
                recipient, currency = row[2:12].lstrip("0"), row[22:25]
            elif row[:2] in _PAYMENTS:
                key = (recipient, currency, row[57:69])
                if key in seen:
                    expected = "a BGC serial number of its own in pos 58-69"
                    _refuse(
                        record,
                        "serial-twice",
                        expected=expected,
                        found=f"{row[57:69]} again",
                        advice=_ASK_THE_BANK,
                    )
                if key in suspects:
                    seen.add(key)
