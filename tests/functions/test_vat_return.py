"""The VAT return through HTTP: its boxes, drill-down, files, closing and the EU sales list."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from samklang.formats.eskd import read_eskd
from samklang.formats.eu_sales_list import BuyerSales, read_sales_list
from tests.functions.books import Firm, Office, code, pointers, stand_at
from tests.functions.conftest import STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

DAY = "2026-09-15"
"""In the third quarter, which has ended."""
QUARTER = "2026-Q3"
GERMAN, FINNISH = "DE136695976", "FI20774740"


def vat(firm: Firm, period: str = QUARTER, user: str | None = None) -> Any:
    return firm.ok("GET", f"/ledger/vat-return?period={period}", user=user)


def filled(answer: Any) -> dict[str, str]:
    """The boxes that say anything."""
    return {box: kronor for box, kronor in answer["boxes"].items() if kronor != "0"}


def findings(answer: Any) -> list[str]:
    return [each["code"] for each in answer["findings"]]


def close(firm: Firm, period: str = QUARTER, user: str = STAFF, **more: Any) -> Answer:
    return firm.call("POST", "/ledger/vat-return/close", {"period": period, **more}, user)


def closed(firm: Firm, period: str = QUARTER, **more: Any) -> Any:
    answer = close(firm, period, **more)
    assert answer.status == 200, answer.text
    return answer.body


def hand(firm: Firm, day: str, *rows: tuple[str, str, str]) -> str:
    """A voucher by hand: (account, debit, credit); its id."""
    sides = [
        {"account": account} | ({"debit": debit} if debit else {"credit": credit})
        for account, debit, credit in rows
    ]
    written = firm.ok("POST", "/ledger/vouchers", {"date": day, "text": "För hand", "rows": sides}, STAFF)
    return str(written["voucher_id"])


def buy(firm: Firm, net: str = "400.80", tax: str = "100.20", total: str = "501.00", day: str = DAY) -> str:
    return hand(firm, day, ("4000", net, ""), ("2641", tax, ""), ("1930", "", total))


def sold(firm: Firm, *prices: str, day: str = DAY, **values: Any) -> Any:
    """An invoice of a day, in the ledger."""
    issued = firm.issue(*prices, invoice_date=day, **values)
    firm.office.settle()
    return issued


def sold_abroad(firm: Firm, vat_no: str, *rows: tuple[str, str], day: str = DAY, **values: Any) -> Any:
    """An invoice to a buyer in another EU country: (price, goods or service) for each row."""
    customer = firm.customer(f"Käufer {vat_no}", vat_no=vat_no, vat_treatment="eu")
    lines = [
        {"description": "Vara", "unit_price": price, "vat_rate": "0", "kind": kind} for price, kind in rows
    ]
    draft = firm.ok(
        "POST", "/invoices", {"customer_id": customer, "rows": lines, "invoice_date": day, **values}
    )
    issued = firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    firm.office.settle()
    return issued


def reports_by(firm: Firm, kind: str) -> None:
    """Let the company report by another period; there is no route for it once the guide is finished."""
    (seller,) = firm.items("InvoicingTable", "SELLER")
    details = json.loads(seller["details"])
    details["fiscal_year"]["vat_period"] = kind
    firm.tamper("InvoicingTable", "SELLER", "SET details = :value", {":value": {"S": json.dumps(details)}})


def give_boxes(firm: Firm, boxes: dict[str, str]) -> None:
    """Give accounts a box in the company's chart, behind everybody's back."""
    accounts = json.dumps({account: ["Ändrat konto", box, True] for account, box in boxes.items()})
    firm.office.cloud.dynamodb.put_item(
        TableName=firm.office.cloud.template.name("LedgerTable"),
        Item={
            "pk": {"S": f"COMPANY#{firm.company_id}"},
            "sk": {"S": "CHART"},
            "accounts": {"S": accounts},
            "version": {"N": "1"},
        },
    )


# ---------------------------------------------------------------- the return


def test_return_is_made_from_invoices_and_vouchers_of_its_period(office: Office) -> None:
    firm = office.firm()
    sold(firm, "1000.40")
    sold(firm, "500.00", rate="12")
    sold(firm, "9999.00", day="2026-10-01")
    buy(firm)
    found = vat(firm)
    assert filled(found) == {"05": "1500", "10": "250", "11": "60", "48": "100", "49": "210"}
    assert len(found["boxes"]) == 29
    assert (found["first_day"], found["last_day"], found["due_date"]) == (
        *("2026-07-01", "2026-09-30"),
        "2026-11-12",
    )
    assert (found["status"], found["kind"], found["filings"], found["findings"]) == (
        "open",
        "quarter",
        [],
        [],
    )
    (box,) = (each for each in found["books"] if each["box"] == "05")
    assert (box["kronor"], box["amount"]) == ("1500", "1500.40")
    assert [(each["account"], each["amount"]) for each in box["accounts"]] == [
        ("3001", "1000.40"),
        ("3002", "500.00"),
    ]


def test_without_a_period_it_is_the_newest_that_has_ended(office: Office) -> None:
    firm = office.firm()
    assert firm.ok("GET", "/ledger/vat-return")["period"] == QUARTER
    reports_by(firm, "month")
    assert firm.ok("GET", "/ledger/vat-return")["period"] == "2026-10"
    reports_by(firm, "year")
    assert firm.ok("GET", "/ledger/vat-return")["period"] == "2026-12"
    reports_by(firm, "quarter")
    stand_at(datetime(2027, 1, 5, 9, 0, tzinfo=UTC))
    assert firm.ok("GET", "/ledger/vat-return")["period"] == "2026-Q4"


def test_yearly_period_is_the_fiscal_year(office: Office) -> None:
    firm = office.firm()
    firm.keep_fiscal_years(("2025-12-01", "2026-11-30"), ("2026-12-01", "2027-11-30"))
    reports_by(firm, "year")
    sold(firm, "1000.00", day="2026-02-01")
    found = vat(firm, "2026")
    assert (found["period"], found["first_day"], found["last_day"]) == ("2026-11", "2025-12-01", "2026-11-30")
    assert (filled(found)["49"], found["due_date"]) == ("250", "2027-08-17")


def test_period_of_another_kind_is_refused_with_the_companys_own(office: Office) -> None:
    firm = office.firm()
    for period in ("2026-11", "2026"):
        answer = firm.call("GET", f"/ledger/vat-return?period={period}")
        assert pointers(answer) == {"?period"}
        assert "give a quarter" in answer.body["detail"]
        assert pointers(close(firm, period)) == {"/period"}


def test_what_is_no_period_is_refused(office: Office) -> None:
    firm = office.firm()
    for period in ("2026-13", "2026-Q5", "26-Q4", "2026-Q", "", "1999-Q1"):
        assert pointers(firm.call("GET", f"/ledger/vat-return?period={period}")) == {"?period"}
        assert pointers(close(firm, period)) == {"/period"}


def test_period_outside_the_books_is_refused(office: Office) -> None:
    assert code(office.firm().call("GET", "/ledger/vat-return?period=2025-Q4")) == (
        409,
        "outside-fiscal-year",
    )


def test_company_without_books_has_no_return(office: Office) -> None:
    firm = office.firm(active=False)
    for path in ("vat-return", "vat-returns", "vat-return/eskd", "vat-return/eu-sales-list"):
        assert code(firm.call("GET", f"/ledger/{path}")) == (409, "not-active")
    assert code(close(firm)) == (409, "not-active")


def test_sale_by_the_cash_method_is_reported_when_it_is_paid(office: Office) -> None:
    firm = office.firm(method="cash")
    invoice = sold(firm, "1000.00", day="2026-06-15")
    firm.paid("625.00", invoice, payment_date=DAY)
    office.settle()
    assert filled(vat(firm, "2026-Q2")) == {}
    assert filled(vat(firm)) == {"05": "500", "10": "125", "49": "125"}


def test_what_does_not_look_right_is_found(office: Office) -> None:
    firm = office.firm()
    hand(firm, DAY, ("1930", "1000.00", ""), ("3001", "", "1000.00"))
    hand(firm, DAY, ("1930", "50.00", ""), ("2641", "", "50.00"))
    hand(firm, "2026-04-01", ("1930", "70.00", ""), ("2650", "", "70.00"))
    found = {each["code"]: each for each in vat(firm)["findings"]}
    assert found.keys() == {"vat-differs-from-base", "negative-box", "not-on-the-tax-account"}
    sale = found["vat-differs-from-base"]
    assert (sale["boxes"][0], sale["expected"], sale["found"]) == ("10", "250.00", "0.00")
    assert found["negative-box"]["boxes"] == ["48"]
    assert found["not-on-the-tax-account"]["found"] == "-70.00"


# ---------------------------------------------------------------- down to the vouchers


def test_box_leads_to_its_accounts_and_vouchers_page_by_page(office: Office) -> None:
    firm = office.firm()
    expected = [buy(firm, day=f"2026-09-{day}") for day in (29, 30)]
    expected += [hand(firm, "2026-09-30", ("2645", "5.00", ""), ("2614", "", "5.00"))]
    hand(firm, DAY, ("1930", "1.00", ""), ("3740", "", "1.00"))
    found = firm.ok("GET", f"/ledger/vat-return/boxes/48?period={QUARTER}")
    assert (found["amount"], found["next"]) == ("205.40", None)
    assert [(each["account"], each["amount"]) for each in found["accounts"]] == [
        ("2641", "200.40"),
        ("2645", "5.00"),
    ]
    assert [each["voucher_id"] for each in found["items"]] == expected
    assert [len(page) for page in firm.pages(f"/ledger/vat-return/boxes/48?period={QUARTER}", 1)] == [1, 1, 1]
    assert [each["voucher_id"] for each in firm.listed("/ledger/vat-return/boxes/48", 2)] == expected


def test_box_that_no_voucher_leads_to_is_not_found(office: Office) -> None:
    firm = office.firm()
    for box in ("49", "09"):
        assert code(firm.call("GET", f"/ledger/vat-return/boxes/{box}")) == (404, "not-found")
    for cursor in ("AAAA", "MjAyNi0wMi0zMC5BLjE="):  # the second says the 30th of February
        answer = firm.call("GET", f"/ledger/vat-return/boxes/48?cursor={cursor}")
        assert code(answer) == (400, "cursor-invalid")


# ---------------------------------------------------------------- closing


def test_closing_settles_the_vat_files_the_boxes_and_closes_the_books(office: Office) -> None:
    firm = office.firm()
    sold(firm, "1000.40")
    buy(firm)
    answer = closed(firm, note="Rättat underlag")
    assert (answer["status"], filled(answer)) == (
        "closed",
        {"05": "1000", "10": "250", "48": "100", "49": "150"},
    )
    (filing,) = answer["filings"]
    assert (filing["boxes"], filing["note"]) == (answer["boxes"], "Rättat underlag")
    (settlement,) = (each for each in firm.vouchers() if each["series"] == "M")
    assert settlement["voucher_id"] == filing["voucher_id"] == "2026-09-30.M.1"
    assert settlement["source"] == "vat/2026-Q3/closed"
    assert {each["account"]: (each["debit"], each["credit"]) for each in settlement["rows"]} == {
        "2611": ("250.10", "0.00"),
        "2641": ("0.00", "100.20"),
        "2650": ("0.00", "150.00"),
        "3740": ("0.10", "0.00"),
    }
    balances = firm.balances("?to=2026-09-30")
    assert (balances["2611"], balances["2641"], balances["2650"]) == ("0.00", "0.00", "-150.00")
    assert vat(firm) == answer
    (sale,) = firm.listed("/ledger/vat-return/boxes/10")
    assert sale["series"] == "K"
    # It was due in the next quarter, and nobody has moved it to the tax account.
    (left,) = vat(firm, "2026-Q4")["findings"]
    assert (left["code"], left["found"]) == ("not-on-the-tax-account", "-150.00")
    assert code(firm.voucher("1930", "2893", "1.00", DAY)) == (409, "closed-period")
    log = firm.ok("GET", "/ledger/periods", user=STAFF)
    assert (log["closed_until"], log["items"][0]["reason"]) == ("2026-09-30", "vat/2026-Q3/closed")


def test_vat_to_get_back_is_a_claim(office: Office) -> None:
    firm = office.firm()
    buy(firm)
    assert filled(closed(firm)) == {"48": "100", "49": "-100"}
    assert firm.balances()["2650"] == "100.00"


def test_accounts_that_a_settlement_moves_are_in_no_box_whatever_the_chart_says(office: Office) -> None:
    firm = office.firm()
    give_boxes(firm, {"2650": "10", "3740": "48"})
    hand(firm, DAY, ("2650", "70.00", ""), ("1930", "", "70.00"))
    assert filled(vat(firm)) == {}


def test_period_of_nothing_is_closed_without_a_voucher_and_by_the_bureau_alone(office: Office) -> None:
    firm = office.firm()
    assert code(close(firm, user=firm.company.client)) == (403, "not-allowed")
    assert vat(firm)["status"] == "open"
    answer = closed(firm)
    assert filled(answer) == {}
    assert answer["filings"][0]["voucher_id"] is None
    assert firm.vouchers() == []
    assert vat(firm)["status"] == "closed"


def test_closing_again_is_refused_and_the_same_request_is_answered_again(office: Office) -> None:
    firm = office.firm()
    sold(firm)
    key = {"Idempotency-Key": "once"}
    first = firm.call("POST", "/ledger/vat-return/close", {"period": QUARTER}, STAFF, key)
    again = firm.call("POST", "/ledger/vat-return/close", {"period": QUARTER}, STAFF, key)
    assert (first.status, again.body) == (200, first.body)
    assert code(close(firm)) == (409, "already-closed")
    assert len([each for each in firm.vouchers() if each["series"] == "M"]) == 1


def test_period_that_has_not_ended_is_not_closed_and_has_no_file(office: Office) -> None:
    firm = office.firm()
    sold(firm, day="2026-11-01")
    assert code(close(firm, "2026-Q4")) == (409, "period-not-over")
    assert code(firm.call("GET", "/ledger/vat-return/eskd?period=2026-Q4")) == (409, "period-not-over")
    file = firm.call("GET", "/ledger/vat-return/eu-sales-list/file?period=2026-Q4")
    assert code(file) == (409, "period-not-over")
    assert [each["series"] for each in firm.vouchers()] == ["K"]


def test_earlier_period_with_movements_is_closed_first(office: Office) -> None:
    firm = office.firm()
    sold(firm, day="2026-02-01")
    sold(firm)
    refused = close(firm)
    assert code(refused) == (409, "earlier-period-open")
    assert "2026-Q1" in refused.body["detail"]
    closed(firm, "2026-Q1")
    sold(firm, day="2026-05-01", rate="0")
    # A sale without VAT is to be reported too.
    assert "2026-Q2" in close(firm).body["detail"]
    closed(firm, "2026-Q2")
    assert filled(closed(firm)) == {"05": "1000", "10": "250", "49": "250"}


def test_history_that_another_program_has_filed_hinders_nothing(office: Office) -> None:
    firm = office.firm()
    firm.office.cloud.dynamodb.put_item(
        TableName=office.cloud.template.name("LedgerTable"),
        Item={
            "pk": {"S": f"COMPANY#{firm.company_id}"},
            "sk": {"S": "OPENING"},
            "rows": {"S": "1930:6000;2611:-6000"},
            "changed_at": {"S": "2026-01-01T00:00:00.000Z"},
            "changed_by": {"S": STAFF},
            "version": {"N": "1"},
        },
    )
    hand(firm, "2026-01-31", ("2611", "60.00", ""), ("2650", "", "60.00"))
    hand(firm, "2026-02-01", ("1930", "125.00", ""), ("3001", "", "100.00"), ("2611", "", "25.00"))
    hand(firm, "2026-03-31", ("2611", "25.00", ""), ("2650", "", "25.00"))
    firm.close_books_until("2026-06-30")
    sold(firm)
    closed(firm)


def test_unsettled_vat_in_closed_books_is_still_to_be_reported(office: Office) -> None:
    firm = office.firm()
    sold(firm, day="2026-02-01")
    firm.close_books_until("2026-06-30")
    assert code(close(firm)) == (409, "earlier-period-open")
    assert code(close(firm, "2026-Q1")) == (409, "closed-period")


def test_parked_event_of_the_period_hinders_its_closing(office: Office) -> None:
    firm = office.firm()
    firm.issue(invoice_date=DAY)
    firm.close_books_until("2026-09-30")
    office.settle()
    reopen(firm)
    answer = close(firm)
    assert code(answer) == (409, "events-parked")
    assert findings(vat(firm)) == ["events-wait"]
    firm.ok("POST", "/ledger/parked/retry", user=STAFF)
    closed(firm)


def reopen(firm: Firm, until: str | None = None) -> None:
    firm.ok("POST", "/ledger/periods/reopen", {"until": until, "reason": "Glömd faktura"}, STAFF)


def test_event_on_its_way_into_the_books_hinders_the_closing(office: Office) -> None:
    firm = office.firm()
    firm.issue(invoice_date=DAY)
    assert code(close(firm)) == (409, "events-pending")
    office.settle()
    assert filled(closed(firm))["05"] == "1000"


def test_voucher_to_journalise_hinders_the_closing(office: Office) -> None:
    firm = office.firm()
    firm.change_books("SET journalising = :value", {"S": "reviewed"})
    sold(firm)
    assert code(close(firm)) == (409, "awaits-journalising")
    assert findings(vat(firm)) == ["events-wait"]


def test_note_that_the_file_cannot_hold_is_refused(office: Office) -> None:
    firm = office.firm()
    for note in ("100 €", "łódź"):
        assert pointers(close(firm, note=note)) == {"/note"}
    assert vat(firm)["status"] == "open"


# ---------------------------------------------------------------- after a reopening


def test_closed_period_that_is_opened_again_is_filed_anew_with_what_has_come_to_it(office: Office) -> None:
    firm = office.firm()
    sold(firm, "1000.40")
    closed(firm)
    reopen(firm, "2026-06-30")
    assert (vat(firm)["status"], findings(vat(firm))) == ("open", [])
    sold(firm, "99.99")
    opened = vat(firm)
    assert filled(opened) == {"05": "1100", "10": "275", "49": "275"}
    assert set(findings(opened)) == {"filed-differs"}
    assert len(opened["filings"]) == 1
    again = closed(firm)
    assert [filled(each) for each in again["filings"]] == [
        {"05": "1000", "10": "250", "49": "250"},
        {"05": "1100", "10": "275", "49": "275"},
    ]
    assert again["findings"] == []
    settlements = [each for each in firm.vouchers() if each["series"] == "M"]
    assert [each["source"] for each in settlements] == ["vat/2026-Q3/closed", "vat/2026-Q3/closed/2"]
    balances = firm.balances()
    assert (balances["2611"], balances["2650"], balances["3740"]) == ("0.00", "-275.00", "-0.10")


def test_box_given_to_an_account_after_the_filing_shows_as_a_difference(office: Office) -> None:
    firm = office.firm()
    hand(firm, DAY, ("1930", "100.00", ""), ("3990", "", "100.00"))
    closed(firm)
    give_boxes(firm, {"3990": "42"})
    found = vat(firm)
    assert (found["boxes"]["42"], found["books"][0]["kronor"]) == ("0", "100")
    assert findings(found) == ["filed-differs"]


def change_after_filing(firm: Firm) -> None:
    """File a quarter with a sale in it, open it again and sell once more in it."""
    sold(firm, day=DAY)
    closed(firm)
    reopen(firm, "2026-08-31")
    sold(firm, day="2026-09-20")


def test_filed_vat_that_has_changed_is_closed_as_vat_and_not_by_closing_the_books(office: Office) -> None:
    firm = office.firm()
    change_after_filing(firm)
    for until in ("2026-09-30", "2026-10-31"):
        refused = firm.call("POST", "/ledger/periods/close", {"until": until}, STAFF)
        assert code(refused) == (409, "vat-return-differs")
        assert QUARTER in refused.body["detail"]
    # To a day before it ends its return can still be closed.
    firm.ok("POST", "/ledger/periods/close", {"until": "2026-09-29"}, STAFF)
    assert filled(closed(firm))["49"] == "500"
    firm.ok("POST", "/ledger/periods/close", {"until": "2026-10-31"}, STAFF)
    assert firm.balances()["2611"] == "0.00"


def test_filed_vat_that_has_changed_by_less_than_a_krona_is_not_left_on_its_account(office: Office) -> None:
    firm = office.firm()
    sold(firm)
    closed(firm)
    reopen(firm, "2026-06-30")
    hand(firm, DAY, ("1930", "0.40", ""), ("2611", "", "0.40"))
    assert "filed-differs" not in findings(vat(firm))
    refused = firm.call("POST", "/ledger/periods/close", {"until": "2026-09-30"}, STAFF)
    assert code(refused) == (409, "vat-return-differs")
    closed(firm)
    assert firm.balances()["2611"] == "0.00"


def test_filed_vat_that_is_as_it_was_is_closed_with_the_books(office: Office) -> None:
    firm = office.firm()
    sold(firm)
    before = closed(firm)
    reopen(firm)
    firm.voucher("1930", "2893", "1.00", DAY)
    firm.ok("POST", "/ledger/periods/close", {"until": "2026-10-31"}, STAFF)
    assert vat(firm) == before


def test_filed_period_that_nothing_is_left_in_is_closed_again_before_later_ones(office: Office) -> None:
    firm = office.firm()
    sale = hand(firm, "2026-05-10", ("1930", "125.00", ""), ("3001", "", "100.00"), ("2611", "", "25.00"))
    closed(firm, "2026-Q2")
    reopen(firm)
    firm.ok("POST", f"/ledger/vouchers/{sale}/reverse", {"date": "2026-05-10"}, STAFF)
    refused = close(firm)
    assert code(refused) == (409, "earlier-period-open")
    assert "2026-Q2" in refused.body["detail"]
    assert filled(closed(firm, "2026-Q2")) == {}
    closed(firm)
    assert (firm.balances()["2611"], firm.balances()["2650"]) == ("0.00", "0.00")


# ---------------------------------------------------------------- when fiscal years change


def test_two_fiscal_years_that_end_in_one_year_are_filed_each_by_itself(office: Office) -> None:
    firm = office.firm()
    reports_by(firm, "year")
    firm.keep_fiscal_years(("2025-05-01", "2026-04-30"), ("2026-05-01", "2027-04-30"))
    sold(firm, day="2026-02-01")
    closed(firm, "2026")
    sold(firm, "200.00", day="2026-06-01")
    firm.ok("PUT", "/ledger/fiscal-years/2026-05-01", {"end": "2026-12-31"}, STAFF)
    stand_at(datetime(2027, 1, 5, 9, 0, tzinfo=UTC))
    refused = close(firm, "2026")
    assert pointers(refused) == {"/period"}
    assert "2026-04 or 2026-12" in refused.body["detail"]
    answer = closed(firm, "2026-12")
    assert (filled(answer)["49"], len(answer["filings"])) == ("50", 1)
    assert firm.balances()["2650"] == "-300.00"
    assert (vat(firm, "2026-04")["first_day"], filled(vat(firm, "2026-04"))["49"]) == ("2025-05-01", "250")


def test_fiscal_year_whose_vat_is_filed_keeps_its_days_also_when_it_is_open_again(office: Office) -> None:
    firm = office.firm()
    reports_by(firm, "year")
    sold(firm, day="2026-02-01")
    stand_at(datetime(2027, 1, 5, 9, 0, tzinfo=UTC))
    closed(firm, "2026")
    for _ in range(2):
        refused = firm.call("PUT", "/ledger/fiscal-years/2026-01-01", {"end": "2027-04-30"}, STAFF)
        assert code(refused) == (409, "vat-return-filed")
        if firm.ok("GET", "/ledger/periods")["closed_until"]:
            reopen(firm)
    firm.ok("PUT", "/ledger/fiscal-years/2027-01-01", {"end": "2027-06-30"}, STAFF)


def test_days_that_are_filed_are_in_no_period_of_another_shape_also_when_open_again(office: Office) -> None:
    firm = office.firm()
    change_after_filing(firm)
    reports_by(firm, "month")
    refused = close(firm, "2026-09")
    assert code(refused) == (409, "already-closed")
    assert QUARTER in refused.body["detail"]
    # What is to be closed before a later month is the period that was filed.
    assert f"Close {QUARTER} first" in close(firm, "2026-10").body["detail"]
    assert filled(closed(firm))["49"] == "500"
    closed(firm, "2026-10")


def test_month_of_a_filed_fiscal_year_has_not_its_filing(office: Office) -> None:
    firm = office.firm()
    firm.keep_fiscal_years(("2025-11-01", "2026-10-31"), ("2026-11-01", "2027-10-31"))
    reports_by(firm, "year")
    sold(firm, day="2026-02-01")
    closed(firm, "2026")
    reports_by(firm, "month")
    month = firm.ok("GET", "/ledger/vat-return")
    assert (month["period"], month["kind"], month["status"], filled(month)) == (
        "2026-10",
        "month",
        "open",
        {},
    )


# ---------------------------------------------------------------- the periods of a year


def test_periods_of_a_fiscal_year_are_listed_with_what_is_to_pay(office: Office) -> None:
    firm = office.firm()
    sold(firm, day="2026-02-01")
    closed(firm, "2026-Q1")
    sold(firm, "200.00")
    found = firm.ok("GET", "/ledger/vat-returns")
    assert (found["fiscal_year_start"], found["fiscal_year_end"]) == ("2026-01-01", "2026-12-31")
    assert [(each["period"], each["status"], each["to_pay"]) for each in found["items"]] == [
        ("2026-Q1", "closed", "250"),
        ("2026-Q2", "open", "0"),
        ("2026-Q3", "open", "50"),
        ("2026-Q4", "open", "0"),
    ]
    assert [each["due_date"] for each in found["items"]] == [
        *("2026-05-12", "2026-08-17", "2026-11-12", "2027-02-12")
    ]
    following = firm.ok("GET", "/ledger/vat-returns?fiscal_year=2027-01-01")
    assert following["items"][0]["period"] == "2027-Q1"
    refused = firm.call("GET", "/ledger/vat-returns?fiscal_year=2050-01-01")
    assert code(refused) == (409, "outside-fiscal-year")


def test_period_closed_by_another_kind_stays_as_it_was_filed(office: Office) -> None:
    firm = office.firm()
    sold(firm, day="2026-02-01")
    closed(firm, "2026-Q1")
    reports_by(firm, "month")
    assert filled(vat(firm, "2026-Q1"))["49"] == "250"
    periods = [each["period"] for each in firm.ok("GET", "/ledger/vat-returns")["items"]]
    assert periods[:3] == ["2026-Q1", "2026-04", "2026-05"]
    closed(firm, "2026-04")
    reports_by(firm, "year")
    stand_at(datetime(2027, 1, 5, 9, 0, tzinfo=UTC))
    refused = close(firm, "2026")
    assert code(refused) == (409, "already-closed")
    assert "2026-04" in refused.body["detail"]


# ---------------------------------------------------------------- the return's file


def test_file_of_a_closed_period_is_as_it_was_filed(office: Office) -> None:
    firm = office.firm()
    sold(firm, "1000.40")
    before = firm.call("GET", "/ledger/vat-return/eskd?period=2026-Q3")
    closed(firm, note="Se bilaga – tack")
    answer = firm.call("GET", "/ledger/vat-return/eskd?period=2026-Q3")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="momsdeklaration-2026-Q3.xml"'
    told = read_eskd(content(answer))
    assert (told.year, told.month, told.boxes) == (2026, 9, {"05": 1000, "10": 250})
    assert told.text == "Se bilaga - tack"
    assert read_eskd(content(before)).boxes == told.boxes
    assert etree.fromstring(content(answer)).findtext("OrgNr") == f"{told.org_no[:6]}-{told.org_no[6:]}"


def content(answer: Answer) -> bytes:
    assert answer.status == 200, answer.text
    return base64.b64decode(answer.text)


# ---------------------------------------------------------------- the EU sales list


def test_sales_list_has_each_buyers_goods_and_services(office: Office) -> None:
    firm = office.firm()
    sold_abroad(firm, GERMAN, ("1000.60", "goods"), ("200.50", "service"))
    sold_abroad(firm, FINNISH, ("300.60", "service"))
    sold_abroad(firm, FINNISH, ("9.00", "goods"), day="2026-10-01")
    found = firm.ok("GET", f"/ledger/vat-return/eu-sales-list?period={QUARTER}")
    assert [
        (each["vat_no"], each["goods"], each["triangular"], each["services"]) for each in found["buyers"]
    ] == [(GERMAN, "1000", None, "200"), (FINNISH, None, None, "301")]
    assert (found["goods"], found["services"], found["due_date"]) == ("1000", "501", "2026-10-26")
    assert found["findings"] == []
    whole = vat(firm)
    assert filled(whole) == {"35": "1000", "39": "501"}
    assert whole["findings"] == []
    month = firm.ok("GET", "/ledger/vat-return/eu-sales-list?period=2026-10")
    assert [each["goods"] for each in month["buyers"]] == ["9"]


def test_sales_list_file_is_skatteverkets(office: Office) -> None:
    firm = office.firm()
    invoice = sold_abroad(firm, GERMAN, ("1000.60", "goods"))
    sold_abroad(firm, FINNISH, ("300.60", "service"))
    firm.credited(invoice, invoice_date=DAY)
    office.settle()
    path = f"/ledger/vat-return/eu-sales-list/file?period={QUARTER}"
    lacking = firm.call("GET", path)
    assert code(lacking) == (409, "vat-file-incomplete")
    assert "phone" in lacking.body["detail"]
    told = read_sales_list(content(firm.call("GET", f"{path}&contact=Berit+Ek&phone=013-12+34-56")))
    assert (told.period, told.contact, told.phone, told.email) == (
        *("26-3", "Berit Ek", "013-123456"),
        "anna@example.se",
    )
    # What was credited says 0: the list has told of it, or would have.
    assert told.buyers == (BuyerSales(GERMAN, goods=0), BuyerSales(FINNISH, services=300))


def test_sale_by_hand_has_no_buyer_and_hinders_the_file_alone(office: Office) -> None:
    firm = office.firm()
    sold_abroad(firm, "GR094259216", ("100.00", "goods"))
    written = hand(firm, DAY, ("1930", "50.00", ""), ("3108", "", "50.00"))
    found = firm.ok("GET", f"/ledger/vat-return/eu-sales-list?period={QUARTER}")
    assert [(each["vat_no"], each["goods"]) for each in found["buyers"]] == [("EL094259216", "100")]
    (finding,) = found["findings"]
    assert (finding["code"], finding["vouchers"], finding["found"]) == (
        "sales-without-buyer",
        [written],
        "50.00",
    )
    file = firm.call("GET", f"/ledger/vat-return/eu-sales-list/file?period={QUARTER}&phone=112")
    assert code(file) == (409, "vat-file-incomplete")
    assert written in file.body["detail"]
    assert set(findings(vat(firm))) == {"sales-without-buyer", "sales-list-differs"}


def test_swedish_buyer_is_in_no_list(office: Office) -> None:
    firm = office.firm()
    give_boxes(firm, {"3004": "39"})
    sold(firm, rate="0", customer=firm.customer("Svensk AB", vat_no="SE556036079301"))
    found = firm.ok("GET", f"/ledger/vat-return/eu-sales-list?period={QUARTER}")
    assert (found["buyers"], findings(found)) == ([], ["sales-without-buyer"])


def test_without_sales_to_the_eu_there_is_no_list_to_send(office: Office) -> None:
    firm = office.firm()
    assert firm.ok("GET", "/ledger/vat-return/eu-sales-list")["buyers"] == []
    answer = firm.call("GET", "/ledger/vat-return/eu-sales-list/file?phone=112")
    assert code(answer) == (409, "vat-file-incomplete")
    assert pointers(firm.call("GET", "/ledger/vat-return/eu-sales-list?period=2026")) == {"?period"}


def test_by_the_cash_method_the_list_follows_what_was_paid(office: Office) -> None:
    firm = office.firm(method="cash")
    german = sold_abroad(firm, GERMAN, ("1000.00", "goods"), day="2026-06-01")
    payment = firm.paid("400.00", german, payment_date=DAY)
    office.settle()
    path = f"/ledger/vat-return/eu-sales-list?period={QUARTER}"
    assert [(each["vat_no"], each["goods"]) for each in firm.ok("GET", path)["buyers"]] == [(GERMAN, "400")]
    assert firm.take_back(payment, date="2026-09-20").status == 200
    office.settle()
    assert [(each["vat_no"], each["goods"]) for each in firm.ok("GET", path)["buyers"]] == [(GERMAN, "0")]


def test_by_the_cash_method_the_years_last_period_has_what_is_unpaid_then(office: Office) -> None:
    firm = office.firm(method="cash")
    firm.keep_fiscal_years(("2025-10-01", "2026-09-30"), ("2026-10-01", "2027-09-30"))
    sold_abroad(firm, GERMAN, ("1000.00", "goods"))
    sold(firm, "400.00")
    assert (filled(vat(firm)), findings(vat(firm))) == ({}, ["year-end-missing"])
    assert code(close(firm)) == (409, "year-end-missing")
    firm.ok("POST", "/ledger/year-end/cash-method", {"fiscal_year": "2025-10-01"}, STAFF)
    answer = closed(firm)
    assert (filled(answer), findings(answer)) == ({"05": "400", "10": "100", "35": "1000", "49": "100"}, [])
    box = firm.ok("GET", f"/ledger/vat-return/boxes/10?period={QUARTER}")
    assert [(each["account"], each["amount"]) for each in box["accounts"]] == [("2618", "100.00")]
    assert firm.balances() == {"1510": "1500.00", "2650": "-100.00"}
    (buyer,) = firm.ok("GET", f"/ledger/vat-return/eu-sales-list?period={QUARTER}")["buyers"]
    assert (buyer["vat_no"], buyer["goods"]) == (GERMAN, "1000")


def test_by_the_cash_method_a_quarter_has_what_is_unpaid_at_a_years_end_within_it(office: Office) -> None:
    firm = office.firm(method="cash")
    firm.keep_fiscal_years(("2025-09-01", "2026-08-31"), ("2026-09-01", "2027-08-31"))
    sold(firm, "400.00", day="2026-08-15")
    sold(firm, "70.00", day="2026-09-15")
    assert (filled(vat(firm)), findings(vat(firm))) == ({}, ["year-end-missing"])
    assert code(close(firm)) == (409, "year-end-missing")
    firm.ok("POST", "/ledger/year-end/cash-method", {"fiscal_year": "2025-09-01"}, STAFF)
    assert filled(closed(firm)) == {"05": "400", "10": "100", "49": "100"}


def test_by_the_cash_method_a_payment_of_several_invoices_is_parted_by_them(office: Office) -> None:
    firm = office.firm(method="cash")
    one = sold_abroad(firm, GERMAN, ("1000.00", "goods"))
    customer = one["customer_id"]
    rows = [{"description": "Rådgivning", "unit_price": "500.00", "vat_rate": "0", "kind": "service"}]
    draft = firm.ok("POST", "/invoices", {"customer_id": customer, "rows": rows, "invoice_date": DAY})
    two = firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    office.settle()
    payment = firm.paid("750.00", (one, "500.00"), (two, "250.00"), payment_date=DAY)
    office.settle()
    path = f"/ledger/vat-return/eu-sales-list?period={QUARTER}"
    (buyer,) = firm.ok("GET", path)["buyers"]
    assert (buyer["goods"], buyer["services"]) == ("500", "250")
    assert firm.take_back(payment, date=DAY).status == 200
    office.settle()
    (buyer,) = firm.ok("GET", path)["buyers"]
    assert (buyer["goods"], buyer["services"]) == ("0", "0")
