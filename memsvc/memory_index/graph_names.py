"""The names of a graph's entities, which of them are near each other, and how near."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.synonyms import Synonym, Synonyms


class GraphNames:
    """Names that have been compared, and their synonyms both ways."""

    def __init__(self) -> None:
        """Hold nothing until a threshold is known."""
        self._names: Synonyms | None = None
        self._near: dict[EntityForm, dict[EntityForm, Synonym]] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the names' vectors."""
        return 0 if self._names is None else self._names.nbytes

    def compare_by(self, threshold: float) -> bool:
        """Set the least cosine of synonyms; tell whether it was another, and all was forgotten."""
        if self._names is not None and self._names.threshold == threshold:
            return False
        self._names = Synonyms(threshold)
        self._near.clear()
        return True

    def lacking(self, names: Iterable[EntityForm], count: int) -> list[EntityForm]:
        """Return up to ``count`` of the names that have not been compared yet."""
        return [] if self._names is None else self._names.lacking(names, count)

    def add(self, names: Sequence[EntityForm], vectors: NDArray[np.float32]) -> list[Synonym]:
        """Compare names, by unit vectors (n, d), with those held; return their synonyms.

        Names that are held already are left out.
        """
        held = self._names
        if held is None:
            return []
        rows = [row for row, name in enumerate(names) if name not in held]
        found = held.add([names[row] for row in rows], vectors[rows])
        for each in found:
            self._near.setdefault(each.first, {})[each.second] = each
            self._near.setdefault(each.second, {})[each.first] = each
        return found

    def drop(self, name: EntityForm) -> None:
        """Forget a name, and that others are near it."""
        if self._names is not None:
            self._names.remove(name)
        for other in self._near.pop(name, {}):
            del self._near[other][name]

    def near(self, name: EntityForm) -> Mapping[EntityForm, float]:
        """Return the synonyms of a name with the cosines."""
        return {other: each.cosine for other, each in self._near.get(name, {}).items()}

    def nearest(self, vector: NDArray[np.float32], least: float) -> EntityForm | None:
        """Return the name of the highest cosine, if that is ``least`` or more."""
        return None if self._names is None else self._names.nearest(vector, least)

    def pairs(self) -> list[Synonym]:
        """Return all synonyms, each pair twice."""
        return [each for others in self._near.values() for each in others.values()]
