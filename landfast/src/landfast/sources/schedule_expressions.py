"""When a schedule is due: rates, cron expressions of six fields, and one-time schedules.

Sources: EventBridge User Guide, "Cron expressions reference" and "Rate expressions reference"; EventBridge Scheduler
User Guide, "Schedule types in EventBridge Scheduler": a moment that the clocks leave out in spring is skipped, one that
they have twice in autumn comes once. Both services invoke within the minute; here a schedule is due at its second.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from landfast.delivery.times import LATEST
from landfast.digits import whole_number

_EXPRESSION = re.compile(r"(rate|cron|at)\((.*)\)")
_RATE = re.compile(r"([1-9][0-9]*) (minute|hour|day)(s?)")
_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400}
_MONTHS: Final = {
    "JAN": 1,
    "FEB": 2,
    "MAR": 3,
    "APR": 4,
    "MAY": 5,
    "JUN": 6,
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
_WEEKDAYS: Final = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_LAST_YEAR: Final = 2199
_LONGEST: Final = 256
_WEEK: Final = 7
_FIELDS: Final = 6


class InvalidExpressionError(ValueError):
    """It is no schedule expression; the text tells why."""


class Schedule(Protocol):
    """Tells when a schedule is due."""

    def next(self, after: float, since: float) -> float | None:
        """The first moment later than `after`; None if there is none any more.

        Args:
            after: In Unix seconds.
            since: When the schedule began, which a rate counts from.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Rate:
    seconds: int

    def next(self, after: float, since: float) -> float | None:
        if after < since:
            return since
        due = since + (int((after - since) // self.seconds) + 1) * self.seconds
        return due if due <= LATEST else None


@dataclass(frozen=True, slots=True)
class _Once:
    due: float

    def next(self, after: float, since: float) -> float | None:
        del since
        return self.due if after < self.due <= LATEST else None


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of a month that a cron expression means.

    Attributes:
        month_days: Days of the month.
        last: True for the last day of the month.
        last_weekday: True for the last Monday to Friday of the month.
        near: Days whose closest Monday to Friday of the month is meant.
        weekdays: Days of the week, Sunday being 1; None for any.
        last_of: Days of the week, of which the last one in the month is meant.
        nth: A day of the week, and which one of the month.
    """

    month_days: frozenset[int] = frozenset()
    last: bool = False
    last_weekday: bool = False
    near: frozenset[int] = frozenset()
    weekdays: frozenset[int] | None = None
    last_of: frozenset[int] = frozenset()
    nth: tuple[int, int] | None = None

    def include(self, day: date) -> bool:
        """Tell whether a day is meant."""
        length = monthrange(day.year, day.month)[1]
        weekday = day.isoweekday() % _WEEK + 1
        if self.weekdays is not None:
            return (
                weekday in self.weekdays
                or (weekday in self.last_of and day.day + _WEEK > length)
                or self.nth == (weekday, (day.day - 1) // _WEEK + 1)
            )
        near = {_closest(day.replace(day=min(each, length))) for each in self.near if each <= length}
        if self.last_weekday:
            near.add(_closest(day.replace(day=length)))
        return day.day in self.month_days or (self.last and day.day == length) or day.day in near


@dataclass(frozen=True, slots=True)
class _Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: _Days
    months: frozenset[int]
    years: frozenset[int]
    zone: tzinfo

    def next(self, after: float, since: float) -> float | None:
        del since
        start = datetime.fromtimestamp(after, self.zone)
        times = [time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]
        # A day earlier than the clock says, as a moment that clocks have twice may be due by the first of the two.
        for day in self._days(start.date() - timedelta(days=1)):
            for each in times:
                due = _moment(datetime.combine(day, each), self.zone)
                if due is not None and due > after:
                    return due
        return None

    def _days(self, first: date) -> Iterator[date]:
        for year in sorted(year for year in self.years if year >= first.year):
            for month in sorted(self.months):
                for day in range(1, monthrange(year, month)[1] + 1):
                    found = date(year, month, day)
                    if found >= first and self.days.include(found):
                        yield found


def schedule(expression: str, timezone: str = "UTC") -> Schedule:
    """Read a schedule expression.

    Args:
        expression: For example ``rate(5 minutes)``, ``cron(0 9 ? * MON-FRI *)`` or ``at(2026-12-24T18:00:00)``.
        timezone: The time zone of cron and one-time expressions, by its name in the IANA database.

    Raises:
        InvalidExpressionError: It is none.
    """
    if len(expression) > _LONGEST:
        raise InvalidExpressionError(f"a schedule expression has at most {_LONGEST} characters, not {len(expression)}")
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise InvalidExpressionError(f"{expression!r} is none of rate(...), cron(...) and at(...)")
    kind, text = match.groups()
    zone = _zone(timezone)  # a rate has no use for it, and yet AWS refuses what is none
    if kind == "rate":
        return _rate(text)
    return _cron(text, zone) if kind == "cron" else _once(text, zone)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidExpressionError(f"{name!r} is no time zone; Europe/Berlin is one") from None


def _rate(text: str) -> _Rate:
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise InvalidExpressionError(f"rate({text}) wants a number from 1 and minutes, hours or days")
    value, unit, plural = int(match[1]), match[2], bool(match[3])
    if plural == (value == 1):
        raise InvalidExpressionError(f"rate({text}): write {unit}{'' if value == 1 else 's'}")
    return _Rate(value * _SECONDS[unit])


def _once(text: str, zone: tzinfo) -> _Once:
    try:
        local = datetime.strptime(text.strip(), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the zone is given apart
    except ValueError:
        raise InvalidExpressionError(f"at({text}) wants a moment as 2026-12-24T18:00:00") from None
    return _Once(local.replace(tzinfo=zone).timestamp())


def _cron(text: str, zone: tzinfo) -> _Cron:
    fields = text.upper().split()
    if len(fields) != _FIELDS:
        raise InvalidExpressionError(f"cron({text}) wants six fields: minutes hours day month weekday year")
    minutes, hours, month_days, months, weekdays, years = fields
    if (month_days == "?") == (weekdays == "?"):
        raise InvalidExpressionError(f"cron({text}): one of day of month and day of week has to be ?, the other not")
    return _Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        days=_month_days(month_days) if weekdays == "?" else _week_days(weekdays),
        months=_numbers(months, 1, 12, _MONTHS),
        years=_numbers(years, 1970, _LAST_YEAR),
        zone=zone,
    )


def _month_days(field: str) -> _Days:
    parts = field.split(",")
    near = frozenset(_number(part[:-1], 1, 31) for part in parts if re.fullmatch(r"\d+W", part))
    plain = [part for part in parts if part not in {"L", "LW"} and not re.fullmatch(r"\d+W", part)]
    days = _numbers(",".join(plain), 1, 31) if plain else frozenset[int]()
    return _Days(month_days=days, last="L" in parts, last_weekday="LW" in parts, near=near)


def _week_days(field: str) -> _Days:
    if "#" in field:
        day, _, nth = field.partition("#")
        return _Days(weekdays=frozenset(), nth=(_number(day, 1, _WEEK, _WEEKDAYS), _number(nth, 1, 5)))
    parts = ["7" if part == "L" else part for part in field.split(",")]
    last_of = frozenset(_number(part[:-1], 1, _WEEK, _WEEKDAYS) for part in parts if len(part) > 1 and part[-1] == "L")
    plain = [part for part in parts if len(part) == 1 or part[-1] != "L"]
    days = _numbers(",".join(plain), 1, _WEEK, _WEEKDAYS) if plain else frozenset[int]()
    return _Days(weekdays=days, last_of=last_of)


def _numbers(field: str, least: int, most: int, names: Mapping[str, int] | None = None) -> frozenset[int]:
    """The numbers that a field means."""
    found: set[int] = set()
    for part in field.split(","):
        text, slash, step = part.partition("/")
        first, dash, last = text.partition("-")
        start = least if text == "*" else _number(first, least, most, names)
        end = _number(last, least, most, names) if dash else most if slash or text == "*" else start
        stride = _number(step, 1, most) if slash else 1
        # A range may go over the end of a week or a day, as FRI-MON does.
        span = end - start if end >= start else end - start + most - least + 1
        found |= {least + (start - least + offset) % (most - least + 1) for offset in range(0, span + 1, stride)}
    return frozenset(found)


def _number(text: str, least: int, most: int, names: Mapping[str, int] | None = None) -> int:
    value = (names or {}).get(text) or whole_number(text)
    if value is None or not least <= value <= most:
        raise InvalidExpressionError(f"{text!r} in a cron expression is no value from {least} to {most}")
    return value


def _closest(day: date) -> int:
    """The day of the month of the Monday to Friday that is closest to a day, within its month."""
    length = monthrange(day.year, day.month)[1]
    saturday, sunday = 6, 7
    match day.isoweekday():
        case weekday if weekday == saturday:
            return day.day - 1 if day.day > 1 else day.day + 2
        case weekday if weekday == sunday:
            return day.day + 1 if day.day < length else day.day - 2
        case _:
            return day.day


def _moment(local: datetime, zone: tzinfo) -> float | None:
    """A moment of a zone's clocks in Unix seconds, the first of two; None if the clocks leave it out."""
    due = local.replace(tzinfo=zone)
    exists = due.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    return due.timestamp() if exists else None
