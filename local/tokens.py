"""The HTTP API's JWT authorizer: what it accepts, and what it tells the function."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KeySet = dict[str, Any]
_CACHED_TOKENS = 1000


class Unauthorized(Exception):  # noqa: N818 - HTTP's name for it
    """There is no token, or it is not a good one. API Gateway does not tell which."""


@dataclass(frozen=True)
class Authorizer:
    """A JWT authorizer as the template declares it."""

    name: str
    issuer: str
    audience: tuple[str, ...]
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Caller:
    """Whom an accepted token names."""

    claims: dict[str, Any]
    scopes: frozenset[str]

    def context(self, required: tuple[str, ...]) -> dict[str, Any]:
        """``requestContext.authorizer`` of the event: API Gateway passes every claim as text."""
        claims = {key: _claim_text(value) for key, value in self.claims.items()}
        return {"jwt": {"claims": claims, "scopes": list(required) or None}}


def _claim_text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


class TokenCheck:
    """Checks tokens against the issuer's published keys; both are remembered."""

    def __init__(self, fetch_keys: Callable[[str], Awaitable[KeySet]]) -> None:
        """Check tokens.

        Args:
            fetch_keys: Gets an issuer's key set (JWKS).
        """
        self._fetch_keys = fetch_keys
        self._keys: dict[tuple[str, str], jwt.PyJWK] = {}
        self._accepted: dict[tuple[str, str], Caller] = {}

    async def check(self, token: str, authorizer: Authorizer) -> Caller:
        """The caller a token names.

        Raises:
            Unauthorized: It is not a token this authorizer accepts now.
        """
        known = self._accepted.get((authorizer.name, token))
        if known is not None:
            # Real time, also when the local clock has been moved: tokens are made in real time.
            if known.claims["exp"] <= time.time():
                raise Unauthorized
            return known
        try:
            key = await self._key(token, authorizer.issuer)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=authorizer.issuer,
                options={"verify_aud": False, "require": ["exp", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise Unauthorized from error
        if not _meant_for(claims, authorizer.audience):
            raise Unauthorized
        caller = Caller(claims, frozenset(str(claims.get("scope", claims.get("scp", ""))).split()))
        if len(self._accepted) >= _CACHED_TOKENS:
            self._accepted.clear()
        self._accepted[authorizer.name, token] = caller
        return caller

    async def _key(self, token: str, issuer: str) -> jwt.PyJWK:
        header = jwt.get_unverified_header(token)
        identity = str(header.get("kid"))
        if (issuer, identity) not in self._keys:
            for key in jwt.PyJWKSet.from_dict(await self._fetch_keys(issuer)).keys:
                self._keys[issuer, str(key.key_id)] = key
        try:
            return self._keys[issuer, identity]
        except KeyError:
            raise jwt.InvalidTokenError(f"no key {identity}") from None


def _meant_for(claims: dict[str, Any], audience: tuple[str, ...]) -> bool:
    """``aud``, or ``client_id`` when there is no ``aud``: Cognito's access tokens have only the latter.

    An ID token has the client as its audience too; API Gateway takes it, but it says who somebody
    is and not what an application may do, so the project wants an access token.
    """
    if claims.get("token_use", "access") != "access":
        return False
    found = claims.get("aud", claims.get("client_id"))
    return any(item in audience for item in (found if isinstance(found, list) else [found]))
