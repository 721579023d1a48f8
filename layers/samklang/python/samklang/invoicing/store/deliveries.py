"""Sendings of invoices to customers.

| sk under COMPANY#id | what |
|---|---|
| DELIVERY#invoice id#delivery id | one sending, and how it went |

Whoever gives an e-mail to SES claims the sending first: ``claimed_at`` says since when, ``tries`` how many
claims ended without anybody knowing how.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from samklang.invoicing.model.invoices import DeliveryState
from samklang.invoicing.model.sending import Delivery, DeliveryPage
from samklang.invoicing.store import invoices
from samklang.invoicing.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.dynamo import MISSING, Transaction
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from samklang.platform.dynamo import Item

_FIELDS = frozenset(Delivery.model_fields)


class Pending(NamedTuple):
    """A sending, and who has it in hand."""

    delivery: Delivery
    claimed_at: str | None
    tries: int


# ---------------------------------------------------------------- write


def put(transaction: Transaction, company_id: str, delivery: Delivery, request_id: str) -> None:
    """A new sending."""
    item = {
        "pk": company_key(company_id),
        "sk": _key(delivery.invoice_id, delivery.delivery_id),
        "kind": "delivery",
        **delivery.model_dump(),
        "request_id": request_id,
    }
    transaction.put("delivery", table(), item)


MAILS_A_DAY = 500
"""E-mails of one company: more than a small firm sends, too few to spoil everybody's good name with SES."""


def count(transaction: Transaction, company_id: str, day: date, number: int = 1) -> None:
    """Count e-mails of a day.

    Raises:
        Problem: ``too-many-mails`` when the day's are used up.
    """
    key = (company_key(company_id), f"MAILS#{day}")
    item = dynamo.get(table(), *key)
    sent = item["sent"] if item else 0
    if sent + number > MAILS_A_DAY:
        detail = f"{sent} of {MAILS_A_DAY} e-mails are sent today. Go on tomorrow, or print."
        raise Problem("too-many-mails", detail)
    expect = {"sent": sent if item else MISSING}
    transaction.update("mails", table(), key, put={"kind": "mails", "sent": sent + number}, expect=expect)


def show(transaction: Transaction, company_id: str, delivery: Delivery, sent_at: str | None) -> None:
    """Show a new sending on its invoice, in place of what is shown there."""
    shown = _shown(company_id, delivery.invoice_id)
    invoices.show_delivery(transaction, company_id, delivery.invoice_id, delivery.state, sent_at, shown)


def change(company_id: str, before: Delivery, after: Delivery, sent_at: str | None) -> None:
    """What has become of a sending; its invoice shows it, unless it shows a newer one.

    Raises:
        Contention: somebody has changed one of them meanwhile.
    """
    transaction = Transaction()
    values = after.model_dump(include={"status", "at", "reason", "diagnostic", "message_id"})
    transaction.update(
        "delivery",
        table(),
        (company_key(company_id), _key(before.invoice_id, before.delivery_id)),
        put=values,
        remove=["claimed_at"],
        expect={"status": before.status},
    )
    shown = _shown(company_id, before.invoice_id)
    if shown and DeliveryState.model_validate_json(shown).delivery_id == before.delivery_id:
        invoices.show_delivery(transaction, company_id, after.invoice_id, after.state, sent_at, shown)
    transaction.commit_unchanged()


def claim(company_id: str, pending: Pending, now: str) -> None:
    """Take a queued sending in hand, if it is as it was read.

    Raises:
        Contention: somebody else has.
    """
    transaction = Transaction()
    transaction.update(
        "delivery",
        table(),
        (company_key(company_id), _key(pending.delivery.invoice_id, pending.delivery.delivery_id)),
        put={"claimed_at": now},
        add={"tries": 1},
        expect={"status": "queued", "claimed_at": pending.claimed_at or MISSING},
    )
    transaction.commit_unchanged()


def release(company_id: str, delivery: Delivery, claimed_at: str) -> None:
    """Give a claim back that has led to nothing, as if it had not been.

    Raises:
        Contention: it is no longer ours.
    """
    transaction = Transaction()
    transaction.update(
        "delivery",
        table(),
        (company_key(company_id), _key(delivery.invoice_id, delivery.delivery_id)),
        add={"tries": -1},
        remove=["claimed_at"],
        expect={"claimed_at": claimed_at},
    )
    transaction.commit_unchanged()


# ---------------------------------------------------------------- read


def pending(company_id: str, invoice_id: str, delivery_id: str) -> Pending | None:
    """One sending, and who has it in hand."""
    item = dynamo.get(table(), company_key(company_id), _key(invoice_id, delivery_id))
    return Pending(_read(item), item.get("claimed_at"), item.get("tries", 0)) if item else None


def page(company_id: str, invoice_id: str, limit: int, cursor: str | None) -> DeliveryPage:
    """Some sendings of an invoice, newest first."""
    prefix = _key(invoice_id, "")
    found = dynamo.query(
        table(), company_key(company_id), prefix, limit=limit, cursor=cursor, descending=True
    )
    return DeliveryPage(items=[_read(item) for item in found.items], next=found.next)


def queued(company_id: str) -> Iterator[Delivery]:
    """Every e-mail of a company that nobody has sent yet."""
    read = functools.partial(dynamo.query, table(), company_key(company_id), "DELIVERY#")
    for item in dynamo.every(lambda cursor: read(cursor=cursor)):
        if item["status"] == "queued":
            yield _read(item)


def _key(invoice_id: str, delivery_id: str) -> str:
    return f"DELIVERY#{invoice_id}#{delivery_id}"


def _read(item: Item) -> Delivery:
    return Delivery.model_validate(
        {"to": None, "message": None} | {name: value for name, value in item.items() if name in _FIELDS}
    )


def _shown(company_id: str, invoice_id: str) -> str | None:
    """Which sending an invoice shows, as it is kept there."""
    return invoices.items_by_id(company_id, [invoice_id])[invoice_id].get("delivery")
