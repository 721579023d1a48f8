from collections import defaultdict
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing.events import InvoiceIssued
from samklang.invoicing.model import InvoiceRow, VatRate, totals
from samklang.ledger import posting
from samklang.ledger.accounts import CHART
from samklang.ledger.model import Amounts, check_accounts, check_balance
from samklang.payments.events import (
    PaymentRegistered,
    PaymentReversed,
    payment_values,
    reversal_values,
)
from tests.unit.test_invoice_totals import RATES, positive_rows, row

DAY = date(2026, 11, 23)
amounts = st.integers(1, 10**12)


def issued(*rows: InvoiceRow) -> InvoiceIssued:
    sums = totals(list(rows))
    return InvoiceIssued(
        company_id="com_1",
        invoice_id="inv_1",
        number=1001,
        ocr="100167",
        customer_id="cus_1",
        customer_name="Kund AB",
        invoice_date=DAY,
        due_date=DAY,
        total=sums.total,
        vat_lines=tuple((line.vat_rate, line.base, line.vat) for line in sums.vat_lines),
        request_id="r",
    )


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
    event = issued(row(100_000), row(50_000, "12"), row(20_000, "6"), row(10_000, "0"))
    assert posting.invoice_amounts(event) == [
        ("1510", 212_200),
        ("3001", -100_000),
        ("2611", -25_000),
        ("3002", -50_000),
        ("2621", -6_000),
        ("3003", -20_000),
        ("2631", -1_200),
        ("3004", -10_000),
    ]


@given(positive_rows)
def test_the_voucher_of_any_invoice_balances_on_accounts_of_the_chart(rows: list[InvoiceRow]) -> None:
    voucher = posting.invoice_amounts(issued(*rows))
    check_balance(voucher)
    check_accounts(voucher)


@given(positive_rows)
def test_any_invoice_puts_its_total_on_1510_and_its_vat_on_output_vat(rows: list[InvoiceRow]) -> None:
    sums = totals(rows)
    posted = by_account(posting.invoice_amounts(issued(*rows)))
    assert posted["1510"] == sums.total
    assert -sum(amount for account, amount in posted.items() if account.startswith("26")) == sums.vat
    assert -sum(amount for account, amount in posted.items() if account.startswith("30")) == sums.net


def test_every_rate_has_accounts_of_the_chart() -> None:
    rates: set[VatRate] = set(RATES)
    assert set(posting.SALES) == rates
    assert set(posting.OUTPUT_VAT) == rates - {"0"}
    assert {*posting.SALES.values(), *posting.OUTPUT_VAT.values()} <= set(CHART)


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
