"""Dividing a payment's amount over open items: whole, in part, and what is over or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.payments.matching.facts import oldest_first
from samklang.payments.matching.weights import BY_CREDIT, EQUAL, NEARLY, ON_ACCOUNT, PART, SPREAD
from samklang.payments.model.payments import MAX_ALLOCATIONS, MAX_DIFFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.payments.matching.facts import Candidate


class Part(NamedTuple):
    """Öre on an invoice, or (below zero) used of a credit note."""

    candidate: Candidate
    amount: int


class Way(NamedTuple):
    """A way to divide the amount: ``amount + difference = parts + credit``."""

    against: int
    """How badly the amount fits."""
    parts: tuple[Part, ...]
    difference: int = 0
    credit: int = 0
    notes: tuple[str, ...] = ()


def live_items(items: Iterable[Candidate], amount: int) -> list[Candidate]:
    """Those that something is left of: invoices and what lowers them, for a deduction credit notes only."""
    return [each for each in items if each.left and (amount >= 0 or each.left < 0)]


def payable_items(items: Iterable[Candidate], amount: int) -> list[Candidate]:
    """Those that such an amount can go to: invoices, for a deduction credit notes."""
    return [each for each in items if (each.left < 0 if amount < 0 else each.left > 0)]


def parts_of(amounts: Iterable[tuple[Candidate, int]]) -> tuple[Part, ...]:
    """Öre on each, without those that get none."""
    return tuple(Part(candidate, amount) for candidate, amount in amounts if amount)


def whole(items: Iterable[Candidate]) -> tuple[Part, ...]:
    """All that is left of each."""
    return parts_of((each, each.left) for each in items)


def within(stated: int, left: int) -> int:
    """What is stated, with the sign of what is left and no more than that."""
    return max(0, min(stated, left)) if left > 0 else min(0, max(stated, left))


def ways_to_divide(live: list[Candidate], amount: int, credit: int) -> Iterator[Way]:
    """Ways to divide an amount over open items, oldest first, with a customer's ``credit`` at hand (öre)."""
    items = live[:MAX_ALLOCATIONS]
    total = sum(each.left for each in items)
    if len(items) < len(live):
        yield from spread(items, amount, total)
        return
    if total == amount:
        yield Way(EQUAL, whole(items))
        return
    if amount and abs(total - amount) <= MAX_DIFFERENCE:
        yield Way(NEARLY, whole(items), difference=total - amount)
    if amount and 0 < total - amount <= credit:
        yield Way(BY_CREDIT if total - amount == credit else SPREAD, whole(items), credit=amount - total)
    yield from spread(items, amount, total)


def spread(items: list[Candidate], amount: int, total: int) -> Iterator[Way]:
    """Oldest first until the amount is out; what is over as credit. ``total``: öre left of the items."""
    notes = [each for each in items if each.left < 0]
    invoices = [each for each in items if each.left > 0]
    if amount < 0:
        if amount > total:
            yield Way(PART, _pour(notes, amount))
        return
    owed = sum(each.left for each in invoices)
    # Of credit notes above the invoices no more is used than makes the invoices settled.
    used = total - owed if total >= 0 else -max(0, owed - amount)
    money = amount - used
    parts = _pour(notes, used) + _pour(invoices, money)
    if parts:
        against = PART if len(parts) == len(items) else SPREAD
        yield Way(
            against,
            tuple(sorted(parts, key=lambda each: oldest_first(each.candidate))),
            credit=max(0, money - owed),
        )


def ways_on_account(amount: int, credit: int) -> Iterator[Way]:
    """All of a payment as credit; or a deduction from the ``credit`` (öre) that there is."""
    if amount > 0 or 0 < -amount <= credit:
        yield Way(ON_ACCOUNT, (), credit=amount)


def _pour(items: Iterable[Candidate], amount: int) -> tuple[Part, ...]:
    """As much as goes on each, one after the other."""
    parts = []
    for each in items:
        part = within(amount, each.left)
        parts.append((each, part))
        amount -= part
    return parts_of(parts)
