from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import get_args
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.ledger.accounts import BANK, PAYABLES
from samklang.ledger.model.books import AccountingMethod, Books
from samklang.ledger.model.chart import Chart
from samklang.ledger.model.receivables import OPEN
from samklang.ledger.payables import paying, year_end
from samklang.ledger.payables.model.payables import Payable
from samklang.ledger.payables.model.suppliers import Supplier, similar
from samklang.ledger.postings import Postings
from samklang.ledger.store import books as kept_books
from samklang.ledger.store import chart as kept_chart
from samklang.ledger.store import payables as kept_payables
from samklang.platform.problems import Problem

YEARS = [(date(2025, 1, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 12, 31))]
YEAR_END = YEARS[0][1]
BOUGHT = {"5410": 1000_01, "2641": 250_00, "6540": 33, "2614": -25_00, "2645": 25_00}


@contextmanager
def postings(method: AccountingMethod) -> Iterator[Postings]:
    """Postings of a company with nothing in its books."""
    head = Books(fiscal_years=YEARS, method=method, closed_until=None, next_numbers={}, version=1)
    with (
        patch.object(kept_books, "books", return_value=head),
        patch.object(kept_chart, "chart", return_value=Chart()),
    ):
        yield Postings("com_1")


def payable(books: Postings, place: int, sign: int, day: date) -> Payable:
    """An invoice (or with ``sign`` -1 a credit note) as it is when it is registered."""
    bought = {account: sign * amount for account, amount in BOUGHT.items()}
    total = sum(bought.values())
    made = Payable(
        supplier_invoice_id=f"sin_{place}",
        supplier_id="sup_1",
        supplier="Leverantören AB",
        number=str(place),
        invoice_date=day,
        posting_date=day,
        due_date=day + timedelta(days=30),
        total=total,
        rows=[],
        vat={},
        ocr=None,
        message=None,
        document_id=None,
        voucher_id=None,
        accrual_voucher_ids=[],
        request_id="",
        created_at="",
    )
    if books.books.method == "cash":
        made.bought = bought
    else:
        books.post("L", day, "x", [*bought.items(), (PAYABLES, -total)], None)
        made.put_on_account = [(day, total)]
    return made


def pay(books: Postings, item: Payable, amount: int, day: date, place: int) -> None:
    paying.pay(books, [(item, amount)], paying.NewPayment(f"spy_{place}", day, BANK, "bosse"))


def take_back(books: Postings, item: Payable, amount: int, day: date, place: int) -> None:
    new = paying.NewPayment(f"spy_{place}", day, BANK, "bosse")
    paying._move(books, [(item, -amount)], new, "x", f"supplier_payment/spy_{place}/reversed")


def moved(books: Postings, account: str, until: date = date.max) -> int:
    return sum(
        amount
        for posted in books._vouchers
        for number, amount in posted.amounts
        if number == account and posted.voucher.date <= until
    )


days = st.dates(date(2025, 10, 1), date(2026, 3, 31))
payments = st.tuples(st.integers(0, 2), st.integers(1, 100), days, st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(get_args(AccountingMethod)),
    st.lists(payments, max_size=8),
    st.integers(0, 8),
    st.lists(days, min_size=3, max_size=3),
)
def test_account_2440_is_what_the_items_have_there_on_any_day_whatever_is_paid_and_taken_back(
    method: AccountingMethod, steps: list[tuple[int, int, date, bool]], ends: int, begun: list[date]
) -> None:
    with postings(method) as books:
        items = [payable(books, place, (1, 1, -1)[place], day) for place, day in enumerate(begun)]
        for place, (which, percent, day, is_reversed) in enumerate(steps):
            if place == ends and method == "cash":
                end_the_year(books, items)
            item = items[which]
            amount = item.remaining * percent // 100
            if not amount:
                continue
            pay(books, item, amount, day, place)
            if is_reversed:
                take_back(books, item, amount, day + timedelta(days=9), place)
        everywhere = {each.voucher.date for each in books._vouchers} | {YEAR_END}
        for day in everywhere:
            assert -moved(books, PAYABLES, day) == sum(each.on_account_on(day) for each in items)
        assert moved(books, BANK) == -sum(each.total - each.remaining for each in items)
        # Then all is paid: what was bought is posted, to the öre, and nothing else is left.
        for place, item in enumerate(items):
            if item.remaining:
                pay(books, item, item.remaining, date(2026, 5, 1), 100 + place)
        dormant = moved(books, year_end.DORMANT_INPUT_VAT)
        assert moved(books, "2641") + dormant == BOUGHT["2641"]
        assert {each: moved(books, each) for each in BOUGHT if each != "2641"} == {
            each: amount for each, amount in BOUGHT.items() if each != "2641"
        }
        assert moved(books, PAYABLES) == 0
        assert moved(books, BANK) == -sum(BOUGHT.values())
        assert all(each.closed_on < OPEN for each in items)


def test_a_voucher_of_no_rows_is_refused() -> None:
    with postings("invoice") as books, pytest.raises(Problem, match="none") as refused:
        books.post("U", date(2026, 1, 1), "Kvittning", [], None)
    assert (refused.value.code, books.empty) == ("unbalanced", True)


def end_the_year(books: Postings, items: list[Payable]) -> None:
    for item in items:
        unpaid = item.remaining_on(YEAR_END)
        if unpaid and not item.put_on_account and item.posting_date <= YEAR_END:
            year_end.post_year_end(books, item, YEAR_END, "L")


def test_at_the_end_of_a_year_the_cost_of_what_is_unpaid_is_the_old_years_and_paid_once() -> None:
    with postings("cash") as books:
        item = payable(books, 1, 1, date(2025, 12, 1))
        pay(books, item, 500_00, date(2025, 12, 20), 1)
        pay(books, item, 250_00, date(2026, 1, 10), 2)
        end_the_year(books, [item])
        assert moved(books, "5410", YEAR_END) == BOUGHT["5410"]
        assert -moved(books, PAYABLES, YEAR_END) == item.total - 500_00
        assert moved(books, "5410") == BOUGHT["5410"]
        assert -moved(books, PAYABLES) == item.remaining == item.on_account
        take_back(books, item, 250_00, date(2026, 2, 1), 2)
        assert -moved(books, PAYABLES) == item.remaining == item.total - 500_00
        dormant = moved(books, year_end.DORMANT_INPUT_VAT)
        assert dormant + moved(books, "2641") == BOUGHT["2641"]
        assert 0 < dormant < BOUGHT["2641"]


def test_what_is_unpaid_at_the_end_of_a_year_is_what_was_posted_by_then_and_not_paid() -> None:
    with postings("cash") as books:
        unpaid, paid, later, prepaid = (
            payable(books, place, 1, day)
            for place, day in enumerate([YEAR_END, YEAR_END, YEAR_END, YEAR_END + timedelta(days=1)])
        )
        pay(books, paid, paid.total, YEAR_END, 1)
        pay(books, later, later.total, date(2026, 1, 5), 2)
        pay(books, prepaid, 100, YEAR_END, 3)
        posted = payable(books, 5, 1, YEAR_END)
        posted.put_on_account = [(YEAR_END, posted.total)]
        items = [unpaid, paid, later, prepaid, posted]
        with patch.object(kept_payables, "payables_open_after", return_value=iter(items)):
            assert year_end.unpaid_items("com_1", YEAR_END) == [unpaid, later]


@pytest.mark.parametrize(
    ("values", "same"),
    [({"org_no": "556036-0793"}, "org_no"), ({"plusgiro": "90 20 03-3"}, "plusgiro"), ({}, None)],
)
def test_suppliers_are_similar_by_what_only_one_firm_has(values: dict[str, str], same: str | None) -> None:
    known = Supplier.model_validate({"name": "A", "supplier_id": "sup_1", "version": 1, **values})
    new = Supplier.model_validate({"name": "A", "supplier_id": "sup_2", "version": 1, **values})
    assert [(each.supplier_id, each.same) for each in similar(new, [known, new])] == (
        [("sup_1", same)] if same else []
    )
