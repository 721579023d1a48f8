"""The messages AWS sends to a destination when it gives an event up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.lambdas import Outcome
    from local.template import Function


def message(function: Function, outcome: Outcome, condition: str, attempts: int) -> dict[str, Any]:
    """What every such message holds: which function, why, how often it was tried."""
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if outcome.error:
        response["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "responseContext": response,
    }
