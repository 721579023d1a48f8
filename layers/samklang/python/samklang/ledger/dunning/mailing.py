"""Gives queued letters to SES, with the PDF.

SES knows no idempotency; what is done about it is what :mod:`samklang.invoicing.mailing` does with invoices:
a letter is claimed before SES is called, released when SES says no, and given up after some tries.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from samklang.invoicing import letters as email_words
from samklang.invoicing import service as invoicing
from samklang.invoicing.mailing import CLAIM, LONGEST_NAME, MOST_TRIES
from samklang.invoicing.printing import seller_party
from samklang.invoicing.sending import News
from samklang.ledger.dunning.mail_news import TAGS, learn
from samklang.ledger.dunning.pdf import render_letter
from samklang.ledger.dunning.words import email_of
from samklang.ledger.store import dunning as store
from samklang.platform import clock, mail
from samklang.platform.dynamo import Contention
from samklang.platform.logs import logger, metrics

if TYPE_CHECKING:
    from samklang.ledger.dunning.model.letters import SentLetter
    from samklang.platform.streams import Change


def mail_new(company_id: str, changes: list[Change]) -> None:
    """E-mail a company's new letters.

    Raises:
        Contention: one could not be sent now; those before it are.
    """
    for change in changes:
        assert change.after is not None  # a letter is never removed
        _mail(company_id, change.after["id"])


def mail_queued(company_id: str) -> int:
    """E-mail every letter of a company that is still queued; how many there were.

    Raises:
        Contention: one could not be sent now; those before it are.
    """
    waiting = list(store.queued_letters(company_id))
    for letter_id in waiting:
        _mail(company_id, letter_id)
    return len(waiting)


def _mail(company_id: str, letter_id: str) -> None:
    pending = store.letter(company_id, letter_id)
    if pending is None or pending.sent.delivery.status != "queued":
        return  # sent before: records come more than once
    now = clock.timestamp()
    if pending.claimed_at and datetime.fromisoformat(pending.claimed_at) > clock.now() - CLAIM:
        raise Contention(f"{letter_id} is being sent, or was when somebody crashed")
    if pending.tries >= MOST_TRIES:
        logger.error("a letter is given up", letter=letter_id)
        learn(company_id, letter_id, News("failed", email_words.GIVEN_UP))
        return
    store.claim_letter(company_id, pending, now)
    try:
        message_id = mail.send(_written(company_id, pending.sent))
    except mail.Refused as refusal:
        logger.warning("SES refuses a letter", letter=letter_id, words=str(refusal))
        metrics.add_metric("MailRefused", MetricUnit.Count, 1)
        learn(company_id, letter_id, News("failed", email_words.REFUSED, str(refusal)))
    except mail.NotTaken as answer:
        store.release_letter(company_id, letter_id, now)
        raise Contention(str(answer)) from answer
    else:
        metrics.add_metric("MailSent", MetricUnit.Count, 1)
        learn(company_id, letter_id, News("sent", message_id=message_id))


def _written(company_id: str, letter: SentLetter) -> mail.Mail:
    seller = seller_party(invoicing.seller(company_id))
    words = email_of(letter, seller)
    assert letter.delivery.to is not None  # an e-mail has an address
    name = "paminnelse" if letter.kind == "reminder" else "inkassokrav"
    pdf = mail.Attachment(f"{name}-{letter.day}.pdf", "application/pdf", render_letter(letter, seller))
    return mail.Mail(
        sender=f"{mail.shortened(seller.name, LONGEST_NAME)} via Samklang",
        reply_to=seller.email,
        to=letter.delivery.to,
        subject=words.subject,
        text=words.text,
        html=words.html,
        attachments=(pdf,),
        tags=dict(zip(TAGS, (company_id, letter.letter_id), strict=True)),
    )
