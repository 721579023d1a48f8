"""The walk through a SIE file: alphabet, lines, checksum, vouchers, and at the end the checks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from samklang.formats.sie import checksum
from samklang.formats.sie.blocks import blocks, check_beginning
from samklang.formats.sie.charset import Encoding, detect
from samklang.formats.sie.checks import check
from samklang.formats.sie.head import HeadReader
from samklang.formats.sie.model import Findings, Head, Summary, Voucher
from samklang.formats.sie.values import refuse
from samklang.formats.sie.vouchers import VoucherReader

_CHECKSUM = re.compile(
    rb"^[ \t]*#KSUMMA(?:[ \t]+\"?([^\"\s]*)\"?[^\n]*|[ \t\r]*)$", re.IGNORECASE | re.MULTILINE
)
_BETWEEN_FIELDS = b"\t\n\r"
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in _BETWEEN_FIELDS)
_NO_CONTROLS = bytes(code for code in range(256) if code not in _CONTROLS)
_BLANKED = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
_WIDE_BLANKS = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""What ``str.split`` takes for blanks and the format does not."""
_LOST = "\ufffd"

_MANDATORY = ("#FLAGGA", "#PROGRAM", "#FORMAT", "#GEN")
_OTHER_ALPHABETS = {"latin-1": "Latin-1 (Windows)", "utf-8": "UTF-8"}


def read(stream: BinaryIO) -> Iterator[Voucher | Summary]:
    """Read a SIE file of type 1 to 4: every voucher as it comes, last of all the summary.

    Trust nothing before the summary has come: the checksum, and much else, is only known at the end.

    Args:
        stream: the file, seekable; read from where it stands.

    Raises:
        SieRefused: it is no SIE file, or a record cannot be used; it names line, record and check.
    """
    return chain.from_iterable(_read(stream))


def _read(stream: BinaryIO) -> Iterator[Iterable[Voucher | Summary]]:
    """What :func:`read` gives, some at a time: handing on each item from generator to generator costs."""
    check_beginning(stream)
    reader = _Reader(detect(stream))
    for block in blocks(stream):
        yield reader.vouchers(block)
    yield (reader.summary(),)


class _Reader:
    """Where in the file we are."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._findings = Findings()
        self._head = HeadReader(self._findings)
        self._vouchers = VoucherReader(self._head, self._findings)
        self._checksum: tuple[int, int] | None = None
        """Over the bytes as they are and in the format's own alphabet; None where none is asked for."""

    def vouchers(self, data: bytes) -> list[Voucher]:
        """The vouchers that end in these lines."""
        self._sum(data)
        if data.translate(None, _NO_CONTROLS):
            data = self._without_controls(data)
        data = data.translate(None, b"\r")
        text = data.decode("ascii" if data.isascii() else self._encoding)
        if _LOST in text:
            self._lost(text)
        careful = not data.isascii() and (
            "\xa0" in text if self._encoding == "cp437" else bool(_WIDE_BLANKS.search(text))
        )
        return self._vouchers.read(text, careful=careful)

    def summary(self) -> Summary:
        """What the file held, once all blocks have passed."""
        vouchers, findings = self._vouchers, self._findings
        vouchers.end()
        if self._checksum is not None:
            found = "the end of the file"
            refuse("checksum", None, expected="a second #KSUMMA with the checksum", found=found)
        head = self._finished_head()
        moved: defaultdict[str, int] = defaultdict(int)
        for month in vouchers.months.values():
            for account, amount in month.items():
                moved[account] += amount
        self._tell(head)
        check(head, vouchers, moved, findings)
        days = [day.date for day in vouchers.days.values()]
        return Summary(
            head=head,
            vouchers=vouchers.vouchers,
            rows=vouchers.rows,
            added=vouchers.added,
            struck=vouchers.struck,
            turnover=vouchers.turnover,
            first=min(days, default=None),
            last=max(days, default=None),
            series=vouchers.numbers.sums(),
            moved=dict(moved),
            encoding=self._encoding,
            findings=findings.all(),
            counts=dict(findings.counts),
        )

    def _finished_head(self) -> Head:
        head = self._head.head
        if not self._head.type:
            refuse("type", None, expected="a record #SIETYP", found="none")
        if not head.company:
            refuse("company", None, expected="the company's name in #FNAMN", found="none")
        match self._head.type:
            case "1" | "2" | "3" as balances:
                head.type = balances
            case _:
                has_balances = head.opening or head.closing or head.results or head.months
                head.type = "4E" if has_balances else "4I"
        return head

    def _tell(self, head: Head) -> None:
        """What the file lacks, and what is peculiar to it."""
        for label in _MANDATORY:
            if not self._head.has(label):
                self._findings.add("missing", None, f"The file has no {label}.")
        if head.type != "4I" and 0 not in head.years:
            self._findings.add("missing", None, "The file does not say which year it is of (#RAR 0).")
        if head.flag:
            self._findings.add(
                "already-read", None, "The file says that it has been read before (#FLAGGA 1)."
            )
        if alphabet := _OTHER_ALPHABETS.get(self._encoding):
            text = f"The file is in {alphabet}; the format's own alphabet is PC8 (CP437)."
            self._findings.add("alphabet", None, text)
        if count := self._vouchers.added:
            self._findings.add("rows-added", None, f"{count} rows were added to vouchers later (#RTRANS).")
        if count := self._vouchers.struck:
            text = f"{count} rows were struck out of vouchers (#BTRANS): they do not count."
            self._findings.add("rows-struck", None, text)

    # Bytes

    def _without_controls(self, data: bytes) -> bytes:
        for line, content in enumerate(data.split(b"\n"), self._vouchers.line):
            if content.translate(None, _NO_CONTROLS):
                self._findings.add("control-character", line, "A control character stands in the line.")
        return data.translate(_BLANKED)

    def _lost(self, text: str) -> None:
        for line, content in enumerate(text.split("\n"), self._vouchers.line):
            if _LOST in content:
                self._findings.add("characters-lost", line, "Letters were lost before the file came here.")

    def _sum(self, data: bytes) -> None:
        """Begin, go on with, or check the checksum."""
        at = 0
        if b"KSUMMA" in data or b"ksumma" in data:
            for match in _CHECKSUM.finditer(data):
                line = self._vouchers.line + data.count(b"\n", 0, match.start())
                stated = (match[1] or b"").decode("cp437")
                if self._checksum is None:
                    self._begin_sum(stated, line)
                else:
                    self._add(data[at : match.start()])
                    self._end_sum(stated, line)
                at = match.end()
        if self._checksum is not None:
            self._add(data[at:])

    def _begin_sum(self, stated: str, line: int) -> None:
        if stated:
            text = "#KSUMMA ends a checksum that has not begun: it was not checked."
            self._findings.add("checksum-not-begun", line, text)
        else:
            self._checksum = (0, 0)

    def _end_sum(self, stated: str, line: int) -> None:
        assert self._checksum is not None
        sums = [str(each) for each in dict.fromkeys(self._checksum)]
        if stated not in sums:
            found = repr(stated)
            refuse(
                "checksum", line, expected=" or ".join(sums), found=found, label="#KSUMMA", advice=_CHANGED
            )
        self._checksum = None

    def _add(self, data: bytes) -> None:
        assert self._checksum is not None
        as_is, in_cp437 = self._checksum
        now = checksum.add(as_is, data)
        if self._encoding == "cp437":
            self._checksum = (now, now)
        else:
            converted = data.decode(self._encoding).encode("cp437", "replace")
            self._checksum = (now, checksum.add(in_cp437, converted))


_CHANGED = "The file was changed after it was written: write it again from the program it comes from."
