"""What has been done about a debt: the steps taken, what they cost the customer, the interest invoiced."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from samklang.ledger.dunning.model.settings import COMPENSATION, ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

StageTaken = Literal["reminder_1", "reminder_2", "reminder_3", "collection_notice", "handed_over"]
"""``handed_over``: given to a collection agency."""


class Costs(NamedTuple):
    """What late payment costs a customer beside interest, in öre."""

    reminder: int = 0
    collection: int = 0
    compensation: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.reminder + self.collection + self.compensation

    def plus(self, other: Costs, sign: int = 1) -> Costs:
        """Both together, or (-1) without the other."""
        reminder, collection, compensation = (
            mine + sign * others for mine, others in zip(self, other, strict=True)
        )
        return Costs(reminder, collection, compensation)


NO_COSTS = Costs()


def owed(incurred: Costs) -> Costs:
    """What may be asked for of the costs incurred for a debt.

    Where the compensation of 450 kr is owed, fees are only what goes beyond it (lag 1981:739, 5 §).
    """
    if not incurred.compensation:
        return incurred
    beyond = max(0, incurred.reminder + incurred.collection - COMPENSATION)
    return Costs(0, beyond, COMPENSATION)


@dataclass(frozen=True, slots=True)
class Step:
    """A step taken with a debt, once: its id is ``dunning/<invoice>/<stage>``."""

    stage: StageTaken
    day: date
    pay_by: date | None
    """None once it is handed over."""
    incurred: Costs
    """What this step added."""
    letter_id: str
    """The letter, or the collection export, it went with."""


class InterestCharged(NamedTuple):
    """Interest of a debt that stands on an invoice of its own: of which days, where, and by which rate."""

    first: date
    last: date
    """Before the first day where the invoice only corrects one before it."""
    amount: int
    invoice_id: str
    agreed_rate: Decimal | None
    """Percent; None by law. What is invoiced is reckoned anew by the rate of then, not by today's."""


@dataclass(slots=True)
class DebtState:
    """What has been done about one debt."""

    invoice_id: str
    customer_id: str
    steps: list[Step] = field(default_factory=list)
    interest: list[InterestCharged] = field(default_factory=list)
    costs_invoiced: Costs = NO_COSTS
    is_charge: bool = False
    """Whether the debt is itself late interest or costs: it bears neither."""
    version: int = 0

    @property
    def last(self) -> Step | None:
        """The step taken last."""
        return self.steps[-1] if self.steps else None

    def with_step(self, step: Step) -> DebtState:
        """The same with a step more, which comes after all that were taken."""
        assert self.last is None or place_of(self.last.stage) < place_of(step.stage)
        return replace(self, steps=[*self.steps, step])

    @property
    def incurred(self) -> Costs:
        """What all steps have added."""
        return sum_of(step.incurred for step in self.steps)

    def open_costs(self, more: Costs = NO_COSTS) -> Costs:
        """What may be asked for and is on no invoice yet, with what a step would add.

        Fees invoiced before a compensation was owed are taken off that.
        """
        left = owed(self.incurred.plus(more)).plus(self.costs_invoiced, -1)
        below = min(0, left.reminder) + min(0, left.collection)
        return Costs(max(0, left.reminder), max(0, left.collection), left.compensation + below)

    @property
    def interest_until(self) -> date | None:
        """The last day whose interest is invoiced."""
        return max((each.last for each in self.interest), default=None)

    @property
    def interest_invoiced(self) -> int:
        """Öre of interest that stand on invoices of their own."""
        return sum(each.amount for each in self.interest)


def sum_of(costs: Iterable[Costs]) -> Costs:
    """All of them together."""
    total = NO_COSTS
    for each in costs:
        total = total.plus(each)
    return total


def place_of(stage: StageTaken) -> int:
    """Where a stage is in the course of things."""
    return len(ORDER) if stage == "handed_over" else ORDER.index(stage)


PauseReason = Literal["disputed", "promised", "blocked"]
"""Bestridd, lovad, spärrad."""


@dataclass(frozen=True, slots=True)
class PauseInForce:
    """A customer or an invoice that is left alone, for ever or through a day."""

    reason: PauseReason
    customer_id: str
    invoice_id: str | None
    until: date | None

    def holds(self, customer_id: str, invoice_id: str, day: date) -> bool:
        """Whether it keeps an invoice from being dunned on a day."""
        if self.until and day > self.until:
            return False
        return invoice_id == self.invoice_id if self.invoice_id else customer_id == self.customer_id
