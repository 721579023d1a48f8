"""Open items summed up by how many days past due they are."""

from hypothesis import given
from hypothesis import strategies as st

from samklang.ledger.model.aging import Aged


def test_each_band_has_its_first_and_last_day() -> None:
    ages = (-5, 0, 1, 30, 31, 60, 61, 90, 91, 400)
    found = Aged.of((age, 10**place) for place, age in enumerate(ages))
    assert list(dict(found).values()) == [11, 1100, 110000, 11000000, 1100000000]


@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(-(10**9), 10**9))))
def test_what_is_summed_up_by_age_is_the_whole(items: list[tuple[int, int]]) -> None:
    aged = Aged.of(items)
    assert sum(dict(aged).values()) == sum(amount for _, amount in items)
    assert aged.over_90 == sum(amount for age, amount in items if age > 90)
    assert aged.not_due == sum(amount for age, amount in items if age <= 0)
