"""Events that the books refuse, and what became of them when they were tried again."""

from __future__ import annotations

from samklang.platform.shapes import Shape


class ParkedEvent(Shape):
    """An event that could not be posted, and why."""

    parked_id: str
    event: str
    code: str
    detail: str
    invoices: list[str]
    parked_at: str


class ParkedPage(Shape):
    """Some parked events."""

    items: list[ParkedEvent]
    next: str | None


class RetryResult(Shape):
    """What a retry did: which events were posted, and which are still parked."""

    posted: list[str]
    parked: list[ParkedEvent]


class RetryAllResult(Shape):
    """What a retry of all parked events did."""

    posted: list[str]
    parked: list[ParkedEvent]
    """Those that are refused still, the first hundred; the list of parked events has them all."""
    still_parked: int
    left: int
    """How many there was no time to try: the same request again goes on with them."""
