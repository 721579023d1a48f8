"""One company's postings, folded into one transaction.

A journal reads the head of the books and the items concerned, applies events in memory one by one, and
writes everything at once: vouchers, open items, payments, month balances and the numbers taken. Each
event leaves an item of its own (the open item, the payment, its reversal), so that an event applied
before is seen and skipped: exactly once, by construction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from samklang.ledger import cash_method, posting, settling
from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.bad_debts.write_downs import WriteDowns
from samklang.ledger.model.journalising import Unposted
from samklang.ledger.model.receivables import Entry, Receivable
from samklang.ledger.model.vouchers import (
    Amounts,
    Voucher,
    check_balance,
)
from samklang.ledger.postings import TEXT, Postings, reference
from samklang.ledger.store import (
    customer_credit,
    loading,
    parked,
    payments,
    receivables,
    unposted,
)
from samklang.payments.events import PaymentRegistered, PaymentReversed, payment_values, reversal_values
from samklang.payments.model.credit import Credit
from samklang.platform import clock
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from samklang.invoicing.events import InvoiceIssued
    from samklang.ledger.bad_debts.model import BadDebt, BadDebtStep
    from samklang.ledger.model.parked import ParkedEvent
    from samklang.ledger.settling import Settled
    from samklang.payments.model.payments import Origin
    from samklang.platform.dynamo import Item, Transaction

Outcome = Literal["posted", "already"]

_VOUCHER_AND_MONTH = 2


class Journal(Postings):
    """What the receivables subledger tells of one company, and vouchers, written together."""

    def __init__(
        self,
        company_id: str,
        invoice_ids: Iterable[str] = (),
        payment_ids: Iterable[str] = (),
        parked_ids: Iterable[str] = (),
        customer_ids: Iterable[str] = (),
    ) -> None:
        """Read the head of the books, the items the postings will touch, and which events are parked.

        ``customer_ids`` are those whose credit may change.
        """
        super().__init__(company_id)
        loaded = loading.load(company_id, invoice_ids, payment_ids, parked_ids, customer_ids)
        self.receivables, self.payments, self.parked, self.credits = loaded
        self._write_downs = WriteDowns(self)
        self._unposted: dict[str, Unposted] = {}
        self._journalised: set[str] = set()
        self._voucher_ids: dict[str, dict[str, str | None]] = {}
        self._touched: dict[str, Receivable] = {}
        self._changed_credits: set[str] = set()
        self._new_payments: dict[str, Item] = {}
        self._reversals: dict[str, Item] = {}
        self._reversed: dict[str, str] = {}
        self._kept_parked = frozenset(self.parked)
        self._parks: dict[str, Callable[[Transaction], None]] = {}
        self._unparks: set[str] = set()

    def load(
        self,
        invoice_ids: Iterable[str],
        customer_ids: Iterable[str] = (),
        payment_ids: Iterable[str] = (),
    ) -> None:
        """Read more items; those read before stay as they are."""
        wanted = [each for each in invoice_ids if each not in self.receivables]
        more = [each for each in customer_ids if each not in self.credits]
        paid = [each for each in payment_ids if each not in self.payments]
        if wanted or more or paid:
            loaded = loading.load(self.company_id, wanted, paid, customer_ids=more)
            self.receivables |= loaded.receivables
            self.payments |= loaded.payments
            self.credits |= loaded.credits

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return super().empty and not (self._touched or self._unposted or self._parks or self._unparks)

    @property
    def operations(self) -> int:
        """Operations of the transaction so far, without the head of the books."""
        parts = (
            self._unposted,
            self._journalised,
            self._voucher_ids,
            self._touched,
            self._changed_credits,
            self._new_payments,
            self._reversals,
            self._reversed,
            self._parks,
            self._unparks,
        )
        return super().operations + self._write_downs.operations + sum(len(part) for part in parts)

    def to_release(self, invoice_ids: Iterable[str]) -> int:
        """The most operations that taking back what is written down of items may cost."""
        items = [self.receivables[each] for each in invoice_ids if each in self.receivables]
        expected = sum(len(item.doubted) for item in items)
        return expected + _VOUCHER_AND_MONTH if expected else 0

    # ------------------------------------------------------------ events

    def issue(self, event: InvoiceIssued) -> Outcome:
        """Post a sale and open its item; of a credit note, take what it settles off its original's item.

        Raises:
            Problem: ``invoice-not-posted`` for a credit note whose original is not, ``closed-period``,
                ``outside-fiscal-year``.
        """
        if event.invoice_id in self.receivables:
            return "already"
        if event.credits:
            self._require_items([(event.credits.invoice_id, event.credits.number)])
            self._require_release([event.credits.invoice_id], event.invoice_date)
        receivable = Receivable(
            invoice_id=event.invoice_id,
            number=event.number,
            customer_id=event.customer_id,
            customer_name=event.customer_name,
            invoice_date=event.invoice_date,
            due_date=event.due_date,
            total=event.total,
            voucher_id=None,
            request_id=event.request_id,
        )
        if self.books.method == "invoice":
            amounts = [(RECEIVABLES, event.total), *posting.sale_amounts(event)]
            receivable.voucher_id = self._post_sale(event, amounts)
        booked = self._keep_sale(receivable, event)
        receivable.awaits = event.event_id in self._unposted
        self._touch(receivable)
        if event.credits and event.credits.amount:
            # Two entries that cancel out: the voucher has moved the account by the credit note's total.
            day, settled, cause = event.invoice_date, event.credits.amount, event.event_id
            self._enter(event.invoice_id, Entry(day, settled, cause))
            self._enter(event.credits.invoice_id, Entry(day, -settled, cause, booked=-booked))
            self._release_excess([event.credits.invoice_id], day, cause)
        return "posted"

    def _post_sale(self, event: InvoiceIssued, amounts: Amounts) -> str | None:
        return self._journalise("K", event.invoice_date, _invoice_text(event), amounts, event.event_id)

    def _keep_sale(self, receivable: Receivable, event: InvoiceIssued) -> int:
        """Keep what a sale is made of: until it is paid by the cash method, and for what of it may be lost.

        What a credit note settles is never paid, so it leaves the sales of both. By the cash method, what is
        paid already may then be for other rates than when it was posted: that is posted now. What the
        year-end entries have booked of it is taken back.

        Returns:
            What of the original the credit note takes off account 1510, by the cash method.
        """
        sale = receivable.sale = receivable.sold = cash_method.parts_of(posting.sale_amounts(event))
        if event.credits is None or not event.credits.amount:
            return 0
        original = self.receivables[event.credits.invoice_id]
        part = cash_method.share(sale, -event.credits.amount)
        left = cash_method.added(original.sale, part)
        booked = 0
        if self.books.method == "cash":
            booked = cash_method.off_booked(original.booked, event.credits.amount)
            moved = cash_method.to_post(left, original.sold, original.posted, -booked)
            amounts = [(account, -amount) for account, amount in moved.items()]
            amounts += [(RECEIVABLES, -booked)] if booked else []
            if amounts:
                receivable.voucher_id = self._post_sale(event, amounts)
            original.posted = cash_method.added(original.posted, moved)
        original.sale = left
        receivable.sale = cash_method.added(sale, part, sign=-1)
        return booked

    def pay(self, event: PaymentRegistered, origin: Origin) -> Outcome:
        """Post money in, or a bad debt, and take it off the open items.

        Raises:
            Problem: ``invoice-not-posted``, ``closed-period``, ``outside-fiscal-year``.
        """
        if event.payment_id in self.payments:
            return "already"
        self._require_items([(each.invoice_id, each.number) for each in event.allocations])
        self._require_release(event.invoices, event.payment_date)
        method, is_loss = self.books.method, event.is_loss
        settled = [
            settling.settle(self.receivables[invoice_id], amount, method, is_loss=is_loss)
            for invoice_id, _, amount in event.allocations
        ]
        amounts = [*posting.money_amounts(event), *settling.rows(settled)]
        day, text = event.payment_date, _payment_text(event, self.receivables)
        voucher_id = self._post_settled(event, day, text, amounts, event.event_id)
        self._enter_settled(settled, day, event.event_id)
        self._release_excess(event.invoices, day, event.event_id)
        self._change_credit(event, origin)
        sales = {each.item.invoice_id: each.sale for each in settled} if method == "cash" else {}
        values = payment_values(event) | {
            "origin": origin,
            "voucher_id": voucher_id,
            "awaits": event.event_id in self._unposted or None,
            "sales": json.dumps(sales, separators=(",", ":")) if sales else None,
        }
        self.payments[event.payment_id] = self._new_payments[event.payment_id] = values
        return "posted"

    def _post_settled(
        self, payment: PaymentRegistered, day: date, text: str, amounts: Amounts, event: str
    ) -> str | None:
        """Post a payment, or at once a bad debt, which is the bureau's own; its voucher's id, or none."""
        if not payment.is_loss:
            return self._journalise("I", day, text, amounts, event)
        if amounts:
            return self.post("R", day, text, amounts, event).voucher_id
        # By the cash method an unpaid sale was never posted, so there is nothing to lose in the accounts.
        self.books.fiscal_year(day)
        return None

    def _enter_settled(self, settled: list[Settled], day: date, cause: str) -> None:
        for each in settled:
            each.enter(day, cause, self.books.method)
            self._touch(each.item)

    def _change_credit(self, event: PaymentRegistered | PaymentReversed, origin: Origin) -> None:
        if event.credit_change:
            credit = self.credits.get(event.customer_id, Credit(event.customer_id))
            self.credits[event.customer_id] = credit.changed(event.credit_change, origin)
            self._changed_credits.add(event.customer_id)

    def reverse(self, event: PaymentReversed, origin: Origin) -> Outcome:
        """Post a payment backwards and put its amounts back on the open items.

        Raises:
            Problem: ``invoice-not-posted`` while the payment itself is not posted, ``closed-period``,
                ``outside-fiscal-year``.
        """
        payment = event.payment
        posted = self.payments.get(payment.payment_id)
        if posted is None:
            raise Problem("invoice-not-posted", "The payment it takes back is not posted; post that first.")
        if "reversal_date" in posted:
            return "already"
        settled = [
            settling.take_back(self.receivables[invoice_id], amount, payment.event_id, self.books.method)
            for invoice_id, _, amount in payment.allocations
        ]
        amounts = posting.reversed_amounts(posting.money_amounts(payment))
        amounts += settling.rows(settled, sign=-1)
        what = f"Rättelse av {reference(posted.get('voucher_id'))}"
        text = f"{what}: {_payment_text(payment, self.receivables)}"
        voucher_id = self._post_settled(payment, event.reversal_date, text, amounts, event.event_id)
        self._enter_settled(settled, event.reversal_date, event.event_id)
        self._change_credit(event, origin)
        values = reversal_values(event, origin) | {
            "reversal_voucher_id": voucher_id,
            "reversal_awaits": event.event_id in self._unposted or None,
        }
        posted.update(values)
        self._reversed[payment.payment_id] = event.reversed_at
        if payment.payment_id not in self._new_payments:
            # One posted in this journal is written whole, reversal and all: one operation an item.
            self._reversals[payment.payment_id] = values
        return "posted"

    def journalise(self, waiting: Unposted) -> Voucher:
        """Post a voucher that has waited for the bureau to look at it.

        Its open item must be among those that were read; that, or its payment, then tells its voucher.

        Raises:
            Problem: as :meth:`post`.
        """
        voucher = self.post(waiting.series, waiting.date, waiting.text, waiting.amounts, waiting.event)
        self.books.count_unposted(-1, waiting.amounts)
        self._journalised.add(waiting.event)
        kind, identifier, what = waiting.event.split("/")
        if kind == "invoice":
            receivable = self.receivables[identifier]
            receivable.voucher_id, receivable.awaits = voucher.voucher_id, False
            self._touch(receivable)
        else:
            prefix = "reversal_" if what == "reversed" else ""
            told = {f"{prefix}voucher_id": voucher.voucher_id, f"{prefix}awaits": None}
            self._voucher_ids.setdefault(identifier, {}).update(told)
        return voucher

    def undoubted(self, invoice_id: str) -> int:
        """How much of an item is in the accounts and neither settled nor written down, in öre."""
        item = self.receivables[invoice_id]
        claim = item.remaining if self.books.method == "invoice" else item.booked
        return claim - sum(item.doubted.values())

    def write_down(self, invoice_id: str, bad_debt_id: str, amount: int, day: date) -> BadDebtStep:
        """Write ``amount`` öre of an item down as an expected loss; see :class:`WriteDowns`."""
        item = self.receivables[invoice_id]
        self._touch(item)
        return self._write_downs.write_down(item, bad_debt_id, amount, day)

    def write_up(self, invoice_id: str, bad_debt: BadDebt, day: date) -> BadDebtStep:
        """Take an expected loss back; see :class:`WriteDowns`."""
        item = self.receivables[invoice_id]
        self._touch(item)
        return self._write_downs.write_up(item, bad_debt, day)

    def release(self, invoice_id: str, amount: int, day: date, cause: str) -> None:
        """Take back at most ``amount`` öre of what is written down of an item.

        Raises:
            Problem: see :meth:`WriteDowns.require`.
        """
        self._require_release([invoice_id], day)
        self._write_downs.release({invoice_id: amount}, self.receivables, day, cause)
        self._touch(self.receivables[invoice_id])

    def _require_release(self, invoice_ids: Iterable[str], day: date) -> None:
        self._write_downs.require([self.receivables[each] for each in invoice_ids], day)

    def _release_excess(self, invoice_ids: Iterable[str], day: date, cause: str) -> None:
        """Take back what is written down of items beyond what is left of their claims."""
        excess = {each: -self.undoubted(each) for each in invoice_ids if self.receivables[each].doubted}
        self._write_downs.release(excess, self.receivables, day, cause)

    def book_unpaid(self, invoice_id: str, last_day: date, today: date, cause: str) -> list[Voucher]:
        """By the cash method, post what was unpaid of an item at the end of a fiscal year and is not posted.

        Its sale is posted on the last day, output VAT on the dormant accounts, and the item is on account
        1510 until it is settled. What was settled since, and posted as a sale then, is taken back there
        today: the sale was the year's before.

        Returns:
            The vouchers: none, one or two.

        Raises:
            Problem: ``closed-period``, ``outside-fiscal-year``.
        """
        item = self.receivables[invoice_id]
        amount = item.remaining_on(last_day) - item.booked_on(last_day)
        settled_since = amount - cash_method.off_booked(item.remaining - item.booked, amount)
        what = "kreditfaktura" if item.total < 0 else "kundfaktura"
        about = f"{what} {item.number} {item.customer_name}"
        steps: tuple[tuple[date, int, Mapping[str, str], str], ...] = (
            (last_day, amount, cash_method.DORMANT, f"Bokslut, obetald {about}"),
            (today, -settled_since, {}, f"Bokförd i bokslutet och reglerad efter det, {about}"),
        )
        found = []
        for day, booked, accounts, text in steps:
            if booked:
                parts = cash_method.to_post(item.sale, item.sold, item.posted, booked)
                rows = [(accounts.get(account, account), -part) for account, part in parts.items()]
                found.append(self.post("K", day, text, [(RECEIVABLES, booked), *rows], cause))
                item.posted = cash_method.added(item.posted, parts)
                self._enter(invoice_id, Entry(day, 0, cause, booked))
        return found

    def park(self, event: ParkedEvent, change: dict[str, Any], request_id: str | None) -> None:
        """Set an event aside with its reason."""
        parked_id = event.parked_id
        self._parks[parked_id] = lambda transaction: parked.put_parked(
            transaction, self.company_id, event, change, request_id
        )
        self._unparks.discard(parked_id)
        if parked_id not in self.parked:
            self.parked.add(parked_id)
            self._count_parked(parked_id, 1, event.parked_at)

    def unpark(self, parked_ids: set[str]) -> None:
        """Take a posted event off the list of parked ones, if it is there under any of these ids."""
        for parked_id in parked_ids & self.parked:
            self.parked.remove(parked_id)
            self._parks.pop(parked_id, None)
            if parked_id in self._kept_parked:
                self._unparks.add(parked_id)
            self._count_parked(parked_id, -1, clock.timestamp())

    def _count_parked(self, parked_id: str, change: int, at: str) -> None:
        # A customer can be parked before there are books to count it in.
        if not parked_id.startswith("customer."):
            self.books.count_parked(change, at)

    # ------------------------------------------------------------ in memory

    def _journalise(self, series: str, day: date, text: str, amounts: Amounts, event: str) -> str | None:
        """Post what the subledger tells, or let it wait for the bureau; the voucher's id if it is posted."""
        if self.books.journalising == "automatic":
            return self.post(series, day, text, amounts, event).voucher_id
        check_balance(amounts)
        self.chart.check(amounts)
        self.books.fiscal_year(day)
        self._unposted[event] = Unposted(event, series, day, text[:TEXT], amounts, clock.timestamp())
        self.books.count_unposted(1, amounts)
        return None

    def _touch(self, receivable: Receivable) -> None:
        self.receivables[receivable.invoice_id] = receivable
        self._touched[receivable.invoice_id] = receivable

    def _require_items(self, invoices: Iterable[tuple[str, int]]) -> None:
        missing = [str(number) for invoice_id, number in invoices if invoice_id not in self.receivables]
        if missing:
            raise Problem(
                "invoice-not-posted", f"Invoice {', '.join(missing)} is not posted; post that first."
            )

    def _enter(self, invoice_id: str, entry: Entry) -> None:
        receivable = self.receivables[invoice_id]
        receivable.entries.append(entry)
        self._touch(receivable)

    # ------------------------------------------------------------ writing

    def write(self, transaction: Transaction) -> None:
        """Add everything to a transaction; its conditions hold if nothing was changed since it was read."""
        super().write(transaction)
        for waiting in self._unposted.values():
            unposted.put_unposted(transaction, self.company_id, waiting)
        for event in sorted(self._journalised):
            unposted.remove_unposted(transaction, self.company_id, event)
        for receivable in self._touched.values():
            receivables.put_receivable(transaction, self.company_id, receivable)
        for customer_id in sorted(self._changed_credits):
            customer_credit.put_credit(transaction, self.company_id, self.credits[customer_id])
        self._write_payments(transaction)
        self._write_downs.write(transaction)
        for park in self._parks.values():
            park(transaction)
        for parked_id in sorted(self._unparks):
            parked.remove_parked(transaction, self.company_id, parked_id)

    def _write_payments(self, transaction: Transaction) -> None:
        for payment_id, values in self._new_payments.items():
            payments.put_payment(transaction, self.company_id, payment_id, values)
        for payment_id, values in self._reversals.items():
            payments.reverse_payment(transaction, self.company_id, payment_id, values)
        for payment_id, told in self._voucher_ids.items():
            payments.tell_voucher(transaction, self.company_id, payment_id, told)
        for payment_id, reversed_at in self._reversed.items():
            payments.put_reversed(transaction, self.company_id, payment_id, reversed_at)


def _invoice_text(event: InvoiceIssued) -> str:
    if event.credits is None:
        return f"Kundfaktura {event.number} {event.customer_name}"
    return f"Kreditfaktura {event.number}, krediterar faktura {event.credits.number}, {event.customer_name}"


def _loss_text(event: PaymentRegistered) -> str:
    loss = format_sek(event.loss).replace(".", ",")
    ((_, number, _),) = event.allocations
    return f"Konstaterad kundförlust {loss} kr, {event.customer_name}, faktura {number}: {event.text}"


_NUMBERS_SHOWN = 5


def _payment_text(event: PaymentRegistered, items: Mapping[str, Receivable]) -> str:
    """What a payment's voucher is about and with whom (bokföringslagen 5 kap. 7 §)."""
    if event.is_loss:
        return _loss_text(event)
    what = "Kvittning" if not event.amount else "Inbetalning" if event.amount > 0 else "Återbetalning"
    money = f" {format_sek(abs(event.amount)).replace('.', ',')} kr" if event.amount else ""
    paid = [
        f"{'kreditfaktura' if items[invoice_id].total < 0 else 'faktura'} {number}"
        for invoice_id, number, _ in event.allocations[:_NUMBERS_SHOWN]
    ]
    if len(event.allocations) > _NUMBERS_SHOWN:
        paid.append("m.fl.")
    about = ", ".join(paid) or ("tillgodohavande" if event.credit < 0 else "à conto")
    return f"{what}{money}, {event.customer_name}, {about}"
