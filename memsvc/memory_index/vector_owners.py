"""Whose each vector is, in arrays: 29 bytes a vector where dicts take about 285."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gpu_index import Ids
from memsvc.domain.index_segment import Keys

_MOST_RECENT = 4_096
"""So many vectors are kept apart from the rest before they join it,"""
_RECENT_SHARE = 8
"""or this fraction of the rest, if that is more: loading a bank then sorts each a few times."""

_NO_IDS = np.empty(0, np.int64)
_NO_KEYS = np.empty(0, "S16")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Vectors by ascending id; every array has shape (n,) and stays as it is."""

    ids: Ids
    """Distinct, ascending."""
    keys: Keys
    """Whose each is."""
    by_key: NDArray[np.int32]
    """Places in ascending order of their keys."""
    alive: NDArray[np.bool_]
    """False for removed ones."""

    @classmethod
    def of(cls, ids: Ids, keys: Keys) -> Self:
        """Sort them; ``ids`` are distinct."""
        order = np.argsort(ids, kind="stable")
        ids, keys = ids[order], keys[order]
        # Stable sorting is quick on what is nearly in order: ids of both kinds rise with time.
        by_key = np.argsort(keys, kind="stable").astype(np.int32)
        return cls(ids=ids, keys=keys, by_key=by_key, alive=np.ones(len(ids), np.bool_))

    def places(self, ids: Ids) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return for each id a place, and whether that is its own and alive."""
        if not len(self.ids):
            return np.zeros(len(ids), np.intp), np.zeros(len(ids), np.bool_)
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return places, (self.ids[places] == ids) & self.alive[places]

    def of_keys(self, keys: Keys) -> NDArray[np.intp]:
        """Return the places of all live vectors of ``keys`` (distinct)."""
        first = np.searchsorted(self.keys, keys, "left", sorter=self.by_key)
        sizes = np.searchsorted(self.keys, keys, "right", sorter=self.by_key) - first
        before = np.cumsum(sizes) - sizes
        within = np.arange(sizes.sum()) - np.repeat(before, sizes)
        places = self.by_key[np.repeat(first, sizes) + within]
        return np.asarray(places[self.alive[places]], np.intp)

    def without(self, ids: Ids) -> Self:
        """Return these rows with ``ids`` removed; those that are not here do no harm."""
        places, here = self.places(ids)
        if not here.any():
            return self
        alive = self.alive.copy()
        alive[places[here]] = False
        return replace(self, alive=alive)

    def live(self) -> tuple[Ids, Keys]:
        """Return what is alive."""
        return self.ids[self.alive], self.keys[self.alive]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.ids.nbytes + self.keys.nbytes + self.by_key.nbytes + self.alive.nbytes


class VectorOwners:
    """Which memory each of some vectors belongs to, and which vectors each memory has.

    Immutable: a change makes another one, which shares what is old with this. What came lately is
    kept apart from the bulk, so that a change costs little beside that.
    """

    __slots__ = ("_bulk", "_recent")

    def __init__(self, bulk: _Rows, recent: _Rows) -> None:
        self._bulk = bulk
        self._recent = recent

    @classmethod
    def of(cls, ids: Ids = _NO_IDS, keys: Keys = _NO_KEYS) -> "VectorOwners":
        """Return the owners ``keys`` of the vectors ``ids`` (distinct), both of shape (n,)."""
        return cls(_Rows.of(ids, keys), _Rows.of(_NO_IDS, _NO_KEYS))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bulk.nbytes + self._recent.nbytes

    def all(self) -> tuple[Ids, Keys]:
        """Return the ids of all vectors, and whose each is."""
        parts = self._bulk.live(), self._recent.live()
        ids, keys = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return ids, keys

    def memories(self) -> int:
        """Return how many memories have vectors."""
        _, keys = self.all()
        keys = np.sort(keys, kind="stable")
        return int(np.count_nonzero(keys[1:] != keys[:-1])) + bool(len(keys))

    def owners(self, ids: Ids) -> tuple[Keys, NDArray[np.bool_]]:
        """Return for each id its owner, and whether it has one; the other keys mean nothing."""
        keys = np.zeros(len(ids), "S16")
        is_known = np.zeros(len(ids), np.bool_)
        for rows in (self._bulk, self._recent):
            places, here = rows.places(ids)
            keys[here] = rows.keys[places[here]]
            is_known |= here
        return keys, is_known

    def vectors(self, keys: Keys) -> tuple[Ids, Keys]:
        """Return the ids of all vectors of the memories ``keys`` (distinct), and whose each is."""
        found = [(rows, rows.of_keys(keys)) for rows in (self._bulk, self._recent)]
        ids = np.concatenate([rows.ids[places] for rows, places in found])
        return ids, np.concatenate([rows.keys[places] for rows, places in found])

    def changed(self, added: tuple[Ids, Keys], gone: Iterable[int]) -> "VectorOwners":
        """Return these owners with ``gone`` removed and then ``added``, which are not here."""
        removed = np.fromiter(gone, np.int64)
        bulk, recent = self._bulk.without(removed), self._recent.without(removed)
        ids, keys = added
        if len(ids):
            held_ids, held_keys = recent.live()
            recent = _Rows.of(np.concatenate([held_ids, ids]), np.concatenate([held_keys, keys]))
        owners = VectorOwners(bulk, recent)
        if len(recent.ids) > max(_MOST_RECENT, len(bulk.ids) // _RECENT_SHARE):
            return VectorOwners.of(*owners.all())
        return owners
