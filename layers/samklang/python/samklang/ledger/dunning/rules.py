"""Which step is next with which debt, or why none is: rules alone, nothing is read or written here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.dunning import interest
from samklang.ledger.dunning.interest import InterestSpan, interest_amount, interest_spans, starts_on
from samklang.ledger.dunning.model.debts import (
    NO_COSTS,
    Costs,
    DebtState,
    PauseReason,
    place_of,
)
from samklang.ledger.dunning.model.settings import COMPENSATION
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from samklang.ledger.dunning.model.debts import PauseInForce, Step
    from samklang.ledger.dunning.model.letters import LetterKind, Reason
    from samklang.ledger.dunning.model.settings import DunningSettings, Stage, StageRule
    from samklang.ledger.model.receivables import Entry, Receivable


class LeftOut(NamedTuple):
    """An invoice no step is taken with, and why."""

    receivable: Receivable
    reason: Reason
    detail: str
    on: date | None = None
    """When it will be looked at anew."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a company's debts, as it was read."""

    settings: DunningSettings
    receivables: Sequence[Receivable]
    """Open items, credit notes among them."""
    states: Mapping[str, DebtState]
    """By invoice; of those with which something has been done."""
    pauses: Sequence[PauseInForce]
    businesses: frozenset[str]
    """Customers that are no consumers."""
    on_their_way: frozenset[str]
    """Invoices with a payment that has not reached the books: parked, or registered a moment ago."""
    credits: Mapping[str, int]
    """Customers' credit, in öre."""
    credited: Mapping[str, int]
    """What credit notes credit of an invoice, what of it was paid before too: öre by invoice."""
    interest_credited: Mapping[str, int]
    """What of the interest invoiced of a debt is credited: öre by the debt's invoice."""

    def state(self, receivable: Receivable) -> DebtState:
        """What has been done about a debt."""
        known = self.states.get(receivable.invoice_id)
        return known or DebtState(receivable.invoice_id, receivable.customer_id)


class DueStep(NamedTuple):
    """A step that is due with a debt, and what the debt comes to with it. Öre."""

    receivable: Receivable
    state: DebtState
    rule: StageRule
    principal: int
    spans: list[InterestSpan]
    """What bears interest that is on no invoice yet."""
    correction: int
    """What was invoiced too little, or (below zero) too much, of the days before."""
    interest: int
    """Both, and never below zero."""
    added: Costs
    """What the step adds to the costs."""
    costs: Costs
    """All that may be asked for and is on no invoice yet."""
    days_overdue: int

    @property
    def total(self) -> int:
        """All the customer is asked for."""
        return self.principal + self.interest + self.costs.total


@dataclass(frozen=True, slots=True)
class Case:
    """The steps that go in one letter: to one customer, of one kind."""

    customer_id: str
    kind: LetterKind
    steps: tuple[DueStep, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done on a day."""

    cases: list[Case] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


_PAUSED: Mapping[PauseReason, str] = {
    "disputed": "The customer disputes it: until that is settled it is not dunned, and a court decides.",
    "promised": "The customer has promised to pay.",
    "blocked": "The customer, or the invoice, is blocked from dunning.",
}
_PAUSE_ORDER: tuple[PauseReason, ...] = ("disputed", "blocked", "promised")


MOST_IN_LETTER = 40
"""Invoices in one letter: it is kept, with the steps of all of them, in one transaction."""


def plan(facts: Facts, as_of: date, only: frozenset[str] | None = None) -> Plan:
    """The steps due on a day, a case for each letter, and every overdue invoice left out with its reason.

    What remains of an invoice, and what was done about it, is as of now: a past day only says to when
    interest is reckoned. A customer that has something to its credit is asked for nothing before that is set
    off.

    Args:
        facts: what is known.
        as_of: the day.
        only: the invoices to look at; all if none are named.
    """
    due: dict[str, list[tuple[Receivable, StageRule]]] = defaultdict(list)
    left_out: list[LeftOut] = []
    owed_back: dict[str, int] = defaultdict(int)
    for each in facts.receivables:
        if each.remaining < 0:
            owed_back[each.customer_id] -= each.remaining
        elif _is_overdue(each, as_of) and (only is None or each.invoice_id in only):
            found = next_stage(facts, each, as_of)
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                due[each.customer_id].append((each, found))
    cases: list[Case] = []
    credit = {each: owed_back[each] + facts.credits.get(each, 0) for each in {*owed_back, *facts.credits}}
    left_out = [
        _set_off_first(each.receivable, credit) or each if each.reason == "ready-for-collection" else each
        for each in left_out
    ]
    for customer_id, items in sorted(due.items()):
        if credit.get(customer_id):
            left_out += filter(None, (_set_off_first(receivable, credit) for receivable, _ in items))
            continue
        items.sort(key=lambda item: (item[0].due_date, item[0].number))
        refusal = _too_little(items, facts.settings.minimum_amount)
        if refusal:
            reason, detail = refusal
            left_out += [LeftOut(receivable, reason, detail) for receivable, _ in items]
            continue
        made, missed = _cases(facts, customer_id, items, as_of)
        cases += made
        left_out += missed
    left_out.sort(key=lambda each: each.receivable.number)
    return Plan(cases, left_out)


def _is_overdue(receivable: Receivable, as_of: date) -> bool:
    return receivable.remaining > 0 and receivable.due_date < as_of


def next_stage(facts: Facts, receivable: Receivable, as_of: date) -> StageRule | LeftOut:
    """The stage that is due with an overdue debt on a day, as far as the debt alone tells."""
    last = facts.state(receivable).last
    if last and last.stage == "handed_over":
        return LeftOut(receivable, "handed-over", f"It was handed over for collection on {last.day}.")
    if paused := pause_of(facts, receivable, as_of):
        return paused
    if receivable.invoice_id in facts.on_their_way:
        detail = "A payment or a credit is registered for it and not posted yet: see the parked events."
        return LeftOut(receivable, "payment-on-its-way", detail)
    taken = place_of(last.stage) if last else -1
    rule = next((each for each in facts.settings.stages if place_of(each.stage) > taken), None)
    if rule is None:
        return _after_all(receivable, last, as_of)
    since = max(last.day, (last.pay_by or last.day)) if last else receivable.due_date
    comes = (last.day if last else receivable.due_date) + timedelta(days=rule.days_after)
    comes = max(comes, since + timedelta(days=1))
    if as_of < comes:
        return LeftOut(receivable, "not-yet", f"Next is {rule.stage}, on {comes}.", comes)
    return rule


def pause_of(facts: Facts, receivable: Receivable, as_of: date) -> LeftOut | None:
    """The pause that keeps a debt from being dunned on a day, the gravest if there are several."""
    for reason in _PAUSE_ORDER:
        for pause in facts.pauses:
            if pause.reason == reason and pause.holds(receivable.customer_id, receivable.invoice_id, as_of):
                until = f" Through {pause.until}." if pause.until else ""
                on = pause.until + timedelta(days=1) if pause.until else None
                return LeftOut(receivable, reason, _PAUSED[reason] + until, on)
    return None


def _after_all(receivable: Receivable, last: Step | None, as_of: date) -> LeftOut:
    assert last is not None  # settings have one stage at least
    if last.stage != "collection_notice":
        return LeftOut(receivable, "no-stage-left", "All stages of the settings are done.")
    assert last.pay_by is not None
    if as_of <= last.pay_by:
        on = last.pay_by + timedelta(days=1)
        return LeftOut(receivable, "not-yet", f"The customer may pay through {last.pay_by}.", on)
    detail = "The collection notice has run out: hand it over for collection, or write it off."
    return LeftOut(receivable, "ready-for-collection", detail)


def _set_off_first(receivable: Receivable, credit: Mapping[str, int]) -> LeftOut | None:
    """A debt of a customer that has something to its credit; None if it has not."""
    amount = credit.get(receivable.customer_id)
    if not amount:
        return None
    detail = f"The customer has {format_sek(amount)} SEK to its credit: set it off, or pay it back, first."
    return LeftOut(receivable, "credit-to-set-off", detail)


def _too_little(items: Sequence[tuple[Receivable, StageRule]], minimum: int) -> tuple[Reason, str] | None:
    """Why a customer's due debts, taken together, are left alone; None if they are not."""
    owes = sum(receivable.remaining for receivable, _ in items)
    if owes < minimum:
        return "below-minimum", f"{format_sek(owes)} SEK is below the company's {format_sek(minimum)}."
    return None


def _cases(
    facts: Facts, customer_id: str, items: Sequence[tuple[Receivable, StageRule]], as_of: date
) -> tuple[list[Case], list[LeftOut]]:
    """A customer's letters. A collection notice says more than a reminder, so it is one of its own.

    A letter takes one fee, however many debts are in it: the oldest that may carry it does.
    """
    cases, missed = [], []
    kinds: tuple[LetterKind, ...] = ("reminder", "collection_notice")
    for kind in kinds:
        steps: list[DueStep] = []
        for receivable, rule in items:
            if kind_of(rule.stage) != kind:
                continue
            fee_taken = any(step.added.reminder or step.added.collection for step in steps)
            try:
                steps.append(_due_step(facts, receivable, rule, as_of, fee_taken=fee_taken))
            except Problem as problem:
                missed.append(LeftOut(receivable, "reference-rate-missing", problem.detail))
        parts = batched(steps, MOST_IN_LETTER, strict=False)
        cases += [Case(customer_id, kind, part) for part in parts]
    return cases, missed


def kind_of(stage: Stage) -> LetterKind:
    """The kind of letter a stage goes with."""
    return "collection_notice" if stage == "collection_notice" else "reminder"


def _due_step(
    facts: Facts, receivable: Receivable, rule: StageRule, as_of: date, *, fee_taken: bool
) -> DueStep:
    state = facts.state(receivable)
    late = open_interest(facts, receivable, as_of).asked
    added = _added(facts, receivable, state, rule.stage, as_of, fee_taken=fee_taken)
    return DueStep(
        receivable=receivable,
        state=state,
        rule=rule,
        principal=receivable.remaining,
        spans=late.spans,
        correction=late.correction,
        interest=late.amount,
        added=added,
        costs=state.open_costs(added),
        days_overdue=(as_of - receivable.due_date).days,
    )


def _added(
    facts: Facts, receivable: Receivable, state: DebtState, stage: Stage, as_of: date, *, fee_taken: bool
) -> Costs:
    """What a step adds to a debt's costs, each once. What is interest or costs itself bears none."""
    settings, incurred = facts.settings, state.incurred
    if state.is_charge or incurred.compensation:
        return NO_COSTS  # fees are part of a compensation
    if _owes_compensation(facts, receivable, as_of):
        return Costs(compensation=COMPENSATION)
    if fee_taken:
        return NO_COSTS
    if stage == "collection_notice":
        return NO_COSTS if incurred.collection else Costs(collection=settings.collection_fee)
    since = settings.fee_in_terms_since
    agreed = since is not None and since <= receivable.invoice_date
    takes_fee = stage == "reminder_1" and agreed and not incurred.reminder
    return Costs(reminder=settings.reminder_fee) if takes_fee else NO_COSTS


def _owes_compensation(facts: Facts, receivable: Receivable, as_of: date) -> bool:
    """Whether a business owes interest on the debt by now, and so the compensation."""
    settings = facts.settings
    wanted = settings.compensation and settings.interest != "none"
    return wanted and receivable.customer_id in facts.businesses and _starts(settings, receivable) <= as_of


# ---------------------------------------------------------------- interest


class OpenInterest(NamedTuple):
    """Interest of a debt that is on no invoice yet. Öre."""

    first: date
    """The first day of which none is invoiced."""
    spans: list[InterestSpan]
    """What bears interest from that day on."""
    correction: int
    """What was invoiced too little, or (below zero) too much, of the days before."""
    amount: int
    """Both together; below zero so much too much is invoiced."""

    @property
    def asked(self) -> OpenInterest:
        """What a customer may be asked for: nothing if too much is invoiced."""
        return self if self.amount >= 0 else OpenInterest(self.first, [], 0, 0)


def open_interest(facts: Facts, receivable: Receivable, as_of: date) -> OpenInterest:
    """The interest of a debt through a day, less what is invoiced of it.

    All of it is reckoned anew, since a payment may turn out to have come earlier, or be taken back. What a
    credit note credits was never owed.

    Raises:
        Problem: ``reference-rate-missing``.
    """
    state, settings = facts.state(receivable), facts.settings
    if state.is_charge:
        return OpenInterest(as_of, [], 0, 0)
    changes = [(receivable.invoice_date, receivable.total - facts.credited.get(receivable.invoice_id, 0))]
    changes += [(each.date, each.amount) for each in receivable.entries if not _is_credit(each)]
    invoiced: list[InterestSpan] = []
    for each in state.interest:
        invoiced += interest_spans(changes, each.first, each.last, _rate(settings, each.agreed_rate))
    before = interest_amount(invoiced)
    correction = before - state.interest_invoiced
    if correction < 0:
        correction = min(0, correction + facts.interest_credited.get(receivable.invoice_id, 0))
    first = _starts(settings, receivable)
    if state.interest_until:
        first = max(first, state.interest_until + timedelta(days=1))
    spans: list[InterestSpan] = []
    if settings.interest != "none":
        rate = _rate(settings, agreed_rate(facts, receivable.customer_id))
        spans = interest_spans(changes, first, as_of, rate)
    # Rounded as one sum, however many invoices it is on.
    amount = correction + interest_amount([*invoiced, *spans]) - before
    return OpenInterest(first, spans, correction, amount)


def _is_credit(entry: Entry) -> bool:
    return entry.cause.startswith("invoice/")


def _starts(settings: DunningSettings, receivable: Receivable) -> date:
    agreed = settings.due_dates_agreed
    return starts_on(receivable.invoice_date, receivable.due_date, due_date_agreed=agreed)


def _rate(settings: DunningSettings, agreed: Decimal | None) -> Callable[[date], Decimal]:
    """The rate of a day: what is agreed, or the law's."""
    if agreed is not None:
        return interest.agreed(agreed)
    return interest.by_law({each.half_year: each.rate for each in settings.reference_rates})


def agreed_rate(facts: Facts, customer_id: str) -> Decimal | None:
    """The rate agreed with a customer, in percent; None where the law's holds."""
    agreed = customer_id in facts.businesses or facts.settings.agreed_with_consumers
    return facts.settings.agreed_rate if agreed else None


def ready_for_collection(left_out: Iterable[LeftOut]) -> list[Receivable]:
    """Those whose collection notice has run out."""
    return [each.receivable for each in left_out if each.reason == "ready-for-collection"]
