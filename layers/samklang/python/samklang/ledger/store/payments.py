"""Posted payments: ``PAYMENT#id``; and that one was taken back: ``REVERSED#time#payment id``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from samklang.ledger.store.table import prefixed_page, table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samklang.platform.dynamo import Item, Transaction


def put_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """A posted payment."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PAYMENT#{payment_id}",
        "kind": "payment",
        "id": payment_id,
        **values,
    }
    transaction.put(f"payment/{payment_id}", table(), item)


def reverse_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """Mark a posted payment as taken back, once."""
    key = (company_key(company_id), f"PAYMENT#{payment_id}")
    expect = {"reversal_date": dynamo.MISSING, "id": payment_id}
    transaction.update(f"payment/{payment_id}", table(), key, put=values, expect=expect)


def tell_voucher(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, str | None]
) -> None:
    """That a payment, or its reversal, is posted now, and as what."""
    key = (company_key(company_id), f"PAYMENT#{payment_id}")
    transaction.update(f"payment/{payment_id}", table(), key, put=values, expect={"id": payment_id})


def payment(company_id: str, payment_id: str) -> Item | None:
    """One posted payment, as it is kept."""
    return dynamo.get(table(), company_key(company_id), f"PAYMENT#{payment_id}")


def payments_before(company_id: str, before: str, limit: int) -> list[Item]:
    """Posted payments with ids below ``before``, newest first."""
    return dynamo.query_below(table(), company_key(company_id), "PAYMENT#", before, limit)


def every_payment(company_id: str) -> Iterator[Item]:
    """Every posted payment, oldest first, as it is kept."""
    return dynamo.every(functools.partial(prefixed_page, company_id, "PAYMENT#"))


def put_reversed(transaction: Transaction, company_id: str, payment_id: str, reversed_at: str) -> None:
    """That a payment was taken back: the one kind of event that no id or number finds by its time."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_REVERSED}{reversed_at}#{payment_id}",
        "kind": "reversed",
    }
    transaction.put(f"reversed/{payment_id}", table(), item)


_REVERSED = "REVERSED#"


def reversed_before(company_id: str, before: str, limit: int) -> list[tuple[str, str]]:
    """Reversals with a place (``time#payment id``) below ``before``, newest first: (place, payment id)."""
    items = dynamo.query_below(table(), company_key(company_id), _REVERSED, before, limit)
    places = [item["sk"].removeprefix(_REVERSED) for item in items]
    return [(place, place.partition("#")[2]) for place in places]
