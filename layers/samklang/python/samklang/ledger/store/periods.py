"""The log of closed and reopened periods: ``PERIODS#time#id``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.model.periods import PeriodChange
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.ids import new_id

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction

_PREFIX = "PERIODS#"


def log_change(transaction: Transaction, company_id: str, change: PeriodChange) -> None:
    """That a period was closed or reopened; nothing removes it."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_PREFIX}{change.at}#{new_id('per')}",
        "kind": "period_change",
        "change": change.model_dump_json(),
    }
    transaction.put("period-change", table(), item)


def changes(company_id: str, limit: int, cursor: str | None) -> tuple[list[PeriodChange], str | None]:
    """A page of the log, newest first."""
    page = dynamo.query(
        table(), company_key(company_id), _PREFIX, limit=limit, cursor=cursor, descending=True
    )
    return [PeriodChange.model_validate_json(item["change"]) for item in page.items], page.next
