"""What the service says about its copies of banks in memory."""

from uuid import UUID

from memsvc_client.records import Record


class HeldBank(Record):
    """A bank in memory."""

    bank_id: UUID
    memories: int


class IndexState(Record):
    """What the process that answered holds in memory."""

    holds_vectors: bool
    """False where pgvector or an index server has the vectors: only words are held."""
    bytes: int
    banks: tuple[HeldBank, ...]


class IndexMismatch(Record):
    """One difference of a copy from PostgreSQL."""

    memory_id: UUID | None = None
    vector_id: int | None = None
    """``None`` when it is about words."""
    fault: str
    """``missing``, ``surplus`` or ``differing``."""


class IndexVerification(Record):
    """A bank's copy compared with PostgreSQL."""

    holds_vectors: bool
    memories: int
    vectors: int
    in_motion: int
    """Memories written to meanwhile, not judged."""
    mismatch_count: int
    mismatches: tuple[IndexMismatch, ...]
    """The first hundred."""


class RebuiltIndex(Record):
    """A bank's copy that was loaded afresh."""

    holds_vectors: bool
    memories: int
