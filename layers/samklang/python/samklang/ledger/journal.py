"""One company's postings, folded into one transaction.

A journal reads the head of the books and the items concerned, applies events in memory one by one, and
writes everything at once: vouchers, open items, payments, month balances and the numbers taken. Each
event leaves an item of its own (the open item, the payment, its reversal), so that an event applied
before is seen and skipped: exactly once, by construction.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from samklang.ledger import cash_method, posting, store
from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.model import (
    Amounts,
    Entry,
    ParkedEvent,
    Receivable,
    Series,
    Voucher,
    VoucherInput,
    check_accounts,
    check_balance,
    check_no_control_account,
)
from samklang.payments.events import PaymentRegistered, PaymentReversed, payment_values, reversal_values
from samklang.payments.model.credit import Credit
from samklang.platform import clock
from samklang.platform.dynamo import MAX_OPERATIONS, Transaction
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from samklang.invoicing.events import InvoiceIssued
    from samklang.ledger.cash_method import Parts
    from samklang.payments.model.payments import Origin
    from samklang.platform.dynamo import Item

Outcome = Literal["posted", "already"]

_RESERVED = 6
"""Operations kept free: the books' head, month balances, a caller's own conditions and idempotency key."""


@dataclass(frozen=True, slots=True)
class _Posted:
    voucher: Voucher
    amounts: Amounts
    request_id: str


class Journal:
    """Postings of one company that will be written together."""

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
        self.company_id = company_id
        self.books = store.books(company_id)
        loaded = store.load(company_id, invoice_ids, payment_ids, parked_ids, customer_ids)
        self.receivables, self.payments, self.parked, self.credits = loaded
        self._vouchers: list[_Posted] = []
        self._touched: dict[str, Receivable] = {}
        self._changed_credits: set[str] = set()
        self._new_payments: dict[str, Item] = {}
        self._reversals: dict[str, Item] = {}
        self._reversed: dict[str, str] = {}
        self._kept_parked = frozenset(self.parked)
        self._parks: dict[str, Callable[[Transaction], None]] = {}
        self._unparks: set[str] = set()
        self._months: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def load(self, invoice_ids: Iterable[str], customer_ids: Iterable[str] = ()) -> None:
        """Read more items; those read before stay as they are."""
        wanted = [each for each in invoice_ids if each not in self.receivables]
        more = [each for each in customer_ids if each not in self.credits]
        if wanted or more:
            loaded = store.load(self.company_id, wanted, customer_ids=more)
            self.receivables |= loaded.receivables
            self.credits |= loaded.credits

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self._vouchers or self._touched or self._parks or self._unparks)

    @property
    def operations(self) -> int:
        """Operations of the transaction so far, without the head of the books."""
        parts = (
            self._vouchers,
            self._touched,
            self._changed_credits,
            self._new_payments,
            self._reversals,
            self._reversed,
            self._parks,
            self._unparks,
            self._months,
        )
        return sum(len(part) for part in parts)

    def has_room(self, operations: int) -> bool:
        """Whether so many more operations fit in the transaction."""
        return self.operations + operations + _RESERVED <= MAX_OPERATIONS

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
        if self.books.method == "cash":
            self._keep_sale(receivable, event)
        else:
            amounts = [(RECEIVABLES, event.total), *posting.sale_amounts(event)]
            receivable.voucher_id = self._post_sale(event, amounts)
        self._touch(receivable)
        if event.credits and event.credits.amount:
            # Two entries that cancel out: the voucher has moved the account by the credit note's total.
            self._enter(event.invoice_id, event.invoice_date, event.credits.amount, event.event_id)
            self._enter(event.credits.invoice_id, event.invoice_date, -event.credits.amount, event.event_id)
        return "posted"

    def _post_sale(self, event: InvoiceIssued, amounts: Amounts) -> str:
        text = _invoice_text(event)
        voucher = self._post("K", event.invoice_date, text, amounts, event.event_id, event.request_id)
        return voucher.voucher_id

    def _keep_sale(self, receivable: Receivable, event: InvoiceIssued) -> None:
        """By the cash method, keep what a sale is made of until it is paid.

        What a credit note settles is never paid, so it leaves the sales of both. What is paid already may
        then be for other rates than when it was posted: that is posted now.
        """
        sale = receivable.sale = receivable.sold = cash_method.parts_of(posting.sale_amounts(event))
        if event.credits is None or not event.credits.amount:
            return
        original = self.receivables[event.credits.invoice_id]
        part = cash_method.share(sale, -event.credits.amount)
        left = cash_method.added(original.sale, part)
        moved = cash_method.to_post(left, original.sold, original.posted, 0)
        if moved:
            amounts = [(account, -amount) for account, amount in moved.items()]
            receivable.voucher_id = self._post_sale(event, amounts)
        self._sell({original.invoice_id: moved})
        original.sale = left
        receivable.sale = cash_method.added(sale, part, sign=-1)

    def pay(self, event: PaymentRegistered, origin: Origin) -> Outcome:
        """Post money in and take it off the open items.

        Raises:
            Problem: ``invoice-not-posted``, ``closed-period``, ``outside-fiscal-year``.
        """
        if event.payment_id in self.payments:
            return "already"
        self._require_items([(each.invoice_id, each.number) for each in event.allocations])
        paid, sales = self._paid_amounts(event, +1)
        amounts = [*posting.money_amounts(event), *paid]
        day, text = event.payment_date, _payment_text(event, self.receivables)
        voucher = self._post("I", day, text, amounts, event.event_id, event.request_id)
        for invoice_id, _, amount in event.allocations:
            self._enter(invoice_id, day, -amount, event.event_id)
        self._sell(sales)
        self._change_credit(event, origin)
        values = payment_values(event) | {
            "origin": origin,
            "voucher_id": voucher.voucher_id,
            "sales": json.dumps(sales, separators=(",", ":")) if sales else None,
        }
        self.payments[event.payment_id] = self._new_payments[event.payment_id] = values
        return "posted"

    def _paid_amounts(self, event: PaymentRegistered, sign: int) -> tuple[Amounts, dict[str, Parts]]:
        """What a payment pays, or (-1) no longer: receivables; by the cash method sales, and of which items.

        A sale may be made up otherwise than when it was paid, by a credit note in between: so taking a
        payment back posts what is then posted too much, and not the payment's own rows.
        """
        if self.books.method == "invoice":
            paid = posting.receivable_amounts(event)
            return (paid if sign > 0 else posting.reversed_amounts(paid)), {}
        sales = {}
        for invoice_id, _, amount in event.allocations:
            item = self.receivables[invoice_id]
            sales[invoice_id] = cash_method.to_post(item.sale, item.sold, item.posted, sign * amount)
        rows = [(account, -amount) for parts in sales.values() for account, amount in parts.items()]
        return rows, sales

    def _sell(self, sales: Mapping[str, Parts]) -> None:
        for invoice_id, parts in sales.items():
            item = self.receivables[invoice_id]
            item.posted = cash_method.added(item.posted, parts)

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
        paid, sales = self._paid_amounts(payment, -1)
        amounts = [*posting.reversed_amounts(posting.money_amounts(payment)), *paid]
        _, series, number = posted["voucher_id"].split(".")
        text = f"Rättelse av {series} {number}: {_payment_text(payment, self.receivables)}"
        voucher = self._post("I", event.reversal_date, text, amounts, event.event_id, event.request_id)
        for invoice_id, _, amount in payment.allocations:
            self._enter(invoice_id, event.reversal_date, amount, event.event_id)
        self._sell(sales)
        self._change_credit(event, origin)
        values = reversal_values(event, origin) | {"reversal_voucher_id": voucher.voucher_id}
        posted.update(values)
        self._reversed[payment.payment_id] = event.reversed_at
        if payment.payment_id not in self._new_payments:
            # One posted in this journal is written whole, reversal and all: one operation an item.
            self._reversals[payment.payment_id] = values
        return "posted"

    def write_by_hand(self, given: VoucherInput, request_id: str) -> Voucher:
        """Post a voucher the bureau wrote.

        Raises:
            Problem: ``unbalanced``, ``unknown-account``, ``control-account``, ``closed-period``,
                ``outside-fiscal-year``.
        """
        amounts = [(row.account, row.debit - row.credit) for row in given.rows]
        check_no_control_account(amounts)
        return self._post("A", given.date, given.text, amounts, None, request_id)

    def park(self, parked: ParkedEvent, change: dict[str, Any], request_id: str | None) -> None:
        """Set an event aside with its reason."""
        parked_id = parked.parked_id
        self._parks[parked_id] = lambda transaction: store.put_parked(
            transaction, self.company_id, parked, change, request_id
        )
        self._unparks.discard(parked_id)
        if parked_id not in self.parked:
            self.parked.add(parked_id)
            self._count_parked(parked_id, 1, parked.parked_at)

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

    def _post(
        self, series: Series, day: date, text: str, amounts: Amounts, source: str | None, request_id: str
    ) -> Voucher:
        check_balance(amounts)
        check_accounts(amounts)
        number = self.books.next_number(series, day)
        voucher = Voucher(
            voucher_id=store.voucher_id(day, series, number),
            series=series,
            number=number,
            date=day,
            text=text[:200],
            rows=store.rows_of(amounts),
            source=source,
            created_at=clock.timestamp(),
        )
        # From here on nothing can fail, so that a refused event leaves no trace in the journal.
        self.books.take_number(series, day)
        self._vouchers.append(_Posted(voucher, amounts, request_id))
        month = self._months[f"{day:%Y-%m}"]
        for account, amount in amounts:
            month[account] += amount
        return voucher

    def _touch(self, receivable: Receivable) -> None:
        self.receivables[receivable.invoice_id] = receivable
        self._touched[receivable.invoice_id] = receivable

    def _require_items(self, invoices: Iterable[tuple[str, int]]) -> None:
        missing = [str(number) for invoice_id, number in invoices if invoice_id not in self.receivables]
        if missing:
            raise Problem(
                "invoice-not-posted", f"Invoice {', '.join(missing)} is not posted; post that first."
            )

    def _enter(self, invoice_id: str, day: date, amount: int, cause: str) -> None:
        receivable = self.receivables[invoice_id]
        receivable.entries.append(Entry(day, amount, cause))
        self._touch(receivable)

    # ------------------------------------------------------------ writing

    def write(self, transaction: Transaction) -> None:
        """Add everything to a transaction; its conditions hold if nothing was changed since it was read."""
        # Also when an event is only parked: what was read of it must still be so when it is written.
        store.update_books(transaction, self.company_id, self.books)
        for posted in self._vouchers:
            store.put_voucher(transaction, self.company_id, posted.voucher, posted.amounts, posted.request_id)
        for receivable in self._touched.values():
            store.put_receivable(transaction, self.company_id, receivable)
        for customer_id in sorted(self._changed_credits):
            store.put_credit(transaction, self.company_id, self.credits[customer_id])
        for payment_id, values in self._new_payments.items():
            store.put_payment(transaction, self.company_id, payment_id, values)
        for payment_id, values in self._reversals.items():
            store.reverse_payment(transaction, self.company_id, payment_id, values)
        for payment_id, reversed_at in self._reversed.items():
            store.put_reversed(transaction, self.company_id, payment_id, reversed_at)
        for park in self._parks.values():
            park(transaction)
        for parked_id in sorted(self._unparks):
            store.remove_parked(transaction, self.company_id, parked_id)
        for month, changes in self._months.items():
            store.add_to_month(transaction, self.company_id, month, changes)


def _invoice_text(event: InvoiceIssued) -> str:
    if event.credits is None:
        return f"Kundfaktura {event.number} {event.customer_name}"
    return f"Kreditfaktura {event.number}, krediterar faktura {event.credits.number}, {event.customer_name}"


_NUMBERS_SHOWN = 5


def _payment_text(event: PaymentRegistered, receivables: Mapping[str, Receivable]) -> str:
    """What a payment's voucher is about and with whom (bokföringslagen 5 kap. 7 §)."""
    what = "Kvittning" if not event.amount else "Inbetalning" if event.amount > 0 else "Återbetalning"
    money = f" {format_sek(abs(event.amount)).replace('.', ',')} kr" if event.amount else ""
    items = [
        f"{'kreditfaktura' if receivables[invoice_id].total < 0 else 'faktura'} {number}"
        for invoice_id, number, _ in event.allocations[:_NUMBERS_SHOWN]
    ]
    if len(event.allocations) > _NUMBERS_SHOWN:
        items.append("m.fl.")
    about = ", ".join(items) or ("tillgodohavande" if event.credit < 0 else "à conto")
    return f"{what}{money}, {event.customer_name}, {about}"
