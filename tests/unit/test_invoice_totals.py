from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.model.invoices import InvoiceRow, TextRow, row_amount, totals
from samklang.invoicing.vat import VatCode, VatRate
from samklang.platform.money import LIMIT
from samklang.platform.problems import Problem

RATES: tuple[VatRate, ...] = ("25", "12", "6", "0")


def row(amount: int, rate: VatRate = "25", **values: Any) -> InvoiceRow:
    """A row of quantity 1 without a discount."""
    fields: dict[str, Any] = {
        "article_id": None,
        "description": "Rad",
        "quantity": Decimal(1),
        "unit": "st",
        "unit_price": amount,
        "vat_rate": rate,
        "vat_class": None,
        "vat_code": "domestic" if rate != "0" else "exempt",
        "kind": "service",
        "discount_percent": Decimal(0),
        "amount": amount,
    }
    return InvoiceRow(**fields | values)


rows = st.lists(st.builds(row, st.integers(-(10**9), 10**9), st.sampled_from(RATES)), min_size=1, max_size=30)
positive_rows = st.lists(
    st.builds(row, st.integers(0, 10**9), st.sampled_from(RATES)), min_size=1, max_size=30
)


def half_up(value: Fraction) -> int:
    """Half away from zero, without Decimal: the other way to the same figure."""
    whole, rest = divmod(abs(value), 1)
    rounded = int(whole) + (rest >= Fraction(1, 2))
    return rounded if value >= 0 else -rounded


def figures(given_rows: list[Any], *, round_to_krona: bool = False) -> Any:
    """What the rows add up to."""
    return totals(given_rows, round_to_krona=round_to_krona)


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
    sums = figures([row(446_775)])
    assert sums.vat == 111_694
    assert sums.total == 558_469


def test_vat_is_rounded_once_per_rate_and_not_per_row() -> None:
    # Each row alone would give 0.5 öre, rounded up to 1: three in all. Together they are 1.5, which is 2.
    assert figures([row(2), row(2), row(2)]).vat == 2
    assert sum(figures([row(2)]).vat for _ in range(3)) == 3


def test_rates_stand_highest_first_each_once() -> None:
    sums = figures([row(100, "0"), row(100, "6"), row(100), row(100, "12"), row(100, "6")])
    assert [(line.vat_rate, line.base, line.vat) for line in sums.vat_lines] == [
        ("25", 100, 25),
        ("12", 100, 12),
        ("6", 200, 12),
        ("0", 100, 0),
    ]


def test_sales_without_vat_on_different_grounds_are_lines_of_their_own() -> None:
    codes: list[VatCode] = ["eu_services", "eu_goods", "eu_services"]
    sums = figures([row(100, "0", vat_code=code) for code in codes])
    assert [(line.vat_code, line.base, line.vat) for line in sums.vat_lines] == [
        ("eu_goods", 100, 0),
        ("eu_services", 200, 0),
    ]
    assert (sums.net, sums.vat, sums.total) == (300, 0, 300)


def test_words_between_the_rows_add_nothing() -> None:
    assert figures([TextRow(text="Etapp 1"), row(100), TextRow(text="Tack!")]) == figures([row(100)])
    assert figures([TextRow(text="Bara ord")]) == ([], 0, 0, 0, 0)


@given(positive_rows)
def test_total_is_net_and_vat_and_each_is_the_sum_of_its_rates(given_rows: list[InvoiceRow]) -> None:
    sums = figures(given_rows)
    assert sums.total == sums.net + sums.vat
    assert sums.net == sum(line.base for line in sums.vat_lines) == sum(each.amount for each in given_rows)
    assert sums.vat == sum(line.vat for line in sums.vat_lines)


@given(positive_rows)
def test_the_rows_of_a_rate_add_up_to_its_base(given_rows: list[InvoiceRow]) -> None:
    bases = {line.vat_rate: line.base for line in figures(given_rows).vat_lines}
    assert bases == {
        rate: sum(each.amount for each in given_rows if each.vat_rate == rate)
        for rate in {each.vat_rate for each in given_rows}
    }


@given(positive_rows)
def test_the_vat_of_a_rate_is_its_base_times_the_rate_half_up(given_rows: list[InvoiceRow]) -> None:
    for line in figures(given_rows).vat_lines:
        exact = Decimal(line.base) * int(line.vat_rate) / 100
        assert line.vat == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        assert line.vat == half_up(Fraction(line.base * int(line.vat_rate), 100))


@given(positive_rows, st.randoms(), st.booleans())
def test_the_order_of_the_rows_does_not_matter(
    given_rows: list[InvoiceRow], random: Any, round_to_krona: Any
) -> None:
    mixed = list(given_rows)
    random.shuffle(mixed)
    found = figures(mixed, round_to_krona=round_to_krona)
    assert found == figures(given_rows, round_to_krona=round_to_krona)


@given(rows, st.booleans())
def test_an_invoice_never_adds_up_to_less_than_nothing(
    given_rows: list[InvoiceRow], round_to_krona: Any
) -> None:
    net: dict[VatRate, int] = {}
    for each in given_rows:
        net[each.vat_rate] = net.get(each.vat_rate, 0) + each.amount
    exact = sum(base + half_up(Fraction(base * int(rate), 100)) for rate, base in net.items())
    if exact < 0:
        with pytest.raises(Problem) as caught:
            figures(given_rows, round_to_krona=round_to_krona)
        assert caught.value.code == "negative-total"
    else:
        assert figures(given_rows).total == exact


def test_a_deduction_at_one_rate_lowers_the_vat_of_that_rate() -> None:
    sums = figures([row(100_000), row(-20_000), row(50_000, "6")])
    assert [(line.vat_rate, line.base, line.vat) for line in sums.vat_lines] == [
        ("25", 80_000, 20_000),
        ("6", 50_000, 3_000),
    ]


def test_more_than_the_books_can_hold_is_refused() -> None:
    assert figures([row(LIMIT - 1, "0")]).total == LIMIT - 1
    with pytest.raises(Problem) as caught:
        figures([row(LIMIT, "0")])
    assert caught.value.code == "validation"


def test_given_rounding_up_to_more_than_the_books_can_hold_then_it_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        figures([row(LIMIT - 1, "0")], round_to_krona=True)
    assert caught.value.code == "validation"


def test_given_rows_above_what_the_books_can_hold_then_they_are_refused_though_they_cancel_out() -> None:
    with pytest.raises(Problem) as caught:
        figures([row(LIMIT * 100, "0"), row(-LIMIT * 100, "0"), row(100)])
    assert caught.value.code == "validation"


# ---------------------------------------------------------------- öresavrundning


@pytest.mark.parametrize(
    ("before", "rounding"),
    [(0, 0), (1, -1), (49, -49), (50, 50), (51, 49), (99, 1), (100, 0), (149, -49), (150, 50), (250, 50)],
)
def test_from_50_ore_on_it_is_rounded_up_and_else_down(before: int, rounding: int) -> None:
    sums = figures([row(before, "0")], round_to_krona=True)
    assert (sums.rounding, sums.total) == (rounding, before + rounding)


@given(positive_rows)
def test_rounding_changes_what_is_to_pay_and_nothing_else(given_rows: list[InvoiceRow]) -> None:
    exact, rounded = figures(given_rows), figures(given_rows, round_to_krona=True)
    assert rounded._replace(rounding=0, total=exact.total) == exact
    assert exact.rounding == 0
    assert rounded.total == exact.total + rounded.rounding
    assert rounded.total % 100 == 0
    assert -49 <= rounded.rounding <= 50
