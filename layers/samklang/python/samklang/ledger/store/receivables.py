"""Open items: ``RECEIVABLE#invoice id``, each with its entries.

Index ``closing`` (pk, closed_on) holds them by the day they closed, so that the items open on any day, past
or present, are one query.
"""

from __future__ import annotations

import functools
import json
from datetime import date
from typing import TYPE_CHECKING

from samklang.ledger.model.receivables import OPEN, Entry, Receivable
from samklang.ledger.store.table import FULL_PAGE, prefixed_page, table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.ledger.cash_method import Parts
    from samklang.platform.dynamo import Item, Transaction


def put_receivable(transaction: Transaction, company_id: str, receivable: Receivable) -> None:
    """An open item, new or in place of its version before."""
    item = {
        "pk": company_key(company_id),
        "sk": f"RECEIVABLE#{receivable.invoice_id}",
        "kind": "receivable",
        "company_id": company_id,
        "id": receivable.invoice_id,
        "number": receivable.number,
        "customer_id": receivable.customer_id,
        "customer_name": receivable.customer_name,
        "invoice_date": receivable.invoice_date.isoformat(),
        "due_date": receivable.due_date.isoformat(),
        "total": receivable.total,
        "voucher_id": receivable.voucher_id,
        "awaits": receivable.awaits or None,
        "sold": _pack_parts(receivable.sold),
        "sale": _pack_parts(receivable.sale),
        "posted": _pack_parts(receivable.posted),
        "lost": _pack_parts(receivable.lost),
        "doubted": _pack_parts(receivable.doubted),
        "request_id": receivable.request_id,
        "entries": json.dumps([_pack_entry(entry) for entry in receivable.entries], separators=(",", ":")),
        "closed_on": receivable.closed_on,
        "version": receivable.version + 1,
    }
    expect = {"version": receivable.version} if receivable.version else None
    transaction.put(f"receivable/{receivable.invoice_id}", table(), item, expect=expect)


def read_receivable(item: Item) -> Receivable:
    """An open item from its item of the table."""
    entries = [
        Entry(date.fromisoformat(day), amount, cause, *more)
        for day, amount, cause, *more in json.loads(item["entries"])
    ]
    return Receivable(
        invoice_id=item["id"],
        number=item["number"],
        customer_id=item["customer_id"],
        customer_name=item["customer_name"],
        invoice_date=date.fromisoformat(item["invoice_date"]),
        due_date=date.fromisoformat(item["due_date"]),
        total=item["total"],
        voucher_id=item.get("voucher_id"),
        awaits=item.get("awaits", False),
        request_id=item["request_id"],
        entries=entries,
        sold=json.loads(item.get("sold", "{}")),
        sale=json.loads(item.get("sale", "{}")),
        posted=json.loads(item.get("posted", "{}")),
        lost=json.loads(item.get("lost", "{}")),
        doubted=json.loads(item.get("doubted", "{}")),
        version=item["version"],
    )


def _pack_entry(entry: Entry) -> list[str | int]:
    """Most entries are of three figures: the others are of the year's end, and of bad debts."""
    more = [entry.booked, entry.lost] if entry.booked or entry.lost else []
    return [entry.date.isoformat(), entry.amount, entry.cause, *more]


def _pack_parts(parts: Parts) -> str | None:
    return json.dumps(parts, separators=(",", ":")) if parts else None


def receivables_open_on(company_id: str, day: date) -> Iterator[Receivable]:
    """Items that may be open on a day: those that closed after it, or never."""
    fetch = functools.partial(_closed_after, company_id, day.isoformat())
    for item in dynamo.every(fetch):
        yield read_receivable(item)


def open_receivables(company_id: str) -> Iterator[Receivable]:
    """Items with something remaining today, whatever their dates."""
    fetch = functools.partial(_closed_after, company_id, OPEN[:-1])
    for item in dynamo.every(fetch):
        yield read_receivable(item)


def _closed_after(company_id: str, day: str, cursor: str | None) -> dynamo.Page:
    partition = ("pk", company_key(company_id))
    return dynamo.query_index(
        table(), "closing", partition, ("closed_on", day), limit=FULL_PAGE, cursor=cursor
    )


def every_receivable(company_id: str) -> Iterator[Receivable]:
    """Every open item, those that are closed too."""
    return map(read_receivable, dynamo.every(functools.partial(prefixed_page, company_id, "RECEIVABLE#")))
