from datetime import UTC, date, datetime
from typing import Any

import pytest

from samklang.formats import ocr
from samklang.invoicing.store import invoices as store
from tests.functions.books import TODAY, Firm, Office, code, etag, pointers, stand_at
from tests.functions.conftest import STAFF

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "inv_00000000000000000000"
ROW: dict[str, Any] = {"description": "Arbete", "unit_price": "100.00", "vat_rate": "25"}


def invoiced(firm: Firm, *rows: Any, **values: Any) -> Any:
    """An issued invoice with these rows."""
    given = {"customer_id": firm.customer(), "rows": list(rows), **values}
    draft = firm.ok("POST", "/invoices", given)
    return firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")


def paid(office: Office, firm: Firm, invoice: Any, amount: str) -> Any:
    """The invoice, with a payment of it that both sides know."""
    office.settle()
    assert firm.pay(amount, invoice).status == 201
    office.settle()
    return firm.invoice(invoice)


def figures(invoice: Any) -> tuple[str, str, str, str]:
    """What stands on it of money, and how far it has come."""
    return invoice["credited"], invoice["paid"], invoice["remaining"], invoice["status"]


# ---------------------------------------------------------------- what it is


def test_a_credit_note_refers_to_its_invoice_and_takes_the_next_number_of_the_same_series(
    office: Office,
) -> None:
    firm = office.firm()
    words = {"text": "Etapp 1"}
    issued = invoiced(firm, ROW | {"quantity": "2"}, words, ROW | {"vat_rate": "6"}, order_reference="PO 7")
    answer = firm.credit(issued, (0, "1"), reason="Trasig")
    note = answer.body
    assert answer.status == 201
    assert answer.headers["ETag"] == '"1"'
    assert (note["kind"], note["number"], note["ocr"]) == ("credit_note", 1002, ocr.make_ocr("1002"))
    assert note["original"] == {
        "invoice_id": issued["invoice_id"],
        "number": 1001,
        "invoice_date": str(TODAY),
        "settled": "125.00",
        "rows": [0],
    }
    (row,) = note["rows"]
    assert (row["quantity"], row["unit_price"], row["amount"]) == ("-1", "100.00", "-100.00")
    assert note["vat_lines"] == [
        {"vat_code": "domestic", "vat_rate": "25", "base": "-100.00", "vat": "-25.00"}
    ]
    assert (note["net"], note["vat"], note["total"]) == ("-100.00", "-25.00", "-125.00")
    assert (note["invoice_date"], note["due_date"], note["reason"]) == (str(TODAY), str(TODAY), "Trasig")
    assert (note["order_reference"], note["buyer"]) == ("PO 7", issued["buyer"])
    assert firm.invoice(note) == note
    after = firm.invoice(issued)
    assert after["credit_notes"] == [{"invoice_id": note["invoice_id"], "number": 1002, "total": "-125.00"}]
    assert after["rows"] == issued["rows"]
    assert firm.issue()["number"] == 1003


def test_a_credit_note_has_a_page_of_its_own(office: Office) -> None:
    firm = office.firm()
    note = firm.credited(firm.issue())
    answer = firm.call("GET", f"/invoices/{note['invoice_id']}/pdf")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")


def test_the_bureau_and_a_company_that_is_no_more_active_credit_nothing(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    issued = firm.issue()
    path = f"/invoices/{issued['invoice_id']}/credit"
    assert code(firm.call("POST", path, {}, STAFF)) == (409, "not-master")
    assert code(other.credit(issued)) == (404, "not-found")
    assert firm.invoice(issued) == issued


def test_drafts_credit_notes_and_what_is_not_there_are_not_credited(office: Office) -> None:
    firm = office.firm()
    note = firm.credited(firm.issue())
    assert code(firm.credit(firm.draft())) == (409, "not-issued")
    assert code(firm.credit(note)) == (409, "is-credit-note")
    assert code(firm.credit({"invoice_id": UNKNOWN})) == (404, "not-found")
    assert firm.issue()["number"] == 1003


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        ("2026-10-31", (422, "validation")),
        ("2026-11-01", None),
        ("2027-11-24", None),
        ("2027-11-25", (422, "validation")),
    ],
)
def test_it_is_dated_from_the_day_of_its_invoice_to_a_year_ahead(
    office: Office, day: str, refusal: tuple[int, str] | None
) -> None:
    firm = office.firm()
    issued = firm.issue(invoice_date="2026-11-01")
    answer = firm.credit(issued, invoice_date=day)
    if refusal:
        assert code(answer) == refusal
        assert firm.invoice(issued) == issued
    else:
        assert (answer.body["invoice_date"], answer.body["number"]) == (day, 1002)


def test_it_is_not_dated_in_a_closed_period_though_its_invoice_is(office: Office) -> None:
    firm = office.firm()
    issued = firm.issue(invoice_date="2026-10-15")
    firm.close_books_until("2026-10-31")
    assert code(firm.credit(issued, invoice_date="2026-10-31")) == (409, "closed-period")
    assert firm.invoice(issued) == issued
    assert firm.credited(issued, invoice_date="2026-11-01")["number"] == 1002


def test_rows_that_are_none_named_twice_or_too_much_are_named_and_nothing_is_written(office: Office) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW | {"quantity": "2"}, {"text": "Etapp 1"}, ROW)
    before = firm.items("InvoicingTable")
    named: list[tuple[list[tuple[int, str | None]], set[str]]] = [
        ([(1, "1")], {"/rows/0/row"}),
        ([(0, "1"), (0, "1")], {"/rows/1/row"}),
        ([(2, "1"), (3, None)], {"/rows/1/row"}),
    ]
    for rows, expected in named:
        assert pointers(firm.credit(issued, *rows)) == expected
    answer = firm.credit(issued, (2, "1"), (0, "2.001"))
    assert code(answer) == (409, "credit-exceeds")
    assert [each["pointer"] for each in answer.body["errors"]] == ["/rows/1/quantity"]
    path = f"/invoices/{issued['invoice_id']}/credit"
    wrong: list[Any] = [[], [{"row": 0, "quantity": "-1"}], [{"row": 0.5}]]
    for given_rows in wrong:
        assert code(firm.call("POST", path, {"rows": given_rows})) == (422, "validation")
    assert firm.items("InvoicingTable") == before


# ---------------------------------------------------------------- what remains


def test_credited_in_steps_it_comes_to_the_invoice_to_the_ore(office: Office) -> None:
    firm = office.firm()
    issued = invoiced(
        firm,
        ROW | {"unit_price": "33.33", "quantity": "3", "discount_percent": "7.5"},
        ROW | {"unit_price": "0.99", "quantity": "7", "vat_rate": "12"},
        ROW | {"unit_price": "-10.01", "quantity": "1"},
        round_to_krona=True,
    )
    notes = [firm.credited(issued, (0, "1")), firm.credited(issued, (1, "3"), (0, "0.333"))]
    halfway = firm.invoice(issued)
    assert (halfway["status"], len(halfway["credit_notes"])) == ("issued", 2)
    notes.append(firm.credited(issued))
    after = firm.invoice(issued)
    assert figures(after) == (issued["total"], "0.00", "0.00", "credited")
    assert sum(round(float(each["total"]) * 100) for each in notes) == -round(float(issued["total"]) * 100)
    assert {figures(firm.invoice(each)) for each in notes} == {("0.00", "0.00", "0.00", "settled")}
    assert code(firm.credit(issued)) == (409, "credit-exceeds")
    assert code(firm.credit(issued, (0, "0.001"))) == (409, "credit-exceeds")


@pytest.mark.parametrize(
    ("payment", "after_part", "part_note", "after_all", "rest_note"),
    [
        (
            None,
            ("125.00", "0.00", "125.00", "issued"),
            ("0.00", "0.00", "0.00", "settled"),
            ("250.00", "0.00", "0.00", "credited"),
            ("0.00", "0.00", "0.00", "settled"),
        ),
        (
            "200.00",
            ("125.00", "200.00", "0.00", "paid"),
            ("0.00", "0.00", "-75.00", "issued"),
            ("250.00", "200.00", "0.00", "credited"),
            ("0.00", "0.00", "-125.00", "issued"),
        ),
        (
            "250.00",
            ("125.00", "250.00", "0.00", "paid"),
            ("0.00", "0.00", "-125.00", "issued"),
            ("250.00", "250.00", "0.00", "credited"),
            ("0.00", "0.00", "-125.00", "issued"),
        ),
        (
            "50.00",
            ("125.00", "50.00", "75.00", "partly_paid"),
            ("0.00", "0.00", "0.00", "settled"),
            ("250.00", "50.00", "0.00", "credited"),
            ("0.00", "0.00", "-50.00", "issued"),
        ),
    ],
    ids=["unpaid", "mostly paid", "paid", "partly paid"],
)
def test_it_settles_what_remains_and_the_rest_is_the_customers(
    office: Office,
    payment: str | None,
    after_part: tuple[str, ...],
    part_note: tuple[str, ...],
    after_all: tuple[str, ...],
    rest_note: tuple[str, ...],
) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW | {"quantity": "2"})
    if payment:
        issued = paid(office, firm, issued, payment)
    part = firm.credited(issued, (0, "1"))
    assert (figures(firm.invoice(issued)), figures(part)) == (after_part, part_note)
    rest = firm.credited(issued)
    assert (figures(firm.invoice(issued)), figures(rest)) == (after_all, rest_note)
    assert (figures(firm.invoice(part)), figures(firm.invoice(rest))) == (part_note, rest_note)
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_a_payment_after_a_credit_is_of_what_remains(office: Office) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW | {"quantity": "2"})
    firm.credited(issued, (0, "1"))
    after = paid(office, firm, issued, "125.00")
    assert figures(after) == ("125.00", "125.00", "0.00", "paid")
    assert firm.agreement()["agrees"] is True


def test_an_invoice_of_nothing_is_credited_once(office: Office) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW, ROW | {"unit_price": "-100.00"})
    note = firm.credited(issued)
    assert figures(note) == ("0.00", "0.00", "0.00", "settled")
    assert code(firm.credit(issued)) == (409, "credit-exceeds")


# ---------------------------------------------------------------- as it was then


def test_a_credit_note_has_the_rates_of_its_invoice_whatever_they_are_now(office: Office) -> None:
    stand_at(datetime(2026, 3, 31, 9, tzinfo=UTC))
    firm = office.firm()
    article = firm.ok("POST", "/articles", {"name": "Bröd", "unit_price": "100.00", "vat_class": "food"})
    issued = invoiced(firm, {"article_id": article["article_id"], "quantity": "2"})
    stand_at(datetime(2026, 4, 1, 9, tzinfo=UTC))
    made = firm.call("GET", f"/articles/{article['article_id']}")
    changed = {"name": "Bröd", "unit_price": "1.00", "vat_rate": "25", "active": False}
    firm.call("PUT", f"/articles/{article['article_id']}", changed, headers=etag(made))
    note = firm.credited(issued, (0, "1"))
    assert (note["rows"][0]["vat_rate"], note["vat"], note["total"]) == ("12", "-12.00", "-112.00")


def test_a_customer_that_is_inactive_or_has_changed_can_still_be_credited(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", {"name": "Kund AB"})
    issued = firm.issue(customer=made.body["customer_id"])
    changed = {"name": "Nytt AB", "vat_treatment": "exempt", "active": False}
    firm.call("PUT", f"/customers/{made.body['customer_id']}", changed, headers=etag(made))
    note = firm.credited(issued)
    assert (note["customer_name"], note["vat_treatment"]) == ("Kund AB", "domestic")


# ---------------------------------------------------------------- at the same time, and again


def test_the_same_request_under_its_key_credits_once(office: Office) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW | {"quantity": "2"})
    path, key = f"/invoices/{issued['invoice_id']}/credit", {"Idempotency-Key": "credit-1"}
    body = {"rows": [{"row": 0, "quantity": "1"}]}
    first, again = (firm.call("POST", path, body, headers=key) for _ in range(2))
    assert (first.status, again.status, again.text) == (201, 201, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert figures(firm.invoice(issued))[:3] == ("125.00", "0.00", "125.00")
    other = {"rows": [{"row": 0}]}
    assert code(firm.call("POST", path, other, headers=key)) == (422, "idempotency-key-reused")
    assert len(firm.invoice(issued)["credit_notes"]) == 1


def test_the_whole_credited_under_its_key_is_told_again_though_nothing_is_left(office: Office) -> None:
    firm = office.firm()
    issued = firm.issue()
    path, key = f"/invoices/{issued['invoice_id']}/credit", {"Idempotency-Key": "credit-1"}
    first, again = (firm.call("POST", path, {}, headers=key) for _ in range(2))
    assert (again.status, again.text) == (201, first.text)


def test_an_invoice_credited_meanwhile_is_read_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW | {"quantity": "2"})
    with monkeypatch.context() as patch:
        patch.setenv("INVOICING_TABLE", office.cloud.template.name("InvoicingTable"))
        stale = [store.issue_basis(firm.company_id, [issued["invoice_id"]])]
    firm.credited(issued, (0, "1.5"))
    read = store.issue_basis

    def read_too_early(company_id: str, invoice_ids: Any) -> store.IssueBasis:
        return stale.pop() if stale else read(company_id, invoice_ids)

    monkeypatch.setattr(store, "issue_basis", read_too_early)
    assert code(firm.credit(issued, (0, "1"))) == (409, "credit-exceeds")
    assert not stale
    assert firm.credited(issued)["number"] == 1003
    assert figures(firm.invoice(issued))[:3] == ("250.00", "0.00", "0.00")


def test_what_is_credited_reaches_the_books(office: Office) -> None:
    firm = office.firm()
    issued = invoiced(firm, ROW | {"quantity": "2"}, ROW | {"vat_rate": "6"}, round_to_krona=True)
    firm.credited(issued, (0, "1"))
    office.settle()
    assert firm.invoice(issued)["ledger"]["status"] == "posted"
    assert firm.receivables()["total"] == firm.invoice(issued)["remaining"]
    firm.credited(issued)
    office.settle()
    assert set(firm.balances().values()) == {"0.00"}
    assert firm.agreement()["agrees"] is True
    assert date.fromisoformat(firm.vouchers()[-1]["date"]) == TODAY
