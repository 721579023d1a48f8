"""The ledger's stream to SES: reminders and collection notices by e-mail."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.dunning import mailing
from samklang.platform import streams
from samklang.platform.logs import metrics


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send a batch of new letters, telling from where to send again; ``{"replay": company}`` sends all."""
    if "replay" in event:
        answer: dict[str, Any] = {"looked_at": mailing.mail_queued(event["replay"])}
    else:
        answer = streams.by_company(event, mailing.mail_new)
    metrics.flush_metrics()
    return answer
