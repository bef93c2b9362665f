"""Bodies about replays: a recorded answer beside today's."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.memory import MemoryState
from memsvc.domain.replays import (
    Change,
    Circumstance,
    ComparedMemory,
    PartChange,
    Place,
    Why,
)
from memsvc.services.recalling.replaying import Replayed


class PlaceResponse(ResponseModel):
    """Where a memory stood among the hits, from 1."""

    rank: int
    score: float
    version: int | None

    @classmethod
    def of(cls, place: Place) -> Self:
        """Render it."""
        return cls(rank=place.rank, score=place.score, version=place.version)


class PartChangeResponse(ResponseModel):
    """A part of a score that is another one: of an arm, a hop or a factor."""

    name: str
    then: float | None
    now: float | None

    @classmethod
    def of(cls, part: PartChange) -> Self:
        """Render it."""
        return cls(name=part.name, then=part.then, now=part.now)


class ComparedMemoryResponse(ResponseModel):
    """A memory of either answer."""

    memory_id: UUID
    change: Change
    reasons: Annotated[list[Why], Field(description="Empty for one that is the same.")]
    then: PlaceResponse | None
    now: PlaceResponse | None
    state: Annotated[MemoryState | None, Field(description="As it is now; null: it is gone.")]
    parts: Annotated[
        list[PartChangeResponse], Field(description="What of its score is another one.")
    ]

    @classmethod
    def of(cls, compared: ComparedMemory) -> Self:
        """Render it."""
        return cls(
            memory_id=compared.memory_id,
            change=compared.change,
            reasons=list(compared.reasons),
            then=None if compared.then is None else PlaceResponse.of(compared.then),
            now=None if compared.now is None else PlaceResponse.of(compared.now),
            state=compared.state,
            parts=[PartChangeResponse.of(each) for each in compared.parts],
        )


class CircumstanceResponse(ResponseModel):
    """Something else that was not the same: an arm, the mode, the model, a setting."""

    name: str
    then: str
    now: str

    @classmethod
    def of(cls, circumstance: Circumstance) -> Self:
        """Render it."""
        return cls(name=circumstance.name, then=circumstance.then, now=circumstance.now)


class ReplayResponse(ResponseModel):
    """A recorded recall, asked again."""

    recall_id: UUID
    query: str
    now: Annotated[UtcTime, Field(description="The instant that both were answered at.")]
    same: Annotated[
        bool, Field(description="Whether memories, versions, order and scores are the same.")
    ]
    memories: Annotated[
        list[ComparedMemoryResponse],
        Field(description="The hits of today by rank, then those that were lost."),
    ]
    circumstances: Annotated[
        list[CircumstanceResponse],
        Field(description="What else was not the same, whether or not it changed the answer."),
    ]

    @classmethod
    def of(cls, replayed: Replayed) -> Self:
        """Render it."""
        return cls(
            recall_id=replayed.recall_id,
            query=replayed.question,
            now=replayed.now,
            same=replayed.same,
            memories=[ComparedMemoryResponse.of(each) for each in replayed.memories],
            circumstances=[CircumstanceResponse.of(each) for each in replayed.circumstances],
        )
