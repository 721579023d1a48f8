"""Books by the cash method: sale and VAT are posted when the money comes, and come to the sale exactly."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from samklang.platform.money import format_sek, parse_sek
from tests.functions.books import Firm, Office, cross
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

HANDLERS = [("client", CLIENT), ("bureau", STAFF)]
by_either_party = pytest.mark.parametrize(("handler", "user"), HANDLERS)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def cash_firm(office: Office, handler: str = "client") -> Firm:
    return office.firm(handler=handler, method="cash")


def issue_mixed(firm: Firm, customer: str | None = None, **values: Any) -> Any:
    """An invoice of 100.00 at 25 % and 100.00 at 12 %: 237.00."""
    rows = [
        {"description": "Arbete", "unit_price": "100.00", "vat_rate": "25"},
        {"description": "Mat", "unit_price": "100.00", "vat_rate": "12"},
    ]
    given_values = {"customer_id": customer or firm.customer(), "rows": rows, **values}
    draft = firm.ok("POST", "/invoices", given_values)
    issued = firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    firm.office.settle()
    return issued


def moved(firm: Firm, query: str = "") -> dict[str, str]:
    """What accounts hold, those with nothing left out."""
    return {account: amount for account, amount in firm.balances(query).items() if amount != "0.00"}


def agrees(firm: Firm) -> None:
    """Nothing is parked, both books have the same open items, and they say that they agree."""
    firm.office.settle()
    assert firm.ok("GET", "/ledger/parked")["items"] == []
    there = {each["invoice_number"]: each["remaining"] for each in firm.receivables()["items"]}
    here = {each["number"]: each["remaining"] for each in firm.listed("/invoices") if each["number"]}
    assert {number: left for number, left in here.items() if left != "0.00"} == there
    assert moved(firm).get("1510") is None
    agreement = firm.agreement()
    assert agreement["agrees"] is True, agreement


# ---------------------------------------------------------------- issue and payment


def test_an_issued_invoice_opens_its_item_and_posts_nothing_until_it_is_paid(office: Office) -> None:
    firm = cash_firm(office)
    invoice = issue_mixed(firm)
    assert firm.vouchers() == []
    assert firm.invoice(invoice)["ledger"] == {"status": "posted", "voucher": None, "reason": None}
    (item,) = firm.receivables()["items"]
    assert (item["invoice_number"], item["remaining"], item["total"]) == (1001, "237.00", "237.00")
    agrees(firm)


@by_either_party
def test_each_payment_posts_its_share_of_revenue_and_vat_of_each_rate_on_its_own_day(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    invoice = issue_mixed(firm, invoice_date="2026-08-01")
    firm.paid("118.50", invoice, user=user, payment_date="2026-09-30")
    office.settle()
    half = {"1930": "118.50", "2611": "-12.50", "2621": "-6.00", "3001": "-50.00", "3002": "-50.00"}
    assert moved(firm, "?to=2026-09-29") == {}
    assert moved(firm, "?to=2026-09-30") == half
    last = firm.paid("118.50", invoice, user=user, payment_date="2026-10-15")
    office.settle()
    voucher = firm.ok("GET", f"/payments/{last['payment_id']}")["ledger"]["voucher"]
    assert (voucher["series"], voucher["number"], voucher["date"]) == ("I", 2, "2026-10-15")
    assert moved(firm) == {
        "1930": "237.00",
        "2611": "-25.00",
        "2621": "-12.00",
        "3001": "-100.00",
        "3002": "-100.00",
    }
    assert {each["series"] for each in firm.vouchers()} == {"I"}
    assert firm.invoice(invoice)["status"] == "paid"
    agrees(firm)


def test_any_split_of_any_invoice_comes_to_its_sale_to_the_oere_on_every_account(office: Office) -> None:
    price = st.integers(1, 100_000)
    row = st.tuples(price, st.sampled_from(["25", "12", "6", "0"]))

    @settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(row, min_size=1, max_size=4), st.booleans(), st.data())
    def live(prices: list[tuple[int, str]], rounded: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn by hypothesis
        firm, by_invoice = cash_firm(office), office.firm()
        for each in (firm, by_invoice):
            rows = [
                {"description": "Rad", "unit_price": format_sek(amount), "vat_rate": rate}
                for amount, rate in prices
            ]
            given_values = {"customer_id": each.customer(), "rows": rows, "round_to_krona": rounded}
            draft = each.ok("POST", "/invoices", given_values)
            invoice = each.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
        total = parse_sek(invoice["total"])
        assume(total)
        office.settle()
        (item,) = firm.receivables()["items"]
        left = total
        while left:
            amount = data.draw(st.integers(min(left, max(1, total // 4)), left))
            firm.paid(format_sek(amount), {"invoice_id": item["invoice_id"]})
            left -= amount
        office.settle()
        # By the invoice method all of it is posted at once: sale and VAT must be the same in the end.
        expected = {account: sum_ for account, sum_ in moved(by_invoice).items() if account != "1510"}
        paid = {account: sum_ for account, sum_ in moved(firm).items() if account != "1930"}
        assert paid == expected
        assert moved(firm)["1930"] == invoice["total"]

    live()


@by_either_party
def test_fees_and_oere_come_off_the_money_and_not_off_the_sale(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    invoice = issue_mixed(firm)
    firm.paid("234.60", (invoice, "237.00"), user=user, method="card", fee="2.00", difference="0.40")
    office.settle()
    assert moved(firm) == {
        "1580": "234.60",
        "2611": "-25.00",
        "2621": "-12.00",
        "3001": "-100.00",
        "3002": "-100.00",
        "3740": "0.40",
        "6040": "2.00",
    }
    agrees(firm)


@by_either_party
def test_the_last_payment_taken_back_posts_exactly_the_opposite_of_what_it_posted(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    invoice = issue_mixed(firm)
    firm.paid("33.33", invoice, user=user)
    payment = firm.paid("44.44", invoice, user=user)
    office.settle()
    assert firm.take_back(payment, user).status == 200
    office.settle()
    _, last, back = firm.vouchers()
    assert back["rows"] == [{**row, "debit": row["credit"], "credit": row["debit"]} for row in last["rows"]]
    assert back["text"] == f"Rättelse av I 2: {last['text']}"
    firm.paid("203.67", invoice, user=user)
    office.settle()
    assert moved(firm) == {
        "1930": "237.00",
        "2611": "-25.00",
        "2621": "-12.00",
        "3001": "-100.00",
        "3002": "-100.00",
    }
    agrees(firm)


def test_an_invoice_whose_period_was_closed_is_opened_and_its_payment_in_an_open_one_posted(
    office: Office,
) -> None:
    firm = cash_firm(office)
    invoice = firm.issue("80.00", invoice_date="2026-10-01")
    other = firm.issue("80.00")
    firm.close_books_until("2026-10-31")
    office.settle()
    assert firm.invoice(invoice)["ledger"]["status"] == "posted"
    firm.paid("100.00", invoice, payment_date="2026-11-01")
    agrees(firm)
    firm.close_books_until("2026-11-30")
    firm.paid("100.00", other)
    office.settle()
    (waiting,) = firm.ok("GET", "/ledger/parked")["items"]
    assert waiting["code"] == "closed-period"


# ---------------------------------------------------------------- credit notes


def test_an_unpaid_invoice_credited_whole_never_posts_anything(office: Office) -> None:
    firm = cash_firm(office)
    invoice = issue_mixed(firm)
    firm.credited(invoice)
    agrees(firm)
    assert firm.vouchers() == []
    assert firm.receivables()["items"] == []


@by_either_party
@pytest.mark.parametrize("when", ["before", "between"])
def test_what_is_left_after_a_credit_note_of_one_rate_is_posted_whole_by_the_payments(
    office: Office, handler: str, user: str, when: str
) -> None:
    firm = cash_firm(office, handler)
    invoice = issue_mixed(firm)
    if when == "between":
        firm.paid("100.00", invoice, user=user)
        office.settle()
    firm.credited(invoice, (0, None))
    office.settle()
    if when == "before":
        firm.paid("100.00", invoice, user=user)
    firm.paid("12.00", invoice, user=user)
    agrees(firm)
    assert moved(firm) == {"1930": "112.00", "2621": "-12.00", "3002": "-100.00"}


def test_a_credit_note_that_settles_all_that_was_left_leaves_the_vat_of_what_was_not_credited(
    office: Office,
) -> None:
    firm = cash_firm(office)
    invoice = issue_mixed(firm)
    firm.paid("112.00", invoice)
    office.settle()
    firm.credited(invoice, (0, None))
    agrees(firm)
    assert firm.invoice(invoice)["remaining"] == "0.00"
    assert moved(firm) == {"1930": "112.00", "2621": "-12.00", "3002": "-100.00"}


@by_either_party
def test_a_credit_note_of_a_paid_invoice_takes_sale_and_vat_back_on_the_day_it_is_paid_back(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    invoice = issue_mixed(firm)
    firm.paid("237.00", invoice, user=user, payment_date="2026-10-01")
    office.settle()
    note = firm.credited(invoice, (1, None))
    office.settle()
    assert moved(firm)["2621"] == "-12.00"
    part = firm.paid("-50.00", note, user=user, payment_date="2026-11-01")
    firm.paid("-62.00", note, user=user)
    agrees(firm)
    assert moved(firm) == {"1930": "125.00", "2611": "-25.00", "3001": "-100.00"}
    assert moved(firm, "?to=2026-10-31")["2621"] == "-12.00"
    assert firm.take_back(part, user).status == 200
    office.settle()
    firm.paid("-50.00", note, user=user)
    agrees(firm)
    assert moved(firm) == {"1930": "125.00", "2611": "-25.00", "3001": "-100.00"}


@by_either_party
def test_a_credit_note_set_off_against_another_invoice_posts_both_and_no_money(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    customer = firm.customer()
    paid, other = issue_mixed(firm, customer), issue_mixed(firm, customer)
    firm.paid("237.00", paid, user=user)
    office.settle()
    note = firm.credited(paid, (1, None))
    office.settle()
    assert firm.set_off((other, "112.00"), (note, "-112.00"), user=user).status == 201
    office.settle()
    voucher = firm.vouchers()[-1]
    assert voucher["text"] == "Kvittning, Kund AB, faktura 1002, kreditfaktura 1003"
    assert {row["account"] for row in voucher["rows"]} == {"2611", "2621", "3001", "3002"}
    firm.paid("125.00", other, user=user)
    agrees(firm)
    assert moved(firm) == {
        "1930": "362.00",
        "2611": "-50.00",
        "2621": "-12.00",
        "3001": "-200.00",
        "3002": "-100.00",
    }


@by_either_party
def test_a_payment_taken_back_after_a_full_credit_leaves_two_items_that_a_set_off_closes_on_every_account(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    invoice = issue_mixed(firm)
    payment = firm.paid("237.00", invoice, user=user)
    office.settle()
    note = firm.credited(invoice)
    office.settle()
    assert firm.take_back(payment, user).status == 200
    office.settle()
    assert firm.set_off((invoice, "237.00"), (note, "-237.00"), user=user).status == 201
    agrees(firm)
    assert moved(firm) == {}


def test_a_payment_parked_while_its_invoice_was_credited_whole_is_posted_when_the_period_opens_again(
    office: Office,
) -> None:
    firm = cash_firm(office)
    invoice = issue_mixed(firm, invoice_date="2026-10-01")
    firm.close_books_until("2026-10-31")
    payment = firm.paid("237.00", invoice, payment_date="2026-10-15")
    assert firm.take_back(payment).status == 200
    firm.credited(invoice)
    office.settle()
    waiting = {each["event"].rpartition("/")[2]: each for each in firm.ok("GET", "/ledger/parked")["items"]}
    assert set(waiting) == {"registered", "reversed"}
    firm.close_books_until("2026-09-30")
    firm.ok("POST", f"/ledger/parked/{waiting['registered']['parked_id']}/retry", None, STAFF)
    agrees(firm)
    assert moved(firm) == {}


def test_a_payment_of_the_bureau_and_a_credit_note_that_cross_are_paid_back_from_the_invoice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = cash_firm(office, "bureau")
    invoice = issue_mixed(firm)
    cross(monkeypatch, lambda: firm.paid("237.00", invoice, user=STAFF))
    firm.credited(invoice)
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "-237.00"
    firm.paid("-237.00", invoice, user=STAFF)
    agrees(firm)
    assert moved(firm) == {}


# ---------------------------------------------------------------- customers' credit


@by_either_party
def test_what_is_paid_too_much_is_a_debt_and_becomes_a_sale_when_it_pays_an_invoice(
    office: Office, handler: str, user: str
) -> None:
    firm = cash_firm(office, handler)
    customer = firm.customer()
    invoice = issue_mixed(firm, customer)
    firm.paid("300.00", (invoice, "237.00"), user=user)
    office.settle()
    assert moved(firm)["2420"] == "-63.00"
    later = issue_mixed(firm, customer)
    before = moved(firm)
    assert firm.set_off((later, "63.00"), user=user, use_credit="63.00").status == 201
    agrees(firm)
    after = moved(firm)
    assert after.get("2420") is None
    assert after["1930"] == before["1930"]
    assert firm.receivables()["total"] == "174.00"
    gone = sum(parse_sek(after[each]) - parse_sek(before[each]) for each in ("2611", "2621", "3001", "3002"))
    assert gone == -6_300


def test_the_vat_posted_is_that_of_what_is_paid(office: Office) -> None:
    firm = cash_firm(office)
    prices = [("25", "80.00"), ("12", "50.00"), ("6", "100.00")]
    invoices = [firm.issue(price, rate=rate) for rate, price in prices]
    office.settle()
    for invoice, part in zip(invoices, ("100.00", "28.00", "53.00"), strict=True):
        firm.paid(part, invoice)
    agrees(firm)
    found = moved(firm)
    assert (found["2611"], found["2621"], found["2631"]) == ("-20.00", "-3.00", "-3.00")


# ---------------------------------------------------------------- the stream


def test_events_delivered_twice_post_once(office: Office) -> None:
    firm = cash_firm(office)
    customer = firm.customer()
    draft = firm.draft("100.00", customer=customer)
    invoice = firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    payment = firm.paid("100.00", invoice)
    firm.take_back(payment)
    firm.paid("75.00", invoice)
    firm.credited(invoice, (0, "0.4"))
    batch = office.news("ledger_sync")
    assert office.deliver("ledger_sync", [each for record in batch for each in (record, record)]) == []
    before = firm.items("LedgerTable")
    for again in (batch, batch[::-1], batch[2:]):
        assert office.deliver("ledger_sync", again) == []
        assert firm.items("LedgerTable") == before
    agrees(firm)
    assert moved(firm) == {"1930": "75.00", "2611": "-15.00", "3001": "-60.00"}
