"""How fast the local cloud is: start, a POST through HTTP → handler → transaction, issues, the stream."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.client import Client
from local.testing import LocalCloud

ROUNDS = 200
THREADS = 8


def _timed(do: Callable[[], Any], rounds: int) -> list[float]:
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        do()
        spent.append((time.perf_counter() - started) * 1000)
    return sorted(spent)


def _company(cloud: LocalCloud) -> tuple[Client, str]:
    """An active company with one customer: its client, and its path."""
    client = Client(cloud.base_url, cloud.token("bench@example.com"))
    bureau_id = client.post("/v1/bureaus", {"name": "Byrå", "org_no": "559345-6782"}).expect(201)["bureau_id"]
    invited = {"company_name": "Firma", "org_no": "559234-5671", "email": "bench@example.com"}
    token = client.post(f"/v1/bureaus/{bureau_id}/invitations", invited).expect(201)["token"]
    path = f"/v1/companies/{client.post(f'/v1/invitations/{token}/accept').expect(200)['company_id']}"
    address = {"street": "Gatan 1", "postcode": "111 22", "city": "Stockholm"}
    for step, answers in {
        "company": {"name": "Firma", "org_no": "559234-5671", "address": address},
        "fiscal_year": {"start": "2026-01-01", "end": "2026-12-31"},
        "bank": {"bankgiro": "991-2346"},
        "numbering": {"first_invoice_number": 1},
        "payments": {"handler": "client"},
        "registers": {"confirmed": True},
    }.items():
        client.put(f"{path}/start-guide/{step}", answers).expect(200)
    client.post(f"{path}/collaboration/activate").expect(200)
    return client, path


def test_local_cloud_figures() -> None:
    started = time.perf_counter()
    with LocalCloud(fast=False) as cloud:
        Client(cloud.base_url).get("/v1/health").expect(200)
        first_answer = time.perf_counter() - started
        client, path = _company(cloud)
        customer = client.post(f"{path}/customers", {"name": "Kund"}).expect(201)["customer_id"]
        reads = _timed(lambda: client.get(f"{path}/customers/{customer}").expect(200), ROUNDS)
        posts = _timed(lambda: client.post(f"{path}/customers", {"name": "Kund"}).expect(201), ROUNDS)
        row = {"description": "Arbete", "unit_price": "1000.00", "vat_rate": "25", "quantity": "2.5"}
        body = {"customer_id": customer, "invoice_date": "2026-06-01", "rows": [row] * 3}

        def draft() -> str:
            invoice_id: str = client.post(f"{path}/invoices", body).expect(201)["invoice_id"]
            return invoice_id

        drafts = [draft() for _ in range(ROUNDS)]
        one_by_one = iter(drafts)
        issues = _timed(
            lambda: client.post(f"{path}/invoices/{next(one_by_one)}/issue").expect(200), ROUNDS // 2
        )
        rest = list(one_by_one)
        begun = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda each: client.post(f"{path}/invoices/{each}/issue").expect(200), rest))
        at_once = len(rest) / (time.perf_counter() - begun)
        cloud.wait_idle(60)
        last = draft()

        def posted() -> bool:
            answer = client.get(f"{path}/invoices/{last}").expect(200)
            return bool(answer["ledger"]["status"] == "posted")

        begun = time.perf_counter()
        client.post(f"{path}/invoices/{last}/issue").expect(200)
        while not posted():
            time.sleep(0.005)
        latency = (time.perf_counter() - begun) * 1000
        assert client.get(f"{path}/agreement").expect(200)["agrees"]
    print(f"\nstart to first answer      {first_answer:8.2f} s")
    for what, spent in (("GET a customer", reads), ("POST a customer", posts), ("POST issue", issues)):
        print(f"{what:<26} {statistics.median(spent):8.1f} ms median, {spent[-len(spent) // 20]:.1f} ms p95")
    print(f"issues, {THREADS} at once in one company {at_once:5.0f} a second")
    print(f"issue → posted → shown     {latency:8.0f} ms")
