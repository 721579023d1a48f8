"""VAT periods that have been closed: ``VAT_RETURN#period``."""

from __future__ import annotations

import functools
import json
from datetime import date
from typing import TYPE_CHECKING

from samklang.ledger.store.table import prefixed_page, table
from samklang.ledger.vat.model import FiledReturn, Filing
from samklang.ledger.vat.periods import VatPeriod
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "VAT_RETURN#"


def put_return(transaction: Transaction, company_id: str, filed: FiledReturn) -> None:
    """A closed period, new or closed again, if it is as it was read."""
    period = filed.period
    item = {
        "pk": company_key(company_id),
        "sk": _PREFIX + period.key,
        "kind": "vat_return",
        "period_kind": period.kind,
        "first_day": period.first.isoformat(),
        "last_day": period.last.isoformat(),
        "filings": json.dumps(filed.filings, separators=(",", ":"), ensure_ascii=False),
        "settled": json.dumps(dict(filed.settled), separators=(",", ":")),
        "version": filed.version + 1,
    }
    expect = {"version": filed.version} if filed.version else None
    transaction.put("vat-return", table(), item, expect=expect)


def filed_returns(company_id: str) -> dict[str, FiledReturn]:
    """Every period that has been closed, by its key: a few for each year of the books."""
    fetch = functools.partial(prefixed_page, company_id, _PREFIX)
    read = map(_read, dynamo.every(fetch))
    return {each.period.key: each for each in read}


def _read(item: Item) -> FiledReturn:
    period = VatPeriod(
        key=item["sk"].removeprefix(_PREFIX),
        kind=item["period_kind"],
        first=date.fromisoformat(item["first_day"]),
        last=date.fromisoformat(item["last_day"]),
    )
    return FiledReturn(
        period=period,
        filings=[Filing(*each) for each in json.loads(item["filings"])],
        settled=json.loads(item["settled"]),
        version=item["version"],
    )
