from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.invoicing.vat import VatRate
from samklang.ledger.accounts import BASE_CHART, Account
from samklang.ledger.model.chart import Chart
from samklang.ledger.payables import costs
from samklang.ledger.payables.model.invoices import AccrualInput, CostRow, VatAmountInput
from samklang.ledger.payables.model.suppliers import VatKind
from samklang.platform.problems import Problem

CHART = Chart()


def row(
    net: int, kind: VatKind = "domestic", rate: VatRate = "25", account: str = "5410", **more: Any
) -> CostRow:
    given: dict[str, Any] = {"account": account, "text": None, "net": net, "vat_kind": kind, "vat_rate": rate}
    return CostRow.model_validate(given | {"accrual": None} | more)


def posted(*rows: CostRow, total: int | None = None) -> dict[str, int]:
    vat = costs.charged_vat(rows, [])
    to_pay = sum(each.net for each in rows) + sum(vat.values()) if total is None else total
    return dict(costs.debt_amounts(costs.cost_amounts(rows, vat, to_pay, CHART)))


def refused(code: str, pointer: str, work: Any, *args: Any) -> None:
    with pytest.raises(Problem) as caught:
        work(*args)
    assert (caught.value.code, caught.value.errors[0].pointer) == (code, pointer)


def test_a_domestic_purchase_is_cost_input_vat_and_debt() -> None:
    assert posted(row(1000_00), row(100_00, rate="12", account="5800")) == {
        "5410": 1000_00,
        "5800": 100_00,
        "2641": 262_00,
        "2440": -1362_00,
    }


def test_a_credit_note_is_the_same_on_the_other_side() -> None:
    assert posted(row(-1000_00)) == {"5410": -1000_00, "2641": -250_00, "2440": 1250_00}


@pytest.mark.parametrize(
    ("kind", "base", "output", "input_vat"),
    [
        ("reverse_goods", "4415", "2614", "2647"),
        ("reverse_services", "4425", "2614", "2647"),
        ("eu_goods", "4515", "2614", "2645"),
        ("eu_services", "4535", "2614", "2645"),
        ("non_eu_services", "4531", "2614", "2645"),
        ("import", "4545", "2615", "2645"),
    ],
)
def test_where_the_buyer_owes_the_vat_both_sides_are_posted_and_the_box_is_filled(
    kind: VatKind, base: str, output: str, input_vat: str
) -> None:
    vat = {output: -250_00, input_vat: 250_00, "2440": -1000_00}
    assert posted(row(1000_00, kind, account=base)) == {base: 1000_00} | vat
    elsewhere = posted(row(1000_00, kind, account="6540"))
    assert elsewhere == {"6540": 1000_00, base: 1000_00, "4598": -1000_00} | vat


@pytest.mark.parametrize("kind", list(costs.PURCHASES))
def test_accounts_of_a_purchase_are_in_the_boxes_of_the_chart(kind: VatKind) -> None:
    purchase = costs.PURCHASES[kind]
    first_output = 60 if kind == "import" else 30
    assert BASE_CHART[purchase.input_vat].vat_box == "48"
    for place, rate in enumerate(("25", "12", "6")):
        base, output = purchase.by_rate[rate]
        assert BASE_CHART[base].vat_box == purchase.box
        assert BASE_CHART[output].vat_box == str(first_output + place)


def test_a_total_in_whole_kronor_leaves_the_ore_on_3740() -> None:
    assert posted(row(99_90), total=125_00) == {"5410": 99_90, "2641": 24_98, "3740": 12, "2440": -125_00}


def test_sums_more_than_a_krona_apart_are_refused() -> None:
    vat = costs.charged_vat([row(100_00)], [])
    assert costs.rounding([row(100_00)], vat, 126_00) == 100
    refused("sums-differ", "/total", costs.rounding, [row(100_00)], vat, 126_01)


def test_vat_as_the_invoice_has_it_is_what_is_deducted() -> None:
    told = [VatAmountInput.model_validate({"rate": "25", "amount": "24.97"})]
    assert costs.charged_vat([row(99_90)], told) == {"25": 24_97}
    none = [VatAmountInput.model_validate({"rate": "12", "amount": "0.01"})]
    refused("sums-differ", "/vat_amounts/0", costs.charged_vat, [row(99_90)], none)
    far = [VatAmountInput.model_validate({"rate": "12", "amount": "24.97"})]
    refused("sums-differ", "/vat_amounts/0", costs.charged_vat, [row(99_90)], far)


def test_accounts_that_are_no_costs_accounts_are_refused_row_by_row() -> None:
    accrual = AccrualInput(first_month="2026-12", months=3)
    cases = [
        ("unknown-account", "/rows/1/account", row(1, account="9999")),
        ("control-account", "/rows/1/account", row(1, account="2440")),
        ("validation", "/rows/1/account", row(1, account="2641")),
        ("validation", "/rows/1/account", row(1, account="4535")),
        ("validation", "/rows/1/account", row(1, "eu_services", account="4515")),
        ("validation", "/rows/1/account", row(1, "eu_services", account="4535", accrual=accrual)),
        (
            "unknown-account",
            "/rows/1/accrual/account",
            row(1, accrual=accrual.model_copy(update={"account": "2990"})),
        ),
    ]
    for code, pointer, bad in cases:
        refused(code, pointer, costs.check_rows, [row(1), bad], CHART)
    closed = Chart({"5410": Account("5410", "Förbrukning", "cost", None, active=False)})
    refused("closed-account", "/rows/0/account", costs.check_rows, [row(1)], closed)
    costs.check_rows([row(1, "eu_services", account="4535"), row(1, accrual=accrual)], CHART)


def test_a_spread_cost_lies_on_1790_until_its_months_take_it() -> None:
    rent = row(1000_00, account="5010", accrual=AccrualInput(first_month="2026-11", months=3))
    assert posted(rent) == {"1790": 1000_00, "2641": 250_00, "2440": -1250_00}
    assert costs.accrual_amounts([rent]) == {
        date(2026, 11, 30): [("5010", 333_33), ("1790", -333_33)],
        date(2026, 12, 31): [("5010", 333_33), ("1790", -333_33)],
        date(2027, 1, 31): [("5010", 333_34), ("1790", -333_34)],
    }


@given(st.integers(-(10**9), 10**9), st.integers(1, 36))
def test_months_come_to_the_amount_and_differ_by_an_ore_at_most(amount: int, months: int) -> None:
    parts = costs.spread(amount, months)
    assert len(parts) == months
    assert sum(parts) == amount
    assert max(parts) - min(parts) <= 1


nets = st.integers(-(10**8), 10**8).filter(bool)
rates = st.sampled_from(["25", "12", "6"])
kinds = st.sampled_from(["domestic", *costs.PURCHASES])
accruals = st.none() | st.builds(AccrualInput, first_month=st.just("2026-11"), months=st.integers(1, 36))
rows_ = st.lists(st.builds(row, nets, kinds, rates, accrual=accruals), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(rows_, st.integers(-100, 100))
def test_any_invoice_balances_and_each_box_has_what_was_bought(rows: list[CostRow], ore: int) -> None:
    vat = costs.charged_vat(rows, [])
    total = sum(each.net for each in rows) + sum(vat.values()) + ore
    amounts = costs.debt_amounts(costs.cost_amounts(rows, vat, total, CHART))
    assert sum(amount for _, amount in amounts) == 0
    assert dict(amounts).get("2440", 0) == -total
    boxes: dict[str | None, int] = {}
    for account, amount in amounts:
        box = BASE_CHART[account].vat_box
        boxes[box] = boxes.get(box, 0) + amount
    for kind, purchase in costs.PURCHASES.items():
        bought = sum(each.net for each in rows if each.vat_kind == kind)
        assert boxes.get(purchase.box, 0) == bought
    outputs = {"25": ("30", "60"), "12": ("31", "61"), "6": ("32", "62")}
    for rate, (purchases, imports) in outputs.items():
        for box, is_import in ((purchases, False), (imports, True)):
            bases = {
                kind: sum(each.net for each in rows if (each.vat_kind, each.vat_rate) == (kind, rate))
                for kind in costs.PURCHASES
                if (kind == "import") is is_import
            }
            assert -boxes.get(box, 0) == sum(costs.vat_on(base, rate) for base in bases.values())
    owed = sum(boxes.get(box, 0) for pair in outputs.values() for box in pair)
    assert boxes.get("48", 0) == sum(vat.values()) - owed
    for months in costs.accrual_amounts(rows).values():
        assert sum(amount for _, amount in months) == 0
    spread = [each for months in costs.accrual_amounts(rows).values() for each in months]
    kept = dict(amounts).get("1790", 0) + sum(amount for account, amount in spread if account == "1790")
    assert kept == 0
    costs_in_all = dict(amounts).get("5410", 0) + sum(part for account, part in spread if account == "5410")
    assert costs_in_all == sum(each.net for each in rows)
