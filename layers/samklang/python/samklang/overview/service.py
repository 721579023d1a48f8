"""The client's overview: figures from the books, and the monthly report made of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.formats.identity import format_org_no
from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.overview import store
from samklang.overview.figures import AgeBand, KeyFigure, MonthFigures, MonthlyReport, NamedAmount
from samklang.overview.model import Overview, Report, ReportPage, ReportSummary, overview_of
from samklang.overview.report import render_html
from samklang.platform import clock, uploads
from samklang.platform.messages import send_all
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samklang.ledger.model.chart import Chart
    from samklang.ledger.model.receivables import Receivables
    from samklang.platform.access import CompanyAccess

_VAT_SETTLEMENT = "2650"
_VAT_BOXES = {"10", "11", "12", "30", "31", "32", "48", "60", "61", "62"}
"""Boxes of the VAT return that are VAT and no base."""

_AGES = (
    ("Ej förfallet", None, 0),
    ("1–30 dagar", 1, 30),
    ("31–60 dagar", 31, 60),
    ("61–90 dagar", 61, 90),
    ("Över 90 dagar", 91, None),
)
_LARGEST = 5


def overview(at: CompanyAccess, month: str | None) -> Overview:
    """How the company is doing, to the end of a month (this one, if none is given).

    Raises:
        Problem: ``not-active``.
    """
    at.require_active()
    return overview_of(figures(at.company_id, month or f"{clock.today():%Y-%m}"))


def reports(at: CompanyAccess, limit: int, cursor: str | None) -> ReportPage:
    """A page of reports, newest first."""
    return store.reports(at.company_id, limit, cursor)


def get_report(at: CompanyAccess, month: str) -> Report:
    """A report and where to read it.

    Raises:
        Problem: ``not-found``.
    """
    summary = store.report(at.company_id, month)
    if summary is None:
        raise Problem("not-found", "There is no report for that month yet.")
    link = uploads.presigned_get(setting("REPORTS_BUCKET"), store.page_key(at.company_id, month))
    return Report(**dict(summary), html=link)


# ---------------------------------------------------------------- scheduled


def ask_for_reports() -> int:
    """Put one message per active company on the queue, for last month; how many it was."""
    month = f"{clock.today().replace(day=1) - timedelta(days=1):%Y-%m}"
    messages = ({"company_id": company_id, "month": month} for company_id in collaboration.active_companies())
    return send_all(setting("COMPANY_REPORT_QUEUE_URL"), messages)


def make_report(company_id: str, month: str) -> ReportSummary:
    """Make a company's report of a month; made again, it takes the place of the one before."""
    summary = ReportSummary(report_id=month, month=month, created_at=clock.timestamp())
    store.put_report(company_id, summary, render_html(figures(company_id, month)))
    return summary


# ---------------------------------------------------------------- figures


def figures(company_id: str, month: str) -> MonthlyReport:
    """A company's figures to the end of a month, from about 24 monthly balances and the open items."""
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    company = invoicing.seller(company_id).company
    year, before = first.year, first.year - 1
    moved = ledger.months(company_id, f"{before}-01", month)
    this_year = {
        f"{year}-{number:02}": moved.get(f"{year}-{number:02}", {}) for number in range(1, first.month + 1)
    }
    last_year = {f"{before}-{number:02}": moved.get(f"{before}-{number:02}", {}) for number in range(1, 13)}
    held = ledger.held(company_id, last)
    receivables = ledger.receivables(company_id, last)
    chart = ledger.chart_of_accounts(company_id)
    return MonthlyReport(
        company_name=company.name,
        org_no=format_org_no(company.org_no),
        month=month,
        created_at=clock.now().astimezone(clock.SWEDEN),
        months=_month_figures(this_year),
        last_year=_month_figures(last_year),
        liquidity=_sum(held, lambda account: account.startswith("19")),
        receivables_by_age=_ages(receivables),
        largest_customers=_largest(ledger.invoiced_by_customer(company_id, first.replace(month=1), last)),
        largest_costs=_largest(_costs(this_year, chart)),
        vat_to_pay=-_sum(held, lambda account: _is_vat(account, chart)),
        key_figures=_key_figures(this_year),
    )


def _sum(amounts: Mapping[str, int], chosen: Callable[[str], bool]) -> int:
    return sum(amount for account, amount in amounts.items() if chosen(account))


def _is_vat(account: str, chart: Chart) -> bool:
    known = chart.get(account)
    return account == _VAT_SETTLEMENT or (known is not None and known.vat_box in _VAT_BOXES)


def _is_revenue(account: str) -> bool:
    return account[0] == "3" or account.startswith("83")


def _is_cost(account: str) -> bool:
    return account[0] in "45678" and not _is_revenue(account)


def _month_figures(months: Mapping[str, Mapping[str, int]]) -> tuple[MonthFigures, ...]:
    found = []
    for month, amounts in months.items():
        revenue, cost = -_sum(amounts, _is_revenue), _sum(amounts, _is_cost)
        found.append(MonthFigures(month, revenue=revenue, cost=cost, result=revenue - cost))
    return tuple(found)


def _costs(months: Mapping[str, Mapping[str, int]], names: Chart) -> dict[str, int]:
    total: dict[str, int] = {}
    for amounts in months.values():
        for account, amount in amounts.items():
            if _is_cost(account):
                name = names.name(account)
                total[name] = total.get(name, 0) + amount
    return total


def _largest(amounts: Mapping[str, int]) -> tuple[NamedAmount, ...]:
    ordered = sorted(amounts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(NamedAmount(name, amount) for name, amount in ordered[:_LARGEST] if amount > 0)


def _ages(receivables: Receivables) -> tuple[AgeBand, ...]:
    bands = []
    for label, youngest, oldest in _AGES:
        inside = [
            item.remaining
            for item in receivables.items
            if (youngest is None or item.age >= youngest) and (oldest is None or item.age <= oldest)
        ]
        bands.append(AgeBand(label, sum(inside), len(inside)))
    return tuple(bands)


def _key_figures(months: Mapping[str, Mapping[str, int]]) -> tuple[KeyFigure, ...]:
    revenue = -sum(_sum(amounts, _is_revenue) for amounts in months.values())
    cost = sum(_sum(amounts, _is_cost) for amounts in months.values())
    if revenue <= 0:
        return ()
    percent = f"{(revenue - cost) * 100 / revenue:.0f} %".replace("-", "−")
    return (
        KeyFigure(
            "Vinstmarginal", percent, "Vad som blir kvar av varje hundralapp i intäkter, hittills i år."
        ),
    )
