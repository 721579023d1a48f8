"""What one invoice's life costs in DynamoDB write units, as the store counts them.

The figures here are those of docs/access-patterns.md. A change that makes an invoice dearer fails.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import provision
from local.template import Template
from local.testing import LocalCloud
from samklang.collaboration.model import Address, BankStep, CompanyDetails, CompanyStep, FiscalYearStep
from samklang.invoicing import crediting, drafts, issuing, registers
from samklang.invoicing import service as invoicing
from samklang.invoicing.model.invoices import CreditInput, Invoice, InvoiceInput
from samklang.invoicing.model.registers import CustomerInput
from samklang.ledger import service as ledger
from samklang.ledger import sync as ledger_sync
from samklang.payments import registering
from samklang.payments import sync as payment_sync
from samklang.payments.model.payments import PaymentInput
from samklang.platform import clients
from samklang.platform.access import CompanyAccess, User
from samklang.platform.dynamo import Transaction, from_item
from samklang.platform.idempotency import IdempotencyKey
from samklang.platform.money import format_sek
from samklang.platform.streams import Change

ROOT = Path(__file__).parents[2]
COMPANY = "com_00000000000000000001"


class Meter:
    """Counts the write units of what this process does, table and indexes together."""

    def __init__(self) -> None:
        self.units = 0.0

    def watch(self, client: Any) -> None:
        """Ask for the units of every write, and add them up."""
        for operation in ("TransactWriteItems", "UpdateItem"):
            client.meta.events.register(f"provide-client-params.dynamodb.{operation}", self._ask)
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._count)

    @staticmethod
    def _ask(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return params | {"ReturnConsumedCapacity": "TOTAL"}

    def _count(self, parsed: dict[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        self.units += sum(
            each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed])
        )

    def taken(self) -> float:
        """The units since the last time."""
        units, self.units = self.units, 0.0
        return units


class Books:
    """A company in tables of its own, which no runner watches: the test hands the streams on itself."""

    def __init__(self, template: Template) -> None:
        self.meter = Meter()
        self.meter.watch(clients.dynamodb())
        self._streams = boto3.client("dynamodbstreams")
        self._template = template
        self._positions: dict[str, str] = {}
        collaboration = {
            "pk": f"COMPANY#{COMPANY}",
            "sk": "COLLABORATION",
            "company_name": "Firman AB",
            "status": "active",
            "handled_by": "client",
            "handlers": [
                {
                    "party": "client",
                    "since": "2026-01-01",
                    "decided_at": "2026-01-01T00:00:00.000Z",
                    "decided_by": "u",
                }
            ],
            "handler_version": 1,
        }
        transaction = Transaction()
        transaction.put("collaboration", template.name("PlatformTable"), collaboration)
        details = CompanyDetails(
            company=CompanyStep(
                name="Firman AB",
                org_no="559234-5671",
                address=Address(street="Storgatan 1", postcode="11122", city="Stockholm"),
            ),
            fiscal_year=FiscalYearStep(start=date(2026, 1, 1), end=date(2026, 12, 31)),
            bank=BankStep(bankgiro="991-2346"),
        )
        invoicing.open_series(transaction, COMPANY, 1001, "Fakturaprogrammet", details)
        ledger.open_books(transaction, COMPANY, date(2026, 1, 1), date(2026, 12, 31), "invoice")
        transaction.commit()
        self._collaboration = collaboration
        self._requests = 0
        customer = CustomerInput(name="Snickeriet i Åkersberga AB", org_no="556981-2349")
        self.customer_id = registers.create_customer(self.at, customer).customer_id
        self.changes("InvoicingTable")
        self.changes("LedgerTable")
        self.meter.taken()

    @property
    def at(self) -> CompanyAccess:
        """The client, with a new Idempotency-Key."""
        self._requests += 1
        key = IdempotencyKey(f"key-{self._requests}", "f" * 64, 200)
        user = User("3f0c5c5e-0000-4000-8000-000000000000", f"request-{self._requests}", key)
        return CompanyAccess(user, COMPANY, "client", "admin", self._collaboration)

    def draft(self) -> Invoice:
        """A draft of three rows."""
        row = {"quantity": "1", "vat_rate": "25"}
        rows = [
            row | {"description": "Webbutveckling, sprint 14", "quantity": "12.5", "unit_price": "1150.00"},
            row
            | {"description": "Handbok, tryckt", "quantity": "4", "unit_price": "240.00", "vat_rate": "6"},
            row | {"description": "Resa till Luleå", "unit_price": "1895.00"},
        ]
        given = InvoiceInput.model_validate({"customer_id": self.customer_id, "rows": rows})
        return drafts.create_draft(self.at, given)

    def pay(self, invoice: Invoice) -> None:
        """Pay an invoice in full."""
        amount = format_sek(invoice.total)
        allocation = {"invoice_id": invoice.invoice_id, "amount": amount}
        given = PaymentInput.model_validate(
            {"payment_date": "2026-01-02", "amount": amount, "allocations": [allocation]}
        )
        registering.register(self.at, given)

    def changes(self, table: str) -> list[Change]:
        """What the table's stream has told since the last time."""
        arn = clients.dynamodb().describe_table(TableName=self._template.name(table))["Table"][
            "LatestStreamArn"
        ]
        shard = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        position = self._positions.get(table)
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if position:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position}
        iterator = self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard, **start)["ShardIterator"]
        records = self._streams.get_records(ShardIterator=iterator)["Records"]
        found = []
        for record in records:
            body: Any = record["dynamodb"]
            self._positions[table] = body["SequenceNumber"]
            before, after = (body.get(name) for name in ("OldImage", "NewImage"))
            found.append(
                Change(
                    body["SequenceNumber"],
                    record["eventName"],
                    COMPANY,
                    from_item(before) if before else None,
                    from_item(after) if after else None,
                )
            )
        return found

    def synchronise(self) -> tuple[float, float]:
        """Hand both streams on; the units of posting, and of bringing back."""
        self.meter.taken()
        posted = [change for change in self.changes("InvoicingTable") if _wanted_by_ledger(change)]
        ledger_sync.post_changes(COMPANY, posted)
        posting = self.meter.taken()
        payment_sync.bring_back(COMPANY, self.changes("LedgerTable"))
        return posting, self.meter.taken()


def _wanted_by_ledger(change: Change) -> bool:
    """What the template's filter lets through to ledger_sync."""
    assert change.after is not None
    if change.after["kind"] == "invoice":
        return change.after["state"] == "issued" and (change.before or {}).get("state") != "issued"
    return change.after["kind"] == "payment" and change.name == "INSERT"


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    template_path = ROOT / "template.yaml"
    with LocalCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        template = Template.load(template_path, endpoint=cloud.endpoint, stack="metered")
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_DEFAULT_REGION": "eu-north-1",
            "AWS_ACCESS_KEY_ID": "metered",
            "AWS_SECRET_ACCESS_KEY": "metered",
            "PLATFORM_TABLE": template.name("PlatformTable"),
            "INVOICING_TABLE": template.name("InvoicingTable"),
            "LEDGER_TABLE": template.name("LedgerTable"),
        }.items():
            patch.setenv(name, value)
        clients.dynamodb.cache_clear()
        provision.create_tables(template, clients.dynamodb())
        yield Books(template)
        clients.dynamodb.cache_clear()


def test_an_invoice_with_three_rows_issued_posted_and_paid_costs_what_the_documents_say(books: Books) -> None:
    draft = books.draft()
    spent = {"draft": books.meter.taken()}
    invoice = issuing.issue(books.at, draft.invoice_id)
    spent["issue"] = books.meter.taken()
    spent["post"], spent["post, back"] = books.synchronise()
    books.pay(invoice)
    spent["pay"] = books.meter.taken()
    spent["post payment"], spent["post payment, back"] = books.synchronise()
    assert spent == {
        "draft": 5,
        "issue": 7,
        "post": 9,
        "post, back": 2,
        "pay": 10,
        "post payment": 12,
        "post payment, back": 0,
    }


def test_issuing_costs_within_a_fifth_of_the_least_that_number_key_and_invoice_need(books: Books) -> None:
    least = 2 * (len(["series", "invoice", "idempotency key"]))
    draft = books.draft()
    books.meter.taken()
    issuing.issue(books.at, draft.invoice_id)
    assert books.meter.taken() <= 1.2 * least


def test_issuing_forty_drafts_in_one_call_costs_half_of_issuing_them_one_by_one(books: Books) -> None:
    ids = [books.draft().invoice_id for _ in range(40)]
    books.meter.taken()
    assert issuing.issue_many(books.at, ids).issued == 40
    # Per invoice: itself and its index entry; shared by all: series, a full run of numbers, the key.
    assert books.meter.taken() == 40 * (2 + 1) + 2 + 2 + 2


def test_a_credit_note_costs_what_the_documents_say(books: Books) -> None:
    invoice = issuing.issue(books.at, books.draft().invoice_id)
    books.meter.taken()
    crediting.credit(books.at, invoice.invoice_id, CreditInput())
    assert books.meter.taken() == 12


def test_posting_a_batch_of_forty_invoices_costs_less_each_than_one(books: Books) -> None:
    books.synchronise()
    for _ in range(40):
        issuing.issue(books.at, books.draft().invoice_id)
    posting, back = books.synchronise()
    assert (posting / 40, back / 40) == (5.1, 2)
