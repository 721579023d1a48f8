"""When a schedule fires: EventBridge Scheduler's ``cron()``, ``rate()`` and ``at()``.

In a zone with summer time, an occurrence the spring skips does not happen, and one the autumn
repeats happens once, as in AWS.
"""

import calendar
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_EXPRESSION = re.compile(r"(cron|rate|at)\((.*)\)")
_CRON_FIELDS = 6
_LONGEST_WAIT = timedelta(days=366 * 9)  # a 29 February may be eight years away
_SATURDAY, _SUNDAY = 5, 6

DayTest = Callable[[date], bool]


class ScheduleError(ValueError):
    """AWS would refuse this expression."""


class Schedule(ABC):
    """Something that fires at certain moments."""

    @abstractmethod
    def after(self, moment: datetime) -> Iterator[datetime]:
        """The moments it fires after the given one, in UTC and in order."""

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The moments it fires after one moment, up to and including another."""
        for moment in self.after(after):
            if moment > until:
                return
            yield moment


def parse(expression: str, zone: str = "UTC") -> Schedule:
    """Read a ScheduleExpression.

    Raises:
        ScheduleError: It is not one.
    """
    match = _EXPRESSION.fullmatch(expression.strip())
    if not match:
        raise ScheduleError(f"{expression!r} is not cron(…), rate(…) or at(…)")
    kind, text = match.groups()
    if kind == "rate":
        return Rate(text)
    return Cron(text, ZoneInfo(zone)) if kind == "cron" else Once(text, ZoneInfo(zone))


class Once(Schedule):
    """``at(2026-12-01T10:00:00)``."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        try:
            self._moment = datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            raise ScheduleError(f"at({text}) is not a time") from None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The one moment, if it is still to come."""
        if self._moment > moment:
            yield self._moment


class Rate(Schedule):
    """``rate(5 minutes)``, counted from the Unix epoch (AWS counts from when the schedule was made)."""

    def __init__(self, text: str) -> None:
        match = re.fullmatch(r"(\d+) (minute|hour|day)(s?)", text.strip())
        if not match or int(match[1]) < 1 or (int(match[1]) == 1) is bool(match[3]):
            raise ScheduleError(f"rate({text}) is not like rate(1 hour) or rate(5 minutes)")
        self._step = int(match[1]) * _UNITS[match[2]]

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every multiple of the step."""
        epoch = datetime.fromtimestamp(0, UTC)
        following = epoch + ((moment - epoch) // self._step + 1) * self._step
        while True:
            yield following
            following += self._step


class Cron(Schedule):
    """``cron(minutes hours day-of-month month day-of-week year)``, in a zone."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        fields = text.upper().split()
        if len(fields) != _CRON_FIELDS:
            raise ScheduleError(f"cron({text}) has not six fields")
        minutes, hours, month_days, months, weekdays, years = fields
        if (month_days == "?") is (weekdays == "?"):
            raise ScheduleError(f"cron({text}): exactly one of day-of-month and day-of-week is ?")
        self._zone = zone
        self._times = [
            time(hour, minute)
            for hour in sorted(_numbers(hours, 0, 23))
            for minute in sorted(_numbers(minutes, 0, 59))
        ]
        self._months = _numbers(months, 1, 12, _MONTHS)
        self._years = _numbers(years, 1970, 2199)
        self._day = _month_day_test(month_days) if weekdays == "?" else _weekday_test(weekdays)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every moment the fields name that the zone's clocks show."""
        day = moment.astimezone(self._zone).date()
        last = day + _LONGEST_WAIT
        while day <= last:
            if day.year in self._years and day.month in self._months and self._day(day):
                for clock in self._times:
                    local = datetime.combine(day, clock, self._zone)
                    fires = local.astimezone(UTC)
                    # A time the clocks skip in spring comes back from UTC as another one.
                    shown = fires.astimezone(self._zone).replace(tzinfo=None)
                    if shown == local.replace(tzinfo=None) and fires > moment:
                        last = day + _LONGEST_WAIT
                        yield fires
            day += timedelta(days=1)


def _numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """``*``, ``5``, ``1-5``, ``*/15``, ``10/5`` and lists of these."""

    def number(part: str) -> int:
        found = (names or {}).get(part)
        if found is None:
            if not part.isdecimal():
                raise ScheduleError(f"{text} is not understood in a cron expression")
            found = int(part)
        if not low <= found <= high:
            raise ScheduleError(f"{found} is not between {low} and {high}")
        return found

    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = map(number, span.split("-", 1))
        else:
            first = number(span)
            last = high if step else first
        if last < first:
            raise ScheduleError(f"{item} ends before it begins")
        found.update(range(first, last + 1, max(1, int(step)) if step else 1))
    return found


def _month_day_test(text: str) -> DayTest:
    """Day of the month, with ``L`` for the last and ``W`` for the weekday nearest to a day."""
    if text == "L":
        return lambda day: day.day == _days_in(day)
    if text == "LW":
        return lambda day: day == _nearest_weekday(day.replace(day=_days_in(day)))
    if text.endswith("W"):
        (wanted,) = _numbers(text[:-1], 1, 31)
        return lambda day: wanted <= _days_in(day) and day == _nearest_weekday(day.replace(day=wanted))
    numbers = _numbers(text, 1, 31)
    return lambda day: day.day in numbers


def _weekday_test(text: str) -> DayTest:
    """Day of the week, 1 for Sunday; ``6L`` for the month's last Friday, ``6#3`` for its third."""

    def number(part: str) -> int:
        (found,) = _numbers(part, 1, 7, _WEEKDAYS)
        return found

    if text.endswith("L"):
        last = number(text[:-1] or "7")
        return lambda day: _weekday(day) == last and day.day + 7 > _days_in(day)
    if "#" in text:
        name, _, order = text.partition("#")
        nth = number(name)
        (count,) = _numbers(order, 1, 5)
        return lambda day: _weekday(day) == nth and (day.day - 1) // 7 + 1 == count
    numbers = _numbers(text, 1, 7, _WEEKDAYS)
    return lambda day: _weekday(day) in numbers


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date) -> date:
    """Friday for a Saturday, Monday for a Sunday, never leaving the month."""
    if day.weekday() == _SATURDAY:
        return day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
    if day.weekday() == _SUNDAY:
        return day + timedelta(days=1) if day.day < _days_in(day) else day - timedelta(days=2)
    return day
