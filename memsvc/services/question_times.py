"""What the times that a question names do to its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from memsvc.domain.asked_times import AskedTime, TimeUse, asked_times
from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Fused
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory
from memsvc.services.recalled import RecallQuery

OTHER_TIME = 0.7
"""Factor of what happened at another time than the question names: bounded, since the day a
thing is told of is often not the day it happened on."""


def read_times(query: RecallQuery, now: datetime) -> tuple[RecallQuery, Sequence[AskedTime]]:
    """Return the query, narrowed if its times are to filter, and the times that weigh hits."""
    if query.times is TimeUse.IGNORE:
        return query, ()
    spans = asked_times(query.text, now, query.zone)
    if query.times is TimeUse.FILTER and spans:
        query = replace(query, filter=_within(query.filter, spans))
    return query, spans


def weigh_by_time(
    fused: Sequence[Fused], visible: Mapping[MemoryId, Memory], spans: Sequence[AskedTime]
) -> list[Fused]:
    """Return the candidates with what happened at another time counting less, best first."""
    if not spans:
        return list(fused)
    weighed = [
        replace(each, score=each.score * time_factor(visible.get(each.memory_id), spans))
        for each in fused
    ]
    return sorted(weighed, key=lambda each: (-each.score, each.memory_id))


def time_factor(memory: Memory | None, spans: Sequence[AskedTime]) -> float:
    """Return what a memory's score is multiplied by: 1 where it happened at a time asked about."""
    if memory is None or not spans or any(span.holds(memory.occurred_at) for span in spans):
        return 1.0
    return OTHER_TIME


def _within(wanted: RecallFilter, spans: Sequence[AskedTime]) -> RecallFilter:
    """Narrow a filter to the stretch from the earliest to the latest of the spans."""
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
