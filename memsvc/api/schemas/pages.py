"""One page of a listing."""

from collections.abc import Callable
from typing import Annotated, Generic, Self, TypeVar

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.paging import Page

Item = TypeVar("Item")
Record = TypeVar("Record")


class PageResponse(ResponseModel, Generic[Item]):
    """Items of one page; another follows while ``has_more`` is true."""

    items: list[Item]
    has_more: bool
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` to get the next page.")
    ]

    @classmethod
    def of(cls, page: Page[Record], render: Callable[[Record], Item]) -> Self:
        """Render every record of ``page``."""
        return cls(
            items=[render(record) for record in page.items],
            has_more=page.has_more,
            next_cursor=page.next_cursor,
        )
