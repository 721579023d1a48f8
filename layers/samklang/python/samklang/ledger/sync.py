"""Invoicing's stream into the ledger.

Each company's changes are folded into as few transactions as fit. An event that the books refuse (a
closed period, say) is parked with its reason, and so is one that cannot be understood at all; the others
go on. What fails for a passing reason is sent again by the stream.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from samklang.invoicing.events import CustomerChanged, InvoiceIssued
from samklang.ledger import customers, store
from samklang.ledger.journal import Journal
from samklang.ledger.model import ParkedEvent, RetryResult
from samklang.payments.events import PaymentRegistered, PaymentReversed
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Item, Transaction, retrying
from samklang.platform.logs import logger, metrics
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from samklang.platform.access import CompanyAccess
    from samklang.platform.streams import Change

_Event = CustomerChanged | InvoiceIssued | PaymentRegistered | PaymentReversed
_READERS: dict[str, Callable[[Item], _Event]] = {
    "customer": customers.read,
    "invoice": InvoiceIssued.from_image,
    "payment": PaymentRegistered.from_image,
    "reversal": PaymentReversed.from_image,
}

_CAUSAL_ORDER = ("customer", "invoice", "payment", "reversal")
"""What must be posted before what."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An event, or what could not be read as one, with the image to try again from."""

    kind: str
    image: Item
    event: _Event | None
    event_id: str
    invoices: tuple[str, ...] = ()
    operations: int = 2

    @property
    def parked_id(self) -> str:
        """Under what it is parked, if the books refuse it."""
        return self.event_id.replace("/", ".")

    @property
    def parked_ids(self) -> set[str]:
        """Under what it may have been parked before: as itself, or when it could not be read."""
        return {self.parked_id, _unreadable_id(self.kind, self.image).replace("/", ".")}

    @property
    def request_id(self) -> str | None:
        """The request that caused it, for the logs of everything that follows."""
        match self.event:
            case None | CustomerChanged():
                return self.image.get("request_id")
            case event:
                return event.request_id

    @property
    def change(self) -> dict[str, Any]:
        """What it was made from, to be kept while it is parked.

        Without what the books do not read: rows alone can be most of the 400 KB that an item holds.
        """
        image = {name: value for name, value in self.image.items() if name not in {"rows", "buyer"}}
        return {"kind": self.kind, "image": image}

    @property
    def causal_order(self) -> tuple[int, int]:
        """Where it stands among events about the same invoice.

        A credit note is an invoice too, with a higher number than the one it credits.
        """
        number = self.event.number if isinstance(self.event, InvoiceIssued) else 0
        return _CAUSAL_ORDER.index(self.kind), number

    @property
    def payment_id(self) -> str | None:
        """The payment to read before posting."""
        match self.event:
            case PaymentRegistered(payment_id=payment_id):
                return payment_id
            case PaymentReversed(payment=payment):
                return payment.payment_id
            case _:
                return None


def _entry(kind: str, image: Item) -> _Entry:
    try:
        event = _READERS[kind](image)
    except (KeyError, ValueError, TypeError):
        # A poison record: it will never be readable, so it must neither stop the others nor be lost.
        logger.exception("unreadable change", kind=kind)
        metrics.add_metric("Unreadable", MetricUnit.Count, 1)
        return _Entry(kind, image, None, _unreadable_id(kind, image))
    if isinstance(event, CustomerChanged):
        return _Entry(kind, image, event, f"customer/{event.customer_id}/changed")
    operations = 4 + len(event.invoices)
    return _Entry(kind, image, event, event.event_id, event.invoices, operations)


def _unreadable_id(kind: str, image: Item) -> str:
    return f"{kind}/{_name(image)}/unreadable"


def _name(image: Item) -> str:
    """The item's id, or what else tells it from others if that is what is wrong with it."""
    name = str(image.get("id"))
    if re.fullmatch(r"[a-z]+_[0-9a-z]+", name):
        return name
    return sha256(str(image.get("sk")).encode()).hexdigest()


def _kind(change: Change) -> str:
    assert change.after is not None  # the template's filter lets only these through
    if change.after["kind"] == "payment" and change.name == "MODIFY":
        return "reversal"
    return str(change.after["kind"])


def post_changes(company_id: str, changes: Sequence[Change]) -> None:
    """Post a company's changes, in order, each exactly once.

    Raises:
        ClientError: AWS could not do it now; send them again.
        Problem: ``busy`` after long contention; send them again.
    """
    return post_images(company_id, [(_kind(change), change.after) for change in changes if change.after])


def post_images(company_id: str, images: Iterable[tuple[str, Item]]) -> None:
    """Post what items tell, in order, each exactly once: (kind of event, the item).

    Customers go first and beside the books, which may not be open yet when a client begins its register.

    Raises:
        ClientError, Problem: as :func:`post_changes`.
    """
    told = list(images)
    unreadable = customers.keep_all(company_id, [image for kind, image in told if kind == "customer"])
    for image in unreadable:
        _park_beside(company_id, _entry("customer", image))
    left = [_entry(kind, image) for kind, image in told if kind != "customer"]
    while left:
        left = left[retrying(lambda entries=left: _post_some(company_id, entries)) :]  # type: ignore[misc]


def _post_some(company_id: str, entries: list[_Entry]) -> int:
    """Post as many of the first entries as fit in one transaction; how many that was."""
    journal = _open(company_id, entries)
    done = 0
    for entry in entries:
        if not journal.has_room(entry.operations):
            break
        _post_or_park(journal, entry)
        done += 1
    if not journal.empty:
        transaction = Transaction()
        journal.write(transaction)
        transaction.commit_unchanged()
    return done


def _open(company_id: str, entries: Sequence[_Entry]) -> Journal:
    invoices = {invoice for entry in entries for invoice in entry.invoices}
    payments = {entry.payment_id for entry in entries if entry.payment_id}
    parked = {parked_id for entry in entries for parked_id in entry.parked_ids}
    return Journal(company_id, invoices, payments, parked)


def _post_or_park(journal: Journal, entry: _Entry) -> ParkedEvent | None:
    """Apply an entry to the journal; what the books refuse is parked."""
    logger.append_keys(correlation_id=entry.request_id)
    try:
        outcome = _apply(journal, entry)
    except (KeyError, TypeError, ValueError):
        # Poison again, of a kind that shows first in the books. The journal is untouched by what it refused.
        logger.exception("change that cannot be posted", event=entry.event_id)
        metrics.add_metric("Unreadable", MetricUnit.Count, 1)
        return _park(journal, entry, _unreadable())
    except Problem as problem:
        return _park(journal, entry, problem)
    logger.info("posted" if outcome == "posted" else "was posted before", event=entry.event_id)
    metrics.add_metric("Posted", MetricUnit.Count, int(outcome == "posted"))
    journal.unpark(entry.parked_ids)
    return None


def _park(journal: Journal, entry: _Entry, problem: Problem) -> ParkedEvent:
    parked = _parked_event(entry, problem)
    journal.park(parked, entry.change, entry.request_id)
    return parked


def _park_beside(company_id: str, entry: _Entry) -> None:
    """Park what could not be read and is no affair of the books: nothing was read of them."""
    transaction = Transaction()
    parked = _parked_event(entry, _unreadable())
    store.put_parked(transaction, company_id, parked, entry.change, entry.request_id)
    retrying(transaction.commit)


def _parked_event(entry: _Entry, problem: Problem) -> ParkedEvent:
    logger.warning("parked", event=entry.event_id, code=problem.code)
    metrics.add_metric("Parked", MetricUnit.Count, 1)
    return ParkedEvent(
        parked_id=entry.parked_id,
        event=entry.event_id,
        code=problem.code,
        detail=problem.detail,
        invoices=list(entry.invoices),
        parked_at=clock.timestamp(),
    )


def _unreadable() -> Problem:
    return Problem(
        "internal", "The change could not be read. Support has been told; retry when it is mended."
    )


def _apply(journal: Journal, entry: _Entry) -> str:
    match entry.event:
        case CustomerChanged():
            return "posted" if customers.keep(journal.company_id, entry.event) else "already"
        case InvoiceIssued():
            return journal.issue(entry.event)
        case PaymentRegistered():
            return journal.pay(entry.event, "invoicing")
        case PaymentReversed():
            return journal.reverse(entry.event, "invoicing")
        case None:
            raise _unreadable()


# ---------------------------------------------------------------- retry


def retry(at: CompanyAccess, parked_id: str) -> RetryResult:
    """Post a parked event now that its cause is mended, and after it those that waited for its invoices.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``, ``busy``.
    """
    at.require_bureau("retry parked events")
    at.require_active()
    return retrying(lambda: _retry_once(at, parked_id))


def _retry_once(at: CompanyAccess, parked_id: str) -> RetryResult:
    items = store.parked_items(at.company_id)
    chosen = next((item for item in items if item["parked_id"] == parked_id), None)
    if chosen is None:
        raise Problem("not-found", "There is no such parked event; perhaps it was posted meanwhile.")
    concerned = set(chosen["invoices"])
    related = [item for item in items if item is chosen or concerned & set(item["invoices"])]
    entries = sorted(map(_parked_entry, related), key=lambda entry: entry.causal_order)
    journal = _open(at.company_id, entries)
    posted, parked = [], []
    for entry in entries:
        if not journal.has_room(entry.operations):
            break
        still = _post_or_park(journal, entry)
        if still:
            parked.append(still)
        else:
            posted.append(entry.event_id)
    transaction = Transaction()
    journal.write(transaction)
    try:
        return idempotency.commit(transaction, at.user, RetryResult(posted=posted, parked=parked))
    except ConditionFailed as failure:
        raise Contention(str(failure)) from failure


def _parked_entry(item: Item) -> _Entry:
    change: dict[str, Any] = store.parked_change(item)
    return _entry(change["kind"], change["image"])
