"""The overview as JSON: the figures behind the report."""

from typing import Annotated

from pydantic import Field

from samklang.overview.figures import MonthFigures, MonthlyReport
from samklang.platform.money import Money
from samklang.platform.shapes import Link, Shape

Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A month, ``2026-10``."""


class MonthShape(Shape):
    """One month."""

    month: str
    revenue: Money
    cost: Money
    result: Money


class AmountShape(Shape):
    """Something named and its amount."""

    name: str
    amount: Money


class AgeShape(Shape):
    """Receivables of about the same age."""

    label: str
    amount: Money
    count: int


class Overview(Shape):
    """How the company is doing, to the end of a month."""

    month: str
    months: list[MonthShape]
    last_year: list[MonthShape]
    liquidity: Money
    receivables_by_age: list[AgeShape]
    largest_customers: list[AmountShape]
    largest_costs: list[AmountShape]
    vat_to_pay: Money


class ReportSummary(Shape):
    """A report that was made."""

    report_id: str
    month: str
    created_at: str


class Report(ReportSummary):
    """A report and where to read it."""

    html: Link


class ReportPage(Shape):
    """Some reports."""

    items: list[ReportSummary]
    next: str | None


def overview_of(report: MonthlyReport) -> Overview:
    """The figures of a report as JSON."""
    return Overview(
        month=report.month,
        months=_months(report.months),
        last_year=_months(report.last_year),
        liquidity=report.liquidity,
        receivables_by_age=[
            AgeShape.model_validate(each, from_attributes=True) for each in report.receivables_by_age
        ],
        largest_customers=[
            AmountShape(name=each.name, amount=each.amount) for each in report.largest_customers
        ],
        largest_costs=[AmountShape(name=each.name, amount=each.amount) for each in report.largest_costs],
        vat_to_pay=report.vat_to_pay,
    )


def _months(figures: tuple[MonthFigures, ...]) -> list[MonthShape]:
    return [MonthShape.model_validate(each, from_attributes=True) for each in figures]
