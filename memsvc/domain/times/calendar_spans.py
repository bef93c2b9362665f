"""Days, weeks, seasons and years of the calendar, named as in ISO 8601 and EDTF.

``2023-05-07`` is a day, ``2023-W23`` an ISO week, ``2023-05`` a month, ``2023-33`` to ``2023-36``
a quarter, ``2023-21`` to ``2023-24`` spring, summer, autumn and the winter that begins that year
(of the northern hemisphere), ``2023`` a year, ``202X`` a decade (ISO 8601-2).
"""

import re
from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum

_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_DECADE = re.compile(r"(\d{3})X")
_SPRING, _FIRST_QUARTER = 21, 33
_THREE_MONTHS = {21: 3, 22: 6, 23: 9, 24: 12, 33: 1, 34: 4, 35: 7, 36: 10}
"""First months of seasons and quarters, by their numbers."""
_DAYS_OF_A_WEEKEND = 2


class Granularity(StrEnum):
    """How exactly a time is named, finest first."""

    HOUR = "hour"
    DAY = "day"
    WEEKEND = "weekend"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    SEASON = "season"
    YEAR = "year"
    DECADE = "decade"


def coarser(one: Granularity, other: Granularity) -> Granularity:
    """Return the less exact of two."""
    order = list(Granularity)
    return max(one, other, key=order.index)


def granularity_of(iso: str) -> Granularity:
    """Return how exactly ``iso`` names a time; a weekend is named by its Saturday, as a day."""
    if _WEEK.fullmatch(iso):
        return Granularity.WEEK
    if _DECADE.fullmatch(iso):
        return Granularity.DECADE
    _, *rest = (int(part) for part in iso.split("-"))
    if not rest:
        return Granularity.YEAR
    if len(rest) > 1:
        return Granularity.DAY
    if rest[0] >= _FIRST_QUARTER:
        return Granularity.QUARTER
    return Granularity.SEASON if rest[0] >= _SPRING else Granularity.MONTH


def days_of(iso: str, granularity: Granularity) -> tuple[date, date]:
    """Return the first day of a named time and the first one past it."""
    if week := _WEEK.fullmatch(iso):
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return monday, monday + timedelta(weeks=1)
    if decade := _DECADE.fullmatch(iso):
        return date(int(decade[1]) * 10, 1, 1), date(int(decade[1]) * 10 + 10, 1, 1)
    year, month, day = ([int(part) for part in iso.split("-")] + [0, 0])[:3]
    if day:
        first = date(year, month, day)
        length = _DAYS_OF_A_WEEKEND if granularity is Granularity.WEEKEND else 1
        return first, first + timedelta(days=length)
    if month in _THREE_MONTHS:
        first = date(year, _THREE_MONTHS[month], 1)
        return first, months_on(first, 3)
    if month:
        return date(year, month, 1), months_on(date(year, month, 1), 1)
    return date(year, 1, 1), date(year + 1, 1, 1)


def months_on(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def moved(today: date, count: int, unit: Granularity) -> str:
    """Return the name of the unit of the calendar that is ``count`` on from today's.

    Raises ``ValueError`` or ``OverflowError`` beyond the calendar.
    """
    first = today.replace(day=1)
    match unit:
        case Granularity.DAY:
            name = (today + timedelta(days=count)).isoformat()
        case Granularity.WEEKEND:
            name = (today + timedelta(days=5 - today.weekday(), weeks=count)).isoformat()
        case Granularity.WEEK:
            year, week, _ = (today + timedelta(weeks=count)).isocalendar()
            name = f"{year:04d}-W{week:02d}"
        case Granularity.MONTH:
            name = months_on(first, count).isoformat()[:7]
        case Granularity.QUARTER:
            then = months_on(first, 3 * count)
            name = f"{then.year:04d}-{_FIRST_QUARTER + (then.month - 1) // 3}"
        case Granularity.DECADE:
            name = f"{date(today.year // 10 * 10 + 10 * count, 1, 1).year // 10:03d}X"
        case _:
            name = f"{date(today.year + count, 1, 1).year:04d}"
    return name
