"""Background work of the service."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from memsvc_client.records import Record


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_PROVIDER = "waiting_provider"
    """A model or server it needs is away; it runs again by itself."""
    NEEDS_REVIEW = "needs_review"
    """It cannot go on without a person."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING_PROVIDER)
"""States from which a job goes on by itself."""


class Progress(Record):
    """How far a job is."""

    done: int
    total: int


class Job(Record):
    """One piece of background work."""

    id: UUID
    kind: str
    """Such as ``bank.delete``."""
    state: str
    """A ``JobState``."""
    reason: str | None = None
    """Why it waits or failed, in a sentence."""
    progress: Progress | None = None
    counts: Mapping[str, int] = {}
    """What it has done so far, by name, over all attempts."""
    stages: tuple[str, ...] = ()
    """The stages of consolidating that it is for, if it is."""
    bank_id: UUID | None = None
    attempts: int
    created_at: AwareDatetime
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it will still go on by itself."""
        return self.state in OPEN_STATES
