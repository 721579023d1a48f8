"""The functions' processes: started when needed, one event at a time each, stopped when too slow."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import iam, wire
from local.template import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from local.clock import Clock
    from local.faults import Faults
    from local.template import Function

MAX_RESPONSE = 6 * 1024 * 1024
_INIT_SECONDS = 60
_PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Outcome:
    """How one invocation ended: with a payload, or with an error as Lambda words it."""

    request_id: str
    payload: Any = None
    error: dict[str, Any] | None = None
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return self.error is None


@dataclass
class Surroundings:
    """What all functions share."""

    endpoint: str
    logs: Path
    clock: Clock
    faults: Faults
    actions: iam.UsedActions
    import_times: dict[str, float] = field(default_factory=dict)
    changed: Callable[[], None] = lambda: None


class Worker:
    """One process of one function."""

    def __init__(self, function: Function, surroundings: Surroundings) -> None:
        self._function = function
        self._surroundings = surroundings
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self.stale = False

    async def start(self) -> dict[str, Any] | None:
        """Start the process and load the handler.

        Returns:
            The error if the handler could not be loaded.
        """
        function = self._function
        ours, theirs = socket.socketpair()
        with theirs, _log_file(self._surroundings.logs, function).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "local.bootstrap",
                str(theirs.fileno()),
                cwd=_PROJECT,
                env=environment(function, self._surroundings.endpoint),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )
        ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=1 << 20)
        self._send(
            {
                "function": {
                    "name": function.name,
                    "arn": function.arn,
                    "folder": str(function.folder),
                    "handler": function.handler,
                    "memory": function.memory,
                    "log_group": function.log_group,
                },
                "account": ACCOUNT,
                "grants": iam.policy(function).to_json(),
            }
        )
        try:
            async with asyncio.timeout(_INIT_SECONDS):
                message = await wire.read(self._reader)
        except TimeoutError:
            await self.stop()
            return {"errorType": "Sandbox.Timedout", "errorMessage": "the handler took too long to load"}
        if message is None or message["type"] == "failed":
            await self.stop()
            gone = {"errorType": "Runtime.ExitError", "errorMessage": "the process ended while loading"}
            error: dict[str, Any] = message["error"] if message else gone
            return error
        self._surroundings.import_times.setdefault(function.logical_id, message["import_ms"])
        return None

    @property
    def alive(self) -> bool:
        """Whether the process can take another event."""
        return self._process is not None and self._process.returncode is None

    async def invoke(self, event: Any, request_id: str) -> Outcome:
        """Give the process one event; a process that is too slow is killed."""
        function = self._function
        self._send(
            {
                "request_id": request_id,
                "event": event,
                "deadline": time.time() + function.timeout,
                "clock_shift": self._surroundings.clock.shift.total_seconds(),
                "faults": self._surroundings.faults.inside(function.logical_id),
            }
        )
        try:
            async with asyncio.timeout(function.timeout):
                while (message := await wire.read(self._reader)) is not None:
                    self._note(message)
                    if message["type"] == "result":
                        return _outcome(request_id, message)
        except TimeoutError:
            await self.stop()
            text = f"{request_id} Task timed out after {function.timeout:.2f} seconds"
            self._log(text)
            error = {"errorType": "Sandbox.Timedout", "errorMessage": text}
            return Outcome(request_id, error=error, timed_out=True)
        await self.stop()
        text = f"RequestId: {request_id} Error: Runtime exited"
        self._log(text)
        return Outcome(request_id, error={"errorType": "Runtime.ExitError", "errorMessage": text})

    async def stop(self) -> None:
        """End the process at once, as Lambda does."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._writer.close()

    def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(wire.encode(message))

    def _note(self, message: dict[str, Any]) -> None:
        logical_id = self._function.logical_id
        self._surroundings.actions.record(logical_id, message["used"], message["refused"])
        self._surroundings.faults.fired(message["fired"])

    def _log(self, text: str) -> None:
        with _log_file(self._surroundings.logs, self._function).open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")


class Pool:
    """The processes of one function, and those who wait for one."""

    def __init__(self, function: Function, surroundings: Surroundings, size: int) -> None:
        self.function = function
        self._surroundings = surroundings
        self._size = size
        self._idle: list[Worker] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[Worker | dict[str, Any]]] = deque()
        self._starting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._workers: set[Worker] = set()
        self.busy = 0

    async def invoke(self, event: Any) -> Outcome:
        """Run the function on an event, when a process is free."""
        request_id = str(uuid.uuid4())
        self.busy += 1
        try:
            worker = await self._take()
            if isinstance(worker, dict):
                return Outcome(request_id, error=worker)
            try:
                return await worker.invoke(event, request_id)
            finally:
                self._give_back(worker)
        finally:
            self.busy -= 1
            self._surroundings.changed()

    async def warm(self) -> None:
        """Have one process ready."""
        if not self._workers:
            worker = await self._take()
            if isinstance(worker, Worker):
                self._give_back(worker)

    def renew(self) -> None:
        """The code has changed: every process is replaced when it is free."""
        for worker in self._workers:
            worker.stale = True
        for worker in self._idle:
            self._discard(worker)
        self._idle.clear()

    async def stop(self) -> None:
        """End every process."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(worker.stop() for worker in list(self._workers)))

    async def _take(self) -> Worker | dict[str, Any]:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._discard(worker)
        waiter: asyncio.Future[Worker | dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        # Whoever waits longest gets whichever comes first: a process set free or a new one.
        self._start_for_the_waiting()
        return await waiter

    def _start_for_the_waiting(self) -> None:
        """Start a process if more are waiting than are being started, and there is room for it."""
        waiting = sum(not waiter.done() for waiter in self._waiting)
        if self._count < self._size and self._starting < waiting:
            self._count += 1
            self._starting += 1
            self._go(self._start())

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self) -> None:
        worker = Worker(self.function, self._surroundings)
        self._workers.add(worker)
        try:
            error = await worker.start()
        except OSError as trouble:  # no process, no socket: this machine has run out of something
            error = {"errorType": "Runtime.Unknown", "errorMessage": str(trouble)}
        self._starting -= 1
        if error is None:
            self._give_back(worker)
            return
        self._discard(worker)
        waiter = self._next_waiter()
        if waiter:
            waiter.set_result(error)
        self._start_for_the_waiting()

    def _give_back(self, worker: Worker) -> None:
        if not worker.alive or worker.stale:
            self._discard(worker)
            self._start_for_the_waiting()
            return
        waiter = self._next_waiter()
        if waiter:
            waiter.set_result(worker)
        else:
            self._idle.append(worker)

    def _next_waiter(self) -> asyncio.Future[Worker | dict[str, Any]] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _discard(self, worker: Worker) -> None:
        if worker in self._workers:
            self._workers.discard(worker)
            self._count -= 1
            if worker.alive:
                self._go(worker.stop())


def environment(function: Function, endpoint: str) -> dict[str, str]:
    """A function's environment: the template's variables, Lambda's own, and where the store is."""
    return {
        **function.environment,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "_HANDLER": function.handler,
        "TZ": "UTC",
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **({"PYTHONPATH": os.pathsep.join(map(str, function.layers))} if function.layers else {}),
        # The store instead of AWS, and nothing from the developer's own AWS configuration.
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _log_file(folder: Path, function: Function) -> Path:
    return folder / f"{function.folder.name}.log"


def _outcome(request_id: str, message: dict[str, Any]) -> Outcome:
    if "error" in message:
        return Outcome(request_id, error=message["error"])
    payload = message["payload"]
    if len(payload) > MAX_RESPONSE:
        text = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
        return Outcome(request_id, error={"errorType": "Function.ResponseSizeTooLarge", "errorMessage": text})
    return Outcome(request_id, payload=json.loads(payload))
