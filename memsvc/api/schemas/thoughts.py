"""Bodies about thoughts: having a bank thought about, inserting, forgetting, merging."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictBool

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.api.schemas.memories import MemoryResponse
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.organising.extraction import MOST_NAME_CHARACTERS, MOST_THOUGHT_CHARACTERS
from memsvc.domain.thoughts.records import ForgetReason, ThinkStep
from memsvc.services.thoughts import (
    ChangedThought,
    ForgetThought,
    InsertThought,
    MergeThoughts,
    ThinkCommand,
    Triple,
)

ThoughtText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_THOUGHT_CHARACTERS,
        pattern=r"\S",
        description="One sentence that stands by itself.",
        examples=["Ada keeps away from boats because she is afraid of water."],
    ),
]
_Name = Annotated[str, Field(min_length=1, max_length=MOST_NAME_CHARACTERS)]


class ThinkRequest(RequestModel):
    """What to do of thinking."""

    steps: Annotated[
        list[ThinkStep] | None,
        Field(
            min_length=1,
            max_length=3,
            description="All unless given; carried out in the order `insert`, `forget`, `merge`,"
            " whatever the order here: else a contradiction would be merged into one sentence.",
        ),
    ] = None
    memory_ids: Annotated[
        list[UUID] | None,
        Field(
            min_length=1,
            max_length=limits.MEMORIES_PER_CALL,
            description="From which memories thoughts are made; from all unread ones if not given.",
        ),
    ] = None

    def to_command(self) -> ThinkCommand:
        """Return the command for the use case."""
        ids = None if self.memory_ids is None else [MemoryId(each) for each in self.memory_ids]
        return ThinkCommand(steps=tuple(self.steps or ThinkStep), memory_ids=ids)


class TripleBody(RequestModel):
    """Whom or what a thought is about, and what it says of it."""

    head: _Name
    relation: _Name
    tail: _Name
    functional: Annotated[
        StrictBool,
        Field(description="A head has one tail at a time: a later thought ends an earlier one."),
    ] = False

    def to_triple(self) -> Triple:
        """Return it as use cases know it."""
        return Triple(
            head=self.head,
            relation=self.relation,
            tail=self.tail,
            is_functional=self.functional,
        )


class InsertThoughtRequest(RequestModel):
    """A conclusion of the caller's own."""

    text: ThoughtText
    source_ids: Annotated[
        list[UUID],
        Field(min_length=1, max_length=50, description="What it follows from: active memories."),
    ]
    triple: TripleBody | None = None

    def to_command(self) -> InsertThought:
        """Return the command for the use case."""
        triple = None if self.triple is None else self.triple.to_triple()
        sources = [MemoryId(each) for each in dict.fromkeys(self.source_ids)]
        return InsertThought(text=self.text.strip(), source_ids=sources, triple=triple)


class ForgetThoughtRequest(RequestModel):
    """Why a thought is to be forgotten."""

    reason: ForgetReason
    by_id: Annotated[
        UUID | None, Field(description="The thought that contradicts it, or says the same.")
    ] = None

    def to_command(self, memory_id: MemoryId) -> ForgetThought:
        """Return the command for the use case."""
        by_id = None if self.by_id is None else MemoryId(self.by_id)
        return ForgetThought(memory_id=memory_id, reason=self.reason, by_id=by_id)


class MergeThoughtsRequest(RequestModel):
    """Thoughts about one head to make one of."""

    memory_ids: Annotated[list[UUID], Field(min_length=2, max_length=20)]
    text: Annotated[
        ThoughtText | None, Field(description="The new sentence; made of theirs if not given.")
    ] = None

    def to_command(self) -> MergeThoughts:
        """Return the command for the use case."""
        ids = [MemoryId(each) for each in self.memory_ids]
        return MergeThoughts(memory_ids=ids, text=self.text)


class ThoughtResponse(ResponseModel):
    """A thought as it is now, and what undoes the change."""

    memory: MemoryResponse
    operation_id: Annotated[UUID, Field(description="Undo it to have everything as it was.")]

    @classmethod
    def of(cls, changed: ChangedThought) -> Self:
        """Render a changed thought."""
        return cls(memory=MemoryResponse.of(changed.memory), operation_id=changed.operation_id)
