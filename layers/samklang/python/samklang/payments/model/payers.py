"""Payers that were found to be customers, when a person registered what they paid."""

from __future__ import annotations

from datetime import date
from typing import Literal

from samklang.platform.shapes import Shape

PayerKind = Literal["org_no", "account", "name"]


class Payer(Shape):
    """A payer known by its number, account or name, the customer it was found to be, and how."""

    payer_id: str
    kind: PayerKind
    shown: str
    """As the bank wrote it."""
    customer_id: str
    customer_name: str
    invoice_number: int | None
    """An invoice that it paid."""
    learned_on: date
    bank_payment_id: str
    """The payment it was learned from."""


class PayerPage(Shape):
    """Some payers."""

    items: list[Payer]
    next: str | None
