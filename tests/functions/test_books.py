"""How the books are kept: accounts, years, periods, series, opening balances, templates, journalising."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from samklang.ledger import postings, rebuilding
from samklang.platform.cursors import write_cursor
from tests.functions.books import Firm, Office, code
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]


def bureau(firm: Firm, method: str, tail: str, body: Any = None) -> Any:
    return firm.ok(method, f"/ledger{tail}", body, STAFF)


def refused(firm: Firm, method: str, tail: str, body: Any = None) -> tuple[int, str]:
    return code(firm.call(method, f"/ledger{tail}", body, STAFF))


def voucher(firm: Firm, *rows: tuple[str, str], day: str = "2026-11-23", **values: Any) -> Answer:
    """Try to write a voucher; an amount below zero is credit."""
    given = [
        {"account": account, "credit" if amount[0] == "-" else "debit": amount.removeprefix("-")}
        for account, amount in rows
    ]
    return firm.call(
        "POST", "/ledger/vouchers", {"date": day, "text": "Prov", "rows": given, **values}, STAFF
    )


def balance(firm: Firm, account: str, span: str = "") -> tuple[str, str, str]:
    items = {each["account"]: each for each in firm.ok("GET", f"/ledger/balances{span}")["items"]}
    found = items.get(account, {"opening": "0.00", "change": "0.00", "closing": "0.00"})
    return found["opening"], found["change"], found["closing"]


# ---------------------------------------------------------------- chart of accounts


def test_an_account_is_added_renamed_closed_and_opened_and_vouchers_heed_it(office: Office) -> None:
    firm = office.firm()
    assert code(voucher(firm, ("1930", "-5.00"), ("6250", "5.00"))) == (422, "unknown-account")
    added = bureau(firm, "POST", "/accounts", {"account": "6250", "name": "Porto"})
    assert (added["kind"], added["active"], added["vat_box"]) == ("cost", True, None)
    assert voucher(firm, ("1930", "-5.00"), ("6250", "5.00")).status == 201
    assert refused(firm, "POST", "/accounts", {"account": "6250", "name": "Igen"}) == (409, "account-exists")
    bureau(firm, "PUT", "/accounts/6250", {"name": "Frimärken", "active": False})
    closed = voucher(firm, ("1930", "-5.00"), ("6250", "5.00"))
    assert code(closed) == (409, "closed-account")
    assert [each["pointer"] for each in closed.body["errors"]] == ["/rows/1/account"]
    assert "Frimärken" in closed.body["detail"]
    bureau(firm, "PUT", "/accounts/6250", {"name": "Frimärken", "active": True})
    assert voucher(firm, ("1930", "-5.00"), ("6250", "5.00")).body["number"] == 2
    assert refused(firm, "PUT", "/accounts/6251", {"name": "Finns inte"}) == (404, "not-found")
    assert refused(firm, "PUT", "/accounts/1510", {"name": "x", "active": False}) == (422, "control-account")
    box = firm.call(
        "POST", "/ledger/accounts", {"account": "3041", "name": "Tjänster", "vat_box": "49"}, STAFF
    )
    assert code(box) == (422, "validation")
    sale = bureau(firm, "POST", "/accounts", {"account": "3041", "name": "Tjänster", "vat_box": "05"})
    assert sale["vat_box"] == "05"
    client = firm.call("POST", "/ledger/accounts", {"account": "3042", "name": "Nej"}, CLIENT)
    assert code(client) == (403, "not-allowed")


def test_given_a_closed_account_then_a_sale_is_parked_and_posted_when_it_is_opened(office: Office) -> None:
    firm = office.firm()
    bureau(firm, "PUT", "/accounts/3001", {"name": "Försäljning", "vat_box": "05", "active": False})
    invoice = firm.issue()
    office.settle()
    (parked,) = firm.ok("GET", "/ledger/parked")["items"]
    assert parked["code"] == "closed-account"
    assert firm.invoice(invoice)["ledger"]["status"] == "parked"
    bureau(firm, "PUT", "/accounts/3001", {"name": "Försäljning", "vat_box": "05", "active": True})
    bureau(firm, "POST", f"/parked/{parked['parked_id']}/retry")
    assert balance(firm, "3001")[1] == "-1000.00"


def test_what_a_change_of_an_account_leaves_out_stays_as_it_is(office: Office) -> None:
    firm = office.firm()
    assert bureau(firm, "PUT", "/accounts/3105", {"name": "Export"})["vat_box"] == "36"
    bureau(firm, "PUT", "/accounts/3105", {"name": "Export", "active": False})
    again = bureau(firm, "PUT", "/accounts/3105", {"name": "Export av varor"})
    assert (again["active"], again["vat_box"]) == (False, "36")
    assert bureau(firm, "PUT", "/accounts/3105", {"name": "Export", "vat_box": None})["vat_box"] is None


def test_before_there_are_books_whoever_reads_them_is_told_so(office: Office) -> None:
    path = office.firms.company(active=False).path
    for tail in ("fiscal-years", "periods", "series", "opening-balances", "settings", "balances"):
        assert code(office.call("GET", f"{path}/ledger/{tail}", None, CLIENT)) == (409, "not-active"), tail


# ---------------------------------------------------------------- fiscal years


def years(firm: Firm) -> list[tuple[str, str]]:
    return [(each["start"], each["end"]) for each in firm.ok("GET", "/ledger/fiscal-years")["items"]]


def test_a_fiscal_year_is_prolonged_and_those_behind_follow_on_it(office: Office) -> None:
    firm = office.firm()
    assert years(firm)[:2] == [("2026-01-01", "2026-12-31"), ("2027-01-01", "2027-12-31")]
    bureau(firm, "PUT", "/fiscal-years/2026-01-01", {"end": "2027-06-30"})
    assert years(firm)[:3] == [
        ("2026-01-01", "2027-06-30"),
        ("2027-07-01", "2028-06-30"),
        ("2028-07-01", "2029-06-30"),
    ]
    assert voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2027-06-30").body["number"] == 1
    assert voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2027-07-01").body["number"] == 1
    moved = firm.call("PUT", "/ledger/fiscal-years/2026-01-01", {"end": "2026-12-31"}, STAFF)
    assert code(moved) == (409, "fiscal-year-used")


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("2026-12-30", "not the last day of a month"),
        ("2025-12-31", "before"),
        ("2027-07-31", "18 months"),
    ],
)
def test_a_fiscal_year_that_the_law_does_not_know_is_refused(office: Office, end: str, reason: str) -> None:
    firm = office.firm()
    answer = firm.call("PUT", "/ledger/fiscal-years/2026-01-01", {"end": end}, STAFF)
    assert code(answer) == (422, "fiscal-year-invalid")
    assert reason in answer.body["detail"]


def test_given_vouchers_behind_the_new_end_then_a_fiscal_year_is_not_shortened(office: Office) -> None:
    firm = office.firm()
    assert voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2026-11-01").status == 201
    change = {"end": "2026-10-31"}
    assert refused(firm, "PUT", "/fiscal-years/2026-01-01", change) == (409, "fiscal-year-used")
    bureau(firm, "PUT", "/fiscal-years/2026-01-01", {"end": "2026-11-30"})
    assert years(firm)[1] == ("2026-12-01", "2027-11-30")
    assert refused(firm, "PUT", "/fiscal-years/2026-02-01", change) == (404, "not-found")


def test_fiscal_years_are_added_at_either_end_and_nowhere_else(office: Office) -> None:
    firm = office.firm()
    gap = {"start": "2024-01-01", "end": "2024-12-31"}
    assert refused(firm, "POST", "/fiscal-years", gap) == (422, "fiscal-year-invalid")
    bureau(firm, "POST", "/fiscal-years", {"start": "2025-05-15", "end": "2025-12-31"})
    assert years(firm)[0] == ("2025-05-15", "2025-12-31")
    last = years(firm)[-1][1]
    start = datetime.fromisoformat(last).date() + timedelta(days=1)
    bureau(firm, "POST", "/fiscal-years", {"start": str(start), "end": f"{start.year}-12-31"})
    assert years(firm)[-1][0] == str(start)


# ---------------------------------------------------------------- periods


def test_a_period_is_closed_and_reopened_with_a_log_that_stays(office: Office) -> None:
    firm = office.firm()
    assert voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2026-10-31").status == 201
    bureau(firm, "POST", "/periods/close", {"until": "2026-10-31", "reason": "Oktober är avstämd"})
    assert code(voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2026-10-31")) == (
        409,
        "closed-period",
    )
    assert voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2026-11-01").status == 201
    again = {"until": "2026-10-31"}
    assert refused(firm, "POST", "/periods/close", again) == (409, "closed-period")
    assert refused(firm, "POST", "/periods/close", {"until": "2026-11-23"}) == (409, "period-not-over")
    without = firm.call("POST", "/ledger/periods/reopen", {"until": "2026-09-30"}, STAFF)
    assert code(without) == (422, "validation")
    bureau(firm, "POST", "/periods/reopen", {"until": "2026-09-30", "reason": "Ett kvitto kom sent"})
    assert voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2026-10-31").status == 201
    assert code(voucher(firm, ("1930", "1.00"), ("2893", "-1.00"), day="2026-09-30")) == (
        409,
        "closed-period",
    )
    later = {"until": "2026-10-31", "reason": "x"}
    assert refused(firm, "POST", "/periods/reopen", later) == (409, "period-not-closed")
    log = firm.ok("GET", "/ledger/periods")
    assert log["closed_until"] == "2026-09-30"
    told = [
        (each["action"], each["until"], each["before"], each["reason"], each["by"]) for each in log["items"]
    ]
    assert told == [
        ("reopened", "2026-09-30", "2026-10-31", "Ett kvitto kom sent", STAFF),
        ("closed", "2026-10-31", None, "Oktober är avstämd", STAFF),
    ]


def test_given_a_parked_event_then_its_period_is_not_closed_and_the_event_is_named(office: Office) -> None:
    firm = office.firm()
    bureau(firm, "PUT", "/accounts/3001", {"name": "Försäljning", "active": False})
    invoice = firm.issue(invoice_date="2026-10-15")
    office.settle()
    answer = firm.call("POST", "/ledger/periods/close", {"until": "2026-10-31"}, STAFF)
    assert code(answer) == (409, "events-parked")
    assert invoice["invoice_id"] in answer.body["detail"]
    bureau(firm, "POST", "/periods/close", {"until": "2026-10-14"})


# ---------------------------------------------------------------- series, opening balances


def test_a_series_of_ones_own_is_numbered_from_1_and_those_kept_are_refused(
    office: Office,
) -> None:
    firm = office.firm()
    rows = ("1930", "-1.00"), ("7010", "1.00")
    assert code(voucher(firm, *rows, series="LON")) == (422, "unknown-series")
    assert code(voucher(firm, *rows, series="K")) == (422, "system-series")
    assert refused(firm, "PUT", "/series/K", {"name": "Min"}) == (422, "system-series")
    bureau(firm, "PUT", "/series/LON", {"name": "Löner"})
    made = [voucher(firm, *rows, series="LON").body["voucher_id"] for _ in range(2)]
    assert made == ["2026-11-23.LON.1", "2026-11-23.LON.2"]
    assert firm.ok("GET", f"/ledger/vouchers/{made[1]}")["series"] == "LON"
    listed = {each["series"]: each for each in firm.ok("GET", "/ledger/series")["items"]}
    assert listed["LON"] == {
        "series": "LON",
        "name": "Löner",
        "by_hand": True,
        "years": [{"fiscal_year": "2026-01-01", "last_number": 2}],
    }
    assert (listed["K"]["by_hand"], listed["A"]["by_hand"]) == (False, True)


def test_opening_balances_are_what_accounts_hold_before_anything_has_moved(office: Office) -> None:
    firm = office.firm()
    rows = [{"account": "1930", "debit": "500.00"}, {"account": "2081", "credit": "500.00"}]
    bureau(firm, "PUT", "/opening-balances", {"rows": rows})
    assert voucher(firm, ("1930", "-20.00"), ("6570", "20.00")).status == 201
    assert balance(firm, "1930") == ("500.00", "-20.00", "480.00")
    assert balance(firm, "1930", "?from=2026-11-24") == ("480.00", "0.00", "480.00")
    ledger = firm.ok("GET", "/ledger/general-ledger/1930")
    assert (ledger["opening"], ledger["closing"]) == ("500.00", "480.00")
    shown = firm.ok("GET", "/ledger/opening-balances")
    assert (shown["date"], shown["changed_by"], len(shown["rows"])) == ("2026-01-01", STAFF, 2)
    bureau(firm, "PUT", "/opening-balances", {"rows": []})
    assert balance(firm, "1930") == ("0.00", "-20.00", "-20.00")


@pytest.mark.parametrize(
    ("account", "amount", "refusal"),
    [
        ("2081", "499.00", "opening-balances-differ"),
        ("1510", "500.00", "control-account"),
        ("3001", "500.00", "validation"),
        ("2082", "500.00", "unknown-account"),
    ],
)
def test_opening_balances_at_fault_are_refused(
    office: Office, account: str, amount: str, refusal: str
) -> None:
    firm = office.firm()
    rows = [{"account": "1930", "debit": "500.00"}, {"account": account, "credit": amount}]
    assert refused(firm, "PUT", "/opening-balances", {"rows": rows}) == (422, refusal)


# ---------------------------------------------------------------- trial balance and general ledger


def test_income_and_costs_begin_each_fiscal_year_at_zero_and_the_rest_goes_on(office: Office) -> None:
    firm = office.firm()
    assert voucher(firm, ("1930", "-30.00"), ("6570", "30.00"), day="2026-12-31").status == 201
    assert voucher(firm, ("1930", "-7.00"), ("6570", "7.00"), day="2027-01-01").status == 201
    span = "?from=2027-01-01&to=2027-12-31"
    assert balance(firm, "6570", span) == ("0.00", "7.00", "7.00")
    assert balance(firm, "1930", span) == ("-30.00", "-7.00", "-37.00")
    assert balance(firm, "6570", "?from=2027-01-02") == ("7.00", "0.00", "7.00")
    assert balance(firm, "6570", "?to=2026-12-31") == ("0.00", "30.00", "30.00")


def test_an_accounts_ledger_is_read_page_by_page_with_what_it_held_after_each(office: Office) -> None:
    firm = office.firm()
    for number in range(1, 6):
        day = f"2026-11-{number:02}"
        assert voucher(firm, ("1930", f"{number}.00"), ("2893", f"-{number}.00"), day=day).status == 201
        assert voucher(firm, ("1910", "1.00"), ("2893", "-1.00"), day=day).status == 201
    span = "from=2026-11-02&to=2026-11-05"
    pages = firm.pages(f"/ledger/general-ledger/1930?{span}", 2)
    assert [len(page) for page in pages] == [2, 2]
    entries = [each for page in pages for each in page]
    assert [(each["voucher_id"], each["amount"], each["balance"]) for each in entries] == [
        ("2026-11-02.A.3", "2.00", "3.00"),
        ("2026-11-03.A.5", "3.00", "6.00"),
        ("2026-11-04.A.7", "4.00", "10.00"),
        ("2026-11-05.A.9", "5.00", "15.00"),
    ]
    whole = firm.ok("GET", f"/ledger/general-ledger/1930?{span}")
    assert (whole["opening"], whole["change"], whole["closing"]) == ("1.00", "14.00", "15.00")
    assert code(firm.call("GET", "/ledger/general-ledger/1999")) == (404, "not-found")
    turned = firm.call("GET", "/ledger/general-ledger/1930?from=2026-11-05&to=2026-11-01")
    assert code(turned) == (422, "validation")
    for position in ("none", "2026-02-31.A.1 0"):
        cursor = write_cursor(position)
        answer = firm.call("GET", f"/ledger/general-ledger/1930?cursor={cursor}")
        assert code(answer) == (400, "cursor-invalid"), position


def test_a_sum_leads_to_its_vouchers_and_to_the_invoice_they_came_from(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue()
    office.settle()
    (entry,) = firm.ok("GET", "/ledger/general-ledger/3001")["items"]
    assert entry["source"] == f"invoice/{invoice['invoice_id']}/issued"
    assert firm.ok("GET", f"/ledger/vouchers/{entry['voucher_id']}")["source"] == entry["source"]


def test_a_customers_statement_tells_what_it_owed_what_changed_it_and_what_it_owes(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer("Stor AB")
    old = firm.issue("100.00", customer=customer, invoice_date="2026-09-10")
    new = firm.issue("200.00", customer=customer, invoice_date="2026-11-02")
    firm.issue("999.00", invoice_date="2026-11-02")
    firm.paid("125.00", old, payment_date="2026-11-10")
    payment = firm.paid("50.00", new, payment_date="2026-11-11")
    assert firm.take_back(payment).status == 200
    note = firm.credited(new, invoice_date="2026-11-20")
    office.settle()
    told = firm.ok("GET", f"/ledger/customers/{customer}/statement?from=2026-10-01&to=2026-11-30")
    assert (told["opening"], told["closing"]) == ("125.00", "0.00")
    assert [
        (each["kind"], each["invoice_number"], each["amount"], each["balance"]) for each in told["entries"]
    ] == [
        ("invoice", new["number"], "250.00", "375.00"),
        ("payment", old["number"], "-125.00", "250.00"),
        ("payment", new["number"], "-50.00", "200.00"),
        ("credit_note", note["number"], "-250.00", "-50.00"),
        ("reversal", new["number"], "50.00", "0.00"),
    ]
    unknown = firm.call("GET", f"/ledger/customers/cus_{'0' * 20}/statement")
    assert code(unknown) == (404, "not-found")


def test_open_items_are_summed_up_by_age_on_any_past_day(office: Office) -> None:
    firm = office.firm()
    for day in ("2026-08-01", "2026-10-01", "2026-11-20"):
        firm.issue("100.00", invoice_date=day)
    office.settle()
    now = firm.ok("GET", "/ledger/receivables")["aged"]
    assert now == {
        "not_due": "125.00",
        "days_1_30": "125.00",
        "days_31_60": "0.00",
        "days_61_90": "125.00",
        "over_90": "0.00",
    }
    pages = firm.pages("/ledger/receivables", 2)
    assert [[each["invoice_date"] for each in page] for page in pages] == [
        ["2026-08-01", "2026-10-01"],
        ["2026-11-20"],
    ]
    then = firm.ok("GET", "/ledger/receivables?as_of=2026-10-10")
    assert (then["aged"]["not_due"], then["aged"]["days_31_60"], then["total"]) == (
        "125.00",
        "125.00",
        "250.00",
    )
    assert then["account_1510"] == then["total"]


# ---------------------------------------------------------------- vouchers by hand


def test_a_voucher_by_hand_is_taken_back_by_another_once_with_a_reference_each_way(office: Office) -> None:
    firm = office.firm()
    made = voucher(firm, ("1930", "-9.00"), ("6570", "9.00")).body
    path = f"/ledger/vouchers/{made['voucher_id']}"
    back = firm.ok("POST", f"{path}/reverse", {"date": "2026-11-24"}, STAFF)
    assert [(row["account"], row["debit"], row["credit"]) for row in back["rows"]] == [
        ("1930", "9.00", "0.00"),
        ("6570", "0.00", "9.00"),
    ]
    assert (back["reverses"], back["date"], back["created_by"]) == (made["voucher_id"], "2026-11-24", STAFF)
    assert firm.ok("GET", path)["reversed_by"] == back["voucher_id"]
    assert code(firm.call("POST", f"{path}/reverse", None, STAFF)) == (409, "already-reversed")
    assert balance(firm, "6570") == ("0.00", "0.00", "0.00")


def test_a_voucher_that_an_event_made_is_not_taken_back_by_hand(office: Office) -> None:
    firm = office.firm()
    firm.issue()
    office.settle()
    (made,) = firm.vouchers()
    answer = firm.call("POST", f"/ledger/vouchers/{made['voucher_id']}/reverse", None, STAFF)
    assert code(answer) == (409, "not-by-hand")
    assert made["source"] in answer.body["detail"]


def test_what_rows_tell_beside_their_amounts_is_kept(office: Office) -> None:
    firm = office.firm()
    rows = [
        {"account": "4000", "debit": "80.00", "text": "Skruv; 3 : lådor", "quantity": "12.5"},
        {"account": "1930", "credit": "80.00", "objects": [{"dimension": "1", "object": "Nord"}]},
    ]
    given = {"date": "2026-11-23", "text": "Inköp", "rows": rows}
    made = firm.ok("POST", "/ledger/vouchers", given, STAFF)
    read = firm.ok("GET", f"/ledger/vouchers/{made['voucher_id']}")
    assert read == made
    assert (read["rows"][0]["text"], read["rows"][0]["quantity"]) == ("Skruv; 3 : lådor", "12.5")
    assert read["rows"][1]["objects"] == [{"dimension": "1", "object": "Nord"}]


def test_a_voucher_of_a_document_never_received_is_refused_and_takes_no_number(
    office: Office,
) -> None:
    firm = office.firm()
    document = firm.ok(
        "POST", "/documents", {"filename": "kvitto.jpg", "content_type": "image/jpeg", "kind": "receipt"}
    )["document_id"]
    rows = ("1930", "-9.00"), ("6570", "9.00")
    answer = voucher(firm, *rows, documents=[document])
    assert code(answer) == (409, "document-not-bookable")
    assert [each["pointer"] for each in answer.body["errors"]] == ["/documents/0"]
    assert voucher(firm, *rows).body["number"] == 1


# ---------------------------------------------------------------- templates


def test_a_common_template_makes_a_voucher_with_its_shares_to_the_ore(office: Office) -> None:
    firm = office.firm()
    made = firm.ok(
        "POST", "/ledger/voucher-templates/rent/vouchers", {"date": "2026-11-23", "amount": "100.01"}, STAFF
    )
    assert [(row["account"], row["debit"], row["credit"]) for row in made["rows"]] == [
        ("5010", "80.01", "0.00"),
        ("2641", "20.00", "0.00"),
        ("1930", "0.00", "100.01"),
    ]


def test_a_company_has_templates_of_its_own_that_are_changed_and_removed(office: Office) -> None:
    firm = office.firm()
    rows = [
        {"account": "7010", "side": "debit", "percent": "100"},
        {"account": "2710", "side": "credit", "percent": "30.5"},
        {"account": "1930", "side": "credit", "percent": "69.5"},
    ]
    given = {"name": "Lön", "text": "Lön Anna", "rows": rows}
    skewed = firm.call("POST", "/ledger/voucher-templates", given | {"rows": rows[:2]}, STAFF)
    assert code(skewed) == (422, "validation")
    own = bureau(firm, "POST", "/voucher-templates", given)
    listed = firm.ok("GET", "/ledger/voucher-templates")["items"]
    assert (listed[0]["template_id"], listed[0]["own"], listed[1]["own"]) == (own["template_id"], True, False)
    tail = f"/voucher-templates/{own['template_id']}"
    bureau(firm, "PUT", tail, given | {"text": "Lön Bo"})
    made = bureau(firm, "POST", f"{tail}/vouchers", {"date": "2026-11-23", "amount": "0.03"})
    assert (made["text"], len(made["rows"])) == ("Lön Bo", 3)
    assert bureau(firm, "POST", f"{tail}/remove")["template_id"] == own["template_id"]
    use = {"date": "2026-11-23", "amount": "1.00"}
    assert refused(firm, "POST", f"{tail}/vouchers", use) == (404, "not-found")
    assert refused(firm, "PUT", "/voucher-templates/rent", given) == (404, "not-found")


# ---------------------------------------------------------------- reviewed journalising


def waiting(firm: Firm) -> list[Any]:
    return firm.listed("/ledger/journalise")


def test_reviewed_the_subledger_has_what_waits_and_the_accounts_get_it_when_it_is_journalised(
    office: Office,
) -> None:
    firm = office.firm()
    bureau(firm, "PUT", "/settings", {"journalising": "reviewed"})
    invoice = firm.issue()
    payment = firm.paid("250.00", invoice)
    office.settle()
    assert [(each["series"], each["rows"][0]["account"]) for each in waiting(firm)] == [
        ("K", "1510"),
        ("I", "1930"),
    ]
    assert firm.ok("GET", "/ledger/receivables")["total"] == "1000.00"
    assert balance(firm, "1510")[2] == "0.00"
    assert firm.invoice(invoice)["ledger"]["status"] == "pending"
    agreement = firm.ok("GET", "/agreement")
    assert (agreement["agrees"], agreement["account_1510"], agreement["unposted_1510"]) == (
        True,
        "0.00",
        "1000.00",
    )
    done = bureau(firm, "POST", "/journalise")
    assert [(each["voucher_id"], each["code"]) for each in done["results"]] == [
        ("2026-11-23.K.1", None),
        ("2026-11-23.I.1", None),
    ]
    office.settle()
    assert waiting(firm) == []
    assert balance(firm, "1510")[2] == "1000.00"
    assert firm.invoice(invoice)["ledger"]["voucher"]["voucher_id"] == "2026-11-23.K.1"
    shown = firm.ok("GET", f"/payments/{payment['payment_id']}")
    assert shown["ledger"]["voucher"]["voucher_id"] == "2026-11-23.I.1"
    assert firm.ok("GET", "/agreement")["agrees"] is True


def test_reviewed_vouchers_of_many_months_are_journalised_in_as_many_transactions_as_they_need(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "_RESERVED", 70)
    firm = office.firm()
    bureau(firm, "PUT", "/settings", {"journalising": "reviewed"})
    customer = firm.customer()
    for number in range(10):
        firm.issue(customer=customer, invoice_date=f"2026-{number + 1:02}-01")
    office.settle()
    done = bureau(firm, "POST", "/journalise")
    assert (len(done["results"]), done["refused"], done["left"]) == (10, 0, 0)
    assert waiting(firm) == []


def test_reviewed_some_are_journalised_and_what_is_refused_waits_with_its_reason(office: Office) -> None:
    firm = office.firm()
    bureau(firm, "PUT", "/settings", {"journalising": "reviewed"})
    first, second = firm.issue(), firm.issue(rate="12")
    office.settle()
    bureau(firm, "PUT", "/accounts/3002", {"name": "Stängt", "active": False})
    events = [f"invoice/{each['invoice_id']}/issued" for each in (second, first)] + ["invoice/inv_x/issued"]
    done = bureau(firm, "POST", "/journalise", {"events": events})
    results = {each["event"]: (each["voucher_id"], each["code"]) for each in done["results"]}
    assert results == {
        events[0]: (None, "closed-account"),
        events[1]: ("2026-11-23.K.1", None),
        events[2]: (None, "not-found"),
    }
    assert [each["event"] for each in waiting(firm)] == [events[0]]
    bureau(firm, "PUT", "/settings", {"journalising": "automatic"})
    firm.issue()
    office.settle()
    assert len(firm.vouchers()) == 2
    assert [each["event"] for each in waiting(firm)] == [events[0]]


def test_reviewed_a_payment_and_its_reversal_wait_and_keep_their_period_open(
    office: Office,
) -> None:
    firm = office.firm()
    bureau(firm, "PUT", "/settings", {"journalising": "reviewed"})
    invoice = firm.issue(invoice_date="2026-10-20")
    payment = firm.paid("100.00", invoice, payment_date="2026-10-21")
    assert firm.take_back(payment, date="2026-10-22").status == 200
    office.settle()
    answer = firm.call("POST", "/ledger/periods/close", {"until": "2026-10-31"}, STAFF)
    assert code(answer) == (409, "awaits-journalising")
    assert invoice["invoice_id"] in answer.body["detail"]
    bureau(firm, "POST", "/journalise", {"until": "2026-10-31"})
    assert [each["voucher_id"] for each in firm.vouchers()] == [
        "2026-10-20.K.1",
        "2026-10-21.I.1",
        "2026-10-22.I.2",
    ]
    bureau(firm, "POST", "/periods/close", {"until": "2026-10-31"})
    assert firm.ok("GET", "/agreement")["agrees"] is True


def test_reviewed_the_first_difference_is_still_named(office: Office) -> None:
    firm = office.firm()
    bureau(firm, "PUT", "/settings", {"journalising": "reviewed"})
    invoice = firm.issue()
    office.settle()
    firm.remove("LedgerTable", f"UNPOSTED#invoice/{invoice['invoice_id']}/issued")
    firm.change_books("SET unposted_amounts = :value", {"M": {}})
    told = firm.ok("GET", "/agreement")
    assert told["agrees"] is False
    assert told["first_difference"]["event"] == f"invoice/{invoice['invoice_id']}/issued"


# ---------------------------------------------------------------- month balances


def test_month_balances_that_differ_are_named_and_made_anew_from_the_vouchers(office: Office) -> None:
    firm = office.firm()
    assert voucher(firm, ("1930", "-9.00"), ("6570", "9.00"), day="2026-10-31").status == 201
    assert voucher(firm, ("1930", "-1.00"), ("6570", "1.00")).status == 201
    assert bureau(firm, "GET", "/balances/check") == {
        "agrees": True,
        "vouchers": 2,
        "months": 2,
        "differences": [],
        "rebuilt": False,
        "next": None,
    }
    firm.tamper("LedgerTable", "BALANCE#2026-10", "ADD a6570 :one", {":one": {"N": "1"}})
    firm.remove("LedgerTable", "BALANCE#2026-11")
    found = bureau(firm, "GET", "/balances/check")
    assert (found["agrees"], len(found["differences"])) == (False, 3)
    assert found["differences"][0] == {
        "month": "2026-10",
        "account": "6570",
        "kept": "9.01",
        "vouchers": "9.00",
    }
    assert bureau(firm, "POST", "/balances/rebuild")["rebuilt"] is True
    assert bureau(firm, "GET", "/balances/check")["agrees"] is True
    assert balance(firm, "6570")[2] == "10.00"
    firm.tamper("LedgerTable", "BALANCE#2026-10", "ADD a6570 :one", {":one": {"N": "1"}})
    assert bureau(firm, "GET", "/balances/check?from=2026-11")["agrees"] is True
    assert bureau(firm, "GET", "/balances/check?from=2026-10")["agrees"] is False
    assert code(firm.call("GET", "/ledger/balances/check", user=CLIENT)) == (403, "not-allowed")


def test_given_no_time_then_the_check_says_from_which_month_to_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    monkeypatch.setattr(rebuilding, "_SECONDS", -1)
    assert voucher(firm, ("1930", "-9.00"), ("6570", "9.00"), day="2026-01-31").status == 201
    found = bureau(firm, "GET", "/balances/check")
    assert (found["vouchers"], found["next"]) == (1, "2026-02")
    assert bureau(firm, "GET", "/balances/check?from=2026-02")["next"] == "2026-03"
