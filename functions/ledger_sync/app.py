"""Invoicing's stream into the ledger."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import sync
from samklang.platform import streams
from samklang.platform.logs import metrics


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Post a batch of changes; report from where to send again."""
    answer = streams.by_company(event, sync.post_changes)
    metrics.flush_metrics()
    return answer
