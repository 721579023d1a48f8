"""Events that could not be posted: ``PARKED#event``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from samklang.ledger.model.parked import ParkedEvent, ParkedPage
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samklang.platform.dynamo import Item, Transaction


def put_parked(
    transaction: Transaction,
    company_id: str,
    parked: ParkedEvent,
    change: Mapping[str, Any],
    request_id: str | None,
) -> None:
    """Park an event with all that is needed to post it later."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PARKED#{parked.parked_id}",
        "kind": "parked",
        "company_id": company_id,
        **parked.model_dump(),
        "request_id": request_id,
        # What made it unreadable may be a value JSON does not have.
        "change": json.dumps(change, separators=(",", ":"), ensure_ascii=False, default=str),
    }
    transaction.replace(f"parked/{parked.event}", table(), item)


def remove_parked(transaction: Transaction, company_id: str, parked_id: str) -> None:
    """Take an event off the list, because it was posted."""
    transaction.delete(f"parked/{parked_id}", table(), (company_key(company_id), f"PARKED#{parked_id}"))


def parked_by_id(company_id: str, parked_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the events that are parked, as kept."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, f"PARKED#{each}") for each in parked_ids])
    return {item["parked_id"]: item for item in found.values()}


def read_parked(item: Item) -> ParkedEvent:
    """A parked event from its item."""
    return ParkedEvent.model_validate({name: item[name] for name in ParkedEvent.model_fields})


def parked_items(company_id: str) -> list[Item]:
    """Every parked event of a company, as kept, in the order they were parked."""
    pk = company_key(company_id)
    items = dynamo.every(lambda cursor: dynamo.query(table(), pk, "PARKED#", cursor=cursor))
    return sorted(items, key=lambda item: str(item["parked_at"]))


def parked(company_id: str, limit: int, cursor: str | None) -> ParkedPage:
    """A page of parked events."""
    page = dynamo.query(table(), company_key(company_id), "PARKED#", limit=limit, cursor=cursor)
    return ParkedPage(items=[read_parked(item) for item in page.items], next=page.next)


def parked_change(item: Item) -> dict[str, Any]:
    """The change a parked event was made from: its kind and the item's image."""
    change: dict[str, Any] = json.loads(item["change"])
    return change
