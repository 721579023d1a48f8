"""What must not be let in: each is refused with a clear problem, and nothing is half done."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from local.bank.camt import CamtPayment, CamtReference, camt_file
from local.client import Answer, Client, upload
from samklang.formats.ocr import make_ocr
from tests.bodies import BODIES
from tests.cloud.company import CUSTOMER, STEPS, Company, People, today

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.testing import LocalCloud
    from tests.cloud.conftest import Start

NOWHERE = {
    "company_id": "com_00000000000000000000",
    "bureau_id": "bur_00000000000000000000",
    "customer_id": "cus_00000000000000000000",
    "article_id": "art_00000000000000000000",
    "invoice_id": "inv_00000000000000000000",
    "payment_id": "pay_00000000000000000000",
    "bank_payment_id": "bnk_00000000000000000000",
    "payer_id": "pyr_00000000000000000000",
    "proposal_id": "prp_00000000000000000000",
    "file_id": "pmf_00000000000000000000",
    "document_id": "doc_00000000000000000000",
    "invitation_id": "ivt_00000000000000000000",
    "supplier_id": "sup_00000000000000000000",
    "supplier_invoice_id": "sin_00000000000000000000",
    "supplier_payment_id": "spy_00000000000000000000",
    "payment_order_id": "ord_00000000000000000000",
    "voucher_id": "2026-01-01.A.1",
    "parked_id": "invoice.inv_00000000000000000000.issued",
    "bad_debt_id": "bad_00000000000000000000",
    "pause_id": "pse_00000000000000000000",
    "letter_id": "let_00000000000000000000",
    "export_id": "exp_00000000000000000000",
    "import_id": "sii_00000000000000000000",
    "account": "1930",
    "start": "2026-01-01",
    "series": "LON",
    "template_id": "rent",
    "report_id": "2026-01",
    "box": "05",
    "token": "0123456789012345678901234567",
    "step": "bank",
}
"""Well-formed ids of things that do not exist, by the name they have in an address."""


def assert_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The answer is a whole problem, of this status and code."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    problem: dict[str, Any] = answer.json
    assert (answer.status, problem["code"]) == (status, code), problem
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert problem["status"] == status
    assert problem["type"].endswith(f"/{code}")
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


def raw(client: Client, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    """A request with these headers and no others but the token."""
    where = urlsplit(client.base_url)
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {client.token}"} | headers)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def steady(cloud: LocalCloud, people: People) -> Company:
    """A company to which nothing may happen: what is tried on it is refused."""
    return Company.start(cloud, people)


@pytest.fixture(scope="module")
def steady_invoice(steady: Company) -> dict[str, Any]:
    """An open, posted invoice of that company."""
    invoice = steady.issue("1250.00")
    steady.cloud.wait_idle()
    return invoice


# ------------------------------------------------------------------------------------------ tokens


@pytest.fixture(scope="module")
def operations(people: People) -> list[tuple[str, str, bool]]:
    """Every operation of the published document: method, address, whether it needs a token."""
    document = people.nobody.get("/v1/openapi.json").expect(200)
    return [
        (method.upper(), path, operation.get("security") != [])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_given_no_token_when_any_operation_is_called_then_401_but_for_the_open_ones(
    people: People, operations: list[tuple[str, str, bool]]
) -> None:
    assert len(operations) > 40
    for method, path, needs_token in operations:
        answer = people.nobody.send(method, path.format(**NOWHERE), {} if method != "GET" else None)
        assert (answer.status == 401) is needs_token, (method, path, answer)
        if needs_token:
            assert (answer.json, answer.headers["www-authenticate"]) == (
                {"message": "Unauthorized"},
                "Bearer",
            )
    assert [path for _, path, needs_token in operations if not needs_token] == [
        "/v1/docs",
        "/v1/health",
        "/v1/openapi.json",
    ]


def signed(cloud: LocalCloud, key: rsa.RSAPrivateKey | None = None, **changes: Any) -> str:
    """A token as the user pool makes them, but for these changes; signed with the pool's own key if none."""
    good = cloud.token("anna@example.se")
    claims = jwt.decode(good, options={"verify_signature": False}) | changes
    if key is None:
        (path,) = cloud.folder.rglob("*-access.pem")
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        key = loaded
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": jwt.get_unverified_header(good)["kid"]})


def test_given_a_token_signed_here_when_still_good_then_it_is_taken(
    cloud: LocalCloud, steady: Company
) -> None:
    # What the next test changes is all that is wrong with its tokens.
    good = Client(cloud.base_url, signed(cloud, exp=int(time.time()) + 60))

    assert good.get(f"{steady.path}/customers").status == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": int(time.time()) - 60}, id="expired"),
        pytest.param({"client_id": "another-app", "aud": "another-app"}, id="another app's"),
        pytest.param(
            {"iss": "https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_other"}, id="another pool's"
        ),
        pytest.param({"token_use": "id"}, id="id token"),
    ],
)
def test_given_a_token_that_is_not_for_us_or_no_longer_when_used_then_401_and_nothing_is_done(
    cloud: LocalCloud, steady: Company, changes: dict[str, Any]
) -> None:
    bad = Client(cloud.base_url, signed(cloud, **changes))

    with steady.unchanged():
        answer = bad.post(f"{steady.path}/customers", CUSTOMER)

    assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})


def test_given_a_token_signed_with_anothers_key_when_used_then_401_and_nothing_is_done(
    cloud: LocalCloud, steady: Company
) -> None:
    forged = signed(cloud, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    with steady.unchanged():
        answer = Client(cloud.base_url, forged).post(f"{steady.path}/customers", CUSTOMER)

    assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})


# ------------------------------------------------------------------------------------------ other companies


def test_given_anothers_company_when_any_operation_is_called_then_the_answer_is_as_for_one_that_is_not(
    company: Company, people: People, operations: list[tuple[str, str, bool]]
) -> None:
    invoice = company.issue()
    company.cloud.wait_idle()
    voucher = company.invoice(invoice["invoice_id"])["ledger"]["voucher"]["voucher_id"]
    theirs = NOWHERE | {
        "company_id": company.company_id,
        "bureau_id": people.bureau_id,
        "customer_id": company.customer_id,
        "article_id": company.article_id,
        "invoice_id": invoice["invoice_id"],
        "voucher_id": voucher,
    }
    tried = 0
    with company.unchanged():
        for method, path, _ in operations:
            if "{company_id}" not in path and "{bureau_id}" not in path:
                continue
            tried += 1
            body = BODIES.get(f"{method} {path}", {})
            headers = {"If_Match": '"1"'} if method == "PUT" else {}
            answers = [
                people.stranger.send(method, path.format(**ids), None if method == "GET" else body, **headers)
                for ids in (theirs, NOWHERE)
            ]
            assert [answer.status for answer in answers] == [404, 404], (method, path, answers[0].content)
            problems = [assert_problem(answer, 404, "not-found") for answer in answers]
            assert problems[0] | {"request_id": ""} == problems[1] | {"request_id": ""}, (method, path)
    assert tried > 40


def test_given_ids_of_the_users_other_company_when_used_in_this_one_then_they_do_not_exist(
    start: Start,
) -> None:
    company, mine_too = start(), start()
    invoice = mine_too.issue()
    mine_too.cloud.wait_idle()

    with company.unchanged(), mine_too.unchanged():
        for address in (
            f"customers/{mine_too.customer_id}",
            f"articles/{mine_too.article_id}",
            f"invoices/{invoice['invoice_id']}",
            f"invoices/{invoice['invoice_id']}/pdf",
        ):
            assert_problem(company.get(address), 404, "not-found")
        assert_problem(company.post(f"invoices/{invoice['invoice_id']}/issue"), 404, "not-found")
        problem = assert_problem(company.post("invoices", mine_too.draft_body()), 422, "validation")
        assert [each["pointer"] for each in problem["errors"]] == ["/customer_id"]
        problem = assert_problem(company.pay(invoice, "1.00"), 422, "validation")
        assert [each["pointer"] for each in problem["errors"]] == ["/allocations/0/invoice_id"]
        body = company.draft_body() | {"rows": [{"article_id": mine_too.article_id}]}
        problem = assert_problem(company.post("invoices", body), 422, "validation")
        assert [each["pointer"] for each in problem["errors"]] == ["/rows/0/article_id"]


def test_given_a_cursor_of_another_company_when_used_then_it_is_refused_and_shows_nothing(
    start: Start,
) -> None:
    company, other = start(), start()
    other.post("customers", CUSTOMER).expect(201)
    cursor = other.get("customers?limit=1").expect(200)["next"]

    assert_problem(company.get(f"customers?cursor={cursor}"), 400, "cursor-invalid")
    assert_problem(company.get("customers?cursor=AAAA"), 400, "cursor-invalid")
    assert_problem(company.get("payments?cursor=AAAA"), 400, "cursor-invalid")


# ------------------------------------------------------------------------------------------ JSON


def nested(depth: int) -> bytes:
    return b'{"name": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b'{"name": "A"', 400, "malformed-json", id="cut"),
        pytest.param(b"name=A", 400, "malformed-json", id="a form"),
        pytest.param(b"", 422, "validation", id="nothing"),
        pytest.param(b"   ", 400, "malformed-json", id="blanks"),
        pytest.param(b"null", 422, "validation", id="null"),
        pytest.param(b"[]", 422, "validation", id="a list"),
        pytest.param(b'"A"', 422, "validation", id="a string"),
        pytest.param(b'{"name": "A"} {"name": "B"}', 400, "malformed-json", id="two documents"),
        pytest.param(b'{"name": "A", "payment_terms_days": NaN}', 400, "malformed-json", id="NaN"),
        pytest.param(b'{"name": "A", "payment_terms_days": 1e999}', 422, "validation", id="infinite"),
        pytest.param(
            b'{"name": "A", "payment_terms_days": ' + b"9" * 5000 + b"}", 400, "malformed-json", id="huge"
        ),
        pytest.param(b'{"name": "A", "payment_terms_days": 30.0}', 422, "validation", id="a float of days"),
        pytest.param(b'{"name": "\xff\xfe"}', 400, "malformed-json", id="not UTF-8"),
        pytest.param(b'{"name": "A", "name": "B"}', 400, "duplicate-key", id="a key twice"),
        pytest.param(
            b'{"name": "A", "address": {"city": "A", "city": "B"}}', 400, "duplicate-key", id="twice inside"
        ),
        pytest.param(nested(40), 400, "too-deep", id="deep"),
        pytest.param(nested(200_000), 400, "too-deep", id="very deep"),
        pytest.param(b'{"name": "A", "shoe_size": 43}', 422, "validation", id="unknown name"),
        pytest.param(b'{"name": "A", "\\ud800": 43}', 400, "malformed-json", id="half a character as name"),
        pytest.param(b'{"name": "\\ud800"}', 400, "malformed-json", id="half a character"),
        pytest.param(b'{"name": "A\\u0000B"}', 422, "validation", id="a control character"),
        pytest.param(b'{"name": "A\\u202eB"}', 422, "validation", id="a direction mark"),
        pytest.param(b'{"name": ""}', 422, "validation", id="no name"),
        pytest.param(b'{"name": "   "}', 422, "validation", id="a blank name"),
        pytest.param(json.dumps({"name": "A" * 101}).encode(), 422, "validation", id="a long name"),
        pytest.param(b'{"name": "A", "org_no": "556016-0681"}', 422, "validation", id="check digit"),
        pytest.param(b'{"name": "A", "email": "nobody"}', 422, "validation", id="e-mail"),
    ],
)
def test_given_a_body_that_is_no_customer_when_posted_then_it_is_refused_and_nothing_is_created(
    steady: Company, body: bytes, status: int, code: str
) -> None:
    with steady.unchanged():
        answer = raw(
            steady.client,
            "POST",
            f"{steady.path}/customers",
            body,
            {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(8)},
        )
        problem = assert_problem(answer, status, code)
    assert bool(problem["errors"]) == (code == "validation")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data; boundary=x",
        "json",
    ],
)
def test_given_json_under_another_content_type_when_posted_then_415_and_nothing_is_created(
    steady: Company, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = json.dumps(CUSTOMER).encode()

    with steady.unchanged():
        answer = raw(steady.client, "POST", f"{steady.path}/customers", body, headers)
        assert_problem(answer, 415, "unsupported-media-type")


def test_given_json_with_a_charset_when_posted_then_it_is_taken(company: Company) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    body = json.dumps({"name": "Åkes Öl"}, ensure_ascii=False).encode()

    answer = raw(company.client, "POST", f"{company.path}/customers", body, headers)

    assert answer.expect(201)["name"] == "Åkes Öl"


def test_given_a_body_over_ten_megabytes_when_posted_then_413_and_nothing_is_created(
    steady: Company,
) -> None:
    body = json.dumps({"name": "A" * 10 * 1024 * 1024}).encode()

    with steady.unchanged():
        answer = raw(
            steady.client, "POST", f"{steady.path}/customers", body, {"Content-Type": "application/json"}
        )

    assert (answer.status, answer.json) == (413, {"message": "Request Entity Too Large"})


# ------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/me", "/v1/companies", "/v1/nothing", "/v1/me/", "/favicon.ico"]
)
def test_given_an_unknown_address_when_called_then_404_as_a_problem(people: People, path: str) -> None:
    for client in (people.client, people.nobody):
        assert_problem(client.get(path), 404, "not-found")
        assert_problem(client.post(path, {}), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/companies/{company_id}/customers/{customer_id}", {"GET", "PUT"}),
        ("PATCH", "/v1/companies/{company_id}/invoices/{invoice_id}", {"GET", "PUT"}),
        ("PUT", "/v1/companies/{company_id}/customers", {"GET", "POST"}),
        ("GET", "/v1/companies/{company_id}/invoices/{invoice_id}/issue", {"POST"}),
        ("DELETE", "/v1/companies/{company_id}/ledger/vouchers/{voucher_id}", {"GET"}),
        ("POST", "/v1/health", {"GET"}),
    ],
)
def test_given_a_method_the_address_does_not_have_when_used_then_405_says_which_it_has(
    steady: Company, method: str, path: str, allowed: set[str]
) -> None:
    known = NOWHERE | {"company_id": steady.company_id, "customer_id": steady.customer_id}

    with steady.unchanged():
        answer = steady.client.send(method, path.format(**known))
        assert_problem(answer, 405, "method-not-allowed")
    assert {word.strip() for word in answer.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize(
    "identity",
    ["x", "com_1", "COM_00000000000000000000", "com_0000000000000000000é", "..%2F..", "%00", "a%20b"],
)
def test_given_an_id_of_wrong_form_when_used_then_it_is_refused_as_a_problem(
    steady: Company, identity: str
) -> None:
    answer = steady.client.get(f"/v1/companies/{identity.replace('é', '%C3%A9')}/customers")

    assert answer.status in {404, 422}
    assert_problem(answer, answer.status, "not-found" if answer.status == 404 else "validation")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "limit=", "cursor="])
def test_given_a_page_of_impossible_size_when_asked_for_then_422_names_the_parameter(
    steady: Company, query: str
) -> None:
    problem = assert_problem(steady.get(f"customers?{query}"), 422, "validation")

    assert [each["pointer"] for each in problem["errors"]] == [f"?{query.partition('=')[0]}"]


# ------------------------------------------------------------------------------------------ invoices


def change(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A draft with other values."""
    return lambda body: body | values


def change_row(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A draft with other values in its row; ``None`` leaves one out."""

    def changed(body: dict[str, Any]) -> dict[str, Any]:
        row = {name: value for name, value in (body["rows"][0] | values).items() if value is not None}
        return body | {"rows": [row]}

    return changed


@pytest.mark.parametrize(
    ("spoil", "pointer"),
    [
        pytest.param(change(rows=[]), "/rows", id="no rows"),
        pytest.param(change(rows=None), "/rows", id="rows null"),
        pytest.param(change_row(vat_rate="24"), "/rows/0/vat_rate", id="unknown VAT rate"),
        pytest.param(change_row(vat_rate=25.0), "/rows/0/vat_rate", id="VAT rate a float"),
        pytest.param(change_row(vat_rate=True), "/rows/0/vat_rate", id="VAT rate a boolean"),
        pytest.param(change_row(quantity="-1"), "/rows/0/quantity", id="negative quantity"),
        pytest.param(change_row(quantity="0"), "/rows/0/quantity", id="quantity zero"),
        pytest.param(change_row(quantity=1), "/rows/0/quantity", id="quantity a number"),
        pytest.param(change_row(quantity=1.5), "/rows/0/quantity", id="quantity a float"),
        pytest.param(change_row(quantity="1.2345"), "/rows/0/quantity", id="quantity too fine"),
        pytest.param(change_row(quantity="1e3"), "/rows/0/quantity", id="quantity with exponent"),
        pytest.param(change_row(quantity="NaN"), "/rows/0/quantity", id="quantity not a number"),
        pytest.param(change_row(quantity="١"), "/rows/0/quantity", id="quantity in other digits"),
        pytest.param(change_row(unit_price=100.5), "/rows/0/unit_price", id="price a float"),
        pytest.param(change_row(unit_price=100), "/rows/0/unit_price", id="price a number"),
        pytest.param(change_row(unit_price="1.005"), "/rows/0/unit_price", id="price too fine"),
        pytest.param(change_row(unit_price="1,50"), "/rows/0/unit_price", id="price with comma"),
        pytest.param(change_row(unit_price="1 000"), "/rows/0/unit_price", id="price with blank"),
        pytest.param(change_row(unit_price="1" * 13), "/rows/0/unit_price", id="price too large"),
        pytest.param(change_row(discount_percent="101"), "/rows/0/discount_percent", id="discount over 100"),
        pytest.param(change_row(discount_percent="-1"), "/rows/0/discount_percent", id="discount below 0"),
        pytest.param(change_row(description=None), "/rows/0", id="row without text"),
        pytest.param(change_row(unit_price=None), "/rows/0", id="row without price"),
        pytest.param(change(invoice_date="2026-02-30"), "/invoice_date", id="no such day"),
        pytest.param(change(invoice_date="26-02-03"), "/invoice_date", id="a day in other form"),
        pytest.param(change(invoice_date=1767225600), "/invoice_date", id="a day as seconds"),
        pytest.param(change(invoice_date="1999-12-31"), "/invoice_date", id="a day before our time"),
        pytest.param(change(number=7), "/number", id="a number of one's own"),
        pytest.param(change(total="1.00"), "/total", id="a total of one's own"),
    ],
)
def test_given_a_draft_with_an_error_when_posted_then_422_points_at_it_and_nothing_is_created(
    steady: Company, spoil: Callable[[dict[str, Any]], dict[str, Any]], pointer: str
) -> None:
    with steady.unchanged():
        problem = assert_problem(steady.post("invoices", spoil(steady.draft_body())), 422, "validation")
    assert {each["pointer"] for each in problem["errors"]} == {pointer}


def test_given_several_errors_when_posted_then_all_are_told_at_once(steady: Company) -> None:
    row = {"description": "A", "quantity": "-1", "unit_price": 1.5, "vat_rate": "24"}
    body = {"customer_id": "x", "rows": [row, row], "invoice_date": "tomorrow"}

    problem = assert_problem(steady.post("invoices", body), 422, "validation")

    names = ("quantity", "unit_price", "vat_rate")
    rows = {f"/rows/{place}/{name}" for place in (0, 1) for name in names}
    assert {each["pointer"] for each in problem["errors"]} == rows | {"/customer_id", "/invoice_date"}


def test_given_rows_that_add_up_to_less_than_nothing_when_posted_then_it_is_no_invoice(
    steady: Company,
) -> None:
    body = change_row(unit_price="-1.00")(steady.draft_body())

    with steady.unchanged():
        assert_problem(steady.post("invoices", body), 409, "negative-total")


def test_given_rows_beyond_what_books_can_hold_when_posted_then_refused_as_a_problem(
    steady: Company,
) -> None:
    row = {"description": "A", "quantity": "9999999", "unit_price": "9999999999.00", "vat_rate": "25"}

    with steady.unchanged():
        assert_problem(steady.post("invoices", steady.draft_body() | {"rows": [row]}), 422, "validation")


def test_given_the_most_rows_with_the_longest_texts_when_posted_and_issued_then_it_fits(
    company: Company,
) -> None:
    row = {"description": "å" * 200, "unit": "å" * 30, "unit_price": "1.00", "vat_rate": "25"}
    draft = company.post("invoices", company.draft_body() | {"rows": [row] * 500}).expect(201)

    company.post(f"invoices/{draft['invoice_id']}/issue").expect(200)

    company.cloud.wait_idle()
    company.assert_agreement("625.00")


def test_given_an_issued_invoice_when_issued_again_or_changed_then_409_and_it_stays_as_it_is(
    company: Company,
) -> None:
    invoice = company.issue()
    address = f"invoices/{invoice['invoice_id']}"

    with company.unchanged():
        assert_problem(company.post(f"{address}/issue"), 409, "not-a-draft")
        tag = company.get(address).headers["etag"]
        assert_problem(company.put(address, company.draft_body(), If_Match=tag), 409, "not-a-draft")


def test_given_a_bureau_when_it_writes_in_the_clients_registers_then_it_is_not_master(
    company: Company,
) -> None:
    draft = company.draft()

    with company.unchanged():
        for answer in (
            company.post("customers", CUSTOMER, "bureau"),
            company.put(f"customers/{company.customer_id}", CUSTOMER, "bureau", If_Match='"1"'),
            company.post("articles", {"name": "A", "unit_price": "1"}, "bureau"),
            company.post("invoices", company.draft_body(), "bureau"),
            company.post(f"invoices/{draft['invoice_id']}/issue", by="bureau"),
        ):
            assert_problem(answer, 409, "not-master")


def test_given_a_client_when_it_writes_in_the_bureaus_books_then_it_may_not(steady: Company) -> None:
    rows = [{"account": "1930", "debit": "1.00"}, {"account": "2081", "credit": "1.00"}]
    voucher = {"date": today().isoformat(), "text": "A", "rows": rows}

    with steady.unchanged():
        assert_problem(steady.post("ledger/vouchers", voucher), 403, "not-allowed")


@pytest.mark.parametrize(
    ("rows", "status", "code"),
    [
        ([("1930", "1.00", None), ("2081", None, "2.00")], 422, "unbalanced"),
        ([("1930", "1.00", None), ("9999", None, "1.00")], 422, "validation"),
        ([("1930", "1.00", None), ("8998", None, "1.00")], 422, "unknown-account"),
        ([("1930", "1.00", None), ("1510", None, "1.00")], 422, "control-account"),
        ([("1930", "1.00", None)], 422, "validation"),
        ([("1930", "1.00", "1.00"), ("2081", "0", "0")], 422, "validation"),
        ([("1930", "-1.00", None), ("2081", None, "-1.00")], 422, "validation"),
    ],
)
def test_given_a_voucher_that_is_none_when_posted_then_it_is_refused_and_no_number_taken(
    company: Company, rows: list[tuple[str, str | None, str | None]], status: int, code: str
) -> None:
    body_rows = [
        {name: value for name, value in zip(("account", "debit", "credit"), row, strict=True) if value}
        for row in rows
    ]
    voucher: dict[str, Any] = {"date": today().isoformat(), "text": "A", "rows": body_rows}

    with company.unchanged():
        assert_problem(company.post("ledger/vouchers", voucher, "bureau"), status, code)
    right = [{"account": "1930", "debit": "1.00"}, {"account": "2081", "credit": "1.00"}]
    made = company.post("ledger/vouchers", voucher | {"rows": right}, "bureau").expect(201)
    assert made["number"] == 1


def test_given_a_day_in_no_fiscal_year_when_a_voucher_is_dated_so_then_409(steady: Company) -> None:
    rows = [{"account": "1930", "debit": "1.00"}, {"account": "2081", "credit": "1.00"}]

    with steady.unchanged():
        voucher = {"date": f"{today().year - 1}-12-31", "text": "A", "rows": rows}
        assert_problem(steady.post("ledger/vouchers", voucher, "bureau"), 409, "outside-fiscal-year")


# ------------------------------------------------------------------------------------------ headers


def test_given_a_key_that_was_used_when_sent_with_another_request_then_it_is_refused(
    company: Company,
) -> None:
    key = secrets.token_hex(8)
    first = company.post("customers", CUSTOMER, Idempotency_Key=key)
    first.expect(201)

    with company.unchanged():
        other_body = company.post("customers", CUSTOMER | {"name": "B"}, Idempotency_Key=key)
        assert_problem(other_body, 422, "idempotency-key-reused")
        other_address = company.post("articles", {"name": "A", "unit_price": "1"}, Idempotency_Key=key)
        assert_problem(other_address, 422, "idempotency-key-reused")
        again = company.post("customers", CUSTOMER, Idempotency_Key=key)
        assert (again.status, again.content) == (201, first.content)
    # The key is the user's own: the bureau's is another.
    assert_problem(company.post("customers", CUSTOMER, "bureau", Idempotency_Key=key), 409, "not-master")


def test_given_a_refused_request_when_mended_and_sent_with_the_same_key_then_it_is_done(
    company: Company,
) -> None:
    key = secrets.token_hex(8)
    assert_problem(company.post("customers", {"name": ""}, Idempotency_Key=key), 422, "validation")

    assert company.post("customers", {"name": "A"}, Idempotency_Key=key).status == 201


@pytest.mark.parametrize("key", ["x" * 201, "with blank", "\t", "nyckel-\xe5"])
def test_given_a_key_of_wrong_form_when_sent_then_it_is_refused(steady: Company, key: str) -> None:
    with steady.unchanged():
        answer = raw(
            steady.client,
            "POST",
            f"{steady.path}/customers",
            json.dumps(CUSTOMER).encode(),
            {"Content-Type": "application/json", "Idempotency-Key": key},
        )
        assert_problem(answer, 400, "idempotency-key-invalid")


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        (None, 428, "version-required"),
        ('"2"', 412, "version-mismatch"),
        ('"0"', 412, "version-mismatch"),
        ("1", 412, "version-mismatch"),
        ("*", 412, "version-mismatch"),
        ('W/"1"', 412, "version-mismatch"),
        ('"99999999999999999999"', 412, "version-mismatch"),
    ],
)
def test_given_a_version_that_is_not_the_last_when_changed_then_it_is_refused(
    steady: Company, tag: str | None, status: int, code: str
) -> None:
    headers = {} if tag is None else {"If_Match": tag}
    address = f"{steady.path}/customers/{steady.customer_id}"

    with steady.unchanged():
        changed = steady.client.put(address, CUSTOMER | {"name": "B"}, **headers)
        assert_problem(changed, status, code)


# ------------------------------------------------------------------------------------------ payments


@pytest.mark.parametrize(
    ("values", "status", "code", "pointer"),
    [
        ({"amount": 100.0}, 422, "validation", "/amount"),
        ({"amount": 100}, 422, "validation", "/amount"),
        ({"amount": "0"}, 422, "validation", ""),
        ({"amount": "-1.00"}, 422, "allocations-differ", "/allocations"),
        ({"amount": "1e2"}, 422, "validation", "/amount"),
        ({"allocations": []}, 422, "validation", ""),
        ({"difference": "1.01"}, 422, "validation", "/difference"),
        ({"fee": "-1.00"}, 422, "validation", "/fee"),
        ({"use_credit": "0.00"}, 422, "validation", "/use_credit"),
        ({"amount": "50.00", "use_credit": "50.00"}, 409, "credit-used", None),
        ({"method": "barter"}, 422, "validation", "/method"),
        ({"payment_date": "2099-12-31"}, 422, "validation", "/payment_date"),
        ({"amount": "99.99"}, 422, "allocations-differ", "/allocations"),
    ],
)
def test_given_a_payment_with_an_error_when_posted_then_it_points_at_it_and_nothing_is_registered(
    steady: Company,
    steady_invoice: dict[str, Any],
    values: dict[str, Any],
    status: int,
    code: str,
    pointer: str | None,
) -> None:
    with steady.unchanged():
        answer = steady.post("payments", steady.payment_body(steady_invoice, "100.00") | values)
        problem = assert_problem(answer, status, code)
    assert [each["pointer"] for each in problem["errors"]] == ([] if pointer is None else [pointer])


def test_given_more_than_remains_a_draft_or_one_invoice_twice_when_paid_then_nothing_is_registered(
    company: Company,
) -> None:
    invoice, draft = company.issue("1250.00"), company.draft()
    company.cloud.wait_idle()
    body = company.payment_body(invoice, "200.00")
    twice = [{"invoice_id": invoice["invoice_id"], "amount": "100.00"}] * 2

    with company.unchanged():
        assert_problem(company.pay(invoice, "1250.01"), 409, "allocation-exceeds")
        assert_problem(company.pay(draft, "1.00"), 409, "not-issued")
        assert_problem(company.post("payments", body | {"allocations": twice}), 422, "validation")


def test_given_invoices_of_two_customers_when_one_payment_is_for_both_then_nothing_is_registered(
    company: Company,
) -> None:
    first = company.issue()
    customer = company.post("customers", CUSTOMER).expect(201)
    second = company.issue(customer_id=customer["customer_id"])
    company.cloud.wait_idle()
    allocations = [{"invoice_id": each["invoice_id"], "amount": "1.00"} for each in (first, second)]

    with company.unchanged():
        body = company.payment_body(first, "2.00") | {"allocations": allocations}
        assert_problem(company.post("payments", body), 422, "validation")


# ------------------------------------------------------------------------------------------ collaboration


def test_given_a_start_guide_with_a_step_left_when_activated_then_it_is_refused_and_stays(
    cloud: LocalCloud, people: People
) -> None:
    wanted = {"company_name": "A", "org_no": "556016-0680", "email": "anna@example.se"}
    invited = people.bureau.post(f"/v1/bureaus/{people.bureau_id}/invitations", wanted).expect(201)
    accepted = people.client.post(f"/v1/invitations/{invited['token']}/accept").expect(200)
    company = Company(cloud, people, accepted["company_id"], people.client, people.bureau)

    assert_problem(company.post("collaboration/activate"), 409, "start-guide-incomplete")
    assert_problem(company.post("payment-files", {"filename": "a"}), 409, "not-active")
    assert_problem(company.get("overview"), 409, "not-active")
    assert company.get("collaboration").expect(200)["status"] == "start_guide"
    again = people.client.post(f"/v1/invitations/{invited['token']}/accept")
    assert_problem(again, 409, "invitation-closed")
    assert_problem(
        people.client.post(f"/v1/invitations/{invited['token']}/decline"), 409, "invitation-closed"
    )


def test_given_an_active_company_when_its_start_guide_is_answered_anew_then_the_numbers_are_locked(
    steady: Company,
) -> None:
    with steady.unchanged():
        numbering = steady.put("start-guide/numbering", {"first_invoice_number": 1})
        assert_problem(numbering, 409, "number-locked")
        assert_problem(steady.put("start-guide/bank", STEPS["bank"]), 409, "already-active")
        assert_problem(steady.post("collaboration/activate"), 409, "already-active")
        yesterday = {"handler": "bureau", "since": f"{today().year - 1}-12-31"}
        assert_problem(steady.post("collaboration/payment-handler", yesterday), 422, "validation")


# ------------------------------------------------------------------------------------------ payment files


def paying(company: Company, kind: str) -> bytes:
    """A payment file that would pay an invoice of the company's whole, and is right."""
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()
    references = [(invoice["ocr"], 125000), (make_ocr("77"), 100), (make_ocr("78"), 100)]
    if kind == "bgmax":
        made = [BgMaxPayment(amount=amount, reference=reference) for reference, amount in references]
        return bgmax_file(BANKGIRO, made, payment_day=today())
    payments = [
        CamtPayment(amount=amount, references=(CamtReference(value=reference),))
        for reference, amount in references
    ]
    return camt_file(BANKGIRO, payments, booking_day=today())


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Another text in the place of the first such."""

    def replace(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return replace


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        pytest.param("bgmax", lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", id="a PDF"),
        pytest.param("bgmax", lambda _: b"\x00" * 5000, id="zeros"),
        pytest.param("bgmax", lambda _: b" ", id="a blank"),
        pytest.param("bgmax", lambda content: content[: len(content) // 2], id="bgmax cut in the middle"),
        pytest.param("bgmax", lambda content: content[:-82], id="bgmax without its last record"),
        pytest.param("bgmax", lambda content: content + content, id="bgmax twice in one file"),
        pytest.param("bgmax", replaced(b"7000000003", b"7000000004"), id="bgmax with a wrong count"),
        pytest.param(
            "bgmax", replaced(f"{125200:018}SEK".encode(), f"{125300:018}SEK".encode()), id="bgmax wrong sum"
        ),
        pytest.param("bgmax", replaced(b"9912346", b"9912353"), id="bgmax of another company"),
        pytest.param("camt", lambda content: content[: len(content) // 2], id="camt cut in the middle"),
        pytest.param("camt", replaced(b"<NbOfTxs>3", b"<NbOfTxs>4"), id="camt with a wrong count"),
        pytest.param("camt", replaced(b"1252.00", b"1253.00"), id="camt with a wrong sum"),
        pytest.param("camt", replaced(b"9912346", b"9912353"), id="camt of another company"),
        pytest.param(
            "camt",
            replaced(b"<Document", b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><Document'),
            id="camt with a foreign entity",
        ),
    ],
)
def test_given_a_payment_file_that_cannot_be_trusted_when_uploaded_then_it_is_refused_whole(
    company: Company, kind: str, spoil: Callable[[bytes], bytes]
) -> None:
    content = paying(company, kind)
    before = company.state()

    file = company.send_file(spoil(content))

    assert (file["status"], file["payments"], file["totals"]) == ("refused", [], None)
    assert file["refusal"]["check"]
    assert file["refusal"]["message"]
    after = company.state()
    after["PlatformTable"] = [
        each for each in after["PlatformTable"] if each.get("file_id") != {"S": file["file_id"]}
    ]
    assert after == before
    # Nothing of it was remembered: the right file is read as if the wrong one had never been.
    right = company.send_file(content)
    assert (right["status"], right["totals"]["exact"], right["totals"]["duplicates"]) == ("done", 1, 0)


def test_given_a_party_that_does_not_handle_payments_when_it_announces_a_file_then_it_is_refused(
    steady: Company,
) -> None:
    with steady.unchanged():
        assert_problem(steady.post("payment-files", {"filename": "a"}, "bureau"), 403, "not-handler")


def test_given_an_announced_file_when_the_handler_changes_before_the_upload_then_nothing_is_registered(
    company: Company,
) -> None:
    content = paying(company, "bgmax")
    announced = company.announce_file()
    company.let_handle("bureau")

    assert upload(announced["upload"], content).status == 204
    company.cloud.wait_idle()

    file = company.get(f"payment-files/{announced['file_id']}").expect(200)
    assert (file["status"], file["refusal"]["check"]) == ("refused", "not-handler")
    assert company.every("payments") == []


# ------------------------------------------------------------------------------------------ uploads


@pytest.fixture(params=["payment-files", "documents"])
def announced(request: pytest.FixtureRequest, company: Company) -> tuple[Company, str, dict[str, Any]]:
    """A company, the list something is announced in, and the form to upload it with."""
    wanted: dict[str, Any] = {
        "payment-files": {"filename": "a.txt"},
        "documents": {"filename": "a.jpg", "content_type": "image/jpeg", "kind": "receipt"},
    }[request.param]
    made = company.post(request.param, wanted).expect(201)
    form: dict[str, Any] = made["upload"]
    return company, request.param, form


def with_field(form: dict[str, Any], **values: str) -> dict[str, Any]:
    """A form with other fields; names are written with underscores."""
    changed = {name.replace("_", "-"): value for name, value in values.items()}
    return form | {"fields": form["fields"] | changed}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda form: with_field(form, Content_Type="text/html"), id="another content type"),
        pytest.param(lambda form: with_field(form, key="incoming/elsewhere"), id="another key"),
        pytest.param(lambda form: with_field(form, policy="e30="), id="another policy"),
        pytest.param(lambda form: with_field(form, acl="public-read"), id="a field not agreed"),
    ],
)
def test_given_a_form_that_was_tampered_with_when_used_then_s3_refuses_and_nothing_arrives(
    announced: tuple[Company, str, dict[str, Any]], spoil: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    company, _, form = announced

    with company.unchanged():
        assert upload(spoil(form), b"x").status in {400, 403}
    # The form as it was given still works.
    assert upload(form, b"x").status == 204


def test_given_a_file_over_the_limit_or_empty_when_uploaded_then_s3_refuses_and_nothing_arrives(
    announced: tuple[Company, str, dict[str, Any]],
) -> None:
    company, _, form = announced

    with company.unchanged():
        assert upload(form, b"\0" * (form["max_bytes"] + 1)).status == 400
        assert upload(form, b"").status == 400
