"""Sending an invoice to its customer, and what is learned of it afterwards.

An e-mail is queued here, in the transaction that answers the client, and sent by :mod:`mailing` from the
stream. What SES tells later finds the sending by the tags that were sent with it, in whatever order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from samklang.invoicing import letters
from samklang.invoicing.drafts import get_invoice
from samklang.invoicing.model.sending import Delivery, DeliveryPage, SendInput, has_gone, may_follow
from samklang.invoicing.store import deliveries, registers
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.logs import logger
from samklang.platform.mail import ascii_address
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.model.invoices import DeliveryStatus
    from samklang.invoicing.model.registers import Customer
    from samklang.platform.access import CompanyAccess

LONGEST_DIAGNOSTIC = 500

TAGS = ("company", "invoice", "delivery")
"""What an e-mail is tagged with: whose it is, and which."""


# ---------------------------------------------------------------- what the client does


def send(at: CompanyAccess, invoice_id: str, given: SendInput) -> Delivery:
    """Send an invoice or a credit note to its customer, for the first time or again.

    An e-mail is queued, and is on its way when the stream has brought it to ``invoice_mailer``. To print is
    to be done at once: the client prints the PDF.

    Raises:
        Problem: ``not-master``, ``not-active``, ``not-found``, ``not-issued``, ``no-access-point`` for
            e-invoices, ``validation`` if there is no address, ``too-many-mails`` of a day, ``busy``.
    """
    at.require_client("invoices")
    at.require_active()
    return retrying(lambda: _send_once(at, invoice_id, given))


def _send_once(at: CompanyAccess, invoice_id: str, given: SendInput) -> Delivery:
    invoice = get_invoice(at, invoice_id)
    if invoice.number is None:
        raise Problem("not-issued", "A draft is not sent: issue it first.")
    customer = registers.customer(at.company_id, invoice.customer_id)
    assert customer is not None  # a customer with invoices is never deleted
    now = clock.timestamp()
    channel = given.channel or ("email" if given.to else customer.delivery)
    if channel == "einvoice":
        raise Problem(
            "no-access-point",
            f"There is no Peppol access point here. Fetch …/invoices/{invoice_id}/peppol and hand the file "
            "to your access point, or send the invoice with the channel `email`.",
        )
    delivery = Delivery(
        delivery_id=new_id("del"),
        invoice_id=invoice_id,
        channel=channel,
        to=_address(given, customer) if channel == "email" else None,
        message=given.message,
        status="queued" if channel == "email" else "printed",
        requested_at=now,
        at=now,
    )
    transaction = Transaction()
    if channel == "email":
        deliveries.count(transaction, at.company_id, clock.today())
    deliveries.put(transaction, at.company_id, delivery, at.user.request_id)
    deliveries.show(transaction, at.company_id, delivery, sent_at=now if channel == "print" else None)
    try:
        return idempotency.commit(transaction, at.user, delivery)
    except ConditionFailed as failure:
        # Another sending was shown meanwhile: this one is the newer one.
        raise Contention(str(failure)) from failure


def _address(given: SendInput, customer: Customer) -> str:
    """The address to send to.

    Raises:
        Problem: ``validation``.
    """
    address = given.to or customer.email
    if address is None:
        message = f"{customer.name} has no e-mail address: add one to the customer, or name one as `to`."
        raise Problem("validation", message, (FieldError("/to", "missing", message),))
    if ascii_address(address) is None:
        message = f"E-mail to {address} cannot be sent: before @ only English letters work. Use another one."
        raise Problem("validation", message, (FieldError("/to", "unsupported", message),))
    return address


def sendings(at: CompanyAccess, invoice_id: str, limit: int, cursor: str | None) -> DeliveryPage:
    """A page of an invoice's sendings, newest first.

    Raises:
        Problem: ``not-found``.
    """
    get_invoice(at, invoice_id)
    return deliveries.page(at.company_id, invoice_id, limit, cursor)


# ---------------------------------------------------------------- what is learned of it


class News(NamedTuple):
    """Something learned of a sending."""

    status: DeliveryStatus
    reason: str | None = None
    diagnostic: str | None = None
    message_id: str | None = None


def learn(company_id: str, invoice_id: str, delivery_id: str, news: News) -> None:
    """Keep what is learned, on the sending and on its invoice, unless it is known or overtaken.

    Raises:
        Problem: ``busy``.
    """
    retrying(lambda: _learn_once(company_id, invoice_id, delivery_id, news))


def _learn_once(company_id: str, invoice_id: str, delivery_id: str, news: News) -> None:
    found = deliveries.pending(company_id, invoice_id, delivery_id)
    if found is None:
        logger.warning("news of a sending that is not ours", company=company_id, delivery=delivery_id)
        return
    before = found.delivery
    if not may_follow(before.status, news.status):
        return
    now = clock.timestamp()
    after = before.model_copy(
        update={
            "status": news.status,
            "at": now,
            "reason": news.reason,
            "diagnostic": news.diagnostic and news.diagnostic[:LONGEST_DIAGNOSTIC],
            "message_id": news.message_id or before.message_id,
        }
    )
    sent_at = now if has_gone(after.status) and not has_gone(before.status) else None
    deliveries.change(company_id, before, after, sent_at)
    logger.info("a sending has news", company=company_id, delivery=delivery_id, status=after.status)


def hear(event: Mapping[str, Any]) -> None:
    """Keep what SES tells of an e-mail; of one without our tags it is only logged.

    Raises:
        Problem: ``busy``.
        KeyError: it is no event of SES.
    """
    tags = event["mail"].get("tags", {})
    company_id, invoice_id, delivery_id = (tags.get(name, [""])[0] for name in TAGS)
    news = news_of(event)
    if not (company_id and invoice_id and delivery_id):
        logger.warning("an e-mail of no sending", message_id=event["mail"]["messageId"])
    elif news:
        learn(company_id, invoice_id, delivery_id, news)


def news_of(event: Mapping[str, Any]) -> News | None:
    """What an event of SES means for what was sent; None for what nobody is shown."""
    message_id = event["mail"]["messageId"]
    match event["eventType"]:
        case "Send":
            return News("sent", message_id=message_id)
        case "Delivery":
            return News("delivered", message_id=message_id)
        case "Bounce":
            bounce = event["bounce"]
            reason = letters.bounce_reason(bounce["bounceType"], bounce["bounceSubType"])
            said = [each.get("diagnosticCode") or each.get("status") for each in bounce["bouncedRecipients"]]
            return News("bounced", reason, next(filter(None, said), None), message_id)
        case "Complaint":
            kind = event["complaint"].get("complaintFeedbackType")
            return News("complained", letters.COMPLAINT, kind, message_id)
        case "Reject":
            return News("failed", letters.REJECTED, event["reject"].get("reason"), message_id)
    return None
