"""One company's postings, folded into one transaction.

A journal reads the head of the books and the items concerned, applies events in memory one by one, and
writes everything at once: vouchers, open items, payments, month balances and the numbers taken. Each
event leaves an item of its own (the open item, the payment, its reversal), so that an event applied
before is seen and skipped: exactly once, by construction.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from samklang.ledger import posting, store
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
from samklang.payments.model import check_remaining
from samklang.platform import clock
from samklang.platform.dynamo import MAX_OPERATIONS, Transaction
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from samklang.invoicing.events import InvoiceIssued
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
    ) -> None:
        """Read the head of the books, the items the postings will touch, and which events are parked."""
        self.company_id = company_id
        self.books = store.books(company_id)
        loaded = store.load(company_id, invoice_ids, payment_ids, parked_ids)
        self.receivables, self.payments, self.parked = loaded
        self._vouchers: list[_Posted] = []
        self._touched: dict[str, Receivable] = {}
        self._new_payments: dict[str, Item] = {}
        self._reversals: dict[str, Item] = {}
        self._writes: list[Callable[[Transaction], None]] = []
        self._months: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self._vouchers or self._writes)

    @property
    def _operations(self) -> int:
        parts = (
            self._vouchers,
            self._touched,
            self._new_payments,
            self._reversals,
            self._writes,
            self._months,
        )
        return sum(len(part) for part in parts)

    def has_room(self, operations: int) -> bool:
        """Whether so many more operations fit in the transaction."""
        return self._operations + operations + _RESERVED <= MAX_OPERATIONS

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
        amounts, text = posting.invoice_amounts(event), _invoice_text(event)
        voucher = self._post("K", event.invoice_date, text, amounts, event.event_id, event.request_id)
        self._touch(
            Receivable(
                invoice_id=event.invoice_id,
                number=event.number,
                customer_id=event.customer_id,
                customer_name=event.customer_name,
                invoice_date=event.invoice_date,
                due_date=event.due_date,
                total=event.total,
                voucher_id=voucher.voucher_id,
                request_id=event.request_id,
            )
        )
        if event.credits and event.credits.amount:
            # Two entries that cancel out: the voucher has moved the account by the credit note's total.
            self._enter(event.invoice_id, event.invoice_date, event.credits.amount, event.event_id)
            self._enter(event.credits.invoice_id, event.invoice_date, -event.credits.amount, event.event_id)
        return "posted"

    def pay(self, event: PaymentRegistered, origin: str) -> Outcome:
        """Post money in and take it off the open items.

        Raises:
            Problem: ``invoice-not-posted``, ``closed-period``, ``outside-fiscal-year``.
        """
        if event.payment_id in self.payments:
            return "already"
        self._require_items([(invoice_id, number) for invoice_id, number, _ in event.allocations])
        voucher = self._post(
            "I",
            event.payment_date,
            _payment_text(event),
            posting.payment_amounts(event),
            event.event_id,
            event.request_id,
        )
        for invoice_id, _, amount in event.allocations:
            self._enter(invoice_id, event.payment_date, -amount, event.event_id)
        values = payment_values(event) | {"origin": origin, "voucher_id": voucher.voucher_id}
        self.payments[event.payment_id] = self._new_payments[event.payment_id] = values
        return "posted"

    def reverse(self, event: PaymentReversed, origin: str) -> Outcome:
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
        amounts = posting.reversed_amounts(posting.payment_amounts(payment))
        text = f"Återtagen: {_payment_text(payment)}"
        voucher = self._post("I", event.reversal_date, text, amounts, event.event_id, event.request_id)
        for invoice_id, _, amount in payment.allocations:
            self._enter(invoice_id, event.reversal_date, amount, event.event_id)
        values = reversal_values(event.reversal_date, origin, event.request_id)
        values["reversal_voucher_id"] = voucher.voucher_id
        posted.update(values)
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
        self._writes.append(
            lambda transaction: store.put_parked(transaction, self.company_id, parked, change, request_id)
        )

    def unpark(self, parked_ids: set[str]) -> None:
        """Take a posted event off the list of parked ones, if it is there under any of these ids."""
        for parked_id in sorted(parked_ids & self.parked):
            self._writes.append(partial(self._remove_parked, parked_id))

    def _remove_parked(self, parked_id: str, transaction: Transaction) -> None:
        store.remove_parked(transaction, self.company_id, parked_id)

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
        for payment_id, values in self._new_payments.items():
            store.put_payment(transaction, self.company_id, payment_id, values)
        for payment_id, values in self._reversals.items():
            store.reverse_payment(transaction, self.company_id, payment_id, values)
        for write in self._writes:
            write(transaction)
        for month, changes in self._months.items():
            store.add_to_month(transaction, self.company_id, month, changes)


def _invoice_text(event: InvoiceIssued) -> str:
    if event.credits is None:
        return f"Kundfaktura {event.number} {event.customer_name}"
    return f"Kreditfaktura {event.number}, krediterar faktura {event.credits.number}, {event.customer_name}"


def _payment_text(event: PaymentRegistered) -> str:
    numbers = ", ".join(str(number) for _, number, _ in event.allocations)
    return f"Inbetalning faktura {numbers}, {format_sek(event.amount).replace('.', ',')} kr"


def check_open_items(receivables: dict[str, Receivable], event: PaymentRegistered) -> None:
    """Refuse more on an invoice than remains in the ledger.

    Raises:
        Problem: ``invoice-not-posted``, ``allocation-exceeds``.
    """
    for invoice_id, number, amount in event.allocations:
        receivable = receivables.get(invoice_id)
        if receivable is None:
            raise Problem(
                "invoice-not-posted", f"Invoice {number} has not reached the ledger yet. Try again soon."
            )
        check_remaining(number, amount, receivable.remaining)
