import calendar
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.collaboration.model import (
    STEP_SHAPES,
    STEPS,
    BankStep,
    CompanyStep,
    FiscalYearStep,
    HandlerPeriod,
    NumberingStep,
    Party,
    PaymentsStep,
    RegistersStep,
    handler_on,
)
from samklang.platform.problems import Problem


def period(
    since: date, party: Party = "client", decided_at: str = "2026-01-01T00:00:00.000Z"
) -> HandlerPeriod:
    return HandlerPeriod(party=party, since=since, decided_at=decided_at, decided_by="anna")


def test_every_step_has_its_shape() -> None:
    assert tuple(STEP_SHAPES) == STEPS


# ---------------------------------------------------------------- fiscal year


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2026-12-31"),
        ("2026-07-01", "2027-06-30"),
        ("2026-02-01", "2026-02-28"),
        ("2028-02-01", "2028-02-29"),
        ("2026-07-01", "2027-12-31"),
        ("2026-11-01", "2026-11-30"),
        ("2099-12-01", "2099-12-31"),
    ],
)
def test_1_to_18_whole_months_are_a_fiscal_year(start: str, end: str) -> None:
    year = FiscalYearStep.model_validate({"start": start, "end": end})
    assert (year.start.isoformat(), year.end.isoformat()) == (start, end)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2026-01-02", "2026-12-31", "begin on the first"),
        ("2026-01-01", "2026-12-30", "end on the last day"),
        ("2028-02-01", "2028-02-28", "end on the last day"),
        ("2026-06-01", "2027-12-31", "1 to 18 months"),
        ("2026-12-01", "2025-12-31", "1 to 18 months"),
        ("2027-01-01", "2026-12-31", "1 to 18 months"),
    ],
)
def test_another_length_or_broken_months_are_refused(start: str, end: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FiscalYearStep.model_validate({"start": start, "end": end})


@given(st.integers(2000, 2097), st.integers(1, 12), st.integers(-3, 24))
def test_a_year_of_whole_months_is_accepted_if_and_only_if_it_has_1_to_18(
    year: int, month: int, length: int
) -> None:
    start = date(year, month, 1)
    last = year * 12 + month - 1 + length - 1
    end = date(last // 12, last % 12 + 1, calendar.monthrange(last // 12, last % 12 + 1)[1])
    try:
        FiscalYearStep(start=start, end=end)
        accepted = True
    except ValidationError:
        accepted = False
    assert accepted == (1 <= length <= 18)


@given(st.integers(2000, 2098), st.integers(1, 12), st.integers(1, 27))
def test_a_year_that_is_a_day_or_more_off_its_months_is_refused(year: int, month: int, off: int) -> None:
    start, end = date(year, month, 1), date(year + (month > 1), (month - 2) % 12 + 1, 28)
    with pytest.raises(ValidationError, match="begin on the first"):
        FiscalYearStep(
            start=start + timedelta(days=off),
            end=end.replace(day=calendar.monthrange(end.year, end.month)[1]),
        )
    with pytest.raises(ValidationError, match="begin on the first"):
        FiscalYearStep(start=start, end=end.replace(day=off))


# ---------------------------------------------------------------- bank


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"bankgiro": "991-2346"}, {"bankgiro": "9912346"}),
        ({"plusgiro": "90 20 03-3"}, {"plusgiro": "9020033"}),
        ({"iban": "SE45 5000 0000 0583 9825 7466"}, {"iban": "SE4550000000058398257466"}),
    ],
)
def test_one_account_is_enough_and_is_kept_in_digits(values: dict[str, str], kept: dict[str, str]) -> None:
    assert BankStep.model_validate(values).model_dump(exclude_none=True) == kept


@pytest.mark.parametrize("values", [{}, {"swish": "1231111111"}, {"bic": "ESSESESS"}, {"bankgiro": None}])
def test_without_any_account_the_bank_step_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="must have a bankgiro, a plusgiro or an IBAN"):
        BankStep.model_validate(values)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bankgiro": "991-2345"},
        {"bankgiro": "12"},
        {"plusgiro": "90 20 03-4"},
        {"iban": "SE4550000000058398257467"},
        {"bankgiro": "9912346", "bic": "esse"},
        {"bankgiro": "9912346", "swish": "12"},
        {"bankgiro": "9912346", "iban": "SE00"},
    ],
)
def test_an_account_with_a_wrong_digit_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        BankStep.model_validate(wrong)


# ---------------------------------------------------------------- the other steps


@pytest.mark.parametrize("number", [1, 1001, 999_999_999])
def test_the_first_number_is_a_whole_number_from_1(number: int) -> None:
    assert NumberingStep(first_invoice_number=number).first_invoice_number == number


@pytest.mark.parametrize("number", [0, -1, 1_000_000_000, "1001", 1.0, True, None])
def test_another_first_number_is_refused(number: Any) -> None:
    with pytest.raises(ValidationError):
        NumberingStep(first_invoice_number=number)


@pytest.mark.parametrize("handler", ["customer", "", None, "Client"])
def test_only_client_or_bureau_handles_payments(handler: Any) -> None:
    with pytest.raises(ValidationError):
        PaymentsStep(handler=handler)


@pytest.mark.parametrize("confirmed", [False, "yes", None])
def test_registers_are_confirmed_or_not_done(confirmed: Any) -> None:
    with pytest.raises(ValidationError):
        RegistersStep(confirmed=confirmed)


def test_the_company_step_keeps_identities_in_one_form() -> None:
    step = CompanyStep.model_validate(
        {
            "name": " Ateljé Lövgren AB ",
            "org_no": "556012-5790",
            "address": {"street": "Storgatan 12", "postcode": "582 23", "city": "Linköping"},
        }
    )
    assert (step.name, step.org_no, step.address.postcode) == ("Ateljé Lövgren AB", "5560125790", "58223")


# ---------------------------------------------------------------- who handles payments on a day


histories = st.lists(
    st.builds(period, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sampled_from(["client", "bureau"])),
    max_size=8,
)


@given(histories, st.dates(date(2025, 12, 1), date(2027, 1, 31)))
def test_the_decision_in_force_is_the_latest_of_the_latest_date(
    history: list[HandlerPeriod], day: date
) -> None:
    in_force = None
    for decision in history:  # in the order they were decided
        if decision.since <= day and (in_force is None or decision.since >= in_force.since):
            in_force = decision
    if in_force is None:
        with pytest.raises(Problem) as caught:
            handler_on(history, day)
        assert caught.value.code == "not-active"
    else:
        assert handler_on(history, day) is in_force


def test_a_change_from_a_later_day_does_not_count_before_it() -> None:
    history = [period(date(2026, 1, 1), "client"), period(date(2026, 12, 1), "bureau")]
    assert handler_on(history, date(2026, 11, 30)).party == "client"
    assert handler_on(history, date(2026, 12, 1)).party == "bureau"


def test_of_two_decisions_for_one_day_the_later_counts() -> None:
    day = date(2026, 12, 1)
    history = [period(date(2026, 1, 1), "client"), period(day, "bureau"), period(day, "client")]
    assert handler_on(history, day) is history[2]


def test_a_change_for_an_earlier_day_decided_later_does_not_undo_a_planned_one() -> None:
    history = [
        period(date(2026, 1, 1), "client"),
        period(date(2027, 1, 1), "bureau"),
        period(date(2026, 12, 1), "client"),
    ]
    assert handler_on(history, date(2026, 12, 15)) is history[2]
    assert handler_on(history, date(2027, 1, 1)) is history[1]
