from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samklang.platform.money import format_sek, parse_sek
from tests.functions.books import TODAY, Firm, Office, image
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def credit(firm: Firm, invoice: Any, quantity: str | None = None, **values: Any) -> Any:
    """A credit note of all that is left of an invoice, or of some of its first row."""
    rows = {"rows": [{"row": 0, "quantity": quantity}]} if quantity else {}
    return firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", rows | values)


# ---------------------------------------------------------------- vouchers by hand


def test_the_bureaus_vouchers_are_numbered_from_1_and_read_by_both(office: Office) -> None:
    firm = office.firm()
    made = [firm.voucher("1930", "2893", amount).body for amount in ("100.00", "0.01")]
    assert [(each["series"], each["number"], each["voucher_id"]) for each in made] == [
        ("A", 1, "2026-11-23.A.1"),
        ("A", 2, "2026-11-23.A.2"),
    ]
    rows = [{name: row[name] for name in ("account", "debit", "credit")} for row in made[0]["rows"]]
    assert rows == [
        {"account": "1930", "debit": "100.00", "credit": "0.00"},
        {"account": "2893", "debit": "0.00", "credit": "100.00"},
    ]
    for user in (CLIENT, STAFF):
        assert firm.ok("GET", "/ledger/vouchers/2026-11-23.A.2", user=user) == made[1]
    assert firm.vouchers() == made
    assert code(firm.voucher("1930", "2893", "1.00", user=CLIENT)) == (403, "not-allowed")


def test_a_voucher_at_fault_is_refused_with_its_reason_and_takes_no_number(office: Office) -> None:
    firm = office.firm()
    firm.close_books_until("2026-06-30")
    rows = [{"account": "1930", "debit": "100.00"}, {"account": "3001", "credit": "99.00"}]
    given_voucher = {"date": "2026-11-23", "text": "Skev", "rows": rows}
    unbalanced = firm.call("POST", "/ledger/vouchers", given_voucher, STAFF)
    assert code(unbalanced) == (422, "unbalanced")
    assert "1.00 too much on the debit side" in unbalanced.body["detail"]
    unknown = firm.voucher("1930", "1234", "1.00")
    assert code(unknown) == (422, "unknown-account")
    assert [each["pointer"] for each in unknown.body["errors"]] == ["/rows/1/account"]
    assert code(firm.voucher("1930", "3001", "1.00", "2026-06-30")) == (409, "closed-period")
    assert code(firm.voucher("1930", "3001", "1.00", "2025-12-31")) == (409, "outside-fiscal-year")
    control = firm.voucher("1510", "3001", "1.00")
    assert code(control) == (422, "control-account")
    assert [each["pointer"] for each in control.body["errors"]] == ["/rows/0/account"]
    numbers = {"rows": [{"account": "1930", "debit": 100}, {"account": "3001", "credit": 1.5}]}
    answer = firm.call("POST", "/ledger/vouchers", given_voucher | numbers, STAFF)
    assert {each["pointer"] for each in answer.body["errors"]} == {"/rows/0/debit", "/rows/1/credit"}
    assert firm.vouchers() == []
    assert firm.voucher("1930", "3001", "1.00", "2026-07-01").body["number"] == 1


def test_a_voucher_sent_twice_under_its_key_is_one_voucher(office: Office) -> None:
    firm = office.firm()
    rows = [{"account": "1930", "debit": "1.00"}, {"account": "3001", "credit": "1.00"}]
    given_voucher = {"date": "2026-11-23", "text": "En gång", "rows": rows}
    key = {"Idempotency-Key": "v1"}
    first, again = (firm.call("POST", "/ledger/vouchers", given_voucher, STAFF, key) for _ in range(2))
    assert (first.status, again.text) == (201, first.text)
    assert firm.balances() == {"1930": "1.00", "3001": "-1.00"}


def test_vouchers_are_listed_by_date_from_day_to_day_page_by_page(office: Office) -> None:
    firm = office.firm()
    days = ["2026-02-28", "2026-01-31", "2026-02-01", "2026-03-01"]
    for day in days:
        firm.voucher("1930", "2893", "1.00", day)
    assert [each["date"] for each in firm.vouchers()] == sorted(days)
    assert [
        each["date"] for each in firm.ok("GET", "/ledger/vouchers?from=2026-02-01&to=2026-02-28")["items"]
    ] == [
        "2026-02-01",
        "2026-02-28",
    ]
    first = firm.ok("GET", "/ledger/vouchers?limit=3")
    rest = firm.ok("GET", f"/ledger/vouchers?limit=3&cursor={first['next']}")
    assert [each["date"] for each in first["items"] + rest["items"]] == sorted(days)
    assert rest["next"] is None
    for path in ("/ledger/vouchers?from=2026-02-30", "/ledger/vouchers?to=x", "/ledger/vouchers/42"):
        assert firm.call("GET", path).status == 422
    for identifier in ("2026-11-23.A.1", "2026-02-31.A.1", "2026-02-28.K.1", "2026-02-28.A.99999999"):
        assert code(firm.call("GET", f"/ledger/vouchers/{identifier}")) == (404, "not-found")


def test_the_chart_of_accounts_has_each_account_once_with_its_name(office: Office) -> None:
    items = office.firm().ok("GET", "/ledger/accounts")["items"]
    assert {
        "account": "1510",
        "name": "Kundfordringar",
        "kind": "asset",
        "vat_box": None,
        "active": True,
    } in items
    assert len({each["account"] for each in items}) == len(items)
    boxes = {each["account"]: each["vat_box"] for each in items if each["vat_box"]}
    assert (boxes["3001"], boxes["3108"], boxes["2611"], boxes["2641"]) == ("05", "35", "10", "48")


# ---------------------------------------------------------------- balances


def _posted(firm: Firm) -> list[tuple[date, list[tuple[str, int]]]]:
    return [
        (
            date.fromisoformat(each["date"]),
            [(row["account"], parse_sek(row["debit"]) - parse_sek(row["credit"])) for row in each["rows"]],
        )
        for each in firm.vouchers()
    ]


def test_balances_of_any_days_equal_the_vouchers_added_up_one_by_one(office: Office) -> None:
    firm = office.firm()
    days = ["2026-01-01", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-15", "2026-07-01", "2026-12-31"]
    for place, day in enumerate(days):
        firm.voucher("1930", ["2893", "3990", "5010"][place % 3], format_sek(10**place + 7), day)
    vouchers = _posted(firm)
    edges = [date(2026, month, day) for month in (1, 2, 3, 7, 12) for day in (1, 2, 15, 27)]
    edges += [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28), date(2026, 12, 31), date(2027, 1, 1)]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from([None, *edges]), st.sampled_from([None, *edges]))
    def compare(first: date | None, last: date | None) -> None:
        query = "&".join(f"{name}={day}" for name, day in (("from", first), ("to", last)) if day)
        if first and last and first > last:
            assert code(firm.call("GET", f"/ledger/balances?{query}")) == (422, "validation")
            return
        opening: dict[str, int] = defaultdict(int)
        change: dict[str, int] = defaultdict(int)
        # Without a first day it begins with the fiscal year; income and costs always do.
        start = first or date(max((last or TODAY).year, 2026), 1, 1)
        for day, rows in vouchers:
            for account, amount in rows:
                if day < start:
                    opening[account] += amount if account[0] in "12" or day.year == start.year else 0
                elif last is None or day <= last:
                    change[account] += amount
        found = {
            each["account"]: (each["opening"], each["change"], each["closing"])
            for each in firm.ok("GET", f"/ledger/balances?{query}")["items"]
        }
        assert found == {
            account: tuple(
                map(format_sek, (opening[account], change[account], opening[account] + change[account]))
            )
            for account in {*(each for each in opening if opening[each]), *change}
        }

    compare()


# ---------------------------------------------------------------- receivables


def test_receivables_of_a_past_day_are_what_was_open_then_and_equal_account_1510(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()

    def issued(day: str, price: str) -> Any:
        return firm.issue(price, customer=customer, rate="0", invoice_date=day)

    first, second = issued("2026-01-10", "100.00"), issued("2026-02-10", "200.00")
    firm.pay("40.00", first, payment_date="2026-01-20")
    whole = firm.pay("200.00", second, payment_date="2026-03-10").body
    firm.pay("60.00", first, payment_date="2026-04-01")
    office.settle()
    firm.ok("POST", f"/payments/{whole['payment_id']}/reverse", {"date": "2026-05-01"})
    later = issued("2026-12-24", "300.00")
    office.settle()
    expected = {
        "2026-01-09": {},
        "2026-01-10": {1001: "100.00"},
        "2026-01-20": {1001: "60.00"},
        "2026-02-10": {1001: "60.00", 1002: "200.00"},
        "2026-03-10": {1001: "60.00"},
        "2026-03-31": {1001: "60.00"},
        "2026-04-01": {},
        "2026-04-30": {},
        "2026-05-01": {1002: "200.00"},
        TODAY.isoformat(): {1002: "200.00"},
        "2026-12-24": {1002: "200.00", later["number"]: "300.00"},
    }
    for day, items in expected.items():
        found = firm.receivables(f"?as_of={day}")
        assert {each["invoice_number"]: each["remaining"] for each in found["items"]} == items, day
        assert found["total"] == found["account_1510"] == format_sek(sum(map(parse_sek, items.values()))), day
    assert firm.receivables() == firm.receivables(f"?as_of={TODAY}")
    (item,) = firm.receivables("?as_of=2026-03-31")["items"]
    assert (item["age"], item["due_date"], item["customer"], item["total"]) == (
        50,
        "2026-02-09",
        "Kund AB",
        "100.00",
    )


def test_receivables_equal_account_1510_also_between_an_early_payment_and_its_invoice(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00", rate="0", invoice_date="2026-11-20")
    assert firm.pay("100.00", invoice, payment_date="2026-11-10").status == 201
    office.settle()
    assert firm.agreement()["agrees"] is True
    for day in (date(2026, 11, 9) + timedelta(days=each) for each in range(14)):
        found = firm.receivables(f"?as_of={day}")
        assert found["total"] == found["account_1510"], day


def test_credit_notes_are_in_the_aged_list_below_zero_and_any_days_list_equals_account_1510(
    office: Office,
) -> None:
    firm = office.firm()
    customer = firm.customer()

    def issued(day: str, price: str) -> Any:
        return firm.issue(price, customer=customer, rate="0", invoice_date=day)

    open_, paid = issued("2026-01-10", "100.00"), issued("2026-02-10", "200.00")
    firm.pay("200.00", paid, payment_date="2026-03-10")
    credit(firm, open_, quantity="0.4", invoice_date="2026-03-20")
    credit(firm, paid, invoice_date="2026-04-01")
    firm.pay("60.00", open_, payment_date="2026-05-01")
    office.settle()
    expected = {
        "2026-01-10": {1001: "100.00"},
        "2026-02-10": {1001: "100.00", 1002: "200.00"},
        "2026-03-10": {1001: "100.00"},
        "2026-03-19": {1001: "100.00"},
        "2026-03-20": {1001: "60.00"},
        "2026-04-01": {1001: "60.00", 1004: "-200.00"},
        "2026-05-01": {1004: "-200.00"},
        TODAY.isoformat(): {1004: "-200.00"},
    }
    for day, items in expected.items():
        found = firm.receivables(f"?as_of={day}")
        assert {each["invoice_number"]: each["remaining"] for each in found["items"]} == items, day
        assert found["total"] == found["account_1510"] == format_sek(sum(map(parse_sek, items.values()))), day
    (item,) = firm.receivables()["items"]
    assert (item["total"], item["customer"], item["invoice_date"]) == ("-200.00", "Kund AB", "2026-04-01")
    agreement = firm.agreement()
    assert (agreement["agrees"], agreement["subledger_balance"]) == (True, "-200.00")


def test_whatever_is_issued_credited_paid_and_taken_back_the_books_agree(office: Office) -> None:
    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def live(data: st.DataObject) -> None:
        firm = office.firm()
        customer = firm.customer()
        invoices = [firm.issue("80.00", customer=customer)]
        payments: list[str] = []
        for _ in range(data.draw(st.integers(2, 6))):
            invoice = firm.invoice(data.draw(st.sampled_from(invoices)))
            match data.draw(st.sampled_from(["issue", "credit", "credit", "pay", "reverse", "settle"])):
                case "issue":
                    invoices.append(firm.issue("80.00", customer=customer))
                case "credit" if invoice["credited"] != invoice["total"]:
                    credit(firm, invoice, quantity=data.draw(st.sampled_from([None, "0.2"])))
                case "pay" if parse_sek(invoice["remaining"]) > 0:
                    amount = min(parse_sek(invoice["remaining"]), data.draw(st.integers(1, 10_000)))
                    payments.append(firm.pay(format_sek(amount), invoice).body["payment_id"])
                case "reverse" if payments:
                    firm.ok("POST", f"/payments/{payments.pop()}/reverse", {})
                case "settle":
                    office.settle()
        office.settle()
        assert firm.ok("GET", "/ledger/parked")["items"] == []
        assert firm.agreement()["agrees"] is True
        found = firm.receivables()
        assert found["total"] == found["account_1510"] == firm.agreement()["invoicing_balance"]

    live()


# ---------------------------------------------------------------- customers


def test_both_parties_read_the_customers_as_the_ledger_knows_them_page_by_page(office: Office) -> None:
    firm = office.firm()
    names = ["Kund AB", "Åkeri & Co", "Zäta HB"]
    values = {"org_no": "556012-5790", "vat_no": "SE556012579001", "vat_treatment": "construction"}
    ids = [firm.customer(names[0], **values), *map(firm.customer, names[1:])]
    office.settle()
    pages, cursor = [], ""
    while cursor is not None:
        page = firm.ok("GET", "/ledger/customers?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        pages.append(page["items"])
        cursor = page["next"]
    assert [len(page) for page in pages] == [2, 1]
    listed = [each for page in pages for each in page]
    assert [(each["customer_id"], each["name"]) for each in listed] == list(zip(ids, names, strict=True))
    assert listed[0] == {
        "customer_id": ids[0],
        "number": firm.ok("GET", f"/customers/{ids[0]}")["number"],
        "name": "Kund AB",
        "org_no": "5560125790",
        "vat_no": "SE556012579001",
        "vat_treatment": "construction",
        "active": True,
        "version": 1,
    }
    assert firm.ok("GET", "/ledger/customers", user=STAFF)["items"] == listed
    assert code(firm.call("GET", "/ledger/customers", user="mallory")) == (404, "not-found")


def test_a_customer_is_shown_with_its_open_items_and_what_they_come_to(office: Office) -> None:
    firm = office.firm()
    customer, other = firm.customer("Kund AB"), firm.customer("En annan")
    paid = firm.issue("100.00", customer=customer)
    open_ = firm.issue("200.00", customer=customer)
    firm.issue("400.00", customer=other)
    firm.pay("125.00", paid)
    firm.pay("50.00", open_)
    credit(firm, paid)
    office.settle()
    for user in (CLIENT, STAFF):
        found = firm.ok("GET", f"/ledger/customers/{customer}", user=user)
        assert (found["name"], found["version"], found["balance"]) == ("Kund AB", 1, "75.00")
        assert [(each["invoice_number"], each["remaining"]) for each in found["open_items"]] == [
            (1002, "200.00"),
            (1004, "-125.00"),
        ]
    assert firm.ok("GET", f"/ledger/customers/{other}")["balance"] == "500.00"
    new = firm.customer("Ny")
    assert code(firm.call("GET", f"/ledger/customers/{new}")) == (404, "not-found")
    office.settle()
    assert firm.ok("GET", f"/ledger/customers/{new}")["open_items"] == []
    unknown = firm.call("GET", "/ledger/customers/cus_00000000000000000000")
    assert code(unknown) == (404, "not-found")


# ---------------------------------------------------------------- an invoice and its voucher


def test_what_is_posted_of_an_invoice_is_its_voucher_both_ways(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    records = office.news("ledger_sync")
    assert [image(each)["id"] for each in records] == [invoice["customer_id"], invoice["invoice_id"]]
    office.deliver("ledger_sync", records)
    office.settle()
    reference = firm.invoice(invoice)["ledger"]["voucher"]
    voucher = firm.ok("GET", f"/ledger/vouchers/{reference['voucher_id']}")
    assert voucher["source"] == f"invoice/{invoice['invoice_id']}/issued"
    assert voucher["text"] == "Kundfaktura 1001 Kund AB"
