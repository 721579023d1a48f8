"""Asynchronous invocations: what S3 and schedules ask for, kept in the store until it is done.

Lambda tries such an event again twice, then sends it to the function's on-failure destination.
An event is deleted after the function has dealt with it: a crash in between delivers it again.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

from local import failures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.faults import Faults
    from local.lambdas import Outcome, Pool
    from local.pace import Pace
    from local.queues import Sender
    from local.store import Notes, Store

_LOOK_AGAIN_SECONDS = 2.0
_RETRIES = 2
_OLDEST_SECONDS = 6 * 60 * 60

Item = dict[str, Any]


class AsynchronousInvocations:
    """Delivers the events in the outbox."""

    topic = "outbox"
    name = "asynchronous invocations"

    def __init__(
        self,
        pools: Mapping[str, Pool],
        store: Store,
        notes: Notes,
        sender: Sender,
        pace: Pace,
        faults: Faults,
    ) -> None:
        self._pools = {pool.function.name: pool for pool in pools.values()}
        self._store = store
        self._notes = notes
        self._sender = sender
        self._pace = pace
        self._faults = faults
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        # A query under way when an event was removed may still have seen it.
        self._removed: deque[str] = deque(maxlen=1000)

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def start(self) -> None:
        """Nothing to prepare: the outbox remembers."""

    async def put(self, function_name: str, payload: Any) -> None:
        """Have a function invoked; it is kept before this returns."""
        identity = f"{time.time_ns():020d}-{uuid.uuid4()}"
        item = {
            "pk": {"S": "outbox"},
            "sk": {"S": identity},
            "function": {"S": function_name},
            "payload": {"S": json.dumps(payload)},
            "attempts": {"N": "0"},
        }
        await self._store.call("dynamodb", "PutItem", TableName=self._notes.table, Item=item)

    async def run(self) -> None:
        """Deliver events until cancelled."""
        try:
            while True:
                self._wake.clear()
                for item in await self._pending():
                    identity = item["sk"]["S"]
                    if identity not in self._running and identity not in self._removed:
                        self._running[identity] = asyncio.create_task(self._deliver_one(item))
                try:
                    async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            for task in list(self._running.values()):
                task.cancel()

    async def is_behind(self) -> bool:
        """Whether an event waits or is being dealt with."""
        return bool(self._running or self._wake.is_set() or await self._pending())

    def status(self) -> dict[str, Any]:
        """For people."""
        return {"busy": bool(self._running), "running": len(self._running)}

    # -------------------------------------------------------------------------------------- inner

    async def _pending(self) -> list[Item]:
        answer = await self._store.call(
            "dynamodb",
            "Query",
            TableName=self._notes.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "outbox"}},
            ConsistentRead=True,
        )
        items: list[Item] = answer["Items"]
        return items

    async def _deliver_one(self, item: Item) -> None:
        try:
            await self._deliver(item)
        finally:
            del self._running[item["sk"]["S"]]

    async def _deliver(self, item: Item) -> None:
        """Invoke the function until it succeeds or the event is given up."""
        pool = self._pools.get(item["function"]["S"])
        if pool is None:  # the function is no longer in the template
            await self._remove(item)
            return
        settings = pool.function.invoke_config
        retries = int(settings.get("MaximumRetryAttempts", _RETRIES))
        oldest = int(settings.get("MaximumEventAgeInSeconds", _OLDEST_SECONDS))
        payload = json.loads(item["payload"]["S"])
        attempts = int(item["attempts"]["N"])
        while True:
            if self._faults.deliver_twice(pool.function.logical_id):
                await pool.invoke(payload)
            outcome = await pool.invoke(payload)
            attempts += 1
            if outcome.ok:
                break
            age = time.time() - int(item["sk"]["S"].partition("-")[0]) / 1e9
            if attempts > retries or age > oldest:
                reason = "RetriesExhausted" if attempts > retries else "EventAgeExceeded"
                await self._give_up(pool, payload, outcome, reason, attempts)
                break
            item["attempts"] = {"N": str(attempts)}
            await self._store.call("dynamodb", "PutItem", TableName=self._notes.table, Item=item)
            await asyncio.sleep(self._pace.asynchronous(attempts))
        await self._remove(item)

    async def _give_up(self, pool: Pool, payload: Any, outcome: Outcome, reason: str, attempts: int) -> None:
        destination = pool.function.invoke_config.get("DestinationConfig", {}).get("OnFailure", {})
        if destination.get("Destination"):
            body = failures.message(pool.function, outcome, reason, attempts)
            body |= {"requestPayload": payload, "responsePayload": outcome.error}
            await self._sender.send(destination["Destination"], json.dumps(body))
        if pool.function.dead_letter_queue:
            await self._sender.send(pool.function.dead_letter_queue, json.dumps(payload))

    async def _remove(self, item: Item) -> None:
        self._removed.append(item["sk"]["S"])
        await self._notes.forget("outbox", item["sk"]["S"])
