"""Vectors found by memory."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId, VectorId
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.memory_index.vector_spaces import VectorSpaces
from memsvc.ports import IndexedVector, IndexEntry
from tests.unit.memory_index.fake_feed import memory_id

_EAST, _NORTH = (1.0, 0.0), (0.0, 1.0)
_QUERY = np.array(_EAST, np.float32)


def _vectors() -> MemoryVectors:
    return MemoryVectors(partial(VectorSpaces("exact").new_partition, "model"))


def _entry(number: int, **vectors: tuple[float, float]) -> IndexEntry:
    return IndexEntry(
        memory_id=memory_id(number),
        lexical=None,
        vectors=[
            IndexedVector(vector_id=VectorId(int(i[1:])), vector=np.array(v, np.float32))
            for i, v in vectors.items()
        ],
    )


def _found(held: MemoryVectors, k: int, allowed: list[MemoryId] | None = None) -> list[int]:
    return [c.memory_id.int >> 64 for c in held.search(_QUERY, k, allowed)]


def test_memory_scores_as_its_best_vector() -> None:
    held = _vectors()
    held.apply([_entry(1, v1=_NORTH, v2=_EAST), _entry(2, v3=(0.8, 0.6))], [])
    found = held.search(_QUERY, 5, None)
    assert [c.memory_id for c in found] == [memory_id(1), memory_id(2)]
    assert [c.score for c in found] == pytest.approx([1.0, 0.8])


def test_memory_of_many_vectors_takes_one_place() -> None:
    held = _vectors()
    many = {f"v{i}": (1.0, i / 1e4) for i in range(100)}
    held.apply([_entry(1, **many), _entry(2, v200=_NORTH), _entry(3, v300=(1.0, 1.0))], [])
    assert _found(held, 3) == [1, 3, 2]
    assert _found(held, 2) == [1, 3]


def test_ties_are_broken_by_memory_id_even_when_vector_ids_go_the_other_way() -> None:
    held = _vectors()
    held.apply([_entry(100 - i, **{f"v{i}": _EAST}) for i in range(60)], [])
    assert _found(held, 5) == [41, 42, 43, 44, 45]


def test_only_allowed_memories_are_found_and_all_of_them_if_asked() -> None:
    held = _vectors()
    held.apply([_entry(i, **{f"v{i}": (1.0, i / 100)}) for i in range(1, 50)], [])
    assert _found(held, 3, [memory_id(40), memory_id(20), memory_id(999)]) == [20, 40]
    assert _found(held, 1, [memory_id(40)] * 2) == [40]
    assert _found(held, 3, []) == []


def test_new_vectors_replace_old_ones_and_kept_ones_stay() -> None:
    held = _vectors()
    held.apply([_entry(1, v1=_EAST, v2=_NORTH), _entry(2, v3=_NORTH)], [])
    held.apply([_entry(1, v2=_NORTH, v4=(0.6, 0.8))], [])
    assert [c.score for c in held.search(_QUERY, 1, None)] == pytest.approx([0.6])
    held.apply([_entry(1, v2=_NORTH, v4=(0.6, 0.8))], [])
    assert len(held) == 2
    held.apply([_entry(1)], [memory_id(2), memory_id(77)])
    assert len(held) == 0
    assert _found(held, 5) == []


def test_nothing_is_found_before_the_first_vector() -> None:
    held = _vectors()
    held.apply([_entry(1)], [memory_id(2)])
    assert _found(held, 5) == []


def test_vector_without_direction_is_near_nothing_and_harms_no_other() -> None:
    held = _vectors()
    held.apply([_entry(1, v1=(0.0, 0.0))], [])
    assert _found(held, 5) == []
    held.apply([_entry(1, v1=(0.0, 0.0)), _entry(2, v2=_EAST), _entry(3, v3=(0.0, 0.0))], [])
    assert _found(held, 5) == [2]
    assert _found(held, 5, [memory_id(1), memory_id(3)]) == []
    held.apply([_entry(1, v4=_EAST)], [memory_id(3)])
    assert _found(held, 5) == [1, 2]


_STATES = st.dictionaries(
    st.integers(0, 12),
    st.lists(st.tuples(st.integers(-2, 2), st.integers(1, 2)), min_size=1, max_size=4),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(_STATES, min_size=1, max_size=4),
    st.integers(1, 6),
    st.none() | st.lists(st.integers(0, 14), max_size=8),
)
def test_search_equals_plain_recomputation_after_any_changes(
    states: list[dict[int, list[tuple[int, int]]]], k: int, allowed: list[int] | None
) -> None:
    held, vector_id = _vectors(), 0
    previous: set[int] = set()
    for state in states:
        entries = []
        for number, vectors in state.items():
            names = {f"v{vector_id + i}": v for i, v in enumerate(vectors)}
            vector_id += len(vectors)
            entries.append(_entry(number, **names))
        held.apply(entries, [memory_id(number) for number in previous - state.keys()])
        previous = set(state)
    scores = {
        number: max(x / float(np.hypot(x, y)) for x, y in vectors)
        for number, vectors in states[-1].items()
        if allowed is None or number in allowed
    }
    ranked = sorted(scores, key=lambda number: (-np.float32(scores[number]), number))[:k]
    assert _found(held, k, None if allowed is None else list(map(memory_id, allowed))) == ranked
