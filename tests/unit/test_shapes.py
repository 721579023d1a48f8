from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.platform.shapes import Code, Day, Line, Name, Percent, Quantity, Shape


class Sample(Shape):
    name: Name = "Anna"
    line: Line = "En rad"
    code: Code = "st"
    quantity: Quantity = Decimal(1)
    percent: Percent = Decimal(0)
    day: Day = date(2026, 11, 23)


def reads(field: str, value: Any) -> Any:
    return getattr(Sample.model_validate({field: value}), field)


def is_refused(field: str, value: Any) -> bool:
    try:
        Sample.model_validate({field: value})
    except ValidationError:
        return True
    return False


def test_a_name_that_is_not_known_is_refused() -> None:
    assert is_refused("nmae", "Anna")


def test_a_shape_never_changes() -> None:
    sample = Sample()
    with pytest.raises(ValidationError, match="frozen"):
        sample.name = "Bosse"  # type: ignore[misc]


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize("name", ["Åsa Öberg", "Café 1", "株式会社", "O'Neill & Co. (publ)", "🪵 Snickeri"])
def test_any_visible_text_is_a_name(name: str) -> None:
    assert reads("name", name) == name


def test_blanks_around_a_text_are_taken_away_and_accents_are_put_together() -> None:
    assert reads("name", "  Åsa Café \n") == "Åsa Café"


@pytest.mark.parametrize("name", ["", "   ", "\n", 7, None, ["Anna"]])
def test_nothing_visible_is_no_name(name: Any) -> None:
    assert is_refused("name", name)


@pytest.mark.parametrize(
    "sign",
    ["\x00", "\x1b", "\x7f", "\t", "\u200b", "\u202e", "\u2066", "\ufeff", "\u2028", "\ue000", "\ud800"],
)
def test_a_sign_that_cannot_be_seen_is_refused_inside_a_text(sign: str) -> None:
    assert is_refused("name", f"An{sign}na")


@pytest.mark.parametrize(("field", "longest"), [("name", 100), ("line", 200), ("code", 30)])
def test_a_text_may_be_so_long_and_no_longer(field: str, longest: int) -> None:
    assert reads(field, "å" * longest) == "å" * longest
    assert is_refused(field, "å" * (longest + 1))


# ---------------------------------------------------------------- decimals


@pytest.mark.parametrize("text", ["1", "0.001", "1.5", "9999999.999", "0.10"])
def test_a_quantity_is_a_decimal_string_above_zero_with_at_most_three_decimals(text: str) -> None:
    assert reads("quantity", text) == Decimal(text)


@pytest.mark.parametrize(
    "value", ["0", "-1", "0.0001", "10000000", "NaN", "Infinity", "-Infinity", "1,5", "", 1, 1.5, True, None]
)
def test_any_other_quantity_is_refused(value: Any) -> None:
    assert is_refused("quantity", value)


def test_a_float_never_stands_for_a_decimal() -> None:
    assert is_refused("percent", 12.5)
    assert is_refused("percent", 0.1 + 0.2)


@given(st.decimals("0.001", "9999999.999", places=3))
def test_a_quantity_comes_back_from_json_as_it_was(value: Decimal) -> None:
    text = Sample(quantity=value).model_dump(mode="json")["quantity"]
    assert isinstance(text, str)
    assert Sample.model_validate({"quantity": text}).quantity == value


@pytest.mark.parametrize("text", ["0", "100", "12.5", "0.01"])
def test_a_percentage_is_a_decimal_string_from_zero_with_at_most_two_decimals(text: str) -> None:
    assert reads("percent", text) == Decimal(text)


@pytest.mark.parametrize("text", ["-0.01", "0.001", "1000"])
def test_any_other_percentage_is_refused(text: str) -> None:
    assert is_refused("percent", text)


# ---------------------------------------------------------------- days


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_of_this_century_is_read_from_its_iso_form(day: date) -> None:
    assert reads("day", day.isoformat()) == day


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-29",
        "2026-13-01",
        "1999-12-31",
        "2100-01-01",
        "2026-1-1",
        "20261123",
        "2026-11-23T00:00:00",
        " 2026-11-23",
        "2026-11-23\n",
        "２０２６-11-23",
        1700000000,
        20261123,
        1.5,
        True,
        None,
    ],
)
def test_anything_else_is_no_day(value: Any) -> None:
    assert is_refused("day", value)
