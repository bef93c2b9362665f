"""Times that a question counts back from now: "the last three weeks", "a few days ago", 最近三天.

They are stretches, not units of the calendar. What is counted vaguely is a long stretch, so that
nothing that may be meant lies outside.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from memsvc.domain.times.calendar_spans import Granularity, days_of, months_on, moved
from memsvc.domain.times.named_times_zh import CHINESE_UNITS
from memsvc.domain.times.number_words import (
    CHINESE_NUMBER_PATTERN,
    NUMBER_PATTERN,
    read_chinese_number,
    read_number,
)

_MOST_VAGUE = 9
"""几 stands for a number below ten; "several" and "some" are taken alike."""
_MOST_FEW = 5
_LEAST_VAGUE = 2
_COUPLE = r"couple(?:\s+of)?"
_VAGUE = r"a\s+few|few|several|some|many"
_UNIT = r"(?P<unit>hour|day|night|weekend|week|month|quarter|year|decade)"
_CHINESE_UNIT = (
    r"(?:个|個)?(?P<unit>小时|小時|钟头|鐘頭|周末|週末|天|日|周|週|星期|礼拜|禮拜|季度|月|年)"
)
_CHINESE_VAGUE = "好几|好幾|几|幾|数|數"
_MONTHS = {
    Granularity.MONTH: 1,
    Granularity.QUARTER: 3,
    Granularity.YEAR: 12,
    Granularity.DECADE: 120,
}
_UNITS = {each.value: each for each in Granularity} | CHINESE_UNITS
_UNITS |= {"night": Granularity.DAY}
_UNITS |= dict.fromkeys(("小时", "小時", "钟头", "鐘頭"), Granularity.HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingSpan:
    """A stretch of time that a text names, and where it stands in the text."""

    written: str
    first: int
    past: int
    start: datetime
    end: datetime
    granularity: Granularity


def rolling_spans(text: str, now: datetime, zone: tzinfo) -> list[RollingSpan]:
    """Return the stretches that ``text`` counts from ``now`` (aware), by the days of ``zone``."""
    found: list[RollingSpan] = []
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < each.past and each.first < match.end() for each in found):
                continue
            unit = _UNITS[match["unit"].lower()]
            try:
                start, end = resolve(match, unit, now.astimezone(zone))
            except (ValueError, OverflowError):  # beyond the calendar
                continue
            found.append(
                RollingSpan(
                    written=match.group().strip(),
                    first=match.start(),
                    past=match.end(),
                    start=start,
                    end=end,
                    granularity=unit,
                )
            )
    return found


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a day in ``zone``, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


_Bounds = tuple[datetime, datetime]
_Resolve = Callable[[re.Match[str], Granularity, datetime], _Bounds]


def _last(match: re.Match[str], unit: Granularity, now: datetime) -> _Bounds:
    """Return the last so many units up to now: today belongs to them."""
    count = _count(match["n"])[1]
    if unit is Granularity.HOUR:
        asked_at = now.astimezone(UTC)
        return asked_at - timedelta(hours=count), asked_at + timedelta(microseconds=1)
    today = now.date()
    if unit in _MONTHS:
        first = months_on(today, -count * _MONTHS[unit])
    elif unit is Granularity.WEEKEND:
        first = days_of(moved(today, -count, unit), unit)[0]
    else:
        first = today - timedelta(days=count * (7 if unit is Granularity.WEEK else 1))
    return midnight(first, _zone(now)), midnight(today + timedelta(days=1), _zone(now))


def _ago(match: re.Match[str], unit: Granularity, now: datetime) -> _Bounds:
    """Return from the most to the least units ago that may be meant."""
    least, most = _count(match["n"])
    if unit is Granularity.HOUR:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return hour - timedelta(hours=most), hour - timedelta(hours=least - 1)
    today = now.date()
    first, _ = days_of(moved(today, -most, unit), unit)
    _, past = days_of(moved(today, -least, unit), unit)
    return midnight(first, _zone(now)), midnight(past, _zone(now))


def _zone(now: datetime) -> tzinfo:
    zone = now.tzinfo
    assert zone is not None  # noqa: S101 — it was put into one
    return zone


def _count(written: str | None) -> tuple[int, int]:
    """Return the least and the most that a number, or a vague one, stands for."""
    words = " ".join((written or "one").lower().split())
    if words in ("a few", "few"):
        return _LEAST_VAGUE, _MOST_FEW
    if words in ("several", "some", "many") or re.fullmatch(_CHINESE_VAGUE, words):
        return _LEAST_VAGUE, _MOST_VAGUE
    if words.startswith("couple"):
        words = f"a {words}"
    count = read_number(words) if words.isascii() else read_chinese_number(words)
    if count < 1:
        raise ValueError(words)
    return count, count


def _compiled() -> Iterator[tuple[re.Pattern[str], _Resolve]]:
    chinese = rf"(?P<n>{CHINESE_NUMBER_PATTERN}|{_CHINESE_VAGUE})"
    before = r"(?:以前|之前|前)"
    patterns: tuple[tuple[str, _Resolve], ...] = (
        (
            rf"\b(?:last|past|previous)\s+(?P<n>{_VAGUE}|{_COUPLE}|{NUMBER_PATTERN})\s+{_UNIT}s?\b",
            _last,
        ),
        (
            rf"\b(?:in|over|during|within)\s+the\s+(?:last|past)(?P<n>)?\s+{_UNIT}\b(?!\s+of\b)",
            _last,
        ),
        (rf"\b(?<!how\s)(?P<n>{_VAGUE})\s+{_UNIT}s\s+ago\b", _ago),
        (rf"\b(?P<n>{NUMBER_PATTERN})\s+(?P<unit>hour)s?\s+ago\b", _ago),
        (rf"(?:最近|过去|過去|(?<![附将將接])近)的?这?{chinese}{_CHINESE_UNIT}(?!{before})", _last),
        (r"(?:这|這)(?P<n>几|幾)(?:个|個)?(?P<unit>天|周|週|星期|月|年)", _last),
        (r"前(?P<n>几|幾)(?:个|個)?(?P<unit>天|周|週|星期|月|年)", _ago),
        (rf"(?P<n>{_CHINESE_VAGUE}){_CHINESE_UNIT}{before}", _ago),
        (rf"{chinese}(?:个|個)?(?P<unit>小时|小時|钟头|鐘頭){before}", _ago),
    )
    for pattern, resolve in patterns:
        yield re.compile(pattern, re.IGNORECASE), resolve


_PATTERNS = tuple(_compiled())
