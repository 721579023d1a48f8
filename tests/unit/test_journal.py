import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, get_args
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.events import InvoiceIssued, SaleLine, SetOff
from samklang.ledger import cash_method, posting
from samklang.ledger.accounts import CUSTOMER_CREDIT, RECEIVABLES
from samklang.ledger.journal import Journal
from samklang.ledger.model.books import AccountingMethod, Books
from samklang.ledger.model.chart import Chart
from samklang.ledger.store import books as kept_books
from samklang.ledger.store import chart as kept_chart
from samklang.ledger.store import loading
from samklang.payments.events import Allocated, PaymentRegistered, PaymentReversed
from samklang.payments.model.credit import Credit
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.ledger.cash_method import Parts

YEAR = date(2026, 1, 1), date(2026, 12, 31)
METHODS: tuple[AccountingMethod, ...] = get_args(AccountingMethod)
DAYS = [YEAR[0] + timedelta(days=each) for each in range(365)]

type Event = InvoiceIssued | PaymentRegistered | PaymentReversed


@contextmanager
def journal(closed_until: date | None = None, method: AccountingMethod = "invoice") -> Iterator[Journal]:
    """A journal of a company with nothing in its books."""
    head = Books(fiscal_years=[YEAR], method=method, closed_until=closed_until, next_numbers={}, version=1)
    with (
        patch.object(kept_books, "books", return_value=head),
        patch.object(kept_chart, "chart", return_value=Chart()),
        patch.object(loading, "load", return_value=loading.Loaded({}, {}, set(), {})),
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


def account(books: Journal, number: str, until: date = YEAR[1]) -> int:
    return sum(
        amount
        for posted in books._vouchers
        if posted.voucher.date <= until
        for each, amount in posted.amounts
        if each == number
    )


def posted_on(books: Journal, until: date = YEAR[1]) -> dict[str, int]:
    """What each account moved to a day, zeros left out."""
    numbers = {each for posted in books._vouchers for each, _ in posted.amounts}
    moved = {each: account(books, each, until) for each in sorted(numbers)}
    return {each: amount for each, amount in moved.items() if amount}


def account_1510(books: Journal, until: date = YEAR[1]) -> int:
    return account(books, RECEIVABLES, until)


def subledger(books: Journal, until: date = YEAR[1]) -> int:
    return sum(each.remaining_on(until) for each in books.receivables.values())


def issued(
    place: int,
    total: int,
    day: date = YEAR[0],
    credits: SetOff | None = None,  # noqa: A002 - the event's own name
    lines: Sequence[SaleLine] | None = None,
) -> InvoiceIssued:
    """A document of one line without VAT, if no lines are given."""
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
        lines=tuple(lines or [SaleLine("exempt", "0", total, 0)]),
        credits=credits,
        request_id="r",
    )


def paid(
    place: int, *allocations: tuple[InvoiceIssued, int], credit: int = 0, day: date = YEAR[0]
) -> PaymentRegistered:
    """A payment of what makes the sum right; a set-off when that is nothing."""
    amount = sum(each for _, each in allocations) + credit
    return PaymentRegistered(
        company_id="com_1",
        payment_id=f"pay_{place}",
        payment_date=day,
        amount=amount,
        method="bank" if amount else "set_off",
        allocations=tuple(
            Allocated(invoice.invoice_id, invoice.number, each) for invoice, each in allocations
        ),
        customer_id="cus_1",
        customer_name="Kund AB",
        fee=0,
        difference=0,
        credit=credit,
        text=None,
        bank_payment_id=None,
        registered_at="2026-01-01T00:00:00.000Z",
        request_id="r",
    )


def taken_back(payment: PaymentRegistered, day: date = YEAR[0]) -> PaymentReversed:
    return PaymentReversed(payment, max(day, payment.payment_date), "2026-01-01T00:00:00.000Z", "r")


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


# ---------------------------------------------------------------- payments


@pytest.mark.parametrize(
    ("spread", "credit", "text"),
    [
        ([1_000], 0, "Inbetalning 10,00 kr, Kund AB, faktura 1001"),
        ([700, 300], 200, "Inbetalning 12,00 kr, Kund AB, faktura 1001, faktura 1002"),
        ([], 500, "Inbetalning 5,00 kr, Kund AB, à conto"),
        ([-300], 0, "Återbetalning 3,00 kr, Kund AB, kreditfaktura 1001"),
        ([], -500, "Återbetalning 5,00 kr, Kund AB, tillgodohavande"),
        ([1_000, -1_000], 0, "Kvittning, Kund AB, faktura 1001, kreditfaktura 1002"),
        ([500], -500, "Kvittning, Kund AB, faktura 1001"),
    ],
)
def test_the_voucher_of_a_payment_says_in_swedish_what_it_is_with_whom_and_about_what(
    spread: list[int], credit: int, text: str
) -> None:
    items = [issued(place, 1_000 if part > 0 else -1_000) for place, part in enumerate(spread, 1)]
    event = paid(1, *zip(items, spread, strict=True), credit=credit)
    with journal() as books:
        for each in items:
            apply(books, each)
        apply(books, event)
        apply(books, taken_back(event))
    texts = [posted.voucher.text for posted in books._vouchers][-2:]
    assert texts == [text, f"Rättelse av I 1: {text}"]


def test_a_customers_credit_counts_its_changes_and_goes_back_with_the_payment() -> None:
    invoice = issued(1, 1_000)
    over, use = paid(1, (invoice, 400), credit=600), paid(2, (invoice, 600), credit=-600)
    with journal() as books:
        for event in (invoice, over, over):
            apply(books, event)
        assert books.credits["cus_1"] == Credit("cus_1", 600, from_invoicing=1)
        assert books.pay(use, "ledger") == "posted"
        assert books.credits["cus_1"] == Credit("cus_1", 0, from_invoicing=1, from_ledger=1)
        assert books.reverse(taken_back(use), "ledger") == "posted"
        assert books.reverse(taken_back(use), "ledger") == "already"
        assert books.credits["cus_1"] == Credit("cus_1", 600, from_invoicing=1, from_ledger=2)
    assert account(books, CUSTOMER_CREDIT) == -600
    assert books.receivables["inv_1"].remaining == 600


def test_a_payment_waits_for_all_its_invoices_and_leaves_no_trace_till_then() -> None:
    first, second = issued(1, 1_000), issued(2, 500)
    event = paid(1, (first, 1_000), (second, 500), credit=100)
    with journal() as books:
        apply(books, first)
        with pytest.raises(Problem, match="Invoice 1002 is not posted") as caught:
            apply(books, event)
        assert caught.value.code == "invoice-not-posted"
        assert (books.receivables["inv_1"].entries, books.payments, books.credits) == ([], {}, {})
        apply(books, second)
        assert apply(books, event) == "posted"


@pytest.mark.parametrize("method", METHODS)
def test_a_payment_in_a_closed_period_leaves_its_invoice_and_the_credit_as_they_were(
    method: AccountingMethod,
) -> None:
    with journal(date(2026, 1, 31), method) as books:
        invoice = issued(1, 1_000, date(2026, 2, 1))
        apply(books, invoice)
        with pytest.raises(Problem) as caught:
            apply(books, paid(1, (invoice, 900), credit=100, day=date(2026, 1, 31)))
    assert caught.value.code == "closed-period"
    item = books.receivables["inv_1"]
    assert (item.entries, item.posted, books.credits, books.payments) == ([], {}, {}, {})


# ---------------------------------------------------------------- the cash method

HALF_AND_HALF = (SaleLine("domestic", "25", 10_000, 2_500), SaleLine("domestic", "12", 10_000, 1_200))
"""125.00 with 25 % and 112.00 with 12 %: 237.00."""


def credited(place: int, invoice: InvoiceIssued, settled: int, *lines: SaleLine) -> InvoiceIssued:
    """A credit note of these lines (amounts above zero) of an invoice."""
    negative = [line._replace(base=-line.base, vat=-line.vat) for line in lines]
    total = sum(line.base + line.vat for line in negative)
    return issued(place, total, credits=SetOff(invoice.invoice_id, invoice.number, settled), lines=negative)


def test_by_the_cash_method_an_issued_invoice_opens_its_item_and_posts_nothing() -> None:
    with journal(method="cash") as books:
        assert apply(books, issued(1, 23_700, lines=HALF_AND_HALF)) == "posted"
    item = books.receivables["inv_1"]
    assert (item.remaining, item.voucher_id, item.posted) == (23_700, None, {})
    assert item.sale == {"3001": 10_000, "2611": 2_500, "3002": 10_000, "2621": 1_200}
    assert (books._vouchers, books.books.next_numbers) == ([], {})
    assert not books.empty


def test_by_the_cash_method_an_invoice_of_a_closed_period_is_opened_since_it_posts_nothing() -> None:
    with journal(date(2026, 1, 31), "cash") as books:
        assert apply(books, issued(1, 100, date(2026, 1, 31))) == "posted"


def test_by_the_cash_method_a_payment_posts_its_share_of_sale_and_vat_on_its_own_day() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        for event in (invoice, paid(1, (invoice, 11_850), day=date(2026, 3, 1))):
            apply(books, event)
        assert posted_on(books, date(2026, 2, 28)) == {}
        half = {"1930": 11_850, "2611": -1_250, "2621": -600, "3001": -5_000, "3002": -5_000}
        assert posted_on(books, date(2026, 3, 1)) == half
        apply(books, paid(2, (invoice, 11_850), day=date(2026, 4, 1)))
        assert posted_on(books) == {account_: 2 * amount for account_, amount in half.items()}
    assert books.receivables["inv_1"].closed_on == "2026-04-01"


def test_by_the_cash_method_a_payment_taken_back_leaves_what_the_others_pay() -> None:
    invoice = issued(1, 101, lines=[SaleLine("domestic", "25", 43, 11), SaleLine("domestic", "6", 44, 3)])
    first, second = paid(1, (invoice, 34)), paid(2, (invoice, 33))
    with journal(method="cash") as books:
        for event in (invoice, first, second):
            apply(books, event)
        before = posted_on(books)
        apply(books, taken_back(second))
        assert books._vouchers[-1].amounts == [
            (account_, -amount) for account_, amount in books._vouchers[1].amounts
        ]
        apply(books, paid(3, (invoice, 33)))
        assert posted_on(books) == before
        apply(books, taken_back(first))
        assert account(books, "1930") == 33
        apply(books, paid(4, (invoice, 68)))
    assert posted_on(books) == {"1930": 101, "2611": -11, "2631": -3, "3001": -43, "3003": -44}


def test_by_the_cash_method_an_invoice_credited_whole_before_it_is_paid_posts_nothing_ever() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        for event in (invoice, credited(2, invoice, 23_700, *HALF_AND_HALF)):
            assert apply(books, event) == "posted"
    assert [each.remaining for each in books.receivables.values()] == [0, 0]
    assert [each.sale for each in books.receivables.values()] == [{}, {}]
    assert books._vouchers == []


def test_by_the_cash_method_a_credit_note_between_payments_leaves_the_rest_of_the_sale_to_the_last() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    half_of_first = HALF_AND_HALF[0]._replace(base=5_000, vat=1_250)
    with journal(method="cash") as books:
        apply(books, invoice)
        apply(books, paid(1, (invoice, 11_850)))
        apply(books, credited(2, invoice, 6_250, half_of_first))
        apply(books, paid(2, (invoice, 5_600)))
    assert posted_on(books) == {
        "1930": 17_450,
        "2611": -1_250,
        "2621": -1_200,
        "3001": -5_000,
        "3002": -10_000,
    }


def test_by_the_cash_method_a_credit_note_that_settles_the_rest_leaves_the_vat_of_what_is_not_credited() -> (
    None
):
    """A reduction comes off the rates it is of: what was paid before is then for the other rate."""
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        apply(books, invoice)
        apply(books, paid(1, (invoice, 11_200)))
        apply(books, credited(2, invoice, 12_500, HALF_AND_HALF[0]))
    assert [each.remaining for each in books.receivables.values()] == [0, 0]
    assert posted_on(books) == {"1930": 11_200, "2621": -1_200, "3002": -10_000}


def test_by_the_cash_method_a_credit_note_takes_sale_and_vat_back_when_it_is_paid_back() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    note = credited(2, invoice, 0, HALF_AND_HALF[1])
    with journal(method="cash") as books:
        for event in (invoice, paid(1, (invoice, 23_700)), note):
            apply(books, event)
        before = posted_on(books)
        assert before["2621"] == -1_200
        refund = paid(2, (note, -11_200))
        apply(books, refund)
        assert posted_on(books) == {"1930": 12_500, "2611": -2_500, "3001": -10_000}
        apply(books, taken_back(refund))
    assert posted_on(books) == before


def test_by_the_cash_method_a_credit_note_set_off_moves_its_sale_and_vat_to_another_invoice() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    note = credited(2, invoice, 0, HALF_AND_HALF[1])
    other = issued(3, 12_500, lines=HALF_AND_HALF[:1])
    with journal(method="cash") as books:
        for event in (invoice, paid(1, (invoice, 23_700)), note, other):
            apply(books, event)
        apply(books, paid(2, (other, 11_200), (note, -11_200)))
        apply(books, paid(3, (other, 1_300)))
    assert posted_on(books) == {"1930": 25_000, "2611": -5_000, "3001": -20_000}


def test_by_the_cash_method_a_payment_taken_back_and_its_invoice_credited_can_still_be_posted_late() -> None:
    """As after a closed period: the payment and its reversal were parked while the credit note was posted."""
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    payment = paid(1, (invoice, 23_700))
    with journal(method="cash") as books:
        for event in (invoice, credited(2, invoice, 23_700, *HALF_AND_HALF)):
            apply(books, event)
        assert apply(books, payment) == "posted"
        assert apply(books, taken_back(payment)) == "posted"
    assert posted_on(books) == {}
    assert books.receivables["inv_1"].remaining == 0


def test_by_the_cash_method_credit_is_a_debt_till_it_pays_something() -> None:
    invoice = issued(1, 12_500, lines=HALF_AND_HALF[:1])
    with journal(method="cash") as books:
        apply(books, invoice)
        apply(books, paid(1, credit=12_500))
        assert posted_on(books) == {"1930": 12_500, "2420": -12_500}
        apply(books, paid(2, (invoice, 12_500), credit=-12_500))
    assert posted_on(books) == {"1930": 12_500, "2611": -2_500, "3001": -10_000}


# ---------------------------------------------------------------- whatever happens in invoicing

RATES = {"25": "domestic", "12": "domestic", "6": "domestic", "0": "exempt"}


@dataclass
class Client:
    """Invoicing, as far as open items go: what happened there, and what remains of each document."""

    events: list[Event] = field(default_factory=list)
    documents: dict[str, InvoiceIssued] = field(default_factory=dict)
    remaining: dict[str, int] = field(default_factory=dict)
    left_to_credit: dict[InvoiceIssued, list[SaleLine]] = field(default_factory=dict)
    payments: list[PaymentRegistered] = field(default_factory=list)
    credit: int = 0

    def _issue(self, event: InvoiceIssued, remaining: int) -> None:
        self.documents[event.invoice_id] = event
        self.remaining[event.invoice_id] = remaining
        self.events.append(event)

    def issue(self, lines: list[SaleLine], day: date) -> None:
        event = issued(len(self.remaining), sum(each.base + each.vat for each in lines), day, lines=lines)
        self.left_to_credit[event] = lines
        self._issue(event, event.total)

    def give_back(self, invoice: InvoiceIssued, lines: list[SaleLine], day: date) -> None:
        """Credit of an invoice lines that are left of it."""
        amount = sum(each.base + each.vat for each in lines)
        settled = min(amount, max(self.remaining[invoice.invoice_id], 0))
        self.left_to_credit[invoice] = [
            left._replace(base=left.base - each.base, vat=left.vat - each.vat)
            for left, each in zip(self.left_to_credit[invoice], lines, strict=True)
        ]
        self.remaining[invoice.invoice_id] -= settled
        note = issued(
            len(self.remaining),
            -amount,
            max(day, invoice.invoice_date),
            SetOff(invoice.invoice_id, invoice.number, settled),
            [each._replace(base=-each.base, vat=-each.vat) for each in lines if each.base or each.vat],
        )
        self._issue(note, settled - amount)

    def pay(self, allocations: list[tuple[InvoiceIssued, int]], credit: int, day: date) -> None:
        event = paid(len(self.events), *allocations, credit=credit, day=day)
        self._count(event, sign=1)
        self.payments.append(event)
        self.events.append(event)

    def reverse(self, payment: PaymentRegistered, day: date) -> None:
        self._count(payment, sign=-1)
        self.payments.remove(payment)
        self.events.append(taken_back(payment, day))

    def _count(self, event: PaymentRegistered, sign: int) -> None:
        for invoice_id, _, amount in event.allocations:
            self.remaining[invoice_id] -= sign * amount
        self.credit += sign * event.credit


oere = st.integers(1, 1_000)


@st.composite
def new_lines(draw: st.DrawFn) -> list[SaleLine]:
    """What an invoice sells, at one rate or several."""
    rates = draw(st.lists(st.sampled_from(list(RATES)), min_size=1, max_size=3, unique=True))
    bases = [draw(oere) for _ in rates]
    return [
        SaleLine(RATES[rate], rate, base, (base * int(rate) + 50) // 100)
        for rate, base in zip(rates, bases, strict=True)
    ]


@st.composite
def some_of(draw: st.DrawFn, lines: list[SaleLine]) -> list[SaleLine]:
    """What a credit note takes of lines: some of each, or all of some."""
    taken = []
    for line in lines:
        share = draw(st.sampled_from([0, 1, 1, draw(st.integers(0, 100)) / 100]))
        taken.append(line._replace(base=int(line.base * share), vat=int(line.vat * share)))
    return taken if any(each.base + each.vat for each in taken) else lines


@st.composite
def spreads(draw: st.DrawFn, client: Client) -> list[tuple[InvoiceIssued, int]]:
    """How a payment is spread over open items, credit notes used among them."""
    open_ = [each for each, left in client.remaining.items() if left]
    chosen = draw(st.lists(st.sampled_from(open_), max_size=3, unique=True)) if open_ else []
    allocations = []
    for each in chosen:
        left = client.remaining[each]
        part = draw(st.one_of(st.just(abs(left)), st.integers(1, abs(left))))
        allocations.append((client.documents[each], part if left > 0 else -part))
    return allocations


@st.composite
def clients(draw: st.DrawFn) -> Client:
    """Documents, payments, set-offs and reversals, each possible when it happens, on any days."""
    client = Client()
    day = st.sampled_from(DAYS)
    client.issue(draw(new_lines()), draw(day))
    for _ in range(draw(st.integers(1, 12))):
        creditable = [
            invoice
            for invoice, lines in client.left_to_credit.items()
            if any(each.base + each.vat for each in lines)
        ]
        reversible = [each for each in client.payments if client.credit >= each.credit]
        possible = ["issue", "pay", "pay", *["credit"] * bool(creditable), *["reverse"] * bool(reversible)]
        match draw(st.sampled_from(possible)):
            case "issue":
                client.issue(draw(new_lines()), draw(day))
            case "credit":
                invoice = draw(st.sampled_from(creditable))
                client.give_back(invoice, draw(some_of(client.left_to_credit[invoice])), draw(day))
            case "pay":
                allocations = draw(spreads(client))
                credit = draw(st.integers(-client.credit, 500))
                if allocations or credit:
                    client.pay(allocations, credit, draw(day))
            case _:
                client.reverse(draw(st.sampled_from(reversible)), draw(day))
    return client


def check(books: Journal, client: Client) -> None:
    """Both books have the same remaining and credit, and each subledger is its account on every day."""
    assert {each.invoice_id: each.remaining for each in books.receivables.values()} == client.remaining
    assert sum(each.balance for each in books.credits.values()) == client.credit
    assert account(books, CUSTOMER_CREDIT) == -client.credit
    money = sum(event.amount for event in client.payments)
    assert account(books, "1930") == money
    if books.books.method == "invoice":
        for day in DAYS[::30] + [posted.voucher.date for posted in books._vouchers]:
            assert subledger(books, day) == account_1510(books, day)
        return
    assert account_1510(books) == 0
    for item in books.receivables.values():
        assert sum(item.sale.values()) - sum(item.posted.values()) == item.remaining
        paid_of_it = sum(item.paid.values())
        assert item.posted == cash_method.posted_when_paid(item.sale, item.sold, paid_of_it)
    sold: Parts = {}
    for item in books.receivables.values():
        sold = cash_method.added(sold, item.posted)
    in_books = {
        each: -amount for each, amount in posted_on(books).items() if each not in {"1930", CUSTOMER_CREDIT}
    }
    assert in_books == sold


@pytest.mark.parametrize("method", METHODS)
@given(clients())
def test_whatever_is_issued_credited_paid_and_taken_back_the_subledger_is_its_account_and_agrees(
    method: AccountingMethod, client: Client
) -> None:
    with journal(method=method) as books:
        for event in client.events:
            assert apply(books, event) == "posted"
            assert subledger(books) == account_1510(books) or method == "cash"
    check(books, client)


@given(clients())
def test_by_the_cash_method_the_vat_of_what_is_settled_is_that_of_its_sale_less_its_credit_notes(
    client: Client,
) -> None:
    """Once nothing remains of an invoice and its credit notes, each rate has what was sold at it."""
    with journal(method="cash") as books:
        for event in client.events:
            apply(books, event)
    for invoice in client.left_to_credit:
        notes = [
            each
            for each in client.documents.values()
            if each.credits and each.credits.invoice_id == invoice.invoice_id
        ]
        if any(client.remaining[each.invoice_id] for each in (invoice, *notes)):
            continue
        sold: Parts = {}
        posted: Parts = {}
        for each in (invoice, *notes):
            sold = cash_method.added(sold, cash_method.parts_of(posting.sale_amounts(each)))
            posted = cash_method.added(posted, books.receivables[each.invoice_id].posted)
        assert posted == sold


@pytest.mark.parametrize("method", METHODS)
@given(clients(), st.randoms(use_true_random=False))
def test_in_whatever_order_and_however_often_events_come_each_is_posted_once_when_its_cause_is(
    method: AccountingMethod, client: Client, chance: random.Random
) -> None:
    waiting = chance.choices(client.events, k=len(client.events)) + client.events
    chance.shuffle(waiting)
    outcomes: dict[str, int] = defaultdict(int)
    codes: set[str] = set()
    with journal(method=method) as books:
        while waiting:
            parked = []
            for event in waiting:
                try:
                    outcomes[event.event_id] += apply(books, event) == "posted"
                except Problem as problem:
                    codes.add(problem.code)
                    parked.append(event)
                assert subledger(books) == account_1510(books) or method == "cash"
            assert len(parked) < len(waiting), codes
            waiting = parked
    assert codes <= {"invoice-not-posted"}
    assert set(outcomes.values()) == {1}
    check(books, client)
