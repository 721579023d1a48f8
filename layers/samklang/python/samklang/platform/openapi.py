"""The OpenAPI document: what Powertools knows of each function's routes, and what all of them share.

Generated offline, kept in the repo and compared in the tests; served as it is kept.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from samklang.platform.http import PROBLEM_TYPE, ProblemBody

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.http import Api

VERSION = "0.1.0"

_DESCRIPTION = (
    "Amounts are decimal strings in SEK, dates are ISO 8601, ids are opaque. Send `Idempotency-Key` with "
    "every POST: the same request again gets the same answer. Lists are paged by `limit` and `cursor`. "
    "Every error is `application/problem+json` with a stable `code`."
)
_POWERTOOLS_SCHEMAS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")

_PROBLEMS = {
    "400": "The request cannot be read",
    "403": "You may not do this",
    "404": "Not found, or not yours",
    "409": "It does not go with how things are now",
    "410": "It is no longer there",
    "412": "Somebody else has changed it",
    "413": "The body is too large",
    "415": "The content type is not supported",
    "422": "The request has errors",
    "428": "If-Match is missing",
    "500": "Something went wrong on our side",
    "503": "Too many are writing at the same time",
}
_GATEWAY = {"401": "The token is missing, expired or not ours", "429": "Too many requests"}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request again gets the stored answer; another request is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version you have read.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
}


def build(apis: Iterable[tuple[str, Api]], open_paths: set[str]) -> dict[str, Any]:
    """One document for all functions.

    Args:
        apis: the functions' routes, each under its tag.
        open_paths: the paths that need no token.

    Raises:
        ValueError: two functions mean different things by the same schema name.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for tag, api in apis:
        part = json.loads(api.get_openapi_json_schema(title="Samklang", version=VERSION))
        for path, methods in part["paths"].items():
            for method, operation in methods.items():
                _complete(api, tag, method.upper(), path, operation, needs_token=path not in open_paths)
            paths.setdefault(path, {}).update(methods)
        for name, schema in part.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"two functions mean different things by the schema {name}")
    for name in _POWERTOOLS_SCHEMAS:
        schemas.pop(name, None)
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Samklang",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _complete(
    api: Api, tag: str, method: str, path: str, operation: dict[str, Any], *, needs_token: bool
) -> None:
    """Add to one operation what all operations of its kind have."""
    operation["tags"] = [tag]
    parameters = operation.setdefault("parameters", [])
    if method == "POST":
        parameters.append(copy.deepcopy(_IDEMPOTENCY_KEY))
    if (method, path) in api.versioned:
        parameters.append(copy.deepcopy(_IF_MATCH))
    answer = operation["responses"]["200"]
    if produces := api.produces.get((method, path)):
        kind = "object" if produces == "application/json" else "string"
        answer["content"] = {produces: {"schema": {"type": kind}}}
    answer["headers"] = {"X-Request-Id": {"schema": {"type": "string"}}}
    responses = {str(api.statuses[method, path]): answer}
    reference = {"$ref": "#/components/schemas/Problem"}
    for status, description in _PROBLEMS.items():
        responses[status] = {"description": description, "content": {PROBLEM_TYPE: {"schema": reference}}}
    message = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
    for status, description in _GATEWAY.items():
        responses[status] = {"description": description, "content": {"application/json": {"schema": message}}}
    if needs_token:
        responses["401"]["content"][PROBLEM_TYPE] = {"schema": reference}
    else:
        operation["security"] = []
        del responses["401"]
    operation["responses"] = dict(sorted(responses.items()))
    if operation.get("operationId") == "answer_step":
        _describe_steps(operation)


def _describe_steps(operation: dict[str, Any]) -> None:
    """The body of a start guide step depends on the step, which Powertools cannot tell."""
    names = ("CompanyStep", "FiscalYearStep", "BankStep", "NumberingStep", "PaymentsStep", "RegistersStep")
    schema = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
    operation["requestBody"]["content"]["application/json"]["schema"] = schema


def as_text(document: dict[str, Any]) -> str:
    """The document as it is kept in the repo."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
