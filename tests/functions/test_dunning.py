"""Dunning over HTTP: settings, pauses, previews, runs, letters, interest invoices, collection."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pypdfium2
import pytest

from local import provision
from samklang.invoicing.charges import add_charge_invoice
from samklang.ledger.dunning import charging, choosing, interest, running, shapes
from samklang.ledger.dunning.model import settings
from samklang.ledger.store import dunning as store
from samklang.platform.dynamo import Contention
from tests.functions.books import NOW, TODAY, Firm, Office, code, passing, pointers, stand_at
from tests.functions.conftest import STAFF, Answer
from tests.functions.test_events import sample
from tests.functions.test_sending import Post, ses_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from samklang.platform.dynamo import Transaction

pytest_plugins = ["tests.functions.an_office"]

ROOT = "/ledger/dunning"
FEE = {"reminder_fee": "60.00", "fee_in_terms_since": "2026-01-01"}
DUE = "2026-10-31"
LATE = {"invoice_date": "2026-10-01", "due_date": DUE}
ADDRESS = {"street": "Gatan 2", "postcode": "411 01", "city": "Göteborg"}
COMPANY = "com_01kb3pq7r4x9m2n5t8vw"


@dataclass(frozen=True)
class Dunning:
    """A firm whose bureau duns its customers."""

    firm: Firm

    def choose(self, **settings: Any) -> Any:
        """Settings in place of those before."""
        version = self.firm.call("GET", f"{ROOT}/settings").headers["ETag"]
        answer = self.firm.call("PUT", f"{ROOT}/settings", settings, STAFF, {"If-Match": version})
        assert answer.status == 200, answer.text
        return answer.body

    def late(self, price: str = "1000.00", **values: Any) -> Any:
        """An invoice that fell due on 31 October, posted."""
        invoice = self.firm.issue(price, **(LATE | values))
        self.firm.office.settle()
        return invoice

    def post(self, tail: str, body: Any = None, user: str = STAFF, key: str | None = None) -> Answer:
        """Ask for something."""
        headers = {"Idempotency-Key": key} if key else None
        return self.firm.call("POST", f"{ROOT}/{tail}", body or {}, user, headers)

    def done(self, tail: str, body: Any = None) -> Any:
        """What was asked for, done."""
        answer = self.post(tail, body)
        assert answer.status in {200, 201}, answer.text
        return answer.body

    def run(self, *invoices: Any) -> Any:
        """Send what is due."""
        return self.done(
            "run", {"invoice_ids": [each["invoice_id"] for each in invoices]} if invoices else {}
        )

    def reasons(self, tail: str = "preview") -> dict[int, str]:
        """Why invoices are left out, by number."""
        return {each["invoice_number"]: each["reason"] for each in self.done(tail)["left_out"]}

    def stages(self, invoice: Any) -> list[str]:
        """The steps taken with an invoice."""
        found = self.firm.ok("GET", f"{ROOT}/invoices/{invoice['invoice_id']}")
        return [each["stage"] for each in found["steps"]]

    def letter(self, letter_id: str) -> Any:
        """A letter."""
        return self.firm.ok("GET", f"{ROOT}/letters/{letter_id}")

    def page(self, letter_id: str) -> str:
        """The words on a letter's page."""
        answer = self.firm.call("GET", f"{ROOT}/letters/{letter_id}/pdf")
        assert answer.headers["Content-Type"] == "application/pdf"
        document = pypdfium2.PdfDocument(b64decode(answer.text))
        return " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in document)

    def to_the_end(self, invoice: Any) -> None:
        """Through all stages, until the collection notice has run out."""
        for days in (12, 24, 35):
            assert len(self.run(invoice)["steps"]) == 1
            stand_at(NOW + timedelta(days=days))


@pytest.fixture
def dunning(office: Office) -> Dunning:
    return Dunning(office.firm())


def after(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


# ---------------------------------------------------------------- settings and pauses


def test_settings_begin_within_the_law_and_are_changed_by_the_bureau_alone_as_they_were_read(
    dunning: Dunning,
) -> None:
    firm = dunning.firm
    first = firm.call("GET", f"{ROOT}/settings")
    assert (first.headers["ETag"], first.body["reminder_fee"]) == ('"0"', "0.00")
    rates = {each["half_year"]: each for each in first.body["known_reference_rates"]}
    assert (rates["2024-H2"]["rate"], rates["2024-H2"]["verified"]) == ("4.00", True)
    assert (rates["2026-H2"]["rate"], rates["2026-H2"]["verified"]) == ("2.00", False)

    own = {"half_year": "2027-H1", "rate": "2.50", "source": "riksbank.se"}
    assert dunning.choose(**FEE, reference_rates=[own])["known_reference_rates"][-1]["half_year"] == "2027-H1"
    assert firm.call("GET", f"{ROOT}/settings").body["reminder_fee"] == "60.00"
    stale = {"If-Match": '"0"'}
    assert code(firm.call("PUT", f"{ROOT}/settings", FEE, STAFF, stale)) == (412, "version-mismatch")
    assert code(firm.call("PUT", f"{ROOT}/settings", FEE, STAFF)) == (428, "version-required")
    assert code(firm.call("PUT", f"{ROOT}/settings", FEE, None, {"If-Match": '"1"'})) == (403, "not-allowed")
    too_dear = firm.call(
        "PUT", f"{ROOT}/settings", FEE | {"reminder_fee": "61.00"}, STAFF, {"If-Match": '"1"'}
    )
    assert pointers(too_dear) == {"/reminder_fee"}


def test_a_pause_stops_dunning_until_it_ends_and_stays_in_the_history(dunning: Dunning) -> None:
    invoice = dunning.late()
    made = dunning.done(
        "pauses", {"reason": "disputed", "invoice_id": invoice["invoice_id"], "note": "Fel vara"}
    )
    assert made["customer_id"] == invoice["customer_id"]
    assert dunning.reasons() == {1001: "disputed"}
    assert dunning.run()["steps"] == []
    ended = dunning.done(f"pauses/{made['pause_id']}/end", {"note": "Utredd"})
    assert (ended["status"], ended["ended_note"]) == ("ended", "Utredd")
    assert code(dunning.post(f"pauses/{made['pause_id']}/end")) == (409, "pause-ended")
    firm = dunning.firm
    assert firm.ok("GET", f"{ROOT}/pauses")["items"] == []
    assert firm.ok("GET", f"{ROOT}/pauses?ended=true")["items"] == [ended]
    assert firm.ok("GET", f"{ROOT}/pauses/{made['pause_id']}") == ended
    assert len(dunning.run()["steps"]) == 1


def test_a_pause_of_nobody_or_without_its_day_is_refused(dunning: Dunning) -> None:
    nobody: list[tuple[dict[str, Any], set[str]]] = [
        ({"reason": "blocked"}, {""}),
        ({"reason": "promised", "customer_id": "cus_00000000000000000000"}, {""}),
        ({"reason": "blocked", "customer_id": "cus_00000000000000000000"}, {"/customer_id"}),
        ({"reason": "blocked", "invoice_id": "inv_00000000000000000000"}, {"/invoice_id"}),
    ]
    for given, at_fault in nobody:
        assert pointers(dunning.post("pauses", given)) == at_fault
    assert dunning.firm.ok("GET", f"{ROOT}/pauses")["items"] == []


def test_only_the_bureau_acts_and_the_client_reads(dunning: Dunning) -> None:
    dunning.late()
    for tail, body in {
        "run": {},
        "pauses": {"reason": "blocked", "customer_id": "cus_00000000000000000000"},
        "interest-invoices": {},
        "collection-export": {},
    }.items():
        assert code(dunning.post(tail, body, user=dunning.firm.company.client)) == (403, "not-allowed")
    (letter_id,) = dunning.run()["letters"]
    assert dunning.letter(letter_id)["letter_id"] == letter_id
    assert dunning.firm.ok("GET", f"{ROOT}/letters")["items"][0]["invoice_numbers"] == [1001]


# ---------------------------------------------------------------- preview and run


def test_a_run_sends_what_the_preview_showed_and_the_client_sees_the_stage(dunning: Dunning) -> None:
    dunning.choose(**FEE)
    customer = dunning.firm.customer("Kund & Söner AB", delivery="print", address=ADDRESS)
    invoices = [dunning.late(price, customer=customer) for price in ("1000.00", "400.00")]
    shown = dunning.done("preview")
    (case,) = shown["cases"]
    assert [(line["interest"], line["costs"]["reminder_fee"]) for line in case["lines"]] == [
        ("7.88", "60.00"),
        ("3.15", "0.00"),
    ]
    assert case["sums"] == {
        "principal": "1750.00",
        "interest": "11.03",
        "costs": "60.00",
        "total": "1821.03",
    }
    assert (case["kind"], case["channel"], case["pay_by"]) == ("reminder", "print", after(8))

    result = dunning.run()
    assert [each["step_id"] for each in result["steps"]] == [
        f"dunning/{each['invoice_id']}/reminder_1" for each in invoices
    ]
    (letter_id,) = result["letters"]
    letter = dunning.letter(letter_id)
    assert (letter["lines"], letter["delivery"]["status"]) == (case["lines"], "printed")
    dunning.firm.office.settle()
    for each in invoices:
        assert dunning.firm.invoice(each)["dunning"] == {"stage": "reminder_1", "date": TODAY.isoformat()}
    listed = dunning.firm.ok("GET", "/invoices?overdue=true")["items"]
    assert {each["dunning"]["stage"] for each in listed} == {"reminder_1"}
    page = dunning.page(letter_id)
    for words in (
        "Påminnelse",
        "Kund & Söner AB",
        "411 01 Göteborg",
        "1 821,03 kr",
        "Ränta 10 % på 1 250,00 kr",
    ):
        assert words in page, words
    assert invoices[1]["ocr"] in page


def test_a_run_started_again_sends_nothing_twice_and_the_same_key_tells_the_same(dunning: Dunning) -> None:
    invoice = dunning.late()
    first = dunning.post("run", {}, key="k")
    assert dunning.post("run", {}, key="k").body == first.body
    again = dunning.run()
    assert (again["steps"], again["letters"]) == ([], [])
    assert [(each["reason"], each["on"]) for each in again["left_out"]] == [("not-yet", after(12))]
    assert dunning.stages(invoice) == ["reminder_1"]
    assert len(dunning.firm.ok("GET", f"{ROOT}/letters")["items"]) == 1


def interrupted(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Let something happen after everything was read, before the first letter is written."""
    write, happened = store.put_letter, list[bool]()

    def put_letter(transaction: Transaction, *rest: Any) -> None:
        if not happened:
            happened.append(True)
            meanwhile()
        write(transaction, *rest)

    monkeypatch.setattr(store, "put_letter", put_letter)


def test_an_invoice_paid_in_the_middle_of_a_run_is_left_out_and_the_others_are_sent(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    dunning.firm.hand_payments_to("bureau")
    customer = dunning.firm.customer("Kund AB")
    paid, other = dunning.late(customer=customer), dunning.late("400.00", customer=customer)
    interrupted(monkeypatch, lambda: dunning.firm.paid("1250.00", paid, user=STAFF))
    result = dunning.run(paid, other)
    assert [each["invoice_id"] for each in result["steps"]] == [other["invoice_id"]]
    assert [(each["invoice_id"], each["reason"]) for each in result["left_out"]] == [
        (paid["invoice_id"], "paid")
    ]
    assert dunning.stages(paid) == []
    (letter,) = dunning.firm.ok("GET", f"{ROOT}/letters")["items"]
    assert letter["invoice_numbers"] == [other["number"]]


def test_two_runs_at_once_take_each_step_once(dunning: Dunning, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = dunning.firm.customer("Kund AB")
    named, other = dunning.late(customer=customer), dunning.late("400.00", customer=customer)
    inner: list[Any] = []
    interrupted(monkeypatch, lambda: inner.append(dunning.run(named)))
    outer = dunning.run()
    assert [each["invoice_id"] for each in inner[0]["steps"]] == [named["invoice_id"]]
    assert [each["invoice_id"] for each in outer["steps"]] == [other["invoice_id"]]
    assert [(each["invoice_id"], each["reason"]) for each in outer["left_out"]] == [
        (named["invoice_id"], "not-yet")
    ]
    assert [dunning.stages(each) for each in (named, other)] == [["reminder_1"]] * 2


def test_a_run_that_reckons_to_an_earlier_day_takes_no_step_again_and_no_second_fee(dunning: Dunning) -> None:
    dunning.choose(**FEE)
    invoice = dunning.late()
    assert len(dunning.run()["steps"]) == 1
    for later in (0, 1):
        stand_at(NOW + timedelta(days=later))
        again = dunning.done("run", {"as_of": after(later - 1)})
        assert (again["steps"], [each["reason"] for each in again["left_out"]]) == ([], ["not-yet"])
    assert dunning.stages(invoice) == ["reminder_1"]


def test_a_dispute_in_the_middle_of_a_run_an_export_or_interest_invoices_wins(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    require = store.require_same_pauses

    def disputed_meanwhile(tail: str, invoice: Any) -> Any:
        happened = list[Any]()

        def require_after(*given: Any) -> None:
            if not happened:
                pause = {"reason": "disputed", "invoice_id": invoice["invoice_id"]}
                happened.append(dunning.done("pauses", pause)["pause_id"])
            require(*given)

        with monkeypatch.context() as patch:
            patch.setattr(store, "require_same_pauses", require_after)
            told = dunning.done(tail)
        dunning.done(f"pauses/{happened[0]}/end")
        return told

    invoice = dunning.late("9000.00")
    assert disputed_meanwhile("run", invoice)["steps"] == []
    assert disputed_meanwhile("interest-invoices", invoice)["invoices"] == []
    dunning.to_the_end(invoice)
    assert disputed_meanwhile("collection-export", invoice)["cases"] == []
    assert len(dunning.done("collection-export")["cases"]) == 1


def test_more_steps_and_debts_than_an_answer_holds_are_told_as_left_and_go_on_with_the_next(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_OPERATIONS", 6)
    monkeypatch.setattr(running, "_MOST_STEPS", 2)
    monkeypatch.setattr(charging, "LINES_SHOWN", 2)
    monkeypatch.setattr(shapes, "LINES_SHOWN", 2)
    monkeypatch.setattr(charging, "LEFT_OUT_SHOWN", 1)
    for number in range(3):
        dunning.firm.issue("9000.00", customer=dunning.firm.customer(f"Kund {number}"), **LATE)
        dunning.firm.issue(customer=dunning.firm.customer(f"Liten {number}"), **LATE)
    dunning.firm.office.settle()
    shown = dunning.done("interest-invoices/preview")
    assert (len(shown["charges"]), shown["charge_count"], shown["total"]) == (2, 3, "212.67")
    assert (len(shown["left_out"]), shown["left_out_count"]) == (1, 3)
    seen = dunning.done("preview")
    assert (len(seen["cases"]), seen["case_count"]) == (2, 6)
    for made, left in [(2, 1), (1, 0)]:
        told = dunning.done("interest-invoices")
        assert (len(told["invoices"]), told["left"], told["left_out_count"]) == (made, left, 3)
    assert [(len(told["steps"]), told["left"]) for told in (dunning.run() for _ in range(3))] == [
        (2, 4),
        (2, 2),
        (2, 0),
    ]


def test_named_invoices_that_are_not_overdue_paid_or_unknown_are_told_as_such(dunning: Dunning) -> None:
    firm = dunning.firm
    paid, coming, late = dunning.late(), firm.issue(), dunning.late()
    firm.paid("1250.00", paid)
    firm.office.settle()
    unknown = {"invoice_id": "inv_00000000000000000000"}
    result = dunning.run(paid, coming, unknown, late)
    assert {each["invoice_id"]: each["reason"] for each in result["left_out"]} == {
        paid["invoice_id"]: "paid",
        coming["invoice_id"]: "not-overdue",
        unknown["invoice_id"]: "not-found",
    }
    assert [each["invoice_id"] for each in result["steps"]] == [late["invoice_id"]]


def test_a_payment_on_its_way_and_a_parked_one_keep_an_invoice_out(dunning: Dunning) -> None:
    firm = dunning.firm
    pending, parked = dunning.late(), dunning.late()
    firm.paid("100.00", parked)
    firm.close_books_until(TODAY.isoformat())
    firm.office.settle()
    firm.paid("100.00", pending)
    assert dunning.reasons() == {1001: "payment-on-its-way", 1002: "payment-on-its-way"}


def test_a_credited_invoice_is_not_dunned_and_a_partly_credited_one_for_the_rest(dunning: Dunning) -> None:
    firm = dunning.firm
    whole, part = dunning.late(), dunning.late()
    firm.credited(whole)
    firm.credited(part, (0, "0.4"))
    firm.office.settle()
    (case,) = dunning.done("preview")["cases"]
    assert [(line["invoice_number"], line["principal"]) for line in case["lines"]] == [(1002, "750.00")]


def test_a_customer_with_a_credit_is_neither_dunned_nor_handed_over_before_it_is_set_off(
    dunning: Dunning,
) -> None:
    firm = dunning.firm
    customer = firm.customer()
    late = dunning.late(customer=customer)
    dunning.to_the_end(late)
    other = firm.issue("900.00", customer=customer)
    firm.paid("1125.00", other)
    firm.office.settle()
    firm.credited(other)
    firm.office.settle()
    assert dunning.reasons() == {late["number"]: "credit-to-set-off"}
    named = dunning.done("collection-export", {"invoice_ids": [late["invoice_id"]]})
    assert (named["cases"], [each["reason"] for each in named["left_out"]]) == ([], ["credit-to-set-off"])
    assert "1125.00 SEK to its credit" in named["left_out"][0]["detail"]


def test_a_day_that_is_not_today_or_just_before_is_refused_for_a_run(dunning: Dunning) -> None:
    dunning.late()
    for days in (-4, 1):
        assert pointers(dunning.post("run", {"as_of": after(days)})) == {"/as_of"}
    assert dunning.done("run", {"as_of": after(-3)})["steps"] != []
    (summary,) = dunning.firm.ok("GET", f"{ROOT}/letters")["items"]
    letter = dunning.letter(summary["letter_id"])
    assert (letter["day"], letter["as_of"], letter["sums"]["interest"]) == (
        TODAY.isoformat(),
        after(-3),
        "6.85",
    )


def test_many_customers_are_sent_in_transactions_that_fit_and_a_preview_shows_the_days_to_come(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_OPERATIONS", 8)
    for number in range(3):
        dunning.firm.issue(customer=dunning.firm.customer(f"Kund {number}"), **LATE)
    dunning.firm.office.settle()
    assert dunning.done("preview", {"as_of": after(30)})["case_count"] == 3
    result = dunning.run()
    assert (len(result["letters"]), len(result["steps"]), result["left"]) == (3, 3, 0)


def test_a_debt_that_reaches_behind_the_known_rates_waits_until_the_rate_is_added(dunning: Dunning) -> None:
    dunning.late()
    stand_at(NOW.replace(year=2027, month=2, day=1))
    left_out = dunning.run()["left_out"]
    assert [each["reason"] for each in left_out] == ["reference-rate-missing"]
    assert "2027-H1" in left_out[0]["detail"]
    dunning.choose(reference_rates=[{"half_year": "2027-H1", "rate": "2.50", "source": "riksbank.se"}])
    assert len(dunning.run()["steps"]) == 1


def test_an_own_rate_gives_way_when_the_table_here_has_it_and_the_settings_are_read_and_kept_as_before(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = dunning.late()
    dunning.choose(reference_rates=[{"half_year": "2027-H1", "rate": "2.50", "source": "riksbank.se"}])
    known = {**interest.REFERENCE_RATES, "2027-H1": interest.REFERENCE_RATES["2026-H2"]}
    for module in (interest, settings, choosing):
        monkeypatch.setattr(module, "REFERENCE_RATES", known)
    read = dunning.firm.ok("GET", f"{ROOT}/settings")
    rates = [each["rate"] for each in read["known_reference_rates"] if each["half_year"] == "2027-H1"]
    assert (rates, read["reference_rates"]) == (["2.00"], [])
    stand_at(NOW.replace(year=2027, month=2, day=1))
    assert [each["invoice_id"] for each in dunning.run()["steps"]] == [invoice["invoice_id"]]


# ---------------------------------------------------------------- e-mail


def mail_letters(office: Office) -> None:
    records = passing("dunning_letters", office.records("LedgerTable"))
    assert office.invoke("dunning_letters", {"Records": records}) == {"batchItemFailures": []}


def test_a_letter_is_e_mailed_once_with_its_page_and_what_ses_tells_is_kept(dunning: Dunning) -> None:
    firm = dunning.firm
    provision.create_mail(firm.office.cloud.template, boto3.client("sesv2"))
    customer = firm.customer("Kund & Söner AB", email="kund@example.com")
    dunning.late(customer=customer)
    (letter_id,) = dunning.run()["letters"]
    assert dunning.letter(letter_id)["delivery"]["status"] == "queued"
    mail_letters(firm.office)
    mail_letters(firm.office)
    assert dunning.letter(letter_id)["delivery"]["status"] == "sent"
    (taken,) = Post.taken()
    assert "Subject: =?utf-8?q?P=C3=A5minnelse" in taken.raw_data
    tags = {"company": [firm.company_id], "letter": [letter_id]}
    for kind, status in [("Delivery", "delivered"), ("Send", "delivered"), ("Bounce", "bounced")]:
        event = {"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(ses_event(kind, tags))}
        assert firm.office.invoke("mail_events", {"Records": [event]}) == {"batchItemFailures": []}
        assert dunning.letter(letter_id)["delivery"]["status"] == status
    assert "Adressen finns inte" in dunning.letter(letter_id)["delivery"]["reason"]
    assert firm.office.invoke("dunning_letters", {"replay": firm.company_id}) == {"looked_at": 0}


def test_the_letter_sample_is_sent_when_its_letter_is_there(dunning: Dunning) -> None:
    firm = dunning.firm
    provision.create_mail(firm.office.cloud.template, boto3.client("sesv2"))
    event = sample("dunning_letter_stream.json", **{COMPANY: firm.company_id})
    assert passing("dunning_letters", event["Records"]) == event["Records"]
    image = event["Records"][0]["dynamodb"]["NewImage"]
    assert firm.office.invoke("dunning_letters", event) == {"batchItemFailures": []}
    assert Post.taken() == []
    firm.office.cloud.dynamodb.put_item(TableName=firm.office.cloud.template.name("LedgerTable"), Item=image)
    assert firm.office.invoke("dunning_letters", event) == {"batchItemFailures": []}
    assert len(Post.taken()) == 1
    dunning.late()
    dunning.run()
    (kept,) = [
        item
        for item in firm.office.cloud.company_items("LedgerTable", firm.company_id, "DUNNING_LETTER#")
        if item["id"] != image["id"]["S"]
    ]
    assert set(image) - {"to"} == set(kept)


def test_when_the_days_e_mails_are_used_up_letters_by_post_still_go(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samklang.invoicing.store.deliveries.MAILS_A_DAY", 0)
    dunning.late(customer=dunning.firm.customer("Post AB", delivery="print"))
    dunning.late(customer=dunning.firm.customer("Mejl AB", email="kund@example.com"))
    result = dunning.run()
    assert [each["invoice_number"] for each in result["steps"]] == [1001]
    assert [(each["invoice_number"], each["reason"]) for each in result["left_out"]] == [
        (1002, "too-many-mails")
    ]


# ---------------------------------------------------------------- the morning


def test_every_morning_what_is_due_is_proposed_and_nothing_is_sent(dunning: Dunning) -> None:
    firm = dunning.firm
    assert code(firm.call("GET", f"{ROOT}/proposal")) == (404, "not-found")
    invoice = dunning.late()
    firm.office.invoke("dunning_proposals", sample("dunning_schedule.json"))
    url = firm.office.cloud.template.function("DunningProposalsFunction").environment["DUNNING_QUEUE_URL"]
    (message,) = firm.office.cloud.sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"company_id": firm.company_id}
    event = sample("dunning_queue.json", **{COMPANY: firm.company_id})
    assert firm.office.invoke("dunning_proposals", event) == {"batchItemFailures": []}
    found = firm.ok("GET", f"{ROOT}/proposal")
    assert [(each["stage"], each["invoices"], each["total"]) for each in found["stages"]] == [
        ("reminder_1", 1, "1257.88")
    ]
    assert [each["invoice_id"] for each in found["invoices"]] == [invoice["invoice_id"]]
    assert dunning.stages(invoice) == []


# ---------------------------------------------------------------- interest invoices


def test_interest_and_fees_of_debts_paid_late_and_not_paid_are_invoiced_once_and_posted_without_vat(
    dunning: Dunning,
) -> None:
    firm = dunning.firm
    dunning.choose(**FEE, minimum_interest="0.00")
    customer = firm.customer("Kund AB", delivery="print")
    paid = dunning.late(customer=customer)
    dunning.run()
    firm.paid("1250.00", paid, payment_date="2026-11-20")
    unpaid = dunning.late("4000.00", customer=customer)
    shown = dunning.done("interest-invoices/preview")
    (charge,) = shown["charges"]
    assert [(each["interest"], each["costs"]["reminder_fee"]) for each in charge["lines"]] == [
        ("6.85", "60.00"),
        ("31.51", "0.00"),
    ]
    result = dunning.done("interest-invoices")
    (made,) = result["invoices"]
    assert (made["total"], made["lines"]) == ("98.36", charge["lines"])
    firm.office.settle()
    invoice = firm.invoice(made)
    assert (invoice["status"], invoice["vat"], invoice["ledger"]["status"]) == ("issued", "0.00", "posted")
    assert invoice["rows"][0]["description"] == "Dröjsmålsränta på faktura 1001"
    balances = firm.balances()
    assert (balances["8313"], balances["3540"]) == ("-38.36", "-60.00")
    assert firm.agreement()["agrees"] is True

    assert dunning.done("interest-invoices")["invoices"] == []
    stand_at(NOW + timedelta(days=10))
    again = dunning.done("interest-invoices/preview")["charges"][0]["lines"]
    assert [(each["invoice_number"], each["interest"]) for each in again] == [(1002, "13.70")]
    assert again[0]["interest_spans"][0]["first"] == after(1)
    found = firm.ok("GET", f"{ROOT}/invoices/{unpaid['invoice_id']}")["interest_invoices"]
    assert found == [{"last": TODAY.isoformat(), "amount": "31.51", "invoice_id": made["invoice_id"]}]


def test_an_invoice_credited_in_full_bears_neither_interest_nor_costs(dunning: Dunning) -> None:
    firm = dunning.firm
    dunning.choose(**FEE)
    whole, part = dunning.late("100000.00"), dunning.late("100000.00")
    dunning.run(whole)
    firm.credited(whole)
    firm.credited(part, (0, "0.4"))
    firm.office.settle()
    shown = dunning.done("interest-invoices/preview")
    ((line,),) = [each["lines"] for each in shown["charges"]]
    assert (line["invoice_number"], [each["principal"] for each in line["interest_spans"]]) == (
        1002,
        ["75000.00"],
    )
    assert [(each["invoice_number"], each["reason"]) for each in shown["left_out"]] == [(1001, "credited")]


def test_interest_invoiced_of_a_debt_that_was_paid_in_time_is_told_until_it_is_credited(
    dunning: Dunning,
) -> None:
    firm = dunning.firm
    customer = firm.customer()
    sooner, in_time = (dunning.late("100000.00", customer=customer) for _ in range(2))
    (made,) = dunning.done("interest-invoices")["invoices"]
    firm.office.settle()
    firm.paid("125000.00", sooner, payment_date="2026-11-05")
    firm.paid("125000.00", in_time, payment_date=DUE)
    firm.office.settle()
    told = dunning.done("interest-invoices")
    assert (made["total"], told["invoices"]) == ("1575.34", [])
    assert [(each["invoice_number"], each["reason"], each["detail"]) for each in told["left_out"]] == [
        (
            number,
            "interest-to-credit",
            f"{amount} SEK too much of its interest is invoiced: credit 1003 by that.",
        )
        for number, amount in [(1001, "616.44"), (1002, "787.67")]
    ]
    firm.credited(made)
    firm.office.settle()
    shown = dunning.done("interest-invoices/preview")
    assert (shown["charges"], shown["left_out"]) == ([], [])


def test_a_part_paid_earlier_than_was_thought_is_taken_off_the_next_interest_and_said_on_the_page(
    dunning: Dunning,
) -> None:
    firm = dunning.firm
    dunning.choose(minimum_interest="0.00")
    invoice = dunning.late("100000.00")
    dunning.done("interest-invoices")
    firm.paid("25000.00", invoice, payment_date="2026-11-13")
    firm.office.settle()
    stand_at(NOW + timedelta(days=10))
    (letter_id,) = dunning.run(invoice)["letters"]
    (line,) = dunning.letter(letter_id)["lines"]
    assert (line["interest"], line["interest_correction"]) == ("205.48", "-68.49")
    assert "Rättelse av ränta som redan har fakturerats: −68,49 kr." in dunning.page(letter_id)
    (made,) = dunning.done("interest-invoices")["invoices"]
    assert (made["total"], made["lines"][0]["interest_correction"]) == ("205.48", "-68.49")
    rows = firm.invoice(made)["rows"]
    assert rows[-1]["text"] == "Rättelse av ränta som redan har fakturerats: −68,49 kr"
    assert dunning.done("interest-invoices/preview")["charges"] == []


def test_interest_bears_no_interest_and_its_reminder_no_fee(dunning: Dunning) -> None:
    firm = dunning.firm
    dunning.choose(**FEE, minimum_interest="0.00", minimum_amount="0.00")
    customer = firm.customer("Kund AB", payment_terms_days=10)
    paid = dunning.late("9000.00", customer=customer)
    firm.paid("11250.00", paid)
    firm.office.settle()
    dunning.done("interest-invoices")
    firm.office.settle()
    stand_at(NOW + timedelta(days=30))
    ((line,),) = [each["lines"] for each in dunning.done("preview")["cases"]]
    assert (line["about"], line["interest"], line["total"]) == (
        "Dröjsmålsränta på faktura 1001",
        "0.00",
        "70.89",
    )
    assert dunning.done("interest-invoices/preview")["charges"] == []


def test_an_interest_invoice_is_e_mailed_to_a_customer_that_wants_its_invoices_so(dunning: Dunning) -> None:
    firm = dunning.firm
    dunning.late("9000.00", customer=firm.customer("Kund AB", email="kund@example.com"))
    (made,) = dunning.done("interest-invoices")["invoices"]
    delivery = firm.invoice(made)["delivery"]
    assert (delivery["channel"], delivery["to"], delivery["status"]) == (
        "email",
        "kund@example.com",
        "queued",
    )
    fresh = passing("invoice_mailer", firm.office.records("InvoicingTable"))
    assert [each["dynamodb"]["NewImage"]["delivery_id"]["S"] for each in fresh] == [delivery["delivery_id"]]


def test_small_and_disputed_interest_waits_and_a_day_to_come_is_refused(dunning: Dunning) -> None:
    small, disputed = dunning.late(), dunning.late("9000.00")
    dunning.done("pauses", {"reason": "disputed", "invoice_id": disputed["invoice_id"]})
    assert dunning.reasons("interest-invoices/preview") == {
        small["number"]: "below-minimum",
        disputed["number"]: "disputed",
    }
    assert dunning.done("interest-invoices")["invoices"] == []
    assert pointers(dunning.post("interest-invoices", {"as_of": after(1)})) == {"/as_of"}


def test_an_interest_invoice_with_fees_is_an_e_invoice_with_one_line_of_tax(dunning: Dunning) -> None:
    firm = dunning.firm
    dunning.choose(**FEE, fee_account="3990")
    customer = firm.customer("Kund AB", org_no="556036-0793", address=ADDRESS, your_reference="Karin")
    dunning.late("9000.00", customer=customer)
    dunning.run()
    (made,) = dunning.done("interest-invoices")["invoices"]
    lines = [(each["vat_code"], each["base"]) for each in firm.invoice(made)["vat_lines"]]
    assert lines == [("late_compensation", "60.00"), ("late_interest", "70.89")]
    xml = firm.call("GET", f"/invoices/{made['invoice_id']}/peppol")
    assert xml.status == 200, xml.text
    document = b64decode(xml.text).decode()
    assert document.count("<cac:TaxSubtotal>") == 1
    assert '<cbc:TaxableAmount currencyID="SEK">130.89</cbc:TaxableAmount>' in document


def test_two_that_invoice_interest_at_once_make_one_invoice(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    dunning.late("9000.00")
    inner = list[Any]()

    def add_after_another(*given: Any) -> Any:
        if not inner:
            inner.append(None)
            inner.append(dunning.done("interest-invoices"))
        return add_charge_invoice(*given)

    monkeypatch.setattr("samklang.ledger.dunning.charging.add_charge_invoice", add_after_another)
    outer = dunning.done("interest-invoices")
    assert (len(inner[1]["invoices"]), outer["invoices"]) == (1, [])
    assert {each["number"] for each in dunning.firm.listed("/invoices")} == {1001, 1002}


def test_what_stops_interest_invoices_halfway_is_told_with_those_made_and_the_rest_follow(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        dunning.late("9000.00", customer=dunning.firm.customer(email=f"kund{number}@example.com"))
    with monkeypatch.context() as patch:
        patch.setattr("samklang.invoicing.store.deliveries.MAILS_A_DAY", 2)
        first = dunning.post("interest-invoices", {}, key="k").body
        assert (len(first["invoices"]), first["left"]) == (2, 1)
        assert "2 of 2 e-mails are sent today" in first["stopped"]
        assert code(dunning.post("interest-invoices", {}, key="k")) == (429, "too-many-mails")
    rest = dunning.post("interest-invoices", {}, key="k").body
    assert (len(rest["invoices"]), rest["left"], rest["stopped"]) == (1, 0, None)
    assert dunning.post("interest-invoices", {}, key="k").body == rest


def test_a_run_that_is_kept_from_going_on_tells_what_it_has_sent(
    dunning: Dunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_OPERATIONS", 6)
    for number in range(2):
        dunning.firm.issue(customer=dunning.firm.customer(f"Kund {number}"), **LATE)
    dunning.firm.office.settle()
    write, written = store.put_letter, list[bool]()

    def put_letter(transaction: Transaction, *rest: Any) -> None:
        if written:
            raise Contention("somebody else writes all the time")
        written.append(True)
        write(transaction, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(store, "put_letter", put_letter)
        patch.setattr("samklang.platform.dynamo._LONGEST_WAIT", 0.0)
        result = dunning.run()
    assert (len(result["steps"]), result["left"]) == (1, 1)
    assert result["stopped"] is not None
    assert len(dunning.run()["steps"]) == 1


def test_the_compensation_is_posted_on_its_own_account_and_takes_the_fees_place(dunning: Dunning) -> None:
    dunning.choose(**FEE, compensation=True)
    dunning.late()
    dunning.run()
    (made,) = dunning.done("interest-invoices")["invoices"]
    assert made["lines"][0]["costs"] == {
        "reminder_fee": "0.00",
        "collection_fee": "0.00",
        "compensation": "450.00",
    }
    dunning.firm.office.settle()
    assert dunning.firm.balances()["3990"] == "-450.00"


# ---------------------------------------------------------------- collection


def test_no_interest_agreed_is_told_to_the_agency_as_such(dunning: Dunning) -> None:
    dunning.choose(interest="agreed", agreed_rate="0", agreed_with_consumers=True)
    dunning.to_the_end(dunning.late())
    (case,) = dunning.done("collection-export")["cases"]
    assert (case["interest"], case["interest_rule"]) == (
        "0.00",
        "Avtalad ränta 0\N{NO-BREAK SPACE}% per år på kapitalet",
    )


def test_a_collection_notice_says_what_the_law_asks_and_its_case_is_handed_over_once(
    dunning: Dunning,
) -> None:
    firm = dunning.firm
    dunning.choose(**FEE, interest="agreed", agreed_rate="12")
    customer = firm.customer("Kund AB", org_no="556036-0793", address=ADDRESS)
    invoice = dunning.late(customer=customer)
    assert dunning.reasons("preview") == {}
    assert dunning.done("collection-export", {"invoice_ids": [invoice["invoice_id"]]})["cases"] == []
    dunning.to_the_end(invoice)
    assert dunning.stages(invoice) == ["reminder_1", "reminder_2", "collection_notice"]
    notice = firm.ok("GET", f"{ROOT}/letters")["items"][0]
    page = dunning.page(notice["letter_id"])
    for words in (
        "Inkassokrav",
        "har en fordran på dig",
        "Avser: Arbete",
        "Kapital 1 250,00 kr",
        "Ränta 12 % på 1 250,00 kr från 2026-11-01 till och med 2026-12-17, 47 dagar",
        "Ersättning för inkassokrav 180,00 kr",
        "Påminnelseavgift 60,00 kr",
        f"senast {after(34)} till:",
    ):
        assert words in page, words

    assert dunning.reasons() == {1001: "ready-for-collection"}
    export = dunning.done("collection-export")
    (case,) = export["cases"]
    assert (case["principal"], case["interest"], case["total"]) == ("1250.00", "23.84", "1513.84")
    assert case["interest_rule"] == "Avtalad ränta 12\N{NO-BREAK SPACE}% per år på kapitalet"
    assert [step["stage"] for step in case["history"]] == ["reminder_1", "reminder_2", "collection_notice"]
    header, line = export["csv"].splitlines()
    found = dict(zip(header.lstrip("\ufeff").split(";"), line.split(";"), strict=True))
    assert (found["Kapital"], found["Org.nr"], found["Adress"]) == (
        "1250,00",
        "556036-0793",
        "Gatan 2, 411 01 Göteborg",
    )
    assert firm.ok("GET", f"{ROOT}/collection-exports/{export['export_id']}", user=STAFF) == export
    again = dunning.done("collection-export")
    assert (again["cases"], again["left_out"]) == ([], [])
    assert dunning.reasons() == {1001: "handed-over"}
    firm.office.settle()
    assert firm.invoice(invoice)["dunning"]["stage"] == "handed_over"
    assert date.fromisoformat(export["day"]) == TODAY + timedelta(days=35)
