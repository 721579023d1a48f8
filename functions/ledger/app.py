"""HTTP: vouchers, balances, receivables, customers, parked events, agreement, what is synchronised."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import agreement, bureau, nightly, service, sync, sync_log
from samklang.ledger.model import (
    AccountList,
    Agreement,
    BalanceList,
    CompanySyncPage,
    CustomerBalance,
    LedgerCustomerPage,
    NightlyAgreement,
    ParkedPage,
    Receivables,
    RetryAllResult,
    RetryResult,
    SyncPage,
    Voucher,
    VoucherInput,
    VoucherPage,
)
from samklang.platform.http import Api, Cursor, Id, Limit
from samklang.platform.shapes import Day

api = Api()
From = Annotated[Day | None, Query(alias="from")]
To = Annotated[Day | None, Query(alias="to")]
VoucherId = Annotated[str, Path(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}\.[A-Z]\.[0-9]{1,8}$")]
ParkedId = Annotated[str, Path(pattern=r"^[a-z]+\.[0-9a-z_]+\.[a-z]+$", max_length=80)]


@api.reads("/v1/companies/{company_id}/ledger/vouchers")
def list_vouchers(
    company_id: Id, first: From = None, last: To = None, limit: Limit = 50, cursor: Cursor = None
) -> VoucherPage:
    """Vouchers by date."""
    return service.vouchers(api.company(company_id), first, last, limit, cursor)


@api.creates("/v1/companies/{company_id}/ledger/vouchers")
def write_voucher(company_id: Id, body: VoucherInput) -> Voucher:
    """Write a voucher by hand."""
    return service.write_voucher(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/vouchers/{voucher_id}")
def get_voucher(company_id: Id, voucher_id: VoucherId) -> Voucher:
    """One voucher."""
    return service.get_voucher(api.company(company_id), voucher_id)


@api.reads("/v1/companies/{company_id}/ledger/accounts")
def list_accounts(company_id: Id) -> AccountList:
    """The chart of accounts."""
    api.company(company_id)
    return service.accounts()


@api.reads("/v1/companies/{company_id}/ledger/balances")
def list_balances(company_id: Id, first: From = None, last: To = None) -> BalanceList:
    """What every account held, moved and held after, from a date to a date."""
    return service.balances(api.company(company_id), first, last)


@api.reads("/v1/companies/{company_id}/ledger/receivables")
def list_receivables(company_id: Id, as_of: Annotated[Day | None, Query()] = None) -> Receivables:
    """The open items at the end of a day, beside account 1510."""
    return service.receivables(api.company(company_id).company_id, as_of)


@api.reads("/v1/companies/{company_id}/ledger/customers")
def list_customers(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> LedgerCustomerPage:
    """The company's customers as the ledger knows them."""
    return service.customers(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/customers/{customer_id}")
def get_customer(company_id: Id, customer_id: Id) -> CustomerBalance:
    """One customer with its open items."""
    return service.get_customer(api.company(company_id), customer_id)


@api.reads("/v1/companies/{company_id}/ledger/parked")
def list_parked(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> ParkedPage:
    """Events that could not be posted, each with its reason."""
    return service.parked(api.company(company_id), limit, cursor)


@api.acts("/v1/companies/{company_id}/ledger/parked/{parked_id}/retry")
def retry_parked(company_id: Id, parked_id: ParkedId) -> RetryResult:
    """Post a parked event, and those that waited for it, now that the cause is mended."""
    return sync.retry(api.company(company_id), parked_id)


@api.acts("/v1/companies/{company_id}/ledger/parked/retry")
def retry_all_parked(company_id: Id) -> RetryAllResult:
    """Post all parked events whose cause is mended."""
    return sync.retry_all(api.company(company_id))


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
