"""The head of the books: ``BOOKS``. Every posting raises its version."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.ledger.model.books import AccountingMethod, Books
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item, Transaction


BOOKS = "BOOKS"


_YEARS_AHEAD = 5
"""Fiscal years of twelve months that are opened behind the first one."""


def put_books(
    transaction: Transaction, company_id: str, start: date, end: date, method: AccountingMethod
) -> None:
    """Open a company's books with their first fiscal year and those that follow on it.

    After the first, a fiscal year is twelve months (bokföringslagen 3 kap. 1 §) until the bureau changes it.
    """
    years = [(start, end)]
    for _ in range(_YEARS_AHEAD):
        first = years[-1][1] + timedelta(days=1)
        years.append((first, first.replace(year=first.year + 1) - timedelta(days=1)))
    item = {
        "pk": company_key(company_id),
        "sk": BOOKS,
        "kind": "books",
        "fiscal_years": [[first.isoformat(), last.isoformat()] for first, last in years],
        "method": method,
        "next_numbers": {},
        "version": 1,
    }
    transaction.put("books", table(), item)


def books(company_id: str) -> Books:
    """The head of a company's books, which are opened in the transaction that makes the company active.

    Raises:
        Problem: ``not-active`` before that.
    """
    item = dynamo.get(table(), company_key(company_id), BOOKS)
    if item is None:
        raise Problem("not-active", "Finish the start guide first: there are no books yet.")
    return _read(item)


def _read(item: Item) -> Books:
    closed = item.get("closed_until")
    return Books(
        fiscal_years=[
            (date.fromisoformat(start), date.fromisoformat(end)) for start, end in item["fiscal_years"]
        ],
        method=item["method"],
        closed_until=date.fromisoformat(closed) if closed else None,
        next_numbers=item["next_numbers"],
        version=item["version"],
        parked=item.get("parked", 0),
        parked_since=item.get("parked_since"),
        journalising=item.get("journalising", "automatic"),
        unposted=item.get("unposted", 0),
        unposted_amounts=item.get("unposted_amounts", {}),
    )


def update_books(transaction: Transaction, company_id: str, books: Books) -> None:
    """The head as it is now, if nobody else has changed it since it was read."""
    transaction.update(
        "books",
        table(),
        (company_key(company_id), BOOKS),
        put={
            "fiscal_years": [[first.isoformat(), last.isoformat()] for first, last in books.fiscal_years],
            "next_numbers": books.next_numbers,
            "closed_until": books.closed_until.isoformat() if books.closed_until else None,
            "version": books.version + 1,
            "parked": books.parked or None,
            "parked_since": books.parked_since,
            "journalising": books.journalising,
            "unposted": books.unposted or None,
            "unposted_amounts": books.unposted_amounts or None,
        },
        expect={"version": books.version},
    )
