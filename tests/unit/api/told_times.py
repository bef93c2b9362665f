"""What an answer tells of when, as routes get it and as they render it."""

from datetime import UTC, datetime
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.times.asked_order import AskedOrder, Order
from memsvc.domain.times.asked_times import AskedTime
from memsvc.domain.times.calendar_spans import Granularity
from memsvc.domain.times.elapsed import Elapsed
from memsvc.domain.times.moments import Moment
from memsvc.domain.times.tellings import Told, ToldBy
from memsvc.domain.times.told_times import ToldTimes

_MEMORY_ID = MemoryId(UUID(int=4))
_IN_MAY = Told(
    memory_id=_MEMORY_ID,
    moment=Moment(
        start=datetime(2024, 5, 1, tzinfo=UTC),
        end=datetime(2024, 6, 1, tzinfo=UTC),
        granularity=Granularity.MONTH,
        written="in May",
    ),
    told_by=ToldBy.WORDS,
)
WHEN = ToldTimes(
    spans=[
        AskedTime(
            written="June",
            start=None,
            end=datetime(2024, 6, 1, tzinfo=UTC),
            granularity=Granularity.MONTH,
        )
    ],
    order=AskedOrder(written="first", order=Order.EARLIEST),
    at=_IN_MAY,
    elapsed=Elapsed(
        written="How many weeks ago",
        since=_IN_MAY,
        until=datetime(2024, 7, 1, tzinfo=UTC),
        duration="P2M",
        days=61,
        unit=Granularity.WEEK,
        count=8,
    ),
)
_RENDERED_MOMENT = {
    "memory_id": str(_MEMORY_ID),
    "start": "2024-05-01T00:00:00Z",
    "end": "2024-06-01T00:00:00Z",
    "granularity": "month",
    "written": "in May",
}
RENDERED_WHEN = {
    "times": [
        {"written": "June", "start": None, "end": "2024-06-01T00:00:00Z", "granularity": "month"}
    ],
    "order": {
        "written": "first",
        "order": "earliest",
        "event": None,
        "at": _RENDERED_MOMENT,
        "told_by": "words",
    },
    "elapsed": {
        "written": "How many weeks ago",
        "since": _RENDERED_MOMENT,
        "told_by": "words",
        "until": "2024-07-01T00:00:00Z",
        "duration": "P2M",
        "days": 61,
        "unit": "week",
        "count": 8,
    },
}
