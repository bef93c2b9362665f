"""Which facts a listing shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.identifiers import MemoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownThen:
    """What was known at another time: memories in their present words, recorded by then."""

    at: datetime
    returned: Sequence[MemoryId] = ()
    """Memories that counted then and do not by their states of now."""
    absent: Sequence[MemoryId] = ()
    """Memories that count now and did not then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactListing:
    """What a listing of facts is restricted to; names are in their normal form.

    Facts count whose source is in force: neither archived nor retracted.
    """

    subjects: frozenset[str] = frozenset()
    """Any of the names of what a fact is about; none does not restrict."""
    entities: frozenset[str] = frozenset()
    """Any of the names of what a fact is about or says: its subject or its object."""
    predicate: str | None = None
    held_at: datetime | None = None
    """Only what held then, and no denials; ``None``: whenever it held, and denials too."""
    known: KnownThen | None = None
    """Only of memories that were known and counted then; ends are those of now all the same."""
