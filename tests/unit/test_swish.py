from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats.swish import Editable, swish_number, swish_text


def test_the_example_of_the_specification() -> None:
    assert swish_text("1237856901", 10000, "12229445") == "C1237856901;100,00;12229445;0"


def test_the_amount_has_a_decimal_comma_and_two_decimals() -> None:
    assert swish_text("123 456 78 90", 125050, "1234574") == "C1234567890;1250,50;1234574;0"
    assert ";0,05;" in swish_text("1231111111", 5)


def test_the_message_is_url_encoded() -> None:
    text = swish_text("1231111111", 5000, "Faktura 1042, Åsa", Editable.AMOUNT)
    assert text == "C1231111111;50,00;Faktura%201042%2C%20%C3%85sa;2"


def test_the_amount_may_be_left_to_the_payer() -> None:
    text = swish_text("070-123 45 67", message="Kaffe", editable=Editable.AMOUNT | Editable.MESSAGE)
    assert text == "C+46701234567;;Kaffe;6"


@pytest.mark.parametrize("number", ["0701234567", "+46 70 123 45 67", "0046701234567", "070-1234567"])
def test_a_mobile_number_in_any_common_writing(number: str) -> None:
    assert swish_number(number) == "+46701234567"


@pytest.mark.parametrize(
    "number", ["", "123456789", "12345678901", "0851234567", "+4791234567", "123;456789"]
)
def test_other_numbers_are_refused(number: str) -> None:
    with pytest.raises(ValueError):
        swish_number(number)


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_more_than_zero(amount: int) -> None:
    with pytest.raises(ValueError):
        swish_text("1231111111", amount)


SIGNS = st.sampled_from("0123456789ABCYZabcyzÅÄÖåäö !?(),.:-;+&%=\n")


@given(st.integers(1, 10**12), st.text(SIGNS, max_size=52))
def test_a_message_never_reaches_another_field(amount: int, message: str) -> None:
    try:
        text = swish_text("1231111111", amount, message)
    except ValueError:
        return
    payee, written_amount, written_message, editable = text.split(";")
    assert (payee, editable, unquote(written_message)) == ("C1231111111", "0", message)
    assert written_message.isascii()
    assert int(written_amount.replace(",", "")) == amount


@pytest.mark.parametrize("message", ["a;b", "rad\nbrytning", "50%", "😀", "x" * 51])
def test_other_messages_are_refused(message: str) -> None:
    with pytest.raises(ValueError):
        swish_text("1231111111", 100, message)
