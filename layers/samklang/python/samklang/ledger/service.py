"""What other contexts may ask of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger import balances
from samklang.ledger import receivables as subledger
from samklang.ledger.journal import Journal
from samklang.ledger.store import books as kept_books
from samklang.ledger.store import chart, customer_credit, loading, payments
from samklang.ledger.store import parked as kept_parked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from samklang.ledger.model.books import AccountingMethod, Books
    from samklang.ledger.model.chart import Chart
    from samklang.ledger.model.receivables import Receivable, Receivables
    from samklang.payments.model.credit import Credit
    from samklang.platform.dynamo import Item, Transaction


def open_books(
    transaction: Transaction, company_id: str, start: date, end: date, method: AccountingMethod
) -> None:
    """Open a company's books with their first fiscal year."""
    kept_books.put_books(transaction, company_id, start, end, method)


def books(company_id: str) -> Books:
    """The head of a company's books: which days they take."""
    return kept_books.books(company_id)


def chart_of_accounts(company_id: str) -> Chart:
    """A company's chart of accounts."""
    return chart.chart(company_id)


# ---------------------------------------------------------------- balances


def held(company_id: str, day: date) -> dict[str, int]:
    """What each account of assets and debts held at the end of a day. Öre."""
    return balances.held(company_id, day)


def months(company_id: str, first: str, last: str) -> dict[str, dict[str, int]]:
    """What each account moved per month from ``first`` to ``last`` (``2026-01``), both included. Öre."""
    return balances.months(company_id, first, last)


# ---------------------------------------------------------------- receivables


def receivables(company_id: str, day: date | None) -> Receivables:
    """The open items at the end of a day (today if none is given), beside account 1510 then."""
    return subledger.receivables(company_id, day)


def invoiced_by_customer(company_id: str, first: date, last: date) -> dict[str, int]:
    """What was invoiced to each customer from a date to a date, both included: name to öre with VAT."""
    return subledger.invoiced_by_customer(company_id, first, last)


def posted_receivables(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Receivable]:
    """The open items, or closed ones, of those of the invoices that are posted."""
    return loading.load(company_id, invoice_ids).receivables


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
    return payments.payment(company_id, payment_id)


def customer_credits(company_id: str, customer_ids: Iterable[str]) -> dict[str, Credit]:
    """The credit of those of the customers that have had any, as the ledger has it."""
    return loading.load(company_id, (), customer_ids=customer_ids).credits


def every_credit(company_id: str) -> Iterator[Credit]:
    """The credit of every customer that has had any, as the ledger has it."""
    return customer_credit.every_credit(company_id)


def payments_before(company_id: str, before: str, limit: int) -> list[Item]:
    """Posted payments with ids below ``before``, newest first, as the ledger keeps them."""
    return payments.payments_before(company_id, before, limit)


def images(company_id: str) -> Iterator[Item]:
    """Every open item and payment as the ledger keeps it, oldest first: what its stream once told."""
    return loading.images(company_id)


# ---------------------------------------------------------------- parked events


def parked_reasons(company_id: str) -> dict[str, str]:
    """Why events are parked: event id to reason."""
    return {item["event"]: item["detail"] for item in kept_parked.parked_items(company_id)}
