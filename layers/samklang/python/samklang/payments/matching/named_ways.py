"""Ways to register a payment by what it points to: the named items, some of them, or others with them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from samklang.payments.matching.division import (
    Way,
    live_items,
    parts_of,
    payable_items,
    ways_on_account,
    ways_to_divide,
    whole,
    within,
)
from samklang.payments.matching.facts import customer_of, oldest_first
from samklang.payments.matching.subsets import MAX_ITEMS, subsets
from samklang.payments.matching.weights import AMBIGUOUS, BY_CERTAINTY, NEARLY, NOT_ALL
from samklang.payments.matching.words import first_capital, join
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.payments.matching.case import Case
    from samklang.payments.matching.facts import Candidate
    from samklang.payments.matching.named import Named


def named_together(case: Case) -> Iterator[tuple[list[Candidate], int]]:
    """What is named together (in references, and of one customer anywhere), and what speaks against it."""
    referred = case.referred
    by_customer = defaultdict(list)
    for each in case.named:
        by_customer[each.candidate.customer_id].append(each)
    if referred:
        yield [each.candidate for each in referred], _evidence_of(referred)
    for named in by_customer.values():
        if named != referred:
            # What the references name together is to be paid together, if they name anything.
            yield [each.candidate for each in named], _evidence_of(named) + bool(referred)


def _evidence_of(named: list[Named]) -> int:
    """What speaks against the weakest of what points to these."""
    return max(BY_CERTAINTY[each.pointer.by] for each in named)


def ways_for_named(case: Case, items: list[Candidate]) -> Iterator[Way]:
    """Ways to divide the amount over items that are named together."""
    live = live_items(items, case.amount)
    customer_id, name = customer_of(live or items)
    is_one_customer = all(each.customer_id == customer_id for each in live or items)
    credit = case.credit_of(customer_id) if is_one_customer else 0
    if not payable_items(live, case.amount) and all(each.remaining is not None for each in items):
        yield from ways_on_account(case.amount, credit)
    if not live:
        return
    yield from ways_to_divide(live, case.amount, credit)
    yield from _way_as_stated(case, live)
    found = [each for each in subsets(live, case.amount) if len(each) < len(live)]
    for some in found:
        note = f"Of what is named, {'only this comes' if len(found) == 1 else 'this comes'} to {case.sum}."
        yield Way(NEARLY if len(found) == 1 else AMBIGUOUS, whole(some), notes=(note,))
    if is_one_customer and case.amount:
        yield from _ways_with_others(case, live, customer_id, name)


def _ways_with_others(case: Case, live: list[Candidate], customer_id: str, name: str) -> Iterator[Way]:
    """Together with items of the same customer that are not named, credit notes before others."""
    named = {each.invoice_id for each in live}
    others = [each for each in case.open_items(customer_id) if each.invoice_id not in named]
    missing = case.amount - sum(each.left for each in live)
    notes = [each for each in others if each.left < 0]
    found = subsets(notes[:MAX_ITEMS], missing)
    against = NEARLY
    if not found:
        found, against = subsets(others[:MAX_ITEMS], missing), NOT_ALL
    for added in found:
        items = sorted([*live, *added], key=oldest_first)
        note = f"{first_capital(join([each.called for each in added]))} of {name} makes the sum right."
        yield Way(against if len(found) == 1 else AMBIGUOUS, whole(items), notes=(note,))


def _way_as_stated(case: Case, live: list[Candidate]) -> Iterator[Way]:
    """To each what the references state, as far as that remains of it; the rest as credit."""
    stated = {each.candidate.invoice_id: each.stated or 0 for each in case.named}
    if not any(stated[each.invoice_id] for each in live):
        return
    parts = {each: within(stated[each.invoice_id], each.left) for each in live}
    over = sum(parts.values()) - case.amount
    for each in reversed(live):  # of a credit note less was left than stated: the newest get less
        if parts[each] > 0 and over > 0:
            taken = min(parts[each], over)
            parts[each] -= taken
            over -= taken
    if any(parts.values()) and (over == 0 or over < 0 < case.amount):
        notes = [
            f"{format_sek(abs(stated[each.invoice_id]))} is stated for {each.called}." for each in live[:3]
        ]
        yield Way(NOT_ALL, parts_of(parts.items()), credit=-over, notes=tuple(notes))
