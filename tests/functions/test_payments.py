from typing import Any

import pytest

from samklang.collaboration import store as collaboration_store
from samklang.platform.dynamo import Item, Transaction
from tests.functions.books import NOW, Firm, Office, cross, stand_at
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "00000000000000000000"
HANDLERS = [("client", CLIENT), ("bureau", STAFF)]


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def open_firm(office: Office, handler: str, *prices: str) -> tuple[Firm, list[Any]]:
    """A firm whose invoices (of these prices, 25 % VAT) have reached the ledger."""
    firm = office.firm(handler=handler)
    customer = firm.customer()
    invoices = [firm.issue(price, customer=customer) for price in prices]
    office.settle()
    return firm, invoices


def credit(firm: Firm, invoice: Any, quantity: str | None = None) -> Any:
    """A credit note of all that is left of an invoice, or of some of its first row."""
    rows = {"rows": [{"row": 0, "quantity": quantity}]} if quantity else {}
    return firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", rows)


def books(firm: Firm) -> tuple[Any, ...]:
    return firm.items("InvoicingTable"), firm.items("LedgerTable")


# ---------------------------------------------------------------- register


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_the_handlers_payment_is_seen_by_both_at_once_and_settles_on_both_sides(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = open_firm(office, handler, "1000.00")
    made = firm.pay("500.00", invoice, user=user, text="Första delen", method="swish")
    assert made.status == 201
    origin = "invoicing" if handler == "client" else "ledger"
    assert (made.body["origin"], made.body["sync"], made.body["credit"]) == (origin, "pending", "0.00")
    listed = {user: firm.ok("GET", "/payments", user=user)["items"] for user in (CLIENT, STAFF)}
    assert [each["payment_id"] for each in listed[CLIENT]] == [made.body["payment_id"]]
    assert listed[CLIENT] == listed[STAFF]
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "750.00"
    assert firm.invoice(invoice)["status"] == "partly_paid"
    assert firm.receivables()["total"] == "750.00"
    payment = firm.ok("GET", f"/payments/{made.body['payment_id']}")
    assert (payment["sync"], payment["ledger"]["status"]) == ("synchronised", "posted")
    assert payment["ledger"]["voucher"]["series"] == "I"
    assert (payment["text"], payment["method"]) == ("Första delen", "swish")
    firm.pay("750.00", invoice, user=user)
    office.settle()
    assert firm.invoice(invoice)["status"] == "paid"
    assert firm.agreement()["agrees"] is True
    assert firm.balances() == {"1510": "0.00", "1930": "1250.00", "2611": "-250.00", "3001": "-1000.00"}


@pytest.mark.parametrize(("handler", "other"), [("client", STAFF), ("bureau", CLIENT)])
def test_the_other_party_is_refused_with_who_handles_payments_and_since_when(
    office: Office, handler: str, other: str
) -> None:
    firm, (invoice,) = open_firm(office, handler, "1000.00")
    before = books(firm)
    answer = firm.pay("500.00", invoice, user=other)
    assert code(answer) == (403, "not-handler")
    assert answer.body["detail"] == f"The {handler} handles payments since 2026-01-01."
    assert code(firm.call("POST", f"/payments/pay_{UNKNOWN}/reverse", {}, other)) == (403, "not-handler")
    assert code(firm.call("POST", "/payment-files", {"filename": "x"}, other)) == (403, "not-handler")
    assert books(firm) == before


def test_after_a_change_of_handler_only_the_new_one_may_and_sees_since_when(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    firm.ok("POST", "/collaboration/payment-handler", {"handler": "bureau", "since": "2026-11-24"}, STAFF)
    assert firm.pay("100.00", invoice).status == 201
    office.settle()
    stand_at(NOW.replace(day=24))
    answer = firm.pay("100.00", invoice)
    assert code(answer) == (403, "not-handler")
    assert answer.body["detail"] == "The bureau handles payments since 2026-11-24."
    assert firm.pay("100.00", invoice, user=STAFF).status == 201
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "1050.00"
    assert firm.agreement()["agrees"] is True


def test_a_handler_changed_in_the_same_moment_refuses_the_payment_and_nothing_is_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    check = collaboration_store.check_handler

    def read_before_the_change(transaction: Transaction, collaboration: Item) -> None:
        check(transaction, collaboration | {"handler_version": collaboration["handler_version"] - 1})

    before = books(firm)
    monkeypatch.setattr(collaboration_store, "check_handler", read_before_the_change)
    assert code(firm.pay("100.00", invoice)) == (409, "handler-changed")
    assert books(firm) == before


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_a_payment_at_fault_is_refused_with_its_reason_and_writes_nothing(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice, second) = open_firm(office, handler, "1000.00", "100.00")
    stranger = firm.issue("10.00", customer=firm.customer("En annan"))
    draft = firm.draft()
    office.settle()
    before = books(firm)
    elsewhere = {"invoice_id": f"inv_{UNKNOWN}"}
    for expected, answer in [
        ((409, "allocation-exceeds"), firm.pay("1250.01", invoice, user=user)),
        ((409, "allocation-exceeds"), firm.pay("2000.00", (invoice, "10.00"), (second, "125.01"), user=user)),
        ((422, "allocations-differ"), firm.pay("100.00", (invoice, "60.00"), (second, "40.01"), user=user)),
        ((422, "validation"), firm.pay("100.00", (invoice, "60.00"), (stranger, "10.00"), user=user)),
        ((422, "validation"), firm.pay("100.00", invoice, user=user, payment_date="2026-11-24")),
        ((422, "validation"), firm.pay("100.00", elsewhere, user=user)),
        ((422, "validation"), firm.pay("100.00", (invoice, "10.00"), (invoice, "20.00"), user=user)),
        ((422, "validation"), firm.pay("0.00", invoice, user=user)),
        ((409, "allocation-exceeds"), firm.pay("-1.00", invoice, user=user)),
        ((422, "validation"), firm.pay("1250.00", invoice, user=user, difference="1.01")),
        ((422, "validation"), firm.pay("1248.99", (invoice, "1250.00"), user=user, difference="1.01")),
        ((422, "allocations-differ"), firm.pay("1249.50", (invoice, "1250.00"), user=user)),
        ((422, "validation"), firm.pay("100.00", invoice, user=user, method="set_off")),
        ((422, "validation"), firm.pay("1.00", user=user, customer_id=f"cus_{UNKNOWN}")),
        ((422, "validation"), firm.pay("100.00", user=user)),
        ((422, "validation"), firm.pay("100.00", invoice, user=user, method="cheque")),
        ((409, "not-issued"), firm.pay("100.00", draft, user=user)),
    ]:
        assert code(answer) == expected, answer.text
    assert "1250.00 remains of invoice 1001" in firm.pay("1250.01", invoice, user=user).body["detail"]
    assert books(firm) == before


def test_what_is_paid_above_the_invoice_is_kept_as_the_customers_credit_on_2420(office: Office) -> None:
    for handler, user in HANDLERS:
        firm, (invoice,) = open_firm(office, handler, "1000.00")
        made = firm.pay("1300.00", (invoice, "1250.00"), user=user).body
        assert made["credit"] == "50.00"
        office.settle()
        balances = firm.balances()
        assert (balances["1930"], balances["2420"], balances["1510"]) == ("1300.00", "-50.00", "0.00")
        assert firm.agreement()["agrees"] is True


def test_one_payment_pays_several_invoices_and_cash_goes_to_1910(office: Office) -> None:
    firm, (first, second) = open_firm(office, "client", "1000.00", "100.00")
    made = firm.pay("1300.00", (first, "1250.00"), (second, "50.00"), method="cash").body
    assert [(each["invoice_number"], each["amount"]) for each in made["allocations"]] == [
        (1001, "1250.00"),
        (1002, "50.00"),
    ]
    office.settle()
    assert [firm.invoice(each)["remaining"] for each in (first, second)] == ["0.00", "75.00"]
    assert firm.balances()["1910"] == "1300.00"
    assert firm.agreement()["agrees"] is True


BY_METHOD = {"bank": "1930", "swish": "1930", "card": "1580", "cash": "1910"}


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_money_goes_to_the_account_of_how_it_was_paid_and_fees_to_theirs(
    office: Office, handler: str, user: str
) -> None:
    firm, invoices = open_firm(office, handler, *["80.00"] * 6)
    for invoice, method in zip(invoices, BY_METHOD, strict=False):
        firm.paid("100.00", invoice, user=user, method=method)
    card, bank = invoices[4:]
    made = firm.paid("98.50", (card, "100.00"), user=user, method="card", fee="1.50")
    assert (made["amount"], made["fee"], made["credit"]) == ("98.50", "1.50", "0.00")
    firm.paid("75.00", (bank, "100.00"), user=user, fee="25.00")
    office.settle()
    assert firm.balances() == {
        "1510": "0.00",
        "1580": "198.50",
        "1910": "100.00",
        "1930": "275.00",
        "2611": "-120.00",
        "3001": "-480.00",
        "6040": "1.50",
        "6570": "25.00",
    }
    assert {firm.invoice(each)["status"] for each in invoices} == {"paid"}
    assert firm.agreement()["agrees"] is True


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_some_oere_too_much_or_too_little_settle_the_invoice_and_are_on_3740(
    office: Office, handler: str, user: str
) -> None:
    firm, (first, second) = open_firm(office, handler, "80.40", "80.40")
    firm.paid("100.00", (first, "100.50"), user=user, difference="0.50")
    office.settle()
    assert firm.balances()["3740"] == "0.50"
    firm.paid("101.00", (second, "100.50"), user=user, difference="-0.50")
    office.settle()
    assert [firm.invoice(each)["status"] for each in (first, second)] == ["paid", "paid"]
    balances = firm.balances()
    assert (balances["3740"], balances["1930"], balances["1510"]) == ("0.00", "201.00", "0.00")
    assert firm.credits() == {}
    assert firm.agreement()["agrees"] is True


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_a_difference_that_settles_nothing_or_comes_with_credit_is_refused(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = open_firm(office, handler, "80.00")
    before = books(firm)
    for answer in (
        firm.pay("49.50", (invoice, "50.00"), user=user, difference="0.50"),
        firm.pay("110.00", (invoice, "100.00"), user=user, difference="-0.50"),
        firm.pay("10.50", user=user, customer_id=invoice["customer_id"], difference="-0.50"),
    ):
        assert code(answer) == (422, "allocations-differ")
    assert books(firm) == before
    firm.paid("99.50", (invoice, "100.00"), user=user, difference="0.50")


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_one_payment_pays_invoices_of_several_customers_and_customer_id_says_whose_it_is(
    office: Office, handler: str, user: str
) -> None:
    firm = office.firm(handler=handler)
    mother, daughter, other = (firm.customer(name) for name in ("Moder AB", "Dotter AB", "Annan AB"))
    first, second = firm.issue("80.00", customer=mother), firm.issue("160.00", customer=daughter)
    office.settle()
    spread = (first, "100.00"), (second, "200.00")
    refused = firm.pay("330.00", *spread, user=user)
    assert code(refused) == (422, "validation")
    assert [each["pointer"] for each in refused.body["errors"]] == ["/customer_id"]
    assert "say whose payment it is" in refused.body["detail"]
    firm.paid("330.00", *spread, user=user, customer_id=mother)
    firm.paid("10.00", user=user, customer_id=other)
    office.settle()
    assert [firm.invoice(each)["status"] for each in (first, second)] == ["paid", "paid"]
    assert firm.credits() == {mother: ("30.00", "synchronised"), other: ("10.00", "synchronised")}
    assert firm.agreement()["agrees"] is True


def test_a_customer_may_pay_what_is_anothers(office: Office) -> None:
    firm = office.firm()
    mother, daughter = firm.customer("Moder AB"), firm.customer("Dotter AB")
    invoice = firm.issue("80.00", customer=daughter)
    made = firm.paid("120.00", (invoice, "100.00"), customer_id=mother)
    assert made["customer_id"] == mother
    assert firm.credits() == {mother: ("20.00", "pending")}


def test_more_than_forty_invoices_in_one_payment_are_refused(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    others = [({"invoice_id": f"inv_{place:020}"}, "1.00") for place in range(40)]
    assert "/allocations" in firm.pay("50.00", (invoice, "1.00"), *others).text


def test_the_client_may_correct_a_payment_before_the_ledger_has_heard_of_it(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    wrong = firm.pay("900.00", invoice).body["payment_id"]
    office.settle()
    firm.ok("POST", f"/payments/{wrong}/reverse", {})
    assert firm.pay("1000.00", invoice).status == 201
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_the_bureau_cannot_pay_what_has_not_reached_its_ledger(office: Office) -> None:
    firm = office.firm(handler="bureau")
    assert code(firm.pay("100.00", firm.issue(), user=STAFF)) == (409, "invoice-not-posted")


def test_the_bureaus_payment_follows_the_rules_of_its_books(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "bureau", "1000.00")
    firm.close_books_until("2026-10-31")
    closed = firm.pay("100.00", invoice, user=STAFF, payment_date="2026-10-31")
    assert code(closed) == (409, "closed-period")
    outside = firm.pay("100.00", invoice, user=STAFF, payment_date="2025-12-31")
    assert code(outside) == (409, "outside-fiscal-year")
    assert firm.pay("100.00", invoice, user=STAFF, payment_date="2026-11-01").status == 201


def test_a_payment_sent_twice_under_its_key_is_one_payment(office: Office) -> None:
    for handler, user in HANDLERS:
        firm, (invoice,) = open_firm(office, handler, "1000.00")
        key = {"Idempotency-Key": "pay-1"}
        given = firm.payment_of("100.00", invoice)
        first, again = (firm.call("POST", "/payments", given, user, key) for _ in range(2))
        assert (again.status, again.text) == (201, first.text)
        assert again.headers["Idempotent-Replayed"] == "true"
        other = firm.call("POST", "/payments", given | {"amount": "101.00"}, user, key)
        assert code(other) == (422, "idempotency-key-reused")
        office.settle()
        assert firm.invoice(invoice)["remaining"] == "1150.00"
        assert len(firm.ok("GET", "/payments")["items"]) == 1


# ---------------------------------------------------------------- credit notes


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_what_a_credit_note_leaves_of_an_invoice_is_all_that_can_be_paid(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice, whole) = open_firm(office, handler, "1000.00", "100.00")
    credit(firm, invoice, "0.4")
    credit(firm, whole)
    office.settle()
    more = firm.pay("750.01", invoice, user=user)
    assert code(more) == (409, "allocation-exceeds")
    assert "750.00 remains of invoice 1001" in more.body["detail"]
    nothing = firm.pay("0.01", whole, user=user)
    assert code(nothing) == (409, "allocation-exceeds")
    assert "Nothing remains of invoice 1002" in nothing.body["detail"]
    assert firm.pay("750.00", invoice, user=user).status == 201
    office.settle()
    seen = firm.invoice(invoice)
    assert (seen["remaining"], seen["paid"], seen["credited"]) == ("0.00", "750.00", "500.00")
    assert firm.receivables()["items"] == []
    assert firm.agreement()["agrees"] is True


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_a_payment_cannot_be_allocated_to_a_credit_note(office: Office, handler: str, user: str) -> None:
    firm, (paid, other) = open_firm(office, handler, "1000.00", "100.00")
    firm.pay("1250.00", paid, user=user)
    office.settle()
    note = credit(firm, paid)
    office.settle()
    before = books(firm)
    answer = firm.pay("150.00", (other, "100.00"), (note, "50.00"), user=user)
    assert code(answer) == (422, "validation")
    assert [each["pointer"] for each in answer.body["errors"]] == ["/allocations/1/amount"]
    assert f"{note['number']} is a credit note" in answer.body["errors"][0]["message"]
    assert books(firm) == before


def test_the_bureau_waits_for_a_credit_note_that_has_not_reached_its_ledger(office: Office) -> None:
    firm, (invoice, other) = open_firm(office, "bureau", "1000.00", "100.00")
    credit(firm, invoice, "0.4")
    for amount in ("1250.00", "1.00"):
        answer = firm.pay(amount, invoice, user=STAFF)
        assert code(answer) == (409, "not-synchronised")
        assert "A credit note of invoice 1001 has not reached the ledger yet" in answer.body["detail"]
    assert firm.pay("125.00", other, user=STAFF).status == 201
    office.settle()
    assert code(firm.pay("1250.00", invoice, user=STAFF)) == (409, "allocation-exceeds")
    assert firm.pay("750.00", invoice, user=STAFF).status == 201
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_a_payment_of_the_bureau_on_its_way_does_not_hide_a_credit_note_as_large_on_its_way(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, (invoice,) = open_firm(office, "bureau", "1000.00")
    paid = cross(monkeypatch, lambda: firm.pay("500.00", invoice, user=STAFF))
    credit(firm, invoice, "0.4")
    assert [each.status for each in paid] == [201]
    here, there = firm.invoice(invoice)["remaining"], firm.receivables()["items"][0]["remaining"]
    assert here == there == "750.00"
    assert code(firm.pay("750.00", invoice, user=STAFF)) == (409, "not-synchronised")
    office.settle()
    assert firm.pay("250.00", invoice, user=STAFF).status == 201
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_the_clients_own_credit_note_on_its_way_is_no_hindrance_to_the_client(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    credit(firm, invoice, "0.4")
    assert code(firm.pay("750.01", invoice)) == (409, "allocation-exceeds")
    assert firm.pay("500.00", invoice).status == 201
    credit(firm, invoice, "0.1")
    assert firm.pay("125.00", invoice).status == 201
    office.settle()
    assert firm.receivables()["items"] == []
    assert firm.agreement()["agrees"] is True


def test_a_credit_note_of_a_paid_invoice_settles_nothing_and_hinders_nobody(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "bureau", "1000.00")
    firm.pay("1000.00", invoice, user=STAFF)
    office.settle()
    note = credit(firm, invoice, "0.4")
    for settled in (False, True):
        if settled:
            office.settle()
        seen = firm.invoice(invoice)
        assert (seen["remaining"], seen["credited"], seen["paid"]) == ("0.00", "500.00", "1000.00")
        assert firm.invoice(note)["remaining"] == "-250.00"
    assert code(firm.pay("1.00", invoice, user=STAFF)) == (409, "allocation-exceeds")
    assert {each["invoice_number"]: each["remaining"] for each in firm.receivables()["items"]} == {
        note["number"]: "-250.00"
    }
    assert firm.agreement()["agrees"] is True


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_a_payment_taken_back_after_its_invoice_was_credited_is_owed_again(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = open_firm(office, handler, "1000.00")
    payment = firm.pay("1250.00", invoice, user=user).body["payment_id"]
    office.settle()
    note = credit(firm, invoice, "0.4")
    firm.ok("POST", f"/payments/{payment}/reverse", {}, user)
    office.settle()
    assert [firm.invoice(each)["remaining"] for each in (invoice, note)] == ["1250.00", "-500.00"]
    assert firm.receivables()["total"] == "750.00"
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- reverse


@pytest.mark.parametrize(("handler", "user"), HANDLERS)
def test_a_reversed_payment_puts_everything_back_on_both_sides(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = open_firm(office, handler, "1000.00")
    made = firm.pay("1300.00", (invoice, "1250.00"), user=user).body
    path = f"/payments/{made['payment_id']}"
    office.settle()
    before = firm.call("POST", f"{path}/reverse", {"date": "2026-11-22"}, user)
    assert code(before) == (422, "validation")
    reversed_now = firm.call("POST", f"{path}/reverse", {}, user)
    assert reversed_now.status == 200
    assert (reversed_now.body["reversal"]["date"], reversed_now.body["sync"]) == ("2026-11-23", "pending")
    assert firm.ok("GET", path, user=STAFF) == firm.ok("GET", path, user=CLIENT)
    assert code(firm.call("POST", f"{path}/reverse", {}, user)) == (409, "already-reversed")
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "1250.00"
    assert firm.invoice(invoice)["status"] == "issued"
    assert firm.balances() == {
        "1510": "1250.00",
        "1930": "0.00",
        "2420": "0.00",
        "2611": "-250.00",
        "3001": "-1000.00",
    }
    assert firm.agreement()["agrees"] is True
    assert firm.ok("GET", path)["sync"] == "synchronised"
    assert code(firm.call("POST", f"{path}/reverse", {}, user)) == (409, "already-reversed")
    assert code(firm.call("POST", f"/payments/pay_{UNKNOWN}/reverse", {}, user)) == (404, "not-found")


@pytest.mark.parametrize(("first", "then"), [("client", "bureau"), ("bureau", "client")])
def test_todays_handler_takes_back_what_yesterdays_registered_once_both_sides_have_it(
    office: Office, first: str, then: str
) -> None:
    users = dict(HANDLERS)
    firm, (invoice,) = open_firm(office, first, "1000.00")
    payment = firm.pay("1250.00", invoice, user=users[first]).body["payment_id"]
    firm.ok("POST", "/collaboration/payment-handler", {"handler": then})
    reverse = f"/payments/{payment}/reverse"
    assert code(firm.call("POST", reverse, {}, users[then])) == (409, "not-synchronised")
    office.settle()
    assert firm.call("POST", reverse, {}, users[then]).status == 200
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "1250.00"
    assert firm.receivables()["total"] == "1250.00"
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- lists


def test_payments_of_both_books_are_listed_newest_first_each_once_page_by_page(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    made = [firm.pay("1.00", invoice).body["payment_id"] for _ in range(2)]
    office.settle()
    firm.ok("POST", "/collaboration/payment-handler", {"handler": "bureau"})
    made += [firm.pay("2.00", invoice, user=STAFF).body["payment_id"] for _ in range(2)]
    listed, cursor = [], ""
    while cursor is not None:
        page = firm.ok("GET", "/payments?limit=3" + (f"&cursor={cursor}" if cursor else ""))
        listed += [(each["payment_id"], each["sync"]) for each in page["items"]]
        cursor = page["next"]
    assert listed == [
        (made[3], "pending"),
        (made[2], "pending"),
        (made[1], "synchronised"),
        (made[0], "synchronised"),
    ]
    for wrong in ("abc", "cGF5XzE=", "8J-Ysg=="):
        assert code(firm.call("GET", f"/payments?cursor={wrong}")) == (400, "cursor-invalid")


def test_a_payment_that_the_books_refuse_says_so_to_both(office: Office) -> None:
    firm, (invoice,) = open_firm(office, "client", "1000.00")
    made = firm.pay("10.00", invoice, payment_date="2025-12-30").body
    office.settle()
    for user in (CLIENT, STAFF):
        ledger = firm.ok("GET", f"/payments/{made['payment_id']}", user=user)["ledger"]
        assert ledger["status"] == "parked"
        assert "No fiscal year has 2025-12-30" in ledger["reason"]
        assert firm.ok("GET", "/payments", user=user)["items"][0]["ledger"] == ledger
