"""When what a memory tells of happened: as its text says, or else when it was told."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from memsvc.domain.times.asked_times import AskedTime, asked_times
from memsvc.domain.times.calendar_spans import Granularity


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time as exactly as it is known: from ``start`` up to ``end``, or an instant."""

    start: datetime
    end: datetime
    """The same as ``start`` for an instant."""
    granularity: Granularity | None = None
    """``None``: an instant, the one at which it was told."""
    written: str | None = None
    """The words of the memory that name the time, if they do."""


def moment_of(text: str, occurred_at: datetime, zone: tzinfo) -> Moment:
    """Return when what ``text``, told at ``occurred_at``, tells of happened.

    A text that names one time which was over when it was told ("I moved last May") tells of that;
    one that names none, or several, of the instant at which it was told.
    """
    spans = asked_times(text, occurred_at, zone, has_bare=False)
    past = [each for each in (_past(span, occurred_at) for span in spans) if each is not None]
    return past[0] if len(past) == 1 else Moment(start=occurred_at, end=occurred_at)


def _past(span: AskedTime, told_at: datetime) -> Moment | None:
    if span.start is None or span.end is None or span.end > told_at:
        return None
    return Moment(
        start=span.start, end=span.end, granularity=span.granularity, written=span.written
    )
