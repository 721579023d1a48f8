"""Boxes, checks and settlement of a VAT return."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats.skv4700 import BOXES, VAT_BOXES, to_pay
from samklang.ledger.accounts import BASE_CHART
from samklang.ledger.vat import checks
from samklang.ledger.vat.boxes import exact_boxes, has_eu_trade, is_large, vat_moved, whole_boxes
from samklang.ledger.vat.settlement import SETTLEMENT, settlement_amounts

VAT_BOX = {number: each.vat_box for number, each in BASE_CHART.items() if each.vat_box}
MONTH = {"1510": 187_550_50, "3001": -150_040_40, "2611": -37_510_10, "4000": 40_000_80, "2641": 10_000_20}
"""Sold for 150,040.40 at 25 %, and bought."""

amounts = st.dictionaries(st.sampled_from(sorted(VAT_BOX)), st.integers(-(10**10), 10**10), max_size=12)


def boxes(moved: Mapping[str, int]) -> dict[str, int]:
    return {box: kronor for box, kronor in whole_boxes(exact_boxes(moved, VAT_BOX)).items() if kronor}


def test_month_of_sales_and_purchases() -> None:
    assert boxes(MONTH) == {"05": 150_040, "10": 37_510, "48": 10_000, "49": 27_510}


def test_every_box_of_the_form_has_an_account_or_none_of_the_chart_is_for_it() -> None:
    assert set(VAT_BOX.values()) <= set(BOXES)
    assert set(VAT_BOXES) <= set(VAT_BOX.values())


def test_all_boxes_are_shown_in_the_order_of_the_form() -> None:
    whole = whole_boxes({})
    assert list(whole) == sorted({*BOXES, "49"})
    assert set(whole.values()) == {0}


def test_reverse_charge_is_base_output_and_input() -> None:
    built = {"4425": 1_000_00, "2614": -250_00, "2647": 250_00, "2440": -1_000_00}
    assert boxes(built) == {"24": 1_000, "30": 250, "48": 250}


def test_dormant_vat_of_the_cash_method_is_reported_with_the_other() -> None:
    year_end = {"2611": -100_00, "2618": -50_00, "2641": 30_00, "2648": 10_00, "3001": -600_00}
    assert boxes(year_end) == {"05": 600, "10": 150, "48": 40, "49": 110}


def test_ore_are_left_out_box_by_box_before_box_49() -> None:
    # 0.90 + 0.90 − 0.80 would be one krona.
    assert boxes({"2611": -90, "2621": -90, "2641": 80}) == {}
    assert boxes({"2611": -1_99, "2641": 99}) == {"10": 1, "49": 1}
    assert boxes({"2641": 1_99}) == {"48": 1, "49": -1}
    assert boxes({"2611": 1_99}) == {"10": -1, "49": -1}


def test_accounts_own_box_decides() -> None:
    exact = exact_boxes({"3041": -500_00, "2641": 100_00}, {"3041": "05"})
    assert exact == {"05": 500_00}


@given(amounts)
def test_box_49_is_the_sum_of_the_boxes_shown(moved: dict[str, int]) -> None:
    whole = whole_boxes(exact_boxes(moved, VAT_BOX))
    assert whole["49"] == to_pay(whole)


@pytest.mark.parametrize(("base", "large"), [(40_000_000_00, False), (40_000_000_01, True)])
def test_company_is_large_above_40_million(base: int, large: bool) -> None:  # noqa: FBT001 - a case's outcome
    assert is_large({"05": base, "36": 10**12, "20": 10**12}) is large


def test_trade_with_other_eu_countries_shows_in_its_boxes() -> None:
    assert has_eu_trade({"39": 1})
    assert not has_eu_trade({"05": 1, "22": 1, "36": 1, "41": 1})


# ---------------------------------------------------------------- settlement


def settled(moved: Mapping[str, int], before: Mapping[str, int] | None = None) -> dict[str, int]:
    left = vat_moved(moved, VAT_BOX)
    return dict(settlement_amounts(left, whole_boxes(exact_boxes(moved, VAT_BOX))["49"], **(before or {})))


def test_vat_to_pay_lies_on_2650_and_the_ore_on_3740() -> None:
    assert settled(MONTH) == {"2611": 37_510_10, "2641": -10_000_20, SETTLEMENT: -27_510_00, "3740": 10}


def test_vat_to_get_back_is_a_claim_on_2650() -> None:
    rows = {"2611": 10_60, "2641": -100_40, SETTLEMENT: 90_00, "3740": -20}
    assert settled({"2611": -10_60, "2641": 100_40}) == rows


def test_period_of_nothing_settles_nothing() -> None:
    assert settlement_amounts({}, 0) == []
    assert settled({"3004": -100_00}) == {}


@given(amounts)
def test_settlement_balances_empties_the_vat_accounts_and_leaves_box_49_on_2650(
    moved: dict[str, int],
) -> None:
    rows = settlement_amounts(vat_moved(moved, VAT_BOX), 49)
    assert sum(amount for _, amount in rows) == 0
    after = dict(moved)
    for account, amount in rows:
        after[account] = after.get(account, 0) + amount
    assert vat_moved(after, VAT_BOX) == {}
    assert after[SETTLEMENT] == -49_00


@given(amounts, amounts)
def test_settlement_after_a_reopening_comes_to_the_same_as_one_of_all(
    first: dict[str, int], later: dict[str, int]
) -> None:
    def pay(moved: Mapping[str, int]) -> int:
        return whole_boxes(exact_boxes(moved, VAT_BOX))["49"]

    every = {account: first.get(account, 0) + later.get(account, 0) for account in first | later}
    one = settlement_amounts(vat_moved(first, VAT_BOX), pay(first))
    two = settlement_amounts(vat_moved(later, VAT_BOX), pay(every), settled=pay(first) * 100)
    together: dict[str, int] = {}
    for account, amount in [*one, *two]:
        together[account] = together.get(account, 0) + amount
    at_once = dict(settlement_amounts(vat_moved(every, VAT_BOX), pay(every)))
    assert {account: amount for account, amount in together.items() if amount} == at_once


# ---------------------------------------------------------------- checks


def found(moved: Mapping[str, int], vat_box: Mapping[str, str] = VAT_BOX) -> list[checks.Finding]:
    return list(checks.check_vat_on_bases(moved, vat_box))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("base", "vat", "rate"),
    [
        ("3001", "2611", 25),
        ("3002", "2621", 12),
        ("3003", "2631", 6),
        ("4515", "2614", 25),
        ("4536", "2624", 12),
        ("4427", "2634", 6),
        ("4545", "2615", 25),
        ("4547", "2635", 6),
    ],
)
def test_vat_that_is_its_share_of_the_base_is_passed(base: str, vat: str, rate: int, sign: int) -> None:
    amount = sign * (-1 if base[0] == "3" else 1) * 12_345_00
    share = -abs(amount) * rate // 100 * sign
    assert found({base: amount, vat: share}) == []
    assert found({base: amount, vat: share + 1_99}) == []
    (finding,) = found({base: amount, vat: share + 50_00})
    assert (finding.code, finding.boxes[0]) == ("vat-differs-from-base", VAT_BOX[vat])


def test_rates_are_told_apart() -> None:
    # The sum of VAT is right; the rates are not.
    findings = found({"3001": -100_00, "3002": -100_00, "2611": -12_00, "2621": -25_00})
    assert {(each.boxes[0], each.expected, each.found) for each in findings} == {
        ("10", 25_00, 12_00),
        ("11", 12_00, 25_00),
    }


def test_sale_without_its_vat_is_found_with_both_amounts() -> None:
    (finding,) = found({"3001": -1_000_00})
    assert (finding.expected, finding.found) == (250_00, 0)
    assert "250.00" in finding.text


def test_companys_own_account_is_checked_with_all_rates_together() -> None:
    own = VAT_BOX | {"3051": "05", "3010": "05"}
    assert found({"3010": -1_000_00, "3001": -100_00, "2611": -250_00, "2621": -12_00}, own) == []
    (finding,) = found({"3010": -1_000_00, "2611": -150_00}, own)
    assert (finding.expected, finding.found) == (600_00, 1_000_00)


def test_box_below_zero_is_found() -> None:
    exact = exact_boxes({"3001": 10_00, "2641": -5_00, "2611": -1_00}, VAT_BOX)
    assert [(each.boxes, each.found) for each in checks.check_signs(exact)] == [
        (("05",), -10_00),
        (("48",), -5_00),
    ]


def test_vat_account_without_a_box_is_found_and_2650_is_none() -> None:
    moved = {"2617": -10_00, "2650": -27_00, "2611": -5_00, "2643": 0}
    (finding,) = checks.check_accounts_in_no_box(moved, VAT_BOX)
    assert (finding.accounts, finding.found) == (("2617",), -10_00)


@pytest.mark.parametrize(("balance", "word"), [(-27_510_00, "debt"), (5_00, "claim")])
def test_vat_not_moved_to_the_tax_account_is_found(balance: int, word: str) -> None:
    (finding,) = checks.check_settlement_account(balance)
    assert word in finding.text
    assert list(checks.check_settlement_account(0)) == []


def test_sales_list_that_differs_is_found_per_box() -> None:
    whole = whole_boxes({"35": 100_00, "39": 50_99})
    assert list(checks.check_sales_list(whole, {"35": 100, "39": 50})) == []
    (finding,) = checks.check_sales_list(whole, {"35": 100})
    assert (finding.boxes, finding.expected, finding.found) == (("39",), 50_00, 0)


def test_boxes_that_are_no_longer_as_filed_are_found() -> None:
    filed = whole_boxes({"05": 100_00, "10": 25_00})
    assert list(checks.check_against_filed(filed, filed)) == []
    later = whole_boxes({"05": 140_00, "10": 35_00})
    assert [each.boxes for each in checks.check_against_filed(filed, later)] == [("05",), ("10",), ("49",)]
