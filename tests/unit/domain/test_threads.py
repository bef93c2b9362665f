"""Threads: an episode's memories by whose they are, in the order of their places."""

from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import EpisodeId, MemoryId
from memsvc.domain.threads import Member, Thread, ThreadKey, threads


def _member(number: int, seq: int, user: str = "", vector: list[float] | None = None) -> Member:
    return Member(
        memory_id=MemoryId(UUID(int=number)),
        thread=ThreadKey(EpisodeId(UUID(int=1)), user, ""),
        seq=seq,
        vector=None if vector is None else np.array(vector, np.float32),
    )


def _numbers(thread: Thread) -> list[int]:
    return [each.memory_id.int for each in thread.members]


def test_threads_stand_in_the_order_of_their_first_places() -> None:
    members = [_member(1, 0, "zoe"), _member(2, 1, "ada"), _member(3, 2, "zoe")]
    assert [_numbers(each) for each in threads(reversed(members))] == [[1, 3], [2]]


@given(st.permutations([_member(no, seq) for no, seq in enumerate([0, 1, 1, 2, 5])]))
def test_the_order_of_reading_does_not_matter(members: list[Member]) -> None:
    [thread] = threads(members)
    assert _numbers(thread) == [0, 1, 2, 3, 4]


def test_what_has_no_vector_has_zeros() -> None:
    [thread] = threads([_member(1, 0), _member(2, 1, vector=[0.6, 0.8])])
    assert thread.vectors.tolist() == np.array([[0, 0], [0.6, 0.8]], np.float32).tolist()
    [none] = threads([_member(1, 0), _member(2, 1)])
    assert none.vectors.shape == (2, 0)
    assert [(each.first, each.last) for each in none.events()] == [(0, 1)]
    assert threads([]) == []
