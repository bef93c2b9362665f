"""Which of two duplicates stays, whether the other may go, and pairs left to a person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, Metadata
from memsvc.domain.operations import OperationId
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.domain.thoughts.fusing import FUSED_SOURCE

_OF_A_SOURCE = frozenset({MemoryKind.TURN, MemoryKind.PASSAGE})
MADE_KINDS = frozenset({MemoryKind.SUMMARY, MemoryKind.THOUGHT})
"""What was made from memories: it says again what these say, and follows them."""
CARRIED = (LinkType.RELATED, LinkType.DERIVED_FROM, LinkType.SUMMARISES)
"""Links that what stays takes over; the order of an episode and what replaced what stay put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """A pair to ask a person about; the older memory is ``one``."""

    one_id: MemoryId
    other_id: MemoryId
    one_version: int
    other_version: int
    score: float
    evidence: Metadata
    """Numbers and names of parts, never text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A pair as it was proposed, and what was decided."""

    id: ReviewId
    bank_id: BankId
    pair: NewReview
    state: ReviewState
    operation_id: OperationId | None
    """The merge, where it was accepted."""
    decided_by: str | None
    decided_at: datetime | None
    recorded_at: datetime


def may_merge(one: Memory, other: Memory) -> bool:
    """Tell whether two memories may become one at all, whatever they say.

    Both active, of one kind, user and agent. Turns and passages are parts of a source: they are
    merged across sources only, and within a session, so that no filter loses what it found. A
    summary is renewed with its session, and a thought is forgotten where another says the same.
    """
    if {one.state, other.state} != {MemoryState.ACTIVE} or one.kind is not other.kind:
        return False
    if one.kind in MADE_KINDS or FUSED_SOURCE in {one.source, other.source}:
        return False
    if (one.keys.user_id, one.keys.agent_id) != (other.keys.user_id, other.keys.agent_id):
        return False
    if one.kind in _OF_A_SOURCE:
        is_one_source = one.episode_id is not None and one.episode_id == other.episode_id
        return not is_one_source and one.keys.session_id == other.keys.session_id
    return True


def staying(one: Memory, other: Memory, *, same_text: bool) -> tuple[Memory, Memory]:
    """Return which memory stays and which goes.

    What is pinned stays, then what lasts longer; of two wordings the longer one, which says no
    less; then the older one.
    """

    def rank(memory: Memory) -> tuple[bool, float, int, UUID]:
        lasts = float("inf") if memory.expires_at is None else memory.expires_at.timestamp()
        length = 0 if same_text else len(memory.text)
        return (not memory.pinned, -lasts, -length, memory.id)

    kept, gone = sorted((one, other), key=rank)
    return kept, gone


def loses_nothing(kept: Memory, gone: Memory) -> bool:
    """Tell whether what goes has no pin, and no metadata that what stays lacks."""
    held = dict(kept.metadata)
    return not gone.pinned and all(
        name in held and held[name] == value for name, value in gone.metadata.items()
    )


def carried(link: NewLink, gone: MemoryId, kept: MemoryId) -> NewLink | None:
    """Return the link that takes the place of one at the memory that goes, if any does."""
    ends = [kept if end == gone else end for end in (link.from_id, link.to_id)]
    if link.type not in CARRIED or ends[0] == ends[1]:
        return None
    return NewLink(
        from_id=ends[0], to_id=ends[1], type=link.type, weight=link.weight, reason=link.reason
    )
