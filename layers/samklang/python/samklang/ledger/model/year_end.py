"""The cash method's entries at the end of a fiscal year, as they are asked for and answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from samklang.platform.money import Money
from samklang.platform.shapes import Shape


class YearEndInput(Shape):
    """Which fiscal year to end."""

    fiscal_year: Annotated[str, Field(pattern=r"^20[0-9]{2}(-[0-9]{2}-[0-9]{2})?$")]
    """The year it begins in, or its first day."""
    dry_run: bool = False
    """Only tell what would be posted."""
    after: Annotated[str, Field(pattern=r"^(customer|supplier)/[a-z]+_[0-9a-z]+$")] | None = None
    """Of a dry run: behind which item to go on, ``next`` of the answer before."""


class YearEndItem(Shape):
    """An open item that is posted."""

    kind: Literal["customer", "supplier"]
    item_id: str
    """The invoice's, or the supplier invoice's."""
    number: str
    name: str
    amount: Money
    """What was unpaid and is posted; below zero of a credit note."""
    vouchers: list[str]
    """None in a dry run."""


class YearEndAccount(Shape):
    """What an account is moved by: debit above zero."""

    account: str
    name: str
    amount: Money


class YearEndResult(Shape):
    """What was posted now, or would be; what was posted before is not told again."""

    start: date
    end: date
    dry_run: bool
    count: int
    items: list[YearEndItem]
    """The first two hundred."""
    receivables: Money
    """What of it customers owe."""
    payables: Money
    """What of it is owed to suppliers."""
    accounts: list[YearEndAccount]
    parked: int
    """Events that wait to be posted: see to them, and ask again."""
    left: int
    """How many items there was no time for: the same request again goes on with them.

    A dry run writes nothing, so that it goes on where ``next`` says, and each answer tells its own items.
    """
    next: str | None
    """Of a dry run: ``after`` of the request that goes on; none when nothing is left."""
