"""What SES tells of the e-mails that letters went with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samklang.invoicing import sending
from samklang.invoicing.model.sending import may_follow
from samklang.invoicing.sending import LONGEST_DIAGNOSTIC
from samklang.ledger.store import dunning as store
from samklang.platform import clock
from samklang.platform.dynamo import retrying
from samklang.platform.logs import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.sending import News

TAGS = ("company", "letter")
"""What an e-mail is tagged with: whose it is, and which."""


def hear(event: Mapping[str, Any]) -> None:
    """Keep what SES tells of an e-mail: of a letter here, of an invoice in invoicing.

    Raises:
        Problem: ``busy``.
        KeyError: it is no event of SES.
    """
    tags = event["mail"].get("tags", {})
    company_id, letter_id = (tags.get(name, [""])[0] for name in TAGS)
    if not letter_id:
        sending.hear(event)
    elif news := sending.news_of(event):
        learn(company_id, letter_id, news)


def learn(company_id: str, letter_id: str, news: News) -> None:
    """Keep what is learned of a letter, unless it is known or overtaken.

    Raises:
        Problem: ``busy``.
    """
    retrying(lambda: _learn_once(company_id, letter_id, news))


def _learn_once(company_id: str, letter_id: str, news: News) -> None:
    found = store.letter(company_id, letter_id)
    if found is None:
        logger.warning("news of a letter that is not ours", company=company_id, letter=letter_id)
        return
    before = found.sent.delivery
    if not may_follow(before.status, news.status):
        return
    after = before.model_copy(
        update={
            "status": news.status,
            "at": clock.timestamp(),
            "reason": news.reason,
            "diagnostic": news.diagnostic and news.diagnostic[:LONGEST_DIAGNOSTIC],
            "message_id": news.message_id or before.message_id,
        }
    )
    store.change_letter(company_id, letter_id, before, after)
    logger.info("a letter has news", company=company_id, letter=letter_id, status=after.status)
