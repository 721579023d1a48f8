"""VAT periods and when their returns are due."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.ledger.vat.periods import (
    Kind,
    after,
    before,
    due_date,
    period_of,
    period_with,
    periods_between,
    sales_list_due,
)
from samklang.platform.problems import Problem

CALENDAR = [(date(2026, 1, 1), date(2026, 12, 31)), (date(2027, 1, 1), date(2027, 12, 31))]
BROKEN = [(date(2025, 5, 1), date(2026, 4, 30)), (date(2026, 5, 1), date(2027, 4, 30))]
SHORTENED = [(date(2025, 5, 1), date(2026, 4, 30)), (date(2026, 5, 1), date(2026, 12, 31))]
COMPANY, PERSON, PARTNERSHIP = "5593456782", "8001011239", "9696961235"


def refusal(key: str, kind: Kind) -> Problem:
    with pytest.raises(Problem) as caught:
        period_of(key, kind, CALENDAR)
    return caught.value


@pytest.mark.parametrize(
    ("key", "kind", "first", "last"),
    [
        ("2026-11", "month", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-12", "month", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-Q1", "quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", "quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026-12", "year", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_key_names_a_period(key: str, kind: Kind, first: date, last: date) -> None:
    assert period_of(key, kind, CALENDAR) == (key, kind, first, last)


def test_yearly_period_is_the_fiscal_year_that_ends_in_it() -> None:
    assert period_of("2026", "year", BROKEN)[2:] == (date(2025, 5, 1), date(2026, 4, 30))
    assert period_of("2027", "year", BROKEN)[2:] == (date(2026, 5, 1), date(2027, 4, 30))


def test_fiscal_year_keeps_its_key_whatever_becomes_of_the_years_behind_it() -> None:
    start, _ = BROKEN[0]
    assert period_with(start, "year", BROKEN) == period_with(start, "year", SHORTENED)
    assert period_of("2026", "year", BROKEN) == period_of("2026-04", "year", SHORTENED)


def test_two_fiscal_years_that_end_in_one_year_are_told_apart_by_their_months() -> None:
    assert [period_of(key, "year", SHORTENED)[2:] for key in ("2026-04", "2026-12")] == SHORTENED
    with pytest.raises(Problem) as caught:
        period_of("2026", "year", SHORTENED)
    assert caught.value.code == "validation"
    assert "2026-04 or 2026-12" in caught.value.detail


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("2026-11", "quarter"),
        ("2026-11", "year"),
        ("2026-Q4", "month"),
        ("2026", "month"),
        ("2026", "quarter"),
    ],
)
def test_key_of_another_kind_is_refused_with_the_right_one(key: str, kind: Kind) -> None:
    problem = refusal(key, kind)
    assert (problem.code, problem.errors[0].pointer) == ("validation", "?period")
    assert f"is not a {kind}" in problem.detail


@pytest.mark.parametrize(("key", "kind"), [("2025-12", "month"), ("2028-Q1", "quarter"), ("2025", "year")])
def test_period_in_no_fiscal_year_is_refused(key: str, kind: Kind) -> None:
    assert refusal(key, kind).code == "outside-fiscal-year"


def test_quarter_that_begins_before_the_books_is_a_period_of_them() -> None:
    years = [(date(2026, 11, 1), date(2027, 12, 31))]
    assert period_of("2026-Q4", "quarter", years).first == date(2026, 10, 1)


def test_no_year_is_before_the_first_or_after_the_last() -> None:
    assert before(period_of("2026", "year", CALENDAR), CALENDAR) is None
    assert after(period_of("2027", "year", CALENDAR), CALENDAR) is None


@given(st.sampled_from(["month", "quarter", "year"]), st.dates(date(2025, 5, 1), date(2026, 12, 31)))
def test_periods_follow_on_each_other_without_a_gap(kind: Kind, day: date) -> None:
    period = period_with(day, kind, SHORTENED)
    assert period is not None
    assert period.first <= day <= period.last
    assert period_of(period.key, kind, SHORTENED) == period
    following = after(period, SHORTENED)
    if following:
        assert following.first == period.last + timedelta(days=1)
        assert before(following, SHORTENED) == period


def test_periods_of_a_fiscal_year_are_those_that_have_a_day_of_it() -> None:
    first, last = BROKEN[0]
    assert [each.key for each in periods_between("quarter", first, last, BROKEN)] == [
        *("2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2")
    ]
    assert len(list(periods_between("month", first, last, BROKEN))) == 12
    assert [each.key for each in periods_between("year", first, last, BROKEN)] == ["2026-04"]


# ---------------------------------------------------------------- due dates


@pytest.mark.parametrize(
    ("key", "kind", "due"),
    [
        ("2026-01", "month", date(2026, 3, 12)),
        ("2026-06", "month", date(2026, 8, 17)),
        ("2026-11", "month", date(2027, 1, 18)),  # the 17th is a Sunday
        ("2026-12", "month", date(2027, 2, 12)),
        ("2026-Q1", "quarter", date(2026, 5, 12)),
        ("2026-Q2", "quarter", date(2026, 8, 17)),
        ("2026-Q3", "quarter", date(2026, 11, 12)),
        ("2026-Q4", "quarter", date(2027, 2, 12)),
    ],
)
def test_return_is_due_in_the_second_month_after_its_period(key: str, kind: Kind, due: date) -> None:
    assert due_date(period_of(key, kind, CALENDAR), COMPANY, large=False, eu_trade=False) == due


@pytest.mark.parametrize(
    ("key", "due"),
    [
        ("2026-09", date(2026, 10, 26)),
        ("2026-10", date(2026, 11, 26)),
        ("2026-11", date(2026, 12, 28)),  # in December the 27th, here a Sunday
        ("2027-02", date(2027, 3, 30)),  # the 26th is Good Friday
    ],
)
def test_large_company_has_until_the_26th_of_the_next_month(key: str, due: date) -> None:
    assert due_date(period_of(key, "month", CALENDAR), COMPANY, large=True, eu_trade=False) == due


@pytest.mark.parametrize(
    ("end", "due"),
    [
        (date(2026, 12, 31), date(2027, 8, 17)),
        (date(2026, 9, 30), date(2027, 8, 17)),
        (date(2026, 4, 30), date(2026, 12, 14)),  # the 12th is a Saturday
        (date(2026, 6, 30), date(2027, 1, 18)),
        (date(2026, 8, 31), date(2027, 4, 12)),
    ],
)
def test_yearly_return_is_due_with_the_income_tax_return(end: date, due: date) -> None:
    period = period_with(end, "year", [(end.replace(day=1), end)])
    assert period
    assert due_date(period, COMPANY, large=False, eu_trade=False) == due


def test_yearly_return_of_others_is_due_otherwise() -> None:
    period = period_of("2026", "year", CALENDAR)
    assert due_date(period, PERSON, large=False, eu_trade=False) == date(2027, 5, 12)
    assert due_date(period, PARTNERSHIP, large=False, eu_trade=False) == date(2027, 2, 26)
    assert due_date(period, COMPANY, large=False, eu_trade=True) == date(2027, 2, 26)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (date(2026, 10, 31), date(2026, 11, 25)),
        (date(2026, 11, 30), date(2026, 12, 28)),  # Christmas, then a weekend
        (date(2027, 5, 31), date(2027, 6, 28)),  # Midsummer Eve
    ],
)
def test_sales_list_is_due_on_the_25th_or_when_people_work_again(last: date, due: date) -> None:
    assert sales_list_due(last) == due
