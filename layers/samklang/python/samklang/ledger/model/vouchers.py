"""Vouchers: balanced journal entries, and their rows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from samklang.ledger.model.chart import AccountNumber
from samklang.platform.money import LIMIT, Money, MoneyInput, format_sek
from samklang.platform.problems import FieldError, Problem
from samklang.platform.shapes import Day, Line, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

SERIES_FORM = r"^[0-9A-Z]{1,8}$"

SeriesLetter = Annotated[str, Field(pattern=SERIES_FORM)]

BY_HAND = "A"
"""The series of vouchers by hand, where no other is chosen."""

SYSTEM_SERIES = {
    "I": "Inbetalningar",
    "K": "Kundfakturor",
    "L": "Leverantörsfakturor",
    "M": "Moms",
    "R": "Krav och kundförluster",
    "U": "Utbetalningar",
}
"""Series that Samklang numbers itself, with their Swedish names; no voucher by hand is in them."""

Side = Annotated[MoneyInput, Field(ge=0, lt=LIMIT)]

Quantity = Annotated[str, Field(pattern=r"^-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,4})?$")]


class ObjectTag(Shape):
    """What a row concerns in a dimension of the company's own (SIE: #DIM and #OBJEKT)."""

    dimension: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}$")]
    """1 cost centre, 6 project, 7 employee, 20 and above free."""
    object: Annotated[str, Field(min_length=1, max_length=50)]


class VoucherRow(Shape):
    """One side of a voucher. Öre; one of the two is zero."""

    account: str
    debit: Money = 0
    credit: Money = 0
    text: str | None = None
    quantity: str | None = None
    objects: list[ObjectTag] = Field(default_factory=list)


class VoucherRowInput(VoucherRow):
    """One side of a voucher written by hand."""

    account: AccountNumber
    debit: Side = 0
    credit: Side = 0
    text: Line | None = None
    quantity: Quantity | None = None
    objects: Annotated[list[ObjectTag], Field(max_length=10)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if bool(self.debit) == bool(self.credit):
            raise ValueError("must have either a debit or a credit above zero")
        return self


class VoucherInput(Shape):
    """A voucher written by hand."""

    date: Day
    text: Line
    series: SeriesLetter = BY_HAND
    rows: Annotated[list[VoucherRowInput], Field(min_length=2, max_length=200)]
    documents: Annotated[list[str], Field(max_length=20)] = Field(default_factory=list)
    """Ids of the documents it is made from."""


class Voucher(Shape):
    """A balanced journal entry, numbered in its series; it never changes."""

    voucher_id: str
    series: str
    number: int
    date: date
    text: str
    rows: list[VoucherRow]
    source: str | None
    """What caused it: ``invoice/<id>/issued``, ``payment/<id>/registered``; none if by hand."""
    created_at: str
    created_by: str | None = None
    """The user who wrote it, if it was written by hand."""
    documents: list[str] = Field(default_factory=list)
    """Ids of the documents it is made from."""
    reverses: str | None = None
    """The voucher it takes back."""
    reversed_by: str | None = None
    """The voucher that takes it back."""

    @model_validator(mode="after")
    def _balances(self) -> Self:
        check_balance([(row.account, row.debit - row.credit) for row in self.rows])
        return self


class VoucherPage(Shape):
    """Some vouchers."""

    items: list[Voucher]
    next: str | None


Amounts = list[tuple[str, int]]
"""A voucher's rows inside: (account, öre), debit above zero, credit below."""


class RowDetail(NamedTuple):
    """What a row tells beside its account and amount."""

    text: str | None = None
    quantity: str | None = None
    objects: tuple[tuple[str, str], ...] = ()
    """(dimension, object)."""


Details = dict[int, RowDetail]
"""By the row's place in the voucher, from 0; rows that tell nothing more are not there."""


def amounts_of(rows: Sequence[VoucherRow]) -> Amounts:
    """Rows as they are inside."""
    return [(row.account, row.debit - row.credit) for row in rows]


def details_of(rows: Sequence[VoucherRow]) -> Details:
    """What rows tell beside their accounts and amounts."""
    details = {}
    for index, row in enumerate(rows):
        objects = tuple((each.dimension, each.object) for each in row.objects)
        if row.text or row.quantity or objects:
            details[index] = RowDetail(row.text, row.quantity, objects)
    return details


def rows_of(amounts: Amounts, details: Details) -> list[VoucherRow]:
    """Rows as the bureau reads them: debit and credit apart."""
    nothing = RowDetail()
    rows = []
    for index, (account, amount) in enumerate(amounts):
        text, quantity, objects = details.get(index, nothing)
        rows.append(
            VoucherRow(
                account=account,
                debit=max(amount, 0),
                credit=max(-amount, 0),
                text=text,
                quantity=quantity,
                objects=[ObjectTag(dimension=dimension, object=name) for dimension, name in objects],
            )
        )
    return rows


def check_balance(amounts: Sequence[tuple[str, int]]) -> None:
    """Refuse rows whose debit and credit differ (bokföringslagen 5 kap.: double entry).

    Raises:
        Problem: ``unbalanced``.
    """
    difference = sum(amount for _, amount in amounts)
    if difference:
        side = "debit" if difference > 0 else "credit"
        message = f"There is {format_sek(abs(difference))} too much on the {side} side."
        raise Problem("unbalanced", message, (FieldError("/rows", "unbalanced", message),))


class ReversalInput(Shape):
    """On which day a voucher is taken back."""

    date: Day | None = None
    """Its own date if left out."""
