"""Orders to the bank to pay suppliers: made, fetched as a file, and closed line by line.

An invoice in an order is not offered again: its open item says which order has it, in the transaction that
makes the order, so that two orders at once cannot both take it. A line waits until the bank has paid it (by
its file, or said by hand), has refused it, or it is cancelled.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from samklang.formats import pain001
from samklang.formats.pain001 import GiroOrIban, Initiation, Transfer
from samklang.invoicing import service as invoicing
from samklang.ledger.model.chart import check_no_control_account
from samklang.ledger.payables import paying
from samklang.ledger.payables.model.payments import (
    MOST_INVOICES,
    LeftOut,
    NewPaymentOrder,
    PaymentAccount,
    PaymentOrder,
    PaymentOrderLine,
)
from samklang.ledger.payables.open_items import due_until, hindrance, pay_to
from samklang.ledger.postings import Postings
from samklang.ledger.store import chart
from samklang.ledger.store import payables as kept_payables
from samklang.ledger.store import supplier_payments as store
from samklang.ledger.store import suppliers as kept_suppliers
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import derived_id, new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samklang.collaboration.model import BankStep
    from samklang.ledger.payables.model.payables import Payable
    from samklang.ledger.payables.model.payments import (
        ChosenLinesInput,
        LineStatus,
        PaidLinesInput,
        PaymentOrderInput,
        PaymentOrderPage,
        RejectedLinesInput,
    )
    from samklang.ledger.payables.model.suppliers import Supplier
    from samklang.platform.access import CompanyAccess


def create(at: CompanyAccess, given: PaymentOrderInput) -> NewPaymentOrder:
    """A new order of the invoices named, or of all that are due until a day and can be in one.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation``, ``unknown-account``,
            ``closed-account``, ``control-account``, ``no-account-to-pay-from``, ``cannot-be-ordered``,
            ``nothing-to-pay``, ``busy``.
    """
    _require(at)
    if given.payment_date < clock.today():
        message = f"The bank cannot pay on {given.payment_date}: choose today or a later day."
        raise Problem("validation", message, (FieldError("/payment_date", "past", message),))
    chart.chart(at.company_id).check([(given.account, 0)])
    check_no_control_account([(given.account, 0)])
    pay_from = _pay_from(invoicing.seller(at.company_id).bank, given)
    identifier = new_id("ord")

    def attempt() -> NewPaymentOrder:
        payables, left_out = _chosen(at.company_id, given)
        suppliers = _suppliers(at.company_id, payables)
        lines = [
            _line(identifier, place, payable, suppliers[payable.supplier_id])
            for place, payable in enumerate(payables, start=1)
        ]
        order = NewPaymentOrder(
            payment_order_id=identifier,
            payment_date=given.payment_date,
            status="open",
            account=given.account,
            pay_from=pay_from,
            total=sum(line.amount for line in lines),
            lines=lines,
            created_at=clock.timestamp(),
            version=0,
            left_out=left_out,
        )
        transaction = Transaction()
        written = store.put_order(transaction, at.company_id, order)
        for payable in payables:
            payable.order_id = identifier
            kept_payables.put_payable(transaction, at.company_id, payable)
        try:
            return idempotency.commit(transaction, at.user, written)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def _require(at: CompanyAccess) -> None:
    at.require_bureau("order payments to suppliers")
    at.require_active()


def _pay_from(bank: BankStep, given: PaymentOrderInput) -> PaymentAccount:
    numbers = {"iban": bank.iban, "bankgiro": bank.bankgiro, "plusgiro": bank.plusgiro}
    kinds = [given.pay_from] if given.pay_from else list(numbers)
    for kind in kinds:
        if number := numbers[kind]:
            bic = bank.bic if kind == "iban" else None
            return PaymentAccount.model_validate({"kind": kind, "number": number, "bic": bic})
    known = ", ".join(kind for kind, number in numbers.items() if number)
    message = f"The company has no {' or '.join(kinds)}: choose among {known}."
    raise Problem("no-account-to-pay-from", message, (FieldError("/pay_from", "missing", message),))


def _suppliers(company_id: str, payables: Iterable[Payable]) -> dict[str, Supplier]:
    return kept_suppliers.suppliers_by_id(company_id, {each.supplier_id for each in payables})


def _chosen(company_id: str, given: PaymentOrderInput) -> tuple[list[Payable], list[LeftOut]]:
    """The invoices to pay, and what is due and left out."""
    if given.supplier_invoice_ids is not None:
        return _named(company_id, given.supplier_invoice_ids), []
    assert given.due_until is not None  # one of the two is there
    found = due_until(company_id, given.due_until)
    # The index they are found by lags behind: what is written is read anew.
    fresh = kept_payables.payables_by_id(company_id, [each.supplier_invoice_id for each in found])
    suppliers = _suppliers(company_id, found)
    payables: list[Payable] = []
    left_out = []
    for each in found:
        payable = fresh[each.supplier_invoice_id]
        why = hindrance(payable, suppliers[payable.supplier_id])
        if why is None and len(payables) == MOST_INVOICES:
            why = f"An order holds {MOST_INVOICES} invoices: it is for the next one."
        if why is None:
            payables.append(payable)
        else:
            left_out.append(
                LeftOut(
                    supplier_invoice_id=payable.supplier_invoice_id,
                    number=payable.number,
                    supplier=payable.supplier,
                    reason=why,
                )
            )
    if not payables:
        raise Problem("nothing-to-pay", f"No invoice that the bank can pay is due until {given.due_until}.")
    return payables, left_out


def _named(company_id: str, supplier_invoice_ids: Sequence[str]) -> list[Payable]:
    found = kept_payables.payables_by_id(company_id, supplier_invoice_ids)
    suppliers = _suppliers(company_id, found.values())
    errors = []
    unknown = False
    for index, identifier in enumerate(supplier_invoice_ids):
        pointer = f"/supplier_invoice_ids/{index}"
        payable = found.get(identifier)
        if payable is None:
            unknown = True
            errors.append(FieldError(pointer, "unknown", "There is no such supplier invoice."))
        elif why := hindrance(payable, suppliers[payable.supplier_id]):
            errors.append(FieldError(pointer, "hindered", f"Invoice {payable.number}: {why}"))
    if errors:
        code = "validation" if unknown else "cannot-be-ordered"
        raise Problem(code, errors[0].message, tuple(errors))
    return [found[each] for each in supplier_invoice_ids]


def _line(order_id: str, place: int, payable: Payable, supplier: Supplier) -> PaymentOrderLine:
    to = pay_to(supplier)
    assert to is not None  # else it had been left out
    return PaymentOrderLine(
        end_to_end_id=f"{message_id(order_id)}-{place}",
        supplier_invoice_id=payable.supplier_invoice_id,
        number=payable.number,
        supplier=payable.supplier,
        amount=payable.remaining,
        to=to,
        ocr=payable.ocr,
        message=None if payable.ocr else payable.message or f"Faktura {payable.number}",
        status="ordered",
    )


def message_id(order_id: str) -> str:
    """What the bank knows an order by: its id without the prefix, whose underscore no bank takes."""
    return order_id.partition("_")[2]


def order_id_of(bank_id: str | None) -> str | None:
    """The order that a message's, block's or payment's id belongs to, if it may be one of ours."""
    found = _BANK_ID.fullmatch((bank_id or "").casefold())
    return f"ord_{found[1]}" if found else None


_BANK_ID = re.compile(r"([0-9a-z]{20})(?:-[0-9]{1,3})?")


# ---------------------------------------------------------------- reading


def get(at: CompanyAccess, payment_order_id: str) -> PaymentOrder:
    """One order.

    Raises:
        Problem: ``not-found``.
    """
    order = store.order(at.company_id, payment_order_id)
    if order is None:
        raise Problem("not-found", "There is no such payment order.")
    return order


def orders(at: CompanyAccess, limit: int, cursor: str | None) -> PaymentOrderPage:
    """A page of orders, newest first."""
    return store.orders(at.company_id, limit, cursor)


def file(at: CompanyAccess, payment_order_id: str, version: pain001.Version) -> bytes:
    """The order as the bank takes it (pain.001): its lines that are neither cancelled nor rejected.

    Raises:
        Problem: ``not-found``, ``nothing-to-pay``.
    """
    order = get(at, payment_order_id)
    lines = [line for line in order.lines if line.status in {"ordered", "paid"}]
    if not lines:
        raise Problem("nothing-to-pay", "Every line of the order is cancelled or rejected.")
    company = invoicing.seller(at.company_id).company
    transfers = tuple(
        Transfer(
            end_to_end_id=line.end_to_end_id,
            date=order.payment_date,
            debtor=_account(order.pay_from),
            amount=line.amount,
            creditor=line.supplier,
            account=_account(line.to),
            ocr=line.ocr,
            message=line.message,
        )
        for line in lines
    )
    created = datetime.fromisoformat(order.created_at)
    initiation = Initiation(message_id(payment_order_id), created, company.name, company.org_no, transfers)
    return pain001.write(initiation, version)


def _account(account: PaymentAccount) -> GiroOrIban:
    return GiroOrIban(account.kind, account.number, account.bic)


# ---------------------------------------------------------------- closing lines


def cancel(at: CompanyAccess, payment_order_id: str, given: ChosenLinesInput) -> PaymentOrder:
    """Let lines go: their invoices can be ordered again. The bank must not have got them.

    Raises:
        Problem: as :func:`_release`.
    """
    return _release(at, payment_order_id, given.supplier_invoice_ids, "cancelled", given.reason)


def reject(at: CompanyAccess, payment_order_id: str, given: RejectedLinesInput) -> PaymentOrder:
    """Say that the bank refused lines: their invoices can be ordered again.

    Raises:
        Problem: as :func:`_release`.
    """
    return _release(at, payment_order_id, given.supplier_invoice_ids, "rejected", given.reason)


def _release(
    at: CompanyAccess, payment_order_id: str, chosen: list[str] | None, status: LineStatus, remark: str | None
) -> PaymentOrder:
    """Close lines without a payment.

    Raises:
        Problem: ``not-allowed``, ``not-active``, ``not-found``, ``validation``, ``order-line-closed``,
            ``busy``.
    """
    _require(at)

    def attempt() -> PaymentOrder:
        order = get(at, payment_order_id)
        lines = _waiting(order, chosen)
        ids = [line.supplier_invoice_id for line in lines]
        transaction = Transaction()
        for payable in kept_payables.payables_by_id(at.company_id, ids).values():
            payable.order_id = None
            kept_payables.put_payable(transaction, at.company_id, payable)
        changed = with_lines(order, {each: {"status": status, "remark": remark} for each in ids})
        written = store.put_order(transaction, at.company_id, changed)
        try:
            return idempotency.commit(transaction, at.user, written)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def _waiting(order: PaymentOrder, chosen: list[str] | None) -> list[PaymentOrderLine]:
    """The lines chosen, or all that wait.

    Raises:
        Problem: ``validation`` for an invoice that is not in the order, ``order-line-closed``.
    """
    by_invoice = {line.supplier_invoice_id: line for line in order.lines}
    if chosen is None:
        lines = [line for line in order.lines if line.status == "ordered"]
        if not lines:
            raise Problem("order-line-closed", "No line of the order waits any more.")
        return lines
    for index, each in enumerate(chosen):
        pointer = f"/supplier_invoice_ids/{index}"
        if each not in by_invoice:
            message = "The invoice is not in the order."
            raise Problem("validation", message, (FieldError(pointer, "unknown", message),))
        line = by_invoice[each]
        if line.status != "ordered":
            message = f"The line of invoice {line.number} is {line.status} already."
            raise Problem("order-line-closed", message, (FieldError(pointer, "closed", message),))
    return [by_invoice[each] for each in dict.fromkeys(chosen)]


def with_lines(order: PaymentOrder, changes: dict[str, dict[str, str | None]]) -> PaymentOrder:
    """The order with lines changed, by invoice; its sum and whether it is open follow from them."""
    lines = [line.model_copy(update=changes.get(line.supplier_invoice_id, {})) for line in order.lines]
    waits = any(line.status == "ordered" for line in lines)
    total = sum(line.amount for line in lines if line.status in {"ordered", "paid"})
    return order.model_copy(update={"lines": lines, "status": "open" if waits else "closed", "total": total})


def confirm(at: CompanyAccess, payment_order_id: str, given: PaidLinesInput) -> PaymentOrder:
    """Say that the bank has paid lines: posted as one payment, as the bank books it.

    Raises:
        Problem: ``not-allowed``, ``not-active``, ``not-found``, ``validation`` for a day that has not come,
            ``order-line-closed``, ``closed-period``, ``outside-fiscal-year``, ``closed-account``, ``busy``.
    """
    _require(at)
    if given.payment_date:
        paying.check_has_come(given.payment_date, "/payment_date")

    def attempt() -> PaymentOrder:
        order = get(at, payment_order_id)
        lines = _waiting(order, given.supplier_invoice_ids)
        transaction = Transaction()
        day = given.payment_date or order.payment_date
        if day > clock.today():
            message = f"The order is for {day}: send the day on which the bank paid."
            raise Problem("validation", message, (FieldError("/payment_date", "missing", message),))
        # Somebody has looked at what the bank told.
        seen = with_lines(order, {line.supplier_invoice_id: {"remark": None} for line in lines})
        changed = pay_lines(transaction, at, seen, lines, day)
        try:
            return idempotency.commit(transaction, at.user, changed)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def pay_lines(
    transaction: Transaction,
    at: CompanyAccess,
    order: PaymentOrder,
    lines: Sequence[PaymentOrderLine],
    day: date,
    bank_reference: str | None = None,
) -> PaymentOrder:
    """Post what the bank has paid of an order, and close its lines, in a transaction.

    The payment's id follows from the order and its lines, so that it cannot be made twice.

    Returns:
        The order as it is then.

    Raises:
        Problem: ``closed-period``, ``outside-fiscal-year``, ``closed-account``.
    """
    places = "+".join(line.end_to_end_id for line in lines)
    payment_id = derived_id("spy", f"payment_order/{order.payment_order_id}/{places}", day)
    found = kept_payables.payables_by_id(at.company_id, [line.supplier_invoice_id for line in lines])
    parts: paying.Parts = [(found[line.supplier_invoice_id], line.amount) for line in lines]
    postings = Postings(at.company_id)
    new = paying.NewPayment(
        payment_id, day, order.account, at.user.user_id, order.payment_order_id, bank_reference
    )
    payment = paying.pay(postings, parts, new)
    paying.put(transaction, postings, payment, parts)
    paid: dict[str, str | None] = {"status": "paid", "supplier_payment_id": payment_id}
    changed = with_lines(order, {line.supplier_invoice_id: paid for line in lines})
    return store.put_order(transaction, at.company_id, changed)
