"""SQS queues to functions, as Lambda's event source mapping reads them; and sending to queues."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from local.filters import Filter
from local.template import ACCOUNT, REGION

if TYPE_CHECKING:
    from local.faults import Faults
    from local.lambdas import Outcome, Pool
    from local.pace import Pace
    from local.store import Store
    from local.template import Event

Message = dict[str, Any]

_LARGEST_RECEIVE = 10
_LOOK_AGAIN_SECONDS = 1.0
_CONCURRENCY = 2


class Sender:
    """Sends messages to queues by ARN, as AWS does to a destination."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def url(self, arn: str) -> str:
        """A queue's URL from its ARN."""
        return f"{self._store.endpoint}/{ACCOUNT}/{arn.rpartition(':')[2]}"

    async def send(self, arn: str, body: str) -> None:
        """Send one message."""
        await self._store.call("sqs", "SendMessage", QueueUrl=self.url(arn), MessageBody=body)


class QueuePoller:
    """Reads one queue for one function."""

    def __init__(
        self, event: Event, pool: Pool, store: Store, sender: Sender, pace: Pace, faults: Faults
    ) -> None:
        properties = event.properties
        self._arn: str = properties["Queue"]
        self._url = sender.url(self._arn)
        self._batch_size = int(properties.get("BatchSize", 10))
        self._window = float(properties.get("MaximumBatchingWindowInSeconds", 0))
        self._filter = Filter(properties.get("FilterCriteria"))
        self._reports_failures = "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", [])
        self.name = f"{pool.function.logical_id}/{event.name}"
        self.topic = f"queue:{self._arn.rpartition(':')[2]}"
        self._pool = pool
        self._store = store
        self._pace = pace
        self._faults = faults
        self._wake = asyncio.Event()
        self._limit = asyncio.Semaphore(_CONCURRENCY)
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def start(self) -> None:
        """Nothing to prepare: the queue itself remembers what is done."""

    async def run(self) -> None:
        """Deliver messages until cancelled."""
        try:
            while True:
                self._wake.clear()
                await self._limit.acquire()
                messages = await self._receive()
                if messages:
                    task = asyncio.create_task(self._deliver_and_release(messages))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                    continue
                self._limit.release()
                try:
                    async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._running:
                task.cancel()

    async def is_behind(self) -> bool:
        """Whether a message is in the queue, seen or not."""
        if self._running or self._wake.is_set():
            return True
        answer = await self._store.call(
            "sqs", "GetQueueAttributes", QueueUrl=self._url, AttributeNames=["All"]
        )
        counts = [value for name, value in answer["Attributes"].items() if name.startswith("Approximate")]
        return any(int(count) for count in counts)

    def status(self) -> dict[str, Any]:
        """For people."""
        return {"queue": self._arn.rpartition(":")[2], "busy": bool(self._running)}

    # -------------------------------------------------------------------------------------- inner

    async def _receive(self) -> list[Message]:
        """A batch: as many as are there, up to its size, waiting no longer than the window."""
        ends = time.monotonic() + self._window
        found: list[Message] = []
        while len(found) < self._batch_size:
            answer = await self._store.call(
                "sqs",
                "ReceiveMessage",
                QueueUrl=self._url,
                MaxNumberOfMessages=min(self._batch_size - len(found), _LARGEST_RECEIVE),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                WaitTimeSeconds=0,
            )
            messages = answer.get("Messages", [])
            found += messages
            if not messages:
                if not found or time.monotonic() >= ends:
                    break
                await asyncio.sleep(min(0.05, self._window))
        return found

    async def _deliver_and_release(self, messages: list[Message]) -> None:
        try:
            await self._deliver(messages)
        finally:
            self._limit.release()
            self.wake()

    async def _deliver(self, messages: list[Message]) -> None:
        records = [_record(message, self._arn) for message in messages]
        wanted = [record for record in records if self._filter.passes(_for_filter(record))]
        # What the filter does not let through is done with: Lambda deletes it.
        done = {record["receiptHandle"] for record in records if record not in wanted}
        if wanted:
            event = {"Records": wanted}
            if self._faults.deliver_twice(self._pool.function.logical_id):
                await self._pool.invoke(event)
            outcome = await self._pool.invoke(event)
            failed = self._failed(wanted, outcome)
            done |= {record["receiptHandle"] for record in wanted if record["messageId"] not in failed}
        for handle in [record["receiptHandle"] for record in records]:
            if handle in done:
                await self._store.call("sqs", "DeleteMessage", QueueUrl=self._url, ReceiptHandle=handle)
            else:
                await self._show_again(handle)

    def _failed(self, records: list[dict[str, Any]], outcome: Outcome) -> set[str]:
        """Ids of the messages to deliver again."""
        everything = {record["messageId"] for record in records}
        if not outcome.ok:
            return everything
        if not self._reports_failures or not isinstance(outcome.payload, dict):
            return set()
        reported = {
            str(item.get("itemIdentifier")) for item in outcome.payload.get("batchItemFailures") or []
        }
        return everything if reported - everything else reported

    async def _show_again(self, handle: str) -> None:
        """A failed message is seen again soon: in AWS, after the queue's visibility timeout."""
        await self._store.call(
            "sqs",
            "ChangeMessageVisibility",
            QueueUrl=self._url,
            ReceiptHandle=handle,
            VisibilityTimeout=int(self._pace.queue_retry),
        )


def _record(message: Message, arn: str) -> dict[str, Any]:
    """A message as the function sees it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {key[0].lower() + key[1:]: value for key, value in attribute.items()}
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


def _for_filter(record: dict[str, Any]) -> dict[str, Any]:
    """Filters look into a body that is JSON."""
    try:
        return record | {"body": json.loads(record["body"])}
    except ValueError:
        return record
