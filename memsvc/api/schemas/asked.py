"""What a question was read to say of when."""

from typing import Annotated, Self

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.asked_order import AskedOrder, Order
from memsvc.domain.asked_times import AskedTime


class AskedTimeResponse(ResponseModel):
    """A time that the question names: from `start` up to, not including, `end`."""

    written: str
    start: UtcTime | None
    end: UtcTime | None

    @classmethod
    def of(cls, asked: AskedTime) -> Self:
        """Render a time."""
        return cls(written=asked.written, start=asked.start, end=asked.end)


class AskedOrderResponse(ResponseModel):
    """Which end of a row of events the question is about."""

    written: str
    order: Order
    event: Annotated[
        str | None, Field(description="Of `before` and `after`: the words for the event.")
    ]

    @classmethod
    def of(cls, asked: AskedOrder) -> Self:
        """Render an order."""
        return cls(written=asked.written, order=asked.order, event=asked.event)
