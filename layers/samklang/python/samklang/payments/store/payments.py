"""Payments and customers' credit in table Invoicing.

| pk | sk | what |
|---|---|---|
| COMPANY#id | PAYMENT#id | a payment, registered on either side |
| COMPANY#id | CREDIT#customer id | a customer's credit |
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from samklang.payments.model.credit import Credit, credit_key, credit_values, read_credit
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samklang.platform.dynamo import Item, Transaction


def _table() -> str:
    return setting("INVOICING_TABLE")


# ---------------------------------------------------------------- payments


def put_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """A new payment."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PAYMENT#{payment_id}",
        "kind": "payment",
        "id": payment_id,
        **values,
    }
    transaction.put(f"payment/{payment_id}", _table(), item)


def reverse_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """Mark a payment as taken back, once."""
    key = (company_key(company_id), f"PAYMENT#{payment_id}")
    expect = {"reversal_date": dynamo.MISSING, "id": payment_id}
    transaction.update(f"payment/{payment_id}", _table(), key, put=values, expect=expect)


def payment(company_id: str, payment_id: str) -> Item | None:
    """One payment, as invoicing keeps it."""
    return dynamo.get(_table(), company_key(company_id), f"PAYMENT#{payment_id}")


def payments_before(company_id: str, before: str, limit: int) -> list[Item]:
    """Payments with ids below ``before``, newest first."""
    return dynamo.query_below(_table(), company_key(company_id), "PAYMENT#", before, limit)


def items(company_id: str) -> Iterator[Item]:
    """Every payment, oldest first."""
    return dynamo.every(functools.partial(_page, company_id, "PAYMENT#"))


def _page(company_id: str, prefix: str, cursor: str | None) -> dynamo.Page:
    return dynamo.query(_table(), company_key(company_id), prefix, limit=1000, cursor=cursor)


def payments_by_id(company_id: str, payment_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the payments that are in invoicing."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, f"PAYMENT#{each}") for each in payment_ids])
    return {item["id"]: item for item in found.values()}


# ---------------------------------------------------------------- customers' credit


def put_credit(transaction: Transaction, company_id: str, credit: Credit) -> None:
    """A customer's credit, if it is as it was read."""
    key = {"pk": company_key(company_id), "sk": credit_key(credit.customer_id)}
    expect = {"version": credit.version} if credit.version else None
    label = f"credit/{credit.customer_id}"
    transaction.put(label, _table(), key | credit_values(credit), expect=expect)


def credits_by_customer(company_id: str, customer_ids: Iterable[str]) -> dict[str, Credit]:
    """The credit of those of the customers that have had any."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, credit_key(each)) for each in customer_ids])
    return {item["customer_id"]: read_credit(item) for item in found.values()}


def every_credit(company_id: str) -> Iterator[Credit]:
    """The credit of every customer that has had any."""
    return map(read_credit, dynamo.every(functools.partial(_page, company_id, credit_key(""))))
