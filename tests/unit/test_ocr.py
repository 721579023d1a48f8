import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats import ocr

payloads = st.text("0123456789", min_size=1, max_size=23).filter(lambda text: text.strip("0"))


def test_a_payload_gets_a_length_digit_and_a_check_digit() -> None:
    assert ocr.make_ocr("12345") == "1234574"


def test_without_the_length_digit_only_the_check_digit_is_added() -> None:
    assert ocr.make_ocr("123456", length_digit=False) == "1234566"


@pytest.mark.parametrize("reference", ["665760", "7495575", "74450", "655969"])
def test_references_of_bankgirots_examples_are_valid(reference: str) -> None:
    assert ocr.is_valid_ocr(reference)


@pytest.mark.parametrize(
    "reference", ["", "4", "8988777", "665761", "66576O", "665 760", "٦٦٥٧٦٠", "0000000000", "1" * 26]
)
def test_other_texts_are_not(reference: str) -> None:
    assert not ocr.is_valid_ocr(reference)


def test_a_right_check_digit_is_not_enough_when_the_length_digit_is_agreed() -> None:
    reference = "1234566"
    assert ocr.is_valid_ocr(reference, length_digit=False)
    assert not ocr.is_valid_ocr(reference)


@given(payloads)
def test_what_is_made_is_valid_and_gives_the_payload_back(payload: str) -> None:
    reference = ocr.make_ocr(payload)
    assert ocr.is_valid_ocr(reference)
    assert ocr.ocr_payload(reference) == payload


@given(payloads, st.data())
def test_any_one_wrong_digit_is_caught(payload: str, data: st.DataObject) -> None:
    reference = ocr.make_ocr(payload)
    place = data.draw(st.integers(0, len(reference) - 1))
    wrong = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != reference[place]))
    assert not ocr.is_valid_ocr(reference[:place] + wrong + reference[place + 1 :])


@given(payloads, st.data())
def test_a_lost_digit_is_caught(payload: str, data: st.DataObject) -> None:
    reference = ocr.make_ocr(payload)
    place = data.draw(st.integers(0, len(reference) - 3))
    assert not ocr.is_valid_ocr(reference[:place] + reference[place + 1 :])


@pytest.mark.parametrize("payload", ["", "000", "12a", "-12", "1 2", "1" * 24])
def test_a_payload_that_gives_no_reference_is_refused(payload: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        ocr.make_ocr(payload)


def test_the_longest_reference_has_25_digits() -> None:
    assert len(ocr.make_ocr("9" * 23)) == 25
    assert len(ocr.make_ocr("9" * 24, length_digit=False)) == 25


def test_an_invalid_reference_has_no_payload() -> None:
    with pytest.raises(ValueError, match="not a valid OCR number"):
        ocr.ocr_payload("1234575")


def test_the_check_digit_of_anything_but_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="digits only"):
        ocr.luhn_check_digit("12.5")


def test_blanks_and_leading_zeros_do_not_count_in_comparisons() -> None:
    assert ocr.normalise(" 00000 957 9095 ") == "9579095"


def test_digit_runs_of_4_to_25_in_free_text_are_candidates_each_once() -> None:
    text = f"Faktura8014573, OCR 1234574 (8014573) kund 123 {'7' * 26}"
    assert ocr.candidates(text) == ("8014573", "1234574")
