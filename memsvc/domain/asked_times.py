"""The times a question asks about, as spans between two instants.

"What did we plan last May?" asked on 7 June 2023 in Vienna is about 2023-04-30T22:00Z to
2023-05-31T22:00Z. A grammar of its own, because free-text searches of date libraries take words
such as "we" for weekdays.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from memsvc.domain.named_times import MONTH_PATTERN, NamedTime, month_number, named_times

_BEFORE = re.compile(
    r"\b(?:before|until|till|prior to|up to|vor|bis|avant|antes de)\s+(?:the\s+)?$", re.IGNORECASE
)
_AFTER = re.compile(
    r"\b(?:after|since|seit|nach|depuis|après|desde|después de)\s+(?:the\s+)?$", re.IGNORECASE
)
_THEN_BEFORE = re.compile(r"^\s*(?:以前|之前|前)")
_THEN_AFTER = re.compile(r"^\s*(?:以后|以後|之后|之後|以来|以來|后|起)")
_INCLUSIVE_BEFORE = re.compile(r"\b(?:until|till|up to|bis)\s+(?:the\s+)?$", re.IGNORECASE)
_INCLUSIVE_AFTER = re.compile(r"\b(?:since|seit|depuis|desde)\s+(?:the\s+)?$", re.IGNORECASE)
_FROM = re.compile(r"\b(?:between|from)\s+(?:the\s+)?$", re.IGNORECASE)
_TO = re.compile(r"^\s*(?:and|to|until|till|through|\u2013|-|到|至)\s*(?:the\s+)?$", re.IGNORECASE)
_BARE_MONTH = re.compile(
    r"\b(?:in|during|since|until|by|before|after|between|from|and|to|month of)\s+"
    rf"(?P<month>{MONTH_PATTERN})(?!\s*\d)",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^(?:in the|in|the|during|since|until|from|im|en|depuis|seit|desde)\s+", re.IGNORECASE
)
_BARE_CHINESE_MONTH = re.compile(r"(?<![\d年个個])(?P<month>1[0-2]|[1-9])月(?:份)?(?!\s*\d)")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_SEASON_MONTHS = {21: 3, 22: 6, 23: 9, 24: 12}
_LAST_SEASON_OF_A_YEAR = 20
_MONTH_AND_DAY = 2


class TimeUse(StrEnum):
    """What is made of the times that a question names."""

    IGNORE = "ignore"
    BOOST = "boost"
    """What happened at another time counts less."""
    FILTER = "filter"
    """What happened at another time is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTime:
    """A span that a question names: from ``start`` up to, not including, ``end``."""

    written: str
    start: datetime | None
    """``None``: without a beginning ("before June")."""
    end: datetime | None
    is_day: bool = False
    """Whether it is one day, written with its year."""

    def holds(self, instant: datetime) -> bool:
        """Tell whether ``instant`` lies in the span."""
        return (self.start is None or self.start <= instant) and (
            self.end is None or instant < self.end
        )


def are_days(spans: Sequence[AskedTime]) -> bool:
    """Tell whether there are times, and all of them are days in full, with their year."""
    return bool(spans) and all(span.is_day for span in spans)


def asked_times(question: str, now: datetime, zone: tzinfo) -> list[AskedTime]:
    """Return the spans that ``question`` names, in order; none for most questions.

    ``now`` (aware) is when it is asked, ``zone`` whose days and months are meant. A month
    without a year is the latest one of that name that has begun.
    """
    today = now.astimezone(zone)
    named = [_without_preposition(each) for each in named_times(question, today)]
    named.extend(_bare_months(question, today.date(), named))
    named.sort(key=lambda each: each.start)
    return list(_spans(question, named, zone))


def _without_preposition(named: NamedTime) -> NamedTime:
    bare = _PREPOSITION.sub("", named.written)
    return replace(named, written=bare, start=named.start + len(named.written) - len(bare))


def _spans(question: str, named: Sequence[NamedTime], zone: tzinfo) -> Iterator[AskedTime]:
    place = 0
    while place < len(named):
        first, second = named[place], named[place + 1] if place + 1 < len(named) else None
        between = "" if second is None else question[first.end : second.start]
        if second is not None and _FROM.search(question[: first.start]) and _TO.match(between):
            start, _ = _bounds(first, zone)
            _, end = _bounds(second, zone)
            if start < end:
                yield AskedTime(written=question[first.start : second.end], start=start, end=end)
            place += 2
            continue
        yield _related(question, first, zone)
        place += 1


def _related(question: str, named: NamedTime, zone: tzinfo) -> AskedTime:
    """Return the named time itself, or what is before or after it if the question says so."""
    start, end = _bounds(named, zone)
    ahead, behind = question[: named.start], question[named.end :]
    span = AskedTime(
        written=named.written, start=start, end=end, is_day=_names_a_day_in_full(named)
    )
    if _BEFORE.search(ahead) or _THEN_BEFORE.search(behind):
        return replace(
            span, is_day=False, start=None, end=end if _INCLUSIVE_BEFORE.search(ahead) else start
        )
    if _AFTER.search(ahead) or _THEN_AFTER.search(behind):
        includes = _INCLUSIVE_AFTER.search(ahead) or re.match(r"\s*(?:以来|以來|起)", behind)
        return replace(span, is_day=False, start=start if includes else end, end=None)
    return span


def _names_a_day_in_full(named: NamedTime) -> bool:
    year, *rest = named.iso.split("-")
    return len(rest) == _MONTH_AND_DAY and year in named.written


def _bare_months(question: str, today: date, taken: Sequence[NamedTime]) -> Iterator[NamedTime]:
    for match in (*_BARE_MONTH.finditer(question), *_BARE_CHINESE_MONTH.finditer(question)):
        start, end = match.span("month")
        if any(start < each.end and each.start < end for each in taken):
            continue
        name = match["month"]
        month = int(name) if name.isdigit() else month_number(name)
        year = today.year if month <= today.month else today.year - 1
        yield NamedTime(written=name, iso=f"{year:04d}-{month:02d}", start=start, end=end)


def _bounds(named: NamedTime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first instant of a named time in ``zone`` and the first one past it."""
    first, past = _days(named.iso)
    if named.written.endswith("weekend"):
        past += timedelta(days=1)
    return (
        datetime.combine(first, time(), tzinfo=zone),
        datetime.combine(past, time(), tzinfo=zone),
    )


def _days(iso: str) -> tuple[date, date]:
    if week := _WEEK.fullmatch(iso):
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return monday, monday + timedelta(weeks=1)
    year, month, day = ([int(part) for part in iso.split("-")] + [0, 0])[:3]
    if day:
        return date(year, month, day), date(year, month, day) + timedelta(days=1)
    if month > _LAST_SEASON_OF_A_YEAR:
        first = date(year, _SEASON_MONTHS[month], 1)
        return first, _months_on(first, 3)
    if month:
        return date(year, month, 1), _months_on(date(year, month, 1), 1)
    return date(year, 1, 1), date(year + 1, 1, 1)


def _months_on(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
