from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from local.clock import Clock, ClockError
from local.cron import ScheduleError, parse


def moments(expression: str, after: str, count: int, zone: str = "UTC") -> list[str]:
    schedule = parse(expression, zone)
    found = islice(schedule.after(datetime.fromisoformat(after).replace(tzinfo=UTC)), count)
    return [moment.strftime("%Y-%m-%dT%H:%M") for moment in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 6 3 * ? *)", ["2026-12-03T06:00", "2027-01-03T06:00"]),
        ("cron(15 10 ? * MON-FRI *)", ["2026-11-24T10:15", "2026-11-25T10:15"]),
        ("cron(0/30 8-9 * * ? *)", ["2026-11-24T08:00", "2026-11-24T08:30"]),
        ("cron(*/20 * * * ? *)", ["2026-11-23T12:20", "2026-11-23T12:40"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00", "2026-12-31T00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-12-01T00:00", "2027-01-01T00:00"]),
        ("cron(0 0 15W * ? *)", ["2026-12-15T00:00", "2027-01-15T00:00"]),
        ("cron(0 0 28W 2 ? *)", ["2027-02-26T00:00", "2028-02-28T00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-11-30T00:00", "2026-12-31T00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-11-27T00:00", "2026-12-25T00:00"]),
        ("cron(0 0 ? * 6#3 *)", ["2026-12-18T00:00", "2027-01-15T00:00"]),
        ("cron(0 0 ? * SUN,3 *)", ["2026-11-24T00:00", "2026-11-29T00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 1 JAN,JUL ? 2028)", ["2028-01-01T00:00", "2028-07-01T00:00"]),
        ("rate(1 hour)", ["2026-11-23T13:00", "2026-11-23T14:00"]),
        ("rate(5 minutes)", ["2026-11-23T12:05", "2026-11-23T12:10"]),
        ("at(2026-12-24T15:00:00)", ["2026-12-24T15:00"]),
        ("at(2026-01-01T00:00:00)", []),
    ],
)
def test_given_an_expression_when_asked_then_it_fires_at_these_moments(
    expression: str, expected: list[str]
) -> None:
    assert moments(expression, "2026-11-23T12:00", 2) == expected


def test_given_a_zone_when_summer_time_changes_then_the_local_hour_stays() -> None:
    found = moments("cron(0 6 * * ? *)", "2027-03-27T00:00", 3, "Europe/Stockholm")

    assert found == ["2027-03-27T05:00", "2027-03-28T04:00", "2027-03-29T04:00"]


def test_given_an_hour_the_spring_skips_when_asked_then_that_day_has_none() -> None:
    found = moments("cron(30 2 * * ? *)", "2027-03-27T00:00", 2, "Europe/Stockholm")

    assert found == ["2027-03-27T01:30", "2027-03-29T00:30"]


def test_given_an_hour_the_autumn_repeats_when_asked_then_it_fires_once() -> None:
    found = moments("cron(30 2 * * ? *)", "2027-10-30T12:00", 2, "Europe/Stockholm")

    assert found == ["2027-10-31T00:30", "2027-11-01T01:30"]


def test_given_two_moments_when_asked_between_then_the_first_is_left_out_and_the_last_is_in() -> None:
    schedule = parse("cron(0 6 * * ? *)")
    first = datetime(2026, 11, 23, 6, tzinfo=UTC)

    assert list(schedule.between(first, first + timedelta(days=2))) == [
        first + timedelta(days=1),
        first + timedelta(days=2),
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "cron(0 6 3 * ?)",
        "cron(0 6 3 * * *)",
        "cron(0 6 ? * ? *)",
        "cron(60 6 3 * ? *)",
        "cron(0 24 3 * ? *)",
        "cron(0 6 0 * ? *)",
        "cron(a 6 3 * ? *)",
        "cron(0 9-8 3 * ? *)",
        "rate(1 hours)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "at(tomorrow)",
    ],
)
def test_given_an_expression_aws_refuses_when_read_then_it_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        parse(expression)


@pytest.mark.parametrize(
    ("text", "seconds"), [("+P1D", 86_400), ("+PT2H30M", 9_000), ("-PT45S", -45), ("+P1W", 604_800)]
)
def test_given_a_duration_when_the_clock_is_moved_then_by_that_much(text: str, seconds: int) -> None:
    clock = Clock()
    clock.set(clock.target(text))

    assert clock.shift.total_seconds() == pytest.approx(seconds, abs=1)


def test_given_a_time_when_the_clock_is_moved_then_it_is_that_time() -> None:
    clock = Clock()
    clock.set(clock.target("2027-01-03T06:00+01:00"))

    assert abs(clock.now() - datetime(2027, 1, 3, 5, tzinfo=UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("text", ["", "soon", "P1D", "+P", "2026-13-01"])
def test_given_no_time_when_the_clock_is_moved_then_it_is_refused(text: str) -> None:
    with pytest.raises(ClockError):
        Clock().target(text)
