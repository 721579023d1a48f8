"""Late interest: rates by half-year, days, principals that change, and rounding once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.ledger.dunning.interest import (
    REFERENCE_RATES,
    InterestSpan,
    agreed,
    by_law,
    exact_interest,
    half_year_of,
    interest_amount,
    interest_spans,
    starts_on,
)
from samklang.platform.problems import Problem

LAW = by_law({})
Change = tuple[date, int]


def spans_of(changes: list[Change], first: date, last: date) -> list[InterestSpan]:
    return interest_spans(changes, first, last, LAW)


def test_the_standards_example_is_split_at_new_year_and_rounded_once() -> None:
    first = starts_on(date(2024, 11, 1), date(2024, 12, 1), due_date_agreed=True)
    spans = spans_of([(date(2024, 11, 1), 10_000_00)], first, date(2025, 1, 31))
    assert [(span.days, span.rate) for span in spans] == [(30, Decimal(12)), (31, Decimal(11))]
    assert [interest_amount([span]) for span in spans] == [98_63, 93_42]
    assert interest_amount(spans) == 192_05


def test_a_payment_on_the_due_date_bears_nothing_and_the_day_of_payment_counts() -> None:
    invoiced, due = date(2024, 11, 1), date(2024, 12, 1)
    first = starts_on(invoiced, due, due_date_agreed=True)
    paid_in_time = [(invoiced, 100_00), (due, -100_00)]
    assert spans_of(paid_in_time, first, date(2025, 3, 1)) == []
    paid_a_day_late = [(invoiced, 100_00), (due + timedelta(days=1), -100_00)]
    (span,) = spans_of(paid_a_day_late, first, date(2025, 3, 1))
    assert (span.first, span.last, span.principal) == (date(2024, 12, 2), date(2024, 12, 2), 100_00)


def test_part_payments_credit_notes_and_reversals_change_the_principal_from_the_day_after() -> None:
    invoiced = date(2025, 1, 1)
    changes = [
        (invoiced, 1000_00),
        (date(2025, 2, 10), -400_00),
        (date(2025, 2, 20), -100_00),
        (date(2025, 2, 25), 400_00),
        (date(2025, 3, 5), -900_00),
    ]
    found = spans_of(changes, date(2025, 2, 1), date(2025, 6, 30))
    assert [(span.first.isoformat()[5:], span.days, span.principal) for span in found] == [
        ("02-01", 10, 1000_00),
        ("02-11", 10, 600_00),
        ("02-21", 5, 500_00),
        ("02-26", 8, 900_00),
    ]


def test_a_half_year_of_the_same_rate_as_the_one_before_goes_on_in_one_span() -> None:
    (span,) = spans_of([(date(2025, 6, 1), 1)], date(2025, 7, 1), date(2026, 11, 23))
    assert (span.rate, span.days) == (Decimal(10), 511)


def test_without_agreed_due_dates_interest_waits_for_thirty_days_after_the_demand() -> None:
    invoiced = date(2026, 3, 1)
    assert starts_on(invoiced, date(2026, 3, 11), due_date_agreed=True) == date(2026, 3, 12)
    assert starts_on(invoiced, date(2026, 3, 11), due_date_agreed=False) == date(2026, 4, 1)
    assert starts_on(invoiced, date(2026, 5, 1), due_date_agreed=False) == date(2026, 5, 2)


def test_an_agreed_rate_needs_no_table() -> None:
    spans = interest_spans(
        [(date(2030, 1, 1), 36_500_00)], date(2031, 1, 1), date(2031, 1, 10), agreed(Decimal("18.25"))
    )
    assert interest_amount(spans) == 36_500_00 * 10 * 1825 // (365 * 10_000)


def test_a_day_behind_the_table_is_refused_and_a_companys_own_rate_of_the_half_year_mends_it() -> None:
    debt = [(date(2026, 12, 1), 1000_00)]
    with pytest.raises(Problem, match="2027-H1") as refusal:
        spans_of(debt, date(2026, 12, 2), date(2027, 1, 1))
    assert refusal.value.code == "reference-rate-missing"
    spans = interest_spans(debt, date(2026, 12, 2), date(2027, 1, 1), by_law({"2027-H1": Decimal("2.5")}))
    assert [span.rate for span in spans] == [Decimal(10), Decimal("10.5")]


def test_a_debt_paid_before_the_table_ends_never_asks_for_what_is_behind_it() -> None:
    changes = [(date(2026, 11, 1), 1000_00), (date(2026, 12, 31), -1000_00)]
    assert spans_of(changes, date(2026, 12, 2), date(2027, 6, 30))[-1].last == date(2026, 12, 31)


def test_the_table_has_every_half_year_with_its_source_and_tells_what_is_not_verified() -> None:
    first, last = date(2019, 1, 1), date(2026, 12, 31)
    expected = {half_year_of(first + timedelta(days=days)) for days in range((last - first).days)}
    assert set(REFERENCE_RATES) == expected
    assert all(rate.rate % Decimal("0.5") == 0 for rate in REFERENCE_RATES.values())
    unverified = {name for name, rate in REFERENCE_RATES.items() if not rate.verified}
    assert unverified == {"2025-H1", "2025-H2", "2026-H1", "2026-H2"}


START = date(2023, 1, 1)
days = st.integers(0, 1400).map(lambda offset: START + timedelta(days=offset))
histories = st.lists(st.tuples(days, st.integers(-50_000, 50_000)), max_size=5).map(
    lambda changes: [(START, 100_000), *changes]
)


@settings(max_examples=60)
@given(histories, days, days, days)
def test_splitting_a_period_anywhere_changes_nothing(
    changes: list[Change], one: date, two: date, three: date
) -> None:
    first, middle, last = sorted((one, two, three))
    whole = spans_of(changes, first, last)
    parts = [*spans_of(changes, first, middle), *spans_of(changes, middle + timedelta(days=1), last)]
    assert exact_interest(whole) == exact_interest(parts)
    assert sum(span.days for span in whole) == sum(span.days for span in parts)


@settings(max_examples=60)
@given(histories, days, days)
def test_interest_is_never_negative_and_agrees_with_a_day_by_day_reckoning(
    changes: list[Change], one: date, two: date
) -> None:
    first, last = min(one, two), max(one, two)
    found = spans_of(changes, first, last)
    by_day = 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        principal = max(0, sum(amount for on, amount in changes if on < day))
        by_day += principal * int(LAW(day) * 100)
    assert exact_interest(found) == by_day
    assert all(span.principal > 0 for span in found)
    assert interest_amount(found) >= 0


@settings(max_examples=60)
@given(st.integers(1, 10**9), st.integers(1, 10**9), days, days)
def test_interest_is_additive_over_principals_before_rounding(
    one: int, other: int, start: date, end: date
) -> None:
    first, last = min(start, end) + timedelta(days=1), max(start, end) + timedelta(days=1)

    def exact(principal: int) -> int:
        return exact_interest(spans_of([(START - timedelta(days=1), principal)], first, last))

    assert exact(one) + exact(other) == exact(one + other)
