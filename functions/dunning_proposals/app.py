"""Every morning: what is due to be dunned. The schedule asks, the queue is answered; nothing is sent."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.dunning import proposing
from samklang.platform.logs import logger
from samklang.platform.queues import each_message


def propose(wanted: dict[str, str]) -> None:
    """See what is due in the company a message names."""
    proposing.propose(wanted["company_id"])


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Look at the companies of a batch, telling which failed; on schedule, put every company on the queue."""
    if "Records" not in event:
        logger.info("proposals asked for", companies=proposing.ask_for_proposals())
        return None
    return each_message(event, context, propose)
