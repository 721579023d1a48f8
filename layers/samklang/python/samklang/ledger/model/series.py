"""Voucher series: each numbered without gaps within a fiscal year (bokföringslagen 5 kap. 7 §)."""

from __future__ import annotations

from datetime import date

from samklang.platform.shapes import Name, Shape


class SeriesYear(Shape):
    """How far a series has come in a fiscal year."""

    fiscal_year: date
    """Its first day."""
    last_number: int


class VoucherSeries(Shape):
    """A voucher series."""

    series: str
    name: str
    by_hand: bool
    """Whether vouchers by hand may be in it."""
    years: list[SeriesYear]


class SeriesList(Shape):
    """The voucher series."""

    items: list[VoucherSeries]
    next: None = None


class SeriesInput(Shape):
    """What a series is called."""

    name: Name
