"""Bad debts: ``BADDEBT#id``, ids in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.bad_debts.model import BadDebt, BadDebtPage
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "BADDEBT#"


def put_bad_debt(transaction: Transaction, company_id: str, bad_debt: BadDebt) -> None:
    """A bad debt, new or in place of its version before."""
    item = {
        "pk": company_key(company_id),
        "sk": _PREFIX + bad_debt.bad_debt_id,
        "kind": "bad_debt",
        "body": bad_debt.model_dump_json(),
        "version": bad_debt.version,
    }
    expect = {"version": bad_debt.version - 1} if bad_debt.version > 1 else None
    transaction.put(f"bad_debt/{bad_debt.bad_debt_id}", table(), item, expect=expect)


def _read(item: Item) -> BadDebt:
    return BadDebt.model_validate_json(item["body"])


def bad_debts_by_id(company_id: str, bad_debt_ids: Iterable[str]) -> dict[str, BadDebt]:
    """Those of the bad debts that exist, as last written."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, _PREFIX + each) for each in bad_debt_ids])
    return {each.bad_debt_id: each for each in map(_read, found.values())}


def bad_debts(company_id: str, limit: int, cursor: str | None) -> BadDebtPage:
    """A page of bad debts, newest first."""
    pk = company_key(company_id)
    page = dynamo.query(table(), pk, _PREFIX, limit=limit, cursor=cursor, descending=True)
    return BadDebtPage(items=[_read(item) for item in page.items], next=page.next)
