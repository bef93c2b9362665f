"""What the times that a question names do to its answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.times.asked_order import ENDS, AskedOrder, Order, asked_order
from memsvc.domain.times.asked_times import AskedTime, TimeUse, are_days, asked_times
from memsvc.domain.times.elapsed import AskedElapsed, asked_elapsed
from memsvc.domain.times.moments import Moment
from memsvc.domain.times.order_weights import factors_by_end, factors_by_event
from memsvc.domain.times.tellings import about
from memsvc.services.recalling.found import Found, Question
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.services.recalling.telling import event_told, placed, words_of

OTHER_TIME = 0.7
"""Factor of what happened at another time than the question names: bounded, since the day a
thing is told of is often not the day it happened on."""
OTHER_DAY = 0.3
"""The same where the question names days in full, with their year."""
_INSTANT = timedelta(microseconds=1)
"""The least difference between two stored times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTimes:
    """What a question says of when: spans, an end of a row of events, how long ago."""

    query: RecallQuery
    """Narrowed if its times are to filter."""
    spans: Sequence[AskedTime] = ()
    order: AskedOrder | None = None
    elapsed: AskedElapsed | None = None

    @property
    def has_event(self) -> bool:
        """Whether an event that the question tells of is to bound what is found."""
        order = self.order
        return self.query.times is TimeUse.FILTER and order is not None and order.order not in ENDS


def read_times(query: RecallQuery, now: datetime) -> ReadTimes:
    """Return what ``query`` says of when; nothing if that is to be ignored."""
    if query.times is TimeUse.IGNORE:
        return ReadTimes(query=query)
    spans = asked_times(query.text, now, query.zone)
    elapsed = asked_elapsed(query.text)
    text = query.text if elapsed is None else elapsed.rest
    order = asked_order(text, [each.written for each in spans])
    # The time of an event says where to look for the event.
    is_of_event = order is not None and order.is_dated
    if query.times is TimeUse.FILTER and spans and not is_of_event:
        query = replace(query, filter=within(query.filter, spans))
    return ReadTimes(query=query, spans=spans, order=order, elapsed=elapsed)


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
    order = question.order
    if order is None:
        return found
    shown = found.shown()
    memories = [found.visible[each.memory_id] for each in shown]
    candidates = placed(memories, [each.score for each in shown])
    if order.order in ENDS:
        takes_part = set(about(words_of(question), candidates).places)
        return _weighed(found, factors_by_end(order.order, candidates, takes_part))
    if question.event is not None:  # What was beyond it has been left out.
        return replace(found, event=question.event)
    event = event_told(order, memories, candidates, question.query.zone)
    if event is None:
        return found
    # Told with the event is told of both sides of it, though it may have been days before.
    told_at = found.visible[event.memory_id].occurred_at
    happened = replace(event.moment, end=max(event.moment.end, told_at))
    factors = factors_by_event(order.order, happened, candidates)
    return replace(_weighed(found, factors), event=event)


def _weighed(found: Found, factors: Sequence[float]) -> Found:
    by_memory = zip((each.memory_id for each in found.shown()), factors, strict=True)
    return found.weighed({each: factor for each, factor in by_memory if factor != 1}, "order")


def beyond(wanted: RecallFilter, order: Order, happened: Moment) -> RecallFilter:
    """Return the filter narrowed to what happened before or after an event.

    Of an event whose time is known as a stretch only (a day, a month), that stretch belongs to both
    sides; of one known to the instant, neither has the memory that tells of it.
    """
    is_instant = happened.start == happened.end
    if order is Order.BEFORE:
        return _narrowed(wanted, None, happened.end)
    return _narrowed(wanted, happened.start + _INSTANT if is_instant else happened.start, None)


def within(wanted: RecallFilter, spans: Sequence[AskedTime]) -> RecallFilter:
    """Return the filter narrowed to the stretch from the earliest to the latest of the spans."""
    starts = [span.start for span in spans]
    ends = [span.end for span in spans]
    first = None if None in starts else min(_known(starts))
    past = None if None in ends else max(_known(ends))
    return _narrowed(wanted, first, past)


def _known(instants: Iterable[datetime | None]) -> list[datetime]:
    return [each for each in instants if each is not None]


def _narrowed(wanted: RecallFilter, first: datetime | None, past: datetime | None) -> RecallFilter:
    after, before = wanted.occurred_after, wanted.occurred_before
    return replace(
        wanted,
        occurred_after=max(_known((first, after)), default=None),
        occurred_before=min(_known((past, before)), default=None),
    )
