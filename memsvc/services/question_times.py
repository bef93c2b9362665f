"""What the times that a question names do to its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memsvc.domain.asked_order import AskedOrder, asked_order
from memsvc.domain.asked_times import AskedTime, TimeUse, are_days, asked_times
from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.order_weights import Placed, order_factors
from memsvc.services.found import Found, Question
from memsvc.services.recalled import RecallQuery

OTHER_TIME = 0.7
"""Factor of what happened at another time than the question names: bounded, since the day a
thing is told of is often not the day it happened on."""
OTHER_DAY = 0.3
"""The same where the question names days in full, with their year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTimes:
    """What a question says of when: spans, and which end of a row of events it is about."""

    query: RecallQuery
    """Narrowed if its times are to filter."""
    spans: Sequence[AskedTime] = ()
    order: AskedOrder | None = None


def read_times(query: RecallQuery, now: datetime) -> ReadTimes:
    """Return what ``query`` says of when; nothing if that is to be ignored."""
    if query.times is TimeUse.IGNORE:
        return ReadTimes(query=query)
    spans = asked_times(query.text, now, query.zone)
    order = asked_order(query.text, [each.written for each in spans])
    if query.times is TimeUse.FILTER and spans:
        query = replace(query, filter=within(query.filter, spans))
    return ReadTimes(query=query, spans=spans, order=order)


def other_times(
    happened: Mapping[MemoryId, datetime], spans: Sequence[AskedTime]
) -> dict[MemoryId, float]:
    """Return the factors of what happened at another time than the question names."""
    factor = OTHER_DAY if are_days(spans) else OTHER_TIME
    return {
        memory_id: factor
        for memory_id, instant in happened.items()
        if not any(span.holds(instant) for span in spans)
    }


def weigh_by_order(found: Found, question: Question) -> Found:
    """Return what was found with what is out of the order that is asked for counting less."""
    if question.order is None:
        return found
    shown = found.shown()
    placed = [
        Placed(
            score=each.score,
            occurred_at=found.visible[each.memory_id].occurred_at,
            text=found.visible[each.memory_id].text,
        )
        for each in shown
    ]
    factors = zip(shown, order_factors(question.order, placed), strict=True)
    weighed = {each.memory_id: factor for each, factor in factors if factor != 1}
    return found.weighed(weighed, "order")


def within(wanted: RecallFilter, spans: Sequence[AskedTime]) -> RecallFilter:
    """Return the filter narrowed to the stretch from the earliest to the latest of the spans."""
    starts = [span.start for span in spans]
    ends = [span.end for span in spans]
    first = None if None in starts else min(each for each in starts if each is not None)
    past = None if None in ends else max(each for each in ends if each is not None)
    after, before = wanted.occurred_after, wanted.occurred_before
    if first is not None and (after is None or first > after):
        after = first
    if past is not None and (before is None or past < before):
        before = past
    return replace(wanted, occurred_after=after, occurred_before=before)
