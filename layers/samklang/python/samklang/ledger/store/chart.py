"""The chart of accounts: ``CHART``, what the company's bureau has changed of the base chart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from samklang.ledger.accounts import Account, kind_of
from samklang.ledger.model.chart import Chart
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction

_CHART = "CHART"


def put_chart(transaction: Transaction, company_id: str, chart: Chart) -> None:
    """The chart, if it is as it was read."""
    item = {
        "pk": company_key(company_id),
        "sk": _CHART,
        "kind": "chart",
        "accounts": json.dumps(
            {each.number: [each.name, each.vat_box, each.active] for each in chart.changes.values()},
            separators=(",", ":"),
            ensure_ascii=False,
        ),
        "version": chart.version + 1,
    }
    expect = {"version": chart.version} if chart.version else None
    transaction.put("chart", table(), item, expect=expect)


def chart(company_id: str) -> Chart:
    """A company's chart of accounts; the base chart where nothing has been changed."""
    item = dynamo.get(table(), company_key(company_id), _CHART)
    if item is None:
        return Chart()
    changes = {
        number: Account(number, name, kind_of(number), vat_box, active)
        for number, (name, vat_box, active) in json.loads(item["accounts"]).items()
    }
    return Chart(changes, item["version"])
