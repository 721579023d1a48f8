"""Once a month: ask for a report for every active company."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.overview import service
from samklang.platform.logs import logger


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Put one message per company on the queue."""
    logger.info("reports asked for", companies=service.ask_for_reports())
