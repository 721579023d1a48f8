"""The HTTP API in front of the functions, as API Gateway's HTTP APIs behave (payload format 2.0)."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from local.routes import routes
from local.template import ACCOUNT, REGION
from local.tokens import Caller, TokenCheck, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.lambdas import Outcome, Pool
    from local.routes import Route
    from local.template import Template

MAX_BODY = 10 * 1024 * 1024
_INTEGRATION_SECONDS = 30.0
_TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_DOMAIN = f"local.execute-api.{REGION}.amazonaws.com"


@dataclass(frozen=True)
class Cors:
    """An API's ``CorsConfiguration``."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False

    @classmethod
    def of(cls, template: Template) -> Cors | None:
        """What the template says, if it says anything."""
        if template.api is None:
            return None
        settings = template.properties(template.api).get("CorsConfiguration")
        if not settings:
            return None
        if settings is True:
            return cls(origins=("*",))
        age = settings.get("MaxAge")
        return cls(
            origins=tuple(settings.get("AllowOrigins", ())),
            methods=tuple(settings.get("AllowMethods", ())),
            headers=tuple(settings.get("AllowHeaders", ())),
            exposed=tuple(settings.get("ExposeHeaders", ())),
            max_age=None if age is None else int(age),
            credentials=bool(settings.get("AllowCredentials", False)),
        )

    def answer(self, origin: str | None) -> dict[str, str]:
        """Headers on every answer to the origin; none if it is not allowed."""
        if origin is None or not self._allows(origin):
            return {}
        found = {"Access-Control-Allow-Origin": "*" if "*" in self.origins else origin}
        if "*" not in self.origins:
            found["Vary"] = "Origin"
        if self.exposed:
            found["Access-Control-Expose-Headers"] = ",".join(self.exposed)
        if self.credentials:
            found["Access-Control-Allow-Credentials"] = "true"
        return found

    def preflight(self, origin: str) -> dict[str, str]:
        """Headers of the answer to a preflight request."""
        found = self.answer(origin)
        if not found:
            return {}
        found.pop("Access-Control-Expose-Headers", None)
        if self.methods:
            found["Access-Control-Allow-Methods"] = ",".join(self.methods)
        if self.headers:
            found["Access-Control-Allow-Headers"] = ",".join(self.headers)
        if self.max_age is not None:
            found["Access-Control-Max-Age"] = str(self.max_age)
        return found

    def _allows(self, origin: str) -> bool:
        return any(
            allowed in {"*", origin} or (allowed.endswith("//*") and origin.startswith(allowed[:-1]))
            for allowed in self.origins
        )


class Api:
    """Takes requests, finds the function, and turns its answer into an HTTP answer."""

    def __init__(
        self, template: Template, pools: Mapping[str, Pool], tokens: TokenCheck, access_log: Path
    ) -> None:
        self._routes = routes(template)
        self._cors = Cors.of(template)
        self._pools = pools
        self._tokens = tokens
        self._access_log = access_log.open("a", encoding="utf-8", buffering=1)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        started = time.perf_counter()
        origin = request.headers.get("Origin")
        if self._cors and _is_preflight(request) and origin:
            return web.Response(status=204, headers=self._cors.preflight(origin))
        response = await self._respond(request, request_id)
        response.headers["Apigw-Requestid"] = request_id
        if self._cors:
            # API Gateway's own CORS headers replace those a function sets.
            for name in [name for name in response.headers if name.lower().startswith("access-control-")]:
                del response.headers[name]
            response.headers.update(self._cors.answer(origin))
        self._log(request, response, request_id, (time.perf_counter() - started) * 1000)
        return response

    def _log(self, request: web.Request, response: web.Response, request_id: str, ms: float) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request_id": request_id,
            "method": request.method,
            "path": request.path,
            "status": response.status,
            "latency_ms": round(ms, 1),
        }
        self._access_log.write(f"{json.dumps(line)}\n")

    async def _respond(self, request: web.Request, request_id: str) -> web.Response:
        path = unquote(request.raw_path.partition("?")[0])
        found = self._routes.find(request.method, path)
        if found is None:
            return _message(404, "Not Found")
        route, variables = found
        caller: Caller | None = None
        if route.authorizer:
            try:
                caller = await self._tokens.check(_bearer(request), route.authorizer)
            except Unauthorized:
                return _message(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})
            if route.scopes and not caller.scopes & set(route.scopes):
                return _message(403, "Forbidden", {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
        body = await _body(request)
        if body is None:
            return _message(413, "Request Entity Too Large")
        event = _event(request, request_id, route, path, variables, body, caller)
        # The function goes on although the caller or API Gateway has stopped waiting.
        invocation = asyncio.ensure_future(self._pools[route.function].invoke(event))
        try:
            async with asyncio.timeout(_INTEGRATION_SECONDS):
                outcome = await asyncio.shield(invocation)
        except TimeoutError:
            return _message(503, "Service Unavailable")
        return _http(outcome)


def _is_preflight(request: web.Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _bearer(request: web.Request) -> str:
    value = request.headers.get("Authorization", "")
    scheme, _, token = value.partition(" ")
    found = token.strip() if scheme.lower() == "bearer" else value
    if not found:
        raise Unauthorized
    return found


async def _body(request: web.Request) -> bytes | None:
    """The body, or None if it is larger than API Gateway takes."""
    if (request.content_length or 0) > MAX_BODY:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _event(
    request: web.Request,
    request_id: str,
    route: Route,
    path: str,
    variables: dict[str, str],
    body: bytes,
    caller: Caller | None,
) -> dict[str, Any]:
    """The event the function gets."""
    now = time.time()
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower != "cookie":
            headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.raw_path.partition("?")[2],
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": _DOMAIN,
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.remote or "127.0.0.1",
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": request_id,
            "routeKey": route.key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    cookies = [part.strip() for part in request.headers.get("Cookie", "").split(";") if part.strip()]
    if cookies:
        event["cookies"] = cookies
    query = request.rel_url.query
    if query:
        event["queryStringParameters"] = {name: ",".join(query.getall(name)) for name in query}
    if variables:
        event["pathParameters"] = variables
    if caller:
        event["requestContext"]["authorizer"] = caller.context(route.scopes)
    if body:
        event["body"], event["isBase64Encoded"] = _encoded(body, headers.get("content-type", ""))
    return event


def _encoded(body: bytes, content_type: str) -> tuple[str, bool]:
    """A body as the event carries it: text as it is, anything else in base64."""
    kind = content_type.partition(";")[0].strip().lower()
    if not kind or kind.startswith(_TEXT_TYPES) or kind.endswith(("+json", "+xml")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _http(outcome: Outcome) -> web.Response:
    """A function's answer as an HTTP answer."""
    if not outcome.ok:
        return _message(500, "Internal Server Error")
    payload = outcome.payload
    if not isinstance(payload, dict) or "statusCode" not in payload:
        # API Gateway infers an answer from whatever else a function returns.
        text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
        return web.Response(body=text.encode(), content_type="application/json")
    try:
        return _proxied(payload)
    except (TypeError, ValueError):
        return _message(500, "Internal Server Error")


def _proxied(payload: dict[str, Any]) -> web.Response:
    body = payload.get("body") or ""
    if not isinstance(body, str):
        raise TypeError("the body of a function's answer is text")
    content = base64.b64decode(body, validate=True) if payload.get("isBase64Encoded") else body.encode()
    status = int(payload["statusCode"])
    if not 200 <= status <= 599:  # noqa: PLR2004 - HTTP
        raise ValueError(f"{status} is not an HTTP status")
    response = web.Response(status=status, body=content)
    headers = response.headers
    headers["Content-Type"] = "text/plain;charset=UTF-8"
    for name, value in (payload.get("headers") or {}).items():
        headers[name] = _header_text(value)
    for name, values in (payload.get("multiValueHeaders") or {}).items():
        headers[name] = ",".join(map(_header_text, values))
    for cookie in payload.get("cookies") or []:
        headers.add("Set-Cookie", cookie)
    if any(_UNPRINTABLE.search(text) for pair in headers.items() for text in pair):
        raise ValueError("a header of a function's answer holds a control character")
    headers.popall("Content-Length", None)
    return response


def _header_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _message(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """An answer of API Gateway itself."""
    body = json.dumps({"message": text}, separators=(",", ":"))
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)
