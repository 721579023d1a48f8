import json
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.events import InvoiceIssued, SaleLine, SetOff
from samklang.invoicing.model.invoices import InvoiceRow, totals
from samklang.invoicing.vat import VatCode, VatRate
from samklang.ledger import posting
from samklang.ledger.accounts import CHART
from samklang.ledger.model import Amounts, check_accounts, check_balance
from samklang.payments.events import (
    PaymentRegistered,
    PaymentReversed,
    payment_values,
    reversal_values,
)
from samklang.platform.problems import Problem

DAY = date(2026, 11, 23)
CODES: tuple[VatCode, ...] = get_args(VatCode)
RATES: tuple[VatRate, ...] = get_args(get_args(VatRate)[0])
SALES: list[tuple[VatCode, VatRate]] = [
    *(("domestic", rate) for rate in RATES if rate != "0"),
    *((code, "0") for code in CODES if code != "domestic"),
]
"""Every sale there is: with VAT in Sweden, without on some ground (see ``code_of``)."""

amounts = st.integers(1, 10**12)


def row(amount: int, code: VatCode = "domestic", rate: VatRate = "25") -> InvoiceRow:
    return InvoiceRow(
        article_id=None,
        description="Rad",
        quantity=Decimal(1),
        unit="st",
        unit_price=amount,
        vat_rate=rate,
        vat_class=None,
        vat_code=code,
        kind="service",
        discount_percent=Decimal(0),
        amount=amount,
    )


def issued(*rows: InvoiceRow, round_to_krona: bool = False) -> InvoiceIssued:
    sums = totals(list(rows), round_to_krona=round_to_krona)
    return InvoiceIssued(
        company_id="com_1",
        invoice_id="inv_1",
        number=1001,
        ocr="100164",
        customer_id="cus_1",
        customer_name="Kund AB",
        invoice_date=DAY,
        due_date=DAY,
        total=sums.total,
        rounding=sums.rounding,
        lines=tuple(SaleLine(line.vat_code, line.vat_rate, line.base, line.vat) for line in sums.vat_lines),
        credits=None,
        request_id="r",
    )


def credited(event: InvoiceIssued) -> InvoiceIssued:
    """The credit note of all of an invoice."""
    return replace(
        event,
        invoice_id="inv_2",
        number=1002,
        total=-event.total,
        rounding=-event.rounding,
        lines=tuple(line._replace(base=-line.base, vat=-line.vat) for line in event.lines),
        credits=SetOff(event.invoice_id, event.number, event.total),
    )


rows = st.lists(
    st.builds(lambda amount, sale: row(amount, *sale), st.integers(0, 10**9), st.sampled_from(SALES)),
    min_size=1,
    max_size=30,
)
invoices = st.builds(lambda rows, rounded: issued(*rows, round_to_krona=rounded), rows, st.booleans())
documents = st.one_of(invoices, invoices.map(credited))
"""Invoices and credit notes."""


def paid(allocations: list[int], credit: int = 0, method: str = "bank") -> PaymentRegistered:
    return PaymentRegistered(
        company_id="com_1",
        payment_id="pay_1",
        payment_date=DAY,
        amount=sum(allocations) + credit,
        method=method,
        allocations=tuple((f"inv_{place}", 1001 + place, each) for place, each in enumerate(allocations)),
        customer_id="cus_1",
        credit=credit,
        text=None,
        source=None,
        request_id="r",
    )


payments = st.builds(
    paid,
    st.lists(amounts, min_size=1, max_size=40),
    st.integers(0, 10**12),
    st.sampled_from(["bank", "swish", "card", "cash"]),
)


def by_account(rows: Amounts) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for account, amount in rows:
        total[account] += amount
    return dict(total)


# ---------------------------------------------------------------- invoices


def test_a_sale_is_a_receivable_against_sales_and_vat_of_each_rate() -> None:
    event = issued(
        row(100_000), row(50_000, rate="12"), row(20_000, rate="6"), row(10_000, "exempt", "0"), row(3_000)
    )
    assert posting.invoice_amounts(event) == [
        ("1510", 215_950),
        ("3001", -103_000),
        ("2611", -25_750),
        ("3002", -50_000),
        ("2621", -6_000),
        ("3003", -20_000),
        ("2631", -1_200),
        ("3004", -10_000),
    ]


def test_oeresavrundning_is_posted_on_3740_and_changes_neither_base_nor_vat() -> None:
    down, up = (issued(row(amount), round_to_krona=True) for amount in (10_036, 10_040))
    assert posting.invoice_amounts(down) == [
        ("1510", 12_500),
        ("3001", -10_036),
        ("2611", -2_509),
        ("3740", 45),
    ]
    assert posting.invoice_amounts(up) == [
        ("1510", 12_600),
        ("3001", -10_040),
        ("2611", -2_510),
        ("3740", -50),
    ]


def test_a_credit_note_of_an_invoice_cancels_it_on_every_account() -> None:
    event = issued(row(10_036), row(500, "eu_goods", "0"), round_to_krona=True)
    posted, back = posting.invoice_amounts(event), posting.invoice_amounts(credited(event))
    assert [account for account, _ in back] == [account for account, _ in posted]
    assert set(by_account(posted + back).values()) == {0}


@given(documents)
def test_the_voucher_of_any_invoice_or_credit_note_balances_on_accounts_of_the_chart(
    event: InvoiceIssued,
) -> None:
    voucher = posting.invoice_amounts(event)
    check_balance(voucher)
    check_accounts(voucher)


@given(documents)
def test_any_invoice_puts_its_total_on_1510_its_vat_on_output_vat_and_its_rounding_on_3740(
    event: InvoiceIssued,
) -> None:
    posted = by_account(posting.invoice_amounts(event))
    assert posted["1510"] == event.total
    assert posted.get("3740", 0) == -event.rounding
    vat = [amount for account, amount in posted.items() if account.startswith("26")]
    assert -sum(vat) == sum(line.vat for line in event.lines)
    revenue = [amount for account, amount in posted.items() if account[0] == "3" and account != "3740"]
    assert -sum(revenue) == sum(line.base for line in event.lines)


# ---------------------------------------------------------------- accounts and boxes


BOXES = {
    "domestic": "05",
    "exempt": "42",
    "construction": "41",
    "eu_goods": "35",
    "eu_services": "39",
    "export_goods": "36",
    "export_services": "40",
}
VAT_BOXES = {"25": "10", "12": "11", "6": "12"}


@pytest.mark.parametrize(("code", "rate"), list(product(CODES, RATES)))
def test_each_code_and_rate_that_make_a_sale_have_accounts_in_the_boxes_the_law_gives_them(
    code: VatCode, rate: VatRate
) -> None:
    if (code, rate) not in SALES:
        assert (code, rate) not in posting.SALES
        return
    accounts = posting.SALES[code, rate]
    assert CHART[accounts.revenue].kind == "income"
    assert CHART[accounts.revenue].vat_box == BOXES[code]
    vat_box = CHART[accounts.output_vat].vat_box if accounts.output_vat else None
    assert vat_box == VAT_BOXES.get(rate)


def test_each_sale_has_a_revenue_account_of_its_own() -> None:
    revenue = [accounts.revenue for accounts in posting.SALES.values()]
    assert len(set(revenue)) == len(revenue)


def test_input_vat_is_deducted_in_box_48_and_rounding_and_balances_are_in_none() -> None:
    assert CHART["2641"].vat_box == "48"
    assert [CHART[each].vat_box for each in ("1510", "1930", "2420", "2650", "3740")] == [None] * 5


def test_vat_on_a_sale_that_has_none_does_not_balance() -> None:
    event = issued(row(10_000, "export_goods", "0"))
    wrong = replace(event, lines=(event.lines[0]._replace(vat=2_500),), total=12_500)
    with pytest.raises(Problem, match="too much on the debit side"):
        check_balance(posting.invoice_amounts(wrong))


# ---------------------------------------------------------------- payments


@given(payments)
def test_the_voucher_of_any_payment_balances_on_accounts_of_the_chart(event: PaymentRegistered) -> None:
    voucher = posting.payment_amounts(event)
    check_balance(voucher)
    check_accounts(voucher)


@given(payments)
def test_a_payment_takes_what_is_allocated_off_1510_and_keeps_the_rest_as_the_customers_credit(
    event: PaymentRegistered,
) -> None:
    posted = by_account(posting.payment_amounts(event))
    assert posted["1510"] == -sum(amount for _, _, amount in event.allocations)
    assert posted.get("2420", 0) == -event.credit
    assert posted["1910" if event.method == "cash" else "1930"] == event.amount


@given(payments)
def test_a_payment_and_its_reversal_cancel_on_every_account(event: PaymentRegistered) -> None:
    voucher = posting.payment_amounts(event)
    reversal = posting.reversed_amounts(voucher)
    check_balance(reversal)
    assert set(by_account(voucher + reversal).values()) == {0}
    assert [account for account, _ in reversal] == [account for account, _ in voucher]


# ---------------------------------------------------------------- events and the items they are kept as


def kept(event: InvoiceIssued) -> dict[str, Any]:
    """An issued invoice's item, as far as its event goes."""
    original = event.credits and {
        "invoice_id": event.credits.invoice_id,
        "number": event.credits.number,
        "settled": event.credits.amount,
    }
    return {
        "company_id": event.company_id,
        "id": event.invoice_id,
        "number": event.number,
        "ocr": event.ocr,
        "customer_id": event.customer_id,
        "customer_name": event.customer_name,
        "invoice_date": event.invoice_date.isoformat(),
        "due_date": event.due_date.isoformat(),
        "total": event.total,
        "rounding": event.rounding,
        "vat_lines": json.dumps(event.lines),
        "request_id": event.request_id,
        **({"original": json.dumps(original)} if original else {}),
    }


@given(documents)
def test_an_invoice_or_credit_note_read_from_its_item_is_the_same(event: InvoiceIssued) -> None:
    assert InvoiceIssued.from_image(kept(event)) == event


def test_a_credit_note_concerns_itself_and_the_invoice_it_credits() -> None:
    event = issued(row(100))
    assert event.invoices == ("inv_1",)
    assert credited(event).invoices == ("inv_2", "inv_1")


@given(payments)
def test_a_payment_read_from_its_item_is_the_payment(event: PaymentRegistered) -> None:
    assert PaymentRegistered.from_image(payment_values(event) | {"id": event.payment_id}) == event


@given(payments, st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_reversal_read_from_its_item_is_the_reversal(event: PaymentRegistered, day: date) -> None:
    image = payment_values(event) | {"id": event.payment_id} | reversal_values(day, "ledger", "r2")
    assert PaymentReversed.from_image(image) == PaymentReversed(event, day, "r2")


def test_the_same_event_has_the_same_id_and_another_has_another() -> None:
    payment = paid([100])
    ids = [issued(row(100)).event_id, payment.event_id, PaymentReversed(payment, DAY, "x").event_id]
    assert ids == ["invoice/inv_1/issued", "payment/pay_1/registered", "payment/pay_1/reversed"]
