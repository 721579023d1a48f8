"""Customers' credit: ``CREDIT#customer id``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from samklang.ledger.store.table import prefixed_page, table
from samklang.payments.model.credit import Credit, credit_key, credit_values, read_credit
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.platform.dynamo import Transaction


def put_credit(transaction: Transaction, company_id: str, credit: Credit) -> None:
    """A customer's credit, if it is as it was read."""
    key = {"pk": company_key(company_id), "sk": credit_key(credit.customer_id)}
    expect = {"version": credit.version} if credit.version else None
    label = f"credit/{credit.customer_id}"
    transaction.put(label, table(), key | credit_values(credit), expect=expect)


def every_credit(company_id: str) -> Iterator[Credit]:
    """The credit of every customer that has had any."""
    return map(read_credit, dynamo.every(functools.partial(prefixed_page, company_id, credit_key(""))))
