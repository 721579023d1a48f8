"""Invoicing's stream into the ledger."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import replay, sync
from samklang.platform import streams
from samklang.platform.logs import metrics


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Post a batch of changes and report from where to send again; ``{"replay": company}`` posts all anew."""
    if "replay" in event:
        return {"looked_at": replay.into_ledger(event["replay"])}
    answer = streams.by_company(event, sync.post_changes)
    metrics.flush_metrics()
    return answer
