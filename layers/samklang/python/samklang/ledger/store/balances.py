"""Month balances: ``BALANCE#month``, an attribute per account."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samklang.platform.dynamo import Transaction


def add_to_month(transaction: Transaction, company_id: str, month: str, changes: Mapping[str, int]) -> None:
    """Add what accounts moved to the month's balances. Öre."""
    key = (company_key(company_id), f"BALANCE#{month}")
    moved = {f"a{account}": amount for account, amount in changes.items()}
    transaction.update(f"balance/{month}", table(), key, put={"kind": "balance"}, add=moved)


def replace_month(transaction: Transaction, company_id: str, month: str, amounts: Mapping[str, int]) -> None:
    """What accounts moved in a month, in place of what is kept. Öre."""
    item = {"pk": company_key(company_id), "sk": f"BALANCE#{month}", "kind": "balance"}
    moved = {f"a{account}": amount for account, amount in amounts.items()}
    transaction.replace(f"balance/{month}", table(), item | moved)


def months(company_id: str, first: str, last: str) -> Iterator[tuple[str, dict[str, int]]]:
    """What accounts moved in each month from ``first`` to ``last`` (``2026-01``), both included. Öre."""
    fetch = functools.partial(_months_between, company_id, first, last)
    for item in dynamo.every(fetch):
        moved = {name[1:]: value for name, value in item.items() if name[0] == "a" and name[1:].isdigit()}
        yield item["sk"].removeprefix("BALANCE#"), moved


def _months_between(company_id: str, first: str, last: str, cursor: str | None) -> dynamo.Page:
    pk = company_key(company_id)
    return dynamo.query_between(table(), pk, f"BALANCE#{first}", f"BALANCE#{last}", cursor=cursor)
