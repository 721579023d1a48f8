"""Invoices by e-mail through the whole cloud: queued over HTTP, taken by SES, their fate on the invoice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from samklang.invoicing.mailing import CLAIM
from tests.cloud.company import Company, at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.mailbox import Mail
    from local.testing import LocalCloud

MAILER = "InvoiceMailerFunction"


@pytest.fixture(autouse=True)
def calm(cloud: LocalCloud) -> Iterator[None]:
    """No fault and no moved clock is left over, before or after."""
    cloud.clear_faults()
    cloud.wait_idle()
    yield
    cloud.clear_faults()
    cloud.move_clock("reset")


def address(company: Company, kind: str = "success") -> str:
    """An address of SES's mailbox simulator that is this company's alone."""
    return f"{kind}+{company.company_id}@simulator.amazonses.com"


def send(company: Company, invoice: dict[str, Any], kind: str = "success", **body: Any) -> dict[str, Any]:
    """Ask for an e-mail; nothing is waited for."""
    wanted = {"to": address(company, kind), **body}
    made: dict[str, Any] = company.post(f"invoices/{invoice['invoice_id']}/send", wanted).expect(200)
    return made


def shown(company: Company, invoice: dict[str, Any]) -> tuple[str, str]:
    """Which sending the invoice shows, and how it went."""
    state = company.invoice(invoice["invoice_id"])["delivery"]
    return state["delivery_id"], state["status"]


def mails(company: Company, kind: str = "success") -> list[Mail]:
    return company.cloud.mails(address(company, kind))


def test_given_a_customer_with_an_address_when_its_invoice_is_sent_then_the_pdf_arrives_and_it_shows(
    company: Company,
) -> None:
    customer = {"name": "Åsas Bageri", "kind": "private", "email": address(company)}
    customer_id = company.post("customers", customer).expect(201)["customer_id"]
    invoice = company.issue("1250.00", customer_id=customer_id)
    made = company.post(f"invoices/{invoice['invoice_id']}/send", {"message": "Tack!\nVi ses."}).expect(200)
    assert (made["channel"], made["to"], made["status"]) == ("email", address(company), "queued")
    company.cloud.wait_idle()

    (mail,) = mails(company)
    assert mail.subject == f"Faktura {invoice['number']} från Firman AB"
    assert mail.message["From"] == "Firman AB via Samklang <faktura@samklang.example>"
    assert "Tack!\nVi ses." in mail.text
    assert "Tack!<br>Vi ses." in mail.html
    pdf = company.get(f"invoices/{invoice['invoice_id']}/pdf").content
    assert mail.attachments == {f"faktura-{invoice['number']}.pdf": pdf}
    now = company.invoice(invoice["invoice_id"])
    assert (now["status"], now["delivery"]["status"]) == ("sent", "delivered")
    (delivery,) = company.get(f"invoices/{invoice['invoice_id']}/deliveries").expect(200)["items"]
    assert (delivery["delivery_id"], delivery["message_id"]) == (made["delivery_id"], mail.message_id)
    company.assert_agreement("1250.00")


@pytest.mark.parametrize(
    ("kind", "status", "words", "diagnostic"),
    [
        ("bounce", "bounced", "Adressen finns inte", "smtp; 550 5.1.1 user unknown"),
        ("suppressionlist", "bounced", "spärrad", None),
        ("complaint", "complained", "skräppost", "abuse"),
    ],
)
def test_given_an_address_that_does_not_take_it_when_sent_then_the_invoice_says_why_and_is_sent_elsewhere(
    company: Company, kind: str, status: str, words: str, diagnostic: str | None
) -> None:
    invoice = company.issue()
    first = send(company, invoice, kind)
    company.cloud.wait_idle()
    state = company.invoice(invoice["invoice_id"])["delivery"]
    assert (state["delivery_id"], state["status"]) == (first["delivery_id"], status)
    assert words in state["reason"]

    second = send(company, invoice)
    company.cloud.wait_idle()
    assert shown(company, invoice) == (second["delivery_id"], "delivered")
    newest, oldest = company.every(f"invoices/{invoice['invoice_id']}/deliveries", "bureau")
    assert (newest["delivery_id"], newest["status"]) == (second["delivery_id"], "delivered")
    assert (oldest["status"], oldest["diagnostic"]) == (status, diagnostic)
    assert [len(mails(company, each)) for each in (kind, "success")] == [1, 1]


def test_given_one_key_when_sent_many_times_at_once_then_one_mail_goes(company: Company) -> None:
    invoice = company.issue()
    path, body = f"invoices/{invoice['invoice_id']}/send", {"to": address(company)}
    headers = {"Idempotency-Key": f"send-{company.company_id}"}
    answers = at_once(6, lambda _: company.post(path, body, "client", **headers).expect(200))
    company.cloud.wait_idle()

    assert len({each["delivery_id"] for each in answers}) == 1
    assert len(mails(company)) == 1
    assert shown(company, invoice) == (answers[0]["delivery_id"], "delivered")


def test_given_two_sends_at_once_when_both_have_gone_then_the_invoice_shows_one_and_what_became_of_it(
    company: Company,
) -> None:
    invoice = company.issue()
    kinds = ["success", "bounce", "success", "bounce"]
    made = at_once(4, lambda place: send(company, invoice, kinds[place]))
    company.cloud.wait_idle()

    fates = {each["delivery_id"]: fate for each, fate in zip(made, ["delivered", "bounced"] * 2, strict=True)}
    listed = company.every(f"invoices/{invoice['invoice_id']}/deliveries")
    assert {each["delivery_id"]: each["status"] for each in listed} == fates
    found, status = shown(company, invoice)
    assert fates[found] == status
    assert [len(mails(company, kind)) for kind in ("success", "bounce")] == [2, 2]


def test_given_a_throttled_ses_when_sent_then_it_goes_once_when_there_is_room(company: Company) -> None:
    company.cloud.fault(MAILER, "throttle", operation="SendEmail", times=8)
    invoice = company.issue()
    made = send(company, invoice)
    company.cloud.wait_idle()

    assert company.cloud.faults() == []
    assert shown(company, invoice) == (made["delivery_id"], "delivered")
    assert len(mails(company)) == 1


def test_given_a_crash_after_ses_took_it_when_tried_again_then_it_has_gone_once(company: Company) -> None:
    company.cloud.fault(MAILER, "crash_after", operation="SendEmail")
    invoice = company.issue()
    made = send(company, invoice)
    company.cloud.wait_idle()

    assert company.cloud.faults() == []
    assert shown(company, invoice) == (made["delivery_id"], "delivered")
    assert len(mails(company)) == 1


def test_given_a_crash_before_ses_got_it_when_the_claim_has_run_out_then_it_goes(company: Company) -> None:
    cloud = company.cloud
    cloud.fault(MAILER, "crash_before", operation="SendEmail")
    invoice = company.issue()
    made = send(company, invoice)
    ends = time.monotonic() + 10
    while cloud.faults() and time.monotonic() < ends:
        time.sleep(0.02)
    assert (mails(company), shown(company, invoice)) == ([], (made["delivery_id"], "queued"))
    cloud.move_clock(f"+PT{CLAIM.seconds + 1}S")
    cloud.wait_idle()

    assert shown(company, invoice) == (made["delivery_id"], "delivered")
    assert len(mails(company)) == 1


def test_given_a_crash_around_the_notes_of_it_when_tried_again_then_it_has_gone_once(
    company: Company,
) -> None:
    # The mailer's first write is its claim, the second its note of what SES answered.
    company.cloud.fault(MAILER, "crash_before", call=2, operation="TransactWriteItems")
    company.cloud.fault("MailEventsFunction", "crash_after", operation="TransactWriteItems")
    invoice = company.issue()
    made = send(company, invoice, "bounce")
    company.cloud.wait_idle()

    assert company.cloud.faults() == []
    assert shown(company, invoice) == (made["delivery_id"], "bounced")
    assert len(mails(company, "bounce")) == 1


def test_given_batches_delivered_twice_when_sent_then_one_mail_goes_and_the_fate_is_the_same(
    company: Company,
) -> None:
    company.cloud.fault(MAILER, "deliver_twice")
    company.cloud.fault("MailEventsFunction", "deliver_twice")
    invoice = company.issue()
    made = send(company, invoice, "bounce")
    company.cloud.wait_idle()

    assert company.cloud.faults() == []
    assert shown(company, invoice) == (made["delivery_id"], "bounced")
    assert len(mails(company, "bounce")) == 1


def test_given_everything_sent_when_a_company_is_replayed_then_nothing_goes_again(company: Company) -> None:
    send(company, company.issue())
    company.cloud.wait_idle()

    answer = company.cloud.invoke(MAILER, {"replay": company.company_id})

    assert answer == {"payload": {"looked_at": 0}, "error": None}
    assert len(mails(company)) == 1


def test_given_the_greeting_of_ses_when_the_cloud_began_then_nobody_stumbled_over_it(
    cloud: LocalCloud,
) -> None:
    assert cloud.messages("MailEventsFailures") == []
    assert cloud.messages("InvoiceMailerFailures") == []
