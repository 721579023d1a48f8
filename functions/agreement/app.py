"""Every night: whether each active company's books agree. The schedule asks, the queue is answered."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import nightly
from samklang.platform.logs import logger, metrics
from samklang.platform.queues import each_message


def check(wanted: dict[str, str]) -> None:
    """Check the company a message names."""
    nightly.check_company(wanted["company_id"])


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Check the companies of a batch, telling which failed; on schedule, put every company on the queue."""
    if "Records" not in event:
        logger.info("checks asked for", companies=nightly.ask_for_checks())
        return None
    answer = each_message(event, context, check)
    metrics.flush_metrics()
    return answer
