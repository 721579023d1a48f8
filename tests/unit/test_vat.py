from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from samklang.invoicing.vat import (
    GROUNDS,
    Kind,
    Treatment,
    VatClass,
    VatCode,
    VatRate,
    check_buyer,
    class_of,
    code_of,
    rate_on,
)
from samklang.platform.problems import Problem

CLASSES: tuple[VatClass, ...] = get_args(VatClass)
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)
KINDS: tuple[Kind, ...] = get_args(Kind)
RATES: tuple[VatRate, ...] = ("25", "12", "6", "0")
WITHOUT_VAT = [each for each in TREATMENTS if each != "domestic"]

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


# ---------------------------------------------------------------- rates


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2000, 1, 1), "12"),
        (date(2026, 3, 31), "12"),
        (date(2026, 4, 1), "6"),
        (date(2027, 12, 31), "6"),
        (date(2028, 1, 1), "12"),
        (date(2099, 12, 31), "12"),
    ],
)
def test_food_is_at_6_percent_from_april_2026_through_2027_and_else_at_12(day: date, rate: str) -> None:
    assert rate_on("food", day) == rate


@given(days)
def test_all_else_has_one_rate_on_every_day(day: date) -> None:
    found = {each: rate_on(each, day) for each in CLASSES if each != "food"}
    assert found == {"standard": "25", "reduced": "12", "low": "6", "none": "0"}


@given(st.sampled_from(CLASSES), days)
def test_the_rate_of_any_day_is_one_that_the_class_may_be_given_with(vat_class: VatClass, day: date) -> None:
    assert class_of(vat_class, rate_on(vat_class, day)) == vat_class


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("25", "standard"), ("12", "reduced"), ("6", "low"), ("0", "none"), (None, "standard")],
)
def test_a_rate_alone_stands_for_the_class_that_always_has_it(
    rate: VatRate | None, expected: VatClass
) -> None:
    assert class_of(None, rate) == expected
    if rate:
        assert {rate_on(expected, day) for day in (date(2025, 1, 1), date(2026, 6, 1))} == {rate}


@pytest.mark.parametrize(
    ("vat_class", "refused"),
    [
        ("standard", {"12", "6", "0"}),
        ("food", {"25", "0"}),
        ("reduced", {"25", "6", "0"}),
        ("low", {"25", "12", "0"}),
        ("none", {"25", "12", "6"}),
    ],
)
def test_a_rate_its_class_never_has_is_refused(vat_class: VatClass, refused: set[VatRate]) -> None:
    found = set()
    for rate in RATES:
        try:
            class_of(vat_class, rate)
        except ValueError:
            found.add(rate)
    assert found == refused


@pytest.mark.parametrize(("written", "read"), [("25", "25"), (25, "25"), (6, "6"), (0, "0"), ("0", "0")])
def test_a_rate_is_read_from_its_digits_or_a_whole_number(written: Any, read: str) -> None:
    assert TypeAdapter(VatRate).validate_python(written) == read


@pytest.mark.parametrize("written", [True, False, 25.0, 24, "25 %", "25.00", "025", "", "-6", [25]])
def test_anything_else_is_no_rate(written: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(VatRate).validate_python(written)


# ---------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("treatment", "kind", "expected"),
    [
        ("construction", "service", "construction"),
        ("construction", "goods", "construction"),
        ("eu", "goods", "eu_goods"),
        ("eu", "service", "eu_services"),
        ("export", "goods", "export_goods"),
        ("export", "service", "export_services"),
        ("exempt", "goods", "exempt"),
        ("exempt", "service", "exempt"),
    ],
)
def test_a_sale_without_vat_is_coded_by_how_the_customer_is_taxed_and_what_is_sold(
    treatment: Treatment, kind: Kind, expected: VatCode
) -> None:
    assert code_of(treatment, kind, "0") == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_domestic_sale_is_with_vat_or_exempt(kind: Kind) -> None:
    assert [code_of("domestic", kind, rate) for rate in RATES] == ["domestic"] * 3 + ["exempt"]


def test_every_code_is_reached_and_all_but_the_domestic_have_a_note_with_its_paragraph_or_article() -> None:
    reached = {code_of(each, kind, rate) for each in TREATMENTS for kind in KINDS for rate in RATES}
    # What a late payer owes is invoiced by the ledger's dunning, whatever the customer is.
    late = {"late_interest", "late_fee", "late_compensation"}
    assert reached | late == set(get_args(VatCode))
    assert set(GROUNDS) == (reached | late) - {"domestic"}
    for ground in (GROUNDS[code] for code in reached - {"domestic"}):
        assert any(law in ground.note for law in ("kap.", "artikel")), ground
    # The words the directive asks for where the buyer is liable (mervärdesskattelagen 17 kap. 24 § 11).
    assert "Omvänd betalningsskyldighet" in GROUNDS["construction"].note
    assert "Omvänd betalningsskyldighet" in GROUNDS["eu_services"].note


def test_no_two_grounds_have_the_same_label() -> None:
    assert len({ground.label for ground in GROUNDS.values()}) == len(GROUNDS)


# ---------------------------------------------------------------- buyers


SWEDISH, GERMAN, NORTHERN_IRISH = "SE556012579001", "DE136695976", "XI123456789"


@pytest.mark.parametrize(
    ("treatment", "allowed"),
    [
        ("domestic", {None, SWEDISH, GERMAN, NORTHERN_IRISH}),
        ("exempt", {None, SWEDISH, GERMAN, NORTHERN_IRISH}),
        ("export", {None, SWEDISH, GERMAN, NORTHERN_IRISH}),
        ("construction", {SWEDISH}),
        ("eu", {GERMAN, NORTHERN_IRISH}),
    ],
)
def test_where_the_buyer_is_liable_its_vat_number_must_be_of_the_right_country(
    treatment: Treatment, allowed: set[str | None]
) -> None:
    for vat_no in (None, SWEDISH, GERMAN, NORTHERN_IRISH):
        if vat_no in allowed:
            check_buyer(treatment, vat_no, "NO", "/vat_treatment")
        else:
            with pytest.raises(Problem) as caught:
                check_buyer(treatment, vat_no, "NO", "/vat_treatment")
            assert caught.value.code == "validation"
            assert [each.pointer for each in caught.value.errors] == ["/vat_treatment"]


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_what_is_exported_goes_to_a_country_outside_the_eu(treatment: Treatment) -> None:
    vat_no = SWEDISH if treatment == "construction" else GERMAN
    for country in (None, "SE", "DE", "EL", "GR", "NO", "GB"):
        if treatment == "export" and country not in {"NO", "GB"}:
            with pytest.raises(Problem, match="outside the EU"):
                check_buyer(treatment, vat_no, country, "/vat_treatment")
        else:
            check_buyer(treatment, vat_no, country, "/vat_treatment")
