"""The past as invoicing's payments tell it, for who compares the books or lists what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.payments.store import payments as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.platform.dynamo import Item

_LAST = "~"
"""Above every payment id."""

_MANY = 500


def before(company_id: str, payment_id: str, limit: int) -> list[Item]:
    """Payments with ids below ``payment_id``, newest first, as invoicing keeps them."""
    return store.payments_before(company_id, payment_id, limit)


def since(company_id: str, payment_id: str) -> Iterator[Item]:
    """Payments from an id on, newest first, as invoicing keeps them."""
    place = _LAST
    while True:
        items = store.payments_before(company_id, place, _MANY)
        for item in items:
            if item["id"] < payment_id:
                return
            yield item
        if len(items) < _MANY:
            return
        place = items[-1]["id"]


def by_id(company_id: str, payment_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the payments that are in invoicing, as it keeps them."""
    return store.payments_by_id(company_id, payment_ids)
