"""Questions for how long ago something was, and the answer: the time that has passed since.

"How long ago did Ada move?", "How many weeks has it been since …?" and 多久以前 ask for a span, not
for a memory; it is counted from what the best matching memory tells.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from memsvc.domain.times.calendar_spans import Granularity, months_on
from memsvc.domain.times.moments import Moment
from memsvc.domain.times.tellings import Told

_UNIT = r"(?P<unit>hour|day|week|month|year)"
_PASSED = (
    r"(?:\s+(?:is|was|has|have|had|it|it['\u2019]s|been|passed|gone|by|elapsed|now)|['\u2019]s)*"
    r"\s+since\b"
)
_CHINESE_UNIT = r"(?:个|個)?(?P<unit>小时|小時|天|日|周|週|星期|礼拜|禮拜|月|年)"
_AGO = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bhow\s+(?:long|many\s+{_UNIT}s)(?:\s+ago\b|{_PASSED})",
        rf"(?:是|在)?(?:多久|多长时间|多長時間|多少{_CHINESE_UNIT})(?:以前|之前|前)",
        rf"(?:距今|已经|已經)?(?:过去?了?|過去?了?|有)?(?:多久|多长时间|多長時間|多少{_CHINESE_UNIT})(?:了|没|沒)",
        rf"(?:距今(?:有|已有)?|过去?了|過去?了)(?:多久|多长时间|多長時間|多少{_CHINESE_UNIT})",
    )
)
_OF_THE_TELLING = re.compile(
    r"\b(?:talk|tell|told|mention|say|said|speak|spoke|discuss|chat|write|wrote|text|messag)\w*\b"
    r"|说|說|提到|提起|聊|告诉|告訴|谈|談|写|寫",
    re.IGNORECASE,
)
_UNITS = {
    "hour": Granularity.HOUR,
    "小时": Granularity.HOUR,
    "小時": Granularity.HOUR,
    "day": Granularity.DAY,
    "天": Granularity.DAY,
    "日": Granularity.DAY,
    "week": Granularity.WEEK,
    "周": Granularity.WEEK,
    "週": Granularity.WEEK,
    "星期": Granularity.WEEK,
    "礼拜": Granularity.WEEK,
    "禮拜": Granularity.WEEK,
    "month": Granularity.MONTH,
    "月": Granularity.MONTH,
    "year": Granularity.YEAR,
    "年": Granularity.YEAR,
}
_MONTHS_OF = {
    Granularity.MONTH: 1,
    Granularity.QUARTER: 1,
    Granularity.SEASON: 1,
    Granularity.YEAR: 12,
    Granularity.DECADE: 12,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedElapsed:
    """That a question asks how long ago something was."""

    written: str
    unit: Granularity | None
    """In which it is to be counted ("how many weeks ago"), if the question says."""
    rest: str
    """The question without these words."""
    is_of_telling: bool
    """Whether it is about something said: then what was said to have happened does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """The time that has passed since a memory tells that something happened."""

    written: str
    since: Told
    until: datetime
    duration: str
    """ISO 8601, as exact as ``since``: ``P1Y2M3D``, ``P1Y2M``, ``P3W``, ``PT5H``."""
    days: int
    """Midnights that have passed since it began, in the zone of the question."""
    unit: Granularity | None
    count: int | None
    """Whole units that have passed since it began, if the question names a unit."""


def asked_elapsed(question: str) -> AskedElapsed | None:
    """Return what ``question`` says of counting from the past to now, ``None`` for most."""
    for pattern in _AGO:
        if (match := pattern.search(question)) is not None:
            units = [each for name, each in match.groupdict().items() if name == "unit" and each]
            return AskedElapsed(
                written=match.group().strip(),
                unit=_UNITS[units[0].lower()] if units else None,
                rest=f"{question[: match.start()]} {question[match.end() :]}".strip(),
                is_of_telling=_OF_THE_TELLING.search(question) is not None,
            )
    return None


def elapsed_since(asked: AskedElapsed, told: Told, now: datetime, zone: tzinfo) -> Elapsed:
    """Return what has passed from what ``told`` tells to ``now``, by the calendar of ``zone``."""
    moment = told.moment
    first, today = moment.start.astimezone(zone), now.astimezone(zone)
    days = (today.date() - first.date()).days
    return Elapsed(
        written=asked.written,
        since=told,
        until=now,
        duration=_duration(moment, first, today),
        days=days,
        unit=asked.unit,
        count=None if asked.unit is None else _count(asked.unit, moment.start, now, zone),
    )


def _count(unit: Granularity, start: datetime, now: datetime, zone: tzinfo) -> int:
    if unit is Granularity.HOUR:
        return int((now - start) / timedelta(hours=1))
    first, today = start.astimezone(zone).date(), now.astimezone(zone).date()
    if unit is Granularity.DAY:
        return (today - first).days
    if unit is Granularity.WEEK:
        return (today - first).days // 7
    return _whole_months(first, today) // _MONTHS_OF[unit]


def _duration(moment: Moment, first: datetime, now: datetime) -> str:
    """Return the span as ISO 8601, by days of the calendar, or as exactly as the start is known."""
    if moment.granularity in _MONTHS_OF:
        months = (now.year - first.year) * 12 + now.month - first.month
        if _MONTHS_OF[moment.granularity] == 1:
            return _written([(months // 12, "Y"), (months % 12, "M")], "P0M")
        return f"P{now.year - first.year}Y"
    if moment.granularity is Granularity.WEEK:
        return f"P{(now.date() - first.date()).days // 7}W"
    passed = now.timestamp() - first.timestamp()
    if moment.granularity is None and passed < timedelta(days=1).total_seconds():
        minutes = int(passed // 60)
        time = _written([(minutes // 60, "H"), (minutes % 60, "M")], "P0M")[1:]
        return f"PT{time}"
    past_days = now.date()
    if moment.granularity is None and now.time() < first.time():
        past_days -= timedelta(days=1)
    months = _whole_months(first.date(), past_days)
    days = (past_days - months_on(first.date(), months)).days
    return _written([(months // 12, "Y"), (months % 12, "M"), (days, "D")], "P0D")


def _whole_months(first: date, last: date) -> int:
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if months_on(first, months) <= last else months - 1


def _written(parts: Sequence[tuple[int, str]], nothing: str) -> str:
    told = "".join(f"{number}{sign}" for number, sign in parts if number)
    return f"P{told}" if told else nothing
