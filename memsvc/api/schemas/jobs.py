"""Bodies of the job routes."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.pages import PageResponse
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.jobs import Job, JobKind, JobState


class ProgressResponse(ResponseModel):
    """How far a job is."""

    done: int
    total: int


class JobResponse(ResponseModel):
    """One piece of background work."""

    id: UUID
    kind: JobKind
    state: JobState
    reason: Annotated[str | None, Field(description="Why it waits or failed, in a sentence.")]
    progress: ProgressResponse | None
    counts: Annotated[
        dict[str, int], Field(description="What it has done so far, by name, over all attempts.")
    ]
    stages: Annotated[
        list[str], Field(description="The stages of consolidating that it is for, if it is.")
    ]
    bank_id: UUID | None
    attempts: int
    created_at: UtcTime
    started_at: UtcTime | None
    finished_at: UtcTime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """Render a job."""
        progress = job.progress
        return cls(
            id=job.id,
            kind=job.kind,
            state=job.state,
            reason=job.reason,
            progress=progress and ProgressResponse(done=progress.done, total=progress.total),
            counts=dict(job.counts),
            stages=list(job.stages),
            bank_id=job.bank_id,
            attempts=job.attempts,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


class JobPage(PageResponse[JobResponse]):
    """Jobs, newest first."""
