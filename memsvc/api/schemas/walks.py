"""How the graph arm went about a recall."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.domain.graph.fact_choice import WeighedFact
from memsvc.domain.graph.walk_graph import Node, NodeKind
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.services.recalling.recalled import Walk


class NodeResponse(ResponseModel):
    """A step of a way through the graph."""

    kind: NodeKind
    name: Annotated[
        str, Field(description="An entity in normal form, or the id of a memory or an episode.")
    ]

    @classmethod
    def of(cls, node: Node) -> Self:
        """Render a node."""
        return cls(kind=node.kind, name=str(node.key))


class SeedResponse(ResponseModel):
    """Where a walk begins."""

    entity: str | None
    memory_id: UUID | None
    weight: Annotated[float, Field(description="Beside those of the other seeds.")]


class FactSeedResponse(ResponseModel):
    """A fact that was near the question."""

    subject: str
    predicate: str
    object: str
    similarity: Annotated[float, Field(description="Cosine with the question.")]
    kept: Annotated[bool, Field(description="Whether the walk began from its ends.")]

    @classmethod
    def of(cls, weighed: WeighedFact) -> Self:
        """Render a fact."""
        fact = weighed.fact
        return cls(
            subject=fact.subject,
            predicate=fact.predicate,
            object=fact.object,
            similarity=weighed.cosine,
            kept=weighed.is_kept,
        )


class WalkResponse(ResponseModel):
    """Where the graph arm began."""

    mode: WalkMode
    seeds: Annotated[list[SeedResponse], Field(description="Heaviest first.")]
    facts: Annotated[
        list[FactSeedResponse], Field(description="Nearest first; of the mode `facts`.")
    ]

    @classmethod
    def of(cls, walk: Walk) -> Self:
        """Render a walk."""
        entities = [
            SeedResponse(entity=form, memory_id=None, weight=weight)
            for form, weight in walk.seeds.entities.items()
        ]
        memories = [
            SeedResponse(entity=None, memory_id=memory_id, weight=weight)
            for memory_id, weight in walk.seeds.memories.items()
        ]
        return cls(
            mode=walk.mode,
            seeds=sorted([*entities, *memories], key=lambda each: -each.weight),
            facts=[FactSeedResponse.of(each) for each in walk.facts],
        )
