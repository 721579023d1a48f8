"""What one transaction of postings must read: items of several kinds, in batches."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.store.receivables import read_receivable
from samklang.ledger.store.table import prefixed_page, table
from samklang.payments.model.credit import Credit, credit_key, read_credit
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.dynamo import Item


class Loaded(NamedTuple):
    """What :func:`load` found, by id."""

    receivables: dict[str, Receivable]
    payments: dict[str, Item]
    parked: set[str]
    credits: dict[str, Credit]


def load(
    company_id: str,
    invoice_ids: Iterable[str],
    payment_ids: Iterable[str] = (),
    parked_ids: Iterable[str] = (),
    customer_ids: Iterable[str] = (),
) -> Loaded:
    """The open items, posted payments, parked events and customers' credits that exist among these."""
    pk = company_key(company_id)
    keys = [(pk, f"RECEIVABLE#{each}") for each in invoice_ids]
    keys += [(pk, f"PAYMENT#{each}") for each in payment_ids]
    keys += [(pk, f"PARKED#{each}") for each in parked_ids]
    keys += [(pk, credit_key(each)) for each in customer_ids]
    receivables: dict[str, Receivable] = {}
    payments: dict[str, Item] = {}
    parked: set[str] = set()
    credits_: dict[str, Credit] = {}
    for item in dynamo.batch_get(table(), keys).values():
        match item["kind"]:
            case "receivable":
                receivables[item["id"]] = read_receivable(item)
            case "payment":
                payments[item["id"]] = item
            case "credit":
                credits_[item["customer_id"]] = read_credit(item)
            case _:
                parked.add(item["parked_id"])
    return Loaded(receivables, payments, parked, credits_)


def images(company_id: str) -> Iterator[Item]:
    """Every open item, payment, parked event and step for want of payment, as they are kept."""
    for prefix in ("RECEIVABLE#", "PARKED#", "PAYMENT#", "DUNNING#"):
        yield from dynamo.every(functools.partial(prefixed_page, company_id, prefix))
