"""Gives queued invoices to SES, with the PDF.

SES knows no idempotency, so nobody can promise that an e-mail goes exactly once. What is done about it:

- A sending is claimed before SES is called, and released when SES says no. One that is claimed is left alone
  for as long as its function may run.
- A crash between SES's answer and our note of it leaves the claim. SES tells of the e-mail meanwhile (its
  event ``Send``, seconds later, finds the sending by its tags): when the claim has run out, the sending is
  no longer queued and is not sent again. Only if that event is lost or late too does the e-mail go twice.
- A sending whose claims keep ending in the unknown, such as one that crashes the function, is given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from samklang.invoicing import letters, sending
from samklang.invoicing.letterhead import page_with_logo
from samklang.invoicing.pdf import render_pdf
from samklang.invoicing.sending import News
from samklang.invoicing.store import deliveries, invoices
from samklang.platform import clock, mail
from samklang.platform.dynamo import Contention
from samklang.platform.logs import logger, metrics

if TYPE_CHECKING:
    from samklang.invoicing.model.sending import Delivery
    from samklang.platform.streams import Change

CLAIM = timedelta(minutes=3)
"""Longer than invoice_mailer may run (template.yaml), and than SES takes to tell what it has sent."""

MOST_TRIES = 5

LONGEST_NAME = 47  # with " via Samklang" what a mailbox shows of a name


def mail_new(company_id: str, changes: list[Change]) -> None:
    """Send the e-mails that a company's new sendings ask for.

    Raises:
        Contention: one could not be sent now; those before it are.
    """
    for change in changes:
        assert change.after is not None  # a sending is never removed
        _mail(company_id, change.after["invoice_id"], change.after["delivery_id"])


def mail_queued(company_id: str) -> int:
    """Send every e-mail of a company that is still queued; how many there were.

    Raises:
        Contention: one could not be sent now; those before it are.
    """
    waiting = list(deliveries.queued(company_id))
    for each in waiting:
        _mail(company_id, each.invoice_id, each.delivery_id)
    return len(waiting)


def _mail(company_id: str, invoice_id: str, delivery_id: str) -> None:
    pending = deliveries.pending(company_id, invoice_id, delivery_id)
    if pending is None or pending.delivery.status != "queued":
        return  # sent before: records come more than once
    now = clock.timestamp()
    if pending.claimed_at and datetime.fromisoformat(pending.claimed_at) > clock.now() - CLAIM:
        raise Contention(f"{delivery_id} is being sent, or was when somebody crashed")
    if pending.tries >= MOST_TRIES:
        logger.error("a sending is given up", delivery=delivery_id)
        sending.learn(company_id, invoice_id, delivery_id, News("failed", letters.GIVEN_UP))
        return
    deliveries.claim(company_id, pending, now)
    try:
        message_id = mail.send(_written(company_id, pending.delivery))
    except mail.Refused as refusal:
        logger.warning("SES refuses a sending", delivery=delivery_id, words=str(refusal))
        metrics.add_metric("MailRefused", MetricUnit.Count, 1)
        sending.learn(company_id, invoice_id, delivery_id, News("failed", letters.REFUSED, str(refusal)))
    except mail.NotTaken as answer:
        deliveries.release(company_id, pending.delivery, now)
        raise Contention(str(answer)) from answer
    else:
        metrics.add_metric("MailSent", MetricUnit.Count, 1)
        sending.learn(company_id, invoice_id, delivery_id, News("sent", message_id=message_id))


def _written(company_id: str, delivery: Delivery) -> mail.Mail:
    """The e-mail of a sending."""
    invoice = invoices.invoice(company_id, delivery.invoice_id)
    assert invoice is not None  # an issued invoice is never removed
    assert delivery.to is not None  # an e-mail has an address
    page = page_with_logo(company_id, invoice)
    letter = letters.invoice_letter(page, invoice.remaining, delivery.message)
    name = f"{'faktura' if page.kind == 'invoice' else 'kreditfaktura'}-{page.number}.pdf"
    identity = (company_id, delivery.invoice_id, delivery.delivery_id)
    return mail.Mail(
        sender=f"{mail.shortened(page.seller.name, LONGEST_NAME)} via Samklang",
        reply_to=page.seller.email,
        to=delivery.to,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        attachments=(mail.Attachment(name, "application/pdf", render_pdf(page)),),
        tags=dict(zip(sending.TAGS, identity, strict=True)),
    )
