"""Bodies about what was done to a bank."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, JsonValue

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.operations import (
    Aspect,
    Effect,
    Operation,
    OperationKind,
    OperationListing,
    OperationState,
)


class OperationsQuery(PageQuery):
    """Which operations of a bank."""

    kind: OperationKind | None = None
    memory_id: Annotated[UUID | None, Field(description="Only those that changed this memory.")] = (
        None
    )

    def to_listing(self) -> OperationListing:
        """Return the restriction as use cases know it."""
        memory_id = None if self.memory_id is None else MemoryId(self.memory_id)
        return OperationListing(kind=self.kind, memory_id=memory_id)


class OperationResponse(ResponseModel):
    """Something that was done to a bank in one go."""

    id: UUID
    kind: OperationKind
    state: OperationState
    actor: str
    reason: str | None
    effect_count: int
    details: dict[str, JsonValue] | None
    undoes: Annotated[UUID | None, Field(description="The operation that this one took back.")]
    undone_by: UUID | None
    recorded_at: UtcTime

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """Render an operation."""
        return cls(
            id=operation.id,
            kind=operation.kind,
            state=operation.state,
            actor=operation.actor,
            reason=operation.reason,
            effect_count=operation.effect_count,
            details=None if operation.details is None else dict(operation.details),
            undoes=operation.undoes,
            undone_by=operation.undone_by,
            recorded_at=operation.recorded_at,
        )


class OperationPage(PageResponse[OperationResponse]):
    """Operations, newest first."""


class EffectResponse(ResponseModel):
    """One aspect of one thing, before and after an operation."""

    aspect: Aspect
    target_id: Annotated[UUID, Field(description="A memory, fact or entity.")]
    before: JsonValue
    after: JsonValue

    @classmethod
    def of(cls, effect: Effect) -> Self:
        """Render an effect."""
        return cls(
            aspect=effect.aspect,
            target_id=effect.target_id,
            before=effect.before,
            after=effect.after,
        )


class EffectPage(PageResponse[EffectResponse]):
    """What an operation changed, in its order."""
