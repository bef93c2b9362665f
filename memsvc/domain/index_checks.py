"""What a comparison of a derived index with PostgreSQL has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId


class Holder(StrEnum):
    """Where what is compared with PostgreSQL lies."""

    MEMORY = "memory"
    """The copy that the answering process searches."""
    SNAPSHOT = "snapshot"
    """The file that a restart resumes from."""
    SERVER = "server"
    """The partition of the index server."""


class Fault(StrEnum):
    """How what is held differs from PostgreSQL."""

    MISSING = "missing"
    SURPLUS = "surplus"
    DIFFERING = "differing"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mismatch:
    """One thing held that should not be, or not held that should, or not as it should be."""

    holder: Holder
    memory_id: MemoryId | None
    """``None`` for a vector of which nobody knows whose it is."""
    vector_id: int | None
    """``None`` when it is about the words of a memory."""
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome of one comparison."""

    compared: Sequence[Holder]
    """What there was to compare."""
    memories: int
    """Memories of the bank in PostgreSQL."""
    vectors: int
    mismatches: Sequence[Mismatch]
    in_motion: int
    """Memories written to during the comparison; a later one decides about them."""
