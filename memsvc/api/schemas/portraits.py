"""Bodies about portraits of users."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.memory import MemoryState
from memsvc.domain.organising.portraits import PortraitLine
from memsvc.domain.organising.self_patterns import Topic
from memsvc.services.portraits import KeptPortrait, PortraitEdition


class PortraitLineResponse(ResponseModel):
    """One thing that a user says of themselves."""

    topic: Topic
    text: Annotated[str, Field(examples=["lives in Lisbon"])]
    said_on: Annotated[date, Field(description="When it was last said, in UTC.")]
    evidence: Annotated[
        list[UUID], Field(description="The memories that say it, at most three, the latest last.")
    ]

    @classmethod
    def of(cls, line: PortraitLine) -> Self:
        """Render a line."""
        return cls(
            topic=line.topic, text=line.text, said_on=line.said_on, evidence=list(line.evidence)
        )


class PortraitEditionResponse(ResponseModel):
    """A portrait as it was made."""

    number: Annotated[int, Field(description="From 1, the oldest that is still there.")]
    memory_id: UUID
    state: Annotated[
        MemoryState, Field(description="`active` holds; the others have held, or say nothing.")
    ]
    text: str
    lines: list[PortraitLineResponse]
    latest_source_at: UtcTime
    made_at: UtcTime

    @classmethod
    def of(cls, edition: PortraitEdition) -> Self:
        """Render an edition."""
        memory = edition.memory
        return cls(
            number=edition.number,
            memory_id=memory.id,
            state=memory.state,
            text=memory.text,
            lines=[PortraitLineResponse.of(each) for each in edition.lines],
            latest_source_at=memory.occurred_at,
            made_at=memory.recorded_at,
        )


class PortraitEditionPage(PageResponse[PortraitEditionResponse]):
    """Editions of one user's portrait, newest first."""


class PortraitResponse(ResponseModel):
    """What a user says of themselves, as far as it holds."""

    user_id: str
    text: Annotated[str, Field(description="The whole, ready for a prompt.")]
    lines: list[PortraitLineResponse]
    memory_id: Annotated[UUID, Field(description="The memory that it is kept as.")]
    former_id: Annotated[UUID | None, Field(description="The edition before this one.")]
    editions: Annotated[int, Field(description="How many there have been, with this one.")]
    latest_source_at: Annotated[
        UtcTime, Field(description="When the latest memory that was read for it occurred.")
    ]
    made_at: UtcTime

    @classmethod
    def of(cls, portrait: KeptPortrait) -> Self:
        """Render a portrait."""
        memory = portrait.memory
        return cls(
            user_id=memory.keys.user_id or "",
            text=memory.text,
            lines=[PortraitLineResponse.of(each) for each in portrait.lines],
            memory_id=memory.id,
            former_id=portrait.former_id,
            editions=portrait.editions,
            latest_source_at=memory.occurred_at,
            made_at=memory.recorded_at,
        )
