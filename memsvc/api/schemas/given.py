"""Bodies of giving facts and entities that somebody else has read from memories."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, model_validator

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import Key, Name, RequestModel, ResponseModel
from memsvc.api.schemas.times import QueryTime
from memsvc.domain.facts.given_claims import is_sayable
from memsvc.domain.graph.entity_forms import entity_form
from memsvc.domain.graph.given import MODEL_ORIGIN, GivenEntity, GivenFact
from memsvc.domain.identifiers import MemoryId
from memsvc.services.giving import GaveFacts, Given, SourceReference


def _nameable(name: str) -> str:
    clean = " ".join(name.split())
    if entity_form(clean) is None or not is_sayable(clean):
        raise ValueError("must have a letter or digit")
    return clean


def _typed(name: str) -> str:
    return " ".join(name.casefold().split())


def _free(origin: str) -> str:
    if origin == MODEL_ORIGIN:
        raise ValueError(f"must not be {MODEL_ORIGIN!r}: that is what organising gives")
    return origin


EntityName = Annotated[Name, AfterValidator(_nameable)]
EntityType = Annotated[
    Key, AfterValidator(_typed), Field(description="What sort of thing it is.", examples=["person"])
]


class SourceBody(RequestModel):
    """A memory: by its id, or by your own id of it."""

    memory_id: UUID | None = None
    external_id: Annotated[Key | None, Field(description="Your id, unique in its `source`.")] = None
    source: Annotated[Key | None, Field(description="The feed it came from.")] = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.memory_id is None) == (self.external_id is None):
            raise ValueError("give `memory_id` or `external_id`, and not both")
        if self.source is not None and self.external_id is None:
            raise ValueError("`source` goes with `external_id`")
        return self

    def to_reference(self) -> SourceReference:
        """Return the reference for the use case."""
        return SourceReference(
            memory_id=None if self.memory_id is None else MemoryId(self.memory_id),
            source=self.source or "",
            external_id=self.external_id,
        )


class GivenFactBody(SourceBody):
    """A triple, and the memory that says it."""

    subject: EntityName
    predicate: Name
    object: EntityName
    subject_type: EntityType | None = None
    object_type: EntityType | None = None
    valid_from: Annotated[
        QueryTime | None, Field(description="By default when the memory happened.")
    ] = None
    valid_to: Annotated[
        QueryTime | None, Field(description="From when on it holds no longer, if it does not.")
    ] = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        since, until = self.valid_from, self.valid_to
        if since is not None and until is not None and since >= until:
            raise ValueError("`valid_to` must be later than `valid_from`")
        return self

    def to_fact(self) -> GivenFact:
        """Return the fact for the use case."""
        return GivenFact(
            subject=GivenEntity(name=self.subject, type=self.subject_type),
            predicate=" ".join(self.predicate.split()),
            object=GivenEntity(name=self.object, type=self.object_type),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class GivenEntityBody(SourceBody):
    """Somebody or something, and the memory that speaks of it."""

    name: EntityName
    type: EntityType | None = None


class GiveFactsRequest(RequestModel):
    """Facts and entities of memories, stored in one transaction."""

    origin: Annotated[
        Key,
        AfterValidator(_free),
        Field(
            description="Whose work it is. Each origin has a set of its own of each memory.",
            examples=["gpt-3.5"],
        ),
    ] = "given"
    facts: Annotated[list[GivenFactBody], Field(max_length=limits.GIVEN_PER_CALL)] = Field(
        default_factory=list
    )
    entities: Annotated[list[GivenEntityBody], Field(max_length=limits.GIVEN_PER_CALL)] = Field(
        default_factory=list
    )
    memories: Annotated[
        list[SourceBody],
        Field(
            max_length=limits.MEMORIES_PER_CALL,
            description="Further memories whose sets are replaced; to empty them.",
        ),
    ] = Field(default_factory=list)
    replace: Annotated[
        StrictBool,
        Field(description="Have the sets of all memories named be what is given here, no more."),
    ] = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.facts or self.entities or self.memories):
            raise ValueError("give `facts`, `entities` or, to empty their sets, `memories`")
        if self.memories and not self.replace:
            raise ValueError("`memories` are for `replace`")
        return self

    def to_command(self) -> Given:
        """Return the command for the use case."""
        return Given(
            origin=self.origin,
            facts=[(each.to_reference(), each.to_fact()) for each in self.facts],
            entities=[
                (each.to_reference(), GivenEntity(name=each.name, type=each.type))
                for each in self.entities
            ],
            memories=[each.to_reference() for each in self.memories],
            replaces=self.replace,
        )


class GaveFactsResponse(ResponseModel):
    """What became of it."""

    changed: Annotated[int, Field(description="Memories whose set is another one now.")]
    unchanged: Annotated[int, Field(description="Memories of which nothing new was given.")]
    facts: Annotated[int, Field(description="Of the sets that changed.")]
    entities: Annotated[int, Field(description="Distinct ones of the sets that changed.")]
    ended: Annotated[int, Field(description="Facts that hold no longer because of it.")]
    operation_id: Annotated[
        UUID | None, Field(description="Which undoes it; null where nothing has changed.")
    ]

    @classmethod
    def of(cls, gave: GaveFacts) -> Self:
        """Render what became of it."""
        return cls(
            changed=gave.changed,
            unchanged=gave.unchanged,
            facts=gave.facts,
            entities=gave.entities,
            ended=gave.ended,
            operation_id=gave.operation_id,
        )
