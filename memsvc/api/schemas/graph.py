"""Bodies about the graph of a bank."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import Name, QueryText, RequestModel, ResponseModel
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.domain.identifiers import MemoryId
from memsvc.services.graph import (
    AroundEntity,
    AroundMemory,
    Entity,
    EntityDetail,
    GraphStatistics,
    Mentioning,
    Subgraph,
)


class EntitiesQuery(PageQuery):
    """Which entities."""

    containing: Annotated[Name | None, Field(description="Part of the name.")] = None


class EntityQuery(PageQuery):
    """Which entity, and how much of it."""

    name: Annotated[Name, Field(description="However it is written.")]
    limit: Annotated[int, Field(ge=1, le=limits.PAGE_ITEMS)] = 20


class PathQuery(PageQuery):
    """Between which entities."""

    start: Name
    end: Name


class AroundQuery(RequestModel):
    """Around what, and how much of it."""

    question: QueryText
    memories: Annotated[
        int, Field(ge=1, le=limits.SUBGRAPH_MEMORIES, description="How many at most.")
    ] = 10
    entities: Annotated[
        int, Field(ge=1, le=limits.SUBGRAPH_ENTITIES, description="How many at most.")
    ] = 50
    text: Annotated[bool, Field(description="Whether to give the texts of the memories.")] = True


class EntityResponse(ResponseModel):
    """Somebody or something that memories speak of."""

    name: Annotated[
        str,
        Field(description="In normal form; its sort in brackets where several things have it."),
    ]
    shown: Annotated[
        str | None, Field(description="As a memory writes it; null until entities are kept.")
    ]
    type: Annotated[str | None, Field(description="What sort of thing it was given as.")]
    aliases: Annotated[list[str], Field(description="Its other names, after merging.")]
    memories: Annotated[int, Field(description="How many speak of it; shared ones of neighbours.")]

    @classmethod
    def of(cls, entity: Entity) -> Self:
        """Render an entity."""
        return cls(
            name=entity.form,
            shown=entity.name,
            type=entity.type,
            aliases=list(entity.aliases),
            memories=entity.memories,
        )


class EntityPage(PageResponse[EntityResponse]):
    """Entities, most mentioned first."""


class EntityDetailResponse(ResponseModel):
    """An entity with what speaks of it and what is spoken of beside it."""

    entity: EntityResponse
    memories: list[MemoryResponse]
    neighbours: list[EntityResponse]
    homonyms: Annotated[list[str], Field(description="Other things by this name.")]

    @classmethod
    def of(cls, detail: EntityDetail) -> Self:
        """Render the detail."""
        return cls(
            entity=EntityResponse.of(detail.entity),
            memories=[MemoryResponse.of(each) for each in detail.memories],
            neighbours=[EntityResponse.of(each) for each in detail.neighbours],
            homonyms=list(detail.homonyms),
        )


class PathStepResponse(ResponseModel):
    """An entity on the way, and the memory that leads to the next."""

    name: str
    memory_id: UUID | None


class PathResponse(ResponseModel):
    """A shortest way between two entities; empty if there is none."""

    steps: list[PathStepResponse]

    @classmethod
    def of(cls, steps: list[tuple[str, MemoryId | None]]) -> Self:
        """Render a path."""
        return cls(steps=[PathStepResponse(name=n, memory_id=m) for n, m in steps])


class GraphStatisticsResponse(ResponseModel):
    """How large a graph is."""

    memories: int
    entities: int
    mentions: int
    bytes: Annotated[int, Field(description="In memory, estimated.")]

    @classmethod
    def of(cls, found: GraphStatistics) -> Self:
        """Render statistics."""
        return cls(
            memories=found.memories,
            entities=found.entities,
            mentions=found.mentions,
            bytes=found.nbytes,
        )


class MentioningResponse(ResponseModel):
    """A memory with the entities it speaks of, and how often."""

    memory_id: UUID
    entities: dict[str, int]
    subjects: Annotated[list[str], Field(description="What it is about as a whole.")]

    @classmethod
    def of(cls, found: Mentioning) -> Self:
        """Render a memory's entities."""
        return cls(
            memory_id=found.memory_id,
            entities=dict(found.entities),
            subjects=list(found.subjects),
        )


class MentioningPage(PageResponse[MentioningResponse]):
    """Memories with their entities, oldest first."""


class AroundMemoryResponse(ResponseModel):
    """A memory that a question brings, and how often it mentions the entities listed."""

    memory_id: UUID
    score: Annotated[float, Field(ge=0, le=1, description="Of the recall.")]
    text: Annotated[str | None, Field(description="Null if texts were not asked for.")]
    entities: dict[str, int]

    @classmethod
    def of(cls, found: AroundMemory, *, with_text: bool) -> Self:
        """Render a memory."""
        return cls(
            memory_id=found.memory.id,
            score=found.score,
            text=found.memory.text if with_text else None,
            entities=dict(found.entities),
        )


class AroundEntityResponse(EntityResponse):
    """An entity of these memories."""

    memories: Annotated[int, Field(description="How many of the bank speak of it.")]
    here: Annotated[int, Field(description="How many of these memories speak of it.")]

    @classmethod
    def around(cls, found: AroundEntity) -> Self:
        """Render an entity."""
        told = EntityResponse.of(found.entity)
        return cls(**told.model_dump(), here=found.here)


class SubgraphResponse(ResponseModel):
    """What lies around a question."""

    memories: Annotated[list[AroundMemoryResponse], Field(description="Best first.")]
    entities: Annotated[
        list[AroundEntityResponse],
        Field(description="Those of most of these memories first, then the rarest in the bank."),
    ]
    named: Annotated[
        list[str],
        Field(description="Entities of the bank that the question names, mentioned here or not."),
    ]
    entities_left_out: Annotated[
        int, Field(description="How many more entities these memories mention.")
    ]

    @classmethod
    def of(cls, found: Subgraph, *, with_text: bool) -> Self:
        """Render a subgraph."""
        return cls(
            memories=[AroundMemoryResponse.of(m, with_text=with_text) for m in found.memories],
            entities=[AroundEntityResponse.around(each) for each in found.entities],
            named=list(found.named),
            entities_left_out=found.entities_left_out,
        )
