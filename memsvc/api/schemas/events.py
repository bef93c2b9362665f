"""Bodies about events."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import Key, ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.domain.events import Begin
from memsvc.services.events import EpisodeEvent


class EventsQuery(PageQuery):
    """Of which episode."""

    source: Annotated[Key, Field(description="Name of the episode.")]


class EventResponse(ResponseModel):
    """A stretch of an episode that hangs together, and why it begins where it does."""

    episode_id: UUID
    user_id: Annotated[str | None, Field(description="Whose; events hold one owner's memories.")]
    session_id: str | None
    first: Annotated[int, Field(description="Position of its first memory, `seq`, from 0.")]
    last: int
    memory_ids: Annotated[list[UUID], Field(description="In the order of their positions.")]
    begin: Annotated[
        Begin, Field(description="`length`: the event before had the most memories it may have.")
    ]
    at: Annotated[
        int | None,
        Field(
            description="Position of the memory that is the surprise; the boundary may have been "
            "moved from there to where both sides hang together better. Null at the start."
        ),
    ]
    surprise: Annotated[
        float | None,
        Field(description="1 less the cosine with the mean of the 5 before it; null if unknown."),
    ]
    threshold: Annotated[
        float | None,
        Field(description="Mean and deviation of the 5 surprises before it, added."),
    ]

    @classmethod
    def of(cls, found: EpisodeEvent) -> Self:
        """Render an event."""
        return cls(
            episode_id=found.thread.episode_id,
            user_id=found.thread.user_id or None,
            session_id=found.thread.session_id or None,
            first=found.first,
            last=found.last,
            memory_ids=list(found.memory_ids),
            begin=found.event.begin,
            at=found.at,
            surprise=found.event.surprise,
            threshold=found.event.threshold,
        )


class EventPage(PageResponse[EventResponse]):
    """Events of an episode, in order."""
