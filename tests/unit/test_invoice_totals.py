from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.invoicing.model import (
    InvoiceInput,
    InvoiceRow,
    InvoiceRowInput,
    VatRate,
    row_amount,
    status_of,
    totals,
)
from samklang.platform.money import LIMIT
from samklang.platform.problems import Problem

RATES: tuple[VatRate, ...] = ("25", "12", "6", "0")
CUSTOMER = "cus_00000000000000000001"
ARTICLE = "art_00000000000000000001"


def row(amount: int, rate: VatRate = "25") -> InvoiceRow:
    return InvoiceRow(
        article_id=None,
        description="Rad",
        quantity=Decimal(1),
        unit="st",
        unit_price=amount,
        vat_rate=rate,
        discount_percent=Decimal(0),
        amount=amount,
    )


rows = st.lists(st.builds(row, st.integers(-(10**9), 10**9), st.sampled_from(RATES)), min_size=1, max_size=30)
positive_rows = st.lists(
    st.builds(row, st.integers(0, 10**9), st.sampled_from(RATES)), min_size=1, max_size=30
)


def half_up(value: Fraction) -> int:
    """Half away from zero, without Decimal: the other way to the same figure."""
    whole, rest = divmod(abs(value), 1)
    rounded = int(whole) + (rest >= Fraction(1, 2))
    return rounded if value >= 0 else -rounded


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("quantity", "unit_price", "discount", "amount"),
    [
        ("1", 10_000, "0", 10_000),
        ("2.5", 59_500, "0", 148_750),
        ("12.50", 59_500, "2.5", 725_156),
        ("0.001", 500, "0", 1),
        ("0.001", 499, "0", 0),
        ("3", 333, "50", 500),
        ("1", -10_000, "0", -10_000),
        ("0.001", -500, "0", -1),
        ("7", 12_345, "100", 0),
    ],
)
def test_a_row_is_quantity_times_price_less_discount_rounded_half_up_once(
    quantity: str, unit_price: int, discount: str, amount: int
) -> None:
    assert row_amount(Decimal(quantity), unit_price, Decimal(discount)) == amount


@given(
    st.decimals("0.001", "9999999.999", places=3),
    st.integers(-(10**12), 10**12),
    st.decimals(0, 100, places=2),
)
def test_a_rows_amount_is_the_exact_figure_rounded_half_up(
    quantity: Decimal, unit_price: int, discount: Decimal
) -> None:
    exact = Fraction(quantity) * unit_price * (100 - Fraction(discount)) / 100
    assert row_amount(quantity, unit_price, discount) == half_up(exact)


# ---------------------------------------------------------------- totals


def test_the_standards_example_4467_75_at_25_percent_is_1116_94() -> None:
    sums = totals([row(446_775)])
    assert sums.vat == 111_694
    assert sums.total == 558_469


def test_vat_is_rounded_once_per_rate_and_not_per_row() -> None:
    # Each row alone would give 0.5 öre, rounded up to 1: three in all. Together they are 1.5, which is 2.
    assert totals([row(2), row(2), row(2)]).vat == 2
    assert sum(totals([row(2)]).vat for _ in range(3)) == 3


def test_rates_stand_highest_first_each_once() -> None:
    sums = totals([row(100, "0"), row(100, "6"), row(100), row(100, "12"), row(100, "6")])
    assert [(line.vat_rate, line.base, line.vat) for line in sums.vat_lines] == [
        ("25", 100, 25),
        ("12", 100, 12),
        ("6", 200, 12),
        ("0", 100, 0),
    ]


@given(positive_rows)
def test_total_is_net_and_vat_and_each_is_the_sum_of_its_rates(given_rows: list[InvoiceRow]) -> None:
    sums = totals(given_rows)
    assert sums.total == sums.net + sums.vat
    assert sums.net == sum(line.base for line in sums.vat_lines) == sum(each.amount for each in given_rows)
    assert sums.vat == sum(line.vat for line in sums.vat_lines)


@given(positive_rows)
def test_the_rows_of_a_rate_add_up_to_its_base(given_rows: list[InvoiceRow]) -> None:
    bases = {line.vat_rate: line.base for line in totals(given_rows).vat_lines}
    assert bases == {
        rate: sum(each.amount for each in given_rows if each.vat_rate == rate)
        for rate in {each.vat_rate for each in given_rows}
    }


@given(positive_rows)
def test_the_vat_of_a_rate_is_its_base_times_the_rate_half_up(given_rows: list[InvoiceRow]) -> None:
    for line in totals(given_rows).vat_lines:
        exact = Decimal(line.base) * int(line.vat_rate) / 100
        assert line.vat == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        assert line.vat == half_up(Fraction(line.base * int(line.vat_rate), 100))


@given(positive_rows, st.randoms())
def test_the_order_of_the_rows_does_not_matter(given_rows: list[InvoiceRow], random: Any) -> None:
    mixed = list(given_rows)
    random.shuffle(mixed)
    assert totals(mixed) == totals(given_rows)


@given(rows)
def test_an_invoice_never_adds_up_to_less_than_nothing(given_rows: list[InvoiceRow]) -> None:
    net: dict[VatRate, int] = {}
    for each in given_rows:
        net[each.vat_rate] = net.get(each.vat_rate, 0) + each.amount
    exact = sum(base + half_up(Fraction(base * int(rate), 100)) for rate, base in net.items())
    if exact < 0:
        with pytest.raises(Problem) as caught:
            totals(given_rows)
        assert caught.value.code == "negative-total"
    else:
        assert totals(given_rows).total == exact


def test_a_deduction_at_one_rate_lowers_the_vat_of_that_rate() -> None:
    sums = totals([row(100_000), row(-20_000), row(50_000, "6")])
    assert [(line.vat_rate, line.base, line.vat) for line in sums.vat_lines] == [
        ("25", 80_000, 20_000),
        ("6", 50_000, 3_000),
    ]


def test_more_than_the_books_can_hold_is_refused() -> None:
    assert totals([row(LIMIT - 1, "0")]).total == LIMIT - 1
    with pytest.raises(Problem) as caught:
        totals([row(LIMIT, "0")])
    assert caught.value.code == "validation"


# ---------------------------------------------------------------- what a row and an invoice must have


def test_a_row_without_article_must_have_description_price_and_rate() -> None:
    with pytest.raises(ValidationError, match="description, unit_price, vat_rate"):
        InvoiceRowInput()
    with pytest.raises(ValidationError, match="else vat_rate"):
        InvoiceRowInput.model_validate({"description": "Arbete", "unit_price": "10.00"})


def test_a_row_with_an_article_needs_nothing_else() -> None:
    assert InvoiceRowInput.model_validate({"article_id": ARTICLE}).quantity == 1


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": "-1"},
        {"quantity": "0"},
        {"quantity": 1.5},
        {"unit_price": 12.5},
        {"unit_price": "12.345"},
        {"unit_price": "1000000000000000"},
        {"vat_rate": "20"},
        {"vat_rate": 25.0},
        {"vat_rate": True},
        {"discount_percent": "100.01"},
        {"discount_percent": "-1"},
        {"article_id": "42"},
        {"colour": "red"},
    ],
)
def test_a_row_at_fault_is_refused(values: dict[str, Any]) -> None:
    right = {"description": "Arbete", "unit_price": "10.00", "vat_rate": "25"}
    InvoiceRowInput.model_validate(right)
    with pytest.raises(ValidationError):
        InvoiceRowInput.model_validate(right | values)


def test_a_rate_may_be_written_as_a_whole_number() -> None:
    values = {"description": "Bok", "unit_price": "10.00", "vat_rate": 6}
    assert InvoiceRowInput.model_validate(values).vat_rate == "6"


@pytest.mark.parametrize("count", [0, 501])
def test_an_invoice_has_1_to_500_rows(count: int) -> None:
    with pytest.raises(ValidationError, match="rows"):
        InvoiceInput.model_validate({"customer_id": CUSTOMER, "rows": [{"article_id": ARTICLE}] * count})


# ---------------------------------------------------------------- status


@given(st.integers(1, LIMIT), st.data())
def test_the_status_follows_from_what_remains(total: int, data: st.DataObject) -> None:
    remaining = data.draw(st.integers(-total, total))
    expected = "paid" if remaining <= 0 else "issued" if remaining == total else "partly_paid"
    assert status_of(total, remaining) == expected
