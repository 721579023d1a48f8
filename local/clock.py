"""The local cloud's clock: the real time plus a shift that people and tests may set."""

import re
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(
    r"(?P<sign>[+-])P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


class ClockError(ValueError):
    """What was asked for is not a time."""


class Clock:
    """What time it is in the local cloud."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self.shift = shift

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC) + self.shift

    def set(self, moment: datetime) -> None:
        """Let it be this moment now; the clock goes on from there."""
        self.shift = moment - datetime.now(UTC)

    def target(self, text: str) -> datetime:
        """The moment a user means.

        Args:
            text: ``2026-12-03T06:00+01:00`` (UTC if it names no zone), ``+P1D``, ``-PT2H``, or ``reset``.

        Raises:
            ClockError: It is none of these.
        """
        if text == "reset":
            return datetime.now(UTC)
        match = _DURATION.fullmatch(text)
        if match and len(text) > len("+P"):
            parts = {name: int(value) for name, value in match.groupdict("0").items() if name != "sign"}
            step = timedelta(**parts)
            return self.now() + step if match["sign"] == "+" else self.now() - step
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ClockError(
                f"{text!r} is not a time: write 2026-12-03T06:00+01:00, +P1D, +PT2H or reset"
            ) from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
