"""Payments on either side: registered by whoever handles them, visible to both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from samklang.collaboration import service as collaboration
from samklang.invoicing import service as invoicing
from samklang.invoicing.model.invoices import Invoice, LedgerState, VoucherReference
from samklang.ledger import service as ledger
from samklang.payments import store
from samklang.payments.events import PaymentRegistered, PaymentReversed, payment_values, reversal_values
from samklang.payments.model import (
    Allocation,
    Payment,
    PaymentInput,
    PaymentPage,
    Reversal,
    ReverseInput,
    check_allocations,
    check_remaining,
)
from samklang.platform import clock, idempotency
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from samklang.ledger.model import Receivable
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item

# ---------------------------------------------------------------- register


def register(at: CompanyAccess, given: PaymentInput) -> Payment:
    """Register a payment on the side of the party that handles payments.

    Raises:
        Problem: ``not-active``, ``not-handler``, ``handler-changed``, ``validation`` for an unknown invoice
            and for a credit note, ``not-issued``, ``allocation-exceeds``, ``allocations-differ``,
            ``not-synchronised``, ``busy``; on the bureau's side also ``invoice-not-posted``,
            ``closed-period`` and ``outside-fiscal-year``.
    """
    payment_id = new_id("pay")

    def attempt() -> Payment:
        transaction = Transaction()
        event = prepare(transaction, at, payment_id, given)
        payment = _new_payment(event, at)
        return _commit(transaction, at, payment)

    return retrying(attempt)


def prepare(
    transaction: Transaction,
    at: CompanyAccess,
    payment_id: str,
    given: PaymentInput,
    source: str | None = None,
) -> PaymentRegistered:
    """Add to a transaction all that registering a payment writes, on the side of its handler.

    Raises:
        Problem: see :func:`register`.
    """
    collaboration.require_handler(transaction, at)
    invoices = invoicing.invoices_by_id(at.company_id, [each.invoice_id for each in given.allocations])
    event = _event(at, payment_id, given, invoices, source)
    _require_no_news(at, event, invoices)
    if at.party == "bureau":
        ledger.post_payment(transaction, event)
    else:
        for invoice_id, number, amount in event.allocations:
            invoice = invoices[invoice_id]
            check_remaining(number, amount, invoice.remaining)
            invoicing.change_remaining(transaction, at.company_id, invoice, -amount)
        values = payment_values(event) | {"origin": "invoicing", "version": 1}
        store.put_payment(transaction, at.company_id, payment_id, values)
    return event


MAX_ENTRIES = 1000
"""Payments, reversals and credits of one invoice: its open item lists them, and an item holds 400 KB."""


def _require_no_news(at: CompanyAccess, event: PaymentRegistered, invoices: dict[str, Invoice]) -> None:
    """Refuse while the other side has taken something off these invoices that this side does not know.

    That is a payment for a moment after the payment handler was changed, and for the bureau a credit note
    that the client has just issued; without this an invoice could be paid twice. Payments and credits are
    compared, not what remains: a side's own news on its way to the other is no hindrance, and must not
    hide the other's by being as large.

    Raises:
        Problem: ``not-synchronised``.
    """
    for invoice_id, posted in ledger.posted_receivables(at.company_id, event.invoices).items():
        invoice = invoices[invoice_id]
        if len(posted.entries) >= MAX_ENTRIES:
            raise Problem(
                "validation", f"Invoice {invoice.number} has {MAX_ENTRIES} payments and credits: no more fit."
            )
        here = store.payments_by_id(at.company_id, posted.paid)
        if at.party == "client":
            news = any(amount for payment_id, amount in posted.paid.items() if payment_id not in here)
        else:
            news = invoice.paid > sum(_paid_on(item, invoice_id) for item in here.values())
            if lacks_credit(posted, invoice):
                raise Problem(
                    "not-synchronised",
                    f"A credit note of invoice {invoice.number} has not reached the ledger yet. "
                    "Try again soon; if it is parked, post it first.",
                )
        if news:
            detail = (
                f"A payment of invoice {invoice.number} is on its way from the other side. Try again soon."
            )
            raise Problem("not-synchronised", detail)


def lacks_credit(posted: Receivable, invoice: Invoice) -> bool:
    """Whether credit notes have taken more off an invoice in invoicing than in the ledger.

    What they took off is less than what they credit, if the invoice was paid by then; it is never put back,
    and only invoicing issues them, so the sums tell.
    """
    return invoice.set_off > sum(posted.credited.values())


def _paid_on(item: Item, invoice_id: str) -> int:
    """What a payment in invoicing has taken off an invoice, in öre."""
    if "reversal_date" in item:
        return 0
    allocations = PaymentRegistered.from_image(item).allocations
    return sum(amount for each, _, amount in allocations if each == invoice_id)


def _event(
    at: CompanyAccess, payment_id: str, given: PaymentInput, invoices: dict[str, Invoice], source: str | None
) -> PaymentRegistered:
    unknown = tuple(
        FieldError(f"/allocations/{index}/invoice_id", "unknown", "There is no invoice with this id.")
        for index, each in enumerate(given.allocations)
        if each.invoice_id not in invoices
    )
    if unknown:
        raise Problem("validation", "Some invoices do not exist.", unknown)
    credit_notes = tuple(
        FieldError(
            f"/allocations/{index}/invoice_id",
            "credit_note",
            f"{invoices[each.invoice_id].number} is a credit note: allocate to invoices that are to be paid.",
        )
        for index, each in enumerate(given.allocations)
        if invoices[each.invoice_id].kind == "credit_note"
    )
    if credit_notes:
        raise Problem("validation", "A payment cannot be allocated to a credit note.", credit_notes)
    allocations = []
    for each in given.allocations:
        number = invoices[each.invoice_id].number
        if number is None:
            raise Problem("not-issued", "A draft cannot be paid: issue it first.")
        allocations.append((each.invoice_id, number, each.amount))
    customers = {invoice.customer_id for invoice in invoices.values()}
    if len(customers) > 1:
        raise Problem("validation", "The invoices are of different customers: register a payment for each.")
    if given.payment_date > clock.today():
        message = "Register a payment when it has come: the date is after today."
        raise Problem("validation", message, (FieldError("/payment_date", "future", message),))
    return PaymentRegistered(
        company_id=at.company_id,
        payment_id=payment_id,
        payment_date=given.payment_date,
        amount=given.amount,
        method=given.method,
        allocations=tuple(allocations),
        customer_id=customers.pop(),
        credit=check_allocations(given.amount, sum(amount for _, _, amount in allocations)),
        text=given.text,
        source=source,
        request_id=at.user.request_id,
    )


def _new_payment(event: PaymentRegistered, at: CompanyAccess) -> Payment:
    values = payment_values(event) | {"id": event.payment_id}
    if at.party == "bureau":
        return _read(None, values | {"origin": "ledger"}, None)
    return _read(values | {"origin": "invoicing"}, None, None)


def _commit(transaction: Transaction, at: CompanyAccess, payment: Payment) -> Payment:
    try:
        return idempotency.commit(transaction, at.user, payment)
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


def after_failure(failure: ConditionFailed) -> Exception:
    """What a failed payment transaction means: the handler was changed, or somebody else wrote first."""
    if "payment_handler" in failure.labels:
        return Problem("handler-changed", "Who handles payments was changed just now. Read it and try again.")
    return Contention(str(failure))


# ---------------------------------------------------------------- reverse


def reverse(at: CompanyAccess, payment_id: str, given: ReverseInput) -> Payment:
    """Take a payment back, whichever side registered it, on the side of today's handler.

    Raises:
        Problem: ``not-active``, ``not-handler``, ``handler-changed``, ``not-found``, ``already-reversed``,
            ``not-synchronised`` while the handler's side does not have the payment yet, ``busy``; on the
            bureau's side also ``closed-period`` and ``outside-fiscal-year``.
    """
    return retrying(lambda: _reverse_once(at, payment_id, given.date or clock.today()))


def _reverse_once(at: CompanyAccess, payment_id: str, day: date) -> Payment:
    transaction = Transaction()
    collaboration.require_handler(transaction, at)
    here, there = store.payment(at.company_id, payment_id), ledger.payment(at.company_id, payment_id)
    if not (here or there):
        raise Problem("not-found", "There is no such payment.")
    if "reversal_date" in (here or {}) or "reversal_date" in (there or {}):
        raise Problem("already-reversed", "The payment is already taken back.")
    own = there if at.party == "bureau" else here
    if own is None:
        raise Problem(
            "not-synchronised", "The payment is on its way from the other side. Try again in a minute."
        )
    event = PaymentReversed(PaymentRegistered.from_image(own), day, at.user.request_id)
    if day < event.payment.payment_date:
        raise Problem(
            "validation", f"The payment came on {event.payment.payment_date}; take it back then or later."
        )
    if day > clock.today():
        raise Problem("validation", "Take it back when it has happened: the date is after today.")
    origin = "ledger" if at.party == "bureau" else "invoicing"
    values = reversal_values(day, origin, at.user.request_id)
    if at.party == "bureau":
        ledger.reverse_payment(transaction, event)
        there = own | values
    else:
        change_invoices(transaction, event.payment, +1)
        store.reverse_payment(transaction, at.company_id, payment_id, values)
        here = own | values
    return _commit(transaction, at, _read(here, there, None))


def change_invoices(transaction: Transaction, payment: PaymentRegistered, sign: int) -> None:
    """Take a payment off what remains of its invoices in invoicing (``sign`` -1), or put it back (+1)."""
    invoices = invoicing.invoices_by_id(payment.company_id, payment.invoices)
    for invoice_id, _, amount in payment.allocations:
        invoicing.change_remaining(transaction, payment.company_id, invoices[invoice_id], sign * amount)


# ---------------------------------------------------------------- read


def images(company_id: str) -> Iterator[Item]:
    """Every payment in invoicing as it is kept, oldest first: what the stream once told of them."""
    return store.items(company_id)


def _read(here: Item | None, there: Item | None, parked: str | None) -> Payment:
    """A payment as both sides see it, from invoicing's item and the ledger's."""
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
        credit=event.credit,
        text=event.text,
        origin=item["origin"],
        source=event.source,
        reversal=_reversal(reversed_item) if reversed_item else None,
        sync=_sync(here, there),
        ledger=_ledger_state(there, parked),
        version=1 if reversed_item is None else 2,
    )


def _reversal(item: Item) -> Reversal:
    return Reversal(date=item["reversal_date"], origin=item["reversal_origin"])


def _sync(here: Item | None, there: Item | None) -> Any:
    if here is None or there is None:
        return "pending"
    return "synchronised" if ("reversal_date" in here) == ("reversal_date" in there) else "pending"


def _ledger_state(there: Item | None, parked: str | None) -> LedgerState:
    if there and "voucher_id" in there:
        return LedgerState(status="posted", voucher=voucher_reference(there["voucher_id"]))
    return LedgerState(status="parked", reason=parked) if parked else LedgerState(status="pending")


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
    reasons = {} if there else ledger.parked_reasons(at.company_id)
    return _read(here, there, reasons.get(f"payment/{payment_id}/registered"))


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
    reasons = ledger.parked_reasons(at.company_id) if any(each not in there for each in shown) else {}
    items = [
        _read(here.get(each), there.get(each), reasons.get(f"payment/{each}/registered")) for each in shown
    ]
    more = len(newest) > limit
    return PaymentPage(items=items, next=write_cursor(shown[-1]) if more else None)
