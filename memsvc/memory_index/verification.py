"""Comparing what is held of a bank with what PostgreSQL says it has to be."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_checks import Fault, Mismatch
from memsvc.domain.index_segment import memory_ids
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.ports import IndexEntry, Vector

_LEAST_COSINE = 0.9999
"""Of a vector with itself after half precision, which errs by 2^-11 in each component."""


def compare(
    contents: BankContents, expected: Mapping[MemoryId, IndexEntry], moving: Collection[MemoryId]
) -> list[Mismatch]:
    """Return what of ``contents`` is not as in ``expected``, leaving ``moving`` memories out."""
    found: list[Mismatch] = []
    if contents.lexical is not None:
        held = set(memory_ids(contents.lexical.keys()))
        wanted = {each for each, entry in expected.items() if entry.lexical is not None}
        found += [_words(each, Fault.MISSING) for each in wanted - held]
        found += [_words(each, Fault.SURPLUS) for each in held - wanted]
    if contents.vectors is not None:
        found += _compare_vectors(contents.vectors, expected.values())
    return [each for each in found if each.memory_id not in moving]


def _compare_vectors(held: MemoryVectors, entries: Iterable[IndexEntry]) -> list[Mismatch]:
    wanted: dict[int, tuple[MemoryId, Vector]] = {
        each.vector_id: (entry.memory_id, each.vector)
        for entry in entries
        for each in entry.vectors
    }
    ids, keys = held.owners()
    owner = dict(zip(ids.tolist(), memory_ids(keys), strict=True))
    stored = held.stored()
    found: list[Mismatch] = []
    for vector_id, (memory_id, vector) in wanted.items():
        # A zero vector is owned and yet in no index.
        if owner.get(vector_id) is None or (vector_id not in stored and vector.any()):
            found.append(_vector(memory_id, vector_id, Fault.MISSING))
        elif owner[vector_id] != memory_id or not _same(stored.get(vector_id), vector):
            found.append(_vector(memory_id, vector_id, Fault.DIFFERING))
    surplus = (owner.keys() | stored.keys()) - wanted.keys()
    return found + [_vector(owner.get(each), each, Fault.SURPLUS) for each in surplus]


def _same(held: Vector | None, wanted: Vector) -> bool:
    if held is None:
        return not wanted.any()
    norms = float(np.linalg.norm(held) * np.linalg.norm(wanted))
    return norms > 0 and float(held @ wanted) / norms >= _LEAST_COSINE


def _words(memory_id: MemoryId, fault: Fault) -> Mismatch:
    return Mismatch(memory_id=memory_id, vector_id=None, fault=fault)


def _vector(memory_id: MemoryId | None, vector_id: int, fault: Fault) -> Mismatch:
    return Mismatch(memory_id=memory_id, vector_id=vector_id, fault=fault)
