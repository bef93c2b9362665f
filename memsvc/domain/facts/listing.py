"""Which facts a listing shows."""

from dataclasses import dataclass
from datetime import datetime


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
