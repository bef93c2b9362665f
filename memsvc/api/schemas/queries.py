"""Query parameters of the listings. Unknown ones are refused: a filter lost would list too much."""

from typing import Annotated

from pydantic import Field

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import Key, Name, RequestModel
from memsvc.domain.filters import MemoryListing
from memsvc.domain.jobs import JobKind, JobListing, JobState
from memsvc.domain.memory import MemoryKind, MemoryState
from memsvc.domain.paging import PageRequest


class PageQuery(RequestModel):
    """Which page of a listing."""

    limit: Annotated[int, Field(ge=1, le=limits.PAGE_ITEMS)] = limits.PAGE_ITEMS_BY_DEFAULT
    cursor: Annotated[
        str | None,
        Field(
            pattern=rf"^[!-~]{{1,{limits.CURSOR_CHARS}}}$",
            description="The last page's `next_cursor`.",
        ),
    ] = None

    def to_page(self) -> PageRequest:
        """Return the page as use cases know it."""
        return PageRequest(limit=self.limit, cursor=self.cursor)


class MemoriesQuery(PageQuery):
    """Which memories of a bank."""

    kind: MemoryKind | None = None
    state: MemoryState | None = None
    speaker: Name | None = None
    session_id: Name | None = None
    source: Key | None = None

    def to_listing(self) -> MemoryListing:
        """Return the restriction as use cases know it."""
        return MemoryListing(
            kind=self.kind,
            state=self.state,
            speaker=self.speaker,
            session_id=self.session_id,
            source=self.source,
        )


class JobsQuery(PageQuery):
    """Which jobs."""

    state: JobState | None = None
    kind: JobKind | None = None
    bank: Annotated[Name | None, Field(description="Name or id of a bank.")] = None

    def to_listing(self) -> JobListing:
        """Return the restriction as use cases know it."""
        return JobListing(state=self.state, kind=self.kind, bank=self.bank)
