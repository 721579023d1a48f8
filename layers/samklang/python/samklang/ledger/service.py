"""What the bureau does in the ledger, and what others may ask of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.ledger import store
from samklang.ledger.accounts import CHART, RECEIVABLES
from samklang.ledger.journal import Journal
from samklang.ledger.model import (
    AccountList,
    AccountShape,
    Balance,
    BalanceList,
    CustomerBalance,
    LedgerCustomerPage,
    ParkedPage,
    ReceivableItem,
    Receivables,
    Voucher,
    VoucherInput,
    VoucherPage,
)
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samklang.ledger.model import AccountingMethod, Books, Receivable
    from samklang.payments.model.credit import Credit
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)


def open_books(
    transaction: Transaction, company_id: str, start: date, end: date, method: AccountingMethod
) -> None:
    """Open a company's books with their first fiscal year."""
    store.put_books(transaction, company_id, start, end, method)


def books(company_id: str) -> Books:
    """The head of a company's books: which days they take."""
    return store.books(company_id)


# ---------------------------------------------------------------- vouchers and balances


def write_voucher(at: CompanyAccess, given: VoucherInput) -> Voucher:
    """Post a voucher written by hand.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``unbalanced``, ``unknown-account``,
            ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    at.require_bureau("write vouchers")
    at.require_active()

    def attempt() -> Voucher:
        journal = Journal(at.company_id)
        voucher = journal.write_by_hand(given, at.user.request_id)
        transaction = Transaction()
        journal.write(transaction)
        try:
            return idempotency.commit(transaction, at.user, voucher)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def get_voucher(at: CompanyAccess, voucher_id: str) -> Voucher:
    """One voucher.

    Raises:
        Problem: ``not-found``.
    """
    voucher = store.voucher(at.company_id, voucher_id)
    if voucher is None:
        raise Problem("not-found", "There is no such voucher.")
    return voucher


def vouchers(
    at: CompanyAccess, first: date | None, last: date | None, limit: int, cursor: str | None
) -> VoucherPage:
    """A page of vouchers by date.

    Raises:
        Problem: ``validation`` for a span that ends before it begins.
    """
    _check_span(first, last)
    return store.vouchers(at.company_id, first, last, limit, cursor)


def accounts() -> AccountList:
    """The chart of accounts."""
    return AccountList(
        items=[
            AccountShape(account=each.number, name=each.name, kind=each.kind, vat_box=each.vat_box)
            for each in CHART.values()
        ]
    )


def account_name(account: str) -> str:
    """An account's Swedish name."""
    return CHART[account].name


def balances(at: CompanyAccess, first: date | None, last: date | None) -> BalanceList:
    """What every account held, moved and held after, from a date to a date, both included.

    Raises:
        Problem: ``validation`` for a span that ends before it begins.
    """
    _check_span(first, last)
    opening: dict[str, int] = {}
    closing: dict[str, int] = {}
    if first:
        _add(opening, moved(at.company_id, FIRST_DAY, first - timedelta(days=1)))
    _add(closing, opening)
    _add(closing, moved(at.company_id, first or FIRST_DAY, last or LAST_DAY))
    return BalanceList(
        items=[
            Balance(
                account=account,
                name=CHART[account].name,
                opening=opening.get(account, 0),
                change=closing[account] - opening.get(account, 0),
                closing=closing[account],
            )
            for account in sorted(closing)
        ]
    )


def _check_span(first: date | None, last: date | None) -> None:
    if first and last and last < first:
        message = f"{last} is before {first}: swap them."
        raise Problem("validation", message, (FieldError("?to", "span", message),))


def _add(into: dict[str, int], more: Mapping[str, int]) -> None:
    for account, amount in more.items():
        into[account] = into.get(account, 0) + amount


def moved(company_id: str, first: date, last: date) -> dict[str, int]:
    """What each account moved from a date to a date, both included, in öre.

    Whole months come from the months' balances, broken ones from their vouchers.
    """
    total: dict[str, int] = {}
    if first > last:
        return total
    whole_from = first if first.day == 1 else _next_month(first)
    after = last + timedelta(days=1)
    whole_to = after if after.day == 1 else last.replace(day=1)
    if whole_from >= whole_to:
        spans = [(first, last)]
    else:
        spans = [(first, whole_from - timedelta(days=1)), (whole_to, last)]
        final = whole_to - timedelta(days=1)
        for _, changes in store.months(company_id, f"{whole_from:%Y-%m}", f"{final:%Y-%m}"):
            _add(total, changes)
    for start, end in spans:
        if start <= end:
            for amounts in store.voucher_amounts(company_id, start, end):
                for account, amount in amounts:
                    total[account] = total.get(account, 0) + amount
    return total


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def months(company_id: str, first: str, last: str) -> dict[str, dict[str, int]]:
    """What each account moved per month from ``first`` to ``last`` (``2026-01``), both included, in öre."""
    return dict(store.months(company_id, first, last))


# ---------------------------------------------------------------- receivables


def receivables(company_id: str, day: date | None) -> Receivables:
    """The open items at the end of a day (today if none is given), beside account 1510 then."""
    as_of = day or clock.today()
    items = [
        _open_item(each, each.remaining_on(as_of), as_of)
        for each in store.receivables_open_on(company_id, as_of)
        if each.remaining_on(as_of)
    ]
    items.sort(key=lambda item: item.invoice_number)
    return Receivables(
        as_of=as_of,
        items=items,
        total=sum(item.remaining for item in items),
        account_1510=moved(company_id, FIRST_DAY, as_of).get(RECEIVABLES, 0),
    )


def _open_item(receivable: Receivable, remaining: int, as_of: date) -> ReceivableItem:
    return ReceivableItem(
        invoice_id=receivable.invoice_id,
        invoice_number=receivable.number,
        customer=receivable.customer_name,
        total=receivable.total,
        remaining=remaining,
        invoice_date=receivable.invoice_date,
        due_date=receivable.due_date,
        age=(as_of - receivable.due_date).days,
    )


def invoiced_by_customer(company_id: str, first: date, last: date) -> dict[str, int]:
    """What was invoiced to each customer, credit notes counted, from a date to a date, both included.

    Returns:
        Name to öre with VAT.
    """
    total: dict[str, int] = {}
    for each in store.receivables_open_on(company_id, first - timedelta(days=1)):
        if first <= each.invoice_date <= last:
            total[each.customer_name] = total.get(each.customer_name, 0) + each.total
    return total


def open_remaining(company_id: str) -> dict[str, int]:
    """What remains of each open item today, whatever its dates: invoice id to öre."""
    return {each.invoice_id: each.remaining for each in store.open_receivables(company_id)}


def posted_invoices(company_id: str, invoice_ids: Iterable[str]) -> dict[str, int]:
    """What remains of those of the invoices that are posted, open or closed: invoice id to öre."""
    return {each.invoice_id: each.remaining for each in posted_receivables(company_id, invoice_ids).values()}


def posted_receivables(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Receivable]:
    """The open items, or closed ones, of those of the invoices that are posted."""
    return store.load(company_id, invoice_ids).receivables


# ---------------------------------------------------------------- customers


def customers(at: CompanyAccess, limit: int, cursor: str | None) -> LedgerCustomerPage:
    """A page of the company's customers as the ledger knows them."""
    return store.customers(at.company_id, limit, cursor)


def get_customer(at: CompanyAccess, customer_id: str) -> CustomerBalance:
    """One customer with its open items, whatever their dates.

    They are found among the company's open items: one index query, of what is open and nothing else.

    Raises:
        Problem: ``not-found``.
    """
    customer = store.customer(at.company_id, customer_id)
    if customer is None:
        raise Problem("not-found", "There is no such customer in the ledger.")
    today = clock.today()
    items = [
        _open_item(each, each.remaining, today)
        for each in store.open_receivables(at.company_id)
        if each.customer_id == customer_id
    ]
    items.sort(key=lambda item: item.invoice_number)
    balance = sum(item.remaining for item in items)
    return CustomerBalance(**dict(customer), open_items=items, balance=balance)


# ---------------------------------------------------------------- payments registered by the bureau


def open_journal(
    company_id: str,
    invoice_ids: Iterable[str],
    payment_ids: Iterable[str] = (),
    customer_ids: Iterable[str] = (),
) -> Journal:
    """A journal to post the bureau's payments and reversals in, with the items they concern read."""
    return Journal(company_id, invoice_ids, payment_ids, customer_ids=customer_ids)


def payment(company_id: str, payment_id: str) -> Item | None:
    """A posted payment, as the ledger keeps it."""
    return store.payment(company_id, payment_id)


def customer_credits(company_id: str, customer_ids: Iterable[str]) -> dict[str, Credit]:
    """The credit of those of the customers that have had any, as the ledger has it."""
    return store.load(company_id, (), customer_ids=customer_ids).credits


def every_credit(company_id: str) -> Iterator[Credit]:
    """The credit of every customer that has had any, as the ledger has it."""
    return store.every_credit(company_id)


def payments_before(company_id: str, before: str, limit: int) -> list[Item]:
    """Posted payments with ids below ``before``, newest first, as the ledger keeps them."""
    return store.payments_before(company_id, before, limit)


def images(company_id: str) -> Iterator[Item]:
    """Every open item and payment as the ledger keeps it, oldest first: what its stream once told."""
    return store.images(company_id)


# ---------------------------------------------------------------- parked events


def parked(at: CompanyAccess, limit: int, cursor: str | None) -> ParkedPage:
    """A page of events that could not be posted, each with its reason."""
    return store.parked(at.company_id, limit, cursor)


def parked_reasons(company_id: str) -> dict[str, str]:
    """Why events are parked: event id to reason."""
    return {item["event"]: item["detail"] for item in store.parked_items(company_id)}
