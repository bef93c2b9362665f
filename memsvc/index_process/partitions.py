"""The partitions that the index process holds, and which memory each vector is of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gpu_index import VectorIndex
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.memory_index.marks import encode_mark
from memsvc.ports import Matrix, Watermark
from memsvc.store.shared_feed import ModelOfBank, VectorRows


@dataclass(slots=True, kw_only=True)
class HeldPartition:
    """One bank's vectors of one model, as they are in an index."""

    bank: ModelOfBank
    index: VectorIndex
    watermark: Watermark
    vectors_of: dict[MemoryId, frozenset[int]] = field(default_factory=dict)
    is_saved: bool = False
    """Whether the newest snapshot file has what is held."""

    def replace(self, memories: Iterable[MemoryId], rows: VectorRows | None) -> None:
        """Hold exactly ``rows`` of these memories; what is held of them already stays.

        New vectors come before old ones go: a search in between finds the memory at any instant.
        """
        wanted = {memory_id: set[int]() for memory_id in memories}
        held = {v for memory_id in wanted for v in self.vectors_of.get(memory_id, ())}
        if rows is not None:
            for vector_id, memory_id in zip(rows.ids.tolist(), rows.memory_ids, strict=True):
                wanted[memory_id].add(vector_id)
            self._add(rows.ids, rows.vectors, held)
        surplus = held.difference(*wanted.values())
        if surplus:
            self.index.remove(self.bank.partition, _ids(surplus))
        for memory_id, ids in wanted.items():
            if ids:
                self.vectors_of[memory_id] = frozenset(ids)
            else:
                self.vectors_of.pop(memory_id, None)
        self.is_saved = False

    def mark(self, watermark: Watermark) -> None:
        """Say how far the partition is complete."""
        self.watermark = watermark
        self.index.set_mark(self.bank.partition, encode_mark(watermark))

    def _add(self, ids: NDArray[np.int64], vectors: Matrix, held: set[int]) -> None:
        # A vector without direction is near nothing; indexes refuse it.
        new = np.array([each not in held for each in ids.tolist()], bool) & vectors.any(axis=1)
        if new.any():
            self.index.add(self.bank.partition, ids[new], vectors[new])


class Partitions:
    """Every partition held, in one vector index for each model."""

    def __init__(self, open_index: Callable[[int], VectorIndex]) -> None:
        """Hold nothing; ``open_index`` makes an index of a dimension."""
        self._open_index = open_index
        self._held: dict[tuple[BankId, str], HeldPartition] = {}
        self.indexes: dict[str, VectorIndex] = {}
        """By model: what the server serves."""

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[HeldPartition]:
        """Iterate over what is held now."""
        return iter([*self._held.values()])

    @property
    def vectors(self) -> int:
        """How many vectors there are in all."""
        return sum(map(len, [*self.indexes.values()]))

    def get(self, bank_id: BankId, model_id: str) -> HeldPartition | None:
        """Return the partition of a bank's model."""
        return self._held.get((bank_id, model_id))

    def of_bank(self, bank_id: BankId, models: Iterable[str]) -> list[HeldPartition]:
        """Return what is held of a bank for these models."""
        return [held for model in models if (held := self.get(bank_id, model)) is not None]

    def index_of(self, bank: ModelOfBank) -> VectorIndex:
        """Return the index of the bank's model, opened if need be."""
        if (index := self.indexes.get(bank.model_id)) is None:
            index = self.indexes[bank.model_id] = self._open_index(bank.dimension)
        return index

    def put(self, held: HeldPartition) -> None:
        """Hold the partition from now on."""
        self._held[held.bank.bank_id, held.bank.model_id] = held

    def drop(self, held: HeldPartition) -> None:
        """Forget the partition and its vectors."""
        self._held.pop((held.bank.bank_id, held.bank.model_id), None)
        held.index.drop(held.bank.partition)


def reconciled(
    bank: ModelOfBank, index: VectorIndex, listing: Mapping[int, MemoryId]
) -> tuple[HeldPartition, Sequence[int]]:
    """Return a partition stripped of what PostgreSQL does not list, and the ids it lacks.

    Vectors never change under their id, so the ids say everything.
    """
    present = set(index.ids(bank.partition).tolist())
    if surplus := present - listing.keys():
        index.remove(bank.partition, _ids(surplus))
    vectors_of: dict[MemoryId, set[int]] = {}
    for vector_id, memory_id in listing.items():
        vectors_of.setdefault(memory_id, set()).add(vector_id)
    held = HeldPartition(
        bank=bank,
        index=index,
        watermark=Watermark(horizon=0),
        vectors_of={memory_id: frozenset(ids) for memory_id, ids in vectors_of.items()},
    )
    return held, sorted(listing.keys() - present)


def _ids(ids: Iterable[int]) -> NDArray[np.int64]:
    return np.array(sorted(ids), np.int64)
