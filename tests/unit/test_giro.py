import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats import giro
from samklang.formats.ocr import luhn_check_digit


@pytest.mark.parametrize("number", ["991-2346", "5050-1055", "5805-6201", "433-8778", "5536-7742"])
def test_a_bankgiro_number_prints_as_it_was_written(number: str) -> None:
    assert giro.format_bankgiro(giro.parse_bankgiro(number)) == number


@pytest.mark.parametrize("number", ["5072-7498", "579-3722"])
def test_a_bankgiro_number_with_a_wrong_check_digit_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="check digit"):
        giro.parse_bankgiro(number)


@pytest.mark.parametrize("number", ["", "123456", "123456789", "0912346", "991-234X", "٩٩١٢٣٤٦"])
def test_a_bankgiro_number_of_another_form_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="7 or 8 digits"):
        giro.parse_bankgiro(number)


@pytest.mark.parametrize("number", ["90 20 03-3", "90 19 50-6", "1-8"])
def test_a_plusgiro_number_prints_in_pairs_before_the_dash(number: str) -> None:
    assert giro.format_plusgiro(giro.parse_plusgiro(number)) == number


def test_an_odd_number_of_digits_leaves_one_alone_first() -> None:
    body = "12345"
    assert giro.format_plusgiro(body + luhn_check_digit(body)) == f"1 23 45-{luhn_check_digit(body)}"


@pytest.mark.parametrize("number", ["", "8", "123456789", "90 20 03-4"])
def test_another_plusgiro_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a plusgiro number"):
        giro.parse_plusgiro(number)


@given(st.integers(100_000, 9_999_999))
def test_every_bankgiro_number_survives_printing(body: int) -> None:
    digits = f"{body}{luhn_check_digit(str(body))}"
    assert giro.parse_bankgiro(giro.format_bankgiro(digits)) == digits


@given(st.integers(1, 9_999_999))
def test_every_plusgiro_number_survives_printing(body: int) -> None:
    digits = f"{body}{luhn_check_digit(str(body))}"
    assert giro.parse_plusgiro(giro.format_plusgiro(digits)) == digits
