"""How long the local cloud waits where AWS waits longer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Seconds between attempts. In AWS an asynchronous retry waits a minute, then two."""

    stream_retry: float = 0.2
    stream_retry_longest: float = 5.0
    async_retry: tuple[float, ...] = (1.0, 2.0)
    queue_retry: float = 2.0

    def stream(self, attempt: int) -> float:
        """Before retrying a stream's batch: doubles each time."""
        return float(min(self.stream_retry * 2 ** min(attempt, 20), self.stream_retry_longest))

    def asynchronous(self, attempt: int) -> float:
        """Before retrying an asynchronous invocation."""
        return self.async_retry[min(attempt, len(self.async_retry)) - 1]


CALM = Pace()
"""For people: fast enough not to wait for, slow enough to see in the logs."""

FAST = Pace(stream_retry=0.01, stream_retry_longest=0.05, async_retry=(0.05,), queue_retry=0.0)
"""For tests."""
