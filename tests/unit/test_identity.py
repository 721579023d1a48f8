import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats import identity
from samklang.formats.ocr import luhn_check_digit

COMPANY = "5560360793"


def with_check_digit(nine_digits: str) -> str:
    return nine_digits + luhn_check_digit(nine_digits)


@pytest.mark.parametrize(
    "text", ["556036-0793", "5560360793", "16556036-0793", "165560360793", " 556036 0793 "]
)
def test_a_company_number_is_ten_digits_however_it_is_written(text: str) -> None:
    assert identity.parse_org_no(text) == COMPANY
    assert identity.is_legal_person(COMPANY)


@pytest.mark.parametrize("text", ["811228-9874", "19811228-9874", "198112289874", "811228+9874"])
def test_a_sole_traders_personal_number_is_accepted(text: str) -> None:
    assert identity.parse_org_no(text) == "8112289874"
    assert not identity.is_legal_person("8112289874")


def test_a_coordination_number_has_60_added_to_the_day() -> None:
    number = with_check_digit("811288987")
    assert identity.parse_org_no(number) == number


def test_a_leap_day_needs_a_leap_year_of_that_century() -> None:
    number = with_check_digit("000229123")  # 2000 was a leap year, 1900 was not
    assert identity.parse_org_no(f"20{number}") == number
    with pytest.raises(ValueError, match="birthday"):
        identity.parse_org_no(f"19{number}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("556036-0794", "check digit"),
        ("000000-0000", "birthday"),
        ("00000000-0000", "10 digits"),
        (with_check_digit("811328987"), "birthday"),
        (with_check_digit("811232987"), "birthday"),
        (with_check_digit("811292987"), "birthday"),
        ("16811228-9874", "birthday"),
        ("19556036-0793", "prefix is 16"),
        ("556036--0793", "10 digits"),
        ("55603-60793", "10 digits"),
        ("٥٥٦٠٣٦٠٧٩٣", "10 digits"),
        ("", "10 digits"),
    ],
)
def test_other_numbers_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        identity.parse_org_no(text)


def test_a_company_number_prints_with_a_dash() -> None:
    assert identity.format_org_no(COMPANY) == "556036-0793"


@given(st.integers(200_000_00, 999_999_99).map(str).filter(lambda text: text[2] >= "2"))
def test_every_legal_persons_number_survives_printing(body: str) -> None:
    number = with_check_digit(f"{body}0")
    assert identity.parse_org_no(identity.format_org_no(number)) == number


def test_the_vat_number_is_made_from_the_organisation_number() -> None:
    assert identity.vat_number("556036-0793") == "SE556036079301"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("SE 556036-0793 01", "SE556036079301"),
        ("se556036079302", "SE556036079302"),
        ("DE 136 695 976", "DE136695976"),
        ("FI20774740", "FI20774740"),
        ("EL094259216", "EL094259216"),
    ],
)
def test_vat_numbers_of_the_eu_are_read(text: str, canonical: str) -> None:
    assert identity.parse_vat_no(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "SE556036079300", "SE556036079401", "SE5560360793", "DE136695977", "US123456789"]
)
def test_other_vat_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        identity.parse_vat_no(text)


def test_a_postcode_is_five_digits_and_prints_with_a_blank() -> None:
    assert identity.parse_postcode("114 18") == "11418"
    assert identity.format_postcode("11418") == "114 18"


@pytest.mark.parametrize("text", ["", "1141", "01418", "114188", "1141A"])
def test_other_postcodes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="five digits"):
        identity.parse_postcode(text)
