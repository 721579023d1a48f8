"""A person at the API: the demo's and the tests' way to talk to the local cloud."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import urllib3

_pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(60))


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)

    def expect(self, status: int) -> Any:
        """The body as JSON, if the status is what it should be.

        Raises:
            AssertionError: it is not; the message shows the answer.
        """
        assert self.status == status, (
            f"{self.status} instead of {status}: {self.content.decode(errors='replace')}"
        )
        return self.json

    def expect_ok(self) -> None:
        """That it went well, whatever the body.

        Raises:
            AssertionError: it did not; the message shows the answer.
        """
        assert self.status < 300, f"{self.status}: {self.content.decode(errors='replace')}"  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Client:
    """One user's requests. Every POST has an Idempotency-Key of its own unless one is given."""

    base_url: str
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; header names are written with underscores."""
        sent = dict(self.headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            sent["Idempotency-Key"] = secrets.token_hex(16)
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        answer = _pool.request(method, self.base_url + path, body=data, headers=sent, redirect=False)
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data
        )

    def get(self, path: str) -> Answer:
        """GET."""
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST."""
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        """PUT."""
        return self.send("PUT", path, body, **headers)


def upload(form: dict[str, Any], content: bytes, filename: str = "file") -> Answer:
    """POST a file to S3 with the form fields the API gave."""
    fields = {**form["fields"], "file": (filename, content, form["fields"]["Content-Type"])}
    answer = _pool.request("POST", form["url"], fields=fields)
    return Answer(answer.status, dict(answer.headers), answer.data)
