"""What taking a SIE file into the books comes to: accounts, series, vouchers or balances, and obstacles."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats.sie.model import HOME_CURRENCY, NO_DETAIL
from samklang.ledger.accounts import CARRIED, CONTROL
from samklang.ledger.balances import is_result
from samklang.ledger.model.chart import ACCOUNT_FORM
from samklang.ledger.model.vouchers import SYSTEM_SERIES, RowDetail
from samklang.ledger.sie.model import (
    SieAccount,
    SieFinding,
    SieMapping,
    SieOmission,
    SieReport,
    SieSeriesReport,
)
from samklang.ledger.sie.survey import MAX_TEXT, row_detail
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from samklang.formats.sie import Summary, Voucher, Year
    from samklang.ledger.model.books import Books
    from samklang.ledger.model.chart import Chart
    from samklang.ledger.model.vouchers import Amounts, Details
    from samklang.ledger.sie.survey import Survey

_MOST_SERIES = 100
_MOST_NEW_ACCOUNTS = 2_000
"""The head of the books and the chart are one item each."""
_SERIES_LENGTH = 8
_OTHERWISE = "SIE"
"""The series of vouchers that have none in the file."""
_RESULT_OF_YEAR = "2099"
_RESULT_OF_TRADER = "2019"
_TRADER = "E"
"""Form of company (#FTYP): a sole trader."""

_ACCOUNT = re.compile(ACCOUNT_FORM)
_SALE_WITH_VAT = re.compile(r"(?<![0-9,.])(?:25|12|6)\s*(?:%|proc)", re.IGNORECASE)
_NO_SALE_AT_HOME = re.compile(r"fri|omv|export|\beu\b|\beg\b|utanför|utl|import", re.IGNORECASE)
_GROUP_BOXES = {"2610": "10", "2620": "11", "2630": "12", "2640": "48"}
"""Accounts that older charts post VAT on, by their box; the base chart has those below them."""
_DAY = timedelta(days=1)
_SHOWN = 10


class Posted(NamedTuple):
    """A voucher as it will be posted."""

    series: str
    number: int | None
    """None: the series' next."""
    voucher: Voucher
    amounts: Amounts
    details: Details


@dataclass(slots=True)
class Plan:
    """What is to be done with a file."""

    year: Year | None = None
    add_year: bool = False
    accounts: dict[str, SieAccount] = field(default_factory=dict)
    """New to the chart."""
    mapped: dict[str, SieMapping] = field(default_factory=dict)
    series: dict[str, SieSeriesReport] = field(default_factory=dict)
    opening: Amounts = field(default_factory=list)
    findings: list[SieFinding] = field(default_factory=list)
    obstacles: list[SieFinding] = field(default_factory=list)
    omitted: list[SieOmission] = field(default_factory=list)

    @classmethod
    def of(cls, report: SieReport) -> Plan:
        """What is needed to write vouchers, as it was planned when the import was begun."""
        return cls(
            mapped={each.account: each for each in report.mapped_accounts},
            series={each.series: each for each in report.series},
        )

    def hinder(self, code: str, text: str, line: int | None = None) -> None:
        """Something the file cannot be taken in with."""
        self.obstacles.append(SieFinding(code=code, line=line, text=text))

    def tell(self, code: str, text: str, line: int | None = None) -> None:
        """Something that is changed on the way."""
        self.findings.append(SieFinding(code=code, line=line, text=text))

    def omit(self, what: str, count: int, reason: str) -> None:
        """Something that is left out, if there is any of it."""
        if count:
            self.omitted.append(SieOmission(what=what, count=count, reason=reason))


# ---------------------------------------------------------------- history


def plan_history(summary: Summary, survey: Survey, books: Books, chart: Chart, prefix: str) -> Plan:
    """A year's vouchers."""
    plan = Plan()
    _check_currency(plan, summary)
    _find_year(plan, summary, books)
    _find_accounts(plan, summary, chart, survey.accounts)
    _find_series(plan, survey, books, prefix)
    _check_vouchers(plan, survey, books)
    head = summary.head
    _omit_details(plan, survey.counts)
    plan.omit("opening balances", len(head.opening.get(0, {})), "import the file with mode opening for them")
    plan.omit("budget amounts", len(head.budget), "the books hold no budget")
    return plan


def posted(plan: Plan, voucher: Voucher) -> Posted:
    """A voucher with rows, as the plan has it."""
    mapped = plan.mapped
    amounts = [
        (mapped[account].becomes if account in mapped else account, amount)
        for account, amount in zip(voucher.accounts, voucher.amounts, strict=True)
    ]
    series = plan.series[voucher.series]
    details = {}
    for place, detail in enumerate(voucher.details):
        if detail is not NO_DETAIL and (told := row_detail(detail)) != RowDetail():
            details[place] = told
    number = None if series.renumbered else voucher.number
    return Posted(series.becomes, number, voucher, amounts, details)


def _check_currency(plan: Plan, summary: Summary) -> None:
    if summary.head.currency != HOME_CURRENCY:
        text = f"The amounts are in {summary.head.currency}: the books here are in {HOME_CURRENCY}."
        plan.hinder("currency", text)


def _find_year(plan: Plan, summary: Summary, books: Books) -> None:
    """The file's year is one of the books', or directly before their first."""
    plan.year = year = summary.head.years.get(0)
    first = books.fiscal_years[0][0]
    if year is None:
        if summary.head.type != "4I":
            plan.hinder("year", "The file does not say which fiscal year it is of (#RAR 0).")
    elif (year.start, year.end) not in books.fiscal_years:
        if year.end + _DAY == first:
            plan.add_year = True
        else:
            text = (
                f"The file's fiscal year, {year.start} to {year.end}, is neither one of the books nor "
                f"directly before {first}. Change the fiscal years, or import the years between first."
            )
            plan.hinder("year", text)


def _find_accounts(plan: Plan, summary: Summary, chart: Chart, used: set[str]) -> None:
    """Each account used is in the chart, or added to it, or another one here."""
    impossible = []
    for account in sorted(used):
        name = summary.head.accounts[account].name if account in summary.head.accounts else ""
        if account in CONTROL:
            becomes = CARRIED[account]
            reason = f"{account} is what its open items here come to, and the file has none"
            plan.mapped[account] = SieMapping(account=account, becomes=becomes, reason=reason)
            continue
        if not _ACCOUNT.fullmatch(account):
            impossible.append(account)
            continue
        known = chart.get(account)
        if known is None:
            box = _box(account, name)
            plan.accounts[account] = SieAccount(account=account, name=name[:MAX_TEXT] or account, vat_box=box)
        elif not known.active:
            plan.hinder("account-closed", f"Account {account} {known.name} is closed here: open it first.")
    if impossible:
        text = (
            f"Accounts here are 1000 to 8999 (or with more digits behind): {_some(impossible)}. Move what is "
            "on them in the program that wrote the file, and write it again."
        )
        plan.hinder("account", text)
    if len(plan.accounts) > _MOST_NEW_ACCOUNTS:
        text = (
            f"The file has {len(plan.accounts)} accounts that are new here; {_MOST_NEW_ACCOUNTS} is the most."
        )
        plan.hinder("too-many-accounts", text)
        plan.accounts = dict(islice(plan.accounts.items(), _MOST_NEW_ACCOUNTS))
    if plan.mapped:
        changes = ", ".join(f"{each.account} is {each.becomes}" for each in plan.mapped.values())
        plan.tell("account-mapped", f"Accounts that a subledger keeps are others here: {changes}.")


def _box(account: str, name: str) -> str | None:
    """The box of the VAT return that an account of another program belongs in, where that is plain."""
    if account in _GROUP_BOXES:
        return _GROUP_BOXES[account]
    sale = account.startswith("30") and _SALE_WITH_VAT.search(name) and not _NO_SALE_AT_HOME.search(name)
    return "05" if sale else None


def _some(each: Sequence[str]) -> str:
    more = f" and {len(each) - _SHOWN} more" if len(each) > _SHOWN else ""
    return ", ".join(each[:_SHOWN]) + more


def _find_series(plan: Plan, survey: Survey, books: Books, prefix: str) -> None:
    """The file's series and numbers, where nobody has used the series here, or the file goes on in it."""
    if len(survey.series) > _MOST_SERIES:
        text = f"The file has {len(survey.series)} voucher series; {_MOST_SERIES} is the most at a time."
        plan.hinder("too-many-series", text)
        return
    taken: dict[str, str] = {}
    for series, found in survey.series.items():
        plain = re.sub(r"[^0-9A-Z]", "", series.upper())
        becomes = f"{prefix}{plain or _OTHERWISE}"[:_SERIES_LENGTH]
        if becomes in taken:
            both = f"{series!r} and {taken[becomes]!r}"
            plan.hinder("series", f"Series {both} would both be {becomes} here. Rename one in the file.")
        taken[becomes] = series
        if becomes != series:
            plan.tell("series", f"Series {series!r} is {becomes} here.")
        following = _following(plan, becomes, books)
        goes_on = following == found.lowest if found.lowest else becomes not in SYSTEM_SERIES
        if following and not goes_on:
            text = (
                f"Series {becomes} is used in that fiscal year already. Send a series_prefix, such as "
                f"V: then it is V{becomes} here."
            )
            plan.hinder("series-used", text)
        if found.unclear:
            text = f"Vouchers of series {series!r} lack numbers or share them: they are numbered anew here."
            plan.tell("renumbered", text)
        plan.series[series] = SieSeriesReport(
            series=series, becomes=becomes, vouchers=found.vouchers, renumbered=found.unclear
        )


def _following(plan: Plan, series: str, books: Books) -> int | None:
    """The number that comes next in a series; none if it is not used in any year concerned."""
    years = [plan.year.start] if plan.year else [start for start, _ in books.fiscal_years]
    return max((books.next_numbers.get(f"{start}#{series}", 0) for start in years), default=0) or None


def _check_vouchers(plan: Plan, survey: Survey, books: Books) -> None:
    for rows, line in survey.heavy:
        plan.hinder("too-many-rows", f"A voucher has {rows} rows, more than fit here. Divide it.", line)
    outside = {day for day in survey.days if not _inside(plan, day, books)}
    until = books.closed_until
    closed = {day for day in survey.days if until and day <= until} - outside
    if outside:
        count, line, day = _together(survey, outside)
        text = f"{count} vouchers are outside the fiscal year, the first of {day}."
        plan.hinder("outside-year", f"{text} Correct their dates.", line)
    if closed:
        count, line, _ = _together(survey, closed)
        text = f"{count} vouchers are in the period closed to {until}. Reopen it first."
        plan.hinder("closed-period", text, line)


def _together(survey: Survey, days: Iterable[date]) -> tuple[int, int, date]:
    """How many vouchers these days have; line and day of the first in the file."""
    found = [(*survey.days[day], day) for day in days]
    line, day = min((line, day) for _, line, day in found)
    return sum(count for count, _, _ in found), line, day


def _inside(plan: Plan, day: date, books: Books) -> bool:
    if plan.year:
        return plan.year.start <= day <= plan.year.end
    return any(start <= day <= end for start, end in books.fiscal_years)


def _omit_details(plan: Plan, count: Counter[str]) -> None:
    """Tell what vouchers have that has no place here."""
    plan.omit("vouchers", count["empty"], "they have no rows")
    plan.omit("rows struck out", count["struck"], "they do not count (#BTRANS)")
    plan.omit("marks of added rows", count["added"], "the rows are kept as others (#RTRANS)")
    plan.omit("dates of registration and names", count["registered"], "the import has its own")
    plan.omit("dates and names of rows", count["days"], "a row has its voucher's")
    plan.omit("ends of texts", count["texts"], f"texts have {MAX_TEXT} characters here")
    plan.omit("quantities", count["quantities"], "10 digits and 4 decimals is the most here")
    plan.omit("objects", count["objects"], "a dimension is a number, an object 50 characters at most")


# ---------------------------------------------------------------- opening balances


def plan_opening(summary: Summary, books: Books, chart: Chart) -> Plan:
    """The balances that the first fiscal year begins with."""
    plan = Plan()
    _check_currency(plan, summary)
    head, first = summary.head, books.fiscal_years[0]
    plan.year = year = head.years.get(0)
    if year is None:
        plan.hinder("year", "The file does not say which fiscal year it is of (#RAR 0).")
        return plan
    if year.start == first[0]:
        found, label = head.opening.get(0, {}), "#IB 0"
    elif year.end + _DAY == first[0]:
        found, label = head.closing.get(0, {}), "#UB 0"
    else:
        text = (
            f"The file's fiscal year, {year.start} to {year.end}, neither begins with the first one here "
            f"({first[0]}) nor ends the day before."
        )
        plan.hinder("year", text)
        return plan
    if not found:
        plan.hinder("no-balances", f"The file has no balances of that day ({label}).")
        return plan
    if books.closed_until and first[0] <= books.closed_until:
        plan.hinder("closed-period", f"The books are closed to {books.closed_until}. Reopen them first.")
    balances = {account: balance.amount for account, balance in found.items() if balance.amount}
    results = {account: amount for account, amount in balances.items() if is_result(account)}
    held = {account: amount for account, amount in balances.items() if account not in results}
    _find_accounts(plan, summary, chart, set(held))
    difference = sum(held.values())
    if difference:
        to = _RESULT_OF_TRADER if head.form.upper() == _TRADER else _RESULT_OF_YEAR
        text = (
            f"The balances come to {format_sek(difference)}: the result of the year before is not moved yet, "
            f"and is put on {to}."
        )
        plan.tell("result-moved", text)
        held[to] = held.get(to, 0) - difference
    amounts: Counter[str] = Counter()
    for account, amount in held.items():
        amounts[plan.mapped[account].becomes if account in plan.mapped else account] += amount
    plan.opening = [(account, amount) for account, amount in sorted(amounts.items()) if amount]
    plan.omit("balances of income and costs", len(results), "they begin each year at zero")
    plan.omit("vouchers", summary.vouchers, "import the file with mode history for them")
    return plan
