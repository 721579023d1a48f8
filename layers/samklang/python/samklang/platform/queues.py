"""SQS batches: each message on its own; those that fail are sent again, the others are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext


def each_message(
    event: dict[str, Any], context: LambdaContext, do: Callable[[dict[str, Any]], object]
) -> Any:
    """Do what each message asks for; report those that failed (ReportBatchItemFailures)."""

    def handle(record: SQSRecord) -> None:
        do(json.loads(record.body))

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, handle, processor, context)
