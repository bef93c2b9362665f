from collections.abc import Iterable
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from memsvc.domain.episode_evidence import NEARNESS, REACH, Places, coverage, has_neighbours
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import Keys, memory_keys

WEIGHTS = np.array([2.0, 1.0, 1.0])


def _id(number: int) -> MemoryId:
    return MemoryId(UUID(int=number))


def _keys(numbers: Iterable[int]) -> Keys:
    return memory_keys(_id(number) for number in numbers)


def _places(*stands: tuple[int, int] | tuple[int, int, int]) -> Places:
    """Return places of (number of the memory, place[, episode])."""
    whole = [(*each, 1)[:3] for each in stands]
    numbers, seqs, episodes = np.array(whole, np.int64).reshape(-1, 3).T
    return Places(keys=_keys(numbers.tolist()), episodes=episodes, seqs=seqs)


def _shares(rows: list[list[int]], places: Places) -> list[float]:
    has = np.array(rows, np.bool_)
    return [float(share) for share in coverage(_keys(range(len(rows))), places, has, WEIGHTS)]


def test_what_is_said_beside_counts_less_with_every_place() -> None:
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    places = _places(*((number, number) for number in range(4)))

    # Weights 2, 1, 1 of 4: own words in full, the next one's at 0.85, those two away at 0.5.
    assert _shares(rows, places) == pytest.approx(
        [(2 + 0.85) / 4, (1 + 2 * 0.85) / 4, (2 * 0.5 + 0.85) / 4, 0.5 / 4]
    )


def test_another_episode_says_nothing() -> None:
    places = _places((0, 0, 1), (1, 1, 2))

    assert _shares([[1, 0, 0], [0, 1, 0]], places) == [0.5, 0.25]


def test_memories_at_one_place_are_both_heard() -> None:
    places = _places((0, 5), (1, 5), (2, 6))

    assert _shares([[1, 0, 0], [0, 1, 0], [0, 0, 0]], places)[2] == pytest.approx(3 * 0.85 / 4)


def test_only_the_places_of_some_memories_are_kept() -> None:
    kept = _places((0, 0), (1, 1), (2, 2)).among(_keys([2, 0, 9]))

    assert (kept.keys.tolist(), kept.seqs.tolist()) == (_keys([0, 2]).tolist(), [0, 2])


def test_a_memory_without_a_place_stands_for_itself() -> None:
    assert _shares([[1, 1, 1], [0, 1, 0]], _places((1, 1))) == [1.0, 0.25]


def test_a_gap_between_places_is_a_distance() -> None:
    places = _places((0, 0), (1, REACH + 1))

    assert not has_neighbours(places)
    assert _shares([[1, 0, 0], [0, 1, 0]], places) == [0.5, 0.25]


@pytest.mark.parametrize(("seqs", "near"), [([0, 1], True), ([5, 3], True), ([0, 9], False)])
def test_neighbours_are_within_reach(seqs: list[int], near: bool) -> None:
    assert has_neighbours(_places(*enumerate(seqs))) is near


def test_words_without_weight_tell_nothing() -> None:
    shares = coverage(_keys([0]), _places(), np.ones((1, 2), np.bool_), np.zeros(2))
    assert shares.tolist() == [0.0]
    assert coverage(_keys([]), _places(), np.ones((0, 2), np.bool_), np.ones(2)).tolist() == []


@given(
    has=hnp.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 5))),
    episodes=st.lists(st.integers(1, 3), min_size=12, max_size=12),
    weights=st.lists(st.floats(0.01, 10), min_size=5, max_size=5),
)
def test_it_is_what_the_definition_says(
    has: NDArray[np.bool_], episodes: list[int], weights: list[float]
) -> None:
    count, words = has.shape
    places = _places(*((no, no, episodes[no]) for no in range(count)))
    weighed = np.array(weights[:words])

    shares = coverage(_keys(range(count)), places, has, weighed)

    for here in range(count):
        total = 0.0
        for word in range(words):
            total += weighed[word] * max(
                NEARNESS[abs(here - there)] * has[there, word]
                for there in range(count)
                if abs(here - there) <= REACH and episodes[here] == episodes[there]
            )
        assert shares[here] == pytest.approx(total / weighed.sum())
        assert 0 <= shares[here] <= 1 + 1e-9
