"""Invoices by e-mail: queued by the client, sent once by invoice_mailer, and what SES tells of them."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from moto.ses.models import ses_backends

from local import provision
from local.template import ACCOUNT, REGION
from samklang.invoicing import mailing
from samklang.platform import mail as platform_mail
from tests.functions.books import NOW, Office, Record, passing, stand_at
from tests.functions.conftest import ROOT, STAFF, Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytest_plugins = ["tests.functions.an_office"]

TO = "kund@example.com"
SENDER = "faktura@samklang.example"


class Post:
    """A firm's e-mail: what its stream asks for, what SES took, and what SES tells."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.firm = office.firm()
        provision.create_mail(office.cloud.template, boto3.client("sesv2"))
        self._seen: str | None = None

    @property
    def sent(self) -> list[EmailMessage]:
        """What SES has taken."""
        found = (message_from_string(each.raw_data, policy=default) for each in self.taken())
        return [each for each in found if isinstance(each, EmailMessage)]

    @staticmethod
    def taken() -> list[Any]:
        """The same, as moto keeps it."""
        return list(ses_backends[ACCOUNT][REGION].sent_messages)

    def invoice(self, **values: Any) -> Any:
        """A new invoice of 1 250 kronor to a customer with an address."""
        customer = self.firm.customer("Kund & Söner AB", **{"email": TO, **values})
        return self.firm.issue("1000.00", customer=customer)

    def send(self, invoice: Any, user: str | None = None, key: str | None = None, **body: Any) -> Answer:
        """Ask to send an invoice."""
        headers = {"Idempotency-Key": key} if key else None
        return self.firm.call("POST", f"/invoices/{invoice['invoice_id']}/send", body, user, headers)

    def queue(self, invoice: Any, **body: Any) -> Any:
        """A new sending."""
        answer = self.send(invoice, **body)
        assert answer.status == 200, answer.text
        return answer.body

    def news(self) -> list[Record]:
        """What the stream has for invoice_mailer."""
        fresh = self.office.records("InvoicingTable", self._seen)
        if fresh:
            self._seen = fresh[-1]["dynamodb"]["SequenceNumber"]
        return passing("invoice_mailer", fresh)

    def deliver(self, records: Sequence[Record]) -> list[str]:
        """Hand records to invoice_mailer; those it wants to have again."""
        return self.office.deliver("invoice_mailer", records)

    def run(self) -> None:
        """Let the stream bring what is new."""
        assert self.deliver(self.news()) == []

    def tell(self, delivery: Any, kind: str, **details: Any) -> None:
        """Have SES tell of a sending's e-mail."""
        tags = {"company": self.firm.company_id, **{k: delivery[f"{k}_id"] for k in ("invoice", "delivery")}}
        event = ses_event(kind, {name: [value] for name, value in tags.items()}, **details)
        assert hear(self.office, event) == []

    def now(self, delivery: Any) -> Any:
        """A sending as it is now."""
        items = self.firm.ok("GET", f"/invoices/{delivery['invoice_id']}/deliveries")["items"]
        return next(each for each in items if each["delivery_id"] == delivery["delivery_id"])

    def shown(self, invoice: Any) -> tuple[str, str]:
        """Which sending the invoice shows, and how that went."""
        state = self.firm.invoice(invoice)["delivery"]
        return state["delivery_id"], state["status"]


@pytest.fixture
def post(office: Office) -> Post:
    return Post(office)


BOUNCE = {
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": TO, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
    }
}
DETAILS: dict[str, dict[str, Any]] = {
    "Send": {"send": {}},
    "Delivery": {"delivery": {"recipients": [TO]}},
    "Bounce": BOUNCE,
    "Complaint": {"complaint": {"complaintFeedbackType": "abuse"}},
    "Reject": {"reject": {"reason": "Bad content"}},
    "DeliveryDelay": {"deliveryDelay": {"delayType": "MailboxFull"}},
}


def ses_event(kind: str, tags: dict[str, list[str]], **details: Any) -> dict[str, Any]:
    mail = {"messageId": "ses-1", "destination": [TO], "tags": {"ses:from-domain": ["x"], **tags}}
    return {"eventType": kind, "mail": mail, **(details or DETAILS[kind])}


def hear(office: Office, *events: Any) -> list[str]:
    """Hand SES's events to mail_events; the messages it wants to have again."""
    records = [
        {"messageId": str(number), "eventSource": "aws:sqs", "body": json.dumps(each)}
        for number, each in enumerate(events)
    ]
    answer = office.invoke("mail_events", {"Records": records})
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@contextmanager
def ses_answers(error: Exception) -> Iterator[None]:
    """SES does not take what it is given."""

    class Ses:
        @staticmethod
        def send_email(**_: Any) -> None:
            raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platform_mail, "sesv2", Ses)
        yield


def ses_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendEmail")


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


# ---------------------------------------------------------------- asking


def test_an_invoice_is_queued_then_sent_with_its_pdf_to_the_customers_own_address(post: Post) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice, message="Tack för\nbesöket!")
    assert (delivery["channel"], delivery["to"], delivery["status"]) == ("email", TO, "queued")
    assert post.shown(invoice) == (delivery["delivery_id"], "queued")
    assert post.firm.invoice(invoice)["status"] == "issued"

    post.run()

    (mail,) = post.sent
    assert mail["From"] == f"Ateljé Lövgren AB via Samklang <{SENDER}>"
    assert (mail["To"], mail["Reply-To"]) == (TO, "anna@example.se")
    assert mail["Subject"] == "Faktura 1001 från Ateljé Lövgren AB"
    (pdf,) = mail.iter_attachments()
    assert pdf.get_filename() == "faktura-1001.pdf"
    page = post.firm.call("GET", f"/invoices/{invoice['invoice_id']}/pdf")
    assert b64encode(pdf.get_content()).decode() == page.text
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Tack för\r\nbesöket!" in text.get_content()
    assert post.taken()[0].source == SENDER
    now = post.now(delivery)
    assert (now["status"], now["message_id"]) == ("sent", post.taken()[0].id)
    shown = post.firm.invoice(invoice)
    assert (shown["status"], shown["delivery"]["status"], shown["version"]) == (
        "sent",
        "sent",
        invoice["version"],
    )
    assert shown["sent_at"] == now["at"]


def test_a_named_address_is_used_instead_of_the_customers_and_of_its_channel(post: Post) -> None:
    invoice = post.invoice(email=None, delivery="print")
    delivery = post.queue(invoice, to="ekonomi@räksmörgås.se")
    post.run()
    assert (delivery["channel"], delivery["to"]) == ("email", "ekonomi@räksmörgås.se")
    assert [mail["To"] for mail in post.sent] == ["ekonomi@xn--rksmrgs-5wao1o.se"]


def test_a_printed_invoice_is_sent_at_once_and_no_mail_is(post: Post) -> None:
    invoice = post.invoice(delivery="print")
    delivery = post.queue(invoice)
    assert (delivery["channel"], delivery["to"], delivery["status"]) == ("print", None, "printed")
    shown = post.firm.invoice(invoice)
    assert (shown["status"], shown["sent_at"]) == ("sent", delivery["at"])
    assert post.news() == []


def test_an_einvoice_is_the_clients_own_to_hand_on(post: Post) -> None:
    invoice = post.invoice(delivery="einvoice")
    answer = post.send(invoice)
    assert code(answer) == (409, "no-access-point")
    assert f"/invoices/{invoice['invoice_id']}/peppol" in answer.body["detail"]
    assert post.send(invoice, channel="email").status == 200


@pytest.mark.parametrize(
    ("email", "body", "reason"),
    [
        (None, {}, "missing"),
        (None, {"channel": "email"}, "missing"),
        ("åsa@example.com", {}, "unsupported"),
        (TO, {"to": "åsa@example.com"}, "unsupported"),
    ],
)
def test_without_a_usable_address_it_is_refused_with_what_to_do(
    post: Post, email: str | None, body: dict[str, str], reason: str
) -> None:
    answer = post.send(post.invoice(email=email), **body)
    assert code(answer) == (422, "validation")
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [("/to", reason)]
    assert post.news() == []


def test_only_issued_invoices_of_an_active_company_are_sent_and_by_their_client(post: Post) -> None:
    draft, invoice = post.firm.draft(), post.invoice()
    assert code(post.send(draft)) == (409, "not-issued")
    assert code(post.send({"invoice_id": f"inv_{'0' * 20}"})) == (404, "not-found")
    assert code(post.firm.call("GET", f"/invoices/inv_{'0' * 20}/deliveries")) == (404, "not-found")
    assert code(post.send(invoice, user=STAFF)) == (409, "not-master")
    sent = post.queue(invoice)
    post.office.cloud.dynamodb.update_item(
        TableName=post.office.cloud.template.name("PlatformTable"),
        Key={"pk": {"S": f"COMPANY#{post.firm.company_id}"}, "sk": {"S": "COLLABORATION"}},
        UpdateExpression="SET #s = :ended",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":ended": {"S": "ended"}},
    )
    assert code(post.send(invoice)) == (409, "not-active")
    assert post.now(sent) == sent


def test_the_same_key_sends_once_and_another_body_under_it_is_refused(post: Post) -> None:
    invoice = post.invoice()
    first, again = (post.send(invoice, key="k1") for _ in range(2))
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert code(post.send(invoice, key="k1", message="Hej")) == (422, "idempotency-key-reused")
    post.run()
    assert len(post.sent) == 1


def test_sendings_are_listed_newest_first_page_by_page_for_both_parties(post: Post) -> None:
    invoice, other = post.invoice(), post.invoice()
    made = [post.queue(invoice)["delivery_id"] for _ in range(3)]
    post.queue(other)
    path = f"/invoices/{invoice['invoice_id']}/deliveries?limit=2"
    page = post.firm.ok("GET", path, user=STAFF)
    rest = post.firm.ok("GET", f"{path}&cursor={page['next']}", user=STAFF)
    assert [each["delivery_id"] for each in [*page["items"], *rest["items"]]] == sorted(made, reverse=True)
    assert rest["next"] is None
    assert code(post.firm.call("GET", f"/invoices/{other['invoice_id']}/deliveries?cursor=x")) == (
        400,
        "cursor-invalid",
    )


# ---------------------------------------------------------------- the letter


def test_a_hostile_company_name_stays_a_name(office: Office) -> None:
    name = "Firman AB; Bcc: alla@example.com"
    post = Post(office)
    post.firm = office.firm(name=name, client="mallory")
    invoice = post.invoice()
    post.queue(invoice)
    post.run()
    (mail,) = post.sent
    assert mail["From"].addresses[0].display_name == "Firman AB; Bcc: alla@example.com via Samklang"
    assert (mail["Bcc"], mail["Subject"]) == (None, "Faktura 1001 från Firman AB; Bcc: alla@example.com")
    assert post.taken()[0].destinations == [TO, TO]  # moto adds the header's own


def test_a_credit_note_is_sent_as_one(post: Post) -> None:
    invoice = post.invoice()
    credit_note = post.firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", {})
    post.queue(credit_note)
    post.run()
    (mail,) = post.sent
    assert mail["Subject"] == "Kreditfaktura 1002 från Ateljé Lövgren AB"
    assert [each.get_filename() for each in mail.iter_attachments()] == ["kreditfaktura-1002.pdf"]


# ---------------------------------------------------------------- once


def test_a_record_that_comes_twice_sends_once(post: Post) -> None:
    post.queue(post.invoice())
    records = post.news()
    assert [post.deliver(each) for each in (records, records, records * 2)] == [[], [], []]
    assert len(post.sent) == 1


def test_nothing_but_new_emails_goes_to_the_mailer(post: Post) -> None:
    invoice = post.invoice()
    post.queue(invoice, channel="print")
    delivery = post.queue(invoice)
    (record,) = post.news()
    assert record["dynamodb"]["NewImage"]["delivery_id"]["S"] == delivery["delivery_id"]
    assert post.deliver([record]) == []
    post.tell(delivery, "Delivery")
    assert post.news() == []


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (ses_error("TooManyRequestsException", 429), mailing.MOST_TRIES + 1),
        (ses_error("SendingPausedException"), 1),
        (ses_error("InternalServiceErrorException", 500), 1),
        (ConnectTimeoutError(endpoint_url="https://email.example"), 1),
    ],
)
def test_what_ses_did_not_take_is_sent_at_the_next_try(post: Post, error: Exception, times: int) -> None:
    delivery = post.queue(post.invoice())
    (record,) = post.news()
    for _ in range(times):
        with ses_answers(error):
            assert post.deliver([record]) == [record["dynamodb"]["SequenceNumber"]]
    assert post.now(delivery)["status"] == "queued"
    assert post.deliver([record]) == []
    assert post.now(delivery)["status"] == "sent"
    assert len(post.sent) == 1


@pytest.mark.parametrize("refusal", ["MessageRejected", "BadRequestException"])
def test_what_ses_refuses_has_failed_and_is_not_tried_again(post: Post, refusal: str) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice)
    (record,) = post.news()
    with ses_answers(ses_error(refusal)):
        assert post.deliver([record]) == []
    assert post.deliver([record]) == []
    assert post.sent == []
    now = post.now(delivery)
    assert (now["status"], now["diagnostic"]) == ("failed", f"{refusal}: no")
    assert now["reason"].startswith("Mejlet kunde inte skickas")
    shown = post.firm.invoice(invoice)
    assert (shown["status"], shown["sent_at"], shown["delivery"]["reason"]) == ("issued", None, now["reason"])

    again = post.queue(invoice)
    post.run()
    assert post.shown(invoice) == (again["delivery_id"], "sent")


def test_an_unverified_sender_is_refused_by_ses_itself(post: Post) -> None:
    boto3.client("sesv2").delete_email_identity(EmailIdentity="samklang.example")
    delivery = post.queue(post.invoice())
    post.run()
    assert post.now(delivery)["diagnostic"].startswith("MessageRejected: ")


def crash(post: Post, records: Sequence[Record]) -> None:
    """Have invoice_mailer end between SES's answer and its note of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("samklang.invoicing.sending.learn", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            post.deliver(records)


def test_after_a_crash_what_ses_tells_of_keeps_it_from_being_sent_again(post: Post) -> None:
    delivery = post.queue(post.invoice())
    records = post.news()
    crash(post, records)
    assert post.deliver(records) == [records[0]["dynamodb"]["SequenceNumber"]]  # somebody may have it in hand
    post.tell(delivery, "Send")
    assert post.deliver(records) == []
    stand_at(NOW + 2 * mailing.CLAIM)
    assert post.deliver(records) == []
    assert len(post.sent) == 1
    assert post.now(delivery)["status"] == "sent"


@pytest.mark.parametrize("broken", ["crash", "connection"])
def test_when_nobody_knows_and_ses_tells_nothing_it_is_sent_again_after_the_claim(
    post: Post, broken: str
) -> None:
    delivery = post.queue(post.invoice())
    records = post.news()
    again = [records[0]["dynamodb"]["SequenceNumber"]]
    if broken == "crash":
        crash(post, records)
    else:
        with ses_answers(ReadTimeoutError(endpoint_url="https://email.example")):
            assert post.deliver(records) == again
    before = len(post.sent)
    stand_at(NOW + mailing.CLAIM - timedelta(seconds=20))
    assert post.deliver(records) == again
    assert len(post.sent) == before
    stand_at(NOW + mailing.CLAIM + timedelta(seconds=20))
    assert post.deliver(records) == []
    assert len(post.sent) == before + 1
    assert post.now(delivery)["status"] == "sent"


def test_a_claim_outlives_the_function(post: Post) -> None:
    timeout = post.office.cloud.template.function("InvoiceMailerFunction").timeout
    assert timedelta(seconds=timeout) < mailing.CLAIM


def test_what_always_ends_in_a_crash_is_given_up(post: Post) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice)
    records = post.news()
    for number in range(mailing.MOST_TRIES):
        stand_at(NOW + 2 * number * mailing.CLAIM)
        crash(post, records)
    assert len(post.sent) == mailing.MOST_TRIES
    stand_at(NOW + 2 * mailing.MOST_TRIES * mailing.CLAIM)
    assert post.deliver(records) == []
    assert len(post.sent) == mailing.MOST_TRIES
    assert post.now(delivery)["status"] == "failed"
    post.tell(delivery, "Delivery")  # what arrived has arrived
    assert post.shown(invoice) == (delivery["delivery_id"], "delivered")


def test_a_replay_sends_what_the_stream_lost_and_nothing_twice(post: Post) -> None:
    sent, lost = post.queue(post.invoice()), post.queue(post.invoice())
    first, _ = post.news()
    assert post.deliver([first]) == []
    for left in (1, 0):
        answer = post.office.invoke("invoice_mailer", {"replay": post.firm.company_id})
        assert answer == {"looked_at": left}
    assert len(post.sent) == 2
    assert {post.now(each)["status"] for each in (sent, lost)} == {"sent"}


# ---------------------------------------------------------------- what SES tells


@pytest.mark.parametrize("kinds", list(itertools.permutations(["Send", "Delivery", "Complaint"])))
def test_news_in_any_order_and_twice_end_in_the_same(post: Post, kinds: tuple[str, ...]) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice)
    for kind in (*kinds, *kinds):
        post.tell(delivery, kind)
    now = post.now(delivery)
    assert (now["status"], now["diagnostic"], now["message_id"]) == ("complained", "abuse", "ses-1")
    assert post.shown(invoice) == (delivery["delivery_id"], "complained")
    assert post.firm.invoice(invoice)["sent_at"] is not None
    post.run()
    assert post.sent == []  # SES tells of it: it has gone


@pytest.mark.parametrize(
    ("kind", "status", "words", "diagnostic"),
    [
        ("Send", "sent", None, None),
        ("Delivery", "delivered", None, None),
        ("Bounce", "bounced", "Adressen finns inte", "smtp; 550 5.1.1 user unknown"),
        ("Complaint", "complained", "skräppost", "abuse"),
        ("Reject", "failed", "skadlig kod", "Bad content"),
        ("DeliveryDelay", "queued", None, None),
    ],
)
def test_each_kind_of_news_is_shown_with_its_reason(
    post: Post, kind: str, status: str, words: str | None, diagnostic: str | None
) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice)
    post.tell(delivery, kind)
    now, shown = post.now(delivery), post.firm.invoice(invoice)["delivery"]
    assert (now["status"], now["diagnostic"]) == (status, diagnostic)
    assert (words or "") in (now["reason"] or "")
    assert {name: now[name] for name in shown} == shown


def test_a_bounce_without_a_diagnostic_says_what_there_is(post: Post) -> None:
    bounce = {
        "bounceType": "Transient",
        "bounceSubType": "MailboxFull",
        "bouncedRecipients": [{}, {"status": "4.2.2"}],
    }
    delivery = post.queue(post.invoice())
    post.tell(delivery, "Bounce", bounce=bounce)
    assert (post.now(delivery)["diagnostic"], "full" in post.now(delivery)["reason"]) == ("4.2.2", True)


def test_news_of_an_old_sending_do_not_hide_the_newer_one(post: Post) -> None:
    invoice = post.invoice()
    old = post.queue(invoice)
    post.run()
    new = post.queue(invoice, to="annan@example.com")
    post.tell(old, "Bounce")
    assert post.shown(invoice) == (new["delivery_id"], "queued")
    assert post.now(old)["status"] == "bounced"
    post.run()
    post.tell(new, "Delivery")
    assert post.shown(invoice) == (new["delivery_id"], "delivered")


def test_mail_that_is_none_of_ours_is_noted_and_forgotten(post: Post) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice)
    company, other = [post.firm.company_id], [f"inv_{'0' * 20}"]
    events = [
        ses_event("Delivery", {}),
        ses_event("Delivery", {"company": company}),
        ses_event("Delivery", {"company": company, "invoice": other, "delivery": [delivery["delivery_id"]]}),
        {"eventType": "Delivery", "mail": {"messageId": "1"}},
    ]
    assert hear(post.office, *events) == []
    assert post.now(delivery)["status"] == "queued"


def test_a_message_that_is_no_event_comes_again_alone(post: Post) -> None:
    delivery = post.queue(post.invoice())
    tags = {"company": [post.firm.company_id], "invoice": [delivery["invoice_id"]]}
    good = ses_event("Delivery", {**tags, "delivery": [delivery["delivery_id"]]})
    assert hear(post.office, {"mail": {}}, good, "text") == ["0", "2"]
    assert post.now(delivery)["status"] == "delivered"


# ---------------------------------------------------------------- the samples


IDS = {
    "company": "com_01kb3pq7r4x9m2n5t8vw",
    "invoice": "inv_01kb3ps4d8z6n3m9q2tx",
    "delivery": "del_01kb3pv8h2c5r7w4j6ab",
}


def sample(post: Post, name: str, delivery: Any) -> Any:
    text = (ROOT / "events" / name).read_text(encoding="utf-8")
    ids = {"company_id": post.firm.company_id, **delivery}
    for kind, old in IDS.items():
        assert old in text
        text = text.replace(old, ids[f"{kind}_id"])
    return json.loads(text)


def test_the_samples_send_an_invoice_and_bring_it_back(post: Post) -> None:
    invoice = post.invoice()
    delivery = post.queue(invoice, message="Tack för förtroendet!\nVi hörs.")
    stream = sample(post, "delivery_stream.json", delivery)
    (real,) = post.news()
    (record,) = passing("invoice_mailer", stream["Records"])
    assert record["dynamodb"]["NewImage"].keys() == real["dynamodb"]["NewImage"].keys()
    assert post.office.invoke("invoice_mailer", stream) == {"batchItemFailures": []}
    assert len(post.sent) == 1

    queue = sample(post, "mail_events_queue.json", delivery)
    assert post.office.invoke("mail_events", queue) == {"batchItemFailures": []}
    assert post.shown(invoice) == (delivery["delivery_id"], "bounced")
