"""What time it is. The local cloud and the tests move this clock; in the cloud the shift is zero."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SWEDEN = ZoneInfo("Europe/Stockholm")
"""Business dates are Swedish dates, wherever the function runs."""

_shift = timedelta()


def move(shift: timedelta) -> None:
    """Let the clock show the real time plus ``shift``."""
    global _shift  # noqa: PLW0603 - one clock per process is the point
    _shift = shift


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC) + _shift


def today() -> date:
    """The date in Sweden."""
    return now().astimezone(SWEDEN).date()


def timestamp(moment: datetime | None = None) -> str:
    """ISO 8601 in UTC with milliseconds, sortable as text."""
    return (moment or now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
