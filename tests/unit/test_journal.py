import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.events import InvoiceIssued, SaleLine, SetOff
from samklang.ledger import store
from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.journal import Journal
from samklang.ledger.model import Books
from samklang.payments.events import PaymentRegistered, PaymentReversed
from samklang.platform.problems import Problem

YEAR = date(2026, 1, 1), date(2026, 12, 31)
DAYS = [YEAR[0] + timedelta(days=each) for each in range(365)]

type Event = InvoiceIssued | PaymentRegistered | PaymentReversed


@contextmanager
def journal(closed_until: date | None = None) -> Iterator[Journal]:
    """A journal of a company with nothing in its books."""
    head = Books(fiscal_years=[YEAR], closed_until=closed_until, next_numbers={}, version=1)
    with (
        patch.object(store, "books", return_value=head),
        patch.object(store, "load", return_value=({}, {}, set())),
    ):
        yield Journal("com_1")


def apply(books: Journal, event: Event) -> str:
    match event:
        case InvoiceIssued():
            return books.issue(event)
        case PaymentRegistered():
            return books.pay(event, "invoicing")
        case PaymentReversed():
            return books.reverse(event, "invoicing")


def account_1510(books: Journal, until: date = YEAR[1]) -> int:
    return sum(
        amount
        for posted in books._vouchers
        if posted.voucher.date <= until
        for account, amount in posted.amounts
        if account == RECEIVABLES
    )


def subledger(books: Journal, until: date = YEAR[1]) -> int:
    return sum(each.remaining_on(until) for each in books.receivables.values())


def issued(
    place: int,
    total: int,
    day: date = YEAR[0],
    credits: SetOff | None = None,  # noqa: A002 - the event's own name
) -> InvoiceIssued:
    return InvoiceIssued(
        company_id="com_1",
        invoice_id=f"inv_{place}",
        number=1000 + place,
        ocr=f"{place}",
        customer_id="cus_1",
        customer_name="Kund AB",
        invoice_date=day,
        due_date=day,
        total=total,
        rounding=0,
        lines=(SaleLine("exempt", "0", total, 0),),
        credits=credits,
        request_id="r",
    )


def paid(place: int, invoice: InvoiceIssued, amount: int, day: date = YEAR[0]) -> PaymentRegistered:
    return PaymentRegistered(
        company_id="com_1",
        payment_id=f"pay_{place}",
        payment_date=day,
        amount=amount,
        method="bank",
        allocations=((invoice.invoice_id, invoice.number, amount),),
        customer_id="cus_1",
        credit=0,
        text=None,
        source=None,
        request_id="r",
    )


# ---------------------------------------------------------------- credit notes


def test_a_credit_note_is_an_item_of_its_own_and_takes_what_it_settles_off_its_original() -> None:
    invoice = issued(1, 1_000)
    note = issued(2, -400, date(2026, 2, 1), SetOff("inv_1", 1001, 300))
    with journal() as books:
        assert [apply(books, each) for each in (invoice, note)] == ["posted", "posted"]
    first, second = books.receivables["inv_1"], books.receivables["inv_2"]
    assert (first.remaining, second.remaining, second.total) == (700, -100, -400)
    assert (first.credited, second.credited, first.paid) == ({"inv_2": 300}, {"inv_2": -300}, {})
    assert {entry.cause for entry in first.entries + second.entries} == {"invoice/inv_2/issued"}
    assert {entry.date for entry in first.entries + second.entries} == {date(2026, 2, 1)}
    assert [posted.voucher.text for posted in books._vouchers] == [
        "Kundfaktura 1001 Kund AB",
        "Kreditfaktura 1002, krediterar faktura 1001, Kund AB",
    ]
    assert books._vouchers[1].voucher.source == "invoice/inv_2/issued"


def test_a_credit_note_of_an_invoice_with_nothing_left_leaves_that_invoice_alone() -> None:
    with journal() as books:
        apply(books, issued(1, 1_000))
        apply(books, issued(2, -400, credits=SetOff("inv_1", 1001, 0)))
    assert (books.receivables["inv_1"].entries, books.receivables["inv_2"].entries) == ([], [])
    assert books.receivables["inv_2"].remaining == -400


def test_a_credit_note_waits_for_its_original_and_leaves_no_trace_till_then() -> None:
    note = issued(2, -400, credits=SetOff("inv_1", 1001, 400))
    with journal() as books:
        with pytest.raises(Problem, match="Invoice 1001 is not posted") as caught:
            apply(books, note)
        assert caught.value.code == "invoice-not-posted"
        assert books.empty
        assert books.receivables == {}
        apply(books, issued(1, 1_000))
        assert apply(books, note) == "posted"


def test_a_credit_note_in_a_closed_period_leaves_its_original_as_it_was() -> None:
    with journal(closed_until=date(2026, 1, 31)) as books:
        apply(books, issued(1, 1_000, date(2026, 2, 1)))
        with pytest.raises(Problem) as caught:
            apply(books, issued(2, -400, date(2026, 1, 31), SetOff("inv_1", 1001, 400)))
    assert caught.value.code == "closed-period"
    assert books.receivables["inv_1"].remaining == 1_000
    assert account_1510(books) == 1_000


# ---------------------------------------------------------------- whatever happens in invoicing


@dataclass
class Client:
    """Invoicing, as far as open items go: what happened there, and what remains of each document."""

    events: list[Event] = field(default_factory=list)
    remaining: dict[str, int] = field(default_factory=dict)
    left_to_credit: dict[InvoiceIssued, int] = field(default_factory=dict)
    payments: list[PaymentRegistered] = field(default_factory=list)

    def issue(self, total: int, day: date) -> None:
        event = issued(len(self.remaining), total, day)
        self.remaining[event.invoice_id] = self.left_to_credit[event] = total
        self.events.append(event)

    def credit(self, invoice: InvoiceIssued, amount: int, day: date) -> None:
        settled = min(amount, max(self.remaining[invoice.invoice_id], 0))
        set_off = SetOff(invoice.invoice_id, invoice.number, settled)
        note = issued(len(self.remaining), -amount, max(day, invoice.invoice_date), set_off)
        self.remaining[note.invoice_id] = settled - amount
        self.remaining[invoice.invoice_id] -= settled
        self.left_to_credit[invoice] -= amount
        self.events.append(note)

    def pay(self, invoice: InvoiceIssued, amount: int, day: date) -> None:
        event = paid(len(self.events), invoice, amount, day)
        self.remaining[invoice.invoice_id] -= amount
        self.payments.append(event)
        self.events.append(event)

    def reverse(self, payment: PaymentRegistered, day: date) -> None:
        ((invoice_id, _, amount),) = payment.allocations
        self.remaining[invoice_id] += amount
        self.payments.remove(payment)
        self.events.append(PaymentReversed(payment, max(day, payment.payment_date), "r"))


@st.composite
def clients(draw: st.DrawFn) -> Client:
    """Invoices, credit notes, payments and reversals, each possible when it happens, on any days."""
    client = Client()
    day = st.sampled_from(DAYS)
    for _ in range(draw(st.integers(1, 12))):
        creditable = [invoice for invoice, left in client.left_to_credit.items() if left]
        payable = [invoice for invoice in client.left_to_credit if client.remaining[invoice.invoice_id] > 0]
        possible = ["issue", *["credit"] * bool(creditable), *["pay"] * bool(payable)]
        match draw(st.sampled_from([*possible, *["reverse"] * bool(client.payments)])):
            case "issue":
                client.issue(draw(st.integers(0, 1_000)), draw(day))
            case "credit":
                invoice = draw(st.sampled_from(creditable))
                client.credit(invoice, draw(st.integers(1, client.left_to_credit[invoice])), draw(day))
            case "pay":
                invoice = draw(st.sampled_from(payable))
                client.pay(invoice, draw(st.integers(1, client.remaining[invoice.invoice_id])), draw(day))
            case _:
                client.reverse(draw(st.sampled_from(client.payments)), draw(day))
    return client


def check(books: Journal, client: Client) -> None:
    """Both books have the same remaining of everything, and the subledger is its account on every day."""
    assert {each.invoice_id: each.remaining for each in books.receivables.values()} == client.remaining
    for day in DAYS[::30] + [posted.voucher.date for posted in books._vouchers]:
        assert subledger(books, day) == account_1510(books, day)
    assert subledger(books) == sum(client.remaining.values())


@given(clients())
def test_whatever_is_issued_credited_paid_and_taken_back_the_subledger_is_1510_and_agrees_with_invoicing(
    client: Client,
) -> None:
    with journal() as books:
        for event in client.events:
            assert apply(books, event) == "posted"
            assert subledger(books) == account_1510(books)
    check(books, client)


@given(clients(), st.randoms(use_true_random=False))
def test_in_whatever_order_and_however_often_events_come_each_is_posted_once_when_its_cause_is(
    client: Client, chance: random.Random
) -> None:
    waiting = chance.choices(client.events, k=len(client.events)) + client.events
    chance.shuffle(waiting)
    outcomes: dict[str, int] = defaultdict(int)
    codes: set[str] = set()
    with journal() as books:
        while waiting:
            parked = []
            for event in waiting:
                try:
                    outcomes[event.event_id] += apply(books, event) == "posted"
                except Problem as problem:
                    codes.add(problem.code)
                    parked.append(event)
                assert subledger(books) == account_1510(books)
            assert len(parked) < len(waiting)
            waiting = parked
    assert codes <= {"invoice-not-posted"}
    assert set(outcomes.values()) == {1}
    check(books, client)
