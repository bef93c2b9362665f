"""What a question was read to say of when, and what the memories of the answer say of it."""

from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.times.asked_order import Order
from memsvc.domain.times.asked_times import AskedTime, TimeUse
from memsvc.domain.times.calendar_spans import Granularity
from memsvc.domain.times.tellings import Told, ToldBy
from memsvc.domain.times.told_times import ToldTimes

TimesField: TypeAlias = Annotated[
    TimeUse,
    Field(
        description="What to make of times that the question names (`last May`, `before 2022`, "
        "`上个月`), seen from `now` in `timezone`: with `boost` what happened at another time "
        "counts less, with `filter` it is left out, as is what was on the other side of an event "
        "(`before the move`). Words of order (`first`, `latest`, `第一次`) favour that end among "
        "what bears on the question; `ignore` reads none of these."
    ),
]


class AskedTimeResponse(ResponseModel):
    """A time that the question names: from `start` up to, not including, `end`."""

    written: str
    start: UtcTime | None
    end: UtcTime | None
    granularity: Annotated[
        Granularity, Field(description="How exactly it is named; of two ends the less exact.")
    ]

    @classmethod
    def of(cls, asked: AskedTime) -> Self:
        """Render a time."""
        return cls(
            written=asked.written,
            start=asked.start,
            end=asked.end,
            granularity=asked.granularity,
        )


AskedTimes: TypeAlias = Annotated[
    list[AskedTimeResponse], Field(description="That the question names, if asked to read them.")
]


class MomentResponse(ResponseModel):
    """When something happened, by a memory of the answer."""

    memory_id: Annotated[UUID, Field(description="The memory that tells of it.")]
    start: UtcTime
    end: Annotated[UtcTime, Field(description="The same as `start` for an instant.")]
    granularity: Annotated[
        Granularity | None,
        Field(description="Null for an instant: when the memory was told (its `occurred_at`)."),
    ]
    written: Annotated[
        str | None, Field(description="The words of the memory that name the time, if they do.")
    ]

    @classmethod
    def of(cls, told: Told) -> Self:
        """Render a moment."""
        moment = told.moment
        return cls(
            memory_id=told.memory_id,
            start=moment.start,
            end=moment.end,
            granularity=moment.granularity,
            written=moment.written,
        )


_TOLD_BY = (
    "`words`: it has most of the question's words; `score`: none has, and its score is among the "
    "best"
)


class AskedOrderResponse(ResponseModel):
    """Which end of a row of events the question is about (`first`, `latest`, `after the move`)."""

    written: str
    order: Order
    event: Annotated[
        str | None, Field(description="Of `before` and `after`: the words for the event.")
    ]
    at: Annotated[
        MomentResponse | None,
        Field(
            description="The first or the latest of what is shown and bears on the question; of "
            "`before` and `after` the event. Null if nothing tells."
        ),
    ]
    told_by: Annotated[
        ToldBy | None, Field(description=f"Why that memory was taken for it: {_TOLD_BY}.")
    ]

    @classmethod
    def of_told(cls, told: ToldTimes) -> Self | None:
        """Render an order, ``None`` if the question names none."""
        if told.order is None:
            return None
        return cls(
            written=told.order.written,
            order=told.order.order,
            event=told.order.event,
            at=None if told.at is None else MomentResponse.of(told.at),
            told_by=None if told.at is None else told.at.told_by,
        )


class ElapsedResponse(ResponseModel):
    """How long ago something was; only where the question asks, and a memory tells."""

    written: str
    since: MomentResponse
    told_by: Annotated[ToldBy, Field(description=f"Why that memory was measured from: {_TOLD_BY}.")]
    until: Annotated[UtcTime, Field(description="The `now` of the answer.")]
    duration: Annotated[
        str,
        Field(
            description="ISO 8601, as exactly as `since` is known, by the calendar of `timezone`.",
            examples=["P1Y2M3D", "P8M", "PT5H"],
        ),
    ]
    days: Annotated[int, Field(description="Midnights since `since` began, in `timezone`.")]
    unit: Annotated[
        Granularity | None, Field(description="That the question names (`how many weeks ago`).")
    ]
    count: Annotated[int | None, Field(description="Whole such units since `since` began.")]

    @classmethod
    def of_told(cls, told: ToldTimes) -> Self | None:
        """Render what has passed, ``None`` if the question does not ask."""
        elapsed = told.elapsed
        if elapsed is None:
            return None
        return cls(
            written=elapsed.written,
            since=MomentResponse.of(elapsed.since),
            told_by=elapsed.since.told_by,
            until=elapsed.until,
            duration=elapsed.duration,
            days=elapsed.days,
            unit=elapsed.unit,
            count=elapsed.count,
        )
