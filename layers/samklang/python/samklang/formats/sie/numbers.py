"""The numbers of vouchers, series by series: they rise, and none stands twice.

A run of numbers that follow each other is kept as its two ends; others as a mark in pages of bytes. So a
book in good order takes no memory, and one in no order little.
"""

from samklang.formats.sie.model import Findings, SeriesSum

_PAGE = 1 << 16
_MOST_PAGES = 64
_MOST_DIGITS = 18


class _Series:
    """What has come of a series."""

    __slots__ = ("count", "end", "lowest", "pages", "start")

    def __init__(self) -> None:
        self.count = 0
        self.start = self.end = 0
        """The run being read: the end, which is above every number so far, is not in it."""
        self.lowest: int | None = None
        self.pages: dict[int, bytearray] = {}

    def mark(self, start: int, end: int) -> None:
        """Remember numbers; beyond the bound they are forgotten, and a second one of them not found."""
        while start < end:
            page, place = divmod(start, _PAGE)
            stop = min(end, (page + 1) * _PAGE)
            if page in self.pages or len(self.pages) < _MOST_PAGES:
                marks = self.pages.setdefault(page, bytearray(_PAGE))
                marks[place : place + stop - start] = b"\1" * (stop - start)
            start = stop

    def has(self, number: int) -> bool:
        """Whether it has come before."""
        page, place = divmod(number, _PAGE)
        return self.start <= number < self.end or (page in self.pages and bool(self.pages[page][place]))


class Numbers:
    """The numbers of every series."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._series: dict[str, _Series] = {}

    def take(self, name: str, text: str, line: int) -> int | None:
        """The next voucher's number; None if it has none."""
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = _Series()
        series.count += 1
        if not text:
            return None
        if not (text.isdecimal() and len(text) <= _MOST_DIGITS):
            self._findings.add(
                "number-not-numeric", line, f"Voucher {name} {text!r} has no number in digits."
            )
            return None
        number = int(text)
        if number != series.end or series.lowest is None:
            self._jump(series, name, number, line)
        else:
            series.end = number + 1
        return number

    def _jump(self, series: _Series, name: str, number: int, line: int) -> None:
        if number == 0:  # some programs write it for none
            return
        if series.lowest is None or number >= series.end:
            series.mark(series.start, series.end)
            series.start, series.end = number, number + 1
        elif series.has(number):
            self._findings.add("number-twice", line, f"Voucher {name} {number} stands twice.")
        else:
            text = f"Voucher {name} {number} comes behind {name} {series.end - 1}."
            self._findings.add("not-ascending", line, text)
            series.mark(number, number + 1)
        series.lowest = number if series.lowest is None else min(series.lowest, number)

    def sums(self) -> dict[str, SeriesSum]:
        """Count, lowest and highest of every series."""
        return {
            name: SeriesSum(each.count, each.lowest, each.end - 1 if each.lowest is not None else None)
            for name, each in self._series.items()
        }
