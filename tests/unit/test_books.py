from collections import defaultdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.ledger.model.books import Books
from samklang.ledger.model.chart import Chart, check_no_control_account
from samklang.ledger.model.vouchers import Voucher, VoucherInput, VoucherRow, check_balance
from samklang.platform.problems import Problem

SERIES = ["A", "K", "I"]
YEARS = [
    (date(2025, 7, 1), date(2026, 6, 30)),
    (date(2026, 7, 1), date(2027, 6, 30)),
]


def books(closed_until: date | None = None) -> Books:
    return Books(
        fiscal_years=list(YEARS), method="invoice", closed_until=closed_until, next_numbers={}, version=1
    )


def take(head: Books, series: str, day: date) -> int:
    number = head.next_number(series, day)
    head.keep_number(series, day, number)
    return number


def refusal(head: Books, day: date) -> str:
    with pytest.raises(Problem) as caught:
        take(head, "A", day)
    return caught.value.code


@pytest.mark.parametrize(
    ("day", "start"),
    [
        (date(2025, 7, 1), date(2025, 7, 1)),
        (date(2026, 6, 30), date(2025, 7, 1)),
        (date(2026, 7, 1), date(2026, 7, 1)),
        (date(2027, 6, 30), date(2026, 7, 1)),
    ],
)
def test_a_day_is_in_the_fiscal_year_around_it_both_ends_included(day: date, start: date) -> None:
    assert books().fiscal_year(day) == start


@pytest.mark.parametrize("day", [date(2025, 6, 30), date(2027, 7, 1)])
def test_a_day_in_no_fiscal_year_is_refused(day: date) -> None:
    assert refusal(books(), day) == "outside-fiscal-year"


def test_a_closed_period_is_closed_to_its_last_day_and_open_from_the_next() -> None:
    head = books(closed_until=date(2025, 9, 30))
    assert refusal(head, date(2025, 9, 30)) == "closed-period"
    assert refusal(head, date(2025, 7, 1)) == "closed-period"
    assert head.fiscal_year(date(2025, 10, 1)) == date(2025, 7, 1)


def test_the_refusal_says_until_when_the_books_are_closed() -> None:
    with pytest.raises(Problem, match="2025-09-30"):
        take(books(closed_until=date(2025, 9, 30)), "A", date(2025, 8, 1))


@given(
    st.lists(st.tuples(st.sampled_from(SERIES), st.dates(date(2025, 6, 1), date(2027, 7, 31))), max_size=60),
    st.one_of(st.none(), st.dates(date(2025, 7, 1), date(2027, 6, 30))),
)
def test_numbers_are_gapless_from_1_per_series_and_year_whatever_is_refused_between(
    wanted: list[tuple[str, date]], closed_until: date | None
) -> None:
    head = books(closed_until)
    taken: dict[tuple[str, date], list[int]] = defaultdict(list)
    for series, day in wanted:
        year = next((start for start, end in YEARS if start <= day <= end), None)
        if year is None or (closed_until and day <= closed_until):
            with pytest.raises(Problem):
                take(head, series, day)
        else:
            taken[series, year].append(take(head, series, day))
    for numbers in taken.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert head.next_numbers == {
        f"{year}#{series}": len(numbers) + 1 for (series, year), numbers in taken.items()
    }


def test_a_refused_day_takes_no_number() -> None:
    head = books(closed_until=date(2025, 9, 30))
    refusal(head, date(2025, 9, 30))
    refusal(head, date(2030, 1, 1))
    assert head.next_numbers == {}


# ---------------------------------------------------------------- vouchers


rows = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20)


@given(rows)
def test_a_voucher_balances_or_is_refused_with_the_side_that_has_too_much(amounts: list[int]) -> None:
    pairs = [("1930", amount) for amount in amounts]
    difference = sum(amounts)
    if difference == 0:
        check_balance(pairs)
        return
    with pytest.raises(Problem) as caught:
        check_balance(pairs)
    assert caught.value.code == "unbalanced"
    assert ("debit" if difference > 0 else "credit") in caught.value.detail
    check_balance([*pairs, ("1510", -difference)])


def test_a_voucher_that_does_not_balance_can_neither_be_made_nor_read() -> None:
    with pytest.raises(Problem, match="too much on the debit side"):
        Voucher(
            voucher_id="2026-01-01.A.1",
            series="A",
            number=1,
            date=date(2026, 1, 1),
            text="Fel",
            rows=[VoucherRow(account="1930", debit=100), VoucherRow(account="1510", credit=99)],
            source=None,
            created_at="2026-01-01T00:00:00.000Z",
        )


def test_every_account_that_is_not_in_the_chart_is_named_with_its_place() -> None:
    with pytest.raises(Problem) as caught:
        Chart().check([("1930", 1), ("1234", 1), ("3001", -1), ("8998", -1)])
    assert caught.value.code == "unknown-account"
    assert [error.pointer for error in caught.value.errors] == ["/rows/1/account", "/rows/3/account"]


@pytest.mark.parametrize(
    ("account", "instead"),
    [("1510", "register an invoice or a payment instead"), ("2420", "register a payment instead")],
)
def test_an_account_that_a_subledger_keeps_is_refused_by_hand_with_what_to_do(
    account: str, instead: str
) -> None:
    with pytest.raises(Problem, match=instead) as caught:
        check_no_control_account([("1930", 1), (account, -1)])
    assert caught.value.code == "control-account"
    assert [error.pointer for error in caught.value.errors] == ["/rows/1/account"]
    check_no_control_account([("1930", 1), ("1580", 1), ("1910", -2)])


@pytest.mark.parametrize(
    "row",
    [
        {"account": "1930"},
        {"account": "1930", "debit": "1.00", "credit": "1.00"},
        {"account": "1930", "debit": "-1.00"},
        {"account": "1930", "debit": 1.5},
        {"account": "930", "debit": "1.00"},
        {"account": "9999", "debit": "1.00"},
        {"account": "193a", "debit": "1.00"},
        {"debit": "1.00"},
    ],
)
def test_a_row_by_hand_has_an_account_and_one_side_above_zero(row: dict[str, object]) -> None:
    good = {"account": "3001", "credit": "1.00"}
    with pytest.raises(ValueError, match="rows"):
        VoucherInput.model_validate({"date": "2026-01-01", "text": "Test", "rows": [row, good]})


def test_a_voucher_by_hand_has_at_least_two_rows() -> None:
    row = {"account": "3001", "credit": "1.00"}
    with pytest.raises(ValueError, match="at least 2"):
        VoucherInput.model_validate({"date": "2026-01-01", "text": "Test", "rows": [row]})
