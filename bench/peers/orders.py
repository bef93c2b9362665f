"""What every system of a comparison is given, and what it answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, Protocol, Self, TypedDict

import numpy as np

from bench.texts import GeneratedTurn
from memsvc.ports import Matrix, Vector

K = 10
"""Memories asked for."""
MESSAGES_PER_CALL = 20
"""An episode at a time, as ``bench recall`` stores them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something said."""

    text: str
    speaker: str | None
    id: str
    """What a search has to bring back."""


class PeerSystem(Protocol):
    """A memory library in this process, asked by one caller."""

    def precomputed(self, vectors: Mapping[str, Vector] | None) -> None:
        """Take the vectors of texts from here from now on; ``None`` encodes them."""
        ...

    def add(self, scope: str, items: Sequence[Item]) -> None:
        """Store a few items of one person or conversation, as they are."""
        ...

    def search(self, scope: str, question: str) -> list[str]:
        """Return the ids of the ``K`` best items."""
        ...

    def facts(self) -> Mapping[str, str]:
        """Return versions, and settings that are not the defaults."""
        ...


class Costs(TypedDict):
    """Per second, one caller; and milliseconds of processor time for each, database included."""

    adds_per_s: float
    searches_per_s: float
    add_cpu_ms: float
    search_cpu_ms: float


class PeerRow(TypedDict):
    """A system, or why it has no figures."""

    name: str
    reason: NotRequired[str]
    memories: NotRequired[int]
    """Added with given vectors; searches are among them."""
    adds_per_s: NotRequired[float]
    """With given vectors."""
    searches_per_s: NotRequired[float]
    """With given vectors."""
    cpu_ms: NotRequired[dict[str, float]]
    """``add`` and ``search`` with given vectors: processor time, database included."""
    with_encoder: NotRequired[Costs]
    """The same with texts and questions encoded in the process, among the same memories."""
    recall_at_10: NotRequired[float | None]
    """On an evaluation set, each conversation by itself; null without one."""
    facts: NotRequired[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOrders:
    """What a worker is to do; its arrays and texts lie in ``folder``."""

    system: str
    folder: str
    data: str | None
    """The folder of an evaluation set."""
    add_budget_s: float
    """Adding with given vectors ends after so long; the row says how far it came."""
    encoded: int
    """So many items are added, and questions asked, with the encoder."""
    models: Sequence[str]
    """Where the encoder is looked for: another environment would look elsewhere."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``written`` gave."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The texts and questions, with their vectors row by row."""

    turns: Sequence[GeneratedTurn]
    vectors: Matrix
    questions: Sequence[str]
    question_vectors: Matrix

    def write(self, folder: Path) -> None:
        """Put it where workers read it."""
        np.save(folder / "vectors.npy", self.vectors)
        np.save(folder / "question_vectors.npy", self.question_vectors)
        written = {
            "turns": [[each.text, each.speaker, each.topic] for each in self.turns],
            "questions": list(self.questions),
        }
        (folder / "texts.json").write_text(json.dumps(written), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what was written."""
        written = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        return cls(
            turns=[GeneratedTurn(text=t, speaker=s, topic=no) for t, s, no in written["turns"]],
            vectors=np.load(folder / "vectors.npy"),
            questions=written["questions"],
            question_vectors=np.load(folder / "question_vectors.npy"),
        )
