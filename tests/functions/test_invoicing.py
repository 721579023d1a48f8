from typing import Any

from tests.functions.books import Office, code
from tests.functions.conftest import STAFF

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "00000000000000000000"
ROW: dict[str, Any] = {"description": "x", "unit_price": "1.00", "vat_rate": "25"}
CUSTOMER: dict[str, Any] = {"name": "Östergrens Fastigheter AB", "org_no": "556012-5790"}
ARTICLE: dict[str, Any] = {"name": "Fönster 9×12", "unit_price": "4467.75", "kind": "goods"}


# ---------------------------------------------------------------- whose it is


def test_what_is_not_there_is_not_found_and_what_is_no_id_is_refused(office: Office) -> None:
    firm = office.firm()
    version = {"If-Match": '"1"'}
    invoice = {"customer_id": firm.customer(), "rows": [ROW]}
    answers = [
        firm.call("GET", f"/customers/cus_{UNKNOWN}"),
        firm.call("GET", f"/articles/art_{UNKNOWN}"),
        firm.call("GET", f"/invoices/inv_{UNKNOWN}"),
        firm.call("GET", f"/invoices/inv_{UNKNOWN}/pdf"),
        firm.call("POST", f"/invoices/inv_{UNKNOWN}/issue"),
        firm.call("POST", f"/invoices/inv_{UNKNOWN}/copy"),
        firm.call("POST", f"/invoices/inv_{UNKNOWN}/discard"),
        firm.call("POST", f"/invoices/inv_{UNKNOWN}/credit", {}),
        firm.call("PUT", f"/invoices/inv_{UNKNOWN}", invoice, headers=version),
        firm.call("PUT", f"/customers/cus_{UNKNOWN}", CUSTOMER, headers=version),
        firm.call("PUT", f"/articles/art_{UNKNOWN}", ARTICLE, headers=version),
    ]
    assert {code(each) for each in answers} == {(404, "not-found")}
    assert firm.call("GET", "/customers/42").status == 422


def test_the_client_is_master_of_everything_the_bureau_only_reads(office: Office) -> None:
    firm = office.firm()
    customer, article, draft, issued = firm.customer(), firm.article(), firm.draft(), firm.issue()
    version = {"If-Match": '"1"'}
    invoice = {"customer_id": customer, "rows": [ROW]}
    of_draft, of_issued = f"/invoices/{draft['invoice_id']}", f"/invoices/{issued['invoice_id']}"
    before = firm.items("InvoicingTable")
    refused = [
        firm.call("POST", "/customers", CUSTOMER, STAFF),
        firm.call("PUT", f"/customers/{customer}", CUSTOMER, STAFF, version),
        firm.call("POST", "/articles", ARTICLE, STAFF),
        firm.call("PUT", f"/articles/{article}", ARTICLE, STAFF, version),
        firm.call("POST", "/invoices", invoice, STAFF),
        firm.call("PUT", of_draft, invoice, STAFF, version),
        firm.call("POST", f"{of_draft}/issue", None, STAFF),
        firm.call("POST", f"{of_draft}/copy", None, STAFF),
        firm.call("POST", f"{of_draft}/discard", None, STAFF),
        firm.call("POST", f"{of_issued}/credit", {}, STAFF),
    ]
    assert {code(each) for each in refused} == {(409, "not-master")}
    assert firm.items("InvoicingTable") == before
    for path in (of_draft, of_issued, "/invoices", "/invoice-sums", "/customers", "/articles"):
        assert firm.call("GET", path, user=STAFF).body == firm.call("GET", path).body


def test_before_it_is_active_a_company_keeps_registers_and_writes_no_invoices(office: Office) -> None:
    firm = office.firm(active=False)
    customer, article = firm.customer(), firm.article()
    invoice = {"customer_id": customer, "rows": [{"article_id": article}]}
    assert code(firm.call("POST", "/invoices", invoice)) == (409, "not-active")
    assert code(firm.call("POST", "/invoice-issues", {"invoice_ids": [f"inv_{UNKNOWN}"]})) == (
        409,
        "not-active",
    )
    for path in ("/invoices", "/invoices?status=draft", "/invoices?status=paid", "/invoices?text=kund"):
        assert firm.ok("GET", path)["items"] == []
    assert firm.ok("GET", "/invoice-sums")["count"] == 0


# ---------------------------------------------------------------- Idempotency-Key


def test_the_same_request_under_its_key_gets_the_same_bytes_and_does_nothing_more(office: Office) -> None:
    firm = office.firm()
    customer, draft, other, issued = firm.customer(), firm.draft(), firm.draft(), firm.issue()
    for path, body in [
        ("/customers", CUSTOMER),
        ("/articles", ARTICLE),
        ("/invoices", {"customer_id": customer, "rows": [ROW]}),
        (f"/invoices/{draft['invoice_id']}/copy", None),
        (f"/invoices/{draft['invoice_id']}/issue", None),
        (f"/invoices/{other['invoice_id']}/discard", None),
        (f"/invoices/{issued['invoice_id']}/credit", {"reason": "Ånger"}),
    ]:
        key = {"Idempotency-Key": f"key-of-{path}"}
        first = firm.call("POST", path, body, headers=key)
        after = firm.items("InvoicingTable")
        again = firm.call("POST", path, body, headers=key)
        assert first.status in {200, 201}
        assert (again.status, again.text) == (first.status, first.text)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
        assert again.headers["ETag"] == first.headers["ETag"]
        assert firm.items("InvoicingTable") == after


def test_another_request_under_a_used_key_is_refused_and_does_nothing(office: Office) -> None:
    firm = office.firm()
    key = {"Idempotency-Key": "k-1"}
    draft, issued = firm.draft(), firm.issue()
    firm.call("POST", "/customers", CUSTOMER, headers=key)
    before = firm.items("InvoicingTable")
    for path, body in [
        ("/customers", CUSTOMER | {"name": "En annan"}),
        ("/articles", ARTICLE),
        (f"/invoices/{draft['invoice_id']}/issue", None),
        (f"/invoices/{draft['invoice_id']}/discard", None),
        (f"/invoices/{draft['invoice_id']}/copy", None),
        (f"/invoices/{issued['invoice_id']}/credit", {}),
        ("/invoice-issues", {"invoice_ids": [draft["invoice_id"]]}),
    ]:
        assert code(firm.call("POST", path, body, headers=key)) == (422, "idempotency-key-reused")
    assert firm.items("InvoicingTable") == before
    assert firm.issue()["number"] == 1002


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
