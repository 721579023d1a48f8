"""What a SIE file's vouchers come to, gathered one by one: a file of any size is planned in flat memory."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samklang.formats.sie.model import NO_DETAIL
from samklang.ledger.model.vouchers import RowDetail

if TYPE_CHECKING:
    from datetime import date

    from samklang.formats.sie import Detail, Voucher

MAX_TEXT = 200
_MOST_WEIGHT = 250_000
"""Bytes of a voucher: it is one item of the table, which holds 400 KB."""
_ROW_WEIGHT = 40
_MOST_HEAVY = 20
"""Of those too large that are told of one by one."""

_DIMENSION = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_QUANTITY = re.compile(r"-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,4})?", re.ASCII)
_OBJECT_LENGTH = 50


@dataclass(slots=True)
class Series:
    """The vouchers of a series that have rows."""

    vouchers: int = 0
    lowest: int | None = None
    """Of the numbers; none where no voucher has one."""
    unclear: bool = False
    """Whether a number lacks, or stands twice."""
    _numbers: set[int] = field(default_factory=set)

    def add(self, number: int | None) -> None:
        """One more voucher."""
        self.vouchers += 1
        if not number:
            self.unclear = True
            return
        self.unclear |= number in self._numbers
        self._numbers.add(number)
        self.lowest = number if self.lowest is None else min(number, self.lowest)


@dataclass(slots=True)
class Survey:
    """All vouchers of a file so far."""

    vouchers: int = 0
    """With rows."""
    accounts: set[str] = field(default_factory=set)
    series: dict[str, Series] = field(default_factory=dict)
    days: dict[date, tuple[int, int]] = field(default_factory=dict)
    """How many vouchers a day has, and the line of its first."""
    heavy: list[tuple[int, int]] = field(default_factory=list)
    """Rows and line of the first vouchers that are too large."""
    counts: Counter[str] = field(default_factory=Counter)
    """What vouchers tell that has no place here."""

    def add(self, voucher: Voucher) -> None:
        """One more voucher."""
        self._count(voucher)
        if not voucher.accounts:
            return
        self.vouchers += 1
        self.accounts.update(voucher.accounts)
        if voucher.series not in self.series:
            self.series[voucher.series] = Series()
        self.series[voucher.series].add(voucher.number)
        count, line = self.days.get(voucher.day, (0, voucher.line))
        self.days[voucher.day] = count + 1, line
        if weight(voucher) > _MOST_WEIGHT and len(self.heavy) < _MOST_HEAVY:
            self.heavy.append((len(voucher.accounts), voucher.line))

    def _count(self, voucher: Voucher) -> None:
        count = self.counts
        count["empty"] += not voucher.accounts
        count["struck"] += len(voucher.struck)
        count["registered"] += bool(voucher.registered or voucher.sign)
        count["texts"] += len(voucher.text) > MAX_TEXT
        for detail in voucher.details:
            count["days"] += bool(detail.day or detail.sign)
            count["added"] += detail.added
            count["texts"] += len(detail.text) > MAX_TEXT
            kept = row_detail(detail)
            count["quantities"] += detail.quantity is not None and kept.quantity is None
            count["objects"] += len(detail.objects) - len(kept.objects)


def weight(voucher: Voucher) -> int:
    """About how many bytes a voucher takes in the table."""
    texts = sum(
        len(detail.text) + sum(len(dimension) + len(name) for dimension, name in detail.objects)
        for detail in voucher.details
    )
    return _ROW_WEIGHT * len(voucher.accounts) + 2 * texts


def row_detail(detail: Detail) -> RowDetail:
    """What of a row's details has a place here."""
    if detail is NO_DETAIL:
        return RowDetail()
    quantity = None
    if detail.quantity is not None and _QUANTITY.fullmatch(written := f"{detail.quantity:f}"):
        quantity = written
    objects = tuple(each for each in detail.objects if _keeps(each))
    return RowDetail(detail.text[:MAX_TEXT] or None, quantity, objects)


def _keeps(each: tuple[str, str]) -> bool:
    dimension, name = each
    return bool(_DIMENSION.fullmatch(dimension)) and 0 < len(name) <= _OBJECT_LENGTH
