"""What a context can be made of, and what of it was taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory


class SectionName(StrEnum):
    """The parts of a context, in the order in which they stand."""

    SUMMARIES = "summaries"
    MEMORIES = "memories"
    RECENT = "recent"


class Role(StrEnum):
    """Why a memory is in a context."""

    SUMMARY = "summary"
    HIT = "hit"
    BEFORE = "before"
    """Its episode goes on from here to a hit."""
    AFTER = "after"
    """Its episode goes on to here from a hit."""
    RECENT = "recent"
    WHOLE = "whole"
    """Everything is there: nothing was ranked."""


SECTION_OF = {
    Role.SUMMARY: SectionName.SUMMARIES,
    Role.HIT: SectionName.MEMORIES,
    Role.BEFORE: SectionName.MEMORIES,
    Role.AFTER: SectionName.MEMORIES,
    Role.WHOLE: SectionName.MEMORIES,
    Role.RECENT: SectionName.RECENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A memory that may stand in a context."""

    memory: Memory
    role: Role
    of: MemoryId | None = None
    """The hit that a neighbour belongs to."""
    score: float | None = None
    """Of a hit, in [0, 1]."""
    text: str | None = None
    """What is left of a text that is too long; ``None``: all of it."""

    @property
    def is_cut(self) -> bool:
        """Whether the end of its text is left out."""
        return self.text is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitMaterial:
    """A hit with what stands beside it in its episode, each list in the episode's order."""

    memory: Memory
    score: float
    before: Sequence[Memory] = ()
    after: Sequence[Memory] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that was gathered for a question."""

    summaries: Sequence[Memory] = ()
    """Most wanted first."""
    hits: Sequence[HitMaterial] = ()
    """Best first."""
    recent: Sequence[Memory] = ()
    """Latest turns of the session, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedPiece:
    """A piece in its place; ``citation`` is the n of its [n]."""

    citation: int
    piece: Piece
    tokens: int
    """What its lines cost, as counted by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a context; never empty."""

    name: SectionName
    pieces: Sequence[CitedPiece]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a question gets to read: as a text, and in parts."""

    text: str
    """Ready for a prompt; empty if not even its frame fits the budget."""
    tokens: int
    """What ``text`` costs; never more than the budget."""
    sections: Sequence[Section]
    left_out: int
    """How many pieces of the material did not fit; what is shown elsewhere does not count."""
