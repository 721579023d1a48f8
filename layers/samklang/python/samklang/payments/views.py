"""Payments as both parties see them in the same second: read from both books, each once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from samklang.invoicing.model.invoices import LedgerState, VoucherReference
from samklang.ledger import service as ledger
from samklang.payments.events import PaymentRegistered, payment_values
from samklang.payments.model.payments import (
    Allocation,
    Payment,
    PaymentPage,
    Reversal,
)
from samklang.payments.store import payments as store
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.payments.model.payments import Origin
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item


def registered_view(event: PaymentRegistered, side: Origin) -> Payment:
    """A payment as it is right after it was registered on a side."""
    item = payment_values(event) | {"id": event.payment_id, "origin": side}
    item = {name: value for name, value in item.items() if value is not None}
    return view(item, None, {}) if side == "invoicing" else view(None, item, {})


def view(here: Item | None, there: Item | None, parked: Mapping[str, str]) -> Payment:
    """A payment as both sides see it, from invoicing's item and the ledger's, and what is parked and why."""
    item = here or there
    assert item is not None  # callers have at least one
    event = PaymentRegistered.from_image(item)
    reversed_item = next((each for each in (here, there) if each and "reversal_date" in each), None)
    return Payment(
        payment_id=event.payment_id,
        payment_date=event.payment_date,
        amount=event.amount,
        method=event.method,
        allocations=[
            Allocation(invoice_id=invoice_id, invoice_number=number, amount=amount)
            for invoice_id, number, amount in event.allocations
        ],
        customer_id=event.customer_id,
        customer_name=event.customer_name,
        fee=event.fee,
        difference=event.difference,
        credit=event.credit,
        loss=event.loss,
        text=event.text,
        origin=item["origin"],
        bank_payment_id=event.bank_payment_id,
        reversal=_reversal(reversed_item) if reversed_item else None,
        sync=_sync(here, there),
        ledger=_ledger_state(event.payment_id, there, parked),
    )


def _reversal(item: Item) -> Reversal:
    return Reversal(date=item["reversal_date"], origin=item["reversal_origin"])


def _sync(here: Item | None, there: Item | None) -> Literal["pending", "synchronised"]:
    if here is None or there is None:
        return "pending"
    return "synchronised" if ("reversal_date" in here) == ("reversal_date" in there) else "pending"


def _ledger_state(payment_id: str, there: Item | None, parked: Mapping[str, str]) -> LedgerState:
    voucher = voucher_reference(there["voucher_id"]) if there and "voucher_id" in there else None
    # By the cash method a bad debt posts nothing.
    posted = voucher or (there is not None and there["method"] == "bad_debt")
    for event in ("registered", "reversed"):
        if reason := parked.get(f"payment/{payment_id}/{event}"):
            return LedgerState(status="parked", reason=reason, voucher=voucher)
    return LedgerState(status="posted" if posted else "pending", voucher=voucher)


def _is_behind(here: Item | None, there: Item | None) -> bool:
    """Whether the ledger lacks what invoicing has of a payment: then it may be parked there."""
    return there is None or (here is not None and "reversal_date" in here and "reversal_date" not in there)


def voucher_reference(voucher_id: str) -> VoucherReference:
    """A reference from a voucher's id, ``2026-11-23.K.42``."""
    day, series, number = voucher_id.split(".")
    return VoucherReference.model_validate(
        {"voucher_id": voucher_id, "series": series, "number": int(number), "date": day}
    )


def get_payment(at: CompanyAccess, payment_id: str) -> Payment:
    """One payment.

    Raises:
        Problem: ``not-found``.
    """
    here, there = store.payment(at.company_id, payment_id), ledger.payment(at.company_id, payment_id)
    if not (here or there):
        raise Problem("not-found", "There is no such payment.")
    return view(here, there, ledger.parked_reasons(at.company_id) if _is_behind(here, there) else {})


_LAST = "~"
"""Above every payment id."""

_PAYMENT_ID = re.compile(r"pay_[0-9a-z]{20}", re.ASCII)


def payments(at: CompanyAccess, limit: int, cursor: str | None) -> PaymentPage:
    """A page of payments, newest first: those of both books, each once.

    Both books are read, so that both parties see a payment in the same second, marked ``pending`` until
    the other side has it.
    """
    before = read_cursor(cursor, _PAYMENT_ID) if cursor else _LAST
    here = {item["id"]: item for item in store.payments_before(at.company_id, before, limit + 1)}
    there = {item["id"]: item for item in ledger.payments_before(at.company_id, before, limit + 1)}
    newest = sorted(here.keys() | there.keys(), reverse=True)
    shown = newest[:limit]
    behind = any(_is_behind(here.get(each), there.get(each)) for each in shown)
    parked = ledger.parked_reasons(at.company_id) if behind else {}
    items = [view(here.get(each), there.get(each), parked) for each in shown]
    more = len(newest) > limit
    return PaymentPage(items=items, next=write_cursor(shown[-1]) if more else None)
