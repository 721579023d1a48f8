"""Customers as the ledger knows them from invoicing."""

from __future__ import annotations

import json
from datetime import date
from typing import Literal

from samklang.invoicing.vat import Treatment
from samklang.ledger.model.receivables import ReceivableItem
from samklang.platform.money import Money
from samklang.platform.shapes import Shape


class LedgerCustomer(Shape):
    """A customer as the ledger knows it from invoicing, which is its master."""

    customer_id: str
    number: str
    name: str
    org_no: str | None = None
    vat_no: str | None = None
    vat_treatment: Treatment = "domestic"
    active: bool = True
    version: int


class LedgerCustomerPage(Shape):
    """Some customers."""

    items: list[LedgerCustomer]
    next: str | None


class CustomerBalance(LedgerCustomer):
    """A customer with its open items."""

    open_items: list[ReceivableItem]
    balance: Money
    """What the open items come to: owed by the customer, or (below zero) to it."""


class CustomerStatementEntry(Shape):
    """One thing that changed what a customer owes."""

    due_date: date | None
    """Of an invoice."""
    date: date
    kind: Literal["invoice", "credit_note", "payment", "reversal", "bad_debt"]
    """A bad debt, and (above zero) that it is taken back, is no money."""
    event: str
    invoice_number: int
    amount: Money
    """Above zero when it then owed more."""
    balance: Money
    """What it owed after it."""


class CustomerStatement(Shape):
    """What a customer owed before the first day, what changed it, and what it owed after the last."""

    customer_id: str
    number: str
    name: str
    first: date
    last: date
    opening: Money
    entries: list[CustomerStatementEntry]
    closing: Money


def customer_of(customer_id: str, version: int, body: str) -> LedgerCustomer:
    """A customer from what invoicing keeps of it; what the ledger has no use for is left out.

    Raises:
        TypeError, ValueError: it is no customer.
    """
    given = json.loads(body)
    if not isinstance(given, dict):
        raise TypeError(f"{type(given).__name__} is no customer")
    known = {name: value for name, value in given.items() if name in LedgerCustomer.model_fields}
    return LedgerCustomer.model_validate(known | {"customer_id": customer_id, "version": version})
