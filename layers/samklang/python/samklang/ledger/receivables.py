"""The receivables subledger as of any day, and what it says of one customer."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.balances import FIRST_DAY, check_span, moved
from samklang.ledger.model.aging import Aged
from samklang.ledger.model.customers import CustomerBalance, CustomerStatement, CustomerStatementEntry
from samklang.ledger.model.receivables import ReceivableItem, Receivables
from samklang.ledger.store import customers as kept_customers
from samklang.ledger.store import receivables as store
from samklang.platform import clock
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from samklang.ledger.model.customers import LedgerCustomer, LedgerCustomerPage
    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.access import CompanyAccess


MOST_ITEMS = 10_000
"""Items in one answer: about 2 MB of the 6 that a function may answer."""

_POSITION = re.compile(r"\d{1,10}", re.ASCII)


def receivables(
    company_id: str, day: date | None, limit: int | None = None, cursor: str | None = None
) -> Receivables:
    """The open items at the end of a day (today if none is given), beside account 1510 then.

    The sums are of all of them, whatever of the list is in this answer; all of it without a limit.

    Raises:
        Problem: ``cursor-invalid``.
    """
    as_of = day or clock.today()
    after = int(read_cursor(cursor, _POSITION)) if cursor else 0
    items = [
        _open_item(each, remaining, as_of)
        for each in store.receivables_open_on(company_id, as_of)
        if (remaining := each.remaining_on(as_of))
    ]
    items.sort(key=lambda item: item.invoice_number)
    behind = [item for item in items if item.invoice_number > after]
    shown = behind[:limit]
    return Receivables(
        as_of=as_of,
        items=shown,
        next=write_cursor(str(shown[-1].invoice_number)) if len(behind) > len(shown) else None,
        total=sum(item.remaining for item in items),
        aged=Aged.of((item.age, item.remaining) for item in items),
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


# ---------------------------------------------------------------- customers


def customers(at: CompanyAccess, limit: int, cursor: str | None) -> LedgerCustomerPage:
    """A page of the company's customers as the ledger knows them."""
    return kept_customers.customers(at.company_id, limit, cursor)


def get_customer(at: CompanyAccess, customer_id: str) -> CustomerBalance:
    """One customer with its open items, whatever their dates.

    They are found among the company's open items: one index query, of what is open and nothing else.

    Raises:
        Problem: ``not-found``.
    """
    customer = _customer(at, customer_id)
    today = clock.today()
    items = [
        _open_item(each, each.remaining, today)
        for each in store.open_receivables(at.company_id)
        if each.customer_id == customer_id
    ]
    items.sort(key=lambda item: item.invoice_number)
    balance = sum(item.remaining for item in items)
    return CustomerBalance(**dict(customer), open_items=items, balance=balance)


def _customer(at: CompanyAccess, customer_id: str) -> LedgerCustomer:
    customer = kept_customers.customer(at.company_id, customer_id)
    if customer is None:
        raise Problem("not-found", "There is no such customer in the ledger.")
    return customer


def statement(
    at: CompanyAccess, customer_id: str, first: date | None, last: date | None
) -> CustomerStatement:
    """What a customer owed on a day, all that changed it to a later one, and what it owed then.

    Raises:
        Problem: ``not-found``, ``validation`` for a span that ends before it begins.
    """
    check_span(first, last)
    customer = _customer(at, customer_id)
    start, end = first or FIRST_DAY, last or clock.today()
    # Open the day before, or invoiced since: what closed before can have no entry in the span.
    items = [
        each
        for each in store.receivables_open_on(at.company_id, start - timedelta(days=1))
        if each.customer_id == customer_id
    ]
    balance = opening = sum(each.remaining_on(start - timedelta(days=1)) for each in items)
    entries = []
    for entry in sorted(_entries(items), key=lambda each: (each.date, each.event)):
        if start <= entry.date <= end:
            balance += entry.amount
            entries.append(entry.model_copy(update={"balance": balance}))
    return CustomerStatement(
        customer_id=customer_id,
        number=customer.number,
        name=customer.name,
        first=start,
        last=end,
        opening=opening,
        entries=entries,
        closing=balance,
    )


def _entries(items: list[Receivable]) -> Iterator[CustomerStatementEntry]:
    """Everything that changed what a customer owed; a credit note's own total counts, not what it settles."""
    for item in items:
        kind = "credit_note" if item.total < 0 else "invoice"
        yield CustomerStatementEntry(
            date=item.invoice_date,
            kind=kind,
            event=f"invoice/{item.invoice_id}/issued",
            invoice_number=item.number,
            due_date=item.due_date,
            amount=item.total,
            balance=0,
        )
        for entry in item.entries:
            what, _, done = entry.cause.split("/")
            if what == "payment" and entry.amount:
                yield CustomerStatementEntry(
                    date=entry.date,
                    kind="bad_debt" if entry.lost else "reversal" if done == "reversed" else "payment",
                    event=entry.cause,
                    invoice_number=item.number,
                    due_date=None,
                    amount=entry.amount,
                    balance=0,
                )
