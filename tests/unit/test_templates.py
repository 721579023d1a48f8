"""Voucher templates: whatever the shares and the amount, the voucher balances."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.ledger.accounts import BASE_CHART
from samklang.ledger.common_templates import COMMON
from samklang.ledger.model.templates import TemplateInput, TemplateRow, amounts_from


def side(name: str, shares: list[int]) -> list[dict[str, Any]]:
    """Rows of shares in millionths of a percent, the last of them what is left of 100."""
    whole = [*shares, 10**8 - sum(shares)]
    percents = ["100" if share == 10**8 else f"{Decimal(share) / 10**6:.6f}" for share in whole]
    return [{"account": "1930", "side": name, "percent": percent} for percent in percents]


shares = st.lists(st.integers(1, 10**7), min_size=0, max_size=5).filter(lambda each: sum(each) < 10**8)


@given(shares, shares, st.integers(1, 10**12))
def test_each_side_comes_to_the_amount(debit: list[int], credit: list[int], amount: int) -> None:
    given_ = {"name": "x", "text": "x", "rows": side("debit", debit) + side("credit", credit)}
    rows = TemplateInput.model_validate(given_).rows
    amounts = amounts_from(rows, amount)
    assert sum(each for _, each in amounts if each > 0) == amount
    assert sum(each for _, each in amounts if each < 0) == -amount
    whole = amounts_from([TemplateRow(account="1930", side="debit", percent="100")], amount)
    assert whole == [("1930", amount)]


@pytest.mark.parametrize("percent", ["99.999999", "100.000001", "-1", "1e2", "NaN", ""])
def test_a_side_that_does_not_come_to_a_hundred_is_refused(percent: str) -> None:
    rows = [
        {"account": "6570", "side": "debit", "percent": percent},
        {"account": "1930", "side": "credit", "percent": "100"},
    ]
    with pytest.raises(ValidationError):
        TemplateInput.model_validate({"name": "x", "text": "x", "rows": rows})


@pytest.mark.parametrize("template", COMMON.values(), ids=COMMON.keys())
def test_a_common_template_uses_accounts_of_the_base_chart(template: TemplateInput) -> None:
    assert {row.account for row in template.rows} <= BASE_CHART.keys()
