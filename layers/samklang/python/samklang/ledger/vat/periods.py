"""VAT periods: which days they have, and when their return is due.

Sources: skatteförfarandelagen (2011:1244) 26 kap. (the periods, and when a return is due) and Skatteverket's
table of days for those who report by the year; lagen (1930:173) om beräkning av lagstadgad tid, 2 § (a day on
which nobody works moves on). Every period is whole months, since a fiscal year is.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from dateutil.easter import easter  # type: ignore[import-untyped]  # there are no types of it

from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["month", "quarter", "year"]

FiscalYear = tuple[date, date]
"""First and last day."""

_JANUARY, _AUGUST, _DECEMBER = 1, 8, 12
_MONTHS_OF_A_QUARTER = 3


class VatPeriod(NamedTuple):
    """A period that a VAT return is for."""

    key: str
    """``2026-11``, ``2026-Q4``; a fiscal year's is its last month, whatever other years there are."""
    kind: Kind
    first: date
    last: date


def period_of(key: str, kind: Kind, years: Sequence[FiscalYear], pointer: str = "?period") -> VatPeriod:
    """The period of a kind that a key names: ``2026-11``, ``2026-Q4``, or ``2026-12`` for a fiscal year.

    Months and quarters are the calendar's. A fiscal year is named by the month it ends in; the year alone
    will do, ``2026``, where no other fiscal year ends in it.

    Args:
        key: as it was asked for.
        kind: what kind it must be.
        years: the fiscal years of the books.
        pointer: where in the request it stands.

    Raises:
        Problem: ``validation`` for a key of another kind, or of two fiscal years, saying which to give;
            ``outside-fiscal-year`` when no fiscal year of the books has any day of it.
    """
    if kind == "year":
        named = [each for each in years if key in {f"{each[1]:%Y}", f"{each[1]:%Y-%m}"}]
        if len(named) > 1:
            keys = " or ".join(_fiscal_year(each).key for each in named)
            message = f"More than one fiscal year ends in {key}: give {keys}."
            raise Problem("validation", message, (FieldError(pointer, "ambiguous", message),))
        if named:
            return _fiscal_year(named[0])
    if _kind_by_form(key) != kind:
        example = {"month": "2026-11", "quarter": "2026-Q4", "year": "2026"}[kind]
        message = f"{key} is not a {kind}: give a {kind}, such as {example}."
        raise Problem("validation", message, (FieldError(pointer, "kind", message),))
    if kind != "year":
        month = int(key[5:]) if kind == "month" else int(key[6:]) * _MONTHS_OF_A_QUARTER
        period = _calendar(kind, date(int(key[:4]), month, 1))
        if any(start <= period.last and period.first <= end for start, end in years):
            return period
    raise Problem(
        "outside-fiscal-year",
        f"The books have no fiscal year for {key}. Choose another period, or open the fiscal year.",
    )


def _kind_by_form(key: str) -> Kind:
    if len(key) == len("2026"):
        return "year"
    return "quarter" if "Q" in key else "month"


def period_with(day: date, kind: Kind, years: Sequence[FiscalYear]) -> VatPeriod | None:
    """The period of a kind that a day is in; none when it is in no fiscal year and that is the kind."""
    if kind != "year":
        return _calendar(kind, day)
    return next((_fiscal_year(year) for year in years if year[0] <= day <= year[1]), None)


def _fiscal_year(year: FiscalYear) -> VatPeriod:
    first, last = year
    return VatPeriod(f"{last:%Y-%m}", "year", first, last)


def _calendar(kind: Kind, day: date) -> VatPeriod:
    """The calendar month or quarter of a day."""
    if kind == "month":
        first = day.replace(day=1)
        return VatPeriod(f"{day:%Y-%m}", kind, first, _end_of_month(first))
    quarter = (day.month - 1) // _MONTHS_OF_A_QUARTER + 1
    last = _end_of_month(date(day.year, quarter * _MONTHS_OF_A_QUARTER, 1))
    first = date(day.year, (quarter - 1) * _MONTHS_OF_A_QUARTER + 1, 1)
    return VatPeriod(f"{day.year}-Q{quarter}", kind, first, last)


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def before(period: VatPeriod, years: Sequence[FiscalYear]) -> VatPeriod | None:
    """The period before one, of its kind; none before the first fiscal year, if that is the kind."""
    return period_with(period.first - timedelta(days=1), period.kind, years)


def after(period: VatPeriod, years: Sequence[FiscalYear]) -> VatPeriod | None:
    """The period after one, of its kind; none after the last fiscal year, if that is the kind."""
    return period_with(period.last + timedelta(days=1), period.kind, years)


def periods_between(kind: Kind, first: date, last: date, years: Sequence[FiscalYear]) -> Iterator[VatPeriod]:
    """Every period of a kind with some day from ``first`` (a day of a fiscal year) to ``last``, in order."""
    period = period_with(first, kind, years)
    while period and period.first <= last:
        yield period
        period = after(period, years)


# ---------------------------------------------------------------- when it is due


def due_date(period: VatPeriod, org_no: str, *, large: bool, eu_trade: bool) -> date:
    """The day by which the return is sent and the VAT paid.

    Args:
        period: what the return is for.
        org_no: of the company, ten digits: who files no income tax return, or files as a person, has other
            days for a whole year.
        large: whether the year's taxable base is above 40 million kronor.
        eu_trade: whether anything was traded with other EU countries, for a whole year.
    """
    if period.kind == "year":
        return _working_day(_due_of_year(period.last, org_no, eu_trade=eu_trade))
    if large:
        return _working_day(_the_26th(period.last, months=1))
    month = _months_after(period.last, 2)
    return _working_day(month.replace(day=17 if month.month in {_JANUARY, _AUGUST} else 12))


_PARTNERSHIP = "9"
"""The first digit of handelsbolag and kommanditbolag, whose partners are taxed and not they themselves."""


_WITH_INCOME_TAX = ((4, 0, 12, 12), (6, 1, 1, 17), (8, 1, 4, 12), (12, 1, 8, 17))
"""For fiscal years that end in a month up to this one: how many years later, month and day."""


def _due_of_year(end: date, org_no: str, *, eu_trade: bool) -> date:
    """With the income tax return, electronically, for those who file one and trade with no EU country."""
    if eu_trade or org_no[0] == _PARTNERSHIP:
        return _the_26th(end, months=2)
    if org_no[2] < "2":
        # A person; see formats.identity.
        return date(end.year + 1, 5, 12)
    later, month, day = next(due for last_month, *due in _WITH_INCOME_TAX if end.month <= last_month)
    return date(end.year + later, month, day)


def _the_26th(end: date, months: int) -> date:
    month = _months_after(end, months)
    return month.replace(day=27 if month.month == _DECEMBER else 26)


def _months_after(day: date, months: int) -> date:
    """The first day of the month so many months after a day's."""
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, 1)


_FRIDAY, _SATURDAY = 4, 5
_BY_EASTER = frozenset({-2, 1, 39})
"""Days from Easter Sunday: Good Friday, Easter Monday, Ascension Day."""
_CHRISTMAS = frozenset({(12, 25), (12, 26)})


def _working_day(day: date) -> date:
    """The day itself, or the first after it on which people work."""
    while _is_free(day):
        day += timedelta(days=1)
    return day


def _is_free(day: date) -> bool:
    """Of the days near which something is due; the year's other holidays are not among those."""
    midsummer_eve = day.weekday() == _FRIDAY and date(day.year, 6, 19) <= day <= date(day.year, 6, 25)
    return (
        day.weekday() >= _SATURDAY
        or (day.month, day.day) in _CHRISTMAS
        or (day - easter(day.year)).days in _BY_EASTER
        or midsummer_eve
    )


def sales_list_due(last: date) -> date:
    """When an EU sales list is due that is sent electronically, by the last day of its period."""
    return _working_day(_months_after(last, 1).replace(day=25))
