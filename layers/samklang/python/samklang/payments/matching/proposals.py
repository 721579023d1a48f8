"""The search for ways to register a payment that anything speaks for, and the best of them as proposals."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from samklang.payments.matching.customer_ways import likely_customers, ways_for_customer
from samklang.payments.matching.division import Way, live_items, whole
from samklang.payments.matching.facts import customer_of
from samklang.payments.matching.named_ways import named_together, ways_for_named
from samklang.payments.matching.pointing import rank_of_pointer
from samklang.payments.matching.weights import EQUAL, KNOWN_OTHERWISE
from samklang.payments.matching.words import arithmetic, pointing_sentences
from samklang.payments.model.bank_payments import Proposal, ProposedAllocation
from samklang.payments.model.payments import MAX_ALLOCATIONS
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.payments.matching.case import Case
    from samklang.payments.matching.named import Named

MAX_PROPOSALS = 5


class _Draft(NamedTuple):
    """A proposal before it is written out."""

    against: int
    """What speaks against it, all in all: the least is the best (see :mod:`.weights`)."""
    evidence: int
    """What of that is for the way to the invoices."""
    customer_id: str
    customer_name: str
    way: Way

    @property
    def outcome(self) -> tuple[str, tuple[tuple[str, int], ...], int, int]:
        """What would be registered; two drafts with the same are one."""
        parts = tuple((each.candidate.invoice_id, each.amount) for each in self.way.parts)
        return self.customer_id, parts, self.way.difference, self.way.credit

    @property
    def customers(self) -> set[str]:
        """Ids of all whose invoices it settles, and of whose payment it would be."""
        return {self.customer_id, *(each.candidate.customer_id for each in self.way.parts)}


def exact_proposal(case: Case) -> Proposal:
    """All that the references name, all of it."""
    items = live_items((each.candidate for each in case.referred), case.amount)
    return _proposal(case, _Draft(0, 0, *customer_of(items), Way(EQUAL, whole(items))))


def best_proposals(case: Case) -> list[Proposal]:
    """The best ways, best first; those that come to the same are one, with what speaks for either."""
    best: dict[object, _Draft] = {}
    drafts = [each for each in _drafts(case) if len(each.way.parts) <= MAX_ALLOCATIONS]
    for draft in sorted(drafts, key=lambda each: (each.against, each.evidence, each.outcome)):
        known = best.setdefault(draft.outcome, draft)
        notes = dict.fromkeys([*known.way.notes, *draft.way.notes])
        best[draft.outcome] = known._replace(way=known.way._replace(notes=tuple(notes)))
    return [_proposal(case, each) for each in islice(best.values(), MAX_PROPOSALS)]


def _drafts(case: Case) -> Iterator[_Draft]:
    for items, evidence in named_together(case):
        for way in ways_for_named(case, items):
            paid = [each.candidate for each in way.parts]
            yield _draft(case, customer_of(paid or items), evidence, way)
    for customer, evidence in likely_customers(case):
        for way in ways_for_customer(case, *customer, evidence):
            yield _draft(case, customer, evidence, way)


def _draft(case: Case, customer: tuple[str, str], evidence: int, way: Way) -> _Draft:
    draft = _Draft(way.against + evidence, evidence, *customer, way)
    if case.facts.payer_other_than(draft.customers):
        return draft._replace(
            against=draft.against + KNOWN_OTHERWISE, evidence=draft.evidence + KNOWN_OTHERWISE
        )
    return draft


# ---------------------------------------------------------------- as it is shown


def _proposal(case: Case, draft: _Draft) -> Proposal:
    """A draft as it is shown."""
    way = draft.way
    reasons = [
        *pointing_sentences(_led_by(case, draft)),
        *(each.reason for each in case.facts.payers if each.customer_id == draft.customer_id),
        *arithmetic(way, draft.customer_name, case.amount),
        *way.notes,
        *_warnings(case, draft),
    ]
    return Proposal(
        customer_id=draft.customer_id,
        customer_name=draft.customer_name,
        allocations=[
            ProposedAllocation(
                invoice_id=each.candidate.invoice_id,
                invoice_number=each.candidate.number,
                amount=each.amount,
                remaining=each.candidate.left,
            )
            for each in way.parts
        ],
        difference=way.difference,
        credit=way.credit,
        reasons=list(dict.fromkeys(reasons)),
    )


def _led_by(case: Case, draft: _Draft) -> list[Named]:
    """What pointed to a draft's invoices, else to its customer; the surest first."""
    paid = {each.candidate.invoice_id for each in draft.way.parts}
    led_by = [each for each in case.named if each.candidate.invoice_id in paid] or [
        each for each in case.named if each.candidate.customer_id == draft.customer_id
    ]
    return sorted(led_by, key=lambda each: rank_of_pointer(each.pointer))


def _warnings(case: Case, draft: _Draft) -> Iterator[str]:
    if other := case.facts.payer_other_than(draft.customers):
        yield f"But the payer is known as {other}."
    if (credit := case.credit_of(draft.customer_id)) > 0 and draft.way.credit >= 0:
        yield f"{draft.customer_name} has {format_sek(credit)} of credit besides."
