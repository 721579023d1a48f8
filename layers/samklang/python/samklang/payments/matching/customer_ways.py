"""Ways to register a payment by whose it may be: the open items of the payer, or of whom it points to."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from samklang.payments.matching.division import Way, payable_items, spread, ways_on_account, whole
from samklang.payments.matching.subsets import MAX_ITEMS, subsets
from samklang.payments.matching.weights import (
    AMBIGUOUS,
    EQUAL,
    NOT_ALL,
    OLDEST,
    SAME_CUSTOMER,
    STRONG_PAYER,
    WEAK_PAYER,
)
from samklang.payments.model.payments import MAX_ALLOCATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.payments.matching.case import Case
    from samklang.payments.matching.facts import Candidate

_MAX_CUSTOMERS = 10


def likely_customers(case: Case) -> list[tuple[tuple[str, str], int]]:
    """The customers (id and name) that the payer may be or that are pointed to, the surest first.

    Each with what speaks against it, see :mod:`.weights`.
    """
    pointed = [
        (SAME_CUSTOMER, each.candidate.customer_id, each.candidate.customer_name) for each in case.named
    ]
    payers = [
        (STRONG_PAYER if each.strong else WEAK_PAYER, each.customer_id, each.customer_name)
        for each in case.facts.payers
    ]
    surest: dict[str, tuple[tuple[str, str], int]] = {}
    for evidence, customer_id, name in sorted(pointed + payers):
        surest.setdefault(customer_id, ((customer_id, name), evidence))
    return list(islice(surest.values(), _MAX_CUSTOMERS))


def ways_for_customer(case: Case, customer_id: str, name: str, evidence: int) -> Iterator[Way]:
    """Ways to divide the amount over what a customer has open; ``evidence`` is what leads to the customer."""
    every = case.open_items(customer_id)
    by_sum = list(_ways_by_sum(case, every, name))
    yield from by_sum
    named = [each.candidate for each in case.named if each.candidate.customer_id == customer_id]
    if evidence == SAME_CUSTOMER and payable_items(named, case.amount):
        return  # what is named is spread over already
    payable = payable_items(every, case.amount)[:MAX_ALLOCATIONS]
    total = sum(each.left for each in payable)
    if payable and total == case.amount:
        yield Way(EQUAL, whole(payable), notes=(f"That is all that {name} has open.",))
    elif payable:
        note = f"Nothing says which of {name}'s open items: the oldest come first."
        for way in spread(payable, case.amount, total):
            if all(way.parts != other.parts for other in by_sum):
                yield way._replace(against=OLDEST, notes=(note,))
    elif not every and evidence == STRONG_PAYER:
        yield from ways_on_account(case.amount, case.credit_of(customer_id))


def _ways_by_sum(case: Case, every: list[Candidate], name: str) -> Iterator[Way]:
    """One open item of a customer, or some, that come to the amount."""
    items = every[:MAX_ITEMS]
    among = f"{name}'s {f'{MAX_ITEMS} oldest ' if items != every else ''}open items"
    found = subsets(items, case.amount)
    sizes = [len(each) for each in found]
    for place, some in enumerate(found):
        if len(found) == 1:
            note = f"Of {among}, only {'this comes' if len(some) == 1 else 'these come'} to {case.sum}."
        else:
            note = f"Others of {among} come to {case.sum} too."
        if len(some) == 1:
            against = EQUAL if sizes.count(1) == 1 else NOT_ALL
        else:
            against = NOT_ALL if len(found) == 1 else AMBIGUOUS + place
        yield Way(against, whole(some), notes=(note,))
