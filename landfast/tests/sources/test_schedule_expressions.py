"""When schedules are due: AWS's own examples, and what holds of every expression."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landfast.sources.schedule_expressions import InvalidExpressionError, schedule


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def due(expression: str, after: str, count: int = 2, timezone: str = "UTC") -> list[str]:
    """The next moments, in UTC."""
    moment, found = seconds(after), []
    for _ in range(count):
        following = schedule(expression, timezone).next(moment, seconds(after))
        if following is None:
            break
        found.append(datetime.fromtimestamp(following, UTC).strftime("%Y-%m-%d %a %H:%M:%S"))
        moment = following
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [  # the first six: EventBridge User Guide, "Cron expressions reference", Examples
        ("cron(15 10 * * ? *)", ["2026-01-01 Thu 10:15:00", "2026-01-02 Fri 10:15:00"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-01 Thu 18:00:00", "2026-01-02 Fri 18:00:00"]),
        ("cron(0 8 1 * ? *)", ["2026-01-01 Thu 08:00:00", "2026-02-01 Sun 08:00:00"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-01-01 Thu 00:10:00", "2026-01-01 Thu 00:20:00"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01 Thu 08:00:00", "2026-01-01 Thu 08:05:00"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-01-05 Mon 09:00:00", "2026-02-02 Mon 09:00:00"]),
        ("cron(15 10 ? * 6L 2026-2028)", ["2026-01-30 Fri 10:15:00", "2026-02-27 Fri 10:15:00"]),
        ("cron(0 0 L * ? *)", ["2026-01-31 Sat 00:00:00", "2026-02-28 Sat 00:00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-01-30 Fri 00:00:00", "2026-02-27 Fri 00:00:00"]),
        ("cron(0 0 3W JAN,MAY ? *)", ["2026-01-02 Fri 00:00:00", "2026-05-04 Mon 00:00:00"]),
        ("cron(0 0 1W 8,11 ? *)", ["2026-08-03 Mon 00:00:00", "2026-11-02 Mon 00:00:00"]),
        ("cron(0 0 ? * FRI-MON *)", ["2026-01-02 Fri 00:00:00", "2026-01-03 Sat 00:00:00"]),
        ("cron(30 12 29 2 ? *)", ["2028-02-29 Tue 12:30:00", "2032-02-29 Sun 12:30:00"]),
        ("cron(0 0 ? * L 2027)", ["2027-01-02 Sat 00:00:00", "2027-01-09 Sat 00:00:00"]),
        ("cron(59 23 31 12 ? 2199)", ["2199-12-31 Tue 23:59:00"]),
        ("cron(0 0 1 1 ? 2026)", []),
        ("cron(0 0 31 2 ? *)", []),
        ("rate(1 minute)", ["2026-01-01 Thu 00:01:00", "2026-01-01 Thu 00:02:00"]),
        ("rate(12 hours)", ["2026-01-01 Thu 12:00:00", "2026-01-02 Fri 00:00:00"]),
        ("rate(7 days)", ["2026-01-08 Thu 00:00:00", "2026-01-15 Thu 00:00:00"]),
        ("at(2026-03-04T05:06:07)", ["2026-03-04 Wed 05:06:07"]),
        ("at(2025-03-04T05:06:07)", []),
    ],
)
def test_a_schedule_is_due_when_its_expression_says(expression: str, expected: list[str]) -> None:
    assert due(expression, "2026-01-01T00:00:00") == expected


def test_a_time_zone_moves_a_schedule_with_its_clocks() -> None:
    assert due("cron(30 9 * * ? *)", "2026-03-27T12:00:00", 3, "Europe/Berlin") == [
        "2026-03-28 Sat 08:30:00",
        "2026-03-29 Sun 07:30:00",
        "2026-03-30 Mon 07:30:00",
    ]
    assert due("at(2026-07-01T00:00:00)", "2026-01-01T00:00:00", 1, "Asia/Seoul") == ["2026-06-30 Tue 15:00:00"]


def test_a_moment_that_the_clocks_leave_out_is_skipped_and_one_that_they_have_twice_comes_once() -> None:
    spring = due("cron(30 2 * * ? *)", "2026-03-28T12:00:00", 2, "Europe/Berlin")
    assert spring == ["2026-03-30 Mon 00:30:00", "2026-03-31 Tue 00:30:00"]
    autumn = due("cron(30 2 * * ? *)", "2026-10-24T12:00:00", 2, "Europe/Berlin")
    assert autumn == ["2026-10-25 Sun 00:30:00", "2026-10-26 Mon 01:30:00"]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("every day", "is none of rate(...), cron(...) and at(...)"),
        ("rate(0 minutes)", "wants a number from 1"),
        ("rate(1 minutes)", "write minute"),
        ("rate(5 hour)", "write hours"),
        ("rate(5 seconds)", "minutes, hours or days"),
        ("cron(0 9 * * *)", "wants six fields"),
        ("cron(0 9 * * * *)", "one of day of month and day of week has to be ?"),
        ("cron(0 9 ? * ? *)", "one of day of month and day of week has to be ?"),
        ("cron(60 9 * * ? *)", "'60' in a cron expression is no value from 0 to 59"),
        ("cron(0 9 ? * 0 *)", "'0' in a cron expression is no value from 1 to 7"),
        ("cron(0 9 ? * MON#6 *)", "'6' in a cron expression is no value from 1 to 5"),
        ("cron(0 9 40W * ? *)", "'40' in a cron expression is no value from 1 to 31"),
        ("cron(, 9 1 * ? *)", "'' in a cron expression"),
        ("at(tomorrow)", "wants a moment"),
        (f"rate({'9' * 250} days)", "has at most 256 characters, not 261"),
        ("rate(\N{ARABIC-INDIC DIGIT FIVE} days)", "wants a number from 1"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_reason(expression: str, told: str) -> None:
    with pytest.raises(InvalidExpressionError) as caught:
        schedule(expression)
    assert told in str(caught.value)


@pytest.mark.parametrize("expression", [f"rate({'9' * 240} days)", "rate(99999999 days)", "at(9999-12-31T23:59:59)"])
def test_what_is_due_after_the_last_day_of_all_calendars_is_never_due(expression: str) -> None:
    assert schedule(expression, "America/New_York").next(0.0, 0.0) is None


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidExpressionError, match="'Mars/Base' is no time zone"):
        schedule("cron(0 9 * * ? *)", "Mars/Base")


_MOMENTS = st.integers(946_684_800, 4_102_444_800).map(float)  # the years 2000 to 2099
_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe"])


@settings(max_examples=60, deadline=None)
@given(after=_MOMENTS, minute=st.integers(0, 59), hour=st.integers(0, 23), zone=_ZONES)
def test_a_daily_schedule_is_the_first_moment_that_a_search_of_every_minute_finds(
    after: float, minute: int, hour: int, zone: str
) -> None:
    found = schedule(f"cron({minute} {hour} * * ? *)", zone).next(after, 0)
    assert found is not None
    local = datetime.fromtimestamp(found, ZoneInfo(zone))
    assert (local.minute, local.hour, local.second) == (minute, hour, 0)
    whole = int(after // 60 + 1) * 60
    between = (datetime.fromtimestamp(each, ZoneInfo(zone)) for each in range(whole, int(found), 60))
    assert not [each for each in between if (each.minute, each.hour, each.fold) == (minute, hour, 0)]


@settings(max_examples=60, deadline=None)
@given(after=_MOMENTS, since=_MOMENTS, minutes=st.integers(2, 10_000))
def test_a_rate_counts_from_its_beginning(after: float, since: float, minutes: int) -> None:
    found = schedule(f"rate({minutes} minutes)").next(after, since)
    assert found is not None
    assert found > after
    assert found >= since
    assert found - max(after, since) <= timedelta(minutes=minutes).total_seconds()
    assert round((found - since) % (60 * minutes), 3) in {0, 60 * minutes}
