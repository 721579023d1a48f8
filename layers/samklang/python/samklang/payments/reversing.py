"""Payments taken back, whichever side registered them, on the side of today's handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.payments import customer_credit
from samklang.payments.events import PaymentRegistered, PaymentReversed, reversal_values
from samklang.payments.model.credit import Credit
from samklang.payments.registering import after_failure
from samklang.payments.store import bank_payments
from samklang.payments.store import payments as store
from samklang.payments.views import view
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Transaction, retrying
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.payments.model.bank_payments import BankPayment
    from samklang.payments.model.payments import Origin, Payment, ReverseInput
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item


def reverse(at: CompanyAccess, payment_id: str, given: ReverseInput) -> Payment:
    """Take a payment back; one that a payment file told waits for a person again.

    Raises:
        Problem: ``not-active``, ``not-handler``, ``handler-changed``, ``not-found``, ``already-reversed``,
            ``credit-used``, ``not-synchronised`` while the handler's side does not have the payment yet,
            ``busy``; on the bureau's side also ``closed-period`` and ``outside-fiscal-year``.
    """
    return retrying(lambda: _reverse_once(at, payment_id, given.date or clock.today()))


def _reverse_once(at: CompanyAccess, payment_id: str, day: date) -> Payment:
    transaction = Transaction()
    payment, _ = add_reversal(transaction, at, payment_id, day)
    try:
        return idempotency.commit(transaction, at.user, payment)
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


def add_reversal(
    transaction: Transaction, at: CompanyAccess, payment_id: str, day: date
) -> tuple[Payment, BankPayment | None]:
    """Add to a transaction all that taking a payment back writes.

    Returns:
        The payment as it will be, and so the one of a file that it was registered from.

    Raises:
        Problem: see :func:`reverse`.
    """
    collaboration.require_handler(transaction, at)
    here, there = store.payment(at.company_id, payment_id), ledger.payment(at.company_id, payment_id)
    event = _event(at, day, here, there)
    if at.party == "bureau":
        assert there is not None  # it is what was read
        journal = ledger.open_journal(
            at.company_id, event.invoices, [payment_id], [event.customer_id] if event.credit_change else ()
        )
        _check_credit(event, journal.credits.get(event.customer_id, Credit(event.customer_id)), "ledger")
        if journal.reverse(event, "ledger") == "already":
            raise _already()
        journal.write(transaction)
        there = there | reversal_values(event, "ledger")
    else:
        assert here is not None
        _check_credit(event, customer_credit.in_invoicing(at.company_id, event.customer_id), "invoicing")
        write_in_invoicing(transaction, event, +1, "invoicing")
        values = reversal_values(event, "invoicing")
        store.reverse_payment(transaction, at.company_id, payment_id, values)
        here = here | values
    return view(here, there, {}), _let_wait_again(transaction, event)


def _event(at: CompanyAccess, day: date, here: Item | None, there: Item | None) -> PaymentReversed:
    if not (here or there):
        raise Problem("not-found", "There is no such payment.")
    if "reversal_date" in (here or {}) or "reversal_date" in (there or {}):
        raise _already()
    own = there if at.party == "bureau" else here
    if own is None:
        raise Problem(
            "not-synchronised",
            "The payment is on its way from the other side. Try again soon; if it is parked in the ledger, "
            "post it first.",
        )
    payment = PaymentRegistered.from_image(own)
    if payment.is_loss:
        raise Problem(
            "written-off",
            "It is a bad debt and no payment: the bureau takes it back, or enters money that has come, under "
            "ledger/bad-debts.",
        )
    if day < payment.payment_date:
        raise Problem(
            "validation", f"The payment came on {payment.payment_date}; take it back then or later."
        )
    if day > clock.today():
        raise Problem("validation", "Take it back when it has happened: the date is after today.")
    return PaymentReversed(payment, day, clock.timestamp(), at.user.request_id)


def _already() -> Problem:
    return Problem("already-reversed", "The payment is already taken back.")


def _check_credit(event: PaymentReversed, own: Credit, side: Origin) -> None:
    """Refuse to take back a payment whose credit has paid other things since, on either side.

    Raises:
        Problem: ``credit-used``, ``not-synchronised``.
    """
    if event.credit_change >= 0:
        return
    customer_credit.require_no_news(event.company_id, own, side)
    if own.balance + event.credit_change < 0:
        raise Problem(
            "credit-used",
            "What it added to the customer's credit is used. Take back first the payments that used it.",
        )


def write_in_invoicing(
    transaction: Transaction, event: PaymentRegistered | PaymentReversed, sign: int, origin: Origin
) -> None:
    """Take a payment off its invoices and change the customer's credit in invoicing, or (+1) put it back."""
    payment = event if isinstance(event, PaymentRegistered) else event.payment
    invoices = invoicing.invoices_by_id(payment.company_id, payment.invoices)
    for invoice_id, _, amount in payment.allocations:
        change, invoice = sign * amount, invoices[invoice_id]
        invoicing.change_remaining(
            transaction, payment.company_id, invoice, change, written_off=payment.is_loss
        )
    if event.credit_change:
        credit = customer_credit.in_invoicing(payment.company_id, payment.customer_id)
        store.put_credit(transaction, payment.company_id, credit.changed(event.credit_change, origin))


def _let_wait_again(transaction: Transaction, event: PaymentReversed) -> BankPayment | None:
    """Put the payment of a file back among those that wait: its money came, and may be for something else."""
    payment = event.payment
    if payment.bank_payment_id is None:
        return None
    told = bank_payments.get(payment.company_id, payment.bank_payment_id)
    assert told is not None  # it was registered from it, and is never removed
    again = told.model_copy(
        update={
            "status": "waiting",
            "match": "proposed" if told.proposals else "unmatched",
            "payment_id": None,
            "remarks": [*told.remarks, f"It was registered and taken back on {event.reversal_date}."],
            "version": told.version + 1,
        }
    )
    bank_payments.put(transaction, payment.company_id, again)
    return again
