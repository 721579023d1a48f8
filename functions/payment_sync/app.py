"""The ledger's stream back to invoicing."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger import replay
from samklang.payments import sync
from samklang.platform import streams


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Bring a batch of changes back, telling from where to send again; ``{"replay": company}`` brings all."""
    if "replay" in event:
        return {"looked_at": replay.into_invoicing(event["replay"])}
    return streams.by_company(event, sync.bring_back)
