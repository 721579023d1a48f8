"""Late interest by räntelagen (1975:635): rates by half-year, periods, and what they come to.

Simple interest on the principal alone, VAT included: not on fees, and not on interest. Days are counted
from the day after the due date (3 §) through the day of payment, and a year as 365 of them (custom: the law
names no year). It is rounded to the öre once per debt, at the end.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ABOVE_REFERENCE = Decimal(8)
"""Percentage points above the reference rate (6 §)."""

DAYS_OF_YEAR = 365

DAYS_AFTER_DEMAND = 30
"""Where no due date is agreed, interest runs from the thirtieth day after the demand (4 §)."""


class ReferenceRate(NamedTuple):
    """The Riksbank's reference rate of a half-year, in percent (9 §)."""

    rate: Decimal
    source: str
    read_on: date
    verified: bool
    """Whether it was read from the Riksbank's own table; if not, from pages that repeat it."""


_RIKSBANK = "Sveriges riksbank, table of reference rates, as far as 2024-07-01"
_REPEATED = "loanster.se and capway.se, which repeat the Riksbank's decision"
_READ_ON = date(2026, 11, 23)


def _own(rate: str) -> ReferenceRate:
    return ReferenceRate(Decimal(rate), _RIKSBANK, _READ_ON, verified=True)


def _repeated(rate: str) -> ReferenceRate:
    return ReferenceRate(Decimal(rate), _REPEATED, _READ_ON, verified=False)


REFERENCE_RATES: Mapping[str, ReferenceRate] = {
    "2019-H1": _own("-0.50"),
    "2019-H2": _own("0.00"),
    "2020-H1": _own("0.00"),
    "2020-H2": _own("0.00"),
    "2021-H1": _own("0.00"),
    "2021-H2": _own("0.00"),
    "2022-H1": _own("0.00"),
    "2022-H2": _own("0.50"),
    "2023-H1": _own("2.50"),
    "2023-H2": _own("3.50"),
    "2024-H1": _own("4.00"),
    "2024-H2": _own("4.00"),
    "2025-H1": _repeated("3.00"),
    "2025-H2": _repeated("2.00"),
    "2026-H1": _repeated("2.00"),
    "2026-H2": _repeated("2.00"),
}
"""Decided on the last weekday before each half-year. There is no next one before it is decided: a debt that
reaches into it is told as such, never reckoned by the rate before."""


def half_year_of(day: date) -> str:
    """``2026-H2``."""
    return f"{day.year}-H{1 if day.month <= 6 else 2}"  # noqa: PLR2004 - June


def by_law(own: Mapping[str, Decimal]) -> Callable[[date], Decimal]:
    """The rate by law; ``own`` has reference rates of half-years that the table here does not have yet.

    The function it gives raises ``reference-rate-missing``, which names the half-year to add.
    """

    def rate_on(day: date) -> Decimal:
        half_year = half_year_of(day)
        known = REFERENCE_RATES.get(half_year)
        reference = known.rate if known else own.get(half_year)
        if reference is None:
            raise Problem(
                "reference-rate-missing",
                f"The reference rate of {half_year} is not known here. Read it on the Riksbank's page and "
                "add it to `reference_rates` in the dunning settings.",
            )
        return reference + ABOVE_REFERENCE

    return rate_on


def agreed(rate: Decimal) -> Callable[[date], Decimal]:
    """A rate the parties have agreed on, the same on every day (1 §: agreement comes before the law)."""
    return lambda _: rate


def starts_on(invoiced: date, due: date, *, due_date_agreed: bool) -> date:
    """The first day that bears interest: the day after the due date (3 §), or after thirty days (4 §).

    Args:
        invoiced: the day of the invoice, which says what comes of not paying it.
        due: its due date.
        due_date_agreed: whether the parties have agreed on due dates in advance.
    """
    last_free = due if due_date_agreed else max(due, invoiced + timedelta(days=DAYS_AFTER_DEMAND))
    return last_free + timedelta(days=1)


class InterestSpan(NamedTuple):
    """Days on end, both ends included, with one principal (öre) and one rate (percent)."""

    first: date
    last: date
    principal: int
    rate: Decimal

    @property
    def days(self) -> int:
        """How many days it is."""
        return (self.last - self.first).days + 1


def interest_spans(
    changes: Iterable[tuple[date, int]], first: date, last: date, rate_on: Callable[[date], Decimal]
) -> list[InterestSpan]:
    """What bears interest from a day through a day, in spans of one principal and one rate.

    What is paid on a day lessens the principal from the next day on: the day of payment still counts.

    Args:
        changes: the debt and all that changed it since: day and öre, payments and credit below zero.
        first: the first day.
        last: the last day; none if it is before the first.
        rate_on: the rate of a day; asked only for days with a principal.

    Raises:
        Problem: ``reference-rate-missing``.
    """
    by_day: dict[date, int] = {}
    for day, amount in changes:
        counts_from = max(first, day + timedelta(days=1))
        by_day[counts_from] = by_day.get(counts_from, 0) + amount
    behind = last + timedelta(days=1)
    by_day.setdefault(first, 0)
    days = sorted(day for day in by_day if day < behind)
    principals = accumulate(by_day[day] for day in days)
    spans: list[InterestSpan] = []
    for (start, end), principal in zip(pairwise([*days, behind]), principals, strict=False):
        if principal > 0:
            for part_first, part_last in _half_years(start, end - timedelta(days=1)):
                _append(spans, InterestSpan(part_first, part_last, principal, rate_on(part_first)))
    return spans


def _half_years(first: date, last: date) -> Iterable[tuple[date, date]]:
    while first <= last:
        ends = date(first.year, 6, 30) if first.month <= 6 else date(first.year, 12, 31)  # noqa: PLR2004
        yield first, min(ends, last)
        first = ends + timedelta(days=1)


def _append(spans: list[InterestSpan], span: InterestSpan) -> None:
    """Add a span; one that goes on as the one before it did lengthens that."""
    if spans:
        before = spans[-1]
        adjoins = before.last + timedelta(days=1) == span.first
        if adjoins and (before.principal, before.rate) == (span.principal, span.rate):
            spans[-1] = before._replace(last=span.last)
            return
    spans.append(span)


_PARTS = 10_000
"""A hundredth of a percentage point, the finest rate there is, is so many parts of the whole."""


def exact_interest(spans: Sequence[InterestSpan]) -> int:
    """What spans come to, exactly, in öre × :data:`DAYS_OF_YEAR` × 10 000."""
    return sum(span.principal * span.days * int(span.rate * 100) for span in spans)


def interest_amount(spans: Sequence[InterestSpan]) -> int:
    """What spans come to, rounded to the öre once, half up."""
    whole = DAYS_OF_YEAR * _PARTS
    return (2 * exact_interest(spans) + whole) // (2 * whole)
