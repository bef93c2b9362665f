"""Typed links between memories of one bank."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId


class LinkType(StrEnum):
    """What a link says about its two ends."""

    NEXT = "next"
    """The second follows the first in their episode."""
    RELATED = "related"
    """Both are about the same things; kept in one direction, read in both."""
    DERIVED_FROM = "derived_from"
    """The first was made from the second."""
    SUMMARISES = "summarises"
    SUPERSEDES = "supersedes"
    """The first says what holds in place of the second."""
    MERGED_INTO = "merged_into"
    """The first lives on in the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link to add."""

    from_id: MemoryId
    to_id: MemoryId
    type: LinkType
    weight: float = 1.0
    """How strong the link is, in (0, 1]."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """A link as it is kept, and since when."""

    link: NewLink
    recorded_at: datetime

    def other_end(self, memory_id: MemoryId) -> MemoryId:
        """Return the end that is not ``memory_id``."""
        return self.link.to_id if self.link.from_id == memory_id else self.link.from_id
