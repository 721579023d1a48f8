"""Vouchers: those written as most programs do with few steps each, all others line by line.

Both ways come to the same vouchers; the tests hold them against each other. What the quick way does not
recognise at once it leaves to the careful one, so there is one place only that refuses, and names the line.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from samklang.formats.sie import values
from samklang.formats.sie.fields import Field, Malformed, split
from samklang.formats.sie.head import HeadReader
from samklang.formats.sie.model import NO_DETAIL, Detail, Findings, Objects, Row, Voucher
from samklang.formats.sie.numbers import Numbers
from samklang.formats.sie.values import refuse
from samklang.platform.money import format_sek

_MOST_ROWS = 100_000
"""Of a voucher: they are held until it ends."""
_MOST_ACCOUNTS = 20_000
_MOST_OBJECTS = 20_000
"""Remembered at once, so that memory stays flat."""
_MOST_MONTHS = 40
"""Kept apart; a fiscal year has 18 at most. What is of other months is kept in one sum."""
_OTHER_MONTHS = ""

_CORRECT = "Correct the voucher in the program that wrote the file, and write the file again."
_CUT = "The file is cut or damaged: write it again from the program it comes from."

_ROWS = frozenset({"#TRANS", "#RTRANS", "#BTRANS"})
_PLAIN = re.compile(
    r'#VER ("?+)([^"\s{}\\]++)\1 ("?+)([0-9]{1,18}+)\3 ("?+)([0-9]{8})\5'
    r'(?: "([^"\\{}\n]*+)"(?: ("?+)([0-9]{8})\8)?)?\n\{\n'
    r"((?:[ \t]*+#TRANS ++[0-9]++ ++\{\} ++-?+[0-9]{1,13}+\.[0-9][0-9](?:\n|\Z))++)"
)
"""A voucher but for its last brace, its rows with account and amount alone: series, number, date, text, date
of registration, rows, and before most of them the quote that ends it too. The plus signs behind others let
the engine never go back."""
_OF_PLAIN = (2, 4, 6, 7, 9, 10)
_ROW = re.compile(
    r"^[ \t]*+#TRANS ++([0-9]++) ++\{([^{}\n]*+)\} ++(-?+[0-9]{1,13}+)(?:\.([0-9]{1,2}))?"
    r'(?: ++([0-9]{8}|"")(?: ++"([^"\\\n]*+)"(?: ++([-0-9.]++|"")(?: ++"([^"\\\n]*+)")?)?)?)? *$',
    re.MULTILINE,
)
"""A row: account, object list, kronor, decimals, date, text, quantity, who."""
_EMPTY = '""'
_TWO_DECIMALS = "00"
_VER = "#VER"

_new = tuple.__new__
"""What a named tuple's own constructor calls, without the Python function around it."""


class Day(NamedTuple):
    """A day that vouchers are of."""

    date: date
    month: dict[str, int]
    """Öre by account of its month."""
    line: int
    """Where the first of its vouchers stands."""


class VoucherReader:
    """Takes the lines of the file, hands vouchers on and everything else to the head."""

    def __init__(self, head: HeadReader, findings: Findings) -> None:
        self.findings = findings
        self.line = 1
        """The next to be read."""
        self.numbers = Numbers(findings)
        self.months: dict[str, dict[str, int]] = {}
        """Öre by month (YYYYMM) and account: every account that has been used is in each."""
        self.accounts: dict[str, int] = {}
        """Those that vouchers use, with the line of the first voucher."""
        self.objects: dict[tuple[str, str], int] = {}
        """The same of objects."""
        self.days: dict[str, Day] = {}
        self.vouchers = self.rows = self.added = self.struck = self.turnover = 0
        self._head = head
        self._open: _Open | None = None
        self._lists: dict[str, Objects] = {"": ()}
        """Object lists by what stands between their braces."""

    def read(self, text: str, *, careful: bool = False) -> list[Voucher]:
        """The vouchers that end in these lines.

        Args:
            text: whole lines, ended by line feeds.
            careful: take each line apart by itself.

        Raises:
            SieRefused: a line cannot be used.
        """
        found: list[Voucher] = []
        line = self.line
        *chunks, rest = [text] if careful else text.split("\n}\n")
        for chunk in chunks:
            voucher = None
            if self._open is None:
                if match := _PLAIN.fullmatch(chunk):
                    voucher = self._plain(match, line)
                else:
                    chunk, line = self._before(chunk, line, found)  # noqa: PLW2901 - what is left of it
                    voucher = self._quick(chunk, line)
            if voucher is None:
                self._careful(f"{chunk}\n}}", line, found)
            else:
                found.append(voucher)
            line += chunk.count("\n") + 2
        if rest:
            self._careful(rest.removesuffix("\n"), line, found)
            line += rest.count("\n")
        self.line = line
        return found

    def end(self) -> None:
        """No line is left.

        Raises:
            SieRefused: a voucher has not ended.
        """
        if self._open is not None:
            expected, found = "} behind its rows", "the end of the file"
            refuse("structure", self._open.line, expected=expected, found=found, label=_VER, advice=_CUT)

    # The quick way

    def _before(self, chunk: str, line: int, found: list[Voucher]) -> tuple[str, int]:
        """What stands before a voucher is read; the voucher, and the number of its first line."""
        head, opened, _ = chunk.partition("\n{\n")
        before, _, _ = head.rpartition("\n")
        if not opened or "\n" not in head:
            return chunk, line
        self._careful(before, line, found)
        return chunk[len(before) + 1 :], line + before.count("\n") + 1

    def _plain(self, match: re.Match[str], line: int) -> Voucher | None:
        """A voucher of :data:`_PLAIN`; None: read it carefully."""
        series, number, day, text, registered, body = match.group(*_OF_PLAIN)
        tokens = body.replace(".", "").split()
        amounts = [int(token) for token in tokens[3::4]]
        if sum(amounts):
            return None
        fields = (_VER, series, number, day, text or "", registered)
        return self._complete(fields, line, tokens[1::4], amounts, (), ())

    def _quick(self, chunk: str, line: int) -> Voucher | None:
        """A voucher but for its last brace; None: read it carefully."""
        head, _, body = chunk.partition("\n{\n")
        fields = _quoted_fields(head) if '"' in head else head.split()
        if fields is None or len(fields) < 4 or fields[0] != _VER or "{" in head:  # noqa: PLR2004
            return None
        rows = _ROW.findall(body)
        if len(rows) != body.count("\n") + 1 or (told := self._details(rows, fields[3], line)) is None:
            return None
        amounts, details = told
        if sum(amounts):
            return None
        accounts = [row[0] for row in rows]
        return self._complete(fields, line, accounts, amounts, details, ())

    def _details(
        self, rows: list[tuple[str, ...]], own_day: str, line: int
    ) -> tuple[list[int], tuple[Detail, ...]] | None:
        """Amounts and details of rows that have more than those; None: look closer."""
        amounts: list[int] = []
        details: list[Detail] = []
        any_detail = False
        for _, inside, kronor, decimals, day_text, text, quantity_text, sign in rows:
            amounts.append(
                int(kronor + (decimals + "0" if len(decimals) == 1 else decimals or _TWO_DECIMALS))
            )
            objects = self._lists.get(inside)
            if objects is None and (objects := self._learn_list(inside, line)) is None:
                return None
            day = quantity = None
            if day_text and day_text not in (own_day, _EMPTY):
                day = values.known_day(day_text)
                if day is None:
                    return None
            if quantity_text and quantity_text != _EMPTY:
                quantity = values.quantity(quantity_text)
                if quantity is None:
                    return None
            if text or objects or day or quantity is not None or sign:
                any_detail = True
                details.append(_new(Detail, (objects, text, day, quantity, sign, False)))
            else:
                details.append(NO_DETAIL)
        return amounts, tuple(details) if any_detail else ()

    def _learn_account(self, account: str, line: int) -> None:
        """An account not used before: from now on every month has it."""
        if len(self.accounts) >= _MOST_ACCOUNTS:
            found = f"more than {_MOST_ACCOUNTS}"
            refuse("too-many-accounts", line, expected="the accounts of one company", found=found, label=_VER)
        self.accounts[account] = line
        for month in self.months.values():
            month[account] = 0

    def _learn_list(self, inside: str, line: int) -> Objects | None:
        """An object list not seen before; None if it is none by itself."""
        try:
            fields, open_quote = split(f"{{{inside}}}")
        except Malformed:
            return None
        if open_quote or len(fields) != 1 or not isinstance(fields[0], tuple):
            return None
        if len(self._lists) >= _MOST_OBJECTS:
            self._lists = {"": ()}
        self._lists[inside] = fields[0]
        self._use(fields[0], line)
        return fields[0]

    # Line by line

    def _careful(self, text: str, first: int, found: list[Voucher]) -> None:
        for line, content in enumerate(text.split("\n"), first):
            record = content.strip(" \t")
            if not record:
                continue
            if record == "{":
                self._begin_rows(line)
            elif record == "}":
                found.append(self._end_voucher(line))
            elif record[0] != "#":
                self.findings.add("no-record", line, f"{record[:40]!r} is no record: passed by.")
            else:
                self._record(record, line)

    def _record(self, record: str, line: int) -> None:
        label = re.split(r"[ \t]", record, maxsplit=1)[0].upper()
        try:
            fields, open_quote = split(record)
        except Malformed as malformed:
            expected = "pairs of dimension and object in braces"
            refuse("structure", line, expected=expected, found=str(malformed), label=label)
        if open_quote:
            self.findings.add("open-quote", line, f"A field of {label} lacks its closing quote.")
        if label == "#KSUMMA":
            return  # the checksum is made of bytes, before they are lines
        if label == _VER:
            self._begin_voucher(fields, line)
        elif label in _ROWS:
            self._row(label, fields, line)
        elif self._open is not None and self._head.knows(label):
            expected = "rows and } behind them" if self._open.braced else "{ behind it"
            refuse("structure", line, expected=expected, found=label, label=_VER, advice=_CUT)
        else:
            self._head.read(fields, label, line)

    def _begin_voucher(self, fields: Sequence[Field], line: int) -> None:
        if self._open is not None:
            refuse("structure", line, expected="} before another", found=_VER, label=_VER, advice=_CUT)
        texts = _texts(fields, 7)
        values.day(texts[3], _VER, line)
        if texts[5]:
            values.day(texts[5], _VER, line)
        self._open = _Open(texts, line)

    def _begin_rows(self, line: int) -> None:
        if self._open is None or self._open.braced:
            refuse("structure", line, expected="{ behind #VER, once", found="{ elsewhere", advice=_CUT)
        self._open.braced = True

    def _row(self, label: str, fields: Sequence[Field], line: int) -> None:
        voucher = self._open
        if voucher is None or not voucher.braced:
            expected = "rows between the braces of a #VER"
            refuse("structure", line, expected=expected, found=f"{label} elsewhere", advice=_CUT)
        if len(voucher.rows) + len(voucher.struck) >= _MOST_ROWS:
            found = f"more than {_MOST_ROWS}"
            refuse("too-many-rows", line, expected="the rows of one voucher", found=found, advice=_CORRECT)
        row = self._read_row(label, fields, voucher, line)
        self._use(row.detail.objects, voucher.line)
        if label == "#BTRANS":
            voucher.struck.append(row)
            return
        added, voucher.added = voucher.added, None
        if label == "#RTRANS":
            self._tell_alone(added, line)
            voucher.added = row._replace(detail=row.detail._replace(added=True))
        elif added is not None and _same(added, row):
            voucher.rows.append(added)
            self.added += 1
        else:
            self._tell_alone(added, line)
            voucher.rows.append(row)

    def _read_row(self, label: str, fields: Sequence[Field], voucher: "_Open", line: int) -> Row:
        account = fields[1] if len(fields) > 1 else ""
        if not isinstance(account, str) or not account:
            refuse("account", line, expected="an account", found="none", label=label, advice=_CORRECT)
        if not (account.isdecimal() and account.isascii()):
            self.findings.add("account-not-numeric", line, f"{label}: {account!r} is no account number.")
        objects: Objects = ()
        rest = fields[2:]
        if rest and isinstance(rest[0], tuple):
            objects, rest = rest[0], rest[1:]
        else:
            self.findings.add("no-object-list", line, f"{label} has no {{}} behind the account.")
        amount, day_text, text, quantity_text, sign = _texts(rest, 5)[:5]
        ore = values.amount(amount, label, line)
        own = not day_text or day_text == voucher.fields[3]
        day = None if own else values.day(day_text, label, line)
        quantity = self._quantity(quantity_text, label, line)
        if not (objects or text or day or sign) and quantity is None:
            return Row(account, ore)
        return Row(account, ore, Detail(objects, text, day, quantity, sign))

    def _quantity(self, text: str, label: str, line: int) -> Decimal | None:
        quantity = values.quantity(text) if text else None
        if text and quantity is None:
            self.findings.add("quantity", line, f"{label}: {text!r} is no quantity: passed by.")
        return quantity

    def _tell_alone(self, added: Row | None, line: int) -> None:
        if added is not None:
            text = f"#RTRANS of account {added.account} without the same #TRANS behind it: passed by."
            self.findings.add("added-alone", line, text)

    def _end_voucher(self, line: int) -> Voucher:
        voucher = self._open
        if voucher is None or not voucher.braced:
            refuse(
                "structure", line, expected="} behind the rows of a #VER", found="} elsewhere", advice=_CUT
            )
        self._tell_alone(voucher.added, line)
        self._open = None
        accounts = [row.account for row in voucher.rows]
        amounts = [row.amount for row in voucher.rows]
        if difference := sum(amounts):
            series, number = voucher.fields[1:3]
            found = f"a difference of {format_sek(difference)} in voucher {series} {number}".rstrip()
            refuse(
                "unbalanced",
                voucher.line,
                expected="debit and credit alike",
                found=found,
                label=_VER,
                advice=_CORRECT,
            )
        if not amounts:
            self.findings.add("no-rows", voucher.line, "The voucher has no rows.")
        details = tuple(row.detail for row in voucher.rows)
        details = details if any(each is not NO_DETAIL for each in details) else ()
        return self._complete(voucher.fields, voucher.line, accounts, amounts, details, tuple(voucher.struck))

    # Both ways

    def _complete(
        self,
        fields: Sequence[str],
        line: int,
        accounts: list[str],
        amounts: list[int],
        details: tuple[Detail, ...],
        struck: tuple[Row, ...],
    ) -> Voucher:
        """The voucher, counted.

        Args:
            fields: of #VER: label, series, number, date; maybe text, date of registration and who.
            line: of #VER.
            accounts: of each row.
            amounts: of each row, in öre.
            details: of each row, or none.
            struck: rows that do not count.
        """
        own_day = fields[3]
        day, month, _ = self.days.get(own_day) or self._learn_day(own_day, line)
        debit = 0
        for account, amount in zip(accounts, amounts):  # noqa: B905 - as many; asking costs, a million times
            try:
                month[account] += amount
            except KeyError:
                self._learn_account(account, line)
                month[account] += amount
            if amount > 0:
                debit += amount
        self.turnover += debit
        self.vouchers += 1
        self.rows += len(amounts)
        self.struck += len(struck)
        count = len(fields)
        registered = values.day(fields[5], _VER, line) if count > 5 and fields[5] else None  # noqa: PLR2004
        parts = (
            fields[1],
            self.numbers.take(fields[1], fields[2], line),
            day,
            fields[4] if count > 4 else "",  # noqa: PLR2004 - its place
            tuple(accounts),
            tuple(amounts),
            details,
            registered,
            fields[6] if count > 6 else "",  # noqa: PLR2004 - its place
            struck,
            line,
        )
        return _new(Voucher, parts)

    def _learn_day(self, text: str, line: int) -> Day:
        day = values.day(text, _VER, line)
        month = text[:6]
        if month not in self.months:
            month = month if len(self.months) < _MOST_MONTHS else _OTHER_MONTHS
            self.months.setdefault(month, dict.fromkeys(self.accounts, 0))
        found = self.days[text] = Day(day, self.months[month], line)
        return found

    def _use(self, objects: Objects, line: int) -> None:
        for each in objects:
            if each not in self.objects and len(self.objects) < _MOST_OBJECTS:
                self.objects[each] = line


class _Open:
    """A voucher whose end has not come yet."""

    __slots__ = ("added", "braced", "fields", "line", "rows", "struck")

    def __init__(self, fields: list[str], line: int) -> None:
        self.fields = fields
        """Of ``#VER``: label, series, number, date, text, date of registration, who."""
        self.line = line
        self.rows: list[Row] = []
        self.struck: list[Row] = []
        self.braced = False
        self.added: Row | None = None
        """The ``#RTRANS`` just read: the same row stands once more behind it, for older readers."""


def _same(added: Row, row: Row) -> bool:
    """Whether a ``#TRANS`` repeats the ``#RTRANS`` before it. Programs write other dates and names there."""
    return added[:2] == row[:2] and added.detail.objects == row.detail.objects


def _texts(fields: Sequence[Field], count: int) -> list[str]:
    """So many fields or more: those left out are empty, and so is an object list where none belongs."""
    texts = [field if isinstance(field, str) else "" for field in fields]
    return texts + [""] * (count - len(texts))


def _quoted_fields(text: str) -> list[str] | None:
    """The fields of a text with quotes in it; None if any of them is not as plain as that."""
    pieces = text.split('"')
    count = len(pieces)
    if not count % 2 or '\\"' in text or (pieces[0] and pieces[0][-1] not in " \t"):
        return None
    fields = pieces[0].split()
    for place in range(1, count, 2):
        fields.append(pieces[place])
        behind = pieces[place + 1]
        if behind == " ":
            continue
        is_last = place + 2 == count
        if behind:
            if behind[0] not in " \t" or not (is_last or behind[-1] in " \t"):
                return None
            fields += behind.split()
        elif not is_last:
            return None
    return fields
