"""An active company in the local cloud, its people, and what they do over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack
from zoneinfo import ZoneInfo

from local.client import Answer, Client, upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.testing import LocalCloud

Party = Literal["client", "bureau"]

SWEDEN = ZoneInfo("Europe/Stockholm")
BUREAU = {"name": "Byrån AB", "org_no": "556036-0793"}
STEPS: dict[str, dict[str, Any]] = {
    "company": {
        "name": "Firman AB",
        "org_no": "556016-0680",
        "address": {"street": "Storgatan 1", "postcode": "111 22", "city": "Stockholm"},
        "seat": "Stockholm",
    },
    "bank": {"bankgiro": "991-2346"},
    "registers": {"confirmed": True},
}
CUSTOMER = {
    "name": "Kund & Söner AB",
    "org_no": "556036-0793",
    "address": {"street": "Gatan 2", "postcode": "411 01", "city": "Göteborg"},
}
ARTICLE = {"name": "Konsulttimme", "unit": "tim", "unit_price": "950.00", "vat_rate": "25"}


class Wishes(TypedDict, total=False):
    """What is special about a company."""

    handler: Party
    first_number: int
    fiscal_year: int
    bankgiro: str
    client: Client


def today() -> date:
    """The date in Sweden, by the real clock."""
    return datetime.now(UTC).astimezone(SWEDEN).date()


def at_once[Result](times: int, work: Callable[[int], Result]) -> list[Result]:
    """Do the work so many times at the same instant, each in a thread; the results in order."""
    start = threading.Barrier(times)

    def one(place: int) -> Result:
        start.wait()
        return work(place)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@dataclass(frozen=True, slots=True)
class People:
    """Who acts in a test; each is a user of the local user pool."""

    client: Client
    bureau: Client
    stranger: Client
    nobody: Client
    bureau_id: str

    @classmethod
    def arrive(cls, cloud: LocalCloud) -> People:
        """The people, and the bureau they need."""
        client, bureau, stranger = (
            Client(cloud.base_url, cloud.token(f"{name}@example.se")) for name in ("anna", "berit", "sture")
        )
        made = bureau.post("/v1/bureaus", BUREAU).expect(201)
        return cls(client, bureau, stranger, Client(cloud.base_url), made["bureau_id"])


@dataclass(frozen=True, slots=True)
class Company:
    """A company that has gone through the start guide, with a customer and an article."""

    cloud: LocalCloud
    people: People
    company_id: str
    client: Client
    bureau: Client
    customer_id: str = ""
    article_id: str = ""

    @classmethod
    def start(cls, cloud: LocalCloud, people: People, **wishes: Unpack[Wishes]) -> Company:
        """Invite a company, accept, answer the start guide, activate, and fill the registers."""
        company = cls.guided(cloud, people, **wishes)
        activated = company.post("collaboration/activate").expect(200)
        assert activated["status"] == "active"
        customer = company.post("customers", CUSTOMER).expect(201)
        article = company.post("articles", ARTICLE).expect(201)
        return replace(company, customer_id=customer["customer_id"], article_id=article["article_id"])

    @classmethod
    def guided(cls, cloud: LocalCloud, people: People, **wishes: Unpack[Wishes]) -> Company:
        """A company with every step of the start guide answered, not yet active."""
        wanted = {"company_name": "Firman AB", "org_no": "556016-0680", "email": "anna@example.se"}
        invited = people.bureau.post(f"/v1/bureaus/{people.bureau_id}/invitations", wanted).expect(201)
        client = wishes.get("client", people.client)
        accepted = client.post(f"/v1/invitations/{invited['token']}/accept").expect(200)
        year = wishes.get("fiscal_year", today().year)
        company = cls(cloud, people, accepted["company_id"], client, people.bureau)
        steps = STEPS | {
            "bank": {"bankgiro": wishes.get("bankgiro", "991-2346")},
            "fiscal_year": {"start": f"{year}-01-01", "end": f"{year}-12-31"},
            "numbering": {"first_invoice_number": wishes.get("first_number", 1001)},
            "payments": {"handler": wishes.get("handler", "client")},
        }
        for name, answers in steps.items():
            company.put(f"start-guide/{name}", answers).expect(200)
        return company

    # ------------------------------------------------------------ requests

    @property
    def path(self) -> str:
        """Before every address of the company."""
        return f"/v1/companies/{self.company_id}"

    def by(self, party: Party) -> Client:
        """The party's user."""
        return self.client if party == "client" else self.bureau

    def get(self, address: str, by: Party = "client") -> Answer:
        """GET an address of the company."""
        return self.by(by).get(f"{self.path}/{address}")

    def post(self, address: str, body: Any = None, by: Party = "client", **headers: str) -> Answer:
        """POST to an address of the company."""
        return self.by(by).post(f"{self.path}/{address}", body, **headers)

    def put(self, address: str, body: Any, by: Party = "client", **headers: str) -> Answer:
        """PUT to an address of the company."""
        return self.by(by).put(f"{self.path}/{address}", body, **headers)

    def every(self, address: str, by: Party = "client") -> list[Any]:
        """All items of a list, page by page."""
        found: list[Any] = []
        cursor = None
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.get(f"{address}?limit=100{more}", by).expect(200)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    # ------------------------------------------------------------ invoices

    def draft_body(self, total: str = "1250.00", **more: Any) -> dict[str, Any]:
        """A draft of one row that adds up to ``total`` with 25 % VAT."""
        price = str((Decimal(total) * 4 / 5).quantize(Decimal("0.01")))
        row = {"description": "Konsultation", "unit_price": price, "vat_rate": "25"}
        return {"customer_id": self.customer_id, "rows": [row]} | more

    def draft(self, total: str = "1250.00", **more: Any) -> dict[str, Any]:
        """A new draft."""
        made: dict[str, Any] = self.post("invoices", self.draft_body(total, **more)).expect(201)
        assert made["total"] == total
        return made

    def issue(self, total: str = "1250.00", **more: Any) -> dict[str, Any]:
        """A new invoice, issued; nothing is waited for."""
        draft = self.draft(total, **more)
        issued: dict[str, Any] = self.post(f"invoices/{draft['invoice_id']}/issue").expect(200)
        return issued

    def invoice(self, invoice_id: str) -> dict[str, Any]:
        """An invoice as it is now."""
        found: dict[str, Any] = self.get(f"invoices/{invoice_id}").expect(200)
        return found

    # ------------------------------------------------------------ payments

    def payment_body(self, invoice: dict[str, Any], amount: str, **more: Any) -> dict[str, Any]:
        """A payment of one invoice, today."""
        allocation = {"invoice_id": invoice["invoice_id"], "amount": amount}
        body = {"payment_date": today().isoformat(), "amount": amount, "allocations": [allocation]}
        return body | more

    def pay(self, invoice: dict[str, Any], amount: str, by: Party = "client", **more: Any) -> Answer:
        """Register a payment of one invoice; nothing is waited for."""
        return self.post("payments", self.payment_body(invoice, amount, **more), by)

    def let_handle(self, party: Party) -> None:
        """Let a party handle payments from today."""
        self.post("collaboration/payment-handler", {"handler": party}, "bureau").expect(200)

    def announce_file(self, by: Party = "client", filename: str = "betalningar.txt") -> dict[str, Any]:
        """Ask to upload a payment file."""
        made: dict[str, Any] = self.post("payment-files", {"filename": filename}, by).expect(201)
        return made

    def send_file(self, content: bytes, by: Party = "client") -> dict[str, Any]:
        """Upload a payment file, wait, and read what became of it."""
        announced = self.announce_file(by)
        answer = upload(announced["upload"], content)
        assert answer.status == 204, answer.content
        self.cloud.wait_idle()
        found: dict[str, Any] = self.get(f"payment-files/{announced['file_id']}", by).expect(200)
        return found

    # ------------------------------------------------------------ the books

    def agreement(self) -> dict[str, Any]:
        """Whether the two books agree."""
        found: dict[str, Any] = self.get("agreement").expect(200)
        return found

    def assert_agreement(self, balance: str) -> None:
        """The two books agree, on this much."""
        found = self.agreement()
        sums = [found[name] for name in ("invoicing_balance", "subledger_balance", "account_1510")]
        assert (found["agrees"], sums) == (True, [balance] * 3), found

    def assert_posted_once(self) -> None:
        """Every invoice and payment has one voucher, and voucher numbers have no gap."""
        vouchers = self.every("ledger/vouchers", "bureau")
        sources = sorted(each["source"] for each in vouchers if each["source"])
        issued = [each for each in self.every("invoices") if each["number"] is not None]
        payments = self.every("payments")
        expected = [f"invoice/{each['invoice_id']}/issued" for each in issued]
        expected += [f"payment/{each['payment_id']}/registered" for each in payments]
        expected += [f"payment/{each['payment_id']}/reversed" for each in payments if each["reversal"]]
        assert sources == sorted(expected)
        series: dict[tuple[str, str], list[int]] = {}
        for each in vouchers:
            series.setdefault((each["series"], each["date"][:4]), []).append(each["number"])
        for numbers in series.values():
            assert sorted(numbers) == list(range(1, len(numbers) + 1)), series
        assert all(each["ledger"]["status"] == "posted" for each in [*issued, *payments])
        assert all(each["sync"] == "synchronised" for each in payments)

    def state(self) -> dict[str, list[Any]]:
        """Every item the company has, in every table."""
        return {
            name: self.cloud.clients.dynamodb.query(
                TableName=self.cloud.table(name),
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"COMPANY#{self.company_id}"}},
                ConsistentRead=True,
            )["Items"]
            for name in ("InvoicingTable", "LedgerTable", "PlatformTable")
        }

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing of the company's is changed by what is done inside."""
        self.cloud.wait_idle()
        before = self.state()
        yield
        self.cloud.wait_idle()
        assert self.state() == before
