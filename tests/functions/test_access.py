import re
from typing import Any

from local.bank.bgmax import BgMaxPayment
from local.routes import Route, routes
from tests.bodies import BODIES, UNKNOWN
from tests.functions.books import TODAY, Firm, Office
from tests.functions.conftest import CLIENT, STAFF, STRANGER, Answer, Cloud, http_event
from tests.functions.test_payment_files import bgmax, upload

pytest_plugins = ["tests.functions.an_office"]


def all_routes() -> list[Route]:
    return sorted(routes(Cloud.template)._routes, key=lambda route: route.key)


def named(route: Route) -> set[str]:
    """The variables of a route's address."""
    return set(re.findall(r"{(\w+)}", route.path))


def with_variable(name: str) -> list[Route]:
    found = [route for route in all_routes() if f"{{{name}}}" in route.path]
    assert found
    return found


def address(route: Route, **known: str) -> str:
    """The route's path with these values, and made up ones for what is not known."""
    values = {
        "token": "x" * 32,
        "step": "registers",
        "voucher_id": "2026-11-23.A.1",
        "account": "1930",
        "start": "2026-01-01",
        "series": "LON",
        "template_id": "rent",
        "parked_id": f"invoice.inv_{UNKNOWN}.issued",
        "report_id": "2026-10",
        "box": "05",
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


def bought(firm: Firm) -> dict[str, str]:
    """Ids of what the firm has of suppliers, by the names of variables."""
    given: dict[str, Any] = {"name": "Leverantör", "bankgiro": "5050-1055", "cost_account": "5410"}
    supplier = firm.ok("POST", "/ledger/suppliers", given, STAFF)["supplier_id"]
    rows = [{"net": "1.00"}]
    given = {"supplier_id": supplier, "invoice_date": TODAY.isoformat(), "total": "1.25", "rows": rows}
    first, second = (
        firm.ok("POST", "/ledger/supplier-invoices", given | {"number": number}, STAFF)["supplier_invoice_id"]
        for number in ("1", "2")
    )
    day = {"payment_date": TODAY.isoformat()}
    paid = day | {"allocations": [{"supplier_invoice_id": first, "amount": "1.00"}]}
    ordered = day | {"supplier_invoice_ids": [second]}
    payment = firm.ok("POST", "/ledger/supplier-payments", paid, STAFF)
    order = firm.ok("POST", "/ledger/payment-orders", ordered, STAFF)
    return {
        "supplier_id": supplier,
        "supplier_invoice_id": first,
        "supplier_payment_id": payment["supplier_payment_id"],
        "payment_order_id": order["payment_order_id"],
    }


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
    sie = firm.ok("POST", "/ledger/sie-imports", {"filename": "ar.se", "mode": "history"}, STAFF)
    return bought(firm) | {
        "import_id": sie["import_id"],
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
        of_anybody = {"report_id", "box", "account"} & named(route)
        if route.method == "GET" and route.path.count("{") > 1 and not of_anybody:
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
