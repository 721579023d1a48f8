"""Dunning by rules alone: settings within the law, the next stage or why not, and what it costs."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.ledger.dunning.model.debts import (
    NO_COSTS,
    Costs,
    DebtState,
    InterestCharged,
    PauseInForce,
    PauseReason,
    Step,
    owed,
)
from samklang.ledger.dunning.model.settings import DunningSettings, DunningSettingsInput, Stage
from samklang.ledger.dunning.rules import Case, Facts, OpenInterest, Plan, open_interest, plan
from samklang.ledger.model.receivables import Entry, Receivable

DUE = date(2026, 9, 30)
FEE = {"reminder_fee": "60.00", "fee_in_terms_since": "2026-01-01"}


def chosen(**values: Any) -> DunningSettings:
    return DunningSettings.model_validate({"version": 1} | values)


def debt(number: int = 1, total: int = 1000_00, customer: str = "kund", **values: Any) -> Receivable:
    usual: dict[str, Any] = {
        "invoice_id": f"inv{number}",
        "number": number,
        "customer_id": customer,
        "customer_name": customer.title(),
        "invoice_date": DUE - timedelta(days=30),
        "due_date": DUE,
        "total": total,
        "voucher_id": None,
        "request_id": "r",
        "version": 1,
    }
    return Receivable(**(usual | values))


def facts(*debts: Receivable, states: list[DebtState] | None = None, **values: Any) -> Facts:
    given: dict[str, Any] = {
        "settings": chosen(),
        "receivables": debts,
        "states": {each.invoice_id: each for each in states or []},
        "pauses": (),
        "businesses": frozenset({"kund"}),
        "on_their_way": frozenset(),
        "credits": {},
        "credited": {},
        "interest_credited": {},
    }
    return Facts(**(given | values))


def stepped(*stages: tuple[Stage, date], number: int = 1, **values: Any) -> DebtState:
    steps = [Step(stage, day, day + timedelta(days=10), NO_COSTS, "let") for stage, day in stages]
    return DebtState(f"inv{number}", "kund", steps, **values)


def only(found: Plan) -> Case:
    (case,) = found.cases
    return case


def reasons(found: Plan) -> list[str]:
    assert found.cases == []
    return [each.reason for each in found.left_out]


def after(days: int) -> date:
    return DUE + timedelta(days=days)


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reminder_fee": "60.01", "fee_in_terms_since": "2026-01-01"}, "6000"),
        ({"reminder_fee": "60.00"}, "agreed when the debt arose"),
        ({"collection_fee": "180.01"}, "18000"),
        ({"interest": "agreed"}, "agreed_rate"),
        ({"agreed_rate": "12"}, "agreed_rate"),
        ({"interest": "agreed", "agreed_rate": "100.01"}, "at most 100 %"),
        ({"stages": [{"stage": "reminder_2", "days_after": 5}]}, "begin with reminder_1"),
        ({"stages": [{"stage": "reminder_1", "days_after": 5}] * 2}, "once each"),
        (
            {
                "stages": [
                    {"stage": "reminder_1", "days_after": 5, "days_to_pay": 8},
                    {"stage": "reminder_2", "days_after": 8},
                ]
            },
            "days to pay of reminder_1 pass",
        ),
        (
            {"stages": [{"stage": "collection_notice", "days_after": 5, "days_to_pay": 9}]},
            "at least 10 days",
        ),
        ({"reference_rates": [{"half_year": "2026-H2", "rate": "0.00", "source": "x"}]}, "known here"),
        ({"reference_rates": [{"half_year": "2027-H1", "rate": "2", "source": "x"}] * 2}, "once"),
    ],
)
def test_settings_beyond_the_law_or_that_contradict_themselves_are_refused(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        DunningSettingsInput.model_validate(given)


def test_an_own_rate_that_the_table_has_by_now_gives_way_to_it_and_an_old_one_may_be_added() -> None:
    own = {"rate": "9.99", "source": "x"}
    given = [own | {"half_year": "2026-H2"}, own | {"half_year": "2018-H2"}]
    (left,) = chosen(reference_rates=given).reference_rates
    assert left.half_year == "2018-H2"
    assert DunningSettingsInput.model_validate({"reference_rates": [left]}).reference_rates == [left]


def test_what_holds_until_the_bureau_has_chosen_asks_for_no_fee_that_needs_an_agreement() -> None:
    usual = DunningSettings(version=0)
    assert (usual.reminder_fee, usual.compensation, usual.interest) == (0, False, "law")
    assert chosen(**usual.model_dump(mode="json", exclude={"version"})) == chosen()


# ---------------------------------------------------------------- what is owed of costs

costs = st.builds(Costs, st.integers(0, 60_00), st.integers(0, 180_00), st.sampled_from([0, 450_00]))


@given(costs)
def test_a_compensation_takes_the_place_of_fees_up_to_as_much(incurred: Costs) -> None:
    asked = owed(incurred)
    fees = incurred.reminder + incurred.collection
    assert asked.total == (max(450_00, fees) if incurred.compensation else fees)


@given(costs, costs)
def test_costs_invoiced_and_costs_left_come_to_what_is_owed(first: Costs, more: Costs) -> None:
    later = more._replace(compensation=0) if first.compensation else more
    state = DebtState("inv", "kund", [Step("reminder_1", DUE, DUE, first, "let")])
    state.costs_invoiced = state.open_costs()
    assert state.open_costs() == NO_COSTS
    left = state.open_costs(later)
    assert state.costs_invoiced.total + left.total == owed(first.plus(later)).total


# ---------------------------------------------------------------- the course of a debt


def test_a_debt_goes_through_its_stages_each_on_its_day_and_then_to_collection() -> None:
    item = debt()
    assert plan(facts(item), DUE) == Plan()
    (waiting,) = plan(facts(item), after(4)).left_out
    assert (waiting.reason, waiting.on) == ("not-yet", after(5))
    first = only(plan(facts(item), after(5)))
    assert (first.kind, first.steps[0].rule.stage, first.steps[0].days_overdue) == (
        "reminder",
        "reminder_1",
        5,
    )

    taken: list[tuple[Stage, date]] = [("reminder_1", after(5))]
    assert reasons(plan(facts(item, states=[stepped(*taken)]), after(16))) == ["not-yet"]
    second = only(plan(facts(item, states=[stepped(*taken)]), after(17)))
    assert second.steps[0].rule.stage == "reminder_2"

    taken.append(("reminder_2", after(17)))
    third = only(plan(facts(item, states=[stepped(*taken)]), after(29)))
    assert (third.kind, third.steps[0].rule.stage) == ("collection_notice", "collection_notice")

    taken.append(("collection_notice", after(29)))
    assert reasons(plan(facts(item, states=[stepped(*taken)]), after(39))) == ["not-yet"]
    assert reasons(plan(facts(item, states=[stepped(*taken)]), after(40))) == ["ready-for-collection"]

    handed = stepped(*taken)
    handed.steps.append(Step("handed_over", after(41), None, NO_COSTS, "exp"))
    assert reasons(plan(facts(item, states=[handed]), after(90))) == ["handed-over"]


def test_a_letters_days_to_pay_pass_before_the_next_step_even_when_the_settings_were_shortened_since() -> (
    None
):
    state = stepped(("reminder_1", after(5)))
    short = chosen(
        stages=[
            {"stage": "reminder_1", "days_after": 5, "days_to_pay": 5},
            {"stage": "reminder_2", "days_after": 6},
        ]
    )
    (waiting,) = plan(facts(debt(), states=[state], settings=short), after(12)).left_out
    assert waiting.on == after(16)
    done = stepped(("reminder_1", after(5)), ("reminder_2", after(16)))
    assert reasons(plan(facts(debt(), states=[done], settings=short), after(60))) == ["no-stage-left"]


def test_a_stage_that_is_left_out_of_the_settings_is_passed_over() -> None:
    alone = chosen(stages=[{"stage": "collection_notice", "days_after": 10, "days_to_pay": 10}])
    assert only(plan(facts(debt(), settings=alone), after(10))).kind == "collection_notice"


@pytest.mark.parametrize("reason", ["disputed", "promised", "blocked"])
@pytest.mark.parametrize("invoice", ["inv1", None])
def test_a_pause_of_the_customer_or_the_invoice_holds_through_its_last_day(
    reason: PauseReason, invoice: str | None
) -> None:
    pause = PauseInForce(reason, "kund", invoice, after(20))
    items = facts(debt(), pauses=[pause])
    assert reasons(plan(items, after(20))) == [reason]
    assert only(plan(items, after(21))).steps[0].rule.stage == "reminder_1"
    elsewhere = PauseInForce(reason, "annan", "inv2" if invoice else None, after(20))
    assert only(plan(facts(debt(), pauses=[elsewhere]), after(20)))


def test_what_is_paid_credited_or_written_off_is_no_longer_looked_at() -> None:
    for cause in ("payment/pay/registered", "invoice/note/issued", "bad_debt/inv1/written_off"):
        assert plan(facts(debt(entries=[Entry(DUE, -1000_00, cause)])), after(30)) == Plan()


def test_a_payment_on_its_way_the_customers_credit_and_small_sums_stop_a_letter() -> None:
    on_its_way = facts(debt(), on_their_way=frozenset({"inv1"}))
    assert reasons(plan(on_its_way, after(9))) == ["payment-on-its-way"]
    assert reasons(plan(facts(debt(), credits={"kund": 1}), after(9))) == ["credit-to-set-off"]
    note = debt(2, total=-400_00)
    assert reasons(plan(facts(debt(), note), after(9))) == ["credit-to-set-off"]
    run_out = facts(debt(), note, states=[stepped(("collection_notice", after(9)))])
    assert reasons(plan(run_out, after(30))) == ["credit-to-set-off"]
    assert only(plan(facts(debt(), debt(2, -400_00, "annan"), credits={"kund": 0}), after(9)))
    assert reasons(plan(facts(debt(total=49_99)), after(9))) == ["below-minimum"]
    assert only(plan(facts(debt(total=49_99), debt(2, total=1)), after(9)))


def test_a_debt_beyond_the_known_rates_waits_for_its_rate_while_others_go_on() -> None:
    old = debt(1, customer="annan")
    new = debt(2, entries=[Entry(DUE, -1, "payment/p/registered")])
    found = plan(facts(old, new, settings=chosen(interest="agreed", agreed_rate="9")), date(2027, 2, 1))
    (missing,) = found.left_out
    assert (missing.reason, missing.receivable) == ("reference-rate-missing", old)
    assert "2027-H1" in missing.detail
    assert only(found).steps[0].receivable == new


# ---------------------------------------------------------------- letters, fees and interest


def test_one_letter_takes_one_fee_and_a_debt_only_once() -> None:
    debts = [debt(2, due_date=DUE + timedelta(days=1)), debt(1)]
    case = only(plan(facts(*debts, settings=chosen(**FEE)), after(9)))
    assert [(step.receivable.number, step.costs.reminder) for step in case.steps] == [(1, 60_00), (2, 0)]
    state = DebtState("inv1", "kund", [Step("reminder_1", after(9), after(17), Costs(reminder=60_00), "let")])
    later = only(plan(facts(debt(), states=[state], settings=chosen(**FEE)), after(21))).steps[0]
    assert (later.added, later.costs) == (NO_COSTS, Costs(reminder=60_00))


def test_a_fee_is_taken_only_of_debts_made_when_the_terms_had_it() -> None:
    since = chosen(reminder_fee="60.00", fee_in_terms_since="2026-09-01")
    before = only(plan(facts(debt(), settings=since), after(9))).steps[0]
    assert before.costs == NO_COSTS
    made_then = debt(invoice_date=date(2026, 9, 1))
    assert only(plan(facts(made_then, settings=since), after(9))).steps[0].costs.reminder == 60_00


def test_a_business_owes_the_compensation_once_and_no_fee_beside_it_and_a_consumer_never() -> None:
    wanted = chosen(compensation=True, **FEE)
    step = only(plan(facts(debt(), settings=wanted), after(9))).steps[0]
    assert step.costs == Costs(compensation=450_00)
    state = DebtState("inv1", "kund", [Step("reminder_2", after(9), after(10), step.added, "let")])
    notice = only(plan(facts(debt(), states=[state], settings=wanted), after(30))).steps[0]
    assert (notice.added, notice.costs) == (NO_COSTS, Costs(compensation=450_00))
    consumer = facts(debt(), settings=wanted, businesses=frozenset())
    assert only(plan(consumer, after(9))).steps[0].costs == Costs(reminder=60_00)


def test_a_compensation_after_a_fee_asks_for_the_rest() -> None:
    state = DebtState(
        "inv1",
        "kund",
        [Step("reminder_1", after(5), after(13), Costs(reminder=60_00), "let")],
        costs_invoiced=Costs(reminder=60_00),
    )
    step = only(plan(facts(debt(), states=[state], settings=chosen(compensation=True)), after(30))).steps[0]
    assert step.costs == Costs(compensation=390_00)


def test_no_compensation_is_owed_before_interest_is() -> None:
    wanted = chosen(compensation=True, due_dates_agreed=False)
    soon = debt(invoice_date=DUE - timedelta(days=10))
    assert only(plan(facts(soon, settings=wanted), after(20))).steps[0].costs == NO_COSTS
    assert only(plan(facts(soon, settings=wanted), after(21))).steps[0].costs.compensation == 450_00


def test_a_collection_notice_and_a_reminder_to_one_customer_are_letters_of_their_own() -> None:
    state = stepped(("reminder_2", after(5)), number=2)
    found = plan(facts(debt(1), debt(2), states=[state]), after(30))
    assert [(case.kind, [step.receivable.number for step in case.steps]) for case in found.cases] == [
        ("reminder", [1]),
        ("collection_notice", [2]),
    ]
    assert found.cases[1].steps[0].costs == Costs(collection=180_00)


def test_interest_is_reckoned_on_what_was_owed_each_day_and_not_again_once_it_is_invoiced() -> None:
    paid = [Entry(after(10), -400_00, "payment/p/registered")]
    step = only(plan(facts(debt(entries=paid)), after(20))).steps[0]
    assert [(span.days, span.principal, span.rate) for span in step.spans] == [
        (10, 1000_00, Decimal(10)),
        (10, 600_00, Decimal(10)),
    ]
    assert (step.principal, step.interest) == (600_00, 4_38)
    charged = InterestCharged(after(1), after(15), 3_56, "inv9", None)
    state = DebtState("inv1", "kund", interest=[charged])
    rest = only(plan(facts(debt(entries=paid), states=[state]), after(20))).steps[0]
    assert [(span.first, span.days) for span in rest.spans] == [(after(16), 5)]


def test_a_step_is_never_due_again_however_far_back_interest_is_reckoned() -> None:
    state = stepped(("reminder_1", after(20)))
    assert reasons(plan(facts(debt(), states=[state]), after(19))) == ["not-yet"]
    with pytest.raises(AssertionError):
        state.with_step(Step("reminder_1", after(21), after(29), NO_COSTS, "let"))


def test_a_fee_or_a_notice_that_the_debt_bears_already_costs_nothing_more() -> None:
    before = Costs(reminder=60_00, collection=180_00)
    for stage in ("reminder_1", "collection_notice"):
        rules = chosen(stages=[{"stage": stage, "days_after": 20, "days_to_pay": 10}], **FEE)
        state = DebtState("inv1", "kund", [], costs_invoiced=before)
        state.steps = [Step("reminder_1", after(1), after(9), before, "let")]
        found = plan(facts(debt(), states=[state], settings=rules), after(40))
        assert [step.added for case in found.cases for step in case.steps] in ([], [NO_COSTS])


def test_what_is_credited_was_never_owed_and_bears_no_interest() -> None:
    note = [Entry(after(10), -400_00, "invoice/note/issued")]
    step = only(plan(facts(debt(entries=note), credited={"inv1": 400_00}), after(20))).steps[0]
    assert [(span.days, span.principal) for span in step.spans] == [(20, 600_00)]
    paid_and_credited = debt(entries=[Entry(after(10), -1000_00, "payment/p/registered")])
    assert open_interest(
        facts(paid_and_credited, credited={"inv1": 1000_00}), paid_and_credited, after(20)
    ) == (
        after(1),
        [],
        0,
        0,
    )


def invoiced(first: int, last: int, amount: int, rate: Decimal | None = None) -> InterestCharged:
    return InterestCharged(after(first), after(last), amount, "inv9", rate)


def interest_of(
    charged: list[InterestCharged], entries: list[Entry], day: int = 30, **values: Any
) -> OpenInterest:
    """The open interest of 1000 kr, at 10 % by law."""
    item = debt(entries=entries)
    states = [DebtState("inv1", "kund", interest=charged)]
    return open_interest(facts(item, states=states, **values), item, after(day))


def test_interest_invoiced_of_a_debt_that_was_paid_earlier_is_set_right() -> None:
    charged = [invoiced(1, 20, 5_48)]
    part = [Entry(after(10), -500_00, "payment/p/registered")]
    found = interest_of(charged, part)
    assert (found.correction, found.amount, found.spans[0].first) == (-1_37, 0, after(21))
    all_ = [Entry(after(10), -1000_00, "payment/p/registered")]
    too_much = interest_of(charged, all_)
    assert (too_much.spans, too_much.correction, too_much.amount) == ([], -2_74, -2_74)
    assert (too_much.asked.amount, too_much.asked.correction) == (0, 0)
    assert interest_of(charged, all_, interest_credited={"inv1": 2_74}).amount == 0
    assert interest_of(charged, [], interest_credited={"inv1": 5_48}).amount == 2_74


def test_interest_of_a_payment_taken_back_is_asked_for_as_of_the_days_it_was_thought_paid() -> None:
    charged = [invoiced(1, 10, 2_74), invoiced(11, 20, 0)]
    back = [
        Entry(after(10), -1000_00, "payment/p/registered"),
        Entry(after(10), 1000_00, "payment/p/reversed"),
    ]
    found = interest_of(charged, back)
    assert (found.correction, found.amount) == (2_74, 5_48)


def test_another_rate_holds_from_the_day_after_what_is_invoiced() -> None:
    charged = [invoiced(1, 20, 5_48)]
    dear = chosen(interest="agreed", agreed_rate="20", due_dates_agreed=False)
    assert interest_of(charged, [], settings=dear)[2:] == (0, 5_48)
    assert interest_of(charged, [], settings=chosen(interest="none"))[1:] == ([], 0, 0)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 300_00)), max_size=4),
    st.sets(st.integers(1, 59), max_size=4),
)
def test_however_often_interest_is_invoiced_it_comes_to_what_is_owed(
    payments: list[tuple[int, int]], days: set[int]
) -> None:
    entries = [Entry(after(day), -amount, "payment/p/registered") for day, amount in payments]
    charged: list[InterestCharged] = []
    for day in sorted(days):
        found = interest_of(charged, [each for each in entries if each.date <= after(day)], day)
        if found.amount > 0:
            last = found.spans[-1].last if found.spans else found.first - timedelta(days=1)
            charged.append(InterestCharged(found.first, last, found.amount, "inv9", None))
    asked = sum(each.amount for each in charged)
    assert asked + interest_of(charged, entries, 60).amount == interest_of([], entries, 60).amount


def test_interest_and_costs_themselves_bear_neither() -> None:
    charge = DebtState("inv1", "kund", is_charge=True)
    wanted = chosen(compensation=True, **FEE)
    step = only(plan(facts(debt(), states=[charge], settings=wanted), after(30))).steps[0]
    assert (step.interest, step.costs, step.total) == (0, NO_COSTS, 1000_00)


def test_a_consumer_pays_an_agreed_rate_only_if_consumers_have_agreed() -> None:
    dear = {"interest": "agreed", "agreed_rate": "24"}
    for also, rate in [(False, Decimal(10)), (True, Decimal(24))]:
        wanted = chosen(agreed_with_consumers=also, **dear)
        consumer = facts(debt(), settings=wanted, businesses=frozenset())
        assert only(plan(consumer, after(9))).steps[0].spans[0].rate == rate
    none = facts(debt(), settings=chosen(interest="none"))
    assert only(plan(none, after(9))).steps[0].interest == 0


debts_of_many = st.lists(
    st.builds(
        lambda number, total, late, customer: debt(
            number, total, customer, due_date=DUE - timedelta(days=late)
        ),
        st.integers(1, 10**6),
        st.integers(-100_000, 100_000).filter(bool),
        st.integers(-20, 60),
        st.sampled_from(["kund", "annan", "tredje"]),
    ),
    max_size=8,
    unique_by=lambda each: each.number,
)


@settings(max_examples=60)
@given(debts_of_many, st.integers(0, 40))
def test_every_overdue_debt_is_in_one_letter_or_left_out_with_a_reason(
    debts: list[Receivable], later: int
) -> None:
    found = plan(facts(*debts, settings=chosen(**FEE)), after(later))
    asked = [step.receivable.invoice_id for case in found.cases for step in case.steps]
    told = [each.receivable.invoice_id for each in found.left_out]
    overdue = [each.invoice_id for each in debts if each.total > 0 and each.due_date < after(later)]
    assert sorted(asked + told) == sorted(overdue)
    for case in found.cases:
        assert {step.receivable.customer_id for step in case.steps} == {case.customer_id}
        assert sum(step.added.total for step in case.steps) <= 60_00
