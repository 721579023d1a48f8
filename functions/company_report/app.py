"""One company's monthly report, asked for on the queue."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.overview import service
from samklang.platform.queues import each_message


def make_report(wanted: dict[str, str]) -> None:
    """Make the report a message asks for."""
    service.make_report(wanted["company_id"], wanted["month"])


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Make the reports of a batch; those that fail are sent again."""
    return each_message(event, context, make_report)
