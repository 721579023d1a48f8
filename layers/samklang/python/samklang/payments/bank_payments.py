"""What a person does with payments of files that wait: confirm, split, put on account, set aside, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from samklang.collaboration import service as collaboration
from samklang.formats.incoming import HOME_CURRENCY
from samklang.invoicing import service as invoicing
from samklang.payments.facts import Knowledge, payer_ids
from samklang.payments.model.payers import Payer, PayerPage
from samklang.payments.registering import Registration, after_failure
from samklang.payments.reversing import add_reversal
from samklang.payments.store import bank_payments as store
from samklang.payments.telling import as_incoming, as_proposed, read_input
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from samklang.payments.events import PaymentRegistered
    from samklang.payments.model.bank_payments import (
        BankPayment,
        BankPaymentPage,
        ConfirmInput,
        SetAsideInput,
    )
    from samklang.payments.model.payments import PaymentInput, ReverseInput
    from samklang.platform.access import CompanyAccess


def bank_payments(
    at: CompanyAccess, status: Literal["waiting"] | None, limit: int, cursor: str | None
) -> BankPaymentPage:
    """A page of the payments that files told: those that wait, oldest first, or all, newest first."""
    if status == "waiting":
        return store.waiting(at.company_id, limit, cursor)
    return store.page(at.company_id, limit, cursor)


def get(at: CompanyAccess, bank_payment_id: str) -> BankPayment:
    """One payment that a file told.

    Raises:
        Problem: ``not-found``.
    """
    told = store.get(at.company_id, bank_payment_id)
    if told is None:
        raise Problem("not-found", "There is no such payment in any payment file.")
    return told


# ---------------------------------------------------------------- confirm


def confirm(at: CompanyAccess, bank_payment_id: str, given: ConfirmInput) -> BankPayment:
    """Register a payment that waits: as proposed, or as the person says; learn who the payer is.

    Raises:
        Problem: ``not-found``, ``bank-payment-closed``, ``version-mismatch``, ``foreign-currency``,
            ``validation`` for a proposal
            that is none, and all that registering a payment may refuse (``registering.register``).
    """
    payment_id = new_id("pay")
    return retrying(lambda: _confirm_once(at, bank_payment_id, payment_id, given))


def _confirm_once(
    at: CompanyAccess, bank_payment_id: str, payment_id: str, given: ConfirmInput
) -> BankPayment:
    told = _waiting(get(at, bank_payment_id))
    if given.version not in {None, told.version}:
        raise Problem("version-mismatch", "It has changed since you looked at it. Read it and try again.")
    if told.currency != HOME_CURRENCY:
        raise Problem(
            "foreign-currency",
            f"The payment is in {told.currency}, the books are in {HOME_CURRENCY}. "
            "Write a voucher of it, and set it aside here.",
        )
    transaction = Transaction()
    collaboration.require_handler(transaction, at)
    payment = _payment(told, given)
    registration = Registration(at, [each.invoice_id for each in payment.allocations])
    event = registration.add(payment_id, payment, bank_payment_id)
    registration.write(transaction)
    learned = _learned(told, event, registration)
    known = store.payers(at.company_id, [each.payer_id for each in learned])
    for payer in learned:
        store.learn_payer(transaction, at.company_id, payer, known.get(payer.payer_id))
    registered = {"status": "registered", "payment_id": payment_id, "note": None}
    return _commit(transaction, at, told, registered)


def _waiting(told: BankPayment) -> BankPayment:
    match told.status:
        case "waiting":
            return told
        case "registered":
            what = f"It is registered as {told.payment_id}"
        case "set_aside":
            what = "It is set aside"
        case "duplicate":
            what = "Another file told of it before; if it is a payment of its own"
    raise Problem("bank-payment-closed", f"{what}: undo that first.")


def _payment(told: BankPayment, given: ConfirmInput) -> PaymentInput:
    if not given.is_own:
        place = given.proposal or 0
        if place >= len(told.proposals):
            message = f"It has {len(told.proposals)} proposals: choose another, or say where the money goes."
            raise Problem("validation", message, (FieldError("/proposal", "unknown", message),))
        payment = as_proposed(told, told.proposals[place])
        changes = {"payment_date": given.payment_date, "text": given.text}
        return payment.model_copy(update={name: each for name, each in changes.items() if each is not None})
    own = given.model_dump(mode="json", exclude={"version", "proposal", "payment_date"}, exclude_none=True)
    own |= {"payment_date": given.payment_date or told.payment_date, "amount": format_sek(told.amount)}
    return read_input(own | {"method": "bank" if told.amount else "set_off"})


def _learned(told: BankPayment, event: PaymentRegistered, registration: Registration) -> list[Payer]:
    """What the payer is known by from now on, and by which invoice of the customer's own."""
    invoices = (registration.invoices[each.invoice_id] for each in event.allocations)
    number = next((each.number for each in invoices if each.customer_id == event.customer_id), None)
    return [
        Payer.model_validate(
            {
                "payer_id": payer_id,
                "kind": kind,
                "shown": shown,
                "customer_id": event.customer_id,
                "customer_name": event.customer_name,
                "invoice_number": number,
                "learned_on": clock.today(),
                "bank_payment_id": told.bank_payment_id,
            }
        )
        for payer_id, kind, shown in payer_ids(as_incoming(told))
    ]


def _commit(
    transaction: Transaction, at: CompanyAccess, told: BankPayment, changes: Mapping[str, object]
) -> BankPayment:
    changed = told.model_copy(update={**changes, "version": told.version + 1})
    store.put(transaction, at.company_id, changed)
    try:
        return idempotency.commit(transaction, at.user, changed)
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


# ---------------------------------------------------------------- set aside, undo, look again


def set_aside(at: CompanyAccess, bank_payment_id: str, given: SetAsideInput) -> BankPayment:
    """Take a payment off the list of those that wait, with the reason; nothing is registered.

    Raises:
        Problem: ``not-found``, ``bank-payment-closed``, ``not-handler``, ``handler-changed``, ``busy``.
    """

    def attempt() -> BankPayment:
        told = _waiting(get(at, bank_payment_id))
        transaction = Transaction()
        collaboration.require_handler(transaction, at)
        return _commit(transaction, at, told, {"status": "set_aside", "note": given.reason})

    return retrying(attempt)


def undo(at: CompanyAccess, bank_payment_id: str, given: ReverseInput) -> BankPayment:
    """Let a payment wait again: what was registered from it is taken back, what was learned is forgotten.

    One that was taken for the same as another is then a payment of its own.

    Raises:
        Problem: ``not-found``, ``bank-payment-closed`` when there is nothing to undo, and all that taking a
            payment back may refuse (``reversing.reverse``).
    """
    return retrying(lambda: _undo_once(at, bank_payment_id, given.date or clock.today()))


def _undo_once(at: CompanyAccess, bank_payment_id: str, day: date) -> BankPayment:
    told = get(at, bank_payment_id)
    transaction = Transaction()
    if told.payment_id is None:
        if told.status == "waiting":
            raise Problem("bank-payment-closed", "Nothing was done with it: it waits.")
        collaboration.require_handler(transaction, at)
        return _commit(transaction, at, told, {"status": "waiting", "note": None, "same_as": None})
    payment, again = add_reversal(transaction, at, told.payment_id, day)
    assert again is not None  # the payment was registered from it
    for payer_id, _, _ in payer_ids(as_incoming(told)):
        payer = store.payer_of(at.company_id, payment.customer_id, payer_id)
        if payer and payer.bank_payment_id == bank_payment_id:
            store.forget_payer(transaction, at.company_id, payer)
    try:
        return idempotency.commit(transaction, at.user, again)
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


def look_again(at: CompanyAccess, bank_payment_id: str) -> BankPayment:
    """Match a payment that waits anew, by what is open and known now; it still waits to be confirmed.

    Raises:
        Problem: ``not-found``, ``bank-payment-closed``, ``not-handler``, ``handler-changed``, ``busy``.
    """

    def attempt() -> BankPayment:
        told = _waiting(get(at, bank_payment_id))
        transaction = Transaction()
        collaboration.require_handler(transaction, at)
        payment = as_incoming(told)
        matched = Knowledge(at, [payment]).match(payment)
        if matched.match == "exact":
            matched = matched.for_a_person(
                "Confirm it: it is registered by itself only when its file is read."
            )
        found = {"match": matched.match, "reasons": matched.reasons, "proposals": matched.proposals}
        return _commit(transaction, at, told, found)

    return retrying(attempt)


# ---------------------------------------------------------------- payers


def payers(at: CompanyAccess, customer_id: str, limit: int, cursor: str | None) -> PayerPage:
    """A page of the payers that were found to be a customer, each with the payment that told.

    Raises:
        Problem: ``not-found`` for a customer that does not exist.
    """
    if not invoicing.customer_names(at.company_id, [customer_id]):
        raise Problem("not-found", "There is no such customer.")
    return store.payers_of(at.company_id, customer_id, limit, cursor)


def forget_payer(at: CompanyAccess, customer_id: str, payer_id: str) -> Payer:
    """Forget that a payer was found to be a customer.

    Raises:
        Problem: ``not-found``, ``not-handler``, ``handler-changed``, ``busy``.
    """

    def attempt() -> Payer:
        payer = store.payer_of(at.company_id, customer_id, payer_id)
        if payer is None:
            raise Problem("not-found", "The payer is not known as this customer.")
        transaction = Transaction()
        collaboration.require_handler(transaction, at)
        store.forget_payer(transaction, at.company_id, payer)
        try:
            return idempotency.commit(transaction, at.user, payer)
        except ConditionFailed as failure:
            raise after_failure(failure) from failure

    return retrying(attempt)
