from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.payments.model.bank_payments import ConfirmInput
from samklang.payments.model.credit import Credit, credit_values, read_credit
from samklang.payments.model.payments import (
    MAX_ALLOCATIONS,
    MAX_DIFFERENCE,
    PaymentInput,
    check_remaining,
    credit_change,
)
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

CUSTOMER = "cus_00000000000000000001"


def allocation(place: int, amount: int) -> dict[str, str]:
    return {"invoice_id": f"inv_{place:020}", "amount": format_sek(amount)}


def payment(amount: int = 10_000, /, *allocations: int, **values: Any) -> PaymentInput:
    """A payment as JSON gives it, amounts in öre."""
    spread = [allocation(place, each) for place, each in enumerate(allocations)]
    given_values = {"payment_date": "2026-11-23", "amount": format_sek(amount), "allocations": spread}
    return PaymentInput.model_validate(given_values | values)


def refusal(*args: Any, **values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        payment(*args, **values)
    return str(caught.value.errors()[0]["msg"])


# ---------------------------------------------------------------- what fits together


@pytest.mark.parametrize(
    ("amounts", "values", "what_to_do"),
    [
        ((0, 10_000), {}, "set_off when the amount is 0.00"),
        ((10_000, 10_000), {"method": "set_off"}, "set_off when the amount is 0.00, and only then"),
        ((10_000,), {}, "allocations, or the customer"),
        ((0,), {"method": "set_off", "customer_id": CUSTOMER}, "move money or settle something"),
        ((10_000, 10_000, 0), {}, "leave out those that get nothing"),
        ((-10_000, -10_000), {"fee": "1.00"}, "fee below the amount, and only when money came in"),
        ((10_000, 20_000), {"fee": "100.00"}, "fee below the amount, and only when money came in"),
        (
            (0, 5_000, -5_000),
            {"method": "set_off", "fee": "1.00"},
            "fee below the amount, and only when money came in",
        ),
    ],
)
def test_a_payment_whose_parts_contradict_each_other_is_refused_with_what_to_do(
    amounts: tuple[int, ...], values: dict[str, Any], what_to_do: str
) -> None:
    assert what_to_do in refusal(*amounts, **values)


def test_an_invoice_named_twice_is_refused_with_what_to_do() -> None:
    twice = [allocation(1, 5_000), allocation(1, 5_000)]
    assert "add its amounts up" in refusal(10_000, allocations=twice)


@pytest.mark.parametrize(
    "values",
    [
        {"amount": 100},
        {"amount": 100.0},
        {"amount": "1,00"},
        {"amount": "1.001"},
        {"fee": "-0.01"},
        {"use_credit": "0.00"},
        {"use_credit": "-1.00"},
        {"method": "barter"},
        {"payment_date": "2026-02-30"},
        {"difference": "1.01"},
        {"difference": "-1.01"},
        {"unknown": "1.00"},
    ],
)
def test_a_value_at_fault_is_refused_where_it_stands(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        payment(10_000, 10_000, **values)
    assert [error["loc"][0] for error in caught.value.errors()] == list(values)


def test_a_krona_is_the_most_that_may_be_written_off_or_gained() -> None:
    for difference in (-MAX_DIFFERENCE, MAX_DIFFERENCE):
        given_ = payment(10_000, 10_000 + difference, difference=format_sek(difference))
        assert credit_change(given_) == 0


def test_as_many_invoices_as_fit_in_a_transaction_and_no_more() -> None:
    assert len(payment(MAX_ALLOCATIONS, *[1] * MAX_ALLOCATIONS).allocations) == MAX_ALLOCATIONS
    assert "at most 40" in refusal(MAX_ALLOCATIONS + 1, *[1] * (MAX_ALLOCATIONS + 1))


# ---------------------------------------------------------------- the equation

oere = st.integers(-(10**9), 10**9)
spreads = st.lists(oere.filter(bool), min_size=1, max_size=10)


@given(
    st.integers(10**6 + 1, 10**9),
    spreads,
    st.integers(0, 10**6),
    st.integers(-MAX_DIFFERENCE, MAX_DIFFERENCE),
    st.one_of(st.none(), st.integers(1, 10**9)),
)
def test_what_is_paid_is_what_is_allocated_and_the_credit_or_the_payment_is_refused(
    amount: int, spread: list[int], fee: int, difference: int, used: int | None
) -> None:
    values = {"fee": format_sek(fee), "difference": format_sek(difference)}
    values |= {"use_credit": format_sek(used)} if used else {}
    made = payment(amount, *spread, **values)
    left = amount + fee + difference - sum(spread)
    fits = left == -used if used else left >= 0
    if fits:
        assert made.amount + made.fee + made.difference == made.allocated + credit_change(made)
        return
    with pytest.raises(Problem) as caught:
        credit_change(made)
    assert caught.value.code == "allocations-differ"
    assert [error.pointer for error in caught.value.errors] == ["/allocations"]


@pytest.mark.parametrize(
    ("made", "change"),
    [
        (payment(15_000, 12_500), 2_500),
        (payment(12_500, customer_id=CUSTOMER), 12_500),
        (payment(10_000, 12_500, use_credit="25.00"), -2_500),
        (payment(0, 2_500, method="set_off", use_credit="25.00"), -2_500),
        (payment(-2_500, customer_id=CUSTOMER, use_credit="25.00"), -2_500),
        (payment(-2_500, -2_500), 0),
        (payment(0, 2_500, -4_000, method="set_off"), 1_500),
        (payment(9_900, 10_000, fee="1.00"), 0),
    ],
    ids=[
        "too much",
        "on account",
        "part with credit",
        "all with credit",
        "credit paid back",
        "a credit note paid back",
        "the rest of a credit note kept as credit",
        "the fee is the customer's payment",
    ],
)
def test_what_a_payment_does_to_the_customers_credit(made: PaymentInput, change: int) -> None:
    assert credit_change(made) == change


@pytest.mark.parametrize(
    ("made", "detail"),
    [
        (payment(10_000, 12_500), "The allocations come to 25.00 more than what is paid"),
        (payment(10_000, 12_500, use_credit="20.00"), "The allocations come to 5.00 more"),
        (payment(10_000, 12_500, use_credit="30.00"), "5.00 is left over while credit is used"),
        (payment(-2_500, customer_id=CUSTOMER), "The allocations come to 25.00 more than what is paid"),
    ],
)
def test_sums_that_differ_are_refused_with_by_how_much_and_what_to_do(
    made: PaymentInput, detail: str
) -> None:
    with pytest.raises(Problem) as caught:
        credit_change(made)
    assert detail in caught.value.detail


# ---------------------------------------------------------------- what remains


@given(oere, oere.filter(bool))
def test_an_item_takes_from_its_own_side_at_most_what_remains(remaining: int, amount: int) -> None:
    same_side = (amount > 0) == (remaining > 0)
    if same_side and abs(amount) <= abs(remaining):
        check_remaining(1001, amount, remaining)
        return
    with pytest.raises(Problem) as caught:
        check_remaining(1001, amount, remaining)
    assert caught.value.code == "allocation-exceeds"
    what = "remains of invoice 1001" if amount > 0 else "of 1001 is the customer's to use"
    left = format_sek(abs(remaining)) if same_side and remaining else "Nothing"
    assert caught.value.detail.startswith(left)
    assert what in caught.value.detail


# ---------------------------------------------------------------- a customer's credit


@given(st.lists(st.tuples(oere, st.sampled_from(["invoicing", "ledger"])), max_size=10))
def test_credit_counts_its_changes_by_the_side_they_were_made_on(changes: list[tuple[int, Any]]) -> None:
    credit = Credit(CUSTOMER)
    for change, origin in changes:
        credit = credit.changed(change, origin)
    assert credit.balance == sum(change for change, _ in changes)
    origins = [origin for _, origin in changes]
    assert credit.from_invoicing == origins.count("invoicing")
    assert credit.from_ledger == origins.count("ledger")


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_at_most_the_credit_there_is_can_be_used(balance: int, used: int) -> None:
    credit = Credit(CUSTOMER, balance)
    if used <= balance:
        credit.check_use(used)
        return
    with pytest.raises(Problem) as caught:
        credit.check_use(used)
    assert caught.value.code == "credit-used"
    assert caught.value.detail.startswith(format_sek(balance) if balance else "No credit")


def test_credit_read_from_its_item_is_the_credit_in_its_next_version() -> None:
    credit = Credit(CUSTOMER, 2_500, 2, 1, 3)
    read = read_credit(credit_values(credit))
    assert read == Credit(CUSTOMER, 2_500, 2, 1, 4)


# ---------------------------------------------------------------- confirming a payment of a file


def test_a_payment_of_a_file_is_confirmed_by_proposal_or_by_ones_own_allocations_never_both() -> None:
    assert not ConfirmInput().is_own
    assert not ConfirmInput.model_validate({"proposal": 1, "payment_date": "2026-11-23"}).is_own
    assert ConfirmInput.model_validate({"customer_id": CUSTOMER}).is_own
    assert ConfirmInput.model_validate({"allocations": [allocation(1, 100)]}).is_own
    for own in ({"allocations": [allocation(1, 100)]}, {"customer_id": CUSTOMER}, {"fee": "1.00"}):
        with pytest.raises(ValidationError, match="either a proposal or allocations of your own"):
            ConfirmInput.model_validate({"proposal": 0} | own)
    for wrong in ({"proposal": -1}, {"proposal": "0"}, {"proposal": 1.0}, {"difference": "1.01"}):
        with pytest.raises(ValidationError):
            ConfirmInput.model_validate(wrong)
