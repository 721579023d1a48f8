"""Payments to suppliers: posted, taken off the open items, and taken back."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger import cash_method
from samklang.ledger.accounts import PAYABLES
from samklang.ledger.model.chart import check_no_control_account
from samklang.ledger.payables.model.invoices import SupplierReversal
from samklang.ledger.payables.model.payables import PayableEntry
from samklang.ledger.payables.model.payments import SupplierAllocation, SupplierPayment
from samklang.ledger.payables.texts import payment_text
from samklang.ledger.postings import Postings, reference
from samklang.ledger.store import payables as kept_payables
from samklang.ledger.store import supplier_payments as store
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from samklang.ledger.model.vouchers import Amounts, Voucher
    from samklang.ledger.payables.model.payables import Payable
    from samklang.ledger.payables.model.payments import (
        SupplierPaymentInput,
        SupplierPaymentPage,
        SupplierPaymentReversalInput,
    )
    from samklang.platform.access import CompanyAccess

SERIES = "U"

Parts = list[tuple["Payable", int]]
"""Open items and what of a payment each gets, in öre; below zero what a credit note gives."""


def register(at: CompanyAccess, given: SupplierPaymentInput) -> SupplierPayment:
    """Register a payment of supplier invoices, or a set-off of a supplier's credit notes.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation``, ``invoice-reversed``,
            ``invoice-ordered``, ``allocation-exceeds``, ``unknown-account``, ``closed-account``,
            ``control-account``, ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    at.require_bureau("register payments to suppliers")
    at.require_active()
    check_has_come(given.payment_date, "/payment_date")
    identifier = new_id("spy")
    check_no_control_account([(given.account, 0)])

    def attempt() -> SupplierPayment:
        ids = [each.supplier_invoice_id for each in given.allocations]
        found = kept_payables.payables_by_id(at.company_id, ids)
        parts: Parts = []
        for index, each in enumerate(given.allocations):
            payable = found.get(each.supplier_invoice_id)
            parts.append((_payable_with(payable, each.amount, f"/allocations/{index}"), each.amount))
        _check_suppliers(parts)
        postings = Postings(at.company_id)
        new = NewPayment(identifier, given.payment_date, given.account, at.user.user_id)
        payment = pay(postings, parts, new)
        transaction = Transaction()
        written = put(transaction, postings, payment, parts)
        try:
            return idempotency.commit(transaction, at.user, written)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def check_has_come(day: date, pointer: str) -> None:
    """Refuse a day on which nothing can have been paid yet.

    Raises:
        Problem: ``validation``.
    """
    today = clock.today()
    if day > today:
        message = f"{day} has not come: nothing is paid after today, {today}. Send the day of the payment."
        raise Problem("validation", message, (FieldError(pointer, "future", message),))


def _check_suppliers(parts: Parts) -> None:
    """Refuse to set one supplier's credit notes off against what another is owed."""
    sums: dict[str, int] = defaultdict(int)
    for payable, amount in parts:
        sums[payable.supplier_id] += amount
    if len(sums) == 1:
        return
    for index, (payable, amount) in enumerate(parts):
        if amount < 0 and sums[payable.supplier_id] < 0:
            message = (
                f"What {payable.supplier} owes the company pays no other supplier: set the credit note off "
                f"against invoices of {payable.supplier}, or register what it pays back by itself."
            )
            raise Problem("validation", message, (FieldError(f"/allocations/{index}", "supplier", message),))


def _payable_with(payable: Payable | None, amount: int, pointer: str) -> Payable:
    """The open item, if so much of it can be paid: it is there, not taken back, and not with the bank."""
    if payable is None:
        message = "There is no such supplier invoice."
        error = FieldError(f"{pointer}/supplier_invoice_id", "unknown", message)
        raise Problem("validation", message, (error,))
    named = f"Invoice {payable.number} of {payable.supplier}"
    if payable.reversal:
        raise Problem("invoice-reversed", f"{named} is taken back: there is nothing to pay.")
    if payable.order_id:
        raise Problem(
            "invoice-ordered",
            f"{named} is in payment order {payable.order_id}: confirm or cancel its line there.",
        )
    remaining = payable.remaining
    if not (0 < amount <= remaining or remaining <= amount < 0):
        message = f"{format_sek(remaining)} remains of invoice {payable.number}, not {format_sek(amount)}."
        raise Problem("allocation-exceeds", message, (FieldError(f"{pointer}/amount", "exceeds", message),))
    return payable


class NewPayment(NamedTuple):
    """What a payment is to be."""

    supplier_payment_id: str
    day: date
    account: str
    created_by: str
    order_id: str | None = None
    bank_reference: str | None = None


def pay(postings: Postings, parts: Parts, new: NewPayment) -> SupplierPayment:
    """Post a payment in memory and take it off the open items.

    Raises:
        Problem: as :meth:`Postings.post`.
    """
    total = sum(amount for _, amount in parts)
    text = payment_text(total, [payable for payable, _ in parts])
    cause = f"supplier_payment/{new.supplier_payment_id}/registered"
    voucher = _move(postings, parts, new, text, cause)
    for payable, _ in parts:
        payable.order_id = None
    return SupplierPayment(
        supplier_payment_id=new.supplier_payment_id,
        payment_date=new.day,
        account=new.account,
        amount=total,
        allocations=[
            SupplierAllocation(
                supplier_invoice_id=payable.supplier_invoice_id, number=payable.number, amount=amount
            )
            for payable, amount in parts
        ],
        voucher_id=voucher.voucher_id,
        payment_order_id=new.order_id,
        bank_reference=new.bank_reference,
        reversal=None,
        created_at=clock.timestamp(),
        version=0,
    )


def _move(
    postings: Postings, parts: Parts, new: NewPayment, text: str, cause: str, reverses: str | None = None
) -> Voucher:
    """Money out for what is owed, or (amounts the other way round) back again, on the open items too."""
    total = sum(amount for _, amount in parts)
    amounts = _debt_amounts(parts)
    # Invoices and credit notes apart: one set off against the other is a voucher of both.
    bought: tuple[cash_method.Parts, cash_method.Parts] = ({}, {})
    shares: dict[str, cash_method.Parts] = {}
    for payable, amount in parts:
        if not payable.put_on_account:
            share = cash_method.to_post(payable.bought, payable.bought, payable.posted, amount)
            shares[payable.supplier_invoice_id] = share
            side = bought[amount < 0]
            side |= {account: side.get(account, 0) + each for account, each in share.items()}
    money = [(new.account, -total)] if total else []
    # By the cash method this is the voucher of the purchase.
    attached = [payable.document_id for payable, _ in parts if payable.bought and payable.document_id]
    voucher = postings.post(
        SERIES,
        new.day,
        text,
        [*amounts, *_rows_of(bought), *money],
        cause,
        documents=list(dict.fromkeys(attached)),
        created_by=new.created_by,
        reverses=reverses,
    )
    # From here on nothing can fail: what is refused leaves the open items as they were.
    for payable, amount in parts:
        entry = PayableEntry(new.day, -amount, cause, bool(payable.put_on_account))
        payable.entries.append(entry)
        payable.posted = cash_method.added(payable.posted, shares.get(payable.supplier_invoice_id, {}))
    return voucher


def _rows_of(sides: Iterable[cash_method.Parts]) -> Amounts:
    return [(account, amount) for side in sides for account, amount in sorted(side.items()) if amount]


def _debt_amounts(parts: Parts) -> Amounts:
    """What of it is on account 2440, invoices and credit notes apart.

    By the cash method that is what a year's end has put there; the rest is posted as what was bought.
    """
    owed = [amount for payable, amount in parts if payable.put_on_account]
    sides = (sum(each for each in owed if each > 0), sum(each for each in owed if each < 0))
    return [(PAYABLES, side) for side in sides if side]


def put(
    transaction: Transaction, postings: Postings, payment: SupplierPayment, parts: Parts
) -> SupplierPayment:
    """Add a payment, its voucher and the open items it changed to a transaction; returns it as written."""
    for payable, _ in parts:
        kept_payables.put_payable(transaction, postings.company_id, payable)
    postings.write(transaction)
    return store.put_payment(transaction, postings.company_id, payment)


def get(at: CompanyAccess, supplier_payment_id: str) -> SupplierPayment:
    """One payment.

    Raises:
        Problem: ``not-found``.
    """
    payment = store.payment(at.company_id, supplier_payment_id)
    if payment is None:
        raise Problem("not-found", "There is no such payment to a supplier.")
    return payment


def payments(at: CompanyAccess, limit: int, cursor: str | None) -> SupplierPaymentPage:
    """A page of payments, newest first."""
    return store.payments(at.company_id, limit, cursor)


def reverse(
    at: CompanyAccess, supplier_payment_id: str, given: SupplierPaymentReversalInput
) -> SupplierPayment:
    """Take a payment back: a voucher the other way, and its invoices open again.

    Raises:
        Problem: ``not-allowed``, ``not-active``, ``not-found``, ``already-reversed``, ``validation``,
            ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    at.require_bureau("take payments to suppliers back")
    at.require_active()
    day = given.date or clock.today()

    def attempt() -> SupplierPayment:
        payment = get(at, supplier_payment_id)
        _check_reversible(payment, day)
        found = kept_payables.payables_by_id(
            at.company_id, [each.supplier_invoice_id for each in payment.allocations]
        )
        parts: Parts = [(found[each.supplier_invoice_id], -each.amount) for each in payment.allocations]
        postings = Postings(at.company_id)
        text = payment_text(payment.amount, [payable for payable, _ in parts])
        text = f"Rättelse av {reference(payment.voucher_id)}: {text}"
        new = NewPayment(supplier_payment_id, day, payment.account, at.user.user_id)
        cause = f"supplier_payment/{supplier_payment_id}/reversed"
        voucher = _move(postings, parts, new, text, cause, payment.voucher_id)
        postings.refer_back(voucher)
        reversal = SupplierReversal(date=day, voucher_id=voucher.voucher_id)
        payment = payment.model_copy(update={"reversal": reversal})
        transaction = Transaction()
        written = put(transaction, postings, payment, parts)
        try:
            return idempotency.commit(transaction, at.user, written)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def _check_reversible(payment: SupplierPayment, day: date) -> None:
    if payment.reversal:
        raise Problem("already-reversed", f"It was taken back on {payment.reversal.date} already.")
    if day < payment.payment_date:
        message = f"The payment was made on {payment.payment_date}: take it back then or later."
        raise Problem("validation", message, (FieldError("/date", "before", message),))
    check_has_come(day, "/date")
