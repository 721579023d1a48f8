"""What other contexts may ask of payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.payments.store import payments as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.payments.model.credit import Credit
    from samklang.platform.dynamo import Item


def images(company_id: str) -> Iterator[Item]:
    """Every payment in invoicing as it is kept, oldest first: what the stream once told of them."""
    return store.items(company_id)


def known(company_id: str, payment_ids: Iterable[str]) -> set[str]:
    """Those of the payments, registered on either side, that invoicing has."""
    return set(store.payments_by_id(company_id, payment_ids))


def every_credit(company_id: str) -> Iterator[Credit]:
    """The credit of every customer that has had any, as invoicing has it."""
    return store.every_credit(company_id)
