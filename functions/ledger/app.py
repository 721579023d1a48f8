"""HTTP: vouchers, balances, receivables, customers, parked events, agreement, what is synchronised."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import (
    agreement,
    balances,
    bureau,
    nightly,
    receivables,
    sync,
    sync_log,
    vouchers,
    year_end,
)
from samklang.ledger.bad_debts import service as bad_debts
from samklang.ledger.bad_debts.model import BadDebt, BadDebtInput, BadDebtPage, RecoverInput, TakeBackInput
from samklang.ledger.model.agreement import Agreement, NightlyAgreement
from samklang.ledger.model.balances import AccountLedger, BalanceList
from samklang.ledger.model.chart import ACCOUNT_FORM
from samklang.ledger.model.customers import CustomerBalance, CustomerStatement, LedgerCustomerPage
from samklang.ledger.model.parked import ParkedPage, RetryAllResult, RetryResult
from samklang.ledger.model.receivables import Receivables
from samklang.ledger.model.sync import CompanySyncPage, SyncPage
from samklang.ledger.model.vouchers import ReversalInput, Voucher, VoucherInput, VoucherPage
from samklang.ledger.model.year_end import YearEndInput, YearEndResult
from samklang.platform.http import Api, Cursor, Id, Limit
from samklang.platform.shapes import Day

api = Api()
From = Annotated[Day | None, Query(alias="from")]
To = Annotated[Day | None, Query(alias="to")]
VoucherId = Annotated[str, Path(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}\.[0-9A-Z]{1,8}\.[0-9]{1,8}$")]
ParkedId = Annotated[str, Path(pattern=r"^[a-z]+\.[0-9a-z_]+\.[a-z]+$", max_length=80)]


@api.reads("/v1/companies/{company_id}/ledger/vouchers")
def list_vouchers(
    company_id: Id, first: From = None, last: To = None, limit: Limit = 50, cursor: Cursor = None
) -> VoucherPage:
    """Vouchers by date."""
    return vouchers.vouchers(api.company(company_id), first, last, limit, cursor)


@api.creates("/v1/companies/{company_id}/ledger/vouchers")
def write_voucher(company_id: Id, body: VoucherInput) -> Voucher:
    """Write a voucher by hand."""
    return vouchers.write_voucher(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/vouchers/{voucher_id}")
def get_voucher(company_id: Id, voucher_id: VoucherId) -> Voucher:
    """One voucher."""
    return vouchers.get_voucher(api.company(company_id), voucher_id)


@api.acts("/v1/companies/{company_id}/ledger/vouchers/{voucher_id}/reverse")
def reverse_voucher(company_id: Id, voucher_id: VoucherId, body: ReversalInput | None = None) -> Voucher:
    """Take a voucher by hand back with another."""
    return vouchers.reverse_voucher(api.company(company_id), voucher_id, body or ReversalInput())


@api.reads("/v1/companies/{company_id}/ledger/balances")
def list_balances(company_id: Id, first: From = None, last: To = None) -> BalanceList:
    """What every account held, moved and held after, from a date to a date."""
    return balances.balances(api.company(company_id), first, last)


@api.reads("/v1/companies/{company_id}/ledger/general-ledger/{account}")
def list_account_entries(
    company_id: Id,
    account: Annotated[str, Path(pattern=ACCOUNT_FORM)],
    first: From = None,
    last: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AccountLedger:
    """An account's vouchers from a date to a date, with what it held after each."""
    return balances.account_ledger(api.company(company_id), account, first, last, limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/receivables")
def list_receivables(
    company_id: Id,
    as_of: Annotated[Day | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=receivables.MOST_ITEMS)] = receivables.MOST_ITEMS,
    cursor: Cursor = None,
) -> Receivables:
    """The open items at the end of a day, beside account 1510; the sums are of all of them."""
    return receivables.receivables(api.company(company_id).company_id, as_of, limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/customers")
def list_customers(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> LedgerCustomerPage:
    """The company's customers as the ledger knows them."""
    return receivables.customers(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/customers/{customer_id}")
def get_customer(company_id: Id, customer_id: Id) -> CustomerBalance:
    """One customer with its open items."""
    return receivables.get_customer(api.company(company_id), customer_id)


@api.reads("/v1/companies/{company_id}/ledger/customers/{customer_id}/statement")
def get_customer_statement(
    company_id: Id, customer_id: Id, first: From = None, last: To = None
) -> CustomerStatement:
    """What a customer owed on a day, all that changed it to a later one, and what it owed then."""
    return receivables.statement(api.company(company_id), customer_id, first, last)


@api.reads("/v1/companies/{company_id}/ledger/parked")
def list_parked(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> ParkedPage:
    """Events that could not be posted, each with its reason."""
    return sync.parked(api.company(company_id), limit, cursor)


@api.acts("/v1/companies/{company_id}/ledger/parked/{parked_id}/retry")
def retry_parked(company_id: Id, parked_id: ParkedId) -> RetryResult:
    """Post a parked event, and those that waited for it, now that the cause is mended."""
    return sync.retry(api.company(company_id), parked_id)


@api.acts("/v1/companies/{company_id}/ledger/parked/retry")
def retry_all_parked(company_id: Id) -> RetryAllResult:
    """Post all parked events whose cause is mended."""
    return sync.retry_all(api.company(company_id))


@api.creates("/v1/companies/{company_id}/ledger/bad-debts")
def register_bad_debt(company_id: Id, body: BadDebtInput) -> BadDebt:
    """Write an invoice off with its VAT back, or write down what is expected to be lost of it."""
    return bad_debts.register(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/bad-debts")
def list_bad_debts(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> BadDebtPage:
    """Bad debts, newest first."""
    return bad_debts.bad_debts(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/bad-debts/{bad_debt_id}")
def get_bad_debt(company_id: Id, bad_debt_id: Id) -> BadDebt:
    """One bad debt and all that was done with it."""
    return bad_debts.get(api.company(company_id), bad_debt_id)


@api.acts("/v1/companies/{company_id}/ledger/bad-debts/{bad_debt_id}/recover")
def recover_bad_debt(company_id: Id, bad_debt_id: Id, body: RecoverInput) -> BadDebt:
    """Enter money that came in after the invoice was written off: VAT follows it."""
    return bad_debts.recover(api.company(company_id), bad_debt_id, body)


@api.acts("/v1/companies/{company_id}/ledger/bad-debts/{bad_debt_id}/reverse")
def reverse_bad_debt(company_id: Id, bad_debt_id: Id, body: TakeBackInput | None = None) -> BadDebt:
    """Take back what stands of a bad debt: the invoice is open again."""
    return bad_debts.take_back(api.company(company_id), bad_debt_id, body or TakeBackInput())


@api.acts("/v1/companies/{company_id}/ledger/year-end/cash-method")
def post_year_end(company_id: Id, body: YearEndInput) -> YearEndResult:
    """By the cash method, post what was unpaid at the end of a fiscal year, or tell what that is."""
    return year_end.post(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/agreement")
def check_agreement(company_id: Id) -> Agreement:
    """Whether invoicing, the receivables subledger and account 1510 agree, to the öre."""
    return agreement.check(api.company(company_id))


@api.reads("/v1/companies/{company_id}/agreement/nightly")
def get_nightly_agreement(company_id: Id) -> NightlyAgreement:
    """What the last nightly check of the books found."""
    return nightly.last_result(api.company(company_id))


@api.reads("/v1/companies/{company_id}/sync")
def list_sync_events(
    company_id: Id,
    state: Annotated[sync_log.State | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SyncPage:
    """What has happened on either side, newest first, and how far it has come on each."""
    return sync_log.events(api.company(company_id), state, limit, cursor)


@api.reads("/v1/bureaus/{bureau_id}/sync")
def list_companies_sync(bureau_id: Id, limit: Limit = 50, cursor: Cursor = None) -> CompanySyncPage:
    """In which of the bureau's companies something waits."""
    return bureau.companies(api.bureau(bureau_id), limit, cursor)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
