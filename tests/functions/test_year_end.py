"""The cash method's entries at the end of a fiscal year, through the functions."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from samklang.ledger import year_end
from samklang.platform.dynamo import Transaction
from samklang.platform.money import format_sek, parse_sek
from tests.functions.books import Firm, Office, stand_at
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

NEW_YEAR = datetime(2027, 1, 4, 9, tzinfo=UTC)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def end_year(firm: Firm, user: str = STAFF, **values: Any) -> Answer:
    return firm.call("POST", "/ledger/year-end/cash-method", {"fiscal_year": "2026", **values}, user)


def ended(firm: Firm, **values: Any) -> Any:
    answer = end_year(firm, **values)
    assert answer.status == 200, answer.text
    return answer.body


def moved(firm: Firm, until: str = "2027-12-31") -> dict[str, str]:
    """What every voucher to a day comes to by account, over the years' ends; zeros left out."""
    sums: Counter[str] = Counter()
    for voucher in firm.vouchers():
        for row in voucher["rows"] if voucher["date"] <= until else ():
            sums[row["account"]] += parse_sek(row["debit"]) - parse_sek(row["credit"])
    return {account: format_sek(amount) for account, amount in sorted(sums.items()) if amount}


def agrees(firm: Firm) -> None:
    firm.office.settle()
    agreement = firm.agreement()
    assert agreement["agrees"] is True, agreement


def cash_firm(office: Office, *prices: str) -> tuple[Firm, list[Any]]:
    """A firm by the cash method whose client handles payments, and its invoices; the next year has begun."""
    firm = office.firm(handler="client", method="cash")
    customer = firm.customer()
    invoices = [firm.issue(price, customer=customer, invoice_date="2026-11-20") for price in prices]
    office.settle()
    stand_at(NEW_YEAR)
    return firm, invoices


def test_what_is_unpaid_is_posted_on_the_last_day_with_dormant_vat_and_paid_from_1510(office: Office) -> None:
    firm, (first, second) = cash_firm(office, "1000.00", "200.00")
    firm.paid("250.00", first, payment_date="2026-12-01")
    office.settle()
    dry = ended(firm, dry_run=True)
    assert (dry["count"], dry["receivables"], dry["left"]) == (2, "1250.00", 0)
    assert [each["vouchers"] for each in dry["items"]] == [[], []]
    assert "1510" not in moved(firm)
    real = ended(firm)
    assert real["accounts"] == dry["accounts"]
    assert [(each["number"], each["amount"]) for each in real["items"]] == [
        ("1001", "1000.00"),
        ("1002", "250.00"),
    ]
    posted = {"1510": "1250.00", "2611": "-50.00", "2618": "-250.00", "3001": "-1200.00"}
    assert moved(firm, "2026-12-31") == posted | {"1930": "250.00"}
    voucher = firm.ok("GET", f"/ledger/vouchers/{real['items'][0]['vouchers'][0]}")
    assert (voucher["date"], voucher["series"]) == ("2026-12-31", "K")
    assert voucher["source"] == f"year_end/2026-01-01/{first['invoice_id']}"
    assert voucher["text"] == "Bokslut, obetald kundfaktura 1001 Kund AB"
    agrees(firm)
    firm.paid("1000.00", first, payment_date="2027-01-04")
    firm.paid("250.00", second, payment_date="2027-01-04")
    agrees(firm)
    assert moved(firm) == {"1930": "1500.00", "2611": "-50.00", "2618": "-250.00", "3001": "-1200.00"}
    assert firm.receivables("?as_of=2026-12-31")["account_1510"] == "1250.00"


def test_the_same_year_again_posts_only_what_has_come_since(office: Office) -> None:
    firm, _ = cash_firm(office, "1000.00")
    assert ended(firm)["count"] == 1
    assert ended(firm)["count"] == 0
    late = firm.issue("100.00", invoice_date="2026-12-30")
    new = firm.issue("100.00", invoice_date="2027-01-02")
    office.settle()
    firm.paid("50.00", late, payment_date="2027-01-03")
    firm.paid("50.00", new, payment_date="2027-01-03")
    office.settle()
    again = ended(firm)
    assert [(each["number"], each["amount"]) for each in again["items"]] == [("1002", "125.00")]
    assert moved(firm, "2026-12-31") == {"1510": "1375.00", "2618": "-275.00", "3001": "-1100.00"}
    assert moved(firm)["1510"] == "1325.00"
    assert moved(firm)["2611"] == "-10.00"
    agrees(firm)


def test_credit_notes_bad_debts_and_reversals_across_the_year_end_come_out_right(office: Office) -> None:
    firm, (credited, lost, doubted, back) = cash_firm(office, "1000.00", "1000.00", "1000.00", "1000.00")
    payment = firm.paid("1250.00", back, payment_date="2026-12-01")
    office.settle()
    ended(firm)
    firm.credited(credited)
    bad_debt = {"date": "2027-01-04", "reason": "Konkurs"}
    firm.ok("POST", "/ledger/bad-debts", {"invoice_id": lost["invoice_id"], **bad_debt}, STAFF)
    expected = {"invoice_id": doubted["invoice_id"], "kind": "expected", **bad_debt}
    firm.ok("POST", "/ledger/bad-debts", expected, STAFF)
    assert firm.take_back(payment, date="2027-01-04").status == 200
    agrees(firm)
    assert moved(firm) == {
        "1510": "1250.00",
        "1519": "-1000.00",
        "2611": "500.00",
        "2618": "-750.00",
        "3001": "-2000.00",
        "6351": "1000.00",
        "6352": "1000.00",
        "6358": "1000.00",
        "6359": "-1000.00",
    }
    firm.paid("1250.00", back, payment_date="2027-01-04")
    firm.paid("1250.00", doubted, payment_date="2027-01-04")
    agrees(firm)
    assert not {"1510", "1519", "6352"} & moved(firm).keys()


def test_what_is_owed_to_suppliers_is_posted_too(office: Office) -> None:
    firm, _ = cash_firm(office)
    supplier = firm.ok("POST", "/ledger/suppliers", {"name": "Leverantör AB"}, STAFF)
    bill = {
        "supplier_id": supplier["supplier_id"],
        "number": "17",
        "invoice_date": "2026-12-10",
        "total": "125.00",
        "rows": [{"account": "5410", "net": "100.00", "vat_rate": "25"}],
    }
    firm.ok("POST", "/ledger/supplier-invoices", bill, STAFF)
    dry = ended(firm, dry_run=True)
    assert ended(firm)["accounts"] == dry["accounts"]
    assert moved(firm) == {"2440": "-125.00", "2648": "25.00", "5410": "100.00"}
    assert (dry["payables"], ended(firm)["count"]) == ("125.00", 0)
    agrees(firm)


def test_many_items_are_posted_a_transaction_at_a_time_and_a_crash_between_leaves_the_rest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, _ = cash_firm(office, "10.00", "20.00", "30.00")
    monkeypatch.setattr(year_end, "_AT_A_TIME", 2)
    commit, commits = Transaction.commit_unchanged, [None, ConnectionError("gone")]

    def crash(transaction: Transaction) -> None:
        if error := commits.pop(0):
            raise error
        commit(transaction)

    monkeypatch.setattr(Transaction, "commit_unchanged", crash)
    assert end_year(firm).status == 500
    monkeypatch.setattr(Transaction, "commit_unchanged", commit)
    assert moved(firm)["1510"] == "37.50"
    assert [each["number"] for each in ended(firm)["items"]] == ["1003"]
    assert moved(firm) == {"1510": "75.00", "2618": "-15.00", "3001": "-60.00"}
    agrees(firm)


def test_what_there_was_no_time_for_is_told_and_the_same_request_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, _ = cash_firm(office, "10.00", "20.00")
    body, key = {"fiscal_year": "2026-01-01"}, {"Idempotency-Key": "bokslut"}
    monkeypatch.setattr(year_end, "_SECONDS", 0)
    first = firm.call("POST", "/ledger/year-end/cash-method", body, STAFF, key)
    assert (first.body["count"], first.body["left"]) == (0, 2)
    monkeypatch.setattr(year_end, "_SECONDS", 15)
    second, third = (firm.call("POST", "/ledger/year-end/cash-method", body, STAFF, key) for _ in range(2))
    assert (second.body["count"], second.body["left"]) == (2, 0)
    assert third.body == second.body


def test_what_a_dry_run_has_no_time_for_is_asked_for_behind_what_it_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, _ = cash_firm(office, "10.00", "20.00", "30.00")
    whole = ended(firm, dry_run=True)
    assert (whole["count"], whole["left"], whole["next"]) == (3, 0, None)
    monkeypatch.setattr(year_end, "_AT_A_TIME", 1)
    monkeypatch.setattr(year_end, "_SECONDS", 0)
    after: dict[str, str] = {}
    pages: list[Any] = []
    while not pages or pages[-1]["left"]:
        pages.append(ended(firm, dry_run=True, **after))
        after = {"after": pages[-1]["next"]}
    assert [(page["count"], page["left"]) for page in pages] == [(1, 2), (1, 1), (1, 0)]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert sum(parse_sek(page["receivables"]) for page in pages) == parse_sek(whole["receivables"])
    assert code(end_year(firm, after="customer/inv_1")) == (422, "validation")
    assert moved(firm) == {}


def test_a_year_that_two_fiscal_years_begin_in_is_asked_for_by_its_first_day(office: Office) -> None:
    firm = office.firm(handler="client", method="cash")
    firm.keep_fiscal_years(("2026-01-01", "2026-06-30"), ("2026-07-01", "2026-12-31"))
    firm.issue("1000.00", invoice_date="2026-11-20")
    office.settle()
    stand_at(NEW_YEAR)
    refused = end_year(firm)
    assert code(refused) == (422, "validation")
    assert "2026-01-01, 2026-07-01" in refused.body["detail"]
    assert ended(firm, fiscal_year="2026-01-01")["count"] == 0
    assert ended(firm, fiscal_year="2026-07-01")["count"] == 1


def test_a_year_end_voucher_at_fault_is_named_by_the_agreement(office: Office) -> None:
    firm, (invoice,) = cash_firm(office, "1000.00")
    (item,) = ended(firm)["items"]
    (kept,) = firm.items("LedgerTable", "V#")
    assert item["vouchers"] == ["2026-12-31.K.1"]
    rows = kept["r"].replace("125000", "125001").replace("-25000", "-25001")
    firm.tamper("LedgerTable", kept["sk"], "SET #rows = :rows", {":rows": {"S": rows}}, {"#rows": "r"})
    one = {":one": {"N": "1"}}
    firm.tamper("LedgerTable", "BALANCE#2026-12", "ADD a1510 :one", one)
    agreement = firm.agreement()
    assert (agreement["agrees"], agreement["account_1510"]) == (False, "1250.01")
    first = agreement["first_difference"]
    assert first["event"] == f"year_end/2026-01-01/{invoice['invoice_id']}"
    assert (first["invoicing_amount"], first["ledger_amount"]) == ("1250.00", "1250.01")
    assert first["invoice_id"] == invoice["invoice_id"]


def test_who_may_not_and_which_years_are_refused_with_their_reason(office: Office) -> None:
    firm, _ = cash_firm(office, "10.00")
    by_invoice = office.firm(method="invoice")
    assert code(end_year(by_invoice)) == (409, "not-cash-method")
    assert code(end_year(firm, user=CLIENT)) == (403, "not-allowed")
    assert code(end_year(firm, fiscal_year="2019")) == (422, "validation")
    assert code(end_year(firm, fiscal_year="2027")) == (409, "period-not-over")
    assert code(end_year(firm, fiscal_year="26")) == (422, "validation")
    firm.close_books_until("2026-12-31")
    assert code(end_year(firm)) == (409, "closed-period")
    assert moved(firm) == {}
