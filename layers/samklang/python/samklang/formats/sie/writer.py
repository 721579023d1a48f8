"""Writes SIE 4: the head, then vouchers as they come, with the checksum around all of it.

Every text is in quotes. What the format cannot write (see :mod:`samklang.formats.sie.charset`) is written
with other characters that are like it, and told.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import batched

from samklang.formats.sie import checksum
from samklang.formats.sie.charset import CHARSET, encoded, written
from samklang.formats.sie.fields import quoted, writable
from samklang.formats.sie.model import (
    HOME_CURRENCY,
    Balance,
    Detail,
    Finding,
    Findings,
    Head,
    Objects,
    Voucher,
)

_BATCH = 256
"""Vouchers, or lines of the head, written at once."""
_MOST_LISTS = 20_000
"""Object lists remembered at once, so that memory stays flat."""
_TYPES = {"4E": "4", "4I": "4"}
_TWO_DIGITS = 100
_EMPTY = '""'


class Writer:
    """Writes one file.

    Args:
        head: everything but the vouchers. Months and budget are written as they stand: nothing is computed.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._findings = Findings()
        self._checksum = 0
        self._substitute = True
        """Whether each text is looked at for characters that cannot be written."""
        self._lists: dict[Objects, str] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Texts that were not written as they are, once the file is written."""
        return self._findings.all()

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each code."""
        return dict(self._findings.counts)

    def write(self, vouchers: Iterable[Voucher] = ()) -> Iterator[bytes]:
        """The file, piece by piece; lines end with CR LF."""
        yield f"#FLAGGA {int(self._head.flag)}\r\n#KSUMMA\r\n".encode(CHARSET)
        yield self._encoded(self._identification())
        yield from self._pieces(self._chart())
        yield from self._pieces(self._balances())
        self._substitute = False
        yield from self._vouchers(vouchers)
        yield f"#KSUMMA {self._checksum}\r\n".encode(CHARSET)

    # Head

    def _identification(self) -> str:
        head = self._head
        lines = [
            f"#PROGRAM {self._text(head.program[0])} {self._text(head.program[1])}",
            "#FORMAT PC8",
            f"#GEN {_day(head.made)} {self._text(head.made_by)}" if head.made else "",
            f"#SIETYP {_TYPES.get(head.type, head.type)}",
            *(f"#PROSA {self._text(text)}" for text in head.prose),
            f"#FTYP {self._text(head.form)}" if head.form else "",
            f"#FNR {self._text(head.company_id)}" if head.company_id else "",
            f"#ORGNR {self._text(head.org_no)}" if head.org_no else "",
            f"#ADRESS {' '.join(map(self._text, head.address))}" if head.address else "",
            f"#FNAMN {self._text(head.company)}",
            *(f"#RAR {number} {_day(year.start)} {_day(year.end)}" for number, year in head.years.items()),
            f"#TAXAR {self._text(head.tax_year)}" if head.tax_year else "",
            f"#OMFATTN {_day(head.periods_until)}" if head.periods_until else "",
            f"#KPTYP {self._text(head.chart)}" if head.chart else "",
            f"#VALUTA {head.currency}" if head.currency != HOME_CURRENCY else "",
        ]
        return "".join(f"{line}\r\n" for line in lines if line)

    def _chart(self) -> Iterator[str]:
        head = self._head
        for account in head.accounts.values():
            number = self._text(account.number)
            yield f"#KONTO {number} {self._text(account.name)}"
            if account.kind:
                yield f"#KTYP {number} {account.kind}"
            if account.unit:
                yield f"#ENHET {number} {self._text(account.unit)}"
            for code in account.sru:
                yield f"#SRU {number} {self._text(code)}"
        for dimension in head.dimensions.values():
            number, name = self._text(dimension.number), self._text(dimension.name)
            if dimension.parent:
                yield f"#UNDERDIM {number} {name} {self._text(dimension.parent)}"
            else:
                yield f"#DIM {number} {name}"
        for (number, object_number), name in head.objects.items():
            yield f"#OBJEKT {self._text(number)} {self._text(object_number)} {self._text(name)}"

    def _balances(self) -> Iterator[str]:
        head = self._head
        for label, years in (("#IB", head.opening), ("#UB", head.closing)):
            for year, accounts in years.items():
                for account, balance in accounts.items():
                    yield f"{label} {year} {self._text(account)} {_balance(balance)}"
        for label, objects_of in (("#OIB", head.object_opening), ("#OUB", head.object_closing)):
            for (year, account, objects), balance in objects_of.items():
                start = f"{label} {year} {self._text(account)}"
                yield f"{start} {self._objects(objects)} {_balance(balance)}"
        for year, accounts in head.results.items():
            for account, balance in accounts.items():
                yield f"#RES {year} {self._text(account)} {_balance(balance)}"
        for label, periods in (("#PSALDO", head.months), ("#PBUDGET", head.budget)):
            for (year, period, account, objects), balance in periods.items():
                start = f"{label} {year} {period} {self._text(account)}"
                yield f"{start} {self._objects(objects)} {_balance(balance)}"

    def _pieces(self, lines: Iterable[str]) -> Iterator[bytes]:
        for some in batched(lines, _BATCH, strict=False):
            yield self._encoded("".join(f"{line}\r\n" for line in some))

    # Vouchers

    def _vouchers(self, vouchers: Iterable[Voucher]) -> Iterator[bytes]:
        for some in batched(vouchers, _BATCH, strict=False):
            try:
                yield self._encoded("".join(map(self._voucher, some)))
            except UnicodeEncodeError:  # only then is each text looked at by itself, which takes longer
                self._substitute = True
                yield self._encoded("".join(map(self._voucher, some)))
                self._substitute = False

    def _voucher(self, voucher: Voucher) -> str:
        series, number, day, text, accounts, amounts, details, registered, sign, struck, _ = voucher
        if details:
            rows = "".join(map(self._row, accounts, amounts, details))
        else:
            rows = "".join(
                [
                    f"#TRANS {account} {{}} {_amount(amount)}\r\n"
                    for account, amount in zip(accounts, amounts, strict=True)
                ]
            )
        if struck:
            rows += "".join([f"#BTRANS {self._columns(*row)}\r\n" for row in struck])
        end = f" {_day(registered)}" if registered else ' ""' if sign else ""
        if sign:
            end = f"{end} {self._text(sign)}"
        number_text = '""' if number is None else number
        head = f"#VER {self._text(series)} {number_text} {_day(day)} {self._text(text)}{end}"
        return f"{head}\r\n{{\r\n{rows}}}\r\n"

    def _row(self, account: str, amount: int, detail: Detail) -> str:
        columns = self._columns(account, amount, detail)
        if detail.added:  # once more, for readers that do not know #RTRANS
            return f"#RTRANS {columns}\r\n#TRANS {columns}\r\n"
        return f"#TRANS {columns}\r\n"

    def _columns(self, account: str, amount: int, detail: Detail) -> str:
        objects, text, day, quantity, sign, _ = detail
        columns = f"{account} {self._objects(objects) if objects else '{}'} {_amount(amount)}"
        if sign or quantity is not None:
            quantity_text = '""' if quantity is None else _quantity(quantity)
            more = f" {self._text(sign)}" if sign else ""
            return f"{columns} {_day(day) if day else _EMPTY} {self._text(text)} {quantity_text}{more}"
        if text:
            return f"{columns} {_day(day) if day else _EMPTY} {self._text(text)}"
        return f"{columns} {_day(day)}" if day else columns

    # Fields

    def _objects(self, objects: Objects) -> str:
        found = self._lists.get(objects)
        if found is None:
            if len(self._lists) >= _MOST_LISTS:
                self._lists.clear()
            pairs = [f"{self._text(dimension)} {self._text(name)}" for dimension, name in objects]
            found = f"{{{' '.join(pairs)}}}"
            if found.isascii():
                self._lists[objects] = found
        return found

    def _text(self, text: str) -> str:
        if text.isprintable() and '"' not in text and "\\" not in text and not self._substitute:
            return f'"{text}"'
        fitting = writable(written(text))
        if fitting != text:
            self._findings.add("substituted", None, f"{text[:60]!r} is written as {fitting[:60]!r}.")
        return quoted(fitting)

    def _encoded(self, text: str) -> bytes:
        data = encoded(text)
        self._checksum = checksum.add(self._checksum, data)
        return data


def _amount(ore: int) -> str:
    """Öre as the format writes them: -1250.00."""
    if -_TWO_DIGITS < ore < _TWO_DIGITS:
        return f"{'-' if ore < 0 else ''}0.{abs(ore):02d}"
    text = str(ore)
    return f"{text[:-2]}.{text[-2:]}"


def _balance(balance: Balance) -> str:
    amount = _amount(balance.amount)
    return amount if balance.quantity is None else f"{amount} {_quantity(balance.quantity)}"


def _quantity(quantity: Decimal) -> str:
    return f"{quantity:f}"


@lru_cache(maxsize=1024)
def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
