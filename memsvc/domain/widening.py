"""Further questions to a bank, made of one: what they may be, and how answers are put together.

MemoRAG (arXiv 2409.05591) searches with clues, which are guesses at what an answer looks like, and
with surrogate queries; Adaptive-Note (arXiv 2410.08821) searches on from a note of what it read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from memsvc.domain.context.echoes import without_echoes
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory
from memsvc.domain.tokens import is_characterwise, split_tokens

MOST_CHARS = 300
"""Of one further question."""
MOST_NOTE_CHARS = 4_000
_LEAST_WORDS = 2
"""Fewer say nothing: MemoRAG keeps lines of more than three words, which Chinese has not."""


class AskedAs(StrEnum):
    """Where a question comes from."""

    QUESTION = "question"
    """Whoever asks."""
    QUERY = "query"
    """The question in other words, or a part of it."""
    CLUE = "clue"
    """What an answer might say."""
    ROUND = "round"
    """What a note lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What a model would also ask."""

    queries: Sequence[str]
    clues: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteItem:
    """A memory that is read."""

    text: str
    speaker: str | None
    occurred_at: datetime

    @classmethod
    def of(cls, memory: Memory) -> Self:
        """Return what is read of a memory: a context in it is left out."""
        return cls(
            text=without_echoes(memory.text),
            speaker=memory.speaker,
            occurred_at=memory.occurred_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteState:
    """What a note-taker has before it: the question, its note, what it asked, what was found."""

    question: str
    note: str
    asked: Sequence[str]
    items: Sequence[NoteItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a note-taker makes of it."""

    note: str
    helped: bool
    """Whether the note says more of the answer than the one before."""
    enough: bool
    """Whether it answers the question."""
    next_query: str
    """What it lacks, if anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRank:
    """Where one of several questions ranked a memory, and how much that counts."""

    text: str
    asked_as: AskedAs
    rank: int
    """From 1."""
    contribution: float
    """The contributions of a memory add up to its score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One of several questions with its ranking."""

    text: str
    asked_as: AskedAs
    weight: float
    ranking: Sequence[MemoryId]


def usable(texts: Iterable[str], taken: Iterable[str], most: int) -> list[str]:
    """Return the first ``most`` texts that can be asked: on one line, not too short, none twice.

    ``taken`` are those that were asked already. Longer ones are cut at ``MOST_CHARS``.
    """
    known = {_key(text) for text in taken}
    kept: list[str] = []
    for text in texts:
        cleaned = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        cleaned = cleaned[:MOST_CHARS].rstrip()
        if len(kept) == most:
            break
        if _key(cleaned) in known or not _says_something(cleaned):
            continue
        known.add(_key(cleaned))
        kept.append(cleaned)
    return kept


def fuse_asked(
    asked: Sequence[Asked], rank_constant: int, most: int
) -> list[tuple[MemoryId, float, list[AskedRank]]]:
    """Return the ``most`` best memories by falling score, in [0, 1], with where that comes from.

    Reciprocal rank fusion over questions, as ``fusion.fuse`` over arms.
    """
    best = sum(each.weight for each in asked) / (rank_constant + 1)
    if best <= 0:
        return []
    parts: dict[MemoryId, list[AskedRank]] = {}
    for each in asked:
        for rank, memory_id in enumerate(each.ranking, start=1):
            part = AskedRank(
                text=each.text,
                asked_as=each.asked_as,
                rank=rank,
                contribution=each.weight / (rank_constant + rank) / best,
            )
            parts.setdefault(memory_id, []).append(part)
    scores: Mapping[MemoryId, float] = {
        memory_id: min(1.0, sum(part.contribution for part in found))
        for memory_id, found in parts.items()
    }
    order = sorted(scores, key=lambda memory_id: (-scores[memory_id], memory_id))
    return [(memory_id, scores[memory_id], parts[memory_id]) for memory_id in order[:most]]


def _key(text: str) -> str:
    return " ".join(split_tokens(text)[0])


def _says_something(text: str) -> bool:
    tokens, _ = split_tokens(text)
    return len(tokens) >= _LEAST_WORDS or any(map(is_characterwise, tokens))
