"""What people, streams and queues do, in few words: an office with firms, their invoices and their books.

``pytest_plugins = ["tests.functions.an_office"]`` gives a test module the fixture ``office``. Its clock
stands at :data:`NOW`, so that no test depends on the day it runs.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.filters import Filter
from local.routes import Routes, routes
from samklang.platform import clients, clock, idempotency
from samklang.platform.dynamo import Item, from_item
from tests.functions.conftest import CLIENT, Answer, Cloud, Company, Firms, Http, Invoke

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = NOW.date()

ABROAD = {"street": "Karl Johans gate 1", "postcode": "0154", "city": "Oslo", "country": "NO"}
"""An address outside the EU."""

Record = dict[str, Any]
SOURCES = {"ledger_sync": "InvoicingTable", "payment_sync": "LedgerTable"}
"""Whose stream each stream function gets."""


@cache
def _routes() -> Routes:
    return routes(Cloud.template)


@cache
def _folders() -> dict[str, str]:
    return {each.logical_id: each.folder.name for each in Cloud.template.functions().values()}


@cache
def _filter(function: str) -> Filter:
    (event,) = next(
        each.events for each in Cloud.template.functions().values() if each.folder.name == function
    )
    return Filter(event.properties["FilterCriteria"])


def passing(function: str, records: Sequence[Record]) -> list[Record]:
    """Those of the records that the template's filter lets through to a function."""
    return [record for record in records if _filter(function).passes(record)]


def stand_at(moment: datetime) -> None:
    """Let the clock show a moment, and go on from there."""
    clock.move(moment - datetime.now(UTC))


# ---------------------------------------------------------------- what an answer says


def code(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status, answer.body["code"]


def pointers(answer: Answer) -> set[str]:
    """The fields at fault of a request that was refused for them."""
    assert code(answer) == (422, "validation")
    return {each["pointer"] for each in answer.body["errors"]}


def etag(answer: Answer) -> dict[str, str]:
    """The header that lets what was read be changed."""
    return {"If-Match": answer.headers["ETag"]}


# ---------------------------------------------------------------- the office


class Office:
    """The cloud with everybody in it."""

    def __init__(self, http: Http, firms: Firms, invoke: Invoke, cloud: Cloud) -> None:
        self.firms, self.invoke, self.cloud = firms, invoke, cloud
        self._http = http
        self._shards: dict[str, Any] = {}
        self._seen: dict[str, str] = {}
        stand_at(NOW)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        user: str = CLIENT,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to whatever function the template leads it to."""
        found = _routes().find(method, path.partition("?")[0])
        assert found is not None
        return self._http(_folders()[found[0].function], method, path, body, user, headers)

    def firm(self, bureau_id: str | None = None, **values: Any) -> "Firm":
        """An active company; see :meth:`Firms.company`."""
        return Firm(self, self.firms.company(bureau_id, **values))

    @contextlib.contextmanager
    def reads(self, table: str) -> Iterator[Counter[str]]:
        """Count what the functions ask of a table: operation (such as ``Query``) to number of calls."""
        name, seen = self.cloud.template.name(table), Counter[str]()

        def note(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            asked = json.loads(params["body"])
            if name == asked.get("TableName") or name in asked.get("RequestItems", {}):
                seen[model.name] += 1

        events = clients.dynamodb().meta.events
        events.register("before-call.dynamodb", note)
        yield seen
        events.unregister("before-call.dynamodb", note)

    # ------------------------------------------------------------ streams

    @cached_property
    def _client(self) -> "DynamoDBStreamsClient":
        return boto3.client("dynamodbstreams")

    def records(self, table: str, after: str | None = None) -> list[Record]:
        """The stream of a table as Lambda would get it, from its beginning or behind a sequence number."""
        if table not in self._shards:
            described = self.cloud.dynamodb.describe_table(TableName=self.cloud.template.name(table))
            arn = described["Table"]["LatestStreamArn"]
            (shard,) = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
            self._shards[table] = {"StreamArn": arn, "ShardId": shard["ShardId"]}
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if after:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        # A new iterator each time: moto's go on with what was rolled back.
        place = self._client.get_shard_iterator(**self._shards[table], **start)["ShardIterator"]
        records = self._client.get_records(ShardIterator=place)["Records"]
        fresh: list[Record] = json.loads(json.dumps(records, default=str))
        return fresh

    def news(self, function: str) -> list[Record]:
        """What a stream function has not got yet, of what the template's filter lets through to it."""
        fresh = self.records(SOURCES[function], self._seen.get(function))
        if fresh:
            self._seen[function] = fresh[-1]["dynamodb"]["SequenceNumber"]
        return passing(function, fresh)

    def deliver(self, function: str, records: Sequence[Record]) -> list[str]:
        """Hand a batch to a stream function; the sequence numbers it wants to have again."""
        answer = self.invoke(function, {"Records": list(records)})
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]

    def settle(self) -> None:
        """Let both streams run until nothing is on its way."""
        while any(self._run(function) for function in SOURCES):
            pass

    def _run(self, function: str) -> bool:
        fresh = self.news(function)
        if fresh:
            assert self.deliver(function, fresh) == []
        return bool(fresh)


@dataclass(frozen=True)
class Firm:
    """An active company and what its people do."""

    office: Office
    company: Company

    @property
    def company_id(self) -> str:
        """Its id."""
        return self.company.company_id

    def call(
        self,
        method: str,
        tail: str,
        body: Any = None,
        user: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request about the company, as its client if no other user is given."""
        return self.office.call(method, self.company.path + tail, body, user or self.company.client, headers)

    def ok(self, method: str, tail: str, body: Any = None, user: str | None = None) -> Any:
        """The JSON of an answer that must be a success."""
        answer = self.call(method, tail, body, user)
        assert answer.status in {200, 201}, answer.text
        return answer.body

    # ------------------------------------------------------------ the client

    def customer(self, name: str = "Kund AB", **values: Any) -> str:
        """A new customer's id."""
        made = self.ok("POST", "/customers", {"name": name, **values})
        return str(made["customer_id"])

    def article(self, name: str = "Arbete", **values: Any) -> str:
        """A new article's id; a service of 1000.00 at 25 % if nothing else is said."""
        made = self.ok("POST", "/articles", {"name": name, "unit_price": "1000.00", **values})
        return str(made["article_id"])

    def draft(self, *prices: str, rate: str = "25", customer: str | None = None, **values: Any) -> Any:
        """A new draft with a row for each price (one of 1000.00 if none is given)."""
        rows = [
            {"description": "Arbete", "unit_price": price, "vat_rate": rate}
            for price in prices or ["1000.00"]
        ]
        given = {"customer_id": customer or self.customer(), "rows": rows, **values}
        return self.ok("POST", "/invoices", given)

    def issue(self, *prices: str, rate: str = "25", customer: str | None = None, **values: Any) -> Any:
        """A new invoice, issued."""
        draft = self.draft(*prices, rate=rate, customer=customer, **values)
        return self.ok("POST", f"/invoices/{draft['invoice_id']}/issue")

    def issue_many(self, *drafts: Mapping[str, Any]) -> Any:
        """Issue drafts in this order; what became of each."""
        return self.ok("POST", "/invoice-issues", {"invoice_ids": [each["invoice_id"] for each in drafts]})

    def credit(self, invoice: Mapping[str, Any], *rows: tuple[int, str | None], **values: Any) -> Answer:
        """Try to credit all that is left of an invoice, or of some rows (place, quantity) of it."""
        given: dict[str, Any] = {**values}
        if rows:
            named = [
                {"row": place} | ({"quantity": quantity} if quantity else {}) for place, quantity in rows
            ]
            given["rows"] = named
        return self.call("POST", f"/invoices/{invoice['invoice_id']}/credit", given)

    def credited(self, invoice: Mapping[str, Any], *rows: tuple[int, str | None], **values: Any) -> Any:
        """A new credit note."""
        answer = self.credit(invoice, *rows, **values)
        assert answer.status == 201, answer.text
        return answer.body

    def invoice(self, invoice: Mapping[str, Any]) -> Any:
        """An invoice as it is now."""
        return self.ok("GET", f"/invoices/{invoice['invoice_id']}")

    def pages(self, tail: str, limit: int) -> list[list[Any]]:
        """All of a list, page after page."""
        pages: list[list[Any]] = []
        cursor: str | None = ""
        mark = "&" if "?" in tail else "?"
        while cursor is not None:
            page = self.ok("GET", f"{tail}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            assert len(page["items"]) <= limit
            pages.append(page["items"])
            cursor = page["next"]
            assert len(pages) < 200, "the list never ends"
        return pages

    def listed(self, tail: str, limit: int = 100) -> list[Any]:
        """All of a list."""
        return [each for page in self.pages(tail, limit) for each in page]

    def payment_of(
        self, amount: str, *invoices: Mapping[str, Any] | tuple[Mapping[str, Any], str], **values: Any
    ) -> dict[str, Any]:
        """A payment as it is sent: spread as told, or all of it on its one invoice.

        A part below zero uses a credit note.
        """
        allocations = []
        for each in invoices:
            invoice, part = each if isinstance(each, tuple) else (each, amount)
            allocations.append({"invoice_id": invoice["invoice_id"], "amount": part})
        return {"payment_date": TODAY.isoformat(), "amount": amount, "allocations": allocations, **values}

    def pay(
        self,
        amount: str,
        *invoices: Mapping[str, Any] | tuple[Mapping[str, Any], str],
        user: str | None = None,
        **values: Any,
    ) -> Answer:
        """Try to register a payment."""
        return self.call("POST", "/payments", self.payment_of(amount, *invoices, **values), user)

    def paid(
        self,
        amount: str,
        *invoices: Mapping[str, Any] | tuple[Mapping[str, Any], str],
        user: str | None = None,
        **values: Any,
    ) -> Any:
        """A new payment."""
        answer = self.pay(amount, *invoices, user=user, **values)
        assert answer.status == 201, answer.text
        return answer.body

    def set_off(
        self, *parts: tuple[Mapping[str, Any], str], user: str | None = None, **values: Any
    ) -> Answer:
        """Try to set invoices and credit notes, or the customer's credit, off against each other."""
        return self.pay("0.00", *parts, user=user, method="set_off", **values)

    def take_back(self, payment: Mapping[str, Any], user: str | None = None, **values: Any) -> Answer:
        """Try to take a payment back."""
        return self.call("POST", f"/payments/{payment['payment_id']}/reverse", values, user)

    def hand_payments_to(self, party: str) -> None:
        """Let the other party handle payments from today."""
        self.ok("POST", "/collaboration/payment-handler", {"handler": party})

    def credits(self, user: str | None = None) -> dict[str, tuple[str, str]]:
        """Customers' credit: customer id to amount and whether both sides agree."""
        items = self.ok("GET", "/customer-credits", user=user)["items"]
        return {each["customer_id"]: (each["credit"], each["sync"]) for each in items}

    # ------------------------------------------------------------ payment files

    def waiting(self, user: str | None = None) -> list[Any]:
        """The payments of files that wait for a person."""
        found: list[Any] = self.ok("GET", "/bank-payments?status=waiting&limit=100", user=user)["items"]
        return found

    def bank(
        self, action: str, payment: Mapping[str, Any], body: Any = None, user: str | None = None
    ) -> Answer:
        """Try to confirm a payment of a file, set it aside, undo that or match it again."""
        return self.call("POST", f"/bank-payments/{payment['bank_payment_id']}/{action}", body, user)

    # ------------------------------------------------------------ the bureau

    def voucher(
        self, debit: str, credit: str, amount: str, date: str = TODAY.isoformat(), user: str | None = None
    ) -> Answer:
        """Try to write a voucher of two rows by hand."""
        rows = [{"account": debit, "debit": amount}, {"account": credit, "credit": amount}]
        given = {"date": date, "text": "För hand", "rows": rows}
        return self.call("POST", "/ledger/vouchers", given, user or self.company.staff)

    def close_books_until(self, day: str) -> None:
        """Close a period; there is no route for it yet."""
        self.change_books("SET closed_until = :value", {"S": day})

    def keep_fiscal_years(self, *years: tuple[str, str]) -> None:
        """Let the books have these fiscal years and no others; there is no route for it yet."""
        value = {"L": [{"L": [{"S": start}, {"S": end}]} for start, end in years]}
        self.change_books("SET fiscal_years = :value", value)

    def change_books(self, expression: str, value: Any) -> None:
        """Change the head of the books behind everybody's back."""
        self.tamper("LedgerTable", "BOOKS", expression, {":value": value})

    def tamper(
        self, table: str, sk: str, expression: str, values: Any, names: Mapping[str, str] | None = None
    ) -> None:
        """Change an item behind everybody's back."""
        more: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        self.office.cloud.dynamodb.update_item(
            TableName=self.office.cloud.template.name(table),
            Key={"pk": {"S": f"COMPANY#{self.company_id}"}, "sk": {"S": sk}},
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            **more,
        )

    def remove(self, table: str, sk: str) -> None:
        """Take an item away behind everybody's back."""
        self.office.cloud.dynamodb.delete_item(
            TableName=self.office.cloud.template.name(table),
            Key={"pk": {"S": f"COMPANY#{self.company_id}"}, "sk": {"S": sk}},
        )

    def vouchers(self) -> list[Any]:
        """All vouchers, by date."""
        found: list[Any] = self.ok("GET", "/ledger/vouchers?limit=100")["items"]
        return found

    def balances(self, query: str = "") -> dict[str, str]:
        """What each account holds: account to closing balance."""
        items = self.ok("GET", f"/ledger/balances{query}")["items"]
        return {each["account"]: each["closing"] for each in items}

    def receivables(self, query: str = "") -> Any:
        """The receivables subledger."""
        return self.ok("GET", f"/ledger/receivables{query}")

    def agreement(self) -> Any:
        """Whether the books agree."""
        return self.ok("GET", "/agreement")

    def items(self, table: str, prefix: str = "") -> list[Item]:
        """What the company has in a table."""
        return self.office.cloud.company_items(table, self.company_id, prefix)


def cross(patch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> list[Any]:
    """Let something happen in the very moment before the next request is written; what came of it."""
    commit, done = idempotency.commit, list[Any]()

    def commit_behind(*args: Any, **values: Any) -> Any:
        if not done:
            done.append(None)
            done[0] = meanwhile()
        return commit(*args, **values)

    patch.setattr(idempotency, "commit", commit_behind)
    return done


def image(record: Record, which: str = "NewImage") -> Item:
    """An item of a stream record."""
    return from_item(record["dynamodb"][which])
