"""Why the books differ on an event: it is on its way, it is parked, or something is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from samklang.ledger.model.agreement import Difference
from samklang.ledger.store import loading
from samklang.ledger.store import parked as kept_parked
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from samklang.ledger.histories import Change, Histories


def explain_all(company_id: str, told: Histories, changes: list[Change]) -> list[Difference]:
    """Why events did not do the same in both books, one by one."""
    if not changes:
        return []
    parked = {item["event"]: item["detail"] for item in kept_parked.parked_items(company_id)}
    ids = {payment_id for each in changes if (payment_id := payment_of(each.event))}
    told.posted |= loading.load(company_id, (), ids - told.posted.keys()).payments
    return [_explain(told, each, parked) for each in changes]


def _explain(told: Histories, change: Change, parked: dict[str, str]) -> Difference:
    """Why an event did not do the same in both books."""
    reasons = [(each, parked[each]) for each in _parked_names(change.event) if each in parked]
    cause: Literal["pending", "parked", "differs"] = "differs"
    detail = (
        f"It changed {what(told, change.changed)} by {format_sek(change.invoicing)} in invoicing, "
        f"by {format_sek(change.ledger)} in the ledger."
    )
    if reasons:
        cause, detail = "parked", f"{reasons[0][0]} is parked: {reasons[0][1]}"
    elif lost := _lost(told, change):
        detail = lost
    elif not (change.invoicing and change.ledger):
        cause = "pending"
        way = ("invoicing", "the ledger") if change.invoicing else ("the ledger", "invoicing")
        detail = f"It is done in {way[0]} and on its way to {way[1]}. Check again in a minute."
    return difference(told, change, cause, detail)


def _lost(told: Histories, change: Change) -> str | None:
    """How an event that one book lacks was there before, if it shows.

    A side never lacks what was done on it, nor what it has told of itself.
    """
    kind, identifier, done = change.event.split("/")
    here, there = told.payments.get(identifier, {}), told.posted.get(identifier, {})
    mark, origin = ("id", "origin") if done == "registered" else ("reversal_date", "reversal_origin")
    if change.invoicing and change.ledger:
        return None
    if kind == "invoice":
        state = json.loads(told.images.get(identifier, {}).get("ledger", "{}"))
        was_there = not change.invoicing or state.get("status") == "posted"
    elif change.invoicing:
        was_there = mark in there or here.get(origin) != "invoicing"
    else:
        was_there = mark in here or there.get(origin) != "ledger"
    return _GONE[bool(change.invoicing)] if was_there else None


_GONE = {
    True: "Invoicing has it and the ledger, which had it, does not.",
    False: "The ledger has it and invoicing, which had it, does not.",
}


def _parked_names(event: str) -> tuple[str, str]:
    """Under which names an event may be parked: as itself, or when it could not be read."""
    kind, identifier, what = event.split("/")
    return event, f"{'reversal' if what == 'reversed' else kind}/{identifier}/unreadable"


def payment_of(event: str) -> str | None:
    """The payment an event is about."""
    kind, identifier, *_ = event.split("/")
    return identifier if kind == "payment" else None


def what(told: Histories, changed: str) -> str:
    """What an event has changed, in words."""
    number = told.number(changed)
    return f"invoice {number}" if number else "the customer's credit"


def difference(
    told: Histories, change: Change, cause: Literal["pending", "parked", "differs"], detail: str
) -> Difference:
    """A change that is not the same in both books, as the answer has it."""
    number = told.number(change.changed)
    return Difference(
        event=change.event,
        at=change.moment.at,
        invoice_id=change.changed if number else None,
        invoice_number=number,
        payment_id=payment_of(change.event),
        invoicing_amount=change.invoicing,
        ledger_amount=change.ledger,
        cause=cause,
        detail=detail,
    )
