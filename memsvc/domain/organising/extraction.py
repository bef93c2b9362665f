"""What organising a window of memories asks for, and what comes back.

Whoever answers (a language model, or rules) sees handles, never ids: small numbers that mean
something inside one window only. An answer is data: handles that were not given out, links of an
item to itself and strings past their bounds are dropped one by one and counted, never the whole
answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from memsvc.domain.organising.statistics import TermStatistics

MOST_KEYWORDS = 10
MOST_TAGS = 10
MOST_CONTEXT_CHARACTERS = 300
MOST_NAME_CHARACTERS = 120
MOST_THOUGHT_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowItem:
    """A memory to organise, or an older neighbour of one, under its handle."""

    handle: int
    """From 1; unique among items and neighbours of a window."""
    text: str
    speaker: str | None
    occurred_at: datetime
    language: str
    """ISO 639-1 code of the text."""
    annotations: "Annotations | None" = None
    """What is said of it already; always so for a neighbour that has been organised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Consecutive memories of one episode, and older memories that resemble them."""

    items: Sequence[WindowItem]
    neighbours: Sequence[WindowItem] = ()
    """May be linked to and annotated anew; nothing else is made of them."""
    near: frozenset[tuple[int, int]] = frozenset()
    """Handles of an item and of another memory of the window that was found to resemble it."""
    statistics: TermStatistics | None = None
    """How rare terms are in the bank, where it has enough texts to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What is said about a memory beside its text (A-MEM: keywords, tags, context)."""

    keywords: tuple[str, ...] = ()
    """Most telling first."""
    tags: tuple[str, ...] = ()
    """Broad classes."""
    context: str = ""
    """One sentence, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedEntity:
    """Somebody or something that a memory names."""

    name: str
    kind: str
    """``person``, ``place``, ``organisation``, ``date``, ``number``, ``work``, ``thing``, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedFact:
    """A statement as subject, relation, object; times are when it holds, not when it was said."""

    subject: str
    relation: str
    object: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    confidence: float = 1.0
    """In (0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedItem:
    """What was found in one item."""

    handle: int
    annotations: Annotations
    entities: tuple[ExtractedEntity, ...] = ()
    facts: tuple[ExtractedFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedThought:
    """A sentence inferred from items of the window (TiM), as a triple too where it is one."""

    text: str
    sources: tuple[int, ...]
    """Handles of the items it follows from; never empty."""
    fact: ExtractedFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedLink:
    """Two memories that bear on each other."""

    from_handle: int
    to_handle: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedEvolution:
    """New annotations of a neighbour, because of an item of the window."""

    handle: int
    because_of: int
    annotations: Annotations


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Everything found in a window."""

    items: Sequence[ExtractedItem]
    thoughts: Sequence[ExtractedThought] = ()
    links: Sequence[ProposedLink] = ()
    """Proposed by a model; rules leave it to the nearest neighbours."""
    evolutions: Sequence[ProposedEvolution] = ()
    rejected: Sequence[str] = field(default=())
    """Why parts of an answer were dropped, without their text."""
