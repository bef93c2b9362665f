"""Bodies about summaries."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import Name, ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.memory import MemoryState
from memsvc.domain.organising.summary_listing import SummaryKind, SummaryListing
from memsvc.services.summaries import KeptSummary


class SummariesQuery(PageQuery):
    """Which summaries of a bank."""

    kind: SummaryKind | None = None
    state: Annotated[
        MemoryState, Field(description="`superseded` ones tell what they told before.")
    ] = MemoryState.ACTIVE
    user_id: Name | None = None
    agent_id: Name | None = None
    session_id: Name | None = None

    def to_listing(self) -> SummaryListing:
        """Return the restriction as use cases know it."""
        return SummaryListing(
            kind=self.kind,
            state=self.state,
            user_id=self.user_id,
            agent_id=self.agent_id,
            session_id=self.session_id,
        )


class SummaryResponse(ResponseModel):
    """A summary, and what it covers."""

    memory_id: Annotated[UUID, Field(description="The memory that it is kept as.")]
    kind: SummaryKind
    state: MemoryState
    user_id: str | None
    agent_id: str | None
    session_id: str | None
    text: str
    covers_from: Annotated[UtcTime, Field(description="When the first thing occurred it repeats.")]
    covers_to: UtcTime
    sources: Annotated[int, Field(description="How many memories or summaries it repeats.")]
    stale: Annotated[
        bool, Field(description="What it was made of has changed since; consolidating renews it.")
    ]
    made_by: Annotated[str | None, Field(description="The language model; null: rules.")]
    made_at: UtcTime

    @classmethod
    def of(cls, kept: KeptSummary) -> Self:
        """Render a summary."""
        memory = kept.memory
        made_by = memory.metadata.get("made_by")
        return cls(
            memory_id=memory.id,
            kind=kept.kind,
            state=memory.state,
            user_id=memory.keys.user_id,
            agent_id=memory.keys.agent_id,
            session_id=memory.keys.session_id,
            text=memory.text,
            covers_from=kept.covers_from,
            covers_to=kept.covers_to,
            sources=kept.sources,
            stale=kept.is_stale,
            made_by=None if made_by is None else str(made_by),
            made_at=memory.recorded_at,
        )


class SummaryPage(PageResponse[SummaryResponse]):
    """Summaries, newest first."""
