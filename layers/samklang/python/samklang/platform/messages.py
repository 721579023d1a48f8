"""Messages put on a queue, as many in a call as SQS takes."""

from __future__ import annotations

import json
from itertools import batched
from typing import TYPE_CHECKING

from samklang.platform.clients import sqs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_AT_A_TIME = 10
"""What SQS takes in one call."""


def send_all(queue_url: str, messages: Iterable[Mapping[str, str]]) -> int:
    """Put messages on a queue, each as JSON; how many it was.

    Raises:
        RuntimeError: the queue did not take them all; those before are on it.
    """
    count = 0
    for some in batched(messages, _AT_A_TIME, strict=False):
        answer = sqs().send_message_batch(
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(place), "MessageBody": json.dumps(message)} for place, message in enumerate(some)
            ],
        )
        if answer.get("Failed"):
            raise RuntimeError(f"the queue did not take {len(answer['Failed'])} messages")
        count += len(some)
    return count
