"""Payments that people may ask for, with what is open now: within what is left, and beyond it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.cloud.books_model import Wish, ore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.cloud.books_model import Model


def latest[Thing](luck: Random, things: Sequence[Thing]) -> Thing:
    """One of some, more often of the last: what happens to the same things one after the other is harder."""
    return luck.choice(things[-5:] if luck.random() < 0.6 else things)


def on_account(model: Model, luck: Random) -> Wish:
    """Money of a customer that is for nothing yet."""
    customer_id = luck.choice(list(model.names))
    return Wish(luck.randint(1, 500000), customer_id=customer_id, method=_method(luck))


def _method(luck: Random) -> str:
    return luck.choice(["bank", "bank", "swish", "card", "cash"])


def wish(model: Model, luck: Random) -> Wish | None:
    """A payment of some kind, if there is anything for it to pay."""
    kinds = [_of_one, _of_one, _of_some, by_credit, _back, _set_off]
    return luck.choice(kinds)(model, luck)


def _of_one(model: Model, luck: Random) -> Wish | None:
    if not (items := model.open_items()):
        return None
    item = latest(luck, items)
    left, few = item.remaining, luck.randint(1, 100)
    whole, part = ((item.invoice_id, left),), luck.randint(1, left)
    kinds = [
        Wish(left, whole),
        Wish(left, whole),
        Wish(part, ((item.invoice_id, part),)),
        Wish(left + few * 100, whole),  # over-payment: the rest is the customer's credit
        Wish(left + few, ((item.invoice_id, left + few),)),  # more on the invoice than is left of it
        Wish(left + few, whole, difference=-few),
    ]
    if left > few:
        kinds += [Wish(left - few, whole, fee=few), Wish(left - few, whole, difference=few)]
    return replace(luck.choice(kinds), method=_method(luck))


def _of_some(model: Model, luck: Random) -> Wish | None:
    items = model.open_items()
    if len(items) < 2:
        return None
    chosen = luck.sample(items, min(len(items), luck.randint(2, 6)))
    allocations = tuple((each.invoice_id, luck.choice([each.remaining, 1])) for each in chosen)
    more = luck.choice([0, 0, 12345])
    return Wish(
        sum(amount for _, amount in allocations) + more, allocations, customer_id=chosen[0].customer_id
    )


def by_credit(model: Model, luck: Random) -> Wish | None:
    """Use a customer's credit on an invoice, sometimes more of it than there is."""
    items = [each for each in model.open_items() if model.credit[each.customer_id]]
    if not items:
        return None
    item = latest(luck, items)
    credit = model.credit[item.customer_id]
    used = min(item.remaining, credit + luck.choice([0, 0, 0, 1]))
    if luck.random() < 0.3 and item.remaining > used:  # the rest in money
        return Wish(item.remaining - used, ((item.invoice_id, item.remaining),), use_credit=used)
    return Wish(0, ((item.invoice_id, used),), "set_off", use_credit=used)


def _back(model: Model, luck: Random) -> Wish | None:
    """Pay back: of a customer's credit, or what a credit note has left."""
    notes = model.open_items(notes=True)
    owed = [each for each, amount in model.credit.items() if amount]
    if notes and (not owed or luck.random() < 0.5):
        note = latest(luck, notes)
        amount = luck.choice([note.remaining, note.remaining, note.remaining - 1])
        return Wish(amount, ((note.invoice_id, amount),), "bank")
    if not owed:
        return None
    customer_id = luck.choice(owed)
    amount = luck.randint(1, model.credit[customer_id]) + luck.choice([0, 0, 10**7])
    return Wish(-amount, (), "bank", use_credit=amount, customer_id=customer_id)


def _set_off(model: Model, luck: Random) -> Wish | None:
    """A credit note against an invoice: no money moves."""
    notes, items = model.open_items(notes=True), model.open_items()
    if not (notes and items):
        return None
    note, item = latest(luck, notes), latest(luck, items)
    amount = min(-note.remaining, item.remaining)
    allocations = ((item.invoice_id, amount), (note.invoice_id, -amount))
    if luck.random() < 0.3 and item.remaining > amount:  # and the rest in money
        allocations = ((item.invoice_id, item.remaining), (note.invoice_id, -amount))
        return Wish(item.remaining - amount, allocations, customer_id=item.customer_id)
    return Wish(0, allocations, "set_off", customer_id=item.customer_id)


def own_split(model: Model, amount: int, luck: Random) -> Wish:
    """Over some open invoices of a customer, what is left over on account."""
    customer_id = luck.choice(list(model.names))
    left = amount
    allocations: list[tuple[str, int]] = []
    for item in model.open_items():
        if item.customer_id == customer_id and left > 0 and len(allocations) < 3:
            part = min(left, item.remaining)
            allocations.append((item.invoice_id, part))
            left -= part
    return Wish(amount, tuple(allocations), customer_id=customer_id)


def proposed(amount: int, proposal: dict[str, Any]) -> Wish:
    """What confirming a proposal registers."""
    credit = ore(proposal["credit"])
    return Wish(
        amount=amount,
        allocations=tuple((each["invoice_id"], ore(each["amount"])) for each in proposal["allocations"]),
        difference=ore(proposal["difference"]),
        use_credit=max(-credit, 0),
        customer_id=proposal["customer_id"],
    )
