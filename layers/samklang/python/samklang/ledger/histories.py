"""What has happened to invoices and customers' credit, event by event, as each of the two books tells it.

Read only when the books' sums differ, to name the event after which they do. Invoicing's side is the issue
of each invoice, the credit notes set off against it, and payments with their reversals; the ledger's is
the entries of its open items, and its payments for what they did to customers' credit.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from samklang.invoicing import service as invoicing
from samklang.ledger.store import loading
from samklang.ledger.store import payments as kept_payments
from samklang.payments import history
from samklang.payments.events import PaymentRegistered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.dynamo import Item

Effects = dict[str, dict[str, int]]
"""Event to what it changed (an invoice's id, a customer's for credit) to by how many öre."""

_ORDER = ("issued", "registered", "reversed")
"""What comes first of events of the same moment."""


class Moment(NamedTuple):
    """When an event happened; among events of the same millisecond causes come before effects."""

    at: str
    order: int
    event: str


class Change(NamedTuple):
    """What an event changed, and by how many öre in each book."""

    moment: Moment
    changed: str
    invoicing: int
    ledger: int

    @property
    def event(self) -> str:
        """The event."""
        return self.moment.event


@dataclass(slots=True)
class Histories:
    """Both books' histories of some invoices and of some customers' credit."""

    invoicing: Effects = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    ledger: Effects = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    times: dict[str, str] = field(default_factory=dict)
    images: dict[str, Item] = field(default_factory=dict)
    """The invoices and their credit notes, as invoicing keeps them."""
    receivables: dict[str, Receivable] = field(default_factory=dict)
    payments: dict[str, Item] = field(default_factory=dict)
    """Payments of invoicing that concern them."""
    posted: dict[str, Item] = field(default_factory=dict)
    """Payments of the ledger that concern them."""

    def moment(self, event: str) -> Moment:
        """When an event happened."""
        return Moment(self.times[event], _ORDER.index(event.rpartition("/")[2]), event)

    def changes(self) -> list[Change]:
        """Everything every event changed, in the order of time."""
        found = []
        for event in self.invoicing.keys() | self.ledger.keys():
            here, there = self.invoicing.get(event, {}), self.ledger.get(event, {})
            found += [
                Change(self.moment(event), changed, here.get(changed, 0), there.get(changed, 0))
                for changed in here.keys() | there.keys()
            ]
        return sorted(found)

    def differing(self) -> list[Change]:
        """What did not change by the same in both books, in the order of time."""
        return [each for each in self.changes() if each.invoicing != each.ledger]

    def touched(self) -> tuple[set[str], set[str]]:
        """All invoices, and the customers whose credit, that differing events have changed."""
        invoices, customers = set[str](), set[str]()
        for each in self.differing():
            kind, identifier, _ = each.event.split("/")
            if kind == "invoice":
                original = json.loads(self.images.get(identifier, {}).get("original", "{}"))
                invoices |= {identifier, original.get("invoice_id", identifier)}
            elif item := self.payments.get(identifier) or self.posted.get(identifier):
                payment = PaymentRegistered.from_image(item)
                invoices |= set(payment.invoices)
                customers |= {payment.customer_id} if payment.credit else set()
        return invoices, customers

    def number(self, invoice_id: str) -> int | None:
        """An invoice's number, if it is one of these."""
        if invoice_id in self.images:
            return int(self.images[invoice_id]["number"])
        return self.receivables[invoice_id].number if invoice_id in self.receivables else None


def read(company_id: str, invoice_ids: Iterable[str], customer_ids: Iterable[str]) -> Histories:
    """The histories of some invoices and of some customers' credit.

    With them those of all else that an event which differs has changed: there the books may differ since an
    earlier event and yet come to the same. Reads the invoices with their credit notes and open items, and
    payments from the oldest of the invoices on, since none can be older than what it pays; of credit all
    payments of both books.
    """
    wanted, customers = set(invoice_ids), set(customer_ids)
    while True:
        found = _read(company_id, wanted, customers)
        invoices, more = found.touched()
        if invoices <= wanted and more <= customers:
            return found
        wanted, customers = wanted | invoices, customers | more


def _read(company_id: str, wanted: set[str], customers: set[str]) -> Histories:
    found = Histories()
    _read_invoices(found, company_id, wanted)
    oldest = "" if customers else min((_made(each) for each in wanted), default="~")
    for item in history.since(company_id, f"pay_{oldest}"):
        if _tell_payment(found.invoicing, found.times, item, wanted, customers):
            found.payments[item["id"]] = item
    for item in kept_payments.every_payment(company_id) if customers else ():
        if _tell_payment(found.ledger, found.times, item, set(), customers):
            found.posted[item["id"]] = item
    _read_open_items(found, company_id, wanted)
    return found


def issued_at(image: Item) -> str:
    """When an invoice was issued; of one issued before that was kept, the beginning of its date."""
    return str(image.get("issued_at") or f"{image['invoice_date']}T00:00:00.000Z")


def _made(identifier: str) -> str:
    """The part of an id that tells when it was made."""
    return identifier.partition("_")[2][:9]


def _read_invoices(found: Histories, company_id: str, wanted: set[str]) -> None:
    # What is a draft still, or again nothing, has no history in the books.
    images = {
        each: image
        for each, image in invoicing.images_by_id(company_id, wanted).items()
        if image["state"] == "issued"
    }
    notes = {
        note_id for image in images.values() for note_id, *_ in json.loads(image.get("credit_notes", "[]"))
    }
    found.images = images | invoicing.images_by_id(company_id, notes - images.keys())
    for invoice_id, image in found.images.items():
        event = f"invoice/{invoice_id}/issued"
        found.times[event] = issued_at(image)
        original = json.loads(image["original"]) if "original" in image else {"settled": 0}
        if invoice_id in wanted:
            found.invoicing[event][invoice_id] += image["total"] + original["settled"]
        if original["settled"] and original["invoice_id"] in wanted:
            found.invoicing[event][original["invoice_id"]] -= original["settled"]


def _tell_payment(
    effects: Effects, times: dict[str, str], item: Item, wanted: set[str], customers: set[str]
) -> bool:
    """Enter what a payment and its reversal did to what is wanted; whether they did anything."""
    payment = PaymentRegistered.from_image(item)
    done = [(each.invoice_id, -each.amount) for each in payment.allocations if each.invoice_id in wanted]
    if payment.credit and payment.customer_id in customers:
        done.append((payment.customer_id, payment.credit))
    registered, taken_back = payment.event_id, f"payment/{payment.payment_id}/reversed"
    for changed, amount in done:
        effects[registered][changed] += amount
        times[registered] = payment.registered_at
        if "reversal_date" in item:
            effects[taken_back][changed] -= amount
            times[taken_back] = item["reversed_at"]
    return bool(done)


def _read_open_items(found: Histories, company_id: str, wanted: set[str]) -> None:
    loaded = loading.load(company_id, wanted)
    found.receivables = loaded.receivables
    entries = [
        (each.invoice_id, entry)
        for each in loaded.receivables.values()
        for entry in each.entries
        if entry.amount  # a year-end entry changes nothing of what remains
    ]
    missing = {entry.cause.split("/")[1] for _, entry in entries if entry.cause.startswith("payment/")}
    found.posted |= loading.load(company_id, (), missing - found.posted.keys()).payments
    for receivable in loaded.receivables.values():
        event = f"invoice/{receivable.invoice_id}/issued"
        found.ledger[event][receivable.invoice_id] += receivable.total
        found.times.setdefault(event, f"{receivable.invoice_date}T00:00:00.000Z")
    for invoice_id, entry in entries:
        found.ledger[entry.cause][invoice_id] += entry.amount
        _, identifier, what = entry.cause.split("/")
        item = found.posted.get(identifier, {})
        told = item.get("registered_at" if what == "registered" else "reversed_at")
        found.times.setdefault(entry.cause, told or f"{entry.date}T00:00:00.000Z")
