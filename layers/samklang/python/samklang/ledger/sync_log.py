"""The sync ledger: every event of a company, newest first, and how far it has come on each side.

Nothing is kept for it but the time of each reversal: invoices stand in the order of their numbers, payments
in that of their ids, and whether the other side has them is seen in the other side's items. So it cannot
disagree with what it tells of, and what is on its way is in it from the first moment.

A page reads the parked events, and of the newest invoices, payments of both books and reversals as many as
it holds: ten requests whatever the company's size, some 150 read units for 50 events.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from heapq import merge
from typing import TYPE_CHECKING, Literal

from samklang.invoicing import service as invoicing
from samklang.ledger import histories
from samklang.ledger.model.sync import SyncEvent, SyncInvoicing, SyncLedger, SyncPage
from samklang.ledger.store import loading, vouchers
from samklang.ledger.store import parked as kept_parked
from samklang.ledger.store import payments as kept_payments
from samklang.payments import history
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samklang.payments.model.payments import Origin
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item

State = Literal["pending", "parked", "done"]
"""On its way to a side, refused by the books, or on both sides."""

Kind = Literal["invoice", "credit_note", "payment", "reversal", "customer"]

_LOOKED_AT = 500
"""Events looked at for a page of one state."""
_AT_A_TIME = 50
"""How many of these are read at once."""

_NEWEST = "~"
"""Above every id and every time."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the list goes on: below these, kind by kind."""

    number: str = "9999999999"
    payment: str = _NEWEST
    """A payment's id; with a ``!`` behind it the payment itself is still to come, after its reversal."""
    reversal: str = _NEWEST
    """``time#payment id``."""
    parked: str = _NEWEST
    """``time#parked id``, of those that are in none of the other three."""


_CURSOR = re.compile(
    r"(?P<number>[0-9]{1,10})"
    r"\|(?P<payment>~|pay_[0-9a-z]{20}!?)"
    r"\|(?P<reversal>~|[0-9TZ:.-]{1,30}#pay_[0-9a-z]{20})"
    r"\|(?P<parked>~|[0-9TZ:.-]{1,30}#[a-z]+\.[0-9a-z_]+\.[a-z]+)",
    re.ASCII,
)


def _read_place(cursor: str | None) -> _Place:
    if cursor is None:
        return _Place()
    match = _CURSOR.fullmatch(read_cursor(cursor, _CURSOR))
    assert match is not None  # it has been checked
    return _Place(match["number"], match["payment"], match["reversal"], match["parked"])


def _write_place(place: _Place) -> str:
    return write_cursor(f"{place.number}|{place.payment}|{place.reversal}|{place.parked}")


@dataclass(frozen=True, slots=True)
class _Told:
    """An event as its own side tells it."""

    event: str
    kind: Kind
    reference: str
    identifier: str
    """The invoice's, the payment's or the customer's id."""
    at: str
    place: dict[str, str]
    """What of :class:`_Place` changes when it is passed."""


def events(at: CompanyAccess, state: State | None, limit: int, cursor: str | None) -> SyncPage:
    """A page of events, newest first; of one state, those among the next 500 events.

    Raises:
        Problem: ``not-active`` before the start guide is finished, ``cursor-invalid``.
    """
    if at.collaboration["status"] == "start_guide":
        raise Problem("not-active", "Finish the start guide first: nothing is synchronised yet.")
    place, found, looked = _read_place(cursor), list[SyncEvent](), 0
    parked = {item["parked_id"]: item for item in kept_parked.parked_items(at.company_id)}
    count, more = limit if state is None else max(limit, _AT_A_TIME), True
    while more and len(found) < limit and looked < (_LOOKED_AT if state else 1):
        told = _newest(at.company_id, place, count + 1, parked)
        more, told = len(told) > count, told[:count]
        looked += len(told)
        for each, event in zip(told, _described(at.company_id, told, parked), strict=True):
            if len(found) == limit:
                more = True
                break
            place = replace(place, **each.place)
            if state in {None, _state(event)}:
                found.append(event)
    found.sort(key=lambda event: event.at, reverse=True)
    return SyncPage(items=found, next=_write_place(place) if more else None)


def _state(event: SyncEvent) -> State:
    if event.ledger.state == "parked":
        return "parked"
    return "done" if (event.ledger.state, event.invoicing.state) == ("posted", "done") else "pending"


# ---------------------------------------------------------------- what each side tells


def _newest(company_id: str, place: _Place, count: int, parked: dict[str, Item]) -> list[_Told]:
    """The newest events behind a place, of all kinds."""
    kinds = (
        _invoices(company_id, place, count),
        _payments(company_id, place, count, parked),
        _reversals(company_id, place, count),
        _only_parked(place, parked),
    )
    # Payments are in the order of their ids, which may be some milliseconds off that of their times.
    return [each for _, each in zip(range(count), merge(*kinds, key=_time, reverse=True), strict=False)]


def _time(told: _Told) -> str:
    return told.at


def _invoices(company_id: str, place: _Place, count: int) -> Iterator[_Told]:
    for image in invoicing.newest_images(company_id, int(place.number), count):
        yield _Told(
            event=f"invoice/{image['id']}/issued",
            kind=image.get("document", "invoice"),
            reference=str(image["number"]),
            identifier=image["id"],
            at=histories.issued_at(image),
            place={"number": str(image["number"])},
        )


def _payments(company_id: str, place: _Place, count: int, parked: dict[str, Item]) -> Iterator[_Told]:
    """Payments of both books, each with its reversal before it while that has not reached the ledger."""
    here = {item["id"]: item for item in history.before(company_id, place.payment, count)}
    there = {item["id"]: item for item in kept_payments.payments_before(company_id, place.payment, count)}
    for payment_id in sorted(here.keys() | there.keys(), reverse=True)[:count]:
        mine, theirs = here.get(payment_id, {}), there.get(payment_id, {})
        told = _Told(
            event=f"payment/{payment_id}/registered",
            kind="payment",
            reference=payment_id,
            identifier=payment_id,
            at=(mine or theirs)["registered_at"],
            place={"payment": payment_id},
        )
        waits = "reversal_date" in mine and "reversal_date" not in theirs
        passed = place.payment == f"{payment_id}!"
        if waits and not passed and not _parked_ids(payment_id) & parked.keys():
            yield replace(
                told,
                event=f"payment/{payment_id}/reversed",
                kind="reversal",
                at=mine["reversed_at"],
                place={"payment": f"{payment_id}!"},
            )
        yield told


def _parked_ids(payment_id: str) -> set[str]:
    """Under what a payment's reversal may be parked."""
    return {f"payment.{payment_id}.reversed", f"reversal.{payment_id}.unreadable"}


def _reversals(company_id: str, place: _Place, count: int) -> Iterator[_Told]:
    for reversed_, payment_id in kept_payments.reversed_before(company_id, place.reversal, count):
        yield _Told(
            event=f"payment/{payment_id}/reversed",
            kind="reversal",
            reference=payment_id,
            identifier=payment_id,
            at=reversed_.partition("#")[0],
            place={"reversal": reversed_},
        )


_TOLD_ELSEWHERE = re.compile(
    r"(invoice\.inv|payment\.pay)_[0-9a-z]{20}\.(issued|registered|unreadable)", re.ASCII
)
"""Parked events that stand in the list as the invoice or the payment they are about."""

_TIME = re.compile(r"[0-9TZ:.-]{1,30}", re.ASCII)


def _only_parked(place: _Place, parked: dict[str, Item]) -> list[_Told]:
    """Parked events that nothing else in the list tells of: reversals, customers, what has no id of ours."""
    told = []
    for parked_id, item in parked.items():
        if not _TOLD_ELSEWHERE.fullmatch(parked_id):
            at = _parked_time(item)
            kind, identifier, what = parked_id.split(".")
            reversal = kind == "reversal" or what == "reversed"
            told.append(
                _Told(
                    event=f"payment/{identifier}/reversed" if reversal else item["event"],
                    kind="reversal" if reversal else _KINDS[kind],
                    reference=identifier,
                    identifier=identifier,
                    at=at,
                    place={"parked": f"{at}#{parked_id}"},
                )
            )
    told.sort(key=lambda each: each.place["parked"], reverse=True)
    return [each for each in told if each.place["parked"] < place.parked]


_KINDS: dict[str, Kind] = {"customer": "customer", "invoice": "invoice", "payment": "payment"}


def _parked_time(item: Item) -> str:
    """When a parked reversal was made; of what cannot be read, when it was parked."""
    at = kept_parked.parked_change(item)["image"].get("reversed_at")
    return at if isinstance(at, str) and _TIME.fullmatch(at) else str(item["parked_at"])


# ---------------------------------------------------------------- how far it has come


def _described(company_id: str, told: Sequence[_Told], parked: Mapping[str, Item]) -> Iterator[SyncEvent]:
    """The events with their state on each side."""
    payments = {each.identifier for each in told if each.event.startswith("payment/")}
    here = history.by_id(company_id, payments) if payments else {}
    invoices = [each.identifier for each in told if each.event.startswith("invoice/")]
    loaded = loading.load(company_id, invoices, payments)
    posted: dict[str, str | None] = {
        f"invoice/{each}/issued": item.voucher_id for each, item in loaded.receivables.items()
    }
    for payment_id, item in loaded.payments.items():
        posted[f"payment/{payment_id}/registered"] = item.get("voucher_id")
        if "reversal_date" in item:
            posted[f"payment/{payment_id}/reversed"] = item.get("reversal_voucher_id")
    awaiting = {f"invoice/{each}/issued" for each, item in loaded.receivables.items() if item.awaits}
    for payment_id, item in loaded.payments.items():
        awaiting |= {f"payment/{payment_id}/registered"} if "awaits" in item else set()
        awaiting |= {f"payment/{payment_id}/reversed"} if "reversal_awaits" in item else set()
    made = vouchers.vouchers_made_at(company_id, {each for each in posted.values() if each})
    for each in told:
        mine, theirs = here.get(each.identifier, {}), loaded.payments.get(each.identifier, {})
        origin = _origin(each, mine, theirs)
        yield SyncEvent(
            event=each.event,
            kind=each.kind,
            reference=each.reference,
            origin=origin,
            at=each.at,
            invoicing=_in_invoicing(each, origin, mine),
            ledger=_AWAITING if each.event in awaiting else _in_ledger(each, posted, made, parked),
        )


def _origin(told: _Told, mine: Item, theirs: Item) -> Origin:
    """The side it was done on; all but payments and reversals are invoicing's."""
    name = {"payment": "origin", "reversal": "reversal_origin"}.get(told.kind, "")
    return "ledger" if "ledger" in {mine.get(name), theirs.get(name)} else "invoicing"


def _in_invoicing(told: _Told, origin: Origin, mine: Item) -> SyncInvoicing:
    if origin == "invoicing":
        return SyncInvoicing(state="done", at=told.at)
    done = ("id" if told.kind == "payment" else "reversal_date") in mine
    return SyncInvoicing(state="done" if done else "pending", at=None)


_AWAITING = SyncLedger(
    state="pending", voucher=None, reason="It waits to be journalised.", parked_id=None, at=None
)


def _in_ledger(
    told: _Told, posted: Mapping[str, str | None], made: Mapping[str, str], parked: Mapping[str, Item]
) -> SyncLedger:
    if told.event in posted:
        voucher = posted[told.event]
        at = made.get(voucher) if voucher else None
        return SyncLedger(state="posted", voucher=voucher, reason=None, parked_id=None, at=at)
    kind = "reversal" if told.kind == "reversal" else told.event.split("/")[0]
    unreadable = f"{kind}.{told.identifier}.unreadable"
    for parked_id in (told.event.replace("/", "."), unreadable):
        if item := parked.get(parked_id):
            return SyncLedger(
                state="parked",
                voucher=None,
                reason=item["detail"],
                parked_id=parked_id,
                at=item["parked_at"],
            )
    return SyncLedger(state="pending", voucher=None, reason=None, parked_id=None, at=None)
