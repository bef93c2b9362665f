"""Bodies about feedback: which memories of an answer were of use."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import Name, RequestModel, ResponseModel
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.recorded_recalls import RecallId
from memsvc.domain.retention.reinforcement import Cause
from memsvc.services.reinforcing import FeedbackGiven, FeedbackStatus, JudgedMemory, NewFeedback

_Memories = Annotated[
    list[UUID],
    Field(default_factory=list, max_length=limits.RECALL_HITS + limits.RECALL_NEIGHBOURS),
]


class FeedbackRequest(RequestModel):
    """Which memories of an answer helped, and which misled."""

    helped: _Memories
    misled: _Memories
    session_id: Annotated[
        Name | None,
        Field(description="A memory counts once in it; without one, once for the recall."),
    ] = None

    @model_validator(mode="after")
    def _judge_each_once(self) -> Self:
        if not self.helped and not self.misled:
            raise ValueError("name a memory in `helped` or `misled`")
        if both := set(self.helped) & set(self.misled):
            raise ValueError(f"in `helped` and in `misled`: {', '.join(sorted(map(str, both)))}")
        return self

    def to_feedback(self, recall_id: RecallId) -> NewFeedback:
        """Return the feedback as the use case knows it."""
        return NewFeedback(
            recall_id=recall_id,
            helped=[MemoryId(each) for each in self.helped],
            misled=[MemoryId(each) for each in self.misled],
            session_id=self.session_id,
        )


class JudgedMemoryResponse(ResponseModel):
    """What became of the feedback about one memory."""

    memory_id: UUID
    cause: Cause
    status: Annotated[
        FeedbackStatus,
        Field(
            description="`already_given`: judged before in this session, and that stands. `kept`:"
            " noted, but by the bank's policy nothing changes strengths."
        ),
    ]
    strength: Annotated[float, Field(description="S of the forgetting curve, as it is now.")]

    @classmethod
    def of(cls, judged: JudgedMemory) -> Self:
        """Render it."""
        return cls(
            memory_id=judged.memory_id,
            cause=judged.cause,
            status=judged.status,
            strength=judged.strength,
        )


class FeedbackResponse(ResponseModel):
    """What became of feedback."""

    recall_id: UUID
    operation_id: Annotated[
        UUID | None, Field(description="Undo it to have the strengths back; null: no change.")
    ]
    memories: list[JudgedMemoryResponse]

    @classmethod
    def of(cls, given: FeedbackGiven) -> Self:
        """Render it."""
        return cls(
            recall_id=given.recall_id,
            operation_id=given.operation_id,
            memories=[JudgedMemoryResponse.of(each) for each in given.memories],
        )
