"""Vouchers that wait for the bureau to look at them: ``UNPOSTED#event``, one for each event."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from samklang.ledger.model.journalising import Unposted
from samklang.ledger.store.table import prefixed_page, table
from samklang.ledger.store.vouchers import pack_amounts, unpack_amounts
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "UNPOSTED#"


def put_unposted(transaction: Transaction, company_id: str, unposted: Unposted) -> None:
    """A voucher that waits."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_PREFIX}{unposted.event}",
        "kind": "unposted",
        "series": unposted.series,
        "date": unposted.date.isoformat(),
        "text": unposted.text,
        "rows": pack_amounts(unposted.amounts),
        "since": unposted.since,
    }
    transaction.put(f"unposted/{unposted.event}", table(), item)


def remove_unposted(transaction: Transaction, company_id: str, event: str) -> None:
    """Take a voucher off the list, because it is posted."""
    transaction.delete(f"unposted/{event}", table(), (company_key(company_id), f"{_PREFIX}{event}"))


def unposted_of(company_id: str, events: Iterable[str]) -> dict[str, Unposted]:
    """Those of the events' vouchers that wait, by event."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, f"{_PREFIX}{each}") for each in events])
    read = map(_read, found.values())
    return {each.event: each for each in read}


def unposted_page(company_id: str, limit: int, cursor: str | None) -> tuple[list[Unposted], str | None]:
    """A page of vouchers that wait: invoices, then payments, each oldest first."""
    page = dynamo.query(table(), company_key(company_id), _PREFIX, limit=limit, cursor=cursor)
    return [_read(item) for item in page.items], page.next


def every_unposted(company_id: str) -> list[Unposted]:
    """Every voucher that waits, oldest date first."""
    found = dynamo.every(lambda cursor: prefixed_page(company_id, _PREFIX, cursor))
    return sorted(map(_read, found), key=lambda each: (each.date, each.since))


def _read(item: Item) -> Unposted:
    return Unposted(
        event=item["sk"].removeprefix(_PREFIX),
        series=item["series"],
        date=date.fromisoformat(item["date"]),
        text=item["text"],
        amounts=unpack_amounts(item["rows"]),
        since=item["since"],
    )
