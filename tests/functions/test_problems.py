import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from samklang.invoicing import lists, registers
from samklang.platform.dynamo import Contention
from samklang.platform.problems import CATALOGUE, Problem
from tests.functions.books import Office
from tests.functions.conftest import ROOT, Answer

pytest_plugins = ["tests.functions.an_office"]

SOURCES = sorted([*(ROOT / "layers/samklang/python").rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
DOCUMENT = json.loads((ROOT / "functions/reference/openapi.json").read_text(encoding="utf-8"))


def codes_in(path: Path) -> Iterator[str]:
    """The codes of all problems a file makes, those it chooses between too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef):
            continue
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                yield from texts(node.args[0], scope)


def texts(node: ast.expr, scope: ast.FunctionDef) -> Iterator[str]:
    """What an expression may be: a text, a choice of texts, or a name given one in the same function."""
    match node:
        case ast.Constant(str(text)):
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from texts(body, scope)
            yield from texts(other, scope)
        case ast.Name(id=name):
            values = [
                each.value
                for each in ast.walk(scope)
                if isinstance(each, ast.Assign) and any(ast.unparse(t) == name for t in each.targets)
            ]
            assert values, f"cannot tell which code {name} is"
            for value in values:
                yield from texts(value, scope)
        case _:
            pytest.fail(f"cannot tell which code {ast.unparse(node)} is")


RAISED = {code: path for path in SOURCES for code in codes_in(path)}


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    assert {code: str(path) for code, path in RAISED.items() if code not in CATALOGUE} == {}


def test_every_code_of_the_catalogue_is_raised_somewhere() -> None:
    assert sorted(set(CATALOGUE) - set(RAISED)) == []


def test_every_code_is_in_kebab_case_with_a_title_and_a_status_of_an_error() -> None:
    for code, (status, title) in CATALOGUE.items():
        assert code == code.lower().replace("_", "-").strip("-")
        assert 400 <= status <= 599
        assert title[0].isupper()
        assert not title.endswith(".")
        assert (Problem(code, "x").status, Problem(code, "x").title) == (status, title)


def test_every_status_a_problem_may_have_is_published_for_every_operation() -> None:
    wanted = {str(status) for code, (status, _) in CATALOGUE.items() if code != "method-not-allowed"}
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            without_token = {"401"} if operation.get("security") == [] else set()
            missing = wanted - without_token - set(operation["responses"])
            assert not missing, f"{method} {path} does not publish {missing}"


# ---------------------------------------------------------------- the body


SCHEMA = jsonschema_rs.validator_for(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/components/schemas/Problem",
        "components": DOCUMENT["components"],
    }
)


def test_any_problem_is_answered_by_the_published_schema_with_its_code_and_the_requests_number(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    customer = firm.customer()
    path = f"/customers/{customer}"
    body = {"name": "Kund"}

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of ours")

    def contended(*_: Any) -> None:
        raise Contention("TransactionConflict")

    monkeypatch.setattr(registers, "articles", broken)
    monkeypatch.setattr(lists, "invoices", contended)
    answers: dict[str, Answer] = {
        "malformed-json": firm.call("POST", "/customers", "{"),
        "validation": firm.call("POST", "/customers", {"name": "", "payment_terms_days": 1.5, "x": 1}),
        "unsupported-media-type": firm.call("POST", "/customers", "x", headers={"Content-Type": "text/csv"}),
        "idempotency-key-invalid": firm.call("POST", "/customers", body, headers={"Idempotency-Key": "å"}),
        "cursor-invalid": firm.call("GET", "/customers?cursor=abc"),
        "not-found": firm.call("GET", "/customers/cus_00000000000000000000"),
        "version-required": firm.call("PUT", path, body),
        "version-mismatch": firm.call("PUT", path, body, headers={"If-Match": '"7"'}),
        "not-master": firm.call("POST", "/customers", body, firm.company.staff),
        "already-active": firm.call("POST", "/collaboration/activate"),
        "method-not-allowed": firm.call("DELETE", path),
        "internal": firm.call("GET", "/articles"),
        "busy": firm.call("GET", "/invoices"),
    }
    for code, answer in answers.items():
        problem = answer.body
        assert problem["code"] == code, answer.text
        assert SCHEMA.is_valid(problem), answer.text
        assert (answer.status, problem["status"], problem["title"]) == (
            CATALOGUE[code][0],
            CATALOGUE[code][0],
            CATALOGUE[code][1],
        )
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["X-Request-Id"] == problem["request_id"]
        assert problem["type"].endswith(f"/{code}")
        assert problem["detail"]
    assert "secret" not in answers["internal"].text
    assert answers["method-not-allowed"].headers["Allow"] == "GET, PUT"
    pointers = {each["pointer"] for each in answers["validation"].body["errors"]}
    assert pointers == {"/name", "/payment_terms_days", "/x"}


def test_the_schema_refuses_what_is_no_problem() -> None:
    right = {
        "type": "https://x",
        "title": "T",
        "status": 404,
        "detail": "D",
        "code": "not-found",
        "request_id": "r",
        "errors": [],
    }
    assert SCHEMA.is_valid(right)
    for name in right:
        assert not SCHEMA.is_valid({key: value for key, value in right.items() if key != name})
    assert not SCHEMA.is_valid(right | {"status": 200})


def test_an_unknown_address_and_a_pointer_with_a_slash_are_written_as_the_standard_says(
    office: Office,
) -> None:
    answer = office.call("GET", "/v1/nothing/here")
    assert (answer.status, answer.body["code"]) == (404, "not-found")
    firm = office.firm()
    wrong = firm.call("POST", "/customers", {"name": "A", "a/b~c": 1})
    assert [each["pointer"] for each in wrong.body["errors"]] == ["/a~1b~0c"]
    query = firm.call("GET", "/customers?limit=x")
    assert [each["pointer"] for each in query.body["errors"]] == ["?limit"]
