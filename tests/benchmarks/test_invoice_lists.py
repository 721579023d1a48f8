"""Lists of a company with 100,000 invoices: reads and time a page, and the certificate of the series.

The time is the local store's, which goes through a partition item by item: the reads are what counts.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import batched
from pathlib import Path
from typing import Any

import pytest

from local import provision
from local.template import Template
from local.testing import LocalCloud
from samklang.collaboration.model import Address, BankStep, CompanyDetails, CompanyStep, FiscalYearStep
from samklang.invoicing import certificate, lists, registers
from samklang.invoicing import service as invoicing
from samklang.invoicing.lists import Filters
from samklang.invoicing.model.invoices import Buyer, Invoice, InvoiceRow, VatLine
from samklang.invoicing.model.registers import CustomerInput
from samklang.invoicing.store import invoices as store
from samklang.invoicing.store import series
from samklang.platform import clients
from samklang.platform.access import CompanyAccess, User
from samklang.platform.dynamo import Transaction

ROOT = Path(__file__).parents[2]
COMPANY = "com_00000000000000000001"
MANY, FEWER = 100_000, 10_000
CUSTOMERS = 500
FIRST = date(2023, 1, 1)


def _at() -> CompanyAccess:
    return CompanyAccess(User("user", "request"), COMPANY, "client", "admin", {"status": "active"})


def _invoice(number: int, invoice_id: str, customer_id: str) -> Invoice:
    """Nine in ten are paid; two rows are enough, lists do not read them."""
    day = FIRST + timedelta(days=number // 75)
    row = InvoiceRow.model_validate(
        {
            "article_id": None,
            "description": "Arbete enligt överenskommelse",
            "quantity": "2.5",
            "unit": "tim",
            "unit_price": 95000,
            "vat_rate": "25",
            "vat_class": "standard",
            "vat_code": "domestic",
            "kind": "service",
            "discount_percent": "0",
            "amount": 237500,
        }
    )
    total, remaining = 593750, 0 if number % 10 else 593750
    return Invoice(
        **dict.fromkeys(("delivery_date", "our_reference", "order_reference", "original", "reason")),
        **dict.fromkeys(("sent_at", "delivery", "ledger", "logo", "your_reference")),
        invoice_id=invoice_id,
        kind="invoice",
        customer_id=customer_id,
        customer_name="Snickeriet i Åkersberga AB",
        status="issued",
        number=number,
        ocr=f"{number}12",
        invoice_date=day,
        due_date=day + timedelta(days=30),
        vat_treatment="domestic",
        round_to_krona=False,
        rows=[row, row],
        vat_lines=[VatLine(vat_code="domestic", vat_rate="25", base=475000, vat=118750)],
        net=475000,
        vat=118750,
        rounding=0,
        total=total,
        credited=0,
        paid=total - remaining,
        remaining=remaining,
        buyer=Buyer(name="Snickeriet i Åkersberga AB", payment_terms_days=30),
        credit_notes=[],
        version=1,
    )


def _fill(template: Template, invoices: int) -> list[str]:
    transaction = Transaction()
    details = CompanyDetails(
        company=CompanyStep(
            name="Firman AB",
            org_no="559234-5671",
            address=Address(street="Storgatan 1", postcode="11122", city="Stockholm"),
        ),
        fiscal_year=FiscalYearStep(start=date(2023, 1, 1), end=date(2023, 12, 31)),
        bank=BankStep(bankgiro="991-2346"),
    )
    invoicing.open_series(transaction, COMPANY, 1, None, details)
    transaction.commit()
    customers = [
        registers.create_customer(_at(), CustomerInput(name=f"Kund{place} Bygg AB")).customer_id
        for place in range(CUSTOMERS)
    ]
    ids = [f"inv_{number:020d}" for number in range(1, invoices + 1)]
    operations = Transaction()
    for number, invoice_id in enumerate(ids, 1):
        store.put(operations, COMPANY, _invoice(number, invoice_id, customers[number % CUSTOMERS]), "request")
    # 99 full runs of 32 numbers: with the series itself they fit in a transaction.
    for batch in batched(ids, 99 * 32, strict=False):
        head, taken = series.series(COMPANY), Transaction()
        for invoice_id in batch:
            head.take(invoice_id)
        head.write(taken, COMPANY)
        taken.commit()
    requests = [{"PutRequest": {"Item": each["Put"]["Item"]}} for each in operations.operations]
    table = template.name("InvoicingTable")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: _write(table, each), batched(requests, 25, strict=False)))
    return customers


def _write(table: str, requests: tuple[Any, ...]) -> None:
    answer = clients.dynamodb().batch_write_item(RequestItems={table: list(requests)})
    assert not answer["UnprocessedItems"]


@contextmanager
def _company(invoices: int) -> Iterator[list[str]]:
    """A company with so many invoices; the ids of its customers."""
    with LocalCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        template = Template.load(ROOT / "template.yaml", endpoint=cloud.endpoint, stack="volume")
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_DEFAULT_REGION": "eu-north-1",
            "AWS_ACCESS_KEY_ID": "volume",
            "AWS_SECRET_ACCESS_KEY": "volume",
            "PLATFORM_TABLE": template.name("PlatformTable"),
            "INVOICING_TABLE": template.name("InvoicingTable"),
            "LEDGER_TABLE": template.name("LedgerTable"),
        }.items():
            patch.setenv(name, value)
        clients.dynamodb.cache_clear()
        provision.create_tables(template, clients.dynamodb())
        yield _fill(template, invoices)
        clients.dynamodb.cache_clear()


def _measured(what: str, page: Callable[[], Any]) -> Counter[str]:
    reads: Counter[str] = Counter()
    events = clients.dynamodb().meta.events

    def count(model: Any, **_: Any) -> None:
        reads[model.name] += 1

    events.register("before-call.dynamodb", count)
    begun = time.perf_counter()
    found = page()
    spent = (time.perf_counter() - begun) * 1000
    events.unregister("before-call.dynamodb", count)
    print(f"{what:<34} {sum(reads.values()):5d} reads {spent:9.0f} ms  {found}")
    return reads


def test_pages_of_a_hundred_thousand_invoices() -> None:
    with _company(MANY) as customers:
        print(f"\n{MANY} invoices, {CUSTOMERS} customers; a page of 50")
        for what, filters in {
            "all": Filters(),
            "one customer": Filters(customer_id=customers[7]),
            "one month": Filters(first=date(2025, 3, 1), last=date(2025, 3, 31)),
            "paid, one month": Filters(status="paid", first=date(2025, 3, 1), last=date(2025, 3, 31)),
            "not paid": Filters(status="issued"),
            "overdue": Filters(overdue=True),
            "drafts (there are none)": Filters(status="draft"),
            "text: a number": Filters(text="77777"),
            "text: a name": Filters(text="kund42 bygg"),
        }.items():
            reads = _measured(
                what,
                lambda filters=filters: len(lists.invoices(_at(), filters, 50, None).items),  # type: ignore[misc]
            )
            assert sum(reads.values()) <= 3
            assert "Scan" not in reads
        _measured(
            "customers: a name",
            lambda: len(registers.customers(_at(), "kund42", 50, None, active=True).items),
        )


def test_sums_and_certificate_of_ten_thousand_invoices() -> None:
    with _company(FEWER):
        print(f"\n{FEWER} invoices, all of them")
        _measured("sums", lambda: lists.sums(_at(), Filters()).count)
        _measured("sums, overdue", lambda: lists.sums(_at(), Filters(overdue=True)).count)
        _measured("certificate", lambda: certificate.certificate(_at()).complete)
