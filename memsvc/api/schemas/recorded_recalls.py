"""Bodies about recorded recalls."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, JsonValue

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.recorded_recalls import RecordedHit, RecordedRecall


class RecordedHitResponse(ResponseModel):
    """A memory of a recorded answer, or a near miss; its text is not kept."""

    memory_id: UUID
    version: Annotated[int | None, Field(description="Null for near misses.")]
    score: float
    parts: dict[str, JsonValue]
    dropped_for: Annotated[str | None, Field(description="Why it is no hit; null for hits.")]

    @classmethod
    def of(cls, hit: RecordedHit) -> Self:
        """Render it."""
        return cls(
            memory_id=hit.memory_id,
            version=hit.version,
            score=hit.score,
            parts=dict(hit.parts),
            dropped_for=hit.dropped_for,
        )


class RecordedRecallResponse(ResponseModel):
    """What was asked, with what, and which memories answered."""

    id: UUID
    query: str
    parameters: dict[str, JsonValue]
    settings: Annotated[
        dict[str, JsonValue], Field(description="Of the service, that the answer depends on.")
    ]
    model_id: str
    backend: str
    mode: str
    arms: dict[str, JsonValue]
    took_ms: dict[str, float]
    actor: str
    now: Annotated[UtcTime, Field(description="As of when it was answered.")]
    recorded_at: UtcTime
    hits: Annotated[list[RecordedHitResponse], Field(description="Near misses come last.")]
    helped: Annotated[
        list[UUID], Field(description="By feedback on it, as far as that was not undone.")
    ]
    misled: list[UUID]

    @classmethod
    def of(cls, recall: RecordedRecall) -> Self:
        """Render it."""
        return cls(
            id=recall.id,
            query=recall.question,
            parameters=dict(recall.parameters),
            settings=dict(recall.settings),
            model_id=recall.model_id,
            backend=recall.backend,
            mode=recall.mode,
            arms=dict(recall.arms),
            took_ms=dict(recall.took_ms),
            actor=recall.actor,
            now=recall.asked_for,
            recorded_at=recall.recorded_at,
            hits=[RecordedHitResponse.of(each) for each in recall.hits],
            helped=list(recall.helped),
            misled=list(recall.misled),
        )


class RecordedRecallPage(PageResponse[RecordedRecallResponse]):
    """Recorded recalls, newest first."""
