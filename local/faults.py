"""What tests ask to go wrong: a crash around an AWS call, a throttled call, a batch delivered twice."""

import uuid
from typing import Any

INSIDE = {"crash_before", "crash_after", "throttle"}
"""Faults of the function's process; they count the AWS calls of one invocation."""

KINDS = INSIDE | {"deliver_twice"}


class Faults:
    """The faults in wait. Each fires once, unless told otherwise, and is gone."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, Any]] = {}

    def add(
        self, function: str, kind: str, *, call: int = 1, operation: str | None = None, times: int = 1
    ) -> str:
        """Ask for a fault.

        Args:
            function: Logical id of the function.
            kind: One of ``crash_before``, ``crash_after``, ``throttle``, ``deliver_twice``.
            call: Which AWS call of an invocation, from 1.
            operation: Count only calls of this operation, e.g. ``TransactWriteItems``.
            times: How many times it fires.

        Returns:
            The fault's id.
        """
        if kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}, not {kind}")
        identity = uuid.uuid4().hex
        self._waiting[identity] = {
            "id": identity,
            "function": function,
            "kind": kind,
            "call": call,
            "operation": operation,
            "times": times,
        }
        return identity

    def inside(self, function: str) -> list[dict[str, Any]]:
        """The faults to hand to a process of the function."""
        return [f for f in self._waiting.values() if f["function"] == function and f["kind"] in INSIDE]

    def deliver_twice(self, function: str) -> bool:
        """Whether the batch just delivered is to be delivered again; asking uses the fault up."""
        for fault in list(self._waiting.values()):
            if fault["function"] == function and fault["kind"] == "deliver_twice":
                self.fired([fault["id"]])
                return True
        return False

    def fired(self, identities: list[str]) -> None:
        """These have happened."""
        for identity in identities:
            fault = self._waiting.get(identity)
            if fault:
                fault["times"] -= 1
                if fault["times"] <= 0:
                    del self._waiting[identity]

    def waiting(self) -> list[dict[str, Any]]:
        """Those that have not happened yet."""
        return list(self._waiting.values())

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()
