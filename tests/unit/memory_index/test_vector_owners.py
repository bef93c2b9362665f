"""Whose each vector is: arrays that answer as dicts do, whatever has happened to them."""

from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memsvc.domain.index_segment import Keys, memory_ids, memory_keys
from memsvc.memory_index import vector_owners
from memsvc.memory_index.vector_owners import VectorOwners
from tests.unit.memory_index.fake_feed import memory_id

_VECTORS = range(24)
_MEMORIES = range(6)


def _keys(numbers: Collection[int]) -> Keys:
    return memory_keys(memory_id(number) for number in numbers)


def _numbers(keys: Keys) -> list[int]:
    return [each.int >> 64 for each in memory_ids(keys)]


class OwnersAndDict(RuleBasedStateMachine):
    """Compares with a dict from vector to memory; three vectors are many here."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(vector_owners, "_MOST_RECENT", 3)
        self.owners = VectorOwners.of()
        self.expected: dict[int, int] = {}
        self.before = (self.owners, dict(self.expected))

    def teardown(self) -> None:
        self.patch.undo()

    @rule(
        added=st.dictionaries(st.sampled_from(_VECTORS), st.sampled_from(_MEMORIES), max_size=6),
        gone=st.sets(st.sampled_from(_VECTORS), max_size=6),
    )
    def change(self, added: dict[int, int], gone: set[int]) -> None:
        """Ids that were removed may come back, those that are here are not added again."""
        kept = {i: owner for i, owner in self.expected.items() if i not in gone}
        fresh = {i: owner for i, owner in added.items() if i not in kept}
        self.before = (self.owners, self.expected)
        ids = np.array(list(fresh), np.int64)
        self.owners = self.owners.changed((ids, _keys(fresh.values())), gone)
        self.expected = kept | fresh

    @rule()
    def restart(self) -> None:
        ids, keys = self.owners.all()
        self.owners = VectorOwners.of(ids[::-1].copy(), keys[::-1].copy())

    @invariant()
    def answers_like_the_dict(self) -> None:
        _assert_like(self.owners, self.expected)

    @invariant()
    def the_state_before_is_as_it_was(self) -> None:
        _assert_like(*self.before)


def _assert_like(owners: VectorOwners, expected: dict[int, int]) -> None:
    asked = np.array([-1, *_VECTORS, 999], np.int64)
    keys, is_known = owners.owners(asked)
    assert dict(zip(asked[is_known].tolist(), _numbers(keys[is_known]), strict=True)) == expected
    ids, every = owners.all()
    assert sorted(zip(ids.tolist(), _numbers(every), strict=True)) == sorted(expected.items())
    assert owners.memories() == len(set(expected.values()))
    for some in ([], [4, 1], [300], [*_MEMORIES, 300]):
        ids, keys = owners.vectors(_keys(some))
        wanted = {i: owner for i, owner in expected.items() if owner in some}
        assert dict(zip(ids.tolist(), _numbers(keys), strict=True)) == wanted
        assert len(ids) == len(wanted)


TestOwnersAndDict = OwnersAndDict.TestCase
TestOwnersAndDict.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def test_a_vector_takes_at_most_32_bytes() -> None:
    count = 20_000
    keys = np.frombuffer(np.random.default_rng(0).bytes(16 * count), "S16")
    assert VectorOwners.of(np.arange(count), keys).nbytes <= 32 * count
