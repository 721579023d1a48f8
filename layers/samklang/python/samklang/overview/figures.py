"""The figures of a monthly report, worked out and ready to draw. Every amount is in öre."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """Revenue, cost and result of one month; ``month`` is written ``2026-10``."""

    month: str
    revenue: int = 0
    cost: int = 0
    """Positive."""
    result: int = 0

    def __post_init__(self) -> None:
        _check_month(self.month)


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Receivables whose due date lies about as far back, such as "1–30 dagar"."""

    label: str
    amount: int
    count: int
    """Invoices."""


@dataclass(frozen=True, slots=True)
class NamedAmount:
    """A customer or an account and its amount."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A ratio in words that its reader understands: ``KeyFigure("Soliditet", "42 %", "Andelen …")``."""

    name: str
    value: str
    explanation: str


@dataclass(frozen=True, kw_only=True)
class MonthlyReport:
    """What a bureau shares with a company about a month.

    ``months`` and ``last_year`` may be shorter than twelve, empty, or follow a broken fiscal year.
    """

    company_name: str
    org_no: str
    month: str
    created_at: datetime
    """With a time zone; shown as it stands."""
    months: tuple[MonthFigures, ...] = ()
    last_year: tuple[MonthFigures, ...] = ()
    liquidity: int = 0
    receivables_by_age: tuple[AgeBand, ...] = ()
    """From not due to oldest."""
    largest_customers: tuple[NamedAmount, ...] = ()
    largest_costs: tuple[NamedAmount, ...] = ()
    vat_to_pay: int = 0
    """Negative: to get back."""
    key_figures: tuple[KeyFigure, ...] = ()

    def __post_init__(self) -> None:
        _check_month(self.month)

    @cached_property
    def pairs(self) -> tuple[tuple[MonthFigures, MonthFigures], ...]:
        """Each month of the year beside the same month a year before; what is missing is zero.

        Without any figures these are the calendar year's months, so that there is always an axis.
        """
        months = {figures.month: figures for figures in self.months}
        before = {figures.month: figures for figures in self.last_year}
        axis = sorted({*months, *map(year_after, before)}) or [
            f"{self.month[:4]}-{n:02}" for n in range(1, 13)
        ]
        return tuple(
            (
                months.get(month, MonthFigures(month)),
                before.get(year_before(month), MonthFigures(year_before(month))),
            )
            for month in axis
        )

    @property
    def this_month(self) -> tuple[MonthFigures, MonthFigures]:
        """The report's month beside the same month a year before."""
        empty = MonthFigures(self.month), MonthFigures(year_before(self.month))
        return next((pair for pair in self.pairs if pair[0].month == self.month), empty)

    @property
    def so_far(self) -> tuple[MonthFigures, MonthFigures]:
        """The year to the end of the report's month, summed, beside the same time a year before."""
        counted = [pair for pair in self.pairs if pair[0].month <= self.month]
        return (
            _summed(self.month, [now for now, _ in counted]),
            _summed(year_before(self.month), [before for _, before in counted]),
        )


def year_before(month: str) -> str:
    """The same month a year before: ``2025-10`` for ``2026-10``."""
    return _moved(month, -1)


def year_after(month: str) -> str:
    """The same month a year after: ``2027-10`` for ``2026-10``."""
    return _moved(month, 1)


def _moved(month: str, years: int) -> str:
    return f"{int(month[:4]) + years:04}{month[4:]}"


def _summed(month: str, figures: list[MonthFigures]) -> MonthFigures:
    return MonthFigures(
        month,
        revenue=sum(one.revenue for one in figures),
        cost=sum(one.cost for one in figures),
        result=sum(one.result for one in figures),
    )


def _check_month(month: str) -> None:
    if not _MONTH.fullmatch(month):
        raise ValueError('a month is written such as "2026-10"')
