"""Bodies about past answers under a policy."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.api.schemas.retention import FateResponse, PolicyModel
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.retention.past_answers import LostHit, PastAnswers, PoorerAnswer
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.services.decay_replay import MOST_RECALLS


class DecayReplayRequest(RequestModel):
    """Which policy to try on how many past answers."""

    policy: Annotated[PolicyModel | None, Field(description="The bank's own if not given.")] = None
    recalls: Annotated[
        int, Field(ge=1, le=MOST_RECALLS, description="The newest that were recorded.")
    ] = 500
    listed: Annotated[int, Field(ge=0, le=limits.PAGE_ITEMS)] = 20

    def to_policy(self) -> RetentionPolicy | None:
        """Return the policy given, if any."""
        return None if self.policy is None else self.policy.to_policy()


class LostHitResponse(ResponseModel):
    """A hit that would not have been there."""

    rank: int
    fate: FateResponse

    @classmethod
    def of(cls, lost: LostHit) -> Self:
        """Render it."""
        return cls(rank=lost.rank, fate=FateResponse.of(lost.fate))


class PoorerAnswerResponse(ResponseModel):
    """An answer that would have lacked hits."""

    recall_id: UUID
    query: str
    now: UtcTime
    hits: int
    lost: list[LostHitResponse]

    @classmethod
    def of(cls, answer: PoorerAnswer) -> Self:
        """Render it."""
        return cls(
            recall_id=answer.recall_id,
            query=answer.question,
            now=answer.now,
            hits=answer.hits,
            lost=[LostHitResponse.of(each) for each in answer.lost],
        )


class DecayReplayResponse(ResponseModel):
    """What a policy would have done to past answers; nothing is changed."""

    answers: Annotated[int, Field(description="How many were looked at.")]
    hits: int
    lost: Annotated[int, Field(description="Hits that would not have been there.")]
    unknown: Annotated[int, Field(description="Hits of memories that are gone.")]
    poorer: Annotated[int, Field(description="Answers that would have lost a hit.")]
    without_evidence: Annotated[int, Field(description="Answers that would have lost every hit.")]
    items: Annotated[
        list[PoorerAnswerResponse], Field(description="Those that would have lost most, first.")
    ]

    @classmethod
    def of(cls, past: PastAnswers, listed: int) -> Self:
        """Render it with the first ``listed`` answers."""
        return cls(
            answers=past.answers,
            hits=past.hits,
            lost=past.lost,
            unknown=past.unknown,
            poorer=len(past.poorer),
            without_evidence=past.without_evidence,
            items=[PoorerAnswerResponse.of(each) for each in past.poorer[:listed]],
        )
