"""Bodies about pairs that a person decides about."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, JsonValue

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.queries import PageQuery
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.reviews import ReviewState
from memsvc.domain.thoughts.merging import Review
from memsvc.services.entity_reviews import AnyReview


class ReviewsQuery(PageQuery):
    """Which pairs of a bank."""

    state: Annotated[
        ReviewState, Field(description="The open ones by default: those to decide about.")
    ] = ReviewState.OPEN


class ReviewResponse(ResponseModel):
    """Two memories that may say the same, or two entities that may be one."""

    id: UUID
    state: ReviewState
    kind: Annotated[Literal["memories", "entities"], Field(description="What may be one.")]
    memory_ids: Annotated[
        tuple[UUID, UUID] | None, Field(description="The older one first; null of entities.")
    ]
    names: Annotated[tuple[str, str] | None, Field(description="Of entities, as they are shown.")]
    score: Annotated[float, Field(description="How alike they are, from 0 to 1.")]
    evidence: dict[str, JsonValue]
    operation_id: Annotated[
        UUID | None, Field(description="The merge, where it was accepted; undo it to have both.")
    ]
    decided_by: str | None
    decided_at: UtcTime | None
    recorded_at: UtcTime

    @classmethod
    def of(cls, review: AnyReview) -> Self:
        """Render a pair."""
        return cls(
            id=review.id,
            state=review.state,
            kind="memories" if isinstance(review, Review) else "entities",
            memory_ids=(
                (review.pair.one_id, review.pair.other_id) if isinstance(review, Review) else None
            ),
            names=None if isinstance(review, Review) else (review.one.name, review.other.name),
            score=review.pair.score if isinstance(review, Review) else review.score,
            evidence=dict(review.pair.evidence if isinstance(review, Review) else review.evidence),
            operation_id=review.operation_id,
            decided_by=review.decided_by,
            decided_at=review.decided_at,
            recorded_at=review.recorded_at,
        )


class ReviewPage(PageResponse[ReviewResponse]):
    """Pairs, newest first."""
