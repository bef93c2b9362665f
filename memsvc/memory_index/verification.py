"""Comparing what is held of a bank with what PostgreSQL says it has to be, bit by bit."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gpu_index.vectors import unit_rows
from memsvc.domain.form_digests import form_digest, segment_digests
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_checks import Fault, Holder, Mismatch
from memsvc.domain.index_segment import memory_ids
from memsvc.domain.inverted_index import InvertedIndex
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.ports import IndexedVector, IndexEntry, Matrix, Vector

_ROWS = 4_096
"""Vectors compared at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What has to be held of one memory."""

    digest: int | None
    """Of its words; ``None`` without any."""
    vectors: Sequence[IndexedVector]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVectors:
    """The vectors of a bank as some index has them."""

    stored: Mapping[int, Vector]
    precision: str
    owners: Mapping[int, MemoryId] | None = None
    """Whose each vector is, ``None`` for an index that knows nothing of memories."""


def expected_of(entries: Iterable[IndexEntry]) -> dict[MemoryId, Expected]:
    """Return what has to be held of each memory."""
    return {
        entry.memory_id: Expected(
            digest=None if entry.lexical is None else form_digest(entry.lexical),
            vectors=entry.vectors,
        )
        for entry in entries
    }


def compare(
    holder: Holder,
    contents: BankContents,
    expected: Mapping[MemoryId, Expected],
    moving: Collection[MemoryId],
) -> list[Mismatch]:
    """Return what of ``contents`` is not as in ``expected``, leaving ``moving`` memories out."""
    found: list[Mismatch] = []
    if contents.lexical is not None:
        found += _compare_words(holder, contents.lexical, expected)
    if contents.vectors is not None:
        found += _compare_vectors(holder, _held(contents.vectors), expected)
    return [each for each in found if each.memory_id not in moving]


def compare_vectors(
    holder: Holder,
    held: HeldVectors,
    expected: Mapping[MemoryId, Expected],
    moving: Collection[MemoryId],
) -> list[Mismatch]:
    """Return which of the vectors are not as expected, leaving ``moving`` memories out."""
    found = _compare_vectors(holder, held, expected)
    return [each for each in found if each.memory_id not in moving]


def _held(vectors: MemoryVectors) -> HeldVectors:
    ids, keys = vectors.owners()
    return HeldVectors(
        stored=vectors.stored(),
        precision=vectors.precision,
        owners=dict(zip(ids.tolist(), memory_ids(keys), strict=True)),
    )


def _compare_words(
    holder: Holder, held: InvertedIndex, expected: Mapping[MemoryId, Expected]
) -> Iterator[Mismatch]:
    present: dict[MemoryId, int] = {}
    for segment in held.segments:
        alive = segment.documents.alive
        ids = memory_ids(segment.documents.keys[alive])
        present |= zip(ids, segment_digests(segment)[alive].tolist(), strict=True)
    wanted = {m: each.digest for m, each in expected.items() if each.digest is not None}
    for memory_id, digest in wanted.items():
        if memory_id not in present:
            yield _words(holder, memory_id, Fault.MISSING)
        elif present[memory_id] != digest:
            yield _words(holder, memory_id, Fault.DIFFERING)
    for memory_id in present.keys() - wanted.keys():
        yield _words(holder, memory_id, Fault.SURPLUS)


def _compare_vectors(
    holder: Holder, held: HeldVectors, expected: Mapping[MemoryId, Expected]
) -> Iterator[Mismatch]:
    wanted = {v.vector_id: (m, v.vector) for m, each in expected.items() for v in each.vectors}
    owners = held.owners
    altered = _altered(held, {vector_id: vector for vector_id, (_, vector) in wanted.items()})
    for vector_id, (memory_id, vector) in wanted.items():
        is_owned = owners is None or vector_id in owners
        # A vector without direction is owned and yet in no index.
        if not is_owned or (vector_id not in held.stored and vector.any()):
            yield _vector(holder, memory_id, vector_id, Fault.MISSING)
        elif vector_id in altered or (owners is not None and owners[vector_id] != memory_id):
            yield _vector(holder, memory_id, vector_id, Fault.DIFFERING)
    present = held.stored.keys() | (owners or {}).keys()
    for surplus in present - wanted.keys():
        yield _vector(holder, (owners or {}).get(surplus), surplus, Fault.SURPLUS)


def _altered(held: HeldVectors, wanted: Mapping[int, Vector]) -> set[int]:
    """Return which of the vectors that are held have other bits than they have to have."""
    found: set[int] = set()
    common = sorted(wanted.keys() & held.stored.keys())
    for start in range(0, len(common), _ROWS):
        ids = common[start : start + _ROWS]
        rows = np.stack([held.stored[each] for each in ids])
        original = np.stack([wanted[each] for each in ids])
        directed = original.any(axis=1)
        same = np.zeros(len(ids), np.bool_)
        if directed.any():
            kept = _as_kept(original[directed], held.precision)
            same[directed] = (rows[directed] == kept).all(axis=1)
        found |= {ids[place] for place in np.flatnonzero(~same)}
    return found


def _as_kept(vectors: Matrix, precision: str) -> Matrix:
    """Return vectors as an index of this precision keeps them, widened to float32."""
    unit = unit_rows(vectors, vectors.shape[1])
    return unit.astype(np.dtype(precision)).astype(np.float32)


def _words(holder: Holder, memory_id: MemoryId, fault: Fault) -> Mismatch:
    return Mismatch(holder=holder, memory_id=memory_id, vector_id=None, fault=fault)


def _vector(holder: Holder, memory_id: MemoryId | None, vector_id: int, fault: Fault) -> Mismatch:
    return Mismatch(holder=holder, memory_id=memory_id, vector_id=vector_id, fault=fault)
