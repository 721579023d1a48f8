"""Invoicing's stream into the ledger.

Each company's changes are folded into as few transactions as fit. An event that the books refuse (a
closed period, say) is parked with its reason, and so is one that cannot be understood at all; the others
go on. What fails for a passing reason is sent again by the stream.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from samklang.invoicing.events import CustomerChanged, InvoiceIssued
from samklang.ledger import customers
from samklang.ledger.journal import Journal
from samklang.ledger.model.parked import ParkedEvent, ParkedPage, RetryAllResult, RetryResult
from samklang.ledger.store import parked as store
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
    was_parked: ParkedEvent | None = None
    """As what it is parked when it is tried again."""

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
        return self.event.payment_id if isinstance(self.event, PaymentRegistered | PaymentReversed) else None

    @property
    def customer_id(self) -> str | None:
        """The customer whose credit changes."""
        match self.event:
            case PaymentRegistered() | PaymentReversed() as event if event.credit_change:
                return event.customer_id
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
    operations = 5 + len(event.invoices) + isinstance(event, PaymentReversed)
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
        if not journal.has_room(entry.operations + journal.to_release(entry.invoices)):
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
    customers_ = {entry.customer_id for entry in entries if entry.customer_id}
    return Journal(company_id, invoices, payments, parked, customers_)


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
    before = entry.was_parked
    if before and (before.code, before.detail) == (problem.code, problem.detail):
        logger.info("still parked", event=entry.event_id, code=problem.code)
        return before
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
        parked_at=entry.was_parked.parked_at if entry.was_parked else clock.timestamp(),
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


# ---------------------------------------------------------------- what is parked


def parked(at: CompanyAccess, limit: int, cursor: str | None) -> ParkedPage:
    """A page of events that could not be posted, each with its reason."""
    return store.parked(at.company_id, limit, cursor)


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
    journal, posted, parked = _try_again(at.company_id, _in_causal_order(related))
    transaction = _written(journal)
    try:
        return idempotency.commit(transaction, at.user, RetryResult(posted=posted, parked=parked))
    except ConditionFailed as failure:
        raise Contention(str(failure)) from failure


def _try_again(company_id: str, entries: Sequence[_Entry]) -> tuple[Journal, list[str], list[ParkedEvent]]:
    """A journal with as many of the first entries as fit; those that it posts, and those still refused."""
    journal = _open(company_id, entries)
    posted, parked = [], []
    for entry in entries:
        if not journal.has_room(entry.operations + journal.to_release(entry.invoices)):
            break
        still = _post_or_park(journal, entry)
        if still:
            parked.append(still)
        else:
            posted.append(entry.event_id)
    return journal, posted, parked


def _written(journal: Journal) -> Transaction:
    transaction = Transaction()
    if not journal.empty:
        journal.write(transaction)
    return transaction


def _in_causal_order(items: Iterable[Item]) -> list[_Entry]:
    return sorted(map(_parked_entry, items), key=lambda entry: entry.causal_order)


_AT_A_TIME = 40
"""Parked events that are read for one transaction."""

_SECONDS = 15
"""How long a retry of all goes on before it says what is left."""

_SHOWN = 100
"""Events still parked that an answer names."""

_MOST_POSTED = 2000
"""Posted events that an answer names: with their ids it must fit in one item under its Idempotency-Key."""


def retry_all(at: CompanyAccess) -> RetryAllResult:
    """Post all parked events whose cause is mended, what must come first first, a transaction at a time.

    What was posted stays so whatever happens next, and is no longer parked: the same request again goes on
    with the rest. The answer is kept under its Idempotency-Key when nothing is left.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``busy``.
    """
    at.require_bureau("retry parked events")
    at.require_active()
    idempotency.replay_if_done(at.user)
    entries = _in_causal_order(store.parked_items(at.company_id))
    until = time.monotonic() + _SECONDS
    posted: list[str] = []
    parked: list[ParkedEvent] = []
    while entries and time.monotonic() < until and len(posted) < _MOST_POSTED:
        now, still = retrying(lambda some=entries[:_AT_A_TIME]: _post_again(at.company_id, some))  # type: ignore[misc]
        posted, parked, entries = posted + now, parked + still, entries[len(now) + len(still) :]
    result = RetryAllResult(
        posted=posted, parked=parked[:_SHOWN], still_parked=len(parked), left=len(entries)
    )
    return result if entries else idempotency.commit(Transaction(), at.user, result)


def _post_again(company_id: str, entries: Sequence[_Entry]) -> tuple[list[str], list[ParkedEvent]]:
    journal, posted, parked = _try_again(company_id, entries)
    _written(journal).commit_unchanged()
    return posted, parked


def _parked_entry(item: Item) -> _Entry:
    change: dict[str, Any] = store.parked_change(item)
    return replace(_entry(change["kind"], change["image"]), was_parked=store.read_parked(item))
