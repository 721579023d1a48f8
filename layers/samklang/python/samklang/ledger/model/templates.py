"""Voucher templates: the rows of what comes again and again, as shares of one amount."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from samklang.ledger.model.chart import AccountNumber
from samklang.ledger.model.vouchers import BY_HAND, SeriesLetter
from samklang.platform.money import LIMIT, MoneyInput
from samklang.platform.shapes import Day, Line, Name, Shape

if TYPE_CHECKING:
    from samklang.ledger.model.vouchers import Amounts

_WHOLE = Decimal(100)


class TemplateRow(Shape):
    """One side of a template: its share of the amount."""

    account: AccountNumber
    side: Literal["debit", "credit"]
    percent: Annotated[str, Field(pattern=r"^(100|[1-9]?[0-9](\.[0-9]{1,6})?)$")]
    """Of the amount; the shares of a side come to 100."""


class TemplateInput(Shape):
    """A template."""

    name: Name
    text: Line
    series: SeriesLetter = BY_HAND
    rows: Annotated[list[TemplateRow], Field(min_length=2, max_length=20)]

    @model_validator(mode="after")
    def _balances(self) -> Self:
        for side in ("debit", "credit"):
            shares = [Decimal(row.percent) for row in self.rows if row.side == side]
            if sum(shares) != _WHOLE:
                raise ValueError(f"the shares on the {side} side must come to 100 percent")
        return self


class Template(TemplateInput):
    """A template of the company's own, or one that every company has."""

    template_id: str
    own: bool


class TemplateList(Shape):
    """The templates, the company's own first."""

    items: list[Template]
    next: None = None


class TemplateUse(Shape):
    """A voucher to make from a template."""

    date: Day
    amount: Annotated[MoneyInput, Field(gt=0, lt=LIMIT)]
    """What the shares are shares of: SEK, VAT included."""
    text: Line | None = None
    """Instead of the template's."""
    documents: Annotated[list[str], Field(max_length=20)] = Field(default_factory=list)


def amounts_from(rows: list[TemplateRow], amount: int) -> Amounts:
    """A template's rows for an amount (öre): each side comes to it exactly, rows of 0 left out.

    The shares are laid end to end and each joint is rounded, so that nothing is lost.
    """
    amounts: Amounts = []
    for side, sign in (("debit", 1), ("credit", -1)):
        passed, given = Decimal(0), 0
        for row in rows:
            if row.side == side:
                passed += Decimal(row.percent)
                reached = int((amount * passed / _WHOLE).quantize(Decimal(1), "ROUND_HALF_UP"))
                if reached != given:
                    amounts.append((row.account, sign * (reached - given)))
                given = reached
    return amounts
