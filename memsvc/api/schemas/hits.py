"""Hits of a recall with their reasons, and what kept others out."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictInt

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.api.schemas.stages import AskedRankResponse, UnitResponse
from memsvc.api.schemas.walks import NodeResponse
from memsvc.domain.fusion import Arm, ScorePart
from memsvc.services.recalling.recalled import Dropped, Hit
from memsvc.services.recalling.second_hop import Hop


class ScorePartResponse(ResponseModel):
    """What one arm said of a memory and how much that counted."""

    rank: Annotated[StrictInt, Field(description="From 1.")]
    score: Annotated[float, Field(description="The arm's own; not comparable between arms.")]
    contribution: Annotated[
        float, Field(description="Share of the hit's score; the shares add up to it.")
    ]

    @classmethod
    def of(cls, part: ScorePart) -> Self:
        """Render a part."""
        return cls(rank=part.rank, score=part.score, contribution=part.contribution)


class HopResponse(ResponseModel):
    """What the graph arm added to a hit; with it the parts add up to the score."""

    linked: Annotated[float, Field(description="For what a better hit names it by.")]
    similar: Annotated[float, Field(description="For the cosine with the question.")]
    open: Annotated[
        float, Field(description="For the part of the question that the best hit leaves open.")
    ]
    via: Annotated[UUID | None, Field(description="The hit that led here.")]
    entity: Annotated[str | None, Field(description="By which entity.")]
    path: Annotated[
        list[NodeResponse] | None,
        Field(description="How the walk came here from a seed; null unless `explain` was asked."),
    ]

    @classmethod
    def of(cls, hop: Hop) -> Self:
        """Render a hop."""
        return cls(
            linked=hop.linked,
            similar=hop.similar,
            open=hop.open,
            via=hop.via,
            entity=hop.entity,
            path=[NodeResponse.of(each) for each in hop.path] or None,
        )


class HitResponse(ResponseModel):
    """A memory that answers the query, with the reasons."""

    memory: MemoryResponse
    score: Annotated[float, Field(ge=0, le=1)]
    parts: Annotated[
        dict[Arm, ScorePartResponse], Field(description="By arm, for the arms that found it.")
    ]
    arms: Annotated[list[Arm], Field(description="The arms that found it.")]
    hop: HopResponse | None
    factors: Annotated[
        dict[str, float],
        Field(description="What the sum of the parts was multiplied by, by reason."),
    ]
    asked: Annotated[
        list[AskedRankResponse],
        Field(description="Which of several questions found it; empty where there was one."),
    ]
    relevance: Annotated[
        float | None, Field(description="By the cross-encoder, 0 to 1, if it read this.")
    ]
    unit: Annotated[
        UnitResponse | None,
        Field(description="What it stands for, if that is more; by `grain` of the recall."),
    ]
    tokens: int

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Render a hit."""
        return cls(
            memory=MemoryResponse.of(hit.memory),
            score=hit.score,
            parts={arm: ScorePartResponse.of(part) for arm, part in hit.parts.items()},
            arms=[arm for arm in Arm if arm in hit.parts],
            hop=None if hit.hop is None else HopResponse.of(hit.hop),
            factors=dict(hit.factors),
            asked=[AskedRankResponse.of(each) for each in hit.asked],
            relevance=hit.relevance,
            unit=UnitResponse.of_unit(hit.unit),
            tokens=hit.tokens,
        )


class DroppedResponse(ResponseModel):
    """A candidate that is no hit, and why."""

    memory_id: UUID
    reason: str
    score: float

    @classmethod
    def of(cls, dropped: Dropped) -> Self:
        """Render a dropped candidate."""
        return cls(memory_id=dropped.memory_id, reason=dropped.reason, score=dropped.score)
