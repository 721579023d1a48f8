import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats.swish import Editable, swish_number, swish_text


def test_the_standards_example() -> None:
    text = swish_text("1231111111", 5000, "Swish message", Editable.AMOUNT)
    assert text == "C1231111111;50.00;Swish message;2"


def test_an_invoice_is_not_editable() -> None:
    assert swish_text("123 456 78 90", 125050, "1234574") == "C1234567890;1250.50;1234574;0"


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


@given(st.integers(1, 10**12), st.text(max_size=60))
def test_a_message_never_reaches_another_field(amount: int, message: str) -> None:
    try:
        text = swish_text("1231111111", amount, message)
    except ValueError:
        return
    payee, written_amount, written_message, editable = text.split(";")
    assert (payee, editable, written_message) == ("C1231111111", "0", message)
    assert int(written_amount.replace(".", "")) == amount


@pytest.mark.parametrize("message", ["a;b", "rad\nbrytning", "50%", "😀", "x" * 51])
def test_other_messages_are_refused(message: str) -> None:
    with pytest.raises(ValueError):
        swish_text("1231111111", 100, message)
