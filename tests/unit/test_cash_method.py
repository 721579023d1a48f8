from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.events import InvoiceIssued, SaleLine
from samklang.ledger import posting
from samklang.ledger.cash_method import Parts, added, parts_of, share, to_post
from tests.unit.test_posting import documents, issued, row

ACCOUNTS = ("2611", "2621", "2631", "3001", "3002", "3003", "3004")

sales = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(1, 10**9), min_size=1)
"""Of any rates, each part above zero."""
anything = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(-(10**9), 10**9))
signs = st.sampled_from([1, -1])


def times(parts: Parts, sign: int) -> Parts:
    return {account: sign * part for account, part in parts.items()}


def paid_in(parts: Parts, amounts: Sequence[int]) -> list[Parts]:
    """What each of the payments of a sale posts, one after the other."""
    posted: Parts = {}
    steps = []
    for amount in amounts:
        step = to_post(parts, parts, posted, amount)
        posted = added(posted, step)
        steps.append(step)
    return steps


# ---------------------------------------------------------------- what a sale is made of


def test_a_sale_is_made_of_revenue_and_vat_per_account_and_its_rounding() -> None:
    event = issued(row(10_000), row(5_000, rate="12"), row(36), round_to_krona=True)
    assert parts_of(posting.sale_amounts(event)) == {
        "3001": 10_036,
        "2611": 2_509,
        "3002": 5_000,
        "2621": 600,
        "3740": -45,
    }


@given(documents)
def test_what_any_sale_is_made_of_adds_up_to_its_total(event: InvoiceIssued) -> None:
    parts = parts_of(posting.sale_amounts(event))
    assert sum(parts.values()) == event.total
    vat = sum(part for account, part in parts.items() if account.startswith("26"))
    assert vat == sum(line.vat for line in event.lines)


def test_lines_of_one_account_are_one_part() -> None:
    line = SaleLine("domestic", "25", 100, 25)
    event = replace(issued(row(100)), lines=(line, line), total=250)
    assert parts_of(posting.sale_amounts(event)) == {"3001": 200, "2611": 50}


# ---------------------------------------------------------------- a share of it


@given(sales, signs, st.integers(-(10**10), 10**10))
def test_the_shares_of_any_amount_add_up_to_it_exactly(sale: Parts, sign: int, amount: int) -> None:
    shares = share(times(sale, sign), amount)
    assert sum(shares.values()) == amount
    assert shares.keys() == sale.keys()


@given(sales, signs)
def test_all_of_a_sale_gives_its_parts_and_nothing_gives_nothing(sale: Parts, sign: int) -> None:
    parts = times(sale, sign)
    assert share(parts, sum(parts.values())) == parts
    assert set(share(parts, 0).values()) == {0}


@given(sales, signs, st.data())
def test_each_share_is_its_part_of_the_amount_within_an_oere(
    sale: Parts, sign: int, data: st.DataObject
) -> None:
    parts = times(sale, sign)
    total = sum(parts.values())
    amount = sign * data.draw(st.integers(0, abs(total)))
    for account, got in share(parts, amount).items():
        assert abs(got * total - amount * parts[account]) <= abs(total)


@given(sales, st.integers(-(10**10), 10**10))
def test_a_credit_note_shares_as_its_invoice_on_the_other_side(sale: Parts, amount: int) -> None:
    assert share(times(sale, -1), -amount) == times(share(sale, amount), -1)
    assert share(sale, -amount) == times(share(sale, amount), -1)


def test_a_sale_of_nothing_has_no_shares() -> None:
    assert share({}, 100) == {}
    assert share({"3001": 100, "3740": -100}, 50) == {}


# ---------------------------------------------------------------- payments


@st.composite
def split(draw: st.DrawFn, event: InvoiceIssued) -> list[int]:
    """Amounts that add up to what a document is."""
    cuts = draw(st.lists(st.integers(0, abs(event.total)), max_size=8))
    ends = [0, *sorted(cuts), abs(event.total)]
    sign = 1 if event.total >= 0 else -1
    return [sign * (right - left) for left, right in pairwise(ends)]


@given(documents.filter(lambda event: event.total != 0), st.data())
def test_any_split_of_any_sale_of_several_rates_comes_to_the_sale_on_every_account(
    event: InvoiceIssued, data: st.DataObject
) -> None:
    parts = parts_of(posting.sale_amounts(event))
    amounts = data.draw(split(event))
    steps = paid_in(parts, amounts)
    assert [sum(step.values()) for step in steps] == amounts
    posted: Parts = {}
    for step in steps:
        posted = added(posted, step)
    assert posted == {account: part for account, part in parts.items() if part}


@given(sales, st.data())
def test_no_payment_of_a_part_takes_more_than_the_oere_of_rounding_off_any_account(
    sale: Parts, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, sum(sale.values())), max_size=8)))
    amounts = [right - left for left, right in pairwise([0, *cuts])]
    for step in paid_in(sale, amounts):
        assert all(value >= -1 for value in step.values())


@given(sales, signs, anything, st.integers(-(10**10), 10**10))
def test_what_is_posted_now_is_the_amount_paid_whatever_was_posted_before(
    sale: Parts, sign: int, posted: Parts, amount: int
) -> None:
    step = to_post(times(sale, sign), times(sale, sign), posted, amount)
    assert sum(step.values()) == amount
    assert all(step.values())
    after = added(posted, step)
    reached = share(times(sale, sign), sum(posted.values()) + amount)
    assert after == {account: part for account, part in reached.items() if part}


@given(sales, anything, st.integers(-(10**10), 10**10))
def test_of_a_sale_that_was_taken_back_whole_what_was_sold_tells_the_shares(
    sold: Parts, posted: Parts, amount: int
) -> None:
    step = to_post({}, sold, posted, amount)
    assert sum(step.values()) == amount
    assert added(posted, to_post({}, sold, posted, -sum(posted.values()))) == {}


def test_a_payment_behind_a_credit_note_of_one_rate_makes_good_what_was_posted_of_it() -> None:
    # 125.00 of 25 % and 112.00 of 12 %; half is paid, then half of the first is credited.
    sale = {"3001": 10_000, "2611": 2_500, "3002": 10_000, "2621": 1_200}
    posted = to_post(sale, sale, {}, 11_850)
    assert posted == {"3001": 5_000, "2611": 1_250, "3002": 5_000, "2621": 600}
    left = added(sale, {"3001": -5_000, "2611": -1_250})
    last = to_post(left, sale, posted, 23_700 - 6_250 - 11_850)
    assert last == {"3002": 5_000, "2621": 600}


# ---------------------------------------------------------------- sums


@given(anything, anything)
def test_what_is_added_and_taken_off_again_leaves_what_was_there(parts: Parts, more: Parts) -> None:
    both = added(parts, more)
    assert sum(both.values()) == sum(parts.values()) + sum(more.values())
    assert added(both, more, sign=-1) == {account: part for account, part in parts.items() if part}
    assert all(both.values())


@pytest.mark.parametrize(("numerator", "shares"), [(1, (1, 0)), (3, (2, 1)), (-1, (-1, 0)), (-3, (-2, -1))])
def test_half_an_oere_is_rounded_away_from_zero(numerator: int, shares: tuple[int, int]) -> None:
    # Two equal parts: of an odd amount the first reaches half an öre past its joint.
    assert tuple(share({"3001": 2, "3002": 2}, numerator).values()) == shares
