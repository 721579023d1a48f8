"""DynamoDB streams to functions, as Lambda's event source mapping reads them.

A poller reads one stream for one function: it filters, makes batches, retries, splits, gives up to
the on-failure queue, and remembers in the store how far it has come. Records are delivered at least
once and in order; a function that reports a failed record gets it again, first in its batch.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local import failures
from local.filters import Filter
from local.store import StoreError

if TYPE_CHECKING:
    from local.faults import Faults
    from local.lambdas import Outcome, Pool
    from local.pace import Pace
    from local.queues import Sender
    from local.store import Notes, Store
    from local.template import Event

Record = dict[str, Any]

_SHARD = "shardId-00000000000000000000-00000000"
_RETENTION_SECONDS = 24 * 60 * 60
_LOOK_AGAIN_SECONDS = 2.0
_LARGEST_READ = 500


@dataclass(frozen=True)
class Settings:
    """What the template says about one stream event."""

    stream: str
    batch_size: int
    window: float
    filter: Filter
    from_start: bool
    reports_failures: bool
    bisects: bool
    retries: int | None
    oldest: float
    on_failure: str | None

    @classmethod
    def of(cls, event: Event) -> Settings:
        """Read the event's properties, with Lambda's defaults."""
        properties = event.properties
        retries = int(properties.get("MaximumRetryAttempts", -1))
        oldest = int(properties.get("MaximumRecordAgeInSeconds", -1))
        destination = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        return cls(
            stream=properties["Stream"],
            batch_size=int(properties.get("BatchSize", 100)),
            window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
            filter=Filter(properties.get("FilterCriteria")),
            from_start=properties.get("StartingPosition", "LATEST") == "TRIM_HORIZON",
            reports_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            bisects=bool(properties.get("BisectBatchOnFunctionError", False)),
            retries=None if retries < 0 else retries,
            oldest=_RETENTION_SECONDS if oldest < 0 else oldest,
            on_failure=destination,
        )

    @property
    def table(self) -> str:
        """The table whose stream it is."""
        return self.stream.split("/")[1]


@dataclass
class Batch:
    """Records that are delivered together, and how often that has failed."""

    records: list[Record]
    attempts: int = 0


class StreamPoller:
    """Reads one stream for one function."""

    def __init__(
        self,
        event: Event,
        pool: Pool,
        store: Store,
        notes: Notes,
        sender: Sender,
        pace: Pace,
        faults: Faults,
    ) -> None:
        self.settings = Settings.of(event)
        self.name = f"{pool.function.logical_id}/{event.name}"
        self.topic = f"stream:{self.settings.table}"
        self._pool = pool
        self._store = store
        self._notes = notes
        self._sender = sender
        self._pace = pace
        self._faults = faults
        self._wake = asyncio.Event()
        self._iterator: str | None = None
        self._done: str | None = None
        self._waiting: deque[Record] = deque()
        self._busy = False

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    async def start(self) -> None:
        """Find the place to read from."""
        noted = await self._notes.read("checkpoint", self.name)
        place = json.loads(noted) if noted else {}
        if place.get("stream") == self.settings.stream:
            self._done = place["after"]
        elif not self.settings.from_start:
            # LATEST means from now on, also if there is a restart before the first record.
            await self._skip_to_end()
        await self._seek()

    async def run(self) -> None:
        """Deliver records until cancelled; begun again after an error, it reads on from what is done."""
        self._waiting.clear()
        await self._seek()
        while True:
            self._wake.clear()
            self._busy = True
            try:
                while await self._read():
                    if self.settings.window and len(self._waiting) < self.settings.batch_size:
                        await self._collect()
                    while self._waiting:
                        size = min(self.settings.batch_size, len(self._waiting))
                        await self._deliver([self._waiting.popleft() for _ in range(size)])
            finally:
                self._busy = False
            try:
                async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def is_behind(self) -> bool:
        """Whether there is anything it has not dealt with."""
        if self._busy or self._wake.is_set():
            return True
        answer = await self._store.call("streams", "GetRecords", ShardIterator=self._iterator, Limit=1)
        if answer["Records"]:
            self.wake()
            return True
        return False

    def status(self) -> dict[str, Any]:
        """For people."""
        return {"stream": self.settings.table, "after": self._done, "busy": self._busy}

    # -------------------------------------------------------------------------------------- reading

    async def _seek(self) -> None:
        """Get an iterator just after what is done."""
        place: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if self._done:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._done}
        try:
            answer = await self._iterator_at(place)
        except StoreError as error:
            if error.code != "TrimmedDataAccessException":
                raise
            # What was done last is older than a day; what is left begins after it.
            answer = await self._iterator_at({"ShardIteratorType": "TRIM_HORIZON"})
        self._iterator = answer["ShardIterator"]

    async def _iterator_at(self, place: dict[str, Any]) -> dict[str, Any]:
        return await self._store.call(
            "streams", "GetShardIterator", StreamArn=self.settings.stream, ShardId=_SHARD, **place
        )

    async def _skip_to_end(self) -> None:
        iterator = (await self._iterator_at({"ShardIteratorType": "TRIM_HORIZON"}))["ShardIterator"]
        while True:
            answer = await self._store.call("streams", "GetRecords", ShardIterator=iterator)
            if not answer["Records"]:
                break
            self._done = answer["Records"][-1]["dynamodb"]["SequenceNumber"]
            iterator = answer["NextShardIterator"]
        await self._note_done(self._done)

    async def _read(self) -> bool:
        """Read on; True if there was anything, wanted or not."""
        try:
            answer = await self._store.call(
                "streams", "GetRecords", ShardIterator=self._iterator, Limit=_LARGEST_READ
            )
        except StoreError as error:
            if error.code not in {"ExpiredIteratorException", "TrimmedDataAccessException"}:
                raise
            await self._seek()
            return True
        self._iterator = answer["NextShardIterator"]
        for record in answer["Records"]:
            record["eventSourceARN"] = self.settings.stream
            # Records that are filtered out need no checkpoint: reading them again does no harm.
            if self.settings.filter.passes(record):
                self._waiting.append(record)
        return bool(answer["Records"])

    async def _collect(self) -> None:
        """Wait for a fuller batch, no longer than the window."""
        ends = time.monotonic() + self.settings.window
        while len(self._waiting) < self.settings.batch_size and (left := ends - time.monotonic()) > 0:
            self._wake.clear()
            if await self._read():
                continue
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return

    # -------------------------------------------------------------------------------------- delivering

    async def _deliver(self, records: list[Record]) -> None:
        """Deliver a batch, and what it falls apart into, until every record is dealt with."""
        work = deque([Batch(records)])
        while work:
            batch = work.popleft()
            outcome = await self._invoke(batch.records)
            failed = self._first_failed(batch.records, outcome)
            if failed is None:
                await self._note_done(_sequence(batch.records[-1]))
                continue
            if failed > 0:
                await self._note_done(_sequence(batch.records[failed - 1]))
                batch = Batch(batch.records[failed:])
            elif self.settings.bisects and len(batch.records) > 1:
                # Splitting is not counted as a retry. A failure of the first record counts as one of
                # the whole batch: AWS does not say how it splits then.
                middle = len(batch.records) // 2
                for half in (batch.records[middle:], batch.records[:middle]):
                    work.appendleft(Batch(half, batch.attempts))
                await asyncio.sleep(self._pace.stream(0))
                continue
            batch.attempts += 1
            reason = self._given_up(batch)
            if reason:
                await self._give_up(batch, outcome, reason)
            else:
                await asyncio.sleep(self._pace.stream(batch.attempts - 1))
                work.appendleft(batch)

    async def _invoke(self, records: list[Record]) -> Outcome:
        event = {"Records": records}
        if self._faults.deliver_twice(self._pool.function.logical_id):
            await self._pool.invoke(event)
        return await self._pool.invoke(event)

    def _first_failed(self, records: list[Record], outcome: Outcome) -> int | None:
        """The index of the first record to deliver again; None when all is well."""
        if not outcome.ok:
            return 0
        if not self.settings.reports_failures or not outcome.payload:
            return None
        reported = outcome.payload.get("batchItemFailures") if isinstance(outcome.payload, dict) else None
        if not reported:
            return None
        places = {_sequence(record): index for index, record in enumerate(records)}
        found = [places.get(item.get("itemIdentifier")) for item in reported]
        # An identifier that is not in the batch makes it a failure of the whole batch.
        return 0 if None in found else min(place for place in found if place is not None)

    def _given_up(self, batch: Batch) -> str | None:
        if self.settings.retries is not None and batch.attempts > self.settings.retries:
            return "RetryAttemptsExhausted"
        if time.time() - _created(batch.records[0]) > self.settings.oldest:
            return "RecordAgeExceeded"
        return None

    async def _give_up(self, batch: Batch, outcome: Outcome, reason: str) -> None:
        if self.settings.on_failure:
            body = failures.message(self._pool.function, outcome, reason, batch.attempts)
            body["DDBStreamBatchInfo"] = {
                "shardId": _SHARD,
                "startSequenceNumber": _sequence(batch.records[0]),
                "endSequenceNumber": _sequence(batch.records[-1]),
                "approximateArrivalOfFirstRecord": _iso(_created(batch.records[0])),
                "approximateArrivalOfLastRecord": _iso(_created(batch.records[-1])),
                "batchSize": len(batch.records),
                "streamArn": self.settings.stream,
            }
            await self._sender.send(self.settings.on_failure, json.dumps(body))
        await self._note_done(_sequence(batch.records[-1]))

    async def _note_done(self, sequence: str | None) -> None:
        self._done = sequence
        place = {"stream": self.settings.stream, "after": sequence}
        await self._notes.write("checkpoint", self.name, json.dumps(place))


def _sequence(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _created(record: Record) -> float:
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
