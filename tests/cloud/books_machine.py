"""One company's people at work: each step asks for something and holds the answer against the model.

A request whose function crashed is repeated with its Idempotency-Key until it is answered, so whatever is
answered has happened once. Every step draws what it does from one number, so that a run can be told again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from local.client import upload
from samklang.platform.money import format_sek
from tests.cloud.books_bank import CUSTOMERS, FORMATS, Bank
from tests.cloud.books_check import check
from tests.cloud.books_model import Item, Model, Paid, Told, Wish, ore, total_of
from tests.cloud.books_wishes import by_credit, latest, on_account, own_split, proposed, wish
from tests.cloud.company import ARTICLE, Company, today

if TYPE_CHECKING:
    from random import Random

    from local.client import Answer
    from tests.cloud.books_model import BankMoney, Method
    from tests.cloud.books_sender import Sender
    from tests.cloud.company import Party, People

_FILE_SECONDS = 20
_CLOSED = ("registered", "set_aside", "duplicate")
"""Payments of files that do not wait."""


@dataclass
class SentFile:
    """A payment file under way."""

    file_id: str
    format: str
    contents: list[BankMoney]
    handler_changes: int
    item_changes: list[int | None]
    """For each payment that must be exact if nothing else happens: its invoice's count of changes."""


# ------------------------------------------------------------------------------------------ a company


@dataclass
class Books:
    """A company, its model, and what its people do."""

    name: str
    company: Company
    model: Model
    sender: Sender
    files: list[SentFile] = field(default_factory=list)
    """Uploaded, and not told yet what became of them."""
    bank: Bank = field(init=False)
    sent: list[tuple[bytes, list[BankMoney], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bank = Bank(self.model)

    @classmethod
    def open(cls, name: str, sender: Sender, people: People, method: Method, handler: Party) -> Books:
        """An active company with its customers."""
        company = Company.guided(sender.cloud, people, handler=handler)
        year = today().year
        years = {"start": f"{year}-01-01", "end": f"{year}-12-31", "accounting_method": method}
        company.put("start-guide/fiscal_year", years).expect(200)
        company.post("collaboration/activate").expect(200)
        company.post("articles", ARTICLE).expect(201)
        made = [company.post("customers", each).expect(201) for each in CUSTOMERS]
        model = Model(method, handler, names={each["customer_id"]: each["name"] for each in made})
        return cls(name, replace(company, customer_id=made[0]["customer_id"]), model, sender)

    def _post(self, address: str, body: Any = None, by: Party = "client") -> Answer:
        return self.sender.post(self.company, by, address, body)

    def _read(self, address: str, by: Party = "client") -> Any:
        return self.sender.until_answered(address, lambda: self.company.get(address, by)).expect(200)

    @property
    def other(self) -> Party:
        """The party that does not handle payments."""
        return "client" if self.model.handler == "bureau" else "bureau"

    # ------------------------------------------------------------ invoices

    def draft(self, luck: Random) -> str:
        """Write a draft; its id."""
        rows = [self._row(luck, place) for place in range(luck.randint(1, 3))]
        rounded = luck.random() < 0.3
        customer_id = luck.choice(list(self.model.names))
        body = {"customer_id": customer_id, "rows": rows, "round_to_krona": rounded}
        draft = self._post("invoices", body).expect(201)
        assert ore(draft["total"]) == total_of(rows, round_to_krona=rounded), (draft, rows)
        self.model.drafts.add(draft["invoice_id"])
        return str(draft["invoice_id"])

    @staticmethod
    def _row(luck: Random, place: int) -> dict[str, str]:
        return {
            "description": f"Rad {place}",
            "quantity": luck.choice(["1", "2", "0.5", "3.25"]),
            "unit_price": format_sek(luck.choice([10000, luck.randint(5000, 300000)])),
            "vat_rate": luck.choice(["25", "25", "12", "6", "0"]),
            "discount_percent": luck.choice(["0", "0", "10", "12.5"]),
        }

    def _a_draft(self, luck: Random) -> str:
        drafts = sorted(self.model.drafts)
        return luck.choice(drafts) if drafts and luck.random() < 0.3 else self.draft(luck)

    def issue(self, luck: Random) -> None:
        """Issue a draft."""
        draft = self._a_draft(luck)
        issued = self._post(f"invoices/{draft}/issue").expect(200)
        self.model.issue(issued)

    def issue_many(self, luck: Random) -> None:
        """Issue all drafts in one call, and one that was issued before."""
        for _ in range(luck.randint(1, 2)):
            self.draft(luck)
        before = [luck.choice(list(self.model.items))] if self.model.items else []
        wanted = [*sorted(self.model.drafts), *before]
        luck.shuffle(wanted)
        answer = self._post("invoice-issues", {"invoice_ids": wanted}).expect(200)
        outcomes = {each["invoice_id"]: each["outcome"] for each in answer["items"]}
        assert list(outcomes) == wanted
        assert "refused" not in outcomes.values(), answer
        assert all(outcomes[each] == "already_issued" for each in before), answer
        for invoice_id in wanted:
            if invoice_id not in before:
                self.model.issue(self._read(f"invoices/{invoice_id}"))

    def credit(self, luck: Random) -> None:
        """Credit an invoice, all that is left of it or a part."""
        invoices = [each for each in self.model.latest() if not each.original]
        if not invoices:
            self.issue(luck)
            return
        item = latest(luck, invoices)
        body = self._credit_body(item, luck)
        answer = self._post(f"invoices/{item.invoice_id}/credit", body)
        waits = self.model.passing() | ({"not-synchronised"} if self.files else set())
        if answer.status == 409 and answer.json["code"] in waits & {"not-synchronised"}:
            return
        if answer.status != 201:
            # Of one rounded to kronor, rows alone may come to more than all of it.
            allowed = not any(item.rows_left) or (item.rounded and body)
            assert (answer.json["code"], bool(allowed)) == ("credit-exceeds", True), answer.content
            return
        note = self.model.issue(answer.json, item.invoice_id)
        self._note_rows(item, answer.json)
        if not body:
            assert note.total == item.credited - item.total, answer.content
        settled = ore(answer.json["original"]["settled"])
        if not self.files:
            assert settled in self.model.settlements(item, -note.total), answer.content
        assert 0 <= settled <= -note.total
        self.model.set_off(note, item, settled)

    @staticmethod
    def _credit_body(item: Item, luck: Random) -> dict[str, Any]:
        left = [place for place, quantity in enumerate(item.rows_left) if quantity]
        if not left or luck.random() < 0.4:
            return {}
        place = luck.choice(left)
        half = item.rows_left[place] / 2
        writable = half == half.quantize(Decimal("0.001"))
        part = {"quantity": f"{half:f}"} if writable and luck.random() < 0.5 else {}
        return {"rows": [{"row": place} | part]}

    @staticmethod
    def _note_rows(item: Item, note: dict[str, Any]) -> None:
        for place, row in zip(note["original"]["rows"], note["rows"], strict=True):
            item.rows_left[place] += Decimal(row["quantity"])

    def change_customer(self, luck: Random) -> None:
        """Change a customer's name: the newest is on both sides in the end."""
        customer_id = luck.choice(list(self.model.names))
        place = list(self.model.names).index(customer_id)
        name = f"{CUSTOMERS[place]['name']} {luck.randint(1, 99)}"
        address = f"customers/{customer_id}"

        def change() -> Answer:
            read = self.sender.until_answered(address, lambda: self.company.get(address))
            tag = read.headers["etag"]
            return self.company.put(address, CUSTOMERS[place] | {"name": name}, If_Match=tag)

        self.sender.until_answered(address, change).expect(200)
        self.model.names[customer_id] = name
        self.model.flying = True

    # ------------------------------------------------------------ payments

    def pay(self, luck: Random) -> None:
        """Register a payment of any kind, within what is left or beyond it."""
        self._register(wish(self.model, luck) or on_account(self.model, luck))

    def use_credit(self, luck: Random) -> None:
        """Use a customer's credit, or give some."""
        self._register(by_credit(self.model, luck) or on_account(self.model, luck))

    def _register(self, wish: Wish) -> None:
        answer = self._post("payments", wish.body(self.bank.day.isoformat()), self.model.handler)
        if self._accepted(answer, 201, wish):
            self._registered(answer.json["payment_id"], wish)

    def _registered(self, payment_id: str, wish: Wish, bank_payment_id: str | None = None) -> None:
        customer_id = self.model.customer_of(wish)
        self.model.pay(Paid(payment_id, wish, customer_id, self.model.side, bank_payment_id))

    def _accepted(self, answer: Answer, status: int, wish: Wish) -> bool:
        """Whether a payment was accepted, as the model says; else it was refused for the right reason."""
        if self.files and self.model.refusal(wish) and answer.status == status:
            self.wait_for_files()  # one of them has made room for it
        expected = self.model.refusal(wish)
        if answer.status == status:
            assert expected is None, f"accepted, although {expected}: {wish} {answer.content.decode()}"
            return True
        raced = {"allocation-exceeds", "credit-used", "not-synchronised"} if self.files else set()
        allowed = {expected} | self.model.passing() | raced
        assert answer.json["code"] in allowed, f"{wish}: {answer.content.decode()}, not {expected}"
        return False

    def reverse(self, luck: Random) -> None:
        """Take a payment back, one that is already taken back too."""
        if not self.model.payments:
            self.pay(luck)
            return
        paid = latest(luck, list(self.model.payments.values()))
        answer = self._post(f"payments/{paid.payment_id}/reverse", {}, self.model.handler)
        self._reversed(answer, paid)

    def _reversed(self, answer: Answer, paid: Paid) -> None:
        if self.files and self.model.reversal_refusal(paid) and answer.status == 200:
            self.wait_for_files()
        expected = self.model.reversal_refusal(paid)
        if answer.status == 200:
            assert expected is None, f"taken back, although {expected}: {paid}"
            self.model.take_back(paid, self.model.side)
            if paid.bank_payment_id:
                told = self.model.told[paid.bank_payment_id]
                told.status, told.payment_id = "waiting", None
            return
        raced = {"credit-used", "not-synchronised"} if self.files else set()
        assert answer.json["code"] in {expected} | self.model.passing() | raced, answer.content

    # ------------------------------------------------------------ the other party

    def try_as_other(self, luck: Random) -> None:
        """Whatever the party that does not handle payments tries is refused."""
        attempts: list[tuple[str, Any]] = [
            ("payments", on_account(self.model, luck).body(self.bank.day.isoformat())),
            ("payment-files", {"filename": "fil.txt"}),
        ]
        if wanted := wish(self.model, luck):
            attempts.append(("payments", wanted.body(self.bank.day.isoformat())))
        attempts += [(f"payments/{each}/reverse", {}) for each in list(self.model.payments)[-3:]]
        for bank_payment_id, told in list(self.model.told.items())[-5:]:
            address = f"bank-payments/{bank_payment_id}"
            if told.status == "waiting":
                attempts += [(f"{address}/set-aside", {"reason": "Ingen kund"}), (f"{address}/match", None)]
                attempts.append((f"{address}/confirm", {"customer_id": luck.choice(list(self.model.names))}))
            else:
                attempts.append((f"{address}/undo", None))
        address, body = luck.choice(attempts)
        answer = self._post(address, body, self.other)
        assert (answer.status, answer.json["code"]) == (403, "not-handler"), (address, answer.content)

    def change_handler(self, _: Random) -> None:
        """The other party handles payments from now on."""
        party = self.other
        self.model.flying |= bool(self.files)
        self._post("collaboration/payment-handler", {"handler": party}, "bureau").expect(200)
        self.model.let_handle(party)

    # ------------------------------------------------------------ payment files

    def send_file(self, luck: Random) -> None:
        """Upload a file of new payments of any kind, and sometimes some that were told before."""
        old = luck.sample(self.bank.groups, min(len(self.bank.groups), luck.choice([0, 0, 1, 3])))
        groups = [self.bank.book(luck) for _ in range(luck.randint(1, 4))]
        self._upload([*old, *groups], luck.choice(FORMATS))

    def send_again(self, luck: Random) -> None:
        """Upload a file again: the very same, in another format, or one that overlaps it."""
        if not self.sent:
            self.send_file(luck)
            return
        content, contents, format_ = luck.choice(self.sent)
        match luck.randrange(3):
            case 0:
                self._send(content, contents, format_)
            case 1:
                others = [each for each in FORMATS if each != format_]
                self._upload([contents], luck.choice(others))
            case _:
                self._upload(
                    luck.sample(self.bank.groups, min(len(self.bank.groups), 6)), luck.choice(FORMATS)
                )

    def _upload(self, groups: list[list[BankMoney]], format_: str) -> None:
        contents = sorted((each for group in groups for each in group), key=lambda each: each.serial)
        content = self.bank.file(contents, format_)
        self.sent.append((content, contents, format_))
        self._send(content, contents, format_)

    def _send(self, content: bytes, contents: list[BankMoney], format_: str) -> None:
        party = self.model.handler
        announced = self._post("payment-files", {"filename": f"fil.{format_}"}, party).expect(201)
        changes = [self._expected_exact(each) for each in contents]
        assert upload(announced["upload"], content).status == 204
        self.files.append(
            SentFile(announced["file_id"], format_, contents, self.model.handler_changes, changes)
        )

    def _expected_exact(self, money: BankMoney) -> int | None:
        """The count of changes of the invoice that a payment must pay exactly, if nothing else happens."""
        if money.kind != "exact" or money.told:
            return None
        item = self.model.items[money.targets[0]]
        plain = item.synchronised and not item.credited and item.remaining == money.amount
        return item.changes if plain else None

    # ------------------------------------------------------------ what became of files

    def look_at_files(self) -> None:
        """Take in what became of files that are done."""
        for file in list(self.files):
            self._take_in(file)

    def wait_for_files(self) -> None:
        """Wait until every file is dealt with, and take in what became of it."""
        ends = time.monotonic() + _FILE_SECONDS
        while self.files:
            self.look_at_files()
            assert time.monotonic() < ends, f"not dealt with in {_FILE_SECONDS} s: {self.files}"
            time.sleep(0.02)

    def _take_in(self, file: SentFile) -> None:
        found = self._read(f"payment-files/{file.file_id}")
        if found["status"] in {"waiting", "reading"}:
            return
        self.files.remove(file)
        if found["status"] != "done":
            assert file.handler_changes != self.model.handler_changes, f"{found['refusal']} {file}"
            assert found["refusal"]["check"] in {"not-handler", "handler-changed"}, found
        else:
            assert len(found["payments"]) == len(file.contents), (found, file)
        for payment, money, changes in zip(found["payments"], file.contents, file.item_changes, strict=False):
            self._told(file, payment, money, changes)
        self.sender.counts[f"file {file.format} {found['status']}"] += 1

    def _told(self, file: SentFile, payment: dict[str, Any], money: BankMoney, changes: int | None) -> None:
        """Take in one payment of a file."""
        assert ore(payment["amount"]) == money.amount, (payment, money)
        identifier = payment["bank_payment_id"]
        if payment["duplicate"]:
            self.sender.counts["told again"] += 1
            # A file still under way may have told it first; in the end it must have been told once.
            if payment["status"] == "duplicate" and identifier not in self.model.told:
                self.model.told[identifier] = Told(money, "duplicate", [], None)
            return
        assert not money.told, f"told twice as new: {payment} {money}"
        money.told = True
        assert identifier not in self.model.told, payment
        self.model.told[identifier] = Told(
            money, payment["status"], payment["proposals"], payment["payment_id"]
        )
        self.sender.counts[f"told {money.kind} {payment['match']} {payment['status']}"] += 1
        exact = changes is not None and changes == self.model.items[money.targets[0]].changes
        if exact and file.handler_changes == self.model.handler_changes:
            assert payment["status"] == "registered", f"not registered: {payment} {money}"
        if payment["payment_id"]:
            self._registered_by_file(payment, money)
        else:
            assert payment["status"] == "waiting", payment

    def _registered_by_file(self, payment: dict[str, Any], money: BankMoney) -> None:
        """What a file has registered by itself is what the bank says, and is for what it refers to."""
        assert money.kind not in {"part", "over", "named", "unknown"}, f"registered by itself: {payment}"
        assert payment["match"] == "exact", payment
        made = self._read(f"payments/{payment['payment_id']}")
        wish = Wish(
            amount=ore(made["amount"]),
            allocations=tuple((each["invoice_id"], ore(each["amount"])) for each in made["allocations"]),
            difference=ore(made["difference"]),
            customer_id=made["customer_id"],
        )
        assert (wish.amount, wish.credit, wish.difference) == (money.amount, 0, 0), (made, money)
        assert {each for each, _ in wish.allocations} == set(money.targets), (made, money)
        assert made["bank_payment_id"] == payment["bank_payment_id"]
        paid = Paid(payment["payment_id"], wish, made["customer_id"], made["origin"], made["bank_payment_id"])
        self.model.pay(paid)

    # ------------------------------------------------------------ bank payments

    def _told_as(self, luck: Random, *statuses: str) -> str | None:
        found = [each for each, told in self.model.told.items() if told.status in statuses]
        return latest(luck, found) if found else None

    def confirm(self, luck: Random) -> None:
        """Register a payment that waits: by a proposal, split as one says, or on account."""
        chosen = self._told_as(luck, "waiting", *(_CLOSED if luck.random() < 0.1 else ()))
        if chosen is None:
            self.send_file(luck)
            return
        told = self.model.told[chosen]
        if told.proposals and luck.random() < 0.7:
            place = luck.randrange(len(told.proposals))
            wish = proposed(told.money.amount, told.proposals[place])
            body: Any = {"proposal": place} if place or luck.random() < 0.5 else None
        else:
            wish = own_split(self.model, told.money.amount, luck)
            body = wish.own_part()
        answer = self._post(f"bank-payments/{chosen}/confirm", body, self.model.handler)
        if told.status != "waiting":
            assert answer.json["code"] == "bank-payment-closed", answer.content
        elif self._accepted(answer, 200, wish):
            assert answer.json["status"] == "registered", answer.content
            self._registered(answer.json["payment_id"], wish, chosen)
            told.status, told.payment_id = "registered", answer.json["payment_id"]

    def undo(self, luck: Random) -> None:
        """Let a payment of a file wait again."""
        rarely = ("waiting", "duplicate") if luck.random() < 0.1 else ()
        chosen = self._told_as(luck, "registered", "set_aside", *rarely)
        if chosen is None:
            self.send_file(luck)
            return
        told = self.model.told[chosen]
        before = told.status
        answer = self._post(f"bank-payments/{chosen}/undo", None, self.model.handler)
        if before == "waiting":
            assert answer.json["code"] == "bank-payment-closed", answer.content
        elif told.payment_id:
            paid = self.model.payments[told.payment_id]
            self._reversed(answer, paid)
        else:
            answer.expect(200)
            told.status = "waiting"

    def set_aside(self, luck: Random) -> None:
        """Take a payment of a file off the list of those that wait."""
        chosen = self._told_as(luck, "waiting", *(_CLOSED if luck.random() < 0.1 else ()))
        if chosen is None:
            self.send_file(luck)
            return
        told = self.model.told[chosen]
        reason = {"reason": "Ingen kunds betalning"}
        answer = self._post(f"bank-payments/{chosen}/set-aside", reason, self.model.handler)
        if told.status != "waiting":
            assert answer.json["code"] == "bank-payment-closed", answer.content
        else:
            assert answer.expect(200)["status"] == "set_aside"
            told.status = "set_aside"

    def look_again(self, luck: Random) -> None:
        """Match a payment that waits anew."""
        chosen = self._told_as(luck, "waiting")
        if chosen is None:
            self.send_file(luck)
            return
        answer = self._post(f"bank-payments/{chosen}/match", None, self.model.handler).expect(200)
        assert (answer["status"], answer["payment_id"]) == ("waiting", None), answer
        self.model.told[chosen].proposals = answer["proposals"]

    # ------------------------------------------------------------ in the end

    def check(self) -> None:
        """All has been waited for: both sides hold what the model says."""
        self.wait_for_files()
        check(self.company, self.model)
        self.model.arrived()
