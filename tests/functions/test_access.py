import re
from typing import Any

from local.bank.bgmax import BgMaxPayment
from local.routes import Route, routes
from tests.functions.books import TODAY, Firm, Office
from tests.functions.conftest import CLIENT, STAFF, STRANGER, Answer, Cloud, http_event
from tests.functions.test_payment_files import bgmax, upload

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "00000000000000000000"
ADDRESS = {"street": "Storgatan 12", "postcode": "582 23", "city": "Linköping"}
ROW = {"description": "Arbete", "unit_price": "1.00", "vat_rate": "25"}
VOUCHER_ROWS = [{"account": "1930", "debit": "1.00"}, {"account": "2893", "credit": "1.00"}]
INVOICE = {"customer_id": f"cus_{UNKNOWN}", "rows": [ROW]}
PAYMENT = {
    "payment_date": TODAY.isoformat(),
    "amount": "1.00",
    "allocations": [{"invoice_id": f"inv_{UNKNOWN}", "amount": "1.00"}],
}
BODIES: dict[str, Any] = {
    "POST /v1/bureaus": {"name": "Byrån AB", "org_no": "556012-5790"},
    "POST /v1/bureaus/{bureau_id}/invitations": {
        "company_name": "Nya AB",
        "org_no": "556012-5790",
        "email": "ny@example.se",
    },
    "PUT /v1/companies/{company_id}/start-guide/{step}": {"confirmed": True},
    "POST /v1/companies/{company_id}/collaboration/payment-handler": {"handler": "client"},
    "POST /v1/companies/{company_id}/customers": {"name": "Kund"},
    "PUT /v1/companies/{company_id}/customers/{customer_id}": {"name": "Kund"},
    "POST /v1/companies/{company_id}/articles": {"name": "Artikel", "unit_price": "1.00"},
    "PUT /v1/companies/{company_id}/articles/{article_id}": {"name": "Artikel", "unit_price": "1.00"},
    "PUT /v1/companies/{company_id}/logo": {"content": None},
    "POST /v1/companies/{company_id}/invoices": INVOICE,
    "PUT /v1/companies/{company_id}/invoices/{invoice_id}": INVOICE,
    "POST /v1/companies/{company_id}/payments": PAYMENT,
    "POST /v1/companies/{company_id}/payments/{payment_id}/reverse": {},
    "POST /v1/companies/{company_id}/payment-files": {"filename": "x.txt"},
    "POST /v1/companies/{company_id}/documents": {
        "filename": "kvitto.jpg",
        "content_type": "image/jpeg",
        "kind": "receipt",
    },
    "POST /v1/companies/{company_id}/ledger/vouchers": {
        "date": TODAY.isoformat(),
        "text": "x",
        "rows": VOUCHER_ROWS,
    },
}
"""A right body for every route that takes one, so that nothing but the access can be refused."""


def all_routes() -> list[Route]:
    return sorted(routes(Cloud.template)._routes, key=lambda route: route.key)


def with_variable(name: str) -> list[Route]:
    found = [route for route in all_routes() if f"{{{name}}}" in route.path]
    assert found
    return found


BODIES |= {
    f"POST /v1/companies/{{company_id}}/{path}": body
    for path, body in {
        "articles/{article_id}/proposals": {"changes": {"name": "Nytt"}},
        "customers/{customer_id}/proposals": {"changes": {"name": "Nytt"}},
        "article-file": {"content": "TmFtbjtQcmlzCkJyw7ZkOzEwCg==", "dry_run": True},
        "customer-file": {"content": "TmFtbgpLdW5kCg==", "dry_run": True},
        "invoices/{invoice_id}/send": {"to": "kund@example.se"},
        "invoice-issues": {"invoice_ids": [f"inv_{UNKNOWN}"]},
        "bank-payments/{bank_payment_id}/confirm": {"customer_id": f"cus_{UNKNOWN}"},
        "bank-payments/{bank_payment_id}/set-aside": {"reason": "x"},
    }.items()
}


def address(route: Route, **known: str) -> str:
    """The route's path with these values, and made up ones for what is not known."""
    values = {
        "token": "x" * 32,
        "step": "registers",
        "voucher_id": "2026-11-23.A.1",
        "parked_id": f"invoice.inv_{UNKNOWN}.issued",
        "report_id": "2026-10",
    } | known
    return re.sub(r"{(\w+)}", lambda name: values.get(name[1], f"{name[1][:3]}_{UNKNOWN}"), route.path)


def send(office: Office, route: Route, user: str, **known: str) -> Answer:
    body = BODIES.get(route.key)
    return office.call(route.method, address(route, **known), body, user, {"If-Match": '"1"'})


def told(answer: Answer) -> tuple[int, dict[str, Any], dict[str, str]]:
    """All that an answer tells, apart from its own number."""
    body = {name: value for name, value in answer.body.items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    return answer.status, body, headers


def contents(firm: Firm) -> dict[str, str]:
    """Ids of things the firm has, by the names of variables."""
    invoice = firm.issue()
    firm.office.settle()
    article = firm.ok("POST", "/articles", BODIES["POST /v1/companies/{company_id}/articles"])
    document = firm.ok("POST", "/documents", BODIES["POST /v1/companies/{company_id}/documents"])
    read = upload(firm, bgmax(BgMaxPayment(amount=100, reference=invoice["ocr"], name="Betalaren AB")))
    (waiting,) = read["payments"]
    firm.ok("POST", f"/bank-payments/{waiting['bank_payment_id']}/confirm")
    payers = firm.ok("GET", f"/customers/{invoice['customer_id']}/payers")["items"]
    firm.voucher("1930", "2893", "1.00")
    return {
        "customer_id": invoice["customer_id"],
        "invoice_id": invoice["invoice_id"],
        "article_id": article["article_id"],
        "document_id": document["document_id"],
        "file_id": read["file_id"],
        "bank_payment_id": waiting["bank_payment_id"],
        "payer_id": payers[0]["payer_id"],
        "payment_id": firm.pay("1.00", invoice).body["payment_id"],
    }


def test_another_companys_id_is_answered_exactly_as_one_that_does_not_exist_on_every_route(
    office: Office,
) -> None:
    firm = office.firm()
    office.firm(client=STRANGER, staff="stina")
    known = contents(firm)
    before = {
        table: office.cloud.items(table) for table in ("PlatformTable", "InvoicingTable", "LedgerTable")
    }
    wrong = {}
    for route in with_variable("company_id"):
        for stranger in (STRANGER, "stina"):
            theirs = send(office, route, stranger, company_id=firm.company_id, **known)
            none = send(office, route, stranger, company_id=f"com_{UNKNOWN}", **known)
            if theirs.status != 404 or theirs.body["code"] != "not-found" or told(theirs) != told(none):
                wrong[route.key, stranger] = theirs.text, none.text
    assert wrong == {}
    for table, items in before.items():
        assert office.cloud.items(table) == items


def test_another_bureaus_id_is_answered_exactly_as_one_that_does_not_exist_on_every_route(
    office: Office,
) -> None:
    firm = office.firm()
    office.firms.bureau(STRANGER)
    before = office.cloud.items("PlatformTable")
    wrong = {}
    for route in with_variable("bureau_id"):
        for stranger in (STRANGER, CLIENT):
            theirs = send(office, route, stranger, bureau_id=firm.company.bureau_id)
            none = send(office, route, stranger, bureau_id=f"bur_{UNKNOWN}")
            if theirs.status != 404 or theirs.body["code"] != "not-found" or told(theirs) != told(none):
                wrong[route.key, stranger] = theirs.text, none.text
    assert wrong == {}
    assert office.cloud.items("PlatformTable") == before


def test_the_own_people_of_both_parties_are_let_in_on_every_route(office: Office) -> None:
    """Without this the two tests above could pass because every request is wrong in another way."""
    firm = office.firm()
    known = contents(firm)
    for route in with_variable("company_id"):
        for user in (CLIENT, STAFF):
            answer = send(office, route, user, company_id=firm.company_id, **known)
            shut_out = answer.status == 404 and "act for" in answer.body["detail"]
            assert not shut_out, f"{route.key} by {user}: {answer.text}"
            at_fault = {each["code"] for each in answer.body["errors"]} if answer.status == 422 else set()
            assert at_fault <= {"unknown"}, f"{route.key} by {user}: {answer.text}"


def test_another_companys_things_are_not_found_under_ones_own_company(office: Office) -> None:
    firm = office.firm()
    other = office.firm(client=STRANGER, staff="stina")
    theirs = contents(firm)
    for route in with_variable("company_id"):
        if route.method == "GET" and route.path.count("{") > 1 and "report" not in route.path:
            answer = send(office, route, STRANGER, company_id=other.company_id, **theirs)
            assert answer.status == 404, f"{route.key}: {answer.text}"
            assert answer.body["code"] == "not-found"


def test_the_bureaus_other_companies_are_not_open_to_a_client_of_one(office: Office) -> None:
    firm = office.firm()
    sister = office.firm(firm.company.bureau_id, client="olle")
    assert sister.call("GET", "/customers", user=CLIENT).status == 404
    assert sister.call("GET", "/customers", user=STAFF).status == 200
    listed = office.call("GET", f"/v1/bureaus/{firm.company.bureau_id}/companies", user=STAFF).body["items"]
    assert {each["company_id"] for each in listed} == {firm.company_id, sister.company_id}


# ---------------------------------------------------------------- without a user


def test_without_a_user_no_route_that_needs_one_does_anything(office: Office) -> None:
    """API Gateway lets no such request through; should the template ever open a route, this still holds."""
    firm = office.firm()
    before = office.cloud.items("PlatformTable")
    folders = {each.logical_id: each.folder.name for each in Cloud.template.functions().values()}
    done = {}
    for route in all_routes():
        if route.authorizer is None:
            continue
        folder = folders[route.function]
        path = address(route, company_id=firm.company_id, bureau_id=firm.company.bureau_id)
        event = http_event(folder, route.method, path, BODIES.get(route.key), "", {"If-Match": '"1"'})
        for claims in (None, {"sub": ""}):
            event["requestContext"]["authorizer"] = {} if claims is None else {"jwt": {"claims": claims}}
            status = office.invoke(folder, event)["statusCode"]
            if not 400 <= status < 500:
                done[route.key] = status
    assert done == {}
    assert office.cloud.items("PlatformTable") == before


def test_only_the_apis_own_pages_need_no_token(office: Office) -> None:
    open_routes = {route.key for route in all_routes() if route.authorizer is None}
    assert open_routes == {"GET /v1/health", "GET /v1/openapi.json", "GET /v1/docs", "$default"}
    assert office.call("GET", "/v1/health", user="").body == {"status": "ok"}
    assert office.call("GET", "/v1/openapi.json", user="").body["openapi"].startswith("3.1")
    assert office.call("GET", "/v1/docs", user="").text.lstrip().lower().startswith("<!doctype html")
