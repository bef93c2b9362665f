"""Background work as users see it: kinds, states and progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from memsvc.domain.identifiers import BankId, JobId, TenantId
from memsvc.domain.memory import Metadata


class JobKind(StrEnum):
    """What a job does; each kind has one handler."""

    EMBED_PENDING = "memories.embed"
    DELETE_BANK = "bank.delete"
    REEMBED_BANK = "bank.reembed"
    ORGANISE = "memories.organise"
    CONSOLIDATE = "bank.consolidate"
    THINK = "bank.think"
    STAGE = "bank.stage"
    """One stage of consolidating, which runs by itself; its ``stages`` name it."""
    SWEEP_BANK = "bank.sweep"
    READ_ENTITIES = "bank.read_entities"
    ERASE = "memories.erase"
    SETTLE_FACTS = "bank.settle_facts"


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


OPEN_STATES = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.WAITING_PROVIDER})
RETRYABLE_STATES = frozenset(
    {JobState.FAILED, JobState.NEEDS_REVIEW, JobState.CANCELLED, JobState.WAITING_PROVIDER}
)
CANCELLABLE_KINDS = frozenset(
    {
        JobKind.REEMBED_BANK,
        JobKind.ORGANISE,
        JobKind.CONSOLIDATE,
        JobKind.THINK,
        JobKind.STAGE,
    }
)
"""What can be given up midway: what is done by then is whole, and the rest as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of background work."""

    id: JobId
    tenant_id: TenantId
    bank_id: BankId | None
    kind: JobKind
    state: JobState
    reason: str | None
    """Why it waits or failed, in a sentence; never memory text."""
    attempts: int
    progress: Progress | None
    payload: Metadata
    """Ids only."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: Mapping[str, int] = field(default_factory=dict)
    """What its attempts have done so far, by name."""

    @property
    def stages(self) -> Sequence[str]:
        """The stages of consolidating that it is for, in their order; none of another kind."""
        named = self.payload.get("stages")
        if not isinstance(named, Sequence) or isinstance(named, str):
            return []
        return [str(each) for each in named]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to enqueue in the transaction that causes it."""

    kind: JobKind
    bank_id: BankId | None = None
    payload: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobListing:
    """What a listing of jobs is restricted to."""

    state: JobState | None = None
    kind: JobKind | None = None
    bank: str | None = None
    """A bank's name or id."""
