"""The HTTP layer every function behind the API shares.

Powertools routes and validates; this module makes every error a problem (RFC 9457), reads JSON strictly,
knows the user, and answers a repeated Idempotency-Key with what it answered before.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import inspect
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, Field, ValidationError

from samklang.platform import access, idempotency
from samklang.platform.dynamo import Contention
from samklang.platform.logs import logger, metrics
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

PROBLEM_TYPE = "application/problem+json"
_MAX_DEPTH = 32
_BODY_METHODS = {"POST", "PUT"}

Id = Annotated[str, Path(pattern=r"^[a-z]{2,4}_[0-9a-z]{20}$")]
"""An opaque identifier in the path."""

Limit = Annotated[int, Query(ge=1, le=100)]
"""How many items a page holds."""

Cursor = Annotated[str | None, Query(min_length=1, max_length=2000, pattern=r"^[A-Za-z0-9_=-]+$")]
"""``next`` of the page before."""


class FieldErrorBody(BaseModel):
    """One thing wrong in one place of the request."""

    pointer: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """A refusal, as ``application/problem+json`` (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: str
    request_id: str
    errors: list[FieldErrorBody]


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """An answer that is not JSON."""

    content_type: str
    content: bytes | str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Api(APIGatewayHttpResolver):
    """The routes of one function.

    ``reads``, ``changes`` and ``acts`` (a POST that does something) answer 200, ``creates`` (a POST) 201.
    """

    needs_user = True

    def __init__(self) -> None:
        super().__init__(
            enable_validation=True,
            response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
            json_body_deserializer=read_json,
            serializer=functools.partial(json.dumps, separators=(",", ":"), ensure_ascii=False),
        )
        self.routes: set[tuple[str, str]] = set()
        self.statuses: dict[tuple[str, str], int] = {}
        self.produces: dict[tuple[str, str], str] = {}
        self.versioned: set[tuple[str, str]] = set()
        self.exception_handler(Problem)(self._refuse)
        self.exception_handler(Contention)(self._busy)
        self.exception_handler(idempotency.Replay)(self._replay)
        self.exception_handler(RequestValidationError)(self._invalid)
        self.exception_handler(RequestUnsupportedContentType)(self._unsupported)
        self.exception_handler(ResponseValidationError)(self._fail)
        self.not_found(self._unknown)
        self.exception_handler(Exception)(self._fail)

    # ------------------------------------------------------------ routes

    def creates[**P, R](self, path: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A POST that creates something: 201."""
        return self._route("POST", path, 201)

    def acts[**P, R](self, path: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A POST that acts on something: 200."""
        return self._route("POST", path, 200)

    def reads[**P, R](self, path: str, *, produces: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A GET; one that ``produces`` another type than JSON returns a :class:`File`."""
        if produces:
            self.produces["GET", path] = produces
        return self._route("GET", path, 200)

    def changes[**P, R](
        self, path: str, *, versioned: bool = False
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A PUT; ``versioned`` ones want the version that was read as If-Match."""
        if versioned:
            self.versioned.add(("PUT", path))
        return self._route("PUT", path, 200)

    def _route[**P, R](
        self, method: str, path: str, status: int
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        def register(function: Callable[P, R]) -> Callable[P, R]:
            @functools.wraps(function)
            def answer(*args: P.args, **kwargs: P.kwargs) -> Any:
                result = function(*args, **kwargs)
                if isinstance(result, File):
                    return Response(
                        status, result.content_type, cast("Any", result.content), {**result.headers}
                    )
                version = getattr(result, "version", None)
                headers = {} if version is None else {"ETag": f'"{version}"'}
                return Response(status, "application/json", cast("Any", result), cast("Any", headers))

            if (method, path) in self.produces:
                # Without a return type Powertools leaves the answer as it is.
                plain = inspect.signature(function).replace(return_annotation=inspect.Signature.empty)
                answer.__signature__ = plain  # type: ignore[attr-defined]
            summary = (function.__doc__ or "").strip().splitlines()[0].rstrip(".")
            self.routes.add((method, path))
            self.statuses[method, path] = status
            rule = re.sub(r"{(\w+)}", r"<\1>", path)
            self.route(rule, method, summary=summary, operation_id=function.__name__)(answer)
            return function

        return register

    # ------------------------------------------------------------ the request at hand

    @property
    def user(self) -> access.User:
        """The user of the request at hand."""
        return cast("access.User", self.context["user"])

    def company(self, company_id: str) -> access.CompanyAccess:
        """The user's access to a company; see :func:`access.company_access`."""
        return access.company_access(self.user, company_id)

    def bureau(self, bureau_id: str) -> access.BureauAccess:
        """The user's access to a bureau; see :func:`access.bureau_access`."""
        return access.bureau_access(self.user, bureau_id)

    def expected_version(self) -> int:
        """The version of If-Match.

        Raises:
            Problem: ``version-required`` without the header, ``version-mismatch`` if it is none of ours.
        """
        value = self.current_event.headers.get("if-match")
        if value is None:
            raise Problem("version-required", "Read it first and send its ETag as If-Match.")
        match = re.fullmatch(r'"(\d{1,9})"', value.strip(), re.ASCII)
        if match is None:
            raise Problem("version-mismatch", "If-Match is not an ETag of ours. Read it again and try anew.")
        return int(match[1])

    # ------------------------------------------------------------ from event to answer

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one HTTP API event (payload format 2.0)."""
        request_id = event["requestContext"]["requestId"]
        logger.set_correlation_id(request_id)
        logger.append_keys(route=event["routeKey"])
        user = self._user(event, request_id)
        self.context["user"] = user
        try:
            self._check_user(user)
            event = self._with_body(event)
            key = self._idempotency_key(event)
        except Problem as problem:
            answer = self._as_answer(self._problem(problem, request_id))
        else:
            self.context["user"] = dataclasses.replace(user, idempotency=key)
            answer = self.resolve(event, context)
        answer.setdefault("headers", {})["X-Request-Id"] = request_id
        logger.info("answered", status=answer["statusCode"], user=user.user_id)
        metrics.add_metric(f"Status{answer['statusCode'] // 100}xx", MetricUnit.Count, 1)
        metrics.flush_metrics()
        return answer

    @staticmethod
    def _user(event: Mapping[str, Any], request_id: str) -> access.User:
        claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
        return access.User(claims.get("sub", ""), request_id)

    def _check_user(self, user: access.User) -> None:
        """Refuse a request without a user, which the gateway lets through only if its routes are wrong."""
        if self.needs_user and not user.user_id:
            raise Problem("unauthenticated", "Send a valid token as Authorization: Bearer.")

    @staticmethod
    def _with_body(event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event with its body as text, if it is JSON in UTF-8.

        Raises:
            Problem: ``unsupported-media-type`` or ``malformed-json``.
        """
        body: str | None = event.get("body")
        if not body or event["requestContext"]["http"]["method"] not in _BODY_METHODS:
            return event
        content_type = event["headers"].get("content-type", "").split(";")[0].strip().lower()
        if content_type != "application/json":
            raise Problem("unsupported-media-type", "Send JSON, with Content-Type: application/json.")
        try:
            # The gateway hands on in base64 what it does not take for text.
            body = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
            body.encode()
        except ValueError as error:
            raise Problem("malformed-json", "The body is not UTF-8.") from error
        # Powertools knows the media type only as it is usually written.
        headers = {**event["headers"], "content-type": content_type}
        return {**event, "headers": headers, "body": body, "isBase64Encoded": False}

    def _idempotency_key(self, event: Mapping[str, Any]) -> idempotency.IdempotencyKey | None:
        value = event["headers"].get("idempotency-key")
        method, _, path = event["routeKey"].partition(" ")
        if value is None or method != "POST":
            return None
        status = self.statuses.get((method, path), 200)
        return idempotency.read_key(value, method, event["rawPath"], event.get("body") or "", status)

    @staticmethod
    def _as_answer(response: Response[str]) -> dict[str, Any]:
        return {
            "statusCode": response.status_code,
            "headers": {name: str(value) for name, value in response.headers.items()},
            "body": response.body,
            "isBase64Encoded": False,
        }

    # ------------------------------------------------------------ errors

    def _problem(self, problem: Problem, request_id: str | None = None) -> Response[str]:
        body = ProblemBody(
            type=f"https://samklang.example/problems/{problem.code}",
            title=problem.title,
            status=problem.status,
            detail=problem.detail,
            code=problem.code,
            request_id=request_id or self.user.request_id,
            errors=[
                FieldErrorBody(pointer=e.pointer, code=e.code, message=e.message) for e in problem.errors
            ],
        )
        logger.info("refused", code=problem.code)
        return Response(problem.status, PROBLEM_TYPE, body.model_dump_json(), {})

    def _refuse(self, problem: Problem) -> Response[str]:
        try:
            idempotency.replay_if_done(self.user)
        except idempotency.Replay as replay:
            return self._replay(replay)
        except Problem as other:
            return self._problem(other)
        return self._problem(problem)

    def _busy(self, _: Contention) -> Response[str]:
        return self._refuse(
            Problem("busy", "Nothing was done. Wait a moment and send the same request again.")
        )

    def _replay(self, replay: idempotency.Replay) -> Response[str]:
        logger.info("replayed")
        headers = {"Idempotent-Replayed": "true"}
        if version := json.loads(replay.body).get("version"):
            headers["ETag"] = f'"{version}"'
        return Response(replay.status, "application/json", replay.body, cast("Any", headers))

    def _invalid(self, error: RequestValidationError) -> Response[str]:
        found = [_field_error(each) for each in error.errors()]
        whole = next((each for each in found if each.code == "json_invalid"), None)
        if whole:
            return self._problem(Problem("malformed-json", whole.message))
        return self._problem(Problem("validation", "See `errors` for every field at fault.", tuple(found)))

    def _unsupported(self, _: RequestUnsupportedContentType) -> Response[str]:
        return self._problem(Problem("unsupported-media-type", "Send the body as JSON."))

    def _unknown(self, _: NotFoundError) -> Response[str]:
        return self._problem(Problem("not-found", "There is nothing at this address."))

    def _fail(self, error: Exception) -> Response[str]:
        # Not swallowed: logged with its traceback and counted, and the user is told that it was our fault.
        logger.exception("unexpected error", exc_info=error)
        metrics.add_metric("UnexpectedErrors", MetricUnit.Count, 1)
        return self._problem(
            Problem("internal", "Try again; if it happens again, tell support the request_id."),
        )


def read_shape[S: BaseModel](shape: type[S], body: Any) -> S:
    """Read a body whose shape depends on the address.

    Raises:
        RequestValidationError: answered as every other validation error.
    """
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_context=False)]
        raise RequestValidationError(found) from error


def _field_error(error: dict[str, Any]) -> FieldError:
    where, *path = error["loc"]
    code, message = error["type"], error["msg"].removeprefix("Value error, ")
    if where == "body":
        return FieldError("".join(f"/{_escape(str(part))}" for part in path), code, message)
    prefix = {"path": "path:", "query": "?", "header": "header:"}.get(str(where), f"{where}:")
    return FieldError(prefix + ".".join(str(part) for part in path), code, message)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


# ---------------------------------------------------------------- strict JSON


def read_json(text: str) -> Any:
    """Read a JSON document: no name twice, no NaN, at most 32 levels deep, only whole characters.

    Raises:
        Problem: ``malformed-json``, ``duplicate-key`` or ``too-deep``.
    """
    if _depth(text) > _MAX_DEPTH:
        raise Problem("too-deep", f"Send JSON of at most {_MAX_DEPTH} levels.")
    try:
        return _whole_characters(
            text, json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        )
    except ValueError as error:
        raise Problem("malformed-json", f"The body cannot be read as JSON: {error}.") from error


def _depth(text: str) -> int:
    """How deep brackets nest, outside strings; one step a character, whatever the text."""
    deepest = level = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
    return deepest


_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def _whole_characters(text: str, found: Any) -> Any:
    """Refuse half a character: escapes may pair up to a whole one, else they cannot be written as UTF-8."""
    if _HALF_CHARACTER.search(text):
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Problem("duplicate-key", f"The name {twice!r} stands twice in the same object; send it once.")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
