"""Names of entities that may mean the same, by the vectors of the names (HippoRAG's synonyms).

Whoever adds a name gets its synonyms among those held: what two names have in common never depends
on which came first, and a name costs one pass over the others, not all pairs again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.entity_forms import EntityForm, is_telling

MOST_NAMES = 200_000
"""Names that are compared within one bank; 768 bytes each at 384 dimensions."""

_BLOCK_ROWS = 16_384
_QUANTILE = 0.999
_BETWEEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonym:
    """Two names, in order, with the cosine of their vectors."""

    first: EntityForm
    second: EntityForm
    cosine: float


def calibrated_threshold(unrelated: NDArray[np.float32]) -> float:
    """Return the least cosine of synonyms for a model, from unit vectors (n, d) of unrelated names.

    Halfway between what one pair of unrelated names in a thousand reaches and identity: models
    differ in how near everything lies to everything (a fixed 0.8 gives one encoder eight synonyms
    for each relation, another hardly any). Raises ``ValueError`` for fewer than two names.
    """
    if len(unrelated) < 2:  # noqa: PLR2004 — a pair
        raise ValueError("it takes two names to compare")
    cosines = (unrelated @ unrelated.T)[np.triu_indices(len(unrelated), 1)]
    reached = float(np.quantile(cosines, _QUANTILE))
    return reached + _BETWEEN * (1.0 - reached)


class Synonyms:
    """The names of one bank with their vectors, kept as float16.

    Not for several threads at once, but ``near`` may run beside ``remove``.
    """

    def __init__(self, threshold: float, most: int = MOST_NAMES) -> None:
        """Hold up to ``most`` names; those with a cosine of ``threshold`` or more are synonyms."""
        if not 0 < threshold <= 1:
            raise ValueError("the threshold is a cosine above 0")
        self._threshold = threshold
        self._most = most
        self._places: dict[EntityForm, int] = {}
        self._names: list[EntityForm | None] = []
        self._vectors: NDArray[np.float16] = np.zeros((0, 0), np.float16)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: EntityForm) -> bool:
        return name in self._places

    @property
    def threshold(self) -> float:
        """The least cosine of synonyms."""
        return self._threshold

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors."""
        return int(self._vectors.nbytes)

    def lacking(self, names: Iterable[EntityForm], count: int) -> list[EntityForm]:
        """Return up to ``count`` of the names that have no vector yet, and can get one."""
        room = min(count, self._most - len(self._places))
        found: list[EntityForm] = []
        for name in names:
            if len(found) >= room:
                break
            if name not in self._places and is_telling(name):
                found.append(name)
        return found

    def add(self, names: Sequence[EntityForm], vectors: NDArray[np.float32]) -> list[Synonym]:
        """Hold names with their unit vectors (n, d); return their synonyms, old and new.

        Raises ``ValueError`` for names that are held already, or more than there is room for.
        """
        if any(name in self._places for name in names) or len(set(names)) < len(names):
            raise ValueError("a name is held once")
        if len(self._places) + len(names) > self._most:
            raise ValueError(f"at most {self._most} names are held")
        rows = np.asarray(vectors, np.float32).astype(np.float16)
        first = self._append(names, rows)
        return self._near(first)

    def nearest(self, vector: NDArray[np.float32], least: float) -> EntityForm | None:
        """Return the name whose vector has the highest cosine, if that is ``least`` or more."""
        best: tuple[float, EntityForm] | None = None
        for start in range(0, len(self._names), _BLOCK_ROWS):
            block = self._vectors[start : min(len(self._names), start + _BLOCK_ROWS)]
            cosines = block.astype(np.float32) @ np.asarray(vector, np.float32)
            for row in np.argsort(-cosines, kind="stable").tolist():
                name = self._names[start + row]
                if cosines[row] < least or (best is not None and cosines[row] <= best[0]):
                    break
                if name is not None:
                    best = float(cosines[row]), name
                    break
        return None if best is None else best[1]

    def remove(self, name: EntityForm) -> None:
        """Forget a name; unknown ones are fine. Rows of forgotten names are used up in time."""
        place = self._places.pop(name, None)
        if place is not None:
            self._names[place] = None
            if len(self._places) < len(self._names) // 2:
                self._compact()

    def _append(self, names: Sequence[EntityForm], rows: NDArray[np.float16]) -> int:
        first, end = len(self._names), len(self._names) + len(names)
        if end > len(self._vectors):
            room = np.zeros((int(end * 1.25) + 64, rows.shape[1]), np.float16)
            room[:first] = self._vectors[:first] if first else 0
            self._vectors = room
        self._vectors[first:end] = rows
        for offset, name in enumerate(names):
            self._places[name] = first + offset
        self._names.extend(names)
        return first

    def _near(self, first: int) -> list[Synonym]:
        """Return the pairs of the rows from ``first`` on with all rows up to themselves."""
        end = len(self._names)
        new = self._vectors[first:end].astype(np.float32)
        found: list[Synonym] = []
        for start in range(0, end, _BLOCK_ROWS):
            block = self._vectors[start : min(end, start + _BLOCK_ROWS)].astype(np.float32)
            cosines = block @ new.T
            for row, column in np.argwhere(cosines >= self._threshold).tolist():
                older, newer = start + row, first + column
                one, other = self._names[older], self._names[newer]
                if older < newer and one is not None and other is not None:
                    low, high = sorted((one, other))
                    cosine = min(1.0, float(cosines[row, column]))
                    found.append(Synonym(first=low, second=high, cosine=cosine))
        return sorted(found, key=lambda each: (each.first, each.second))

    def _compact(self) -> None:
        kept = [place for place, name in enumerate(self._names) if name is not None]
        self._vectors = self._vectors[kept].copy()
        self._names = [self._names[place] for place in kept]
        self._places = {name: place for place, name in enumerate(self._names) if name is not None}
