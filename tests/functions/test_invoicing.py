from base64 import b64decode
from typing import Any

import pytest

from samklang.formats import ocr
from tests.functions.books import Office
from tests.functions.conftest import STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "00000000000000000000"
ADDRESS = {"street": "Kungsgatan 1", "postcode": "111 22", "city": "Stockholm"}
CUSTOMER = {
    "name": "Östergrens Fastigheter AB",
    "org_no": "556012-5790",
    "vat_no": "SE556012579001",
    "email": "ek@example.se",
    "address": ADDRESS,
    "payment_terms_days": 20,
    "your_reference": "Karin Ek",
}
ARTICLE = {"name": "Fönster 9×12", "unit": "st", "unit_price": "4467.75", "vat_rate": "25", "kind": "goods"}


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def pointers(answer: Answer) -> set[str]:
    assert code(answer) == (422, "validation")
    return {each["pointer"] for each in answer.body["errors"]}


def etag(answer: Answer) -> dict[str, str]:
    return {"If-Match": answer.headers["ETag"]}


# ---------------------------------------------------------------- registers


def test_a_customer_is_kept_as_given_in_canonical_form(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", CUSTOMER)
    assert made.status == 201
    assert (made.body["org_no"], made.body["address"]["postcode"]) == ("5560125790", "11122")
    assert (made.body["version"], made.headers["ETag"]) == (1, '"1"')
    read = firm.call("GET", f"/customers/{made.body['customer_id']}", user=STAFF)
    assert (read.body, read.headers["ETag"]) == (made.body, '"1"')


@pytest.mark.parametrize(
    ("kind", "given", "id_name"),
    [("customers", CUSTOMER, "customer_id"), ("articles", ARTICLE, "article_id")],
)
def test_a_register_changes_only_from_the_version_that_was_read(
    office: Office, kind: str, given: dict[str, Any], id_name: str
) -> None:
    firm = office.firm()
    made = firm.call("POST", f"/{kind}", given)
    path = f"/{kind}/{made.body[id_name]}"
    new = given | {"name": "Nytt namn"}
    assert code(firm.call("PUT", path, new)) == (428, "version-required")
    for wrong in ('"2"', "1", "*", 'W/"1"', '"x"', ""):
        assert code(firm.call("PUT", path, new, headers={"If-Match": wrong})) == (412, "version-mismatch")
    assert firm.ok("GET", path) == made.body
    changed = firm.call("PUT", path, new, headers=etag(made))
    assert (changed.status, changed.body["name"], changed.headers["ETag"]) == (200, "Nytt namn", '"2"')
    assert code(firm.call("PUT", path, new, headers=etag(made))) == (412, "version-mismatch")
    assert firm.ok("GET", path) == changed.body


def test_what_is_not_there_is_not_found_and_what_is_no_id_is_refused(office: Office) -> None:
    firm = office.firm()
    version = {"If-Match": '"1"'}
    answers = [
        firm.call("GET", f"/customers/cus_{UNKNOWN}"),
        firm.call("GET", f"/articles/art_{UNKNOWN}"),
        firm.call("GET", f"/invoices/inv_{UNKNOWN}"),
        firm.call("GET", f"/invoices/inv_{UNKNOWN}/pdf"),
        firm.call("POST", f"/invoices/inv_{UNKNOWN}/issue"),
        firm.call("PUT", f"/customers/cus_{UNKNOWN}", CUSTOMER, headers=version),
        firm.call("PUT", f"/articles/art_{UNKNOWN}", ARTICLE, headers=version),
    ]
    assert {code(each) for each in answers} == {(404, "not-found")}
    assert firm.call("GET", "/customers/42").status == 422


def test_the_client_is_master_of_everything_the_bureau_only_reads(office: Office) -> None:
    firm = office.firm()
    customer, draft = firm.customer(), firm.draft()
    row = {"description": "x", "unit_price": "1.00", "vat_rate": "25"}
    version = {"If-Match": '"1"'}
    invoice = {"customer_id": customer, "rows": [row]}
    before = firm.items("InvoicingTable")
    refused = [
        firm.call("POST", "/customers", CUSTOMER, STAFF),
        firm.call("PUT", f"/customers/{customer}", CUSTOMER, STAFF, version),
        firm.call("POST", "/articles", ARTICLE, STAFF),
        firm.call("POST", "/invoices", invoice, STAFF),
        firm.call("PUT", f"/invoices/{draft['invoice_id']}", invoice, STAFF, version),
        firm.call("POST", f"/invoices/{draft['invoice_id']}/issue", None, STAFF),
    ]
    assert {code(each) for each in refused} == {(409, "not-master")}
    assert firm.items("InvoicingTable") == before
    assert firm.ok("GET", f"/invoices/{draft['invoice_id']}", user=STAFF) == draft


def test_money_is_a_decimal_string_and_no_number(office: Office) -> None:
    firm = office.firm()
    for price in (12.5, 1250, True, "12,50", "1e3", None):
        answer = firm.call("POST", "/articles", ARTICLE | {"unit_price": price})
        assert answer.status == 422, f"{price!r}: {answer.text}"
        assert pointers(answer) == {"/unit_price"}


def test_every_field_at_fault_is_named_with_its_pointer(office: Office) -> None:
    firm = office.firm()
    rows = [
        {"description": "x", "unit_price": "1.00", "vat_rate": "25", "quantity": "-1"},
        {"description": "x", "unit_price": 1.5, "vat_rate": "20"},
        {"description": "x"},
    ]
    wrong = {"customer_id": "7", "rows": rows, "colour": "red", "invoice_date": "2026-02-30"}
    answer = firm.call("POST", "/invoices", wrong)
    assert pointers(answer) >= {
        "/customer_id",
        "/rows/0/quantity",
        "/rows/1/unit_price",
        "/rows/1/vat_rate",
        "/rows/2",
        "/colour",
        "/invoice_date",
    }
    assert pointers(firm.call("POST", "/invoices", {"customer_id": firm.customer(), "rows": []})) == {"/rows"}


# ---------------------------------------------------------------- drafts


def test_a_draft_takes_what_its_rows_leave_out_from_the_article(office: Office) -> None:
    firm = office.firm()
    article = firm.ok("POST", "/articles", ARTICLE)["article_id"]
    customer = firm.ok("POST", "/customers", CUSTOMER)["customer_id"]
    rows = [
        {"article_id": article},
        {"article_id": article, "unit_price": "100.00", "quantity": "2", "discount_percent": "10"},
        {"description": "Bok", "unit_price": "50.00", "vat_rate": 6, "unit": "ex"},
    ]
    draft = firm.ok("POST", "/invoices", {"customer_id": customer, "rows": rows})
    shown = [
        (r["description"], r["unit"], r["unit_price"], r["vat_rate"], r["amount"]) for r in draft["rows"]
    ]
    assert shown == [
        ("Fönster 9×12", "st", "4467.75", "25", "4467.75"),
        ("Fönster 9×12", "st", "100.00", "25", "180.00"),
        ("Bok", "ex", "50.00", "6", "50.00"),
    ]
    assert draft["vat_lines"] == [
        {"vat_rate": "25", "base": "4647.75", "vat": "1161.94"},
        {"vat_rate": "6", "base": "50.00", "vat": "3.00"},
    ]
    assert (draft["net"], draft["vat"], draft["total"]) == ("4697.75", "1164.94", "5862.69")
    assert (draft["status"], draft["number"], draft["ocr"], draft["ledger"]) == ("draft", None, None, None)
    assert draft["your_reference"] == "Karin Ek"


def test_an_unknown_customer_or_article_is_named(office: Office) -> None:
    firm = office.firm()
    row = {"description": "x", "unit_price": "1.00", "vat_rate": "25"}
    unknown = {"customer_id": f"cus_{UNKNOWN}", "rows": [row]}
    assert pointers(firm.call("POST", "/invoices", unknown)) == {"/customer_id"}
    rows = [row, {"article_id": f"art_{UNKNOWN}"}]
    assert pointers(firm.call("POST", "/invoices", {"customer_id": firm.customer(), "rows": rows})) == {
        "/rows/1/article_id"
    }


def test_a_customer_or_article_of_another_company_is_unknown(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    article = other.ok("POST", "/articles", ARTICLE)["article_id"]
    row = {"description": "x", "unit_price": "1.00", "vat_rate": "25"}
    theirs = {"customer_id": other.customer(), "rows": [row]}
    assert pointers(firm.call("POST", "/invoices", theirs)) == {"/customer_id"}
    rows = [{"article_id": article}]
    assert pointers(firm.call("POST", "/invoices", {"customer_id": firm.customer(), "rows": rows})) == {
        "/rows/0/article_id"
    }


def test_nothing_inactive_is_invoiced(office: Office) -> None:
    firm = office.firm()
    customer = firm.ok("POST", "/customers", CUSTOMER)["customer_id"]
    article = firm.ok("POST", "/articles", ARTICLE)["article_id"]
    draft = firm.draft(customer=customer)
    version = {"If-Match": '"1"'}
    firm.call("PUT", f"/articles/{article}", ARTICLE | {"active": False}, headers=version)
    with_article = {"customer_id": customer, "rows": [{"article_id": article}]}
    assert code(firm.call("POST", "/invoices", with_article)) == (409, "inactive")
    firm.call("PUT", f"/customers/{customer}", CUSTOMER | {"active": False}, headers=version)
    row = {"description": "x", "unit_price": "1.00", "vat_rate": "25"}
    assert code(firm.call("POST", "/invoices", {"customer_id": customer, "rows": [row]})) == (409, "inactive")
    assert code(firm.call("POST", f"/invoices/{draft['invoice_id']}/issue")) == (409, "inactive")
    assert firm.invoice(draft)["status"] == "draft"
    again = {"If-Match": '"2"'}
    firm.call("PUT", f"/customers/{customer}", CUSTOMER, headers=again)
    assert firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")["number"] == 1001


def test_a_draft_of_less_than_nothing_is_refused(office: Office) -> None:
    firm = office.firm()
    rows = [
        {"description": "Arbete", "unit_price": "100.00", "vat_rate": "25"},
        {"description": "Avdrag", "unit_price": "-100.01", "vat_rate": "25"},
    ]
    answer = firm.call("POST", "/invoices", {"customer_id": firm.customer(), "rows": rows})
    assert code(answer) == (409, "negative-total")


def test_a_draft_changes_as_a_whole_from_the_version_that_was_read(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft("100.00")
    path = f"/invoices/{draft['invoice_id']}"
    new = {
        "customer_id": draft["customer_id"],
        "rows": [{"description": "Nytt", "unit_price": "7.00", "vat_rate": "12"}],
    }
    assert code(firm.call("PUT", path, new)) == (428, "version-required")
    assert code(firm.call("PUT", path, new, headers={"If-Match": '"9"'})) == (412, "version-mismatch")
    changed = firm.call("PUT", path, new, headers={"If-Match": '"1"'}).body
    assert (changed["total"], changed["version"], changed["invoice_id"]) == ("7.84", 2, draft["invoice_id"])
    assert firm.invoice(draft) == changed


# ---------------------------------------------------------------- issue


def test_issuing_gives_number_ocr_and_dates_and_takes_the_next_number(office: Office) -> None:
    firm = office.firm(first_invoice_number=4711)
    customer = firm.customer(payment_terms_days=20)
    first = firm.issue("4467.75", customer=customer)
    second = firm.issue(customer=customer, invoice_date="2026-11-01", due_date="2026-11-05")
    assert (first["number"], first["ocr"], first["status"]) == (4711, ocr.make_ocr("4711"), "issued")
    assert (first["invoice_date"], first["due_date"]) == ("2026-11-23", "2026-12-13")
    assert (first["vat"], first["total"]) == ("1116.94", "5584.69")
    assert (first["paid"], first["remaining"], first["ledger"]) == (
        "0.00",
        "5584.69",
        {"status": "pending", "voucher": None, "reason": None},
    )
    assert (second["number"], second["invoice_date"], second["due_date"]) == (
        4712,
        "2026-11-01",
        "2026-11-05",
    )


def test_an_issued_invoice_stands_as_the_customer_was_then(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", CUSTOMER)
    customer = made.body["customer_id"]
    issued = firm.issue(customer=customer)
    firm.call("PUT", f"/customers/{customer}", {"name": "Nytt Namn AB"}, headers=etag(made))
    assert firm.invoice(issued)["buyer"]["name"] == "Östergrens Fastigheter AB"
    assert firm.invoice(issued)["buyer"]["address"]["city"] == "Stockholm"


def test_an_issued_invoice_is_never_issued_or_changed_again(office: Office) -> None:
    firm = office.firm()
    issued = firm.issue()
    path = f"/invoices/{issued['invoice_id']}"
    assert code(firm.call("POST", f"{path}/issue")) == (409, "not-a-draft")
    new = {
        "customer_id": issued["customer_id"],
        "rows": [{"description": "x", "unit_price": "1.00", "vat_rate": "25"}],
    }
    assert code(firm.call("PUT", path, new, headers={"If-Match": '"2"'})) == (409, "not-a-draft")
    assert firm.invoice(issued) == issued
    assert firm.issue()["number"] == issued["number"] + 1


def test_a_refused_issue_takes_no_number(office: Office) -> None:
    firm = office.firm()
    numbers = []
    for _ in range(3):
        issued = firm.issue()
        numbers.append(issued["number"])
        firm.call("POST", f"/invoices/{issued['invoice_id']}/issue")
        firm.call("POST", f"/invoices/inv_{UNKNOWN}/issue")
    assert numbers == [1001, 1002, 1003]


def test_a_number_taken_meanwhile_is_read_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from samklang.invoicing import store  # noqa: PLC0415 - replaced in this test only

    firm = office.firm()
    firm.issue()
    stale, read = [1001], store.issue_basis

    def read_too_early(company_id: str, invoice_id: str) -> store.IssueBasis:
        basis = read(company_id, invoice_id)
        return basis._replace(next_number=stale.pop()) if stale else basis

    monkeypatch.setattr(store, "issue_basis", read_too_early)
    assert firm.issue()["number"] == 1002
    assert not stale


def test_the_pdf_of_an_issued_invoice_is_a_pdf_and_of_a_draft_there_is_none(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft()
    path = f"/invoices/{draft['invoice_id']}"
    assert code(firm.call("GET", f"{path}/pdf")) == (409, "not-issued")
    firm.ok("POST", f"{path}/issue")
    first, again = (firm.call("GET", f"{path}/pdf") for _ in range(2))
    assert (first.status, first.headers["Content-Type"]) == (200, "application/pdf")
    assert "faktura-1001.pdf" in first.headers["Content-Disposition"]
    assert b64decode(first.text).startswith(b"%PDF-")
    assert again.text == first.text


# ---------------------------------------------------------------- Idempotency-Key


def test_the_same_request_under_its_key_gets_the_same_bytes_and_does_nothing_more(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft()
    before = len(firm.items("InvoicingTable"))
    for path, body in [
        ("/customers", CUSTOMER),
        ("/articles", ARTICLE),
        (f"/invoices/{draft['invoice_id']}/issue", None),
    ]:
        key = {"Idempotency-Key": f"key of {path}".replace(" ", "-")}
        first = firm.call("POST", path, body, headers=key)
        again = firm.call("POST", path, body, headers=key)
        assert first.status in {200, 201}
        assert (again.status, again.text) == (first.status, first.text)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert len(firm.items("InvoicingTable")) == before + 2


def test_another_request_under_a_used_key_is_refused_and_does_nothing(office: Office) -> None:
    firm = office.firm()
    key = {"Idempotency-Key": "k-1"}
    firm.call("POST", "/customers", CUSTOMER, headers=key)
    before = firm.items("InvoicingTable")
    for path, body in [("/customers", CUSTOMER | {"name": "En annan"}), ("/articles", ARTICLE)]:
        assert code(firm.call("POST", path, body, headers=key)) == (422, "idempotency-key-reused")
    draft = firm.draft()
    issue = firm.call("POST", f"/invoices/{draft['invoice_id']}/issue", headers=key)
    assert code(issue) == (422, "idempotency-key-reused")
    assert firm.invoice(draft)["status"] == "draft"
    assert len(firm.items("InvoicingTable")) == len(before) + 2  # the draft and its customer
    assert firm.issue()["number"] == 1001


def test_a_key_belongs_to_its_user_and_a_refused_request_does_not_use_it_up(office: Office) -> None:
    firm = office.firm()
    other = office.firm(client="olle", staff="stina")
    key = {"Idempotency-Key": "k-1"}
    assert firm.call("POST", "/customers", {"name": ""}, headers=key).status == 422
    assert firm.call("POST", "/customers", CUSTOMER, headers=key).status == 201
    assert other.call("POST", "/customers", CUSTOMER, headers=key).status == 201
    assert len(other.items("InvoicingTable", "CUSTOMER#")) == 1


def test_a_key_that_is_none_is_refused(office: Office) -> None:
    given = {"name": "B", "org_no": "5560125790"}
    for value in ("", " ", "å", "a b", "x" * 201):
        answer = office.call("POST", "/v1/bureaus", given, headers={"Idempotency-Key": value})
        assert code(answer) == (400, "idempotency-key-invalid"), value
    assert office.cloud.items("PlatformTable") == []


# ---------------------------------------------------------------- lists


def test_lists_are_paged_whole_and_each_item_once_invoices_newest_first(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    issued = [firm.issue(customer=customer)["number"] for _ in range(4)]
    firm.draft(customer=customer)
    pages, cursor = [], ""
    while cursor is not None:
        page = firm.ok("GET", "/invoices?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        pages.append([each["number"] for each in page["items"]])
        cursor = page["next"]
    assert [number for page in pages for number in page] == [None, *reversed(issued)]
    assert [len(page) for page in pages if page] == [2, 2, 1]
    for kind in ("customers", "articles"):
        for place in range(2):
            firm.ok(
                "POST", f"/{kind}", {"customers": CUSTOMER, "articles": ARTICLE}[kind] | {"name": f"N{place}"}
            )
        first = firm.ok("GET", f"/{kind}?limit=1")
        assert len(first["items"]) == 1
        assert first["next"]
        rest = firm.ok("GET", f"/{kind}?limit=100&cursor={first['next']}")
        assert rest["next"] is None
        assert [each["name"] for each in rest["items"]][-1] == "N1"


def test_a_cursor_of_another_company_or_of_ones_own_making_is_refused(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    for each in (firm, other):
        each.customer()
        each.customer()
    theirs = other.ok("GET", "/customers?limit=1")["next"]
    for cursor in (theirs, "abc", "e30=", "W10="):
        assert code(firm.call("GET", f"/customers?cursor={cursor}")) == (400, "cursor-invalid")
    for query in ("limit=0", "limit=101", "limit=x", "cursor=", "cursor=%20"):
        assert firm.call("GET", f"/customers?{query}").status == 422


# ---------------------------------------------------------------- the body itself


def test_a_body_that_cannot_be_read_is_refused_with_its_reason_and_nothing_is_written(office: Office) -> None:
    firm = office.firm()
    before = firm.items("InvoicingTable")
    name = '{"name":"A"}'
    for body, headers, expected in [
        ("{", {}, (400, "malformed-json")),
        ('{"name":"A","payment_terms_days":NaN}', {}, (400, "malformed-json")),
        ('{"name":"A","name":"B"}', {}, (400, "duplicate-key")),
        ("[" * 40 + "]" * 40, {}, (400, "too-deep")),
        (name, {"Content-Type": "text/plain"}, (415, "unsupported-media-type")),
        (name, {"Content-Type": "application/xml"}, (415, "unsupported-media-type")),
        (name, {"Content-Type": ""}, (415, "unsupported-media-type")),
        ("[]", {}, (422, "validation")),
        ('"text"', {}, (422, "validation")),
        ("null", {}, (422, "validation")),
        ("", {}, (422, "validation")),
    ]:
        answer = firm.call("POST", "/customers", body, headers=headers)
        assert code(answer) == expected, body
    assert firm.items("InvoicingTable") == before


HOSTILE = {
    "half a character in a value": r'{"name":"\ud800"}',
    "half a character in a name": r'{"name":"A","\ud800":1}',
    "half a character in an address": r'{"name":"A","email":"\udc00@example.se"}',
    "half a character in a choice": r'{"name":"A","kind":"\udfff"}',
    "depth behind a text of brackets": '{"a":"' + "]" * 20_000 + '","b":' + "[" * 20_000 + "]" * 20_000 + "}",
    "a float beyond all floats": '{"name":"A","payment_terms_days":1e400}',
    "a number of 400 digits": '{"name":"A","payment_terms_days":' + "9" * 400 + "}",
    "a name of a million characters": '{"name":"' + "A" * 1_000_000 + '"}',
}


def test_a_hostile_body_is_the_senders_fault_and_never_ours(office: Office) -> None:
    firm = office.firm()
    found = {what: firm.call("POST", "/customers", body) for what, body in HOSTILE.items()}
    assert {what: answer.status for what, answer in found.items() if not 400 <= answer.status < 500} == {}
    for answer in found.values():
        assert answer.text.encode()
        assert answer.body["code"] in {"malformed-json", "validation", "too-deep"}
