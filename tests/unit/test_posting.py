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
from samklang.ledger.accounts import BASE_CHART
from samklang.ledger.model.chart import Chart
from samklang.ledger.model.vouchers import Amounts, check_balance
from samklang.payments.events import (
    Allocated,
    PaymentRegistered,
    PaymentReversed,
    payment_values,
    reversal_values,
)
from samklang.payments.model.payments import MAX_DIFFERENCE, Method
from samklang.platform.problems import Problem

DAY = date(2026, 11, 23)
CODES: tuple[VatCode, ...] = get_args(VatCode)
RATES: tuple[VatRate, ...] = get_args(get_args(VatRate)[0])
SALES: list[tuple[VatCode, VatRate]] = [
    *(("domestic", rate) for rate in RATES if rate != "0"),
    *((code, "0") for code in CODES if code != "domestic"),
]
"""Every sale there is: with VAT in Sweden, without on some ground (see ``code_of``)."""


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


def paid(
    allocations: list[int], credit: int = 0, method: Method = "bank", fee: int = 0, difference: int = 0
) -> PaymentRegistered:
    """A payment of the amount that makes amount + fee + difference what is allocated and the credit."""
    return PaymentRegistered(
        company_id="com_1",
        payment_id="pay_1",
        payment_date=DAY,
        amount=sum(allocations) + credit - fee - difference,
        method=method,
        allocations=tuple(
            Allocated(f"inv_{place}", 1001 + place, each) for place, each in enumerate(allocations)
        ),
        customer_id="cus_1",
        customer_name="Kund AB",
        fee=fee,
        difference=difference,
        credit=credit,
        text=None,
        bank_payment_id=None,
        registered_at="2026-11-23T09:00:00.000Z",
        request_id="r",
    )


signed = st.integers(-(10**12), 10**12)
payments = st.builds(
    paid,
    st.lists(signed.filter(bool), max_size=40),
    signed,
    st.sampled_from(get_args(Method)),
    st.integers(0, 10**6),
    st.integers(-MAX_DIFFERENCE, MAX_DIFFERENCE),
).filter(lambda event: (event.method == "set_off") == (not event.amount))
"""Money in and back, set-offs of credit notes, credit given and used, fees and öre both ways."""


def payment_voucher(event: PaymentRegistered) -> Amounts:
    """What the journal posts of a payment by the invoice method."""
    paid = [each.amount for each in event.allocations]
    sides = sum(each for each in paid if each > 0), sum(each for each in paid if each < 0)
    return [*posting.money_amounts(event), *(("1510", -side) for side in sides if side)]


def sale_voucher(event: InvoiceIssued) -> Amounts:
    """What the journal posts of a sale by the invoice method."""
    return [("1510", event.total), *posting.sale_amounts(event)]


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
    assert sale_voucher(event) == [
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
    assert sale_voucher(down) == [
        ("1510", 12_500),
        ("3001", -10_036),
        ("2611", -2_509),
        ("3740", 45),
    ]
    assert sale_voucher(up) == [
        ("1510", 12_600),
        ("3001", -10_040),
        ("2611", -2_510),
        ("3740", -50),
    ]


def test_a_credit_note_of_an_invoice_cancels_it_on_every_account() -> None:
    event = issued(row(10_036), row(500, "eu_goods", "0"), round_to_krona=True)
    posted, back = sale_voucher(event), sale_voucher(credited(event))
    assert [account for account, _ in back] == [account for account, _ in posted]
    assert set(by_account(posted + back).values()) == {0}


@given(documents)
def test_the_voucher_of_any_invoice_or_credit_note_balances_on_accounts_of_the_chart(
    event: InvoiceIssued,
) -> None:
    voucher = sale_voucher(event)
    check_balance(voucher)
    Chart().check(voucher)


@given(documents)
def test_any_invoice_puts_its_total_on_1510_its_vat_on_output_vat_and_its_rounding_on_3740(
    event: InvoiceIssued,
) -> None:
    posted = by_account(sale_voucher(event))
    assert posted["1510"] == event.total
    assert posted.get("3740", 0) == -event.rounding
    vat = [amount for account, amount in posted.items() if account.startswith("26")]
    assert -sum(vat) == sum(line.vat for line in event.lines)
    revenue = [amount for account, amount in posted.items() if account[0] in "38" and account != "3740"]
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
    "late_interest": None,
    "late_fee": None,
    "late_compensation": None,
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
    assert BASE_CHART[accounts.revenue].kind == "income"
    assert BASE_CHART[accounts.revenue].vat_box == BOXES[code]
    vat_box = BASE_CHART[accounts.output_vat].vat_box if accounts.output_vat else None
    assert vat_box == VAT_BOXES.get(rate)


def test_each_sale_has_a_revenue_account_of_its_own() -> None:
    revenue = [accounts.revenue for accounts in posting.SALES.values()]
    assert len(set(revenue)) == len(revenue)


def test_input_vat_is_deducted_in_box_48_and_rounding_and_balances_are_in_none() -> None:
    assert BASE_CHART["2641"].vat_box == "48"
    assert [BASE_CHART[each].vat_box for each in ("1510", "1930", "2420", "2650", "3740")] == [None] * 5


def test_vat_on_a_sale_that_has_none_does_not_balance() -> None:
    event = issued(row(10_000, "export_goods", "0"))
    wrong = replace(event, lines=(event.lines[0]._replace(vat=2_500),), total=12_500)
    with pytest.raises(Problem, match="too much on the debit side"):
        check_balance(sale_voucher(wrong))


# ---------------------------------------------------------------- payments


@given(payments)
def test_the_voucher_of_any_payment_balances_on_accounts_of_the_chart(event: PaymentRegistered) -> None:
    voucher = payment_voucher(event)
    check_balance(voucher)
    Chart().check(voucher)
    assert all(amount for _, amount in voucher)


MONEY = {"bank": "1930", "swish": "1930", "card": "1580", "cash": "1910"}
FEES = {"bank": "6570", "swish": "6570", "card": "6040", "cash": "6570"}


@given(payments)
def test_each_part_of_a_payment_is_on_its_own_account(event: PaymentRegistered) -> None:
    posted = by_account(payment_voucher(event))
    expected: dict[str, int] = defaultdict(int)
    if event.amount:
        expected[MONEY[event.method]] += event.amount
    if event.fee:
        expected[FEES.get(event.method, "6570")] += event.fee
    expected["3740"] += event.difference
    expected["2420"] -= event.credit
    expected["1510"] -= sum(amount for _, _, amount in event.allocations)
    assert {each: amount for each, amount in posted.items() if amount} == {
        each: amount for each, amount in expected.items() if amount
    }


def test_used_credit_notes_and_paid_invoices_are_rows_of_their_own_on_1510() -> None:
    assert payment_voucher(paid([10_000, 2_500, -3_000, -500])) == [
        ("1930", 9_000),
        ("1510", -12_500),
        ("1510", 3_500),
    ]
    assert payment_voucher(paid([700, -700], method="set_off")) == [("1510", -700), ("1510", 700)]


@pytest.mark.parametrize(
    ("event", "rows"),
    [
        (paid([10_000], method="card", fee=150), [("1580", 9_850), ("6040", 150), ("1510", -10_000)]),
        (paid([10_000], fee=2_500), [("1930", 7_500), ("6570", 2_500), ("1510", -10_000)]),
        (paid([10_000], method="cash"), [("1910", 10_000), ("1510", -10_000)]),
        (paid([10_000], difference=37), [("1930", 9_963), ("3740", 37), ("1510", -10_000)]),
        (paid([10_000], difference=-50), [("1930", 10_050), ("3740", -50), ("1510", -10_000)]),
        (paid([10_000], credit=5_000), [("1930", 15_000), ("2420", -5_000), ("1510", -10_000)]),
        (paid([10_000], credit=-10_000, method="set_off"), [("2420", 10_000), ("1510", -10_000)]),
        (paid([], credit=-4_000), [("1930", -4_000), ("2420", 4_000)]),
        (paid([-4_000]), [("1930", -4_000), ("1510", 4_000)]),
        (paid([], credit=4_000), [("1930", 4_000), ("2420", -4_000)]),
    ],
    ids=[
        "a card and what its company kept",
        "a bank and its fee",
        "cash",
        "some öre too little",
        "some öre too much",
        "more than the invoice",
        "credit used",
        "credit paid back",
        "a credit note paid back",
        "on account",
    ],
)
def test_what_a_payment_of_each_kind_posts(event: PaymentRegistered, rows: Amounts) -> None:
    assert payment_voucher(event) == rows


@given(payments)
def test_a_payment_and_its_reversal_cancel_on_every_account(event: PaymentRegistered) -> None:
    voucher = payment_voucher(event)
    reversal = posting.reversed_amounts(voucher)
    check_balance(reversal)
    assert set(by_account(voucher + reversal).values()) <= {0}
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


def kept_payment(event: PaymentRegistered) -> dict[str, Any]:
    """A payment's item, as far as its event goes: a table keeps no None."""
    values = payment_values(event) | {"id": event.payment_id}
    return {name: value for name, value in values.items() if value is not None}


@given(payments)
def test_a_payment_read_from_its_item_is_the_payment(event: PaymentRegistered) -> None:
    assert PaymentRegistered.from_image(kept_payment(event)) == event


@given(payments, st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_reversal_read_from_its_item_is_the_reversal(event: PaymentRegistered, day: date) -> None:
    reversal = PaymentReversed(event, day, "2026-11-24T10:00:00.000Z", "r2")
    image = kept_payment(event) | reversal_values(reversal, "ledger")
    assert PaymentReversed.from_image(image) == reversal
    assert reversal.credit_change == -event.credit_change


def test_the_same_event_has_the_same_id_and_another_has_another() -> None:
    payment = paid([100])
    reversal = PaymentReversed(payment, DAY, "2026-11-23T09:00:00.000Z", "x")
    ids = [issued(row(100)).event_id, payment.event_id, reversal.event_id]
    assert ids == ["invoice/inv_1/issued", "payment/pay_1/registered", "payment/pay_1/reversed"]
