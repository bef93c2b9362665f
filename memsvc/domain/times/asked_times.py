"""The times a question asks about, as spans between two instants.

"What did we plan last May?" asked on 7 June 2023 in Vienna is about 2023-04-30T22:00Z to
2023-05-31T22:00Z. A grammar of its own, because free-text searches of date libraries take words
such as "we" for weekdays.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from memsvc.domain.times.calendar_spans import Granularity, coarser, days_of, moved
from memsvc.domain.times.named_times import (
    DAY_NAMES,
    MONTH_PATTERN,
    NamedTime,
    month_number,
    named_times,
)
from memsvc.domain.times.named_times_zh import CHINESE_MONTH_PATTERN, chinese_month, chinese_weekday
from memsvc.domain.times.rolling_spans import RollingSpan, midnight, rolling_spans

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
    r"\b(?:in|during|since|until|by|before|after|between|from|and|to"
    r"|(?:month|week|end|beginning|start|middle|rest) of)\s+"
    rf"(?P<month>{MONTH_PATTERN})(?!\s*\d)",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^(?:in the|in|the|during|since|until|from|im|en|depuis|seit|desde)\s+", re.IGNORECASE
)
_BARE_CHINESE_MONTH = re.compile(
    rf"(?<![\d年个個一二三四五六七八九十])(?P<month>{CHINESE_MONTH_PATTERN})(?!\s*[\d一二三四五六七八九十天])"
)
_BARE_DAY = re.compile(
    rf"\b(?:on|before|after|since|until|by)\s+(?P<day>{'|'.join(DAY_NAMES)})\b", re.IGNORECASE
)
_BARE_CHINESE_DAY = re.compile(
    r"(?<![每个個逢两双])(?P<day>(?:周|週|星期|礼拜|禮拜)[一二三四五六日天])(?![一二三四五六日天到至])"
)
_BARE_WEEKEND = re.compile(
    r"\b(?:on|at|over|during|before|after|since|until|by)\s+the\s+(?P<weekend>weekend)\b"
    r"(?!\s+(?:of|before|after|in)\b)"
    r"|(?<![每个個])(?P<chinese>[周週]末)",
    re.IGNORECASE,
)
_MONTH_AND_DAY = 2
_SATURDAY = 5


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
    granularity: Granularity = Granularity.DAY
    """How exactly it is named; of two ends the less exact one."""
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


def asked_times(
    question: str, now: datetime, zone: tzinfo, *, has_bare: bool = True
) -> list[AskedTime]:
    """Return the spans that ``question`` names, in order; none for most questions.

    ``now`` (aware) is when it is asked, ``zone`` whose days and months are meant. A month
    without a year is the latest one of that name that has begun, as are days of the week and
    weekends without more; what is told, not asked, may mean the next ones: ``has_bare`` is false.
    """
    today = now.astimezone(zone)
    rolling = rolling_spans(question, now, zone)
    named = [
        _without_preposition(each)
        for each in named_times(question, today)
        if not _is_part(each, rolling)
    ]
    if has_bare:
        named.extend(_bare(question, today.date(), [*named, *_places(rolling)]))
    named.sort(key=lambda each: each.start)
    spans = [*_spans(question, named, zone), *(_rolled(each) for each in rolling)]
    return [span for _, span in sorted(spans, key=lambda each: each[0])]


def _is_part(named: NamedTime, rolling: Sequence[RollingSpan]) -> bool:
    return any(named.start < each.past and each.first < named.end for each in rolling)


def _places(rolling: Sequence[RollingSpan]) -> Iterator[NamedTime]:
    for each in rolling:
        yield NamedTime(written=each.written, iso="", start=each.first, end=each.past)


def _rolled(span: RollingSpan) -> tuple[int, AskedTime]:
    asked = AskedTime(
        written=span.written, start=span.start, end=span.end, granularity=span.granularity
    )
    return span.first, asked


def _without_preposition(named: NamedTime) -> NamedTime:
    bare = _PREPOSITION.sub("", named.written)
    return replace(named, written=bare, start=named.start + len(named.written) - len(bare))


def _spans(
    question: str, named: Sequence[NamedTime], zone: tzinfo
) -> Iterator[tuple[int, AskedTime]]:
    """Yield spans, each with its place in the question; "from … to" makes one of two times."""
    place = 0
    while place < len(named):
        first, second = named[place], named[place + 1] if place + 1 < len(named) else None
        between = "" if second is None else question[first.end : second.start]
        if second is not None and _FROM.search(question[: first.start]) and _TO.match(between):
            start, _ = _bounds(first, zone)
            _, end = _bounds(second, zone)
            if start < end:
                yield (
                    first.start,
                    AskedTime(
                        written=question[first.start : second.end],
                        start=start,
                        end=end,
                        granularity=coarser(first.granularity, second.granularity),
                    ),
                )
            place += 2
            continue
        yield first.start, _related(question, first, zone)
        place += 1


def _related(question: str, named: NamedTime, zone: tzinfo) -> AskedTime:
    """Return the named time itself, or what is before or after it if the question says so."""
    start, end = _bounds(named, zone)
    ahead, behind = question[: named.start], question[named.end :]
    span = AskedTime(
        written=named.written,
        start=start,
        end=end,
        granularity=named.granularity,
        is_day=_names_a_day_in_full(named),
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


def _bare(question: str, today: date, taken: Sequence[NamedTime]) -> Iterator[NamedTime]:
    """Yield months, days of the week and weekends without more: the latest that have begun."""
    for start, end, iso, granularity in (
        *_bare_months(question, today),
        *_bare_days(question, today),
        *_bare_weekends(question, today),
    ):
        if not any(start < each.end and each.start < end for each in taken):
            yield NamedTime(
                written=question[start:end], iso=iso, start=start, end=end, granularity=granularity
            )


_Bare = tuple[int, int, str, Granularity]


def _bare_months(question: str, today: date) -> Iterator[_Bare]:
    for pattern, number in ((_BARE_MONTH, month_number), (_BARE_CHINESE_MONTH, chinese_month)):
        for match in pattern.finditer(question):
            month = number(match["month"])
            year = today.year if month <= today.month else today.year - 1
            yield *match.span("month"), f"{year:04d}-{month:02d}", Granularity.MONTH


def _bare_days(question: str, today: date) -> Iterator[_Bare]:
    for pattern in (_BARE_DAY, _BARE_CHINESE_DAY):
        for match in pattern.finditer(question):
            name = match["day"].lower()
            weekday = DAY_NAMES.index(name) if name.isascii() else chinese_weekday(name[-1])
            day = today - timedelta(days=(today.weekday() - weekday) % 7)
            yield *match.span("day"), day.isoformat(), Granularity.DAY


def _bare_weekends(question: str, today: date) -> Iterator[_Bare]:
    for match in _BARE_WEEKEND.finditer(question):
        group = "weekend" if match["weekend"] else "chinese"
        has_begun = today.weekday() >= _SATURDAY
        iso = moved(today, 0 if has_begun else -1, Granularity.WEEKEND)
        yield *match.span(group), iso, Granularity.WEEKEND


def _bounds(named: NamedTime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first instant of a named time in ``zone`` and the first one past it, in UTC."""
    first, past = days_of(named.iso, named.granularity)
    return midnight(first, zone), midnight(past, zone)
