"""What a comparison of a derived index with PostgreSQL has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId


class Fault(StrEnum):
    """How what is held differs from PostgreSQL."""

    MISSING = "missing"
    SURPLUS = "surplus"
    DIFFERING = "differing"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mismatch:
    """One thing held that should not be, or not held that should."""

    memory_id: MemoryId | None
    """``None`` for a vector of which nobody knows whose it is."""
    vector_id: int | None
    """``None`` when it is about the words of a memory."""
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome of one comparison."""

    memories: int
    """Memories of the bank in PostgreSQL."""
    vectors: int
    mismatches: Sequence[Mismatch]
    in_motion: int
    """Memories written to during the comparison; a later one decides about them."""
