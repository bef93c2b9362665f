"""Bodies about erasing whose data it is."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, JsonValue, StrictBool, model_validator

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import Name, RequestModel, ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.erasure import Erasure, ErasureState, Subject, SubjectKind


class EraseRequest(RequestModel):
    """Whose data goes: exactly one of user_id, session_id and memory_ids."""

    user_id: Name | None = None
    session_id: Name | None = None
    memory_ids: Annotated[
        list[UUID] | None, Field(min_length=1, max_length=limits.MEMORIES_PER_CALL)
    ] = None
    dry_run: Annotated[
        StrictBool, Field(description="Only count; answers 200 and changes nothing.")
    ] = False

    @model_validator(mode="after")
    def _names_one_subject(self) -> Self:
        if len([each for each in self._given() if each is not None]) != 1:
            raise ValueError("give exactly one of user_id, session_id and memory_ids")
        return self

    def to_subject(self) -> Subject:
        """Return whose data it is."""
        if self.user_id is not None:
            return Subject(kind=SubjectKind.USER, values=[self.user_id])
        if self.session_id is not None:
            return Subject(kind=SubjectKind.SESSION, values=[self.session_id])
        ids = sorted({str(each) for each in self.memory_ids or ()})
        return Subject(kind=SubjectKind.MEMORIES, values=ids)

    def _given(self) -> tuple[Any, ...]:
        return self.user_id, self.session_id, self.memory_ids


class ErasurePreviewResponse(ResponseModel):
    """What an erasure would begin with."""

    memories: Annotated[
        int,
        Field(description="The subject's, in any state; what was made from them goes as well."),
    ]


class ErasureResponse(ResponseModel):
    """An erasure as it stands; it does not say whose."""

    id: UUID
    bank_id: UUID
    job_id: Annotated[UUID, Field(description="The job that does it; retry it if incomplete.")]
    state: ErasureState
    actor: str
    memories: Annotated[int, Field(description="Memories erased so far.")]
    removed: Annotated[dict[str, int], Field(description="Rows so far, by table.")]
    receipt: Annotated[
        dict[str, JsonValue] | None,
        Field(description="`receipt`, `public_key` and `signature`, once it was searched for."),
    ]
    recorded_at: UtcTime
    finished_at: UtcTime | None

    @classmethod
    def of(cls, erasure: Erasure) -> Self:
        """Render an erasure."""
        return cls(
            id=erasure.id,
            bank_id=erasure.bank_id,
            job_id=erasure.job_id,
            state=erasure.state,
            actor=erasure.actor,
            memories=erasure.memory_count,
            removed=dict(erasure.counts),
            receipt=None if erasure.receipt is None else dict(erasure.receipt),
            recorded_at=erasure.recorded_at,
            finished_at=erasure.finished_at,
        )


class ErasurePage(PageResponse[ErasureResponse]):
    """Erasures, newest first."""


class ErasureKeyResponse(ResponseModel):
    """What receipts are checked with."""

    algorithm: Literal["Ed25519"]
    public_key: Annotated[str, Field(description="32 bytes, base64.")]
