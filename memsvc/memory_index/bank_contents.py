"""What is held in memory of one bank."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_keys
from memsvc.domain.inverted_index import InvertedIndex
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.ports import IndexEntry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BankContents:
    """The indexes of one bank; either is ``None`` where another answers in its place."""

    lexical: InvertedIndex | None
    vectors: MemoryVectors | None
    graph: MemoryGraph | None = None

    def __len__(self) -> int:
        """Return how many memories are held; one may lack vectors or words for a while."""
        return max(len(index) for index in (*self._held(), ()))

    @property
    def nbytes(self) -> int:
        """Bytes held, without the vectors themselves."""
        return sum(index.nbytes for index in self._held())

    def apply(self, upserts: Sequence[IndexEntry], removals: Collection[MemoryId] = ()) -> None:
        """Put ``upserts`` in place of what there was of those memories; drop ``removals``."""
        if self.lexical is not None:
            forms = {e.memory_id: e.lexical for e in upserts if e.lexical is not None}
            without_form = [e.memory_id for e in upserts if e.lexical is None]
            self.lexical.apply(forms, [*removals, *without_form])
        if self.vectors is not None:
            self.vectors.apply(upserts, removals)
        if self.graph is not None:
            found = {e.memory_id: e.mentions for e in upserts if e.mentions is not None}
            without = [e.memory_id for e in upserts if e.mentions is None]
            episodes = {e.memory_id: e.episode_id for e in upserts if e.episode_id is not None}
            self.graph.apply(found, [*removals, *without], episodes)

    def naming(self, memory_ids: Collection[MemoryId]) -> dict[str, int]:
        """Return of each index that is held how many of the memories it names, by what it holds."""
        wanted = memory_keys(memory_ids)
        found: dict[str, int] = {}
        if self.lexical is not None:
            found["words"] = int(np.isin(wanted, self.lexical.keys()).sum())
        if self.vectors is not None:
            found["vectors"] = int(np.isin(wanted, self.vectors.owners()[1]).sum())
        if self.graph is not None:
            found["graph"] = sum(each in self.graph for each in memory_ids)
        return found

    def _held(self) -> list[InvertedIndex | MemoryVectors | MemoryGraph]:
        held = (self.lexical, self.vectors, self.graph)
        return [index for index in held if index is not None]

    def compact(self) -> None:
        """Arrange what was loaded for searching."""
        if self.lexical is not None:
            self.lexical.compact()
        self.prepare()

    def prepare(self) -> None:
        """Do now what the first search would have to."""
        if self.lexical is not None:
            self.lexical.prepare()
        if self.graph is not None:
            self.graph.prepare()
