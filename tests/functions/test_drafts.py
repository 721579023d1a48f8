from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.functions.books import ABROAD, Firm, Office, code, etag, pointers, stand_at
from tests.functions.conftest import STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "00000000000000000000"
ROW: dict[str, Any] = {"description": "Arbete", "unit_price": "100.00", "vat_rate": "25"}
SWEDISH_VAT_NO, GERMAN_VAT_NO = "SE556012579001", "DE136695976"


def write(firm: Firm, *rows: Any, customer: str | None = None, **values: Any) -> Answer:
    """Try to write a draft of these rows."""
    given = {"customer_id": customer or firm.customer(), "rows": rows or [ROW], **values}
    return firm.call("POST", "/invoices", given)


def written(firm: Firm, *rows: Any, customer: str | None = None, **values: Any) -> Any:
    """A new draft of these rows."""
    answer = write(firm, *rows, customer=customer, **values)
    assert answer.status == 201, answer.text
    return answer.body


def change(firm: Firm, draft: Any, **values: Any) -> Answer:
    """Save a draft as it would be written today, with these changes."""
    rows = [ROW]
    given = {"customer_id": draft["customer_id"], "rows": rows, **values}
    version = {"If-Match": f'"{draft["version"]}"'}
    return firm.call("PUT", f"/invoices/{draft['invoice_id']}", given, headers=version)


def preview(firm: Firm, invoice: Any) -> Answer:
    """The page of an invoice."""
    return firm.call("GET", f"/invoices/{invoice['invoice_id']}/pdf")


# ---------------------------------------------------------------- what its rows say


def test_a_draft_takes_what_its_rows_leave_out_from_the_article_and_the_customer(office: Office) -> None:
    firm = office.firm()
    article = firm.article("Fönster 9×12", unit="m2", unit_price="4467.75", kind="goods")
    customer = firm.customer("Kund AB", your_reference="Karin Ek")
    draft = written(
        firm,
        {"article_id": article},
        {"article_id": article, "unit_price": "100.00", "quantity": "2", "discount_percent": "10"},
        {"article_id": article, "description": "Fönster, begagnat", "unit": "st", "vat_rate": "0"},
        {"description": "Bok", "unit_price": "50.00", "vat_rate": 6, "unit": "ex"},
        customer=customer,
    )
    shown = [
        (r["description"], r["unit"], r["unit_price"], r["vat_rate"], r["kind"], r["amount"])
        for r in draft["rows"]
    ]
    assert shown == [
        ("Fönster 9×12", "m2", "4467.75", "25", "goods", "4467.75"),
        ("Fönster 9×12", "m2", "100.00", "25", "goods", "180.00"),
        ("Fönster, begagnat", "st", "4467.75", "0", "goods", "4467.75"),
        ("Bok", "ex", "50.00", "6", "service", "50.00"),
    ]
    assert draft["vat_lines"] == [
        {"vat_code": "domestic", "vat_rate": "25", "base": "4647.75", "vat": "1161.94"},
        {"vat_code": "domestic", "vat_rate": "6", "base": "50.00", "vat": "3.00"},
        {"vat_code": "exempt", "vat_rate": "0", "base": "4467.75", "vat": "0.00"},
    ]
    assert (draft["net"], draft["vat"], draft["total"]) == ("9165.50", "1164.94", "10330.44")
    assert (draft["status"], draft["number"], draft["ocr"], draft["ledger"]) == ("draft", None, None, None)
    assert draft["your_reference"] == "Karin Ek"
    assert firm.invoice(draft) == draft


def test_words_stand_between_the_rows_and_add_nothing(office: Office) -> None:
    firm = office.firm()
    draft = written(firm, {"text": "Etapp 1"}, ROW, {"text": "Enligt offert 17.\nTack!"})
    assert draft["rows"][0] == {"text": "Etapp 1"}
    assert draft["rows"][2] == {"text": "Enligt offert 17.\nTack!"}
    assert draft["total"] == "125.00"
    assert firm.invoice(draft) == draft
    assert pointers(write(firm, {"text": "Etapp 1", "unit_price": "1.00"})) == {"/rows/0"}


def test_what_is_to_pay_is_rounded_to_kronor_if_so_chosen(office: Office) -> None:
    firm = office.firm()
    row = ROW | {"unit_price": "100.39"}
    exact, rounded = written(firm, row), written(firm, row, round_to_krona=True)
    assert (exact["total"], exact["rounding"]) == ("125.49", "0.00")
    assert (rounded["total"], rounded["rounding"], rounded["remaining"]) == ("125.00", "-0.49", "125.00")
    assert (rounded["net"], rounded["vat"]) == (exact["net"], exact["vat"])


def test_an_unknown_customer_or_article_is_named(office: Office) -> None:
    firm = office.firm()
    assert pointers(write(firm, customer=f"cus_{UNKNOWN}")) == {"/customer_id"}
    rows = [ROW, {"article_id": f"art_{UNKNOWN}"}, ROW, {"article_id": f"art_{UNKNOWN}"}]
    assert pointers(write(firm, *rows)) == {"/rows/1/article_id", "/rows/3/article_id"}


def test_a_customer_or_article_of_another_company_is_unknown(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    assert pointers(write(firm, customer=other.customer())) == {"/customer_id"}
    assert pointers(write(firm, {"article_id": other.article()})) == {"/rows/0/article_id"}


def test_nothing_inactive_is_put_on_a_draft(office: Office) -> None:
    firm = office.firm()
    article = firm.article("Fönster", active=False)
    assert code(write(firm, {"article_id": article})) == (409, "inactive")
    assert code(write(firm, customer=firm.customer(active=False))) == (409, "inactive")


def test_a_draft_of_less_than_nothing_is_refused(office: Office) -> None:
    firm = office.firm()
    assert code(write(firm, ROW, ROW | {"unit_price": "-100.01"})) == (409, "negative-total")
    assert written(firm, ROW, ROW | {"unit_price": "-100.00"})["total"] == "0.00"


def test_every_field_at_fault_is_named_with_its_pointer(office: Office) -> None:
    firm = office.firm()
    rows = [
        ROW | {"quantity": "-1"},
        {"description": "x", "unit_price": 1.5, "vat_rate": "20"},
        {"description": "x"},
    ]
    wrong = {"customer_id": "7", "rows": rows, "colour": "red", "invoice_date": "2026-02-30"}
    assert pointers(firm.call("POST", "/invoices", wrong)) >= {
        "/customer_id",
        "/rows/0/quantity",
        "/rows/1/unit_price",
        "/rows/1/vat_rate",
        "/rows/2",
        "/colour",
        "/invoice_date",
    }
    empty = firm.call("POST", "/invoices", {"customer_id": firm.customer(), "rows": []})
    assert pointers(empty) == {"/rows"}


UNSEEN = {"a control character": "\x07", "a direction mark": "\u202e", "a line separator": "\u2028"}


@pytest.mark.parametrize("sign", UNSEEN.values(), ids=UNSEEN.keys())
def test_given_a_sign_that_cannot_be_seen_then_each_text_that_holds_it_is_named(
    office: Office, sign: str
) -> None:
    firm = office.firm()
    text = f"A{sign}B"
    references = {"your_reference": text, "our_reference": text, "order_reference": text}
    answer = write(firm, ROW | {"description": text, "unit": text}, {"text": text}, **references)
    assert pointers(answer) == {
        "/rows/0/description",
        "/rows/0/unit",
        "/rows/1/text",
        *(f"/{each}" for each in references),
    }
    issued = firm.issue()
    assert pointers(firm.credit(issued, reason=text)) == {"/reason"}


# ---------------------------------------------------------------- limits


def test_given_the_largest_quantity_and_price_then_they_are_worked_out_or_refused_and_never_a_fault(
    office: Office,
) -> None:
    firm = office.firm()
    most = ROW | {"quantity": "9999999.999", "unit_price": "10000000000.00", "vat_rate": "0"}
    assert code(write(firm, most)) == (422, "validation")
    fits = written(firm, most | {"unit_price": "999999.99"})
    assert fits["total"] == "9999999899000.00"
    assert firm.invoice(fits) == fits
    assert written(firm, most | {"discount_percent": "100"})["total"] == "0.00"


def test_given_rows_beyond_what_the_books_can_hold_then_they_are_refused_though_they_cancel_out(
    office: Office,
) -> None:
    firm = office.firm()
    most = ROW | {"quantity": "9999999.999", "unit_price": "10000000000.00", "vat_rate": "0"}
    assert code(write(firm, most, most | {"unit_price": "-10000000000.00"}, ROW)) == (422, "validation")


def test_given_500_rows_then_the_draft_is_kept_and_given_one_more_it_is_refused(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    rows = [ROW | {"description": f"Rad {number}", "quantity": "0.5"} for number in range(500)]
    draft = written(firm, *rows, customer=customer)
    assert (len(draft["rows"]), draft["total"]) == (500, "31250.00")
    assert firm.invoice(draft) == draft
    assert pointers(write(firm, *rows, ROW, customer=customer)) == {"/rows"}


def test_given_rows_as_long_as_they_may_be_then_they_are_kept_or_refused_with_what_to_do(
    office: Office,
) -> None:
    firm = office.firm()
    customer = firm.customer()
    longest = [ROW | {"description": "🪵" * 200, "unit": "🪵" * 30} for _ in range(500)]
    answer = write(firm, *longest, customer=customer)
    assert pointers(answer) == {"/rows"}
    assert "split it in two" in answer.text
    kept = written(firm, *longest[:300], customer=customer, our_reference="🪵" * 100)
    issued = firm.ok("POST", f"/invoices/{kept['invoice_id']}/issue")
    assert len(issued["rows"]) == 300
    for size in (*["0.1"] * 3, None):
        firm.credited(issued, *((place, size) for place in range(100)), reason="🪵" * 200)
    assert len(firm.invoice(issued)["credit_notes"]) == 4


# ---------------------------------------------------------------- VAT


FOOD_RATES: list[tuple[dict[str, str], str]] = [
    ({}, "6"),
    ({"invoice_date": "2026-03-31"}, "12"),
    ({"invoice_date": "2026-04-01"}, "6"),
    ({"invoice_date": "2026-04-01", "delivery_date": "2026-03-31"}, "12"),
    ({"invoice_date": "2026-03-31", "delivery_date": "2026-04-01"}, "6"),
    ({"delivery_date": "2027-12-31"}, "6"),
    ({"delivery_date": "2028-01-01"}, "12"),
]


def test_food_is_taxed_by_the_day_it_is_delivered_or_else_invoiced(office: Office) -> None:
    firm = office.firm()
    customer, article = firm.customer(), firm.article("Bröd", vat_class="food")
    own = {"description": "Mjöl", "unit_price": "10.00", "vat_class": "food"}
    rows = [{"article_id": article}, own, {"article_id": article, "vat_rate": "12"}]
    for dates, rate in FOOD_RATES:
        draft = written(firm, *rows, customer=customer, **dates)
        assert [row["vat_rate"] for row in draft["rows"]] == [rate, rate, "12"], dates
        assert [row["vat_class"] for row in draft["rows"]] == ["food", "food", None]


@pytest.mark.parametrize(
    ("treatment", "vat_no", "codes"),
    [
        ("domestic", None, ["domestic", "domestic", "exempt"]),
        ("exempt", None, ["exempt"] * 3),
        ("construction", SWEDISH_VAT_NO, ["construction"] * 3),
        ("eu", GERMAN_VAT_NO, ["eu_goods", "eu_services", "eu_services"]),
        ("export", None, ["export_goods", "export_services", "export_services"]),
    ],
)
def test_a_customers_treatment_and_what_is_sold_give_each_row_its_code(
    office: Office, treatment: str, vat_no: str | None, codes: list[str]
) -> None:
    firm = office.firm()
    customer = firm.customer(vat_treatment=treatment, vat_no=vat_no, address=ABROAD)
    rows = [
        {"article_id": firm.article("Vara", kind="goods")},
        {"article_id": firm.article("Bröd", vat_class="food")},
        ROW | {"vat_rate": "0"},
    ]
    draft = written(firm, *rows, customer=customer)
    assert [row["vat_code"] for row in draft["rows"]] == codes
    if treatment != "domestic":
        assert {row["vat_rate"] for row in draft["rows"]} == {"0"}
        assert draft["vat"] == "0.00"
        assert {line["vat_code"] for line in draft["vat_lines"]} == set(codes)


def test_a_rate_on_a_sale_without_vat_is_refused_by_its_row(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer(vat_treatment="export", address=ABROAD)
    answer = write(firm, ROW | {"vat_rate": "0"}, ROW, ROW | {"vat_rate": "6"}, customer=customer)
    assert pointers(answer) == {"/rows/1/vat_rate", "/rows/2/vat_rate"}


def test_a_draft_may_be_taxed_in_another_way_than_its_customer_if_the_vat_number_allows(
    office: Office,
) -> None:
    firm = office.firm()
    plain, builder = firm.customer(), firm.customer(vat_treatment="construction", vat_no=SWEDISH_VAT_NO)
    assert pointers(write(firm, ROW | {"vat_rate": "0"}, customer=plain, vat_treatment="construction")) == {
        "/vat_treatment"
    }
    assert pointers(write(firm, ROW | {"vat_rate": "0"}, customer=builder, vat_treatment="eu")) == {
        "/vat_treatment"
    }
    domestic = written(firm, customer=builder, vat_treatment="domestic")
    assert (domestic["vat_treatment"], domestic["vat"]) == ("domestic", "25.00")
    assert domestic["buyer"]["vat_treatment"] == "construction"


# ---------------------------------------------------------------- change, discard


def test_a_draft_changes_as_a_whole_from_the_version_that_was_read(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft("100.00", our_reference="Anna")
    path = f"/invoices/{draft['invoice_id']}"
    new = {
        "customer_id": draft["customer_id"],
        "rows": [{"description": "Nytt", "unit_price": "7.00", "vat_rate": "12"}],
    }
    assert code(firm.call("PUT", path, new)) == (428, "version-required")
    for wrong in ('"9"', '"0"', "1", "*", 'W/"1"'):
        assert code(firm.call("PUT", path, new, headers={"If-Match": wrong})) == (412, "version-mismatch")
    assert firm.invoice(draft) == draft
    changed = firm.call("PUT", path, new, headers={"If-Match": '"1"'})
    assert (changed.body["total"], changed.body["version"]) == ("7.84", 2)
    assert (changed.body["invoice_id"], changed.body["our_reference"]) == (draft["invoice_id"], None)
    assert changed.headers["ETag"] == '"2"'
    assert firm.invoice(draft) == changed.body
    assert code(firm.call("PUT", path, new, headers={"If-Match": '"1"'})) == (412, "version-mismatch")


def test_a_draft_of_another_customer_is_in_that_ones_list_alone(office: Office) -> None:
    firm = office.firm()
    draft, other = firm.draft(), firm.customer("Annan")
    assert change(firm, draft | {"customer_id": other}).status == 200
    assert firm.listed(f"/invoices?customer_id={draft['customer_id']}") == []
    assert [each["customer_name"] for each in firm.listed(f"/invoices?customer_id={other}")] == ["Annan"]


def test_a_discarded_draft_is_gone_and_takes_no_number(office: Office) -> None:
    firm = office.firm()
    kept, draft = firm.draft(), firm.draft()
    path = f"/invoices/{draft['invoice_id']}"
    assert firm.ok("POST", f"{path}/discard") == draft
    for answer in (
        firm.call("GET", path),
        preview(firm, draft),
        change(firm, draft),
        firm.call("POST", f"{path}/discard"),
        firm.call("POST", f"{path}/issue"),
        firm.call("POST", f"{path}/copy"),
        firm.credit(draft),
    ):
        assert code(answer) == (404, "not-found")
    assert firm.listed("/invoices")[0]["invoice_id"] == kept["invoice_id"]
    assert firm.ok("POST", f"/invoices/{kept['invoice_id']}/issue")["number"] == 1001


def test_an_issued_invoice_or_a_credit_note_is_neither_changed_nor_discarded(office: Office) -> None:
    firm = office.firm()
    issued = firm.issue()
    note = firm.credited(issued)
    issued = firm.invoice(issued)
    for each in (issued, note):
        path = f"/invoices/{each['invoice_id']}"
        assert code(change(firm, each)) == (409, "not-a-draft")
        assert code(firm.call("POST", f"{path}/discard")) == (409, "not-a-draft")
        assert code(firm.call("POST", f"{path}/issue")) == (409, "not-a-draft")
        assert firm.invoice(each) == each


# ---------------------------------------------------------------- copy


def test_a_copy_has_customer_references_and_rows_but_no_dates(office: Office) -> None:
    firm = office.firm()
    article = firm.article("Fönster", unit="m2", unit_price="99.90", kind="goods")
    rows = [
        {"text": "Etapp 1"},
        {"article_id": article, "quantity": "2.5", "discount_percent": "12.5"},
        ROW | {"unit": "tim", "vat_rate": "0"},
        {"description": "Mjöl", "unit_price": "10.00", "vat_class": "food", "kind": "goods"},
        ROW | {"unit_price": "-5.00"},
    ]
    references = {"your_reference": "Du", "our_reference": "Jag", "order_reference": "PO 7"}
    days = {"invoice_date": "2026-11-01", "due_date": "2026-12-01", "delivery_date": "2026-10-31"}
    original = written(firm, *rows, round_to_krona=True, **references, **days)
    issued = firm.ok("POST", f"/invoices/{original['invoice_id']}/issue")
    for each in (issued, original):
        answer = firm.call("POST", f"/invoices/{each['invoice_id']}/copy")
        copied = answer.body
        assert answer.status == 201
        expected = original | dict.fromkeys(days) | {"invoice_id": copied["invoice_id"], "version": 1}
        assert copied == expected
        assert copied["invoice_id"] != original["invoice_id"]
    assert firm.invoice(issued) == issued


def test_a_copy_has_the_rates_of_today_where_they_follow_from_the_day(office: Office) -> None:
    stand_at(datetime(2026, 3, 31, 9, tzinfo=UTC))
    firm = office.firm()
    article = firm.article("Bröd", vat_class="food", unit_price="10.00")
    own = {"description": "Mjöl", "unit_price": "10.00", "vat_class": "food"}
    original = written(firm, {"article_id": article}, own, {"article_id": article, "vat_rate": "12"})
    stand_at(datetime(2026, 4, 1, 9, tzinfo=UTC))
    copied = firm.ok("POST", f"/invoices/{original['invoice_id']}/copy")
    assert [row["vat_rate"] for row in original["rows"]] == ["12", "12", "12"]
    assert [row["vat_rate"] for row in copied["rows"]] == ["6", "6", "12"]
    assert [row["vat_class"] for row in copied["rows"]] == ["food", "food", None]
    assert (original["total"], copied["total"]) == ("33.60", "32.40")


def test_a_copy_has_the_price_that_was_written_and_not_the_articles_of_today(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/articles", {"name": "Timme", "unit_price": "500.00"})
    path = f"/articles/{made.body['article_id']}"
    issued = written(firm, {"article_id": made.body["article_id"]})
    firm.call("PUT", path, {"name": "Konsulttimme", "unit_price": "900.00"}, headers=etag(made))
    (row,) = firm.ok("POST", f"/invoices/{issued['invoice_id']}/copy")["rows"]
    assert (row["unit_price"], row["description"]) == ("500.00", "Timme")


def test_a_copy_is_refused_where_its_article_or_customer_is_inactive(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/articles", {"name": "Timme", "unit_price": "500.00"})
    draft = written(firm, {"article_id": made.body["article_id"]})
    inactive = {"name": "Timme", "unit_price": "500.00", "active": False}
    firm.call("PUT", f"/articles/{made.body['article_id']}", inactive, headers=etag(made))
    assert code(firm.call("POST", f"/invoices/{draft['invoice_id']}/copy")) == (409, "inactive")


def test_a_credit_note_is_not_copied(office: Office) -> None:
    firm = office.firm()
    note = firm.credited(firm.issue())
    assert code(firm.call("POST", f"/invoices/{note['invoice_id']}/copy")) == (409, "is-credit-note")


def test_given_a_sale_taxed_otherwise_than_its_customer_then_its_copy_is_taxed_likewise(
    office: Office,
) -> None:
    firm = office.firm()
    builder = firm.customer(vat_treatment="construction", vat_no=SWEDISH_VAT_NO)
    article = firm.article("Skruv", kind="goods", unit_price="10.00")
    for rows in ([{"article_id": article}], [ROW]):
        original = written(firm, *rows, customer=builder, vat_treatment="domestic")
        answer = firm.call("POST", f"/invoices/{original['invoice_id']}/copy")
        assert answer.status == 201, answer.text
        assert (answer.body["vat_treatment"], answer.body["vat"]) == ("domestic", original["vat"])


# ---------------------------------------------------------------- preview


def test_a_draft_can_be_looked_at_as_a_pdf(office: Office) -> None:
    firm = office.firm()
    draft = written(firm, {"text": "Etapp 1"}, ROW, ROW | {"vat_rate": "0"}, round_to_krona=True)
    for user in (None, STAFF):
        answer = firm.call("GET", f"/invoices/{draft['invoice_id']}/pdf", user=user)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
        assert 'inline; filename="utkast.pdf"' in answer.headers["Content-Disposition"]
        assert b64decode(answer.text).startswith(b"%PDF-")
    assert firm.invoice(draft) == draft


# ---------------------------------------------------------------- who may be sold to without VAT


def test_building_services_are_not_goods_alone(office: Office) -> None:
    firm = office.firm()
    builder = firm.customer(vat_treatment="construction", vat_no=SWEDISH_VAT_NO)
    hammer = ROW | {"vat_rate": "0", "kind": "goods"}
    assert pointers(write(firm, hammer, customer=builder)) == {"/vat_treatment"}
    assert write(firm, hammer, ROW | {"vat_rate": "0"}, customer=builder).status == 201


def test_what_is_exported_leaves_the_eu(office: Office) -> None:
    firm = office.firm()
    for country in ("SE", "DE"):
        at_home = {"street": "Gatan 1", "postcode": "111 22", "city": "Staden", "country": country}
        values = {"name": "Kund", "vat_treatment": "export", "address": at_home}
        assert pointers(firm.call("POST", "/customers", values)) == {"/vat_treatment"}
        assert firm.call("POST", "/customers", values | {"delivery_address": ABROAD}).status == 201


def test_a_copy_is_taxed_as_its_original_was_made_to_be(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer(vat_no=SWEDISH_VAT_NO)
    made = written(firm, ROW | {"vat_rate": "0"}, customer=customer, vat_treatment="construction")
    copied = firm.ok("POST", f"/invoices/{made['invoice_id']}/copy")
    assert (copied["vat_treatment"], copied["rows"][0]["vat_code"]) == ("construction", "construction")
