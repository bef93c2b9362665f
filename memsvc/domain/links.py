"""Typed links between memories of one bank."""

from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId


class LinkType(StrEnum):
    """What a link says about its two ends."""

    NEXT = "next"
    """The second follows the first in their episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link to add."""

    from_id: MemoryId
    to_id: MemoryId
    type: LinkType
    reason: str | None = None
