"""What the service says about the indexes that it answers from."""

from datetime import datetime
from uuid import UUID

from memsvc_client.records import Record


class HeldBank(Record):
    """A bank in memory."""

    bank_id: UUID
    memories: int
    vectors: int | None = None
    """``None`` where none are held by the process that answered."""
    structure: str | None = None
    """``scan`` where every vector is compared."""
    structure_recall: float | None = None
    """recall@10 measured when the structure was calibrated."""
    vector_bytes: int | None = None
    snapshot_at: datetime | None = None
    """When the file that a restart resumes from was written."""
    snapshot_bytes: int | None = None


class IndexFollower(Record):
    """A process that follows the change log."""

    kind: str
    name: str
    horizon: int
    """Transactions below it are applied."""
    started_at: datetime
    heartbeat_at: datetime


class ServerIndex(Record):
    """One model's vectors on the index server, of every tenant together."""

    model_id: str
    backend: str | None = None
    device: str | None = None
    precision: str | None = None
    vectors: int = 0
    bytes: int = 0
    failure: str | None = None
    """Why nothing is known of it."""


class IndexState(Record):
    """What the process that answered answers from."""

    backend: str
    holds_vectors: bool
    """False where pgvector or an index server has the vectors: only words are held."""
    bytes: int
    banks: tuple[HeldBank, ...]
    checks: int = 0
    """Live answers compared with exact ones since the process started."""
    measured_recall: float | None = None
    """Their mean recall@10."""
    followers: tuple[IndexFollower, ...] = ()
    server: tuple[ServerIndex, ...] = ()


class IndexMismatch(Record):
    """One difference from PostgreSQL."""

    holder: str
    """``memory``, ``snapshot`` or ``server``."""
    memory_id: UUID | None = None
    vector_id: int | None = None
    """``None`` when it is about words."""
    fault: str
    """``missing``, ``surplus`` or ``differing``."""


class IndexVerification(Record):
    """What is held of a bank, compared with PostgreSQL."""

    holds_vectors: bool
    compared: tuple[str, ...] = ()
    """Where there was something to compare: ``memory``, ``snapshot``, ``server``."""
    memories: int
    vectors: int
    in_motion: int
    """Memories written to meanwhile, not judged."""
    mismatch_count: int
    mismatches: tuple[IndexMismatch, ...]
    """The first hundred."""


class RebuiltIndex(Record):
    """A bank whose indexes were loaded afresh."""

    holds_vectors: bool
    memories: int
    server_loaded: bool | None = None
    """Whether the index server has loaded it already; ``None`` without one."""
