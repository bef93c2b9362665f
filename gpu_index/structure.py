"""What an approximate structure beside a slab is: it proposes ids, the slab has the last word."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gpu_index.protocol import Ids, Scores, Vectors
from gpu_index.scan import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard a structure looks for the ten nearest."""

    probes: int
    """Lists looked into."""
    candidates: int
    """Ids proposed, whose vectors are then compared exactly."""

    def for_k(self, k: int) -> "Effort":
        """Return the effort for the ``k`` nearest: farther neighbours lie in more lists."""
        factor = max(1.0, k / 10)
        return Effort(
            probes=round(self.probes * min(4.0, factor**0.5)),
            candidates=round(self.candidates * max(1.0, factor / 2)),
        )


class Structure(Protocol):
    """Searched beside changes by the partition's lock; not thread-safe by itself.

    It is told of new vectors, never of removed ones: an id it proposes that has left the slab is
    passed over there, and once many have left it is built anew.
    """

    @property
    def name(self) -> str:
        """For reports."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes held beside the slab."""
        ...

    @property
    def lists(self) -> int:
        """The most that ``Effort.probes`` can be."""
        ...

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Take in vectors of unit length."""
        ...

    def candidates(self, queries: Vectors, effort: Effort) -> Ids:
        """Return ids that may be near, (queries, effort.candidates), padded with -1 at the end.

        The likeliest come first, so that the first of many are about those of a lower effort.
        """
        ...

    def products(self, queries: Vectors, vectors: Vectors, rows: Rows) -> Scores:
        """Return float32 inner products of query i with ``rows[i]`` of ``vectors``: (queries, m).

        A row of -1 has -inf; the others are within ``ranking.rounding_bound`` of the true ones.
        """
        ...

    def to_bytes(self) -> bytes:
        """Return what ``StructureMaker.restore`` makes it from again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureMaker:
    """How a backend makes its structures."""

    name: str
    """Of the structures it makes."""
    train: Callable[[Vectors, int, int], Structure]
    """``train(sample, size, seed)``: an empty one for about ``size`` vectors like the sample."""
    sample_size: Callable[[int], int]
    """How large a sample to train with, for as many vectors."""
    enter_thread: Callable[[], None]
    """Called once in the thread that builds: engines must not take every core from searches."""
    restore: Callable[[bytes, int], Structure]
    """``restore(content, dimension)``; raises ``SnapshotError`` for what it cannot take."""


@dataclass(slots=True, kw_only=True)
class Tuned:
    """A structure in use, with what was measured of it."""

    structure: Structure
    effort: Effort
    measured_recall: float
    built_for: int
    """Vectors it held when it was built and measured."""
    entries: int
    """Vectors it was given so far, those that have left the slab included."""
    measured_at: int
    """Vectors added and removed since it was built, when it was last measured."""
    measured_with: int
    """Questions that the partition had been asked by then."""

    def is_worn(self, size: int) -> bool:
        """Tell whether a partition of ``size`` vectors has outgrown it, or left it."""
        return self.entries > 2 * self.built_for or 4 * (self.entries - size) > self.entries

    def is_stale(self, size: int, asked: int) -> bool:
        """Tell whether what was measured may hold no longer.

        So it is when a tenth of the vectors has come or gone since, and when four times as many
        questions were asked.
        """
        return 10 * (self.changes(size) - self.measured_at) > size or asked > 4 * self.measured_with

    def changes(self, size: int) -> int:
        """Return how many vectors have come and gone since it was built."""
        return (self.entries - self.built_for) + (self.entries - size)

    def facts(self) -> dict[str, Any]:
        """Return what stands beside the structure in a snapshot."""
        return {
            "name": self.structure.name,
            "probes": self.effort.probes,
            "candidates": self.effort.candidates,
            "measured_recall": self.measured_recall,
            "built_for": self.built_for,
            "entries": self.entries,
            "measured_at": self.measured_at,
            "measured_with": self.measured_with,
        }

    @classmethod
    def unmeasured(cls, structure: Structure, entries: int) -> "Tuned":
        """Return a structure that was just built."""
        return cls(
            structure=structure,
            effort=Effort(probes=1, candidates=1),
            measured_recall=0.0,
            built_for=entries,
            entries=entries,
            measured_at=0,
            measured_with=0,
        )

    @classmethod
    def from_facts(cls, structure: Structure, facts: Mapping[str, Any]) -> "Tuned":
        """Return a structure that was read from a snapshot, with its facts."""
        return cls(
            structure=structure,
            effort=Effort(probes=facts["probes"], candidates=facts["candidates"]),
            measured_recall=facts["measured_recall"],
            built_for=facts["built_for"],
            entries=facts["entries"],
            measured_at=facts["measured_at"],
            # The questions themselves are not kept: those to come are counted anew.
            measured_with=max(1, facts["measured_with"]),
        )
