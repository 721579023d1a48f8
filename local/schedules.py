"""Schedules: what falls due, by the local cloud's clock.

When the clock is moved forward, it stops at each occurrence on the way: the function, and all that
follows from it, see the time the occurrence has. An occurrence fires at most once; what falls due
while the local cloud is down is not made up for.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local import cron
from local.template import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from local.asynchronous import AsynchronousInvocations
    from local.clock import Clock
    from local.store import Notes
    from local.template import Event, Function

MOST_MISSED = 400
"""Of one schedule's occurrences, when the clock is moved far: the last so many fire."""

_TYPES = {"Schedule", "ScheduleV2"}
_LONGEST_SLEEP = 30.0


@dataclass(frozen=True)
class Scheduled:
    """One schedule of the template and the function it invokes."""

    name: str
    function: Function
    expression: str
    schedule: cron.Schedule
    arn: str
    input: str | None
    classic: bool

    @classmethod
    def of(cls, function: Function, event: Event) -> Scheduled:
        """Read a Schedule or ScheduleV2 event."""
        properties = event.properties
        classic = event.type == "Schedule"
        expression = properties["Schedule" if classic else "ScheduleExpression"]
        name = f"{function.logical_id}{event.name}"  # as SAM names the resource
        kind = (
            f"events:{REGION}:{ACCOUNT}:rule/"
            if classic
            else f"scheduler:{REGION}:{ACCOUNT}:schedule/default/"
        )
        return cls(
            name=name,
            function=function,
            expression=expression,
            schedule=cron.parse(expression, properties.get("ScheduleExpressionTimezone", "UTC")),
            arn=f"arn:aws:{kind}{name}",
            input=properties.get("Input"),
            classic=classic,
        )

    def payload(self, moment: datetime) -> Any:
        """What the function gets for the occurrence at a moment."""
        at = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        identity = str(uuid.uuid4())
        if self.input is not None:
            replaced = (
                self.input.replace("<aws.scheduler.scheduled-time>", at)
                .replace("<aws.scheduler.schedule-arn>", self.arn)
                .replace("<aws.scheduler.execution-id>", identity)
                .replace("<aws.scheduler.attempt-number>", "1")
            )
            return json.loads(replaced)
        return {
            "version": "0",
            "id": identity,
            "detail-type": "Scheduled Event",
            "source": "aws.events" if self.classic else "aws.scheduler",
            "account": ACCOUNT,
            "time": at,
            "region": REGION,
            "resources": [self.arn],
            "detail": {} if self.classic else "{}",
        }


class Schedules:
    """Watches the clock and fires what falls due."""

    def __init__(
        self,
        functions: Iterable[Function],
        clock: Clock,
        notes: Notes,
        invocations: AsynchronousInvocations,
        settled: Callable[[], Awaitable[object]],
    ) -> None:
        """Watch the clock.

        Args:
            functions: The functions whose schedules to fire.
            clock: The local cloud's clock.
            notes: Where the clock's shift is remembered.
            invocations: Through which the functions are invoked.
            settled: Waits until everything that has been set going is done.
        """
        self._all = {
            scheduled.name: scheduled
            for function in functions
            for event in function.events
            if event.type in _TYPES and event.properties.get("State", "ENABLED") == "ENABLED"
            for scheduled in [Scheduled.of(function, event)]
        }
        self._clock = clock
        self._notes = notes
        self._invocations = invocations
        self._settled = settled
        self._seen = clock.now()
        self._changed = asyncio.Event()
        self._moving = asyncio.Lock()

    async def start(self) -> None:
        """Take up the clock where it was left."""
        noted = await self._notes.read("clock", "shift")
        self._clock.shift = timedelta(seconds=float(noted or 0))
        self._seen = self._clock.now()

    async def run(self) -> None:
        """Fire what falls due until cancelled."""
        while True:
            async with self._moving:
                now = self._clock.now()
                for moment, scheduled in self._due(now):
                    await self._fire(scheduled, moment)
                self._seen = max(self._seen, now)
            self._changed.clear()
            try:
                async with asyncio.timeout(self._until_next()):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def move(self, target: datetime) -> int:
        """Move the clock; going forward, fire what falls due on the way.

        Returns:
            How many occurrences fired.
        """
        async with self._moving:
            due = self._due(target)
            for moment, scheduled in due:
                self._clock.set(moment)
                self._seen = moment
                await self._fire(scheduled, moment)
                await self._settled()
            self._clock.set(target)
            self._seen = target
            shift = self._clock.shift.total_seconds()
            # Less than this is the time it took to ask: the clock shows real time again.
            if abs(shift) < 1:
                self._clock.shift = timedelta()
            await self._notes.write("clock", "shift", str(self._clock.shift.total_seconds()))
        self._changed.set()
        return len(due)

    async def run_now(self, name: str) -> None:
        """Fire a schedule although it is not due.

        Args:
            name: The schedule's name, or its function's logical id.

        Raises:
            KeyError: There is no such schedule.
        """
        for scheduled in self._all.values():
            if name in {scheduled.name, scheduled.function.logical_id}:
                await self._fire(scheduled, self._clock.now())
                return
        raise KeyError(name)

    def status(self) -> dict[str, Any]:
        """When each schedule fires next."""
        now = self._clock.now()
        found = {}
        for scheduled in self._all.values():
            following = next(scheduled.schedule.after(now), None)
            found[scheduled.name] = {
                "function": scheduled.function.logical_id,
                "expression": scheduled.expression,
                "next": following.isoformat() if following else None,
            }
        return found

    def _due(self, until: datetime) -> list[tuple[datetime, Scheduled]]:
        found: list[tuple[datetime, Scheduled]] = []
        for scheduled in self._all.values():
            moments = deque(scheduled.schedule.between(self._seen, until), maxlen=MOST_MISSED)
            found += [(moment, scheduled) for moment in moments]
        return sorted(found, key=lambda pair: pair[0])

    def _until_next(self) -> float:
        now = self._clock.now()
        following = [next(scheduled.schedule.after(self._seen), None) for scheduled in self._all.values()]
        seconds = [(moment - now).total_seconds() for moment in following if moment]
        return max(0.01, min([_LONGEST_SLEEP, *seconds]))

    async def _fire(self, scheduled: Scheduled, moment: datetime) -> None:
        await self._invocations.put(scheduled.function.name, scheduled.payload(moment))
