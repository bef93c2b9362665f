"""What organising keeps of a memory: whether it is done, and every version of its annotations."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.organising.extraction import Annotations


class OrganisingState(StrEnum):
    """Where the text of a memory stands on its way to a note."""

    WAITING = "waiting"
    DONE = "done"
    SET_ASIDE = "set_aside"
    """It could not be organised; a job says why, and tries it again when asked to."""
    EXEMPT = "exempt"
    """It was made from other memories, or with its annotations."""


ORGANISED_KINDS = frozenset(
    {MemoryKind.TURN, MemoryKind.PASSAGE, MemoryKind.OBSERVATION, MemoryKind.NOTE}
)
"""What callers write; thoughts, facts and summaries are made by organising itself."""


def initial_state(kind: MemoryKind) -> OrganisingState:
    """Return where a new text begins."""
    return OrganisingState.WAITING if kind in ORGANISED_KINDS else OrganisingState.EXEMPT


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationVersion:
    """One immutable version of what is said about a memory."""

    number: int
    """From 1 for each memory; counts on over versions of its text."""
    version: int
    """Which version of the text it is about."""
    annotations: Annotations
    made_by: str
    """The extractor and its version."""
    model_call: UUID | None
    because_of: MemoryId | None
    """The newer memory that made an older one evolve."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnnotations:
    """A version to append, which holds from then on."""

    memory_id: MemoryId
    version: int
    annotations: Annotations
    made_by: str
    because_of: MemoryId | None = None
    model_call: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankNotes:
    """How far a bank is organised."""

    waiting: int
    unembedded: int
    """Of the waiting ones, those that cannot be organised before they have a vector."""
    set_aside: int
    annotated: int
    annotation_versions: int
    links: int
    waiting_since: datetime | None
    """When the text that has waited longest was recorded; ``None`` if none waits."""
