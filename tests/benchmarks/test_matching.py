"""A payment file of 10,000 payments against 100,000 open invoices: what it reads and writes, and how long.

The time is the local store's, in one process and without HTTP: what counts are the calls, and that an exact
payment never queries.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from samklang.formats.ocr import make_ocr
from samklang.invoicing.model.invoices import Invoice
from samklang.payments import files, receiving
from samklang.platform import clients
from samklang.platform.access import CompanyAccess, User, company_key
from samklang.platform.dynamo import Transaction
from samklang.platform.ids import derived_id
from samklang.platform.settings import setting
from samklang.platform.uploads import Uploaded
from tests.benchmarks import test_invoice_lists
from tests.benchmarks.test_invoice_lists import COMPANY, CUSTOMERS, FIRST, MANY

PAYMENTS = 10_000
ODD = 50
"""Payments of another file, half of them of a part of an invoice and half without any reference."""

_of_list = test_invoice_lists._invoice


def _open_invoice(number: int, invoice_id: str, customer_id: str) -> Invoice:
    """One of which all remains, of an amount of its own."""
    total = 10_000 + number
    return _of_list(number, invoice_id, customer_id).model_copy(
        update={"total": total, "paid": 0, "remaining": total, "ocr": make_ocr(str(number))}
    )


@pytest.fixture(scope="module")
def company() -> Iterator[CompanyAccess]:
    """The company, whose client handles payments."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_invoice_lists, "_invoice", _open_invoice)
        with test_invoice_lists._company(MANY):
            yield _let_client_handle()


def _let_client_handle() -> CompanyAccess:
    period = {
        "party": "client",
        "since": FIRST.isoformat(),
        "decided_at": "2023-01-01T00:00:00.000Z",
        "decided_by": "user",
    }
    collaboration = {
        "pk": company_key(COMPANY),
        "sk": "COLLABORATION",
        "status": "active",
        "handlers": [period],
        "handled_by": "client",
        "handler_version": 1,
    }
    transaction = Transaction()
    transaction.put("collaboration", setting("PLATFORM_TABLE"), collaboration)
    transaction.commit()
    return CompanyAccess(User("user", "request"), COMPANY, "client", "admin", collaboration)


class Calls:
    """What this process asks of DynamoDB, and the write units it takes."""

    def __init__(self) -> None:
        self.operations: Counter[str] = Counter()
        self.keys = 0
        self.units = 0.0

    def ask(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        """Before a call."""
        self.operations[model.name] += 1
        for request in params.get("RequestItems", {}).values():
            self.keys += len(request["Keys"]) if "Keys" in request else 0
        return params | {"ReturnConsumedCapacity": "TOTAL"}

    def count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """After a call."""
        if model.name in {"TransactWriteItems", "UpdateItem", "PutItem"}:
            consumed = parsed.get("ConsumedCapacity", [])
            each = consumed if isinstance(consumed, list) else [consumed]
            self.units += sum(one["CapacityUnits"] for one in each)


DAY = date(2026, 11, 20)


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls made inside."""
    calls, events = Calls(), clients.dynamodb().meta.events
    ask: Any = calls.ask  # its answer takes the parameters' place, which the stubs do not know
    events.register("provide-client-params.dynamodb", ask)
    events.register("after-call.dynamodb", calls.count)
    yield calls
    events.unregister("provide-client-params.dynamodb", ask)
    events.unregister("after-call.dynamodb", calls.count)


def _read(at: CompanyAccess, name: str, payments: Sequence[BgMaxPayment]) -> tuple[Counter[str], Calls]:
    """Drop a file and let it be read: what became of its payments, and what that took."""
    content = bgmax_file(BANKGIRO, payments, payment_day=DAY)
    key = f"dropped/{COMPANY}/{name}"
    uploaded = Uploaded("bucket", key, "1", len(content), COMPANY, name, dropped=True, day=DAY)
    with counted() as calls:
        begun = time.perf_counter()
        receiving.dropped(uploaded, lambda: nullcontext(BytesIO(content)))
        spent = time.perf_counter() - begun
    file = files.get(at, derived_id("pmf", f"{key}/1", DAY))
    assert file.status == "done"
    assert file.totals is not None
    found = Counter(file.totals.model_dump(include={"exact", "proposed", "unmatched"}))
    many = len(payments)
    print(f"\n{many} payments against {MANY} open invoices: {dict(found)}")
    print(f"{spent:.1f} s, {many / spent:.0f} a second; {calls.units / many:.1f} write units each")
    for operation, times in sorted(calls.operations.items()):
        print(f"{operation:<20} {times:6d}, {times / many:.3f} each")
    print(f"keys in BatchGetItem {calls.keys:6d}, {calls.keys / many:.1f} each")
    return found, calls


def test_ten_thousand_exact_payments_are_matched_without_a_query_each(company: CompanyAccess) -> None:
    step = MANY // PAYMENTS
    payments = [
        BgMaxPayment(amount=10_000 + number, reference=make_ocr(str(number)), serial=number)
        for number in range(step, MANY + 1, step)
    ]
    found, calls = _read(company, "exact.txt", payments)

    assert found["exact"] == PAYMENTS
    assert calls.operations["Query"] <= 2  # what is told of the file already
    assert calls.operations["BatchGetItem"] < PAYMENTS / 2


def test_payments_that_need_a_person_look_for_their_payer(company: CompanyAccess) -> None:
    payments = [
        BgMaxPayment(
            amount=5_000 + number,
            reference=make_ocr(str(number)) if number % 2 else "",
            code=2 if number % 2 else 0,
            serial=10**6 + number,
            name=f"Kund{number % CUSTOMERS} Bygg AB",
        )
        for number in range(1, ODD + 1)
    ]
    found, calls = _read(company, "odd.txt", payments)

    assert found["exact"] == 0
    assert calls.operations["Query"] <= 4 * ODD
