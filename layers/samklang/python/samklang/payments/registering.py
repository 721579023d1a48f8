"""Payments registered by whoever handles them, on that party's side of the house.

The client's payments are written in invoicing, the bureau's in the ledger; the streams bring each to the
other side. Both sides are read first, so that nothing is paid twice around a change of handler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.payments import customer_credit
from samklang.payments.events import Allocated, PaymentRegistered, payment_values
from samklang.payments.model.credit import Credit
from samklang.payments.model.payments import check_remaining, credit_change
from samklang.payments.store import payments as store
from samklang.payments.views import registered_view
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import MAX_OPERATIONS, ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.invoicing.model.invoices import Invoice
    from samklang.ledger.model.receivables import Receivable
    from samklang.payments.model.payments import Origin, Payment, PaymentInput
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item

MAX_ENTRIES = 1000
"""Payments, reversals and credits of one invoice: its open item lists them, and an item holds 400 KB."""


def register(at: CompanyAccess, given: PaymentInput) -> Payment:
    """Register a payment on the side of the party that handles payments.

    Raises:
        Problem: ``not-active``, ``not-handler``, ``handler-changed``, ``validation`` for an unknown invoice
            or customer, ``not-issued``, ``allocation-exceeds``, ``allocations-differ``, ``credit-used``,
            ``not-synchronised``, ``busy``; on the bureau's side also ``invoice-not-posted``,
            ``closed-period`` and ``outside-fiscal-year``.
    """
    payment_id = new_id("pay")
    return retrying(lambda: _register_once(at, payment_id, given))


def _register_once(at: CompanyAccess, payment_id: str, given: PaymentInput) -> Payment:
    transaction = Transaction()
    collaboration.require_handler(transaction, at)
    registration = Registration(at, [each.invoice_id for each in given.allocations])
    event = registration.add(payment_id, given)
    registration.write(transaction)
    try:
        return idempotency.commit(transaction, at.user, registered_view(event, registration.side))
    except ConditionFailed as failure:
        raise after_failure(failure) from failure


def after_failure(failure: ConditionFailed) -> Exception:
    """What a failed payment transaction means: the handler was changed, or somebody else wrote first."""
    if "payment_handler" in failure.labels:
        return Problem(
            "handler-changed", "Who handles payments was changed just now. Send the request again."
        )
    return Contention(str(failure))


class Registration:
    """Payments of one company that will be registered together, on the side of the party at hand."""

    def __init__(self, at: CompanyAccess, invoice_ids: Iterable[str]) -> None:
        """Read what the payments will touch, on both sides."""
        self.at = at
        self.side: Origin = "ledger" if at.party == "bureau" else "invoicing"
        self.invoices: dict[str, Invoice] = {}
        self._journal = ledger.open_journal(at.company_id, ()) if at.party == "bureau" else None
        self._posted: dict[str, Receivable] = {}
        self._news: dict[str, str] = {}
        self._changes: dict[str, int] = {}
        self._credits: dict[str, Credit] = {}
        self._changed_credits: set[str] = set()
        self._new: list[PaymentRegistered] = []
        self.load(invoice_ids)

    # ------------------------------------------------------------ what is known

    def load(self, invoice_ids: Iterable[str]) -> None:
        """Read more invoices, as both sides have them; those read before stay as they are."""
        wanted = [each for each in dict.fromkeys(invoice_ids) if each not in self.invoices]
        if not wanted:
            return
        found = invoicing.invoices_by_id(self.at.company_id, wanted)
        self.invoices |= found
        if self._journal:
            self._journal.load(found)
            posted = {
                each: self._journal.receivables[each] for each in found & self._journal.receivables.keys()
            }
        else:
            posted = ledger.posted_receivables(self.at.company_id, found)
        self._posted |= posted
        self._look_for_news(posted)

    def _look_for_news(self, posted: dict[str, Receivable]) -> None:
        """See what the other side has taken off invoices that this side does not know yet.

        That is a payment for a moment after the payment handler was changed, and for the bureau a credit
        note that the client has just issued; without this an invoice could be paid twice. Payments and
        credits are compared, not what remains: a side's own news on its way to the other is no hindrance,
        and must not hide the other's by being as large.
        """
        told = {payment_id for receivable in posted.values() for payment_id in receivable.paid}
        here = store.payments_by_id(self.at.company_id, told)
        for invoice_id, receivable in posted.items():
            if news := self._news_of(self.invoices[invoice_id], receivable, here):
                self._news[invoice_id] = news

    def _news_of(self, invoice: Invoice, posted: Receivable, here: dict[str, Item]) -> str | None:
        if self._journal:
            if _lacks_credit(posted, invoice):
                return (
                    f"A credit note of invoice {invoice.number} has not reached the ledger yet. "
                    "Try again soon; if it is parked, post it first."
                )
            known = [here[each] for each in posted.paid if each in here]
            # What has come back from the ledger since the invoice was read makes the second sum the larger.
            news = abs(invoice.paid) > abs(sum(_paid_on(item, invoice.invoice_id) for item in known))
        else:
            news = any(amount for payment_id, amount in posted.paid.items() if payment_id not in here)
        if news:
            return (
                f"A payment of invoice {invoice.number} is on its way from the other side. Try again soon; "
                "if it is parked in the ledger, post it first."
            )
        return None

    def remaining(self, invoice_id: str) -> int | None:
        """What remains of an invoice on this side, the payments added here counted, in öre.

        None while it, or a credit note of it, has not reached this side.
        """
        if self._journal is None:
            return self.invoices[invoice_id].remaining + self._changes.get(invoice_id, 0)
        posted = self._journal.receivables.get(invoice_id)
        if posted is None or _lacks_credit(posted, self.invoices[invoice_id]):
            return None
        return posted.remaining

    def credit_of(self, customer_id: str) -> Credit:
        """A customer's credit on this side, the payments added here counted."""
        if self._journal:
            self._journal.load((), [customer_id])
            return self._journal.credits.get(customer_id, Credit(customer_id))
        if customer_id not in self._credits:
            self._credits[customer_id] = customer_credit.in_invoicing(self.at.company_id, customer_id)
        return self._credits[customer_id]

    # ------------------------------------------------------------ adding

    def add(
        self, payment_id: str, given: PaymentInput, bank_payment_id: str | None = None
    ) -> PaymentRegistered:
        """Add a payment; one that is refused leaves no trace.

        Raises:
            Problem: see :func:`register`.
        """
        event = self._event(payment_id, given, bank_payment_id)
        for invoice_id, number, amount in event.allocations:
            self._check(invoice_id, number, amount)
        if event.difference:
            self._check_settles(event)
        if event.credit:
            credit = self.credit_of(event.customer_id)
            if event.credit < 0:
                customer_credit.require_no_news(self.at.company_id, credit, self.side)
                credit.check_use(-event.credit)
        if self._journal:
            self._journal.pay(event, "ledger")
        else:
            self._take(event)
        return event

    def _check(self, invoice_id: str, number: int, amount: int) -> None:
        posted = self._posted.get(invoice_id)
        if posted and len(posted.entries) >= MAX_ENTRIES:
            raise Problem(
                "validation",
                f"Invoice {number} has {MAX_ENTRIES} payments and credits, and no more fit: put this one on "
                "the customer's account (allocate nothing).",
            )
        if invoice_id in self._news:
            raise Problem("not-synchronised", self._news[invoice_id])
        remaining = self.remaining(invoice_id)
        if remaining is None:
            raise Problem(
                "invoice-not-posted", f"Invoice {number} has not reached the ledger yet. Try again soon."
            )
        check_remaining(number, amount, remaining)

    def _check_settles(self, event: PaymentRegistered) -> None:
        """Write off a difference only where it settles something, and leaves nothing over."""
        left = any(self.remaining(each.invoice_id) != each.amount for each in event.allocations)
        if left or not event.allocations or event.credit > 0:
            message = "A difference settles the invoices named, whole: else leave it out, as what remains."
            raise Problem("allocations-differ", message, (FieldError("/difference", "unsettled", message),))

    def _take(self, event: PaymentRegistered) -> None:
        for invoice_id, _, amount in event.allocations:
            self._changes[invoice_id] = self._changes.get(invoice_id, 0) - amount
        if event.credit:
            credit = self._credits[event.customer_id]
            self._credits[event.customer_id] = credit.changed(event.credit, "invoicing")
            self._changed_credits.add(event.customer_id)
        self._new.append(event)

    def _event(self, payment_id: str, given: PaymentInput, bank_payment_id: str | None) -> PaymentRegistered:
        invoices = self._invoices_of(given)
        customer_id, customer_name = self._customer_of(given, invoices)
        if given.payment_date > clock.today():
            message = "Register a payment when it has come: the date is after today."
            raise Problem("validation", message, (FieldError("/payment_date", "future", message),))
        return PaymentRegistered(
            company_id=self.at.company_id,
            payment_id=payment_id,
            payment_date=given.payment_date,
            amount=given.amount,
            method=given.method,
            allocations=tuple(
                Allocated(each.invoice_id, invoice.number or 0, each.amount)
                for each, invoice in zip(given.allocations, invoices, strict=True)
            ),
            customer_id=customer_id,
            customer_name=customer_name,
            fee=given.fee,
            difference=given.difference,
            credit=credit_change(given),
            text=given.text,
            bank_payment_id=bank_payment_id,
            registered_at=clock.timestamp(),
            request_id=self.at.user.request_id,
        )

    def _invoices_of(self, given: PaymentInput) -> list[Invoice]:
        unknown = tuple(
            FieldError(f"/allocations/{index}/invoice_id", "unknown", "There is no invoice with this id.")
            for index, each in enumerate(given.allocations)
            if each.invoice_id not in self.invoices
        )
        if unknown:
            raise Problem("validation", "Some invoices do not exist.", unknown)
        invoices = [self.invoices[each.invoice_id] for each in given.allocations]
        if any(invoice.number is None for invoice in invoices):
            raise Problem("not-issued", "A draft cannot be paid: issue it first.")
        wrong = tuple(
            FieldError(
                f"/allocations/{index}/amount",
                "sign",
                f"{invoice.number} is a credit note: use of it with an amount below zero.",
            )
            for index, (each, invoice) in enumerate(zip(given.allocations, invoices, strict=True))
            if invoice.kind == "credit_note" and each.amount > 0
        )
        if wrong:
            raise Problem("validation", "A credit note is not paid, it is used.", wrong)
        return invoices

    def _customer_of(self, given: PaymentInput, invoices: list[Invoice]) -> tuple[str, str]:
        """Whose payment it is: id and name."""
        customers = {invoice.customer_id: invoice.customer_name for invoice in invoices}
        if given.customer_id and given.customer_id not in customers:
            customers = invoicing.customer_names(self.at.company_id, [given.customer_id])
            if not customers:
                message = "There is no customer with this id."
                raise Problem("validation", message, (FieldError("/customer_id", "unknown", message),))
        if given.customer_id:
            return given.customer_id, customers[given.customer_id]
        if len(customers) > 1:
            message = "The invoices are of different customers: say whose payment it is (customer_id)."
            raise Problem("validation", message, (FieldError("/customer_id", "missing", message),))
        return customers.popitem()

    # ------------------------------------------------------------ writing

    @property
    def operations(self) -> int:
        """Operations of the transaction so far."""
        if self._journal:
            return self._journal.operations + 1
        return len(self._new) + len(self._changes) + len(self._changed_credits)

    def has_room(self, paid: list[str], others: int) -> bool:
        """Whether a payment of these invoices fits in a transaction with so many other operations."""
        months = 2  # the month's balances may be new, and the caller's condition on the handler
        released = self._journal.to_release(paid) if self._journal else 0
        return self.operations + 3 + len(paid) + released + months + others <= MAX_OPERATIONS

    def write(self, transaction: Transaction) -> None:
        """Add it all to a transaction; its conditions hold if nothing was changed since it was read."""
        if self._journal:
            if not self._journal.empty:
                self._journal.write(transaction)
            return
        for event in self._new:
            values = payment_values(event) | {"origin": "invoicing"}
            store.put_payment(transaction, event.company_id, event.payment_id, values)
        for invoice_id, change in self._changes.items():
            invoicing.change_remaining(transaction, self.at.company_id, self.invoices[invoice_id], change)
        for customer_id in sorted(self._changed_credits):
            store.put_credit(transaction, self.at.company_id, self._credits[customer_id])


def _lacks_credit(posted: Receivable, invoice: Invoice) -> bool:
    """Whether credit notes have taken more off an invoice in invoicing than in the ledger.

    What they took off is less than what they credit, if the invoice was paid by then; it is never put back,
    and only invoicing issues them, so the sums tell.
    """
    return invoice.set_off > sum(posted.credited.values())


def _paid_on(item: Item, invoice_id: str) -> int:
    """What a payment in invoicing has paid of an invoice, in öre; a bad debt pays nothing."""
    payment = PaymentRegistered.from_image(item)
    if "reversal_date" in item or payment.is_loss:
        return 0
    return sum(each.amount for each in payment.allocations if each.invoice_id == invoice_id)
