"""Who is in the demo's story, and how its steps are told."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local import daemon
from local.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from local.provision import Clients

PROJECT = daemon.PROJECT
OUTPUT = PROJECT / ".local" / "demo"


@dataclass(slots=True)
class Story:
    """The play: who is in it, and what happened."""

    base_url: str
    store: Clients
    happened: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[tuple[str, str]] = field(default_factory=list)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the local cloud itself."""
        return daemon.ask(self.base_url, method, f"/_local{path}", body, timeout=120)

    def settle(self) -> None:
        """Wait until streams, uploads and queues are done."""
        answer = self.control("POST", "/settle?timeout=60")
        assert answer["idle"], answer["busy"]

    def bucket(self, logical_id: str) -> str:
        """A bucket's name."""
        name: str = self.control("GET", "/status")["resources"]["bucket"][logical_id]
        return name

    def user(self, name: str) -> Client:
        """A person with a token."""
        token = self.control("POST", "/users", {"username": name})["access_token"]
        return Client(self.base_url, token)

    def tell(self, what: str, result: str) -> None:
        """A line of the table at the end."""
        self.happened.append((what, result))


@contextmanager
def step(text: str) -> Iterator[None]:
    """One step with its time, shown as it goes."""
    watched = sys.stdout.isatty()
    if watched:
        print(f"  …  {text}", end="\r", flush=True)
    started = time.perf_counter()
    yield
    print(f"  ✔  {text:<90}{(time.perf_counter() - started) * 1000:>6.0f} ms", flush=True)


@dataclass(frozen=True, slots=True)
class Company:
    """A company in the story, and both parties' ways to it."""

    path: str
    client: Client
    bureau: Client
    bureau_id: str


def issue(company: Company, customer: str, day: date, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Write an invoice and issue it."""
    body = {"customer_id": customer, "invoice_date": day.isoformat(), "rows": rows}
    draft = company.client.post(f"{company.path}/invoices", body).expect(201)
    issued: dict[str, Any] = company.client.post(
        f"{company.path}/invoices/{draft['invoice_id']}/issue"
    ).expect(200)
    return issued


def ore(amount: str) -> int:
    """A decimal string in SEK as öre."""
    kronor, _, rest = amount.partition(".")
    return int(kronor) * 100 + int(rest)


def sek(amount: int) -> str:
    """Öre as a decimal string in SEK."""
    return f"{amount // 100}.{amount % 100:02}"
