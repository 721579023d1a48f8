from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from samklang.platform.money import LIMIT, Money, format_sek, parse_sek, round_half_up

amounts = st.integers(-LIMIT + 1, LIMIT - 1)


class Priced(BaseModel):
    price: Money


@pytest.mark.parametrize(
    ("text", "ore"),
    [
        ("0", 0),
        ("0.01", 1),
        ("1250", 125_000),
        ("1250.5", 125_050),
        ("1250.50", 125_050),
        ("-0.99", -99),
        ("-12", -1_200),
        ("9999999999999.99", LIMIT - 1),
    ],
)
def test_a_decimal_string_in_sek_is_read_as_ore(text: str, ore: int) -> None:
    assert parse_sek(text) == ore


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "01",
        "1.",
        ".5",
        "1.005",
        "1,50",
        "1e3",
        "--1",
        "1_000",
        "NaN",
        "Infinity",
        "٣",
        "1\n",
        "10000000000000",
        "0x10",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_sek(text)


@given(amounts)
def test_an_amount_written_and_read_again_is_the_same(ore: int) -> None:
    assert parse_sek(format_sek(ore)) == ore


@given(amounts)
def test_an_amount_is_always_written_with_two_decimals_and_equals_its_decimal(ore: int) -> None:
    text = format_sek(ore)
    assert len(text.rpartition(".")[2]) == 2
    assert Decimal(text) == Decimal(ore) / 100


@pytest.mark.parametrize(
    ("value", "ore"), [("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("-0.5", -1), ("-2.5", -3)]
)
def test_a_half_is_rounded_away_from_zero(value: str, ore: int) -> None:
    assert round_half_up(Decimal(value)) == ore


@given(st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=6))
def test_rounding_moves_no_more_than_a_half_and_is_the_same_on_both_sides_of_zero(value: Decimal) -> None:
    rounded = round_half_up(value)
    assert abs(Decimal(rounded) - value) <= Decimal("0.5")
    assert round_half_up(-value) == -rounded


@pytest.mark.parametrize("value", [12.5, 0.1, True, False, None, [], {}, float("nan")])
def test_a_float_a_truth_value_or_nothing_is_no_amount(value: Any) -> None:
    with pytest.raises(ValidationError, match="must be an amount in SEK as a string"):
        Priced(price=value)


@given(amounts)
def test_a_shape_holds_ore_and_shows_sek_as_a_string_in_json(ore: int) -> None:
    priced = Priced.model_validate({"price": format_sek(ore)})
    assert priced.price == ore
    assert priced.model_dump(mode="json") == {"price": format_sek(ore)}
    assert priced.model_dump() == {"price": ore}


@given(st.lists(amounts, max_size=50))
def test_a_sum_of_amounts_is_exact_where_floats_would_not_be(ores: list[int]) -> None:
    assert sum(parse_sek(format_sek(ore)) for ore in ores) == sum(ores)
