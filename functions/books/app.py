"""HTTP: how the books are kept: accounts, years, series, periods, opening, templates, journalising."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import (
    chart,
    fiscal_years,
    journalising,
    opening,
    periods,
    rebuilding,
    series,
    templates,
)
from samklang.ledger.model.balances import BalanceCheck
from samklang.ledger.model.chart import ACCOUNT_FORM, AccountChange, AccountInput, AccountList, AccountShape
from samklang.ledger.model.journalising import (
    JournaliseInput,
    JournaliseResults,
    LedgerSettings,
    VoucherPreviewPage,
)
from samklang.ledger.model.opening import OpeningBalances, OpeningInput
from samklang.ledger.model.periods import (
    ClosePeriodInput,
    FiscalYearChange,
    FiscalYearInput,
    FiscalYearList,
    Periods,
    ReopenPeriodInput,
)
from samklang.ledger.model.series import SeriesInput, SeriesList
from samklang.ledger.model.templates import Template, TemplateInput, TemplateList, TemplateUse
from samklang.ledger.model.vouchers import SERIES_FORM, Voucher
from samklang.platform.http import Api, Cursor, Id, Limit
from samklang.platform.shapes import Day

api = Api()
Account = Annotated[str, Path(pattern=ACCOUNT_FORM)]
TemplateId = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,40}$")]
Start = Annotated[Day, Path()]
FirstMonth = Annotated[str | None, Query(alias="from", pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""The month to begin with; the first one if left out."""


# ---------------------------------------------------------------- chart of accounts


@api.reads("/v1/companies/{company_id}/ledger/accounts")
def list_accounts(company_id: Id) -> AccountList:
    """The chart of accounts, closed ones too."""
    return chart.accounts(api.company(company_id))


@api.creates("/v1/companies/{company_id}/ledger/accounts")
def add_account(company_id: Id, body: AccountInput) -> AccountShape:
    """Add an account to the chart."""
    return chart.add_account(api.company(company_id), body)


@api.changes("/v1/companies/{company_id}/ledger/accounts/{account}")
def change_account(company_id: Id, account: Account, body: AccountChange) -> AccountShape:
    """Rename an account, close it or open it again, or say in which box of the VAT return it is."""
    return chart.change_account(api.company(company_id), account, body)


# ---------------------------------------------------------------- fiscal years and periods


@api.reads("/v1/companies/{company_id}/ledger/fiscal-years")
def list_fiscal_years(company_id: Id) -> FiscalYearList:
    """The fiscal years of the books."""
    return fiscal_years.fiscal_years(api.company(company_id))


@api.creates("/v1/companies/{company_id}/ledger/fiscal-years")
def add_fiscal_year(company_id: Id, body: FiscalYearInput) -> FiscalYearList:
    """Add a fiscal year directly after the last one, or directly before the first."""
    return fiscal_years.add(api.company(company_id), body)


@api.changes("/v1/companies/{company_id}/ledger/fiscal-years/{start}")
def change_fiscal_year(company_id: Id, start: Start, body: FiscalYearChange) -> FiscalYearList:
    """Prolong or shorten a fiscal year."""
    return fiscal_years.change_end(api.company(company_id), start, body)


@api.reads("/v1/companies/{company_id}/ledger/periods")
def list_periods(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> Periods:
    """To which day the books are closed, and the log of closings and reopenings."""
    return periods.periods(api.company(company_id), limit, cursor)


@api.acts("/v1/companies/{company_id}/ledger/periods/close")
def close_period(company_id: Id, body: ClosePeriodInput) -> Periods:
    """Close the books to a day, that day included."""
    return periods.close(api.company(company_id), body)


@api.acts("/v1/companies/{company_id}/ledger/periods/reopen")
def reopen_period(company_id: Id, body: ReopenPeriodInput) -> Periods:
    """Open the books again behind a day, or altogether."""
    return periods.reopen(api.company(company_id), body)


# ---------------------------------------------------------------- voucher series, opening balances


@api.reads("/v1/companies/{company_id}/ledger/series")
def list_series(company_id: Id) -> SeriesList:
    """The voucher series, and how far each has come."""
    return series.series(api.company(company_id))


@api.changes("/v1/companies/{company_id}/ledger/series/{series}")
def name_series(
    company_id: Id, letter: Annotated[str, Path(alias="series", pattern=SERIES_FORM)], body: SeriesInput
) -> SeriesList:
    """Add a series for vouchers by hand, or rename one."""
    return series.name_series(api.company(company_id), letter, body)


@api.reads("/v1/companies/{company_id}/ledger/opening-balances")
def get_opening_balances(company_id: Id) -> OpeningBalances:
    """What the accounts held when the first fiscal year began."""
    return opening.opening_balances(api.company(company_id))


@api.changes("/v1/companies/{company_id}/ledger/opening-balances")
def set_opening_balances(company_id: Id, body: OpeningInput) -> OpeningBalances:
    """Give the opening balances, in place of those given before."""
    return opening.set_opening_balances(api.company(company_id), body)


# ---------------------------------------------------------------- templates


@api.reads("/v1/companies/{company_id}/ledger/voucher-templates")
def list_templates(company_id: Id) -> TemplateList:
    """Templates of vouchers: the company's own, and those that every company has."""
    return templates.templates(api.company(company_id))


@api.creates("/v1/companies/{company_id}/ledger/voucher-templates")
def create_template(company_id: Id, body: TemplateInput) -> Template:
    """Keep a template of the company's own."""
    return templates.create_template(api.company(company_id), body)


@api.changes("/v1/companies/{company_id}/ledger/voucher-templates/{template_id}")
def change_template(company_id: Id, template_id: TemplateId, body: TemplateInput) -> Template:
    """Change a template of the company's own."""
    return templates.change_template(api.company(company_id), template_id, body)


@api.acts("/v1/companies/{company_id}/ledger/voucher-templates/{template_id}/remove")
def remove_template(company_id: Id, template_id: TemplateId) -> Template:
    """Take a template of the company's own away."""
    return templates.remove_template(api.company(company_id), template_id)


@api.creates("/v1/companies/{company_id}/ledger/voucher-templates/{template_id}/vouchers")
def use_template(company_id: Id, template_id: TemplateId, body: TemplateUse) -> Voucher:
    """Write a voucher from a template."""
    return templates.use_template(api.company(company_id), template_id, body)


# ---------------------------------------------------------------- journalising


@api.reads("/v1/companies/{company_id}/ledger/settings")
def get_ledger_settings(company_id: Id) -> LedgerSettings:
    """How the books are kept."""
    return journalising.settings(api.company(company_id))


@api.changes("/v1/companies/{company_id}/ledger/settings")
def change_ledger_settings(company_id: Id, body: LedgerSettings) -> LedgerSettings:
    """Let what the subledger tells be posted at once, or wait to be looked at."""
    return journalising.change_settings(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/journalise")
def list_unposted(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> VoucherPreviewPage:
    """What waits to be journalised, each as the voucher it will be."""
    return journalising.waiting(api.company(company_id), limit, cursor)


@api.acts("/v1/companies/{company_id}/ledger/journalise")
def journalise(company_id: Id, body: JournaliseInput | None = None) -> JournaliseResults:
    """Post what waits: all of it, that dated so far, or that of some events."""
    return journalising.journalise(api.company(company_id), body or JournaliseInput())


# ---------------------------------------------------------------- month balances


@api.reads("/v1/companies/{company_id}/ledger/balances/check")
def check_balances(company_id: Id, first: FirstMonth = None) -> BalanceCheck:
    """Compare what is kept of every month with what its vouchers come to."""
    return rebuilding.check_balances(api.company(company_id), first)


@api.acts("/v1/companies/{company_id}/ledger/balances/rebuild")
def rebuild_balances(company_id: Id, first: FirstMonth = None) -> BalanceCheck:
    """Compare, and make anew the months that differ."""
    return rebuilding.rebuild_balances(api.company(company_id), first)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
