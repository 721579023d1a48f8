"""Fiscal years, closed periods and their log."""

from __future__ import annotations

from datetime import date
from typing import Literal

from samklang.platform.shapes import Day, Line, Shape


class FiscalYear(Shape):
    """A fiscal year of the books."""

    start: date
    end: date
    used: bool
    """Whether there are vouchers in it."""
    closed_until: date | None
    """To which of its days the books are closed."""


class FiscalYearList(Shape):
    """The fiscal years, oldest first."""

    items: list[FiscalYear]
    next: None = None


class FiscalYearInput(Shape):
    """A fiscal year to add: directly after the last one, or directly before the first."""

    start: Day
    end: Day


class FiscalYearChange(Shape):
    """When a fiscal year shall end instead."""

    end: Day


class ClosePeriodInput(Shape):
    """To which day the books are closed, that day included."""

    until: Day
    reason: Line | None = None


class ReopenPeriodInput(Shape):
    """To which day the books stay closed; none opens them altogether."""

    until: Day | None = None
    reason: Line


class PeriodChange(Shape):
    """That the books were closed or reopened."""

    action: Literal["closed", "reopened"]
    until: date | None
    """To which day they were closed afterwards."""
    before: date | None
    """To which day they were closed before."""
    reason: str | None
    """Why; ``vat/2026-11/closed`` of a VAT return."""
    by: str
    """The user."""
    at: str


class Periods(Shape):
    """To which day the books are closed, and how that came about, newest first."""

    closed_until: date | None
    items: list[PeriodChange]
    next: str | None
