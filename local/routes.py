"""An HTTP API's routes, and which of them a request goes to."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from local.template import TemplateError
from local.tokens import Authorizer

if TYPE_CHECKING:
    from local.template import Template

DEFAULT = "$default"
_IDENTITY_SOURCE = "$request.header.Authorization"


class _Kind(IntEnum):
    """Kinds of path segments, the most specific first."""

    STATIC = 0
    VARIABLE = 1
    GREEDY = 2


@dataclass(frozen=True)
class Route:
    """One route and the function behind it."""

    method: str
    path: str
    function: str
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """API Gateway's name for the route."""
        return DEFAULT if self.path == DEFAULT else f"{self.method} {self.path}"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path's variables if the route fits the request."""
        if self.path != DEFAULT and self.method not in {method, "ANY"}:
            return None
        match = self._pattern.fullmatch(path)
        return match.groupdict() if match else None

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.path == DEFAULT:
            return re.compile(".*", re.DOTALL)
        return re.compile("/".join(map(_segment, self.path.split("/"))), re.DOTALL)

    @property
    def rank(self) -> tuple[list[int], bool]:
        """Sorts the most specific route first; one for the very method before one for any."""
        if self.path == DEFAULT:
            return [_Kind.GREEDY + 1], True
        return [_kind(part) for part in self.path.strip("/").split("/")], self.method == "ANY"


def _kind(part: str) -> _Kind:
    if part.startswith("{"):
        return _Kind.GREEDY if part.endswith("+}") else _Kind.VARIABLE
    return _Kind.STATIC


def _segment(part: str) -> str:
    """A segment of a route's path as a pattern."""
    match _kind(part):
        case _Kind.GREEDY:
            return f"(?P<{part[1:-2]}>.+)"
        case _Kind.VARIABLE:
            return f"(?P<{part[1:-1]}>[^/]+)"
    return re.escape(part)


class Routes:
    """All routes of an API."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route.rank)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The most specific route that fits, with the path's variables."""
        for route in self._routes:
            variables = route.match(method, path)
            if variables is not None:
                return route, variables
        return None


def authorizers(template: Template) -> dict[str, Authorizer]:
    """The JWT authorizers of the template's API, by name."""
    if template.api is None:
        return {}
    declared = template.properties(template.api).get("Auth", {}).get("Authorizers", {})
    for name, settings in declared.items():
        if settings.get("IdentitySource", _IDENTITY_SOURCE) != _IDENTITY_SOURCE:
            raise TemplateError(
                f"the authorizer {name} looks for tokens elsewhere than in {_IDENTITY_SOURCE}"
            )
    return {
        name: Authorizer(
            name=name,
            issuer=settings["JwtConfiguration"]["issuer"],
            audience=tuple(settings["JwtConfiguration"]["audience"]),
            scopes=tuple(settings.get("AuthorizationScopes", ())),
        )
        for name, settings in declared.items()
    }


def routes(template: Template) -> Routes:
    """The routes the functions' HttpApi events declare."""
    if template.api is None:
        return Routes([])
    known = authorizers(template)
    default = template.properties(template.api).get("Auth", {}).get("DefaultAuthorizer", "NONE")
    found = []
    for function in template.functions().values():
        for event in function.events:
            if event.type != "HttpApi":
                continue
            auth = event.properties.get("Auth", {})
            authorizer = known.get(auth.get("Authorizer", default))
            scopes = auth.get("AuthorizationScopes", authorizer.scopes if authorizer else ())
            found.append(
                Route(
                    method=event.properties.get("Method", "ANY").upper(),
                    path=event.properties.get("Path", DEFAULT),
                    function=function.logical_id,
                    authorizer=authorizer,
                    scopes=tuple(scopes),
                )
            )
    return Routes(found)
