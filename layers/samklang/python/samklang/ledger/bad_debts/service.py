"""Bad debts: written off by the bureau, taken back, and money that came in after all.

A confirmed bad debt settles its invoice as a payment does, in both books, with no money: what payments have
(the stream back, agreement, the sync ledger) holds for it too. An expected one is a write-down in the
accounts, and leaves the invoice open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger.bad_debts import losses
from samklang.ledger.bad_debts.model import BadDebt, BadDebtStep
from samklang.ledger.store import bad_debts as store
from samklang.payments.events import Allocated, PaymentRegistered, PaymentReversed
from samklang.payments.model.payments import AllocationInput, PaymentInput
from samklang.payments.registering import Registration
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.invoicing.model.invoices import Invoice
    from samklang.ledger.bad_debts.model import BadDebtInput, BadDebtPage, RecoverInput, TakeBackInput
    from samklang.ledger.journal import Journal
    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.access import CompanyAccess


def bad_debts(at: CompanyAccess, limit: int, cursor: str | None) -> BadDebtPage:
    """A page of bad debts, newest first."""
    return store.bad_debts(at.company_id, limit, cursor)


def get(at: CompanyAccess, bad_debt_id: str) -> BadDebt:
    """One bad debt.

    Raises:
        Problem: ``not-found``.
    """
    found = store.bad_debts_by_id(at.company_id, [bad_debt_id]).get(bad_debt_id)
    if found is None:
        raise Problem("not-found", "There is no such bad debt.")
    return found


def register(at: CompanyAccess, given: BadDebtInput) -> BadDebt:
    """Write an invoice off, or some of it; or write down what is expected to be lost of it.

    What is confirmed of an expected loss is expected no more: as much of the write-down is taken back.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation``, ``not-issued``,
            ``is-credit-note``, ``allocation-exceeds``, ``invoice-not-posted``, ``not-synchronised``,
            ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    _require(at)
    bad_debt_id, payment_id = new_id("bad"), new_id("pay")
    return retrying(lambda: _register_once(at, bad_debt_id, payment_id, given))


def recover(at: CompanyAccess, bad_debt_id: str, given: RecoverInput) -> BadDebt:
    """Enter money that came in for what was written off.

    What was written off is taken back on that day, the money pays the invoice, and the rest is written off
    anew: VAT follows the money.

    Raises:
        Problem: ``not-found``, ``bad-debt-closed`` if nothing of it stands, ``allocation-exceeds`` and as
            :func:`register`.
    """
    _require(at)
    ids = new_id("pay"), new_id("pay")
    return retrying(lambda: _recover_once(at, bad_debt_id, ids, given))


def take_back(at: CompanyAccess, bad_debt_id: str, given: TakeBackInput) -> BadDebt:
    """Take back what stands of a bad debt: the invoice is open again, or no longer written down.

    Raises:
        Problem: ``not-found``, ``bad-debt-closed`` and as :func:`register`.
    """
    _require(at)
    return retrying(lambda: _take_back_once(at, bad_debt_id, given.date or clock.today()))


def _require(at: CompanyAccess) -> None:
    at.require_bureau("write off bad debts")
    at.require_active()


# ---------------------------------------------------------------- once


def _register_once(at: CompanyAccess, bad_debt_id: str, payment_id: str, given: BadDebtInput) -> BadDebt:
    loss = _Loss(at, given.invoice_id)
    loss.require_day(given.date)
    item = loss.item
    amount = given.amount or max(loss.unlost(given.kind), 1)
    bad_debt = BadDebt(
        bad_debt_id=bad_debt_id,
        kind=given.kind,
        status="standing",
        invoice_id=given.invoice_id,
        invoice_number=item.number,
        customer_id=item.customer_id,
        customer_name=item.customer_name,
        date=given.date,
        amount=amount,
        standing=0,
        recovered=0,
        reason=given.reason,
        evidence=given.evidence,
        steps=[],
        version=0,
    )
    if given.kind == "expected":
        return loss.commit(bad_debt.followed_by(loss.write_down(bad_debt_id, amount, given.date)))
    step = loss.confirm(payment_id, amount, given.date, given.reason)
    return loss.commit(bad_debt.followed_by(step))


def _recover_once(
    at: CompanyAccess, bad_debt_id: str, payment_ids: tuple[str, str], given: RecoverInput
) -> BadDebt:
    bad_debt = _standing(at, bad_debt_id)
    if bad_debt.kind == "expected":
        raise Problem(
            "bad-debt-closed",
            f"Invoice {bad_debt.invoice_number} is not written off, only written down: register the payment "
            "as usual, and take the bad debt back.",
        )
    if given.amount > bad_debt.standing:
        message = (
            f"{format_sek(bad_debt.standing)} is written off. Enter at most that here, and register the rest "
            "as a payment on the customer's account."
        )
        raise Problem("allocation-exceeds", message, (FieldError("/amount", "exceeds", message),))
    loss = _Loss(at, bad_debt.invoice_id)
    steps = [
        loss.take_back(bad_debt, given.date),
        loss.receive(payment_ids[0], given),
    ]
    if rest := bad_debt.standing - given.amount:
        steps.append(loss.write_off(payment_ids[1], rest, given.date, bad_debt.reason))
    return loss.commit(bad_debt.followed_by(*steps))


def _take_back_once(at: CompanyAccess, bad_debt_id: str, day: date) -> BadDebt:
    bad_debt = _standing(at, bad_debt_id)
    loss = _Loss(at, bad_debt.invoice_id)
    return loss.commit(bad_debt.followed_by(loss.take_back(bad_debt, day)))


def _standing(at: CompanyAccess, bad_debt_id: str) -> BadDebt:
    bad_debt = get(at, bad_debt_id)
    if not bad_debt.standing:
        done = "It was taken back" if bad_debt.status == "taken_back" else "All of it has come in"
        raise Problem("bad-debt-closed", f"{done} on {bad_debt.steps[-1].date}: nothing of it is left.")
    return bad_debt


# ---------------------------------------------------------------- what is written together


class _Loss(Registration):
    """What is lost of one invoice, taken back or paid after all, written together on the bureau's side."""

    def __init__(self, at: CompanyAccess, invoice_id: str) -> None:
        """Read the invoice as both sides have it.

        Raises:
            Problem: ``validation``, ``not-issued``, ``is-credit-note``, ``invoice-not-posted``.
        """
        super().__init__(at, [invoice_id])
        self._invoice_id = invoice_id
        if invoice_id not in self.invoices:
            message = "There is no invoice with this id."
            raise Problem("validation", message, (FieldError("/invoice_id", "unknown", message),))
        if self.invoice.number is None:
            raise Problem("not-issued", "A draft is nobody's debt: throw it away instead.")
        if self.invoice.kind == "credit_note":
            raise Problem("is-credit-note", f"{self.invoice.number} is a credit note: it is no claim.")
        if self.remaining(invoice_id) is None:
            raise Problem(
                "invoice-not-posted",
                f"Invoice {self.invoice.number} has not reached the ledger yet. Try again soon; if it is "
                "parked, post it first.",
            )

    @property
    def invoice(self) -> Invoice:
        """The invoice, as invoicing has it."""
        return self.invoices[self._invoice_id]

    @property
    def journal(self) -> Journal:
        """The bureau's postings."""
        assert self._journal is not None  # it is the bureau that is at work
        return self._journal

    @property
    def item(self) -> Receivable:
        """Its open item."""
        return self.journal.receivables[self._invoice_id]

    def unlost(self, kind: str) -> int:
        """What of it can be lost still, in öre."""
        return self.item.remaining if kind == "confirmed" else self.journal.undoubted(self._invoice_id)

    def require_day(self, day: date) -> None:
        """Refuse a day before the invoice or after today.

        Raises:
            Problem: ``validation``.
        """
        if not self.item.invoice_date <= day <= clock.today():
            message = f"Choose a day from {self.item.invoice_date}, the invoice's, until today."
            raise Problem("validation", message, (FieldError("/date", "outside", message),))

    # ------------------------------------------------------------ confirmed

    def confirm(self, payment_id: str, amount: int, day: date, reason: str) -> BadDebtStep:
        """Write off ``amount`` öre for the first time: so much is no longer expected to be lost.

        Raises:
            Problem: as :meth:`write_off`.
        """
        self.journal.release(self._invoice_id, amount, day, f"payment/{payment_id}/registered")
        return self.write_off(payment_id, amount, day, reason)

    def write_off(self, payment_id: str, amount: int, day: date, reason: str) -> BadDebtStep:
        """Write off ``amount`` öre.

        Raises:
            Problem: ``allocation-exceeds``, ``not-synchronised``, ``closed-period``, ``outside-fiscal-year``.
        """
        item = self.item
        self._check(item.invoice_id, item.number, amount)
        event = PaymentRegistered(
            company_id=self.at.company_id,
            payment_id=payment_id,
            payment_date=day,
            amount=0,
            method="bad_debt",
            allocations=(Allocated(item.invoice_id, item.number, amount),),
            customer_id=item.customer_id,
            customer_name=item.customer_name,
            fee=0,
            difference=0,
            credit=0,
            text=reason,
            bank_payment_id=None,
            registered_at=clock.timestamp(),
            request_id=self.at.user.request_id,
            loss=amount,
        )
        before = dict(item.lost)
        self.journal.pay(event, "ledger")
        voucher_id = self.journal.payments[payment_id]["voucher_id"]
        return self._step("written_off", day, amount, before, payment_id, voucher_id)

    def take_back(self, bad_debt: BadDebt, day: date) -> BadDebtStep:
        """Take back what stands of a bad debt.

        Raises:
            Problem: ``validation``, ``not-synchronised``, ``closed-period``, ``outside-fiscal-year``.
        """
        standing = bad_debt.last_loss
        if not standing.date <= day <= clock.today():
            message = f"Choose a day from {standing.date}, when it was written off, until today."
            raise Problem("validation", message, (FieldError("/date", "outside", message),))
        if bad_debt.kind == "expected":
            return self.journal.write_up(self._invoice_id, bad_debt, day)
        if self._invoice_id in self._news:
            raise Problem("not-synchronised", self._news[self._invoice_id])
        payment_id = standing.payment_id
        assert payment_id is not None  # a confirmed bad debt settles its invoice
        self.journal.load((), (), [payment_id])
        before, item = dict(self.item.lost), self.journal.payments[payment_id]
        event = PaymentReversed(
            PaymentRegistered.from_image(item), day, clock.timestamp(), self.at.user.request_id
        )
        self.journal.reverse(event, "ledger")
        voucher_id = item["reversal_voucher_id"]
        return self._step("taken_back", day, -bad_debt.standing, before, payment_id, voucher_id)

    def receive(self, payment_id: str, given: RecoverInput) -> BadDebtStep:
        """Register the money that came in.

        Raises:
            Problem: as for any payment.
        """
        payment = PaymentInput.model_construct(
            payment_date=given.date,
            amount=given.amount,
            method=given.method,
            allocations=[AllocationInput.model_construct(invoice_id=self._invoice_id, amount=given.amount)],
        )
        before = dict(self.item.lost)
        self.add(payment_id, payment)
        voucher_id = self.journal.payments[payment_id]["voucher_id"]
        return self._step("recovered", given.date, given.amount, before, payment_id, voucher_id)

    def _step(
        self,
        what: str,
        day: date,
        amount: int,
        before: dict[str, int],
        payment_id: str,
        voucher_id: str | None,
    ) -> BadDebtStep:
        lost = sum(self.item.lost.values()) - sum(before.values())
        vat = losses.vat_of(self.item.lost) - losses.vat_of(before)
        return BadDebtStep.model_validate(
            {
                "what": what,
                "date": day,
                "amount": amount,
                "loss": lost - vat,
                "vat": vat,
                "payment_id": payment_id,
                "voucher_id": voucher_id,
                "at": clock.timestamp(),
            }
        )

    # ------------------------------------------------------------ expected

    def write_down(self, bad_debt_id: str, amount: int, day: date) -> BadDebtStep:
        """Write down ``amount`` öre of the claim.

        Raises:
            Problem: ``allocation-exceeds``, ``closed-period``, ``outside-fiscal-year``.
        """
        left = self.journal.undoubted(self._invoice_id)
        if amount > left:
            message = (
                f"{format_sek(max(left, 0))} of the claim is in the accounts and not written down. "
                "Enter at most that."
            )
            raise Problem("allocation-exceeds", message, (FieldError("/amount", "exceeds", message),))
        return self.journal.write_down(self._invoice_id, bad_debt_id, amount, day)

    # ------------------------------------------------------------ writing

    def commit(self, bad_debt: BadDebt) -> BadDebt:
        """Write it all; the invoice must be in invoicing as it was read, and is not so for anybody else.

        So what the client does with it in the same moment is tried again, and meets what was done here.

        Raises:
            Contention: somebody wrote meanwhile.
        """
        transaction = Transaction()
        self.write(transaction)
        invoicing.raise_version(transaction, self.at.company_id, self.invoice)
        store.put_bad_debt(transaction, self.at.company_id, bad_debt)
        try:
            return idempotency.commit(transaction, self.at.user, bad_debt)
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure
