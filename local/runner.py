"""The runner: reads the template, and owns every invocation of every function."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import ClientError

from local.api import Api
from local.asynchronous import AsynchronousInvocations
from local.clock import Clock
from local.faults import Faults
from local.iam import UsedActions
from local.lambdas import Pool, Surroundings
from local.mailbox import Mailbox
from local.provision import Clients, provision
from local.queues import QueuePoller, Sender
from local.routes import authorizers
from local.schedules import Schedules
from local.store import Notes, Store, StoreError
from local.streams import StreamPoller
from local.template import Template, TemplateError, runner_table
from local.tokens import TokenCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from local.pace import Pace

_PROCESSES_FOR_HTTP = 4
_PROCESSES_ELSEWHERE = 2
_POLLED = {"DynamoDB", "SQS"}
_UNDERSTOOD = {"HttpApi", "S3", "Schedule", "ScheduleV2"} | _POLLED
_RESTART_SECONDS = 1.0
_IDLE_CHECK_SECONDS = 0.005


class Poller(Protocol):
    """What carries events from the store to functions."""

    name: str
    topic: str

    def wake(self) -> None:
        """There may be something new."""

    async def start(self) -> None:
        """Prepare."""

    async def run(self) -> None:
        """Carry events until cancelled."""

    async def is_behind(self) -> bool:
        """Whether there is anything left to carry."""

    def status(self) -> dict[str, Any]:
        """For people."""


@dataclass
class Idle:
    """Whether everything has settled, and if not, what has not."""

    idle: bool
    busy: list[str] = field(default_factory=list)


class Runner:
    """Everything between the store and the functions."""

    def __init__(self, template: Template, logs: Path, pace: Pace) -> None:
        self.template = template
        self.clock = Clock()
        self.faults = Faults()
        self.actions = UsedActions()
        self.store = Store(template.endpoint)
        self.notes = Notes(self.store, runner_table(template.stack))
        self.mailbox = Mailbox(self.notes)
        self.pools: dict[str, Pool] = {}
        self.import_times: dict[str, float] = {}
        self._logs = logs
        self._pace = pace
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pollers: list[Poller] = []
        self._invocations = 0
        self.schedules: Schedules
        self.api: Api

    async def start(self) -> None:
        """Make what the template declares, and begin to carry events."""
        self._logs.mkdir(parents=True, exist_ok=True)
        await self.notes.create()
        await asyncio.to_thread(provision, self.template, Clients(self.template.endpoint))
        functions = self.template.functions()
        surroundings = Surroundings(
            endpoint=self.template.endpoint,
            logs=self._logs,
            clock=self.clock,
            faults=self.faults,
            actions=self.actions,
            import_times=self.import_times,
            changed=self._count,
        )
        for function in functions.values():
            kinds = {event.type for event in function.events}
            if kinds - _UNDERSTOOD:
                raise TemplateError(f"{function.logical_id}: the runner does not know {kinds - _UNDERSTOOD}")
            size = _PROCESSES_FOR_HTTP if "HttpApi" in kinds else _PROCESSES_ELSEWHERE
            self.pools[function.logical_id] = Pool(function, surroundings, size)
        sender = Sender(self.store)
        outbox = AsynchronousInvocations(self.pools, self.store, self.notes, sender, self._pace, self.faults)
        self._pollers = [outbox]
        for pool in self.pools.values():
            self._pollers += self._pollers_of(pool, sender)
        self.schedules = Schedules(functions.values(), self.clock, self.notes, outbox, self.settle)
        self.api = Api(self.template, self.pools, TokenCheck(self._issuer_keys), self._logs / "api.log")
        await self.schedules.start()
        for poller in self._pollers:
            await poller.start()
            self._go(self._kept_running(poller.name, poller.run))
        self._go(self._kept_running("schedules", self.schedules.run))
        self._go(self._kept_running("changes", self._listen))

    async def stop(self) -> None:
        """Stop carrying events and end the functions' processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(pool.stop() for pool in self.pools.values()))
        await self.store.close()

    def warm(self) -> None:
        """Load the HTTP functions one after the other, in the background."""

        async def warm_all() -> None:
            for pool in self.pools.values():
                if any(event.type == "HttpApi" for event in pool.function.events):
                    await pool.warm()

        self._go(warm_all())

    def watch_code(self) -> None:
        """Replace the functions' processes when their code or a layer's changes."""

        async def watch() -> None:
            seen = self._newest()
            while True:
                await asyncio.sleep(1)
                newest = await asyncio.to_thread(self._newest)
                for logical_id, pool in self.pools.items():
                    if newest[logical_id] != seen[logical_id]:
                        pool.renew()
                seen = newest

        self._go(watch())

    # -------------------------------------------------------------------------------------- settling

    async def idle(self) -> Idle:
        """Whether everything that was set going is done: asked of the store, not guessed."""
        before = self._invocations
        busy = [f"function {name}" for name, pool in self.pools.items() if pool.busy]
        busy += [poller.name for poller in self._pollers if await poller.is_behind()]
        # A function that ran meanwhile may have written what an earlier poller was asked about.
        return Idle(not busy and before == self._invocations, busy)

    async def settle(self, timeout: float = 60.0) -> Idle:  # noqa: ASYNC109 - the answer says what was left
        """Wait until all is done, or the time is up."""
        ends = time.monotonic() + timeout
        while True:
            found = await self.idle()
            if found.idle or time.monotonic() > ends:
                return found
            await asyncio.sleep(_IDLE_CHECK_SECONDS)

    async def status(self) -> dict[str, Any]:
        """For people and tests."""
        found = await self.idle()
        return {
            "idle": found.idle,
            "busy": found.busy,
            "time": self.clock.now().isoformat(),
            "clock_shift": self.clock.shift.total_seconds(),
            "endpoint": self.template.endpoint,
            "user_pool": self._first("AWS::Cognito::UserPool"),
            "user_pool_client": self._first("AWS::Cognito::UserPoolClient"),
            "resources": {
                kind.rpartition("::")[2].lower(): {
                    logical_id: self.template.ref(logical_id) for logical_id in self.template.of_type(kind)
                }
                for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SQS::Queue")
            },
            "pollers": {poller.name: poller.status() for poller in self._pollers},
            "schedules": self.schedules.status(),
            "import_ms": self.import_times,
            "faults": self.faults.waiting(),
        }

    # -------------------------------------------------------------------------------------- inner

    def _pollers_of(self, pool: Pool, sender: Sender) -> Iterator[Poller]:
        for event in pool.function.events:
            if event.type == "DynamoDB":
                yield StreamPoller(event, pool, self.store, self.notes, sender, self._pace, self.faults)
            elif event.type == "SQS":
                yield QueuePoller(event, pool, self.store, sender, self._pace, self.faults)

    def _first(self, kind: str) -> str | None:
        found = self.template.of_type(kind)
        return self.template.ref(found[0]) if found else None

    def _count(self) -> None:
        self._invocations += 1

    def _go(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _kept_running(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A poller that meets an error (the store is being restarted, say) begins again."""
        while True:
            try:
                await run()
            except (StoreError, ClientError, OSError) as error:
                print(f"{name}: {error}; trying again", file=sys.stderr, flush=True)
            except Exception:  # noqa: BLE001 - a poller that dies silently is worse than one that repeats
                traceback.print_exc()
            await asyncio.sleep(_RESTART_SECONDS)

    async def _listen(self) -> None:
        """Wake those whom a change in the store concerns."""
        async with contextlib.aclosing(self.store.changes()) as changes:
            async for topics in changes:
                for poller in self._pollers:
                    if topics is None or poller.topic in topics:
                        poller.wake()

    async def _issuer_keys(self, issuer: str) -> dict[str, Any]:
        """The user pool's public keys, from the store."""
        if issuer not in {authorizer.issuer for authorizer in authorizers(self.template).values()}:
            return {"keys": []}
        keys: dict[str, Any] = await self.store.get(f"/{issuer.rpartition('/')[2]}/.well-known/jwks.json")
        return keys

    def _newest(self) -> dict[str, float]:
        """When each function's code, or a layer's, last changed."""
        folders = {
            folder for pool in self.pools.values() for folder in (pool.function.folder, *pool.function.layers)
        }
        changed = {
            folder: max((path.stat().st_mtime for path in folder.rglob("*.py")), default=0.0)
            for folder in folders
        }
        return {
            logical_id: max(changed[folder] for folder in (pool.function.folder, *pool.function.layers))
            for logical_id, pool in self.pools.items()
        }
