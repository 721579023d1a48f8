"""The company's own voucher series: ``SERIES``, their names by letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction

_SERIES = "SERIES"


def name_series(transaction: Transaction, company_id: str, names: dict[str, str], version: int) -> None:
    """The names of the company's own series, if they are as they were read."""
    item = {
        "pk": company_key(company_id),
        "sk": _SERIES,
        "kind": "series",
        "names": names,
        "version": version + 1,
    }
    transaction.put("series", table(), item, expect={"version": version} if version else None)


def own_series(company_id: str) -> tuple[dict[str, str], int]:
    """The company's own series, letter to name, and the version of the list."""
    item = dynamo.get(table(), company_key(company_id), _SERIES)
    return (item["names"], item["version"]) if item else ({}, 0)
