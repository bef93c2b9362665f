"""Memories beside the hits of a recall: linked to them, or directly before and after them."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.domain.links import LinkType
from memsvc.services.recalling.accompanying import Accompanying
from memsvc.services.recalling.linked import Neighbour


class ViaResponse(ResponseModel):
    """The link that brought a neighbour in."""

    hit: Annotated[UUID, Field(description="The hit it is linked to.")]
    type: LinkType
    weight: float
    reason: Annotated[str | None, Field(examples=["shares: climbing, Lisbon"])]


class NeighbourResponse(ResponseModel):
    """A memory that is linked to a hit."""

    memory: MemoryResponse
    via: ViaResponse
    score: Annotated[float, Field(description="The hit's score times the link's weight.")]
    tokens: int

    @classmethod
    def of(cls, neighbour: Neighbour) -> Self:
        """Render a neighbour."""
        via = neighbour.via
        return cls(
            memory=MemoryResponse.of(neighbour.memory),
            via=ViaResponse(hit=via.hit, type=via.type, weight=via.weight, reason=via.reason),
            score=neighbour.score,
            tokens=neighbour.tokens,
        )


class AccompanyingResponse(ResponseModel):
    """A memory directly before or after a hit in its session."""

    memory: MemoryResponse
    of: Annotated[UUID, Field(description="The best hit that it stands beside.")]
    offset: Annotated[
        int, Field(description="How many places after the hit; negative for those before it.")
    ]
    tokens: int

    @classmethod
    def of_accompanying(cls, found: Accompanying) -> Self:
        """Render what stands beside a hit."""
        return cls(
            memory=MemoryResponse.of(found.memory),
            of=found.of,
            offset=found.offset,
            tokens=found.tokens,
        )
