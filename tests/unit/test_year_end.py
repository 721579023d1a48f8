"""Open items at the end of a fiscal year by the cash method, and bad debts, in any order of events."""

from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.events import InvoiceIssued, SaleLine
from samklang.ledger import cash_method
from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.cash_method import DORMANT, Parts
from samklang.ledger.journal import Journal
from samklang.ledger.model.books import AccountingMethod
from samklang.payments.events import Allocated, PaymentRegistered
from samklang.platform.problems import Problem
from tests.unit.test_journal import (
    DAYS,
    HALF_AND_HALF,
    METHODS,
    Client,
    account_1510,
    apply,
    credited,
    issued,
    journal,
    new_lines,
    paid,
    posted_on,
    some_of,
    spreads,
    subledger,
    taken_back,
)

LAST_DAY = date(2026, 6, 30)
"""The end of the year that is booked: within the fiscal year of the journal's books, with days around it."""

TODAY = date(2026, 12, 31)
CAUSE = "year_end/2025-07-01"

SOLD_FOR_HALF = {"2611": -1_250, "2621": -600, "3001": -5_000, "3002": -5_000}
SOLD = {"2611": -2_500, "2621": -1_200, "3001": -10_000, "3002": -10_000}
BOOKED = {"1510": 23_700, "2618": -2_500, "2628": -1_200, "3001": -10_000, "3002": -10_000}
LOST = {"2611": 2_500, "2621": 1_200, "6351": 20_000, "6358": 20_000, "6359": -20_000}


def lost(place: int, invoice: InvoiceIssued, amount: int, day: date = DAYS[-1]) -> PaymentRegistered:
    """A confirmed bad debt."""
    return PaymentRegistered(
        company_id="com_1",
        payment_id=f"pay_{place}",
        payment_date=day,
        amount=0,
        method="bad_debt",
        allocations=(Allocated(invoice.invoice_id, invoice.number, amount),),
        customer_id="cus_1",
        customer_name="Kund AB",
        fee=0,
        difference=0,
        credit=0,
        text="Konkurs",
        bank_payment_id=None,
        registered_at="2026-01-01T00:00:00.000Z",
        request_id="r",
        loss=amount,
    )


def end_year(books: Journal) -> int:
    """Book all that was unpaid at the end of the year; how many vouchers that took."""
    ids = list(books.receivables)
    return sum(len(books.book_unpaid(each, LAST_DAY, TODAY, f"{CAUSE}/{each}")) for each in ids)


def together(*balances: dict[str, int]) -> dict[str, int]:
    """Accounts added up, zeros left out."""
    sums: dict[str, int] = {}
    for each in balances:
        sums = cash_method.added(sums, each)
    return sums


# ---------------------------------------------------------------- the year's end


def test_what_is_unpaid_at_the_end_of_the_year_is_posted_with_dormant_vat_and_then_paid_from_1510() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        apply(books, invoice)
        assert end_year(books) == 1
        assert posted_on(books, LAST_DAY) == BOOKED
        apply(books, paid(1, (invoice, 23_700), day=date(2026, 8, 1)))
    assert books.receivables["inv_1"].booked == 0
    assert posted_on(books) == together(BOOKED, {"1510": -23_700, "1930": 23_700})
    texts = [posted.voucher.text for posted in books._vouchers]
    assert texts[0] == "Bokslut, obetald kundfaktura 1001 Kund AB"


def test_of_a_partly_paid_invoice_only_the_rest_is_posted_at_the_end_of_the_year() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        for event in (invoice, paid(1, (invoice, 11_850))):
            apply(books, event)
        end_year(books)
    dormant = {"1510": 11_850, "2618": -1_250, "2628": -600, "3001": -5_000, "3002": -5_000}
    assert posted_on(books) == together(SOLD_FOR_HALF, dormant, {"1930": 11_850})


def test_the_same_year_again_posts_only_what_has_come_since() -> None:
    first, second = issued(1, 23_700, lines=HALF_AND_HALF), issued(2, 500, date(2026, 6, 30))
    with journal(method="cash") as books:
        apply(books, first)
        assert (end_year(books), end_year(books)) == (1, 0)
        apply(books, second)
        apply(books, issued(3, 700, date(2026, 7, 1)))
        assert end_year(books) == 1
        assert account_1510(books, LAST_DAY) == account_1510(books) == 24_200


def test_what_came_late_and_is_paid_since_is_moved_into_the_year_it_was_unpaid_at_the_end_of() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        for event in (invoice, paid(1, (invoice, 23_700), day=date(2026, 8, 1))):
            apply(books, event)
        assert end_year(books) == 2
        assert posted_on(books, LAST_DAY) == BOOKED
        assert end_year(books) == 0
    active = {"1930": 23_700, "2611": 0, "2618": -2_500, "2621": 0, "2628": -1_200}
    assert posted_on(books) == together(active, {"3001": -10_000, "3002": -10_000})


def test_a_credit_note_after_the_end_of_the_year_takes_sale_and_vat_back_in_its_own_period() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(method="cash") as books:
        apply(books, invoice)
        end_year(books)
        note = credited(2, invoice, 12_500, HALF_AND_HALF[0])
        apply(books, note)
    assert (books.receivables["inv_1"].booked, books.receivables["inv_2"].booked) == (11_200, 0)
    vat = {"2611": 2_500, "2618": -2_500, "2628": -1_200}
    assert posted_on(books) == {"1510": 11_200, **vat, "3002": -10_000}


def test_an_unsettled_credit_note_is_a_debt_on_1510_at_the_end_of_the_year() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    note = credited(2, invoice, 0, HALF_AND_HALF[0])
    with journal(method="cash") as books:
        for event in (invoice, paid(1, (invoice, 23_700)), note):
            apply(books, event)
        end_year(books)
        assert account_1510(books) == -12_500
        apply(books, paid(2, (note, -12_500), day=date(2026, 8, 1)))
    assert account_1510(books) == 0
    sales = {"2618": 2_500, "2611": -2_500, "2621": -1_200, "3002": -10_000}
    assert posted_on(books) == {**sales, "1930": 11_200}


def test_a_payment_from_before_the_year_end_taken_back_after_it_is_a_sale_no_more() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    payment = paid(1, (invoice, 11_850))
    with journal(method="cash") as books:
        for event in (invoice, payment):
            apply(books, event)
        end_year(books)
        apply(books, taken_back(payment, date(2026, 8, 1)))
        assert account_1510(books) == 11_850
        apply(books, paid(2, (invoice, 23_700), day=date(2026, 8, 2)))
    together_ = {"1930": 23_700, "2611": -1_250, "2618": -1_250, "2621": -600, "2628": -600}
    assert posted_on(books) == {**together_, "3001": -10_000, "3002": -10_000}


@pytest.mark.parametrize("is_loss", [False, True])
def test_what_a_crossing_credit_note_has_settled_does_not_come_back_on_1510(*, is_loss: bool) -> None:
    """The client credits the whole while the bureau's payment, or bad debt, is on its way."""
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    event = lost(1, invoice, 23_700) if is_loss else paid(1, (invoice, 23_700))
    with journal(method="cash") as books:
        apply(books, invoice)
        end_year(books)
        apply(books, event)
        apply(books, credited(2, invoice, 23_700, *HALF_AND_HALF))
        assert books.receivables["inv_1"].remaining == -23_700
        apply(books, taken_back(event, TODAY))
    assert (books.receivables["inv_1"].remaining, books.receivables["inv_1"].booked) == (0, 0)
    assert posted_on(books) == {"2611": 2_500, "2618": -2_500, "2621": 1_200, "2628": -1_200}


def test_a_closed_year_is_not_booked() -> None:
    with journal(closed_until=LAST_DAY, method="cash") as books:
        apply(books, issued(1, 1_000))
        with pytest.raises(Problem) as caught:
            end_year(books)
    assert caught.value.code == "closed-period"
    assert (books._vouchers, books.receivables["inv_1"].entries) == ([], [])


# ---------------------------------------------------------------- bad debts


def test_a_bad_debt_takes_the_vat_of_each_rate_back_and_makes_box_05_less() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    event = lost(1, invoice, 23_700)
    with journal() as books:
        for each in (invoice, event):
            apply(books, each)
        voucher = books._vouchers[-1].voucher
        assert posted_on(books) == together({"3001": -10_000, "3002": -10_000}, LOST, SOLD_VAT)
        assert apply(books, event) == "already"
        apply(books, taken_back(event, DAYS[-1]))
    assert (voucher.voucher_id, voucher.source) == ("2026-12-31.R.1", "payment/pay_1/registered")
    assert voucher.text == "Konstaterad kundförlust 237,00 kr, Kund AB, faktura 1001: Konkurs"
    assert posted_on(books) == {"1510": 23_700, **SOLD}
    assert books.receivables["inv_1"].lost == {}


SOLD_VAT = {"2611": -2_500, "2621": -1_200}


@pytest.mark.parametrize("code", ["exempt", "construction", "eu_goods", "export_services"])
def test_what_bore_no_vat_is_lost_whole_and_stays_in_its_box(code: str) -> None:
    invoice = issued(1, 1_000, lines=[SaleLine(code, "0", 1_000, 0)])
    with journal() as books:
        for event in (invoice, lost(1, invoice, 1_000)):
            apply(books, event)
    assert [amount for account, amount in posted_on(books).items() if account[0] == "3"] == [-1_000]
    assert {account: amount for account, amount in posted_on(books).items() if account[0] != "3"} == {
        "6351": 1_000
    }


def test_by_the_cash_method_a_bad_debt_that_was_never_posted_closes_its_item_and_posts_nothing() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    event = lost(2, invoice, 11_850)
    with journal(method="cash") as books:
        for each in (invoice, paid(1, (invoice, 11_850)), event):
            apply(books, each)
        assert posted_on(books) == {"1930": 11_850, **SOLD_FOR_HALF}
        assert books.receivables["inv_1"].remaining == 0
        assert books.payments["pay_2"]["voucher_id"] is None
        apply(books, taken_back(event, DAYS[-1]))
        apply(books, paid(3, (invoice, 11_850)))
    assert posted_on(books) == {"1930": 23_700, **SOLD}


def test_by_the_cash_method_a_bad_debt_of_a_closed_period_is_refused_though_it_posts_nothing() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    with journal(date(2026, 3, 31), "cash") as books:
        apply(books, invoice)
        with pytest.raises(Problem) as caught:
            apply(books, lost(1, invoice, 23_700, date(2026, 3, 31)))
    assert caught.value.code == "closed-period"
    assert books.receivables["inv_1"].entries == []


def test_by_the_cash_method_what_the_year_end_has_posted_is_lost_from_1510_with_its_vat() -> None:
    invoice = issued(1, 23_700, lines=HALF_AND_HALF)
    event = lost(1, invoice, 23_700)
    with journal(method="cash") as books:
        apply(books, invoice)
        end_year(books)
        apply(books, event)
        assert posted_on(books) == together(BOOKED, LOST, {"1510": -23_700})
        apply(books, taken_back(event, DAYS[-1]))
    assert posted_on(books) == BOOKED


def test_the_parts_of_a_bad_debt_come_to_the_sale_and_never_more() -> None:
    lines = [SaleLine("domestic", "25", 43, 11), SaleLine("domestic", "6", 44, 3)]
    invoice = issued(1, 101, lines=lines)
    with journal() as books:
        apply(books, invoice)
        for place, amount in enumerate((34, 33, 34)):
            apply(books, lost(place, invoice, amount))
    assert books.receivables["inv_1"].lost == {"2611": 11, "2631": 3, "3001": 43, "3003": 44}
    assert posted_on(books)["6351"] == 87


# ---------------------------------------------------------------- in any order


@dataclass
class Bureau(Client):
    """Invoicing and the bureau: also bad debts, settled as payments are, and ends of the year."""

    ends: list[int] = field(default_factory=list)
    """Before which of the events."""

    def lose(self, invoice: InvoiceIssued, amount: int, day: date) -> None:
        event = lost(len(self.events), invoice, amount, day)
        self._count(event, sign=1)
        self.payments.append(event)
        self.events.append(event)


@st.composite
def bureaus(draw: st.DrawFn) -> Bureau:
    """Documents, payments, bad debts, reversals and ends of the year, in any order, on any days."""
    bureau = Bureau()
    day = st.sampled_from(DAYS[::15])
    bureau.issue(draw(new_lines()), draw(day))
    for _ in range(draw(st.integers(1, 10))):
        creditable = [
            invoice
            for invoice, lines in bureau.left_to_credit.items()
            if any(each.base + each.vat for each in lines)
        ]
        open_ = [each for each in bureau.left_to_credit if bureau.remaining[each.invoice_id] > 0]
        possible = ["issue", "pay", "pay", "end", "end", *["credit"] * bool(creditable)]
        possible += [*["lose"] * 2 * bool(open_), *["reverse"] * 2 * bool(bureau.payments)]
        match draw(st.sampled_from(possible)):
            case "issue":
                bureau.issue(draw(new_lines()), draw(day))
            case "credit":
                invoice = draw(st.sampled_from(creditable))
                bureau.give_back(invoice, draw(some_of(bureau.left_to_credit[invoice])), draw(day))
            case "pay":
                if allocations := draw(spreads(bureau)):
                    bureau.pay(allocations, 0, draw(day))
            case "lose":
                invoice = draw(st.sampled_from(open_))
                left = bureau.remaining[invoice.invoice_id]
                bureau.lose(invoice, draw(st.one_of(st.just(left), st.integers(1, left))), draw(day))
            case "reverse":
                bureau.reverse(draw(st.sampled_from(bureau.payments)), draw(day))
            case _:
                bureau.ends.append(len(bureau.events))
    return bureau


def told(books: Journal, bureau: Bureau) -> None:
    """Tell a journal all of it."""
    for place, event in enumerate([*bureau.events, None]):
        if place in bureau.ends and books.books.method == "cash":
            end_year(books)
        if event:
            assert apply(books, event) == "posted"


def of_items(books: Journal, what: str) -> Parts:
    """Parts of all items added up."""
    return together(*(getattr(each, what) for each in books.receivables.values()))


def check_losses(books: Journal) -> None:
    """Sale and VAT in the accounts are those of the items, less what of them is lost."""
    found = posted_on(books)
    dormant = {active: found.pop(account, 0) for active, account in DORMANT.items()}
    found = together(found, dormant)
    losses = of_items(books, "lost")
    vat = {account: amount for account, amount in losses.items() if account in DORMANT}
    taxed = sum(amount for account, amount in losses.items() if account in {"3001", "3002", "3003"})
    assert found.get("6351", 0) == sum(losses.values()) - sum(vat.values())
    assert found.get("6358", 0) == -found.get("6359", 0) == taxed
    sales = {account: amount for account, amount in found.items() if account[0] == "3" or account in DORMANT}
    posted = of_items(books, "posted" if books.books.method == "cash" else "sold")
    assert together(sales, posted) == vat


@given(bureaus())
def test_by_the_cash_method_1510_is_what_year_ends_booked_and_is_not_settled_and_no_vat_is_posted_twice(
    bureau: Bureau,
) -> None:
    with journal(method="cash") as books:
        told(books, bureau)
        for day in [*DAYS[::15], LAST_DAY, TODAY]:
            booked = sum(each.booked_on(day) for each in books.receivables.values())
            assert account_1510(books, day) == booked
        for item in books.receivables.values():
            assert item.remaining == bureau.remaining[item.invoice_id]
            assert cash_method.off_booked(item.remaining, item.booked) == item.booked
            due = item.due_to_be_posted
            assert item.posted == cash_method.posted_when_paid(item.sale, item.sold, due)
        check_losses(books)
        end_year(books)
        for item in books.receivables.values():
            assert item.booked_on(LAST_DAY) == item.remaining_on(LAST_DAY)
        assert end_year(books) == 0
        check_losses(books)


@given(bureaus())
def test_by_the_invoice_method_1510_is_the_subledger_on_every_day_whatever_is_lost(bureau: Bureau) -> None:
    with journal() as books:
        told(books, bureau)
    for day in [*DAYS[::15], TODAY]:
        assert account_1510(books, day) == subledger(books, day)
    assert {each.invoice_id: each.remaining for each in books.receivables.values()} == bureau.remaining
    check_losses(books)


@pytest.mark.parametrize("method", METHODS)
@given(bureaus())
def test_once_all_bad_debts_are_taken_back_nothing_of_them_is_left_in_the_accounts(
    method: AccountingMethod, bureau: Bureau
) -> None:
    with journal(method=method) as books:
        told(books, bureau)
        for event in [each for each in bureau.payments if each.is_loss]:
            apply(books, taken_back(event, TODAY))
    assert of_items(books, "lost") == {}
    assert {account for account in posted_on(books) if account[0] == "6"} == set()
    for item in books.receivables.values():
        assert cash_method.off_booked(item.remaining, item.booked) == item.booked


@given(bureaus())
def test_by_the_cash_method_an_invoice_settled_in_money_after_any_year_ends_has_posted_its_sale_exactly(
    bureau: Bureau,
) -> None:
    with journal(method="cash") as books:
        told(books, bureau)
        for event in [each for each in bureau.payments if each.is_loss]:
            bureau.reverse(event, TODAY)
            apply(books, bureau.events[-1])
        for place, (invoice_id, left) in enumerate(bureau.remaining.items()):
            if left:
                apply(books, paid(1_000 + place, (bureau.documents[invoice_id], left), day=TODAY))
        for item in books.receivables.values():
            assert (item.remaining, item.booked) == (0, 0)
            assert item.posted == cash_method.posted_when_paid(item.sale, item.sold, sum(item.paid.values()))
            if sum(item.sale.values()):
                assert item.posted == item.sale
    assert RECEIVABLES not in posted_on(books)
