"""What leads on from hits: neighbours in an episode, and other ends of links."""

from uuid import UUID

import numpy as np
import pytest

from memsvc.domain.contiguity import beside_hits, linked_to_hits, weighed
from memsvc.domain.episode_evidence import Places
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_keys


def memory(number: int) -> MemoryId:
    return MemoryId(UUID(int=number << 64 | number))


def places(*standing: tuple[int, int, int]) -> Places:
    """Return places of (memory, episode, seq)."""
    return Places(
        keys=memory_keys([memory(number) for number, _, _ in standing]),
        episodes=np.array([episode for _, episode, _ in standing], np.int64),
        seqs=np.array([seq for _, _, seq in standing], np.int64),
    )


TALK = places(*((number, 0, number) for number in range(1, 8)))


def test_what_stands_beside_a_hit_has_its_score_by_nearness() -> None:
    found = beside_hits({memory(4): 0.8}, TALK)

    assert [each for each, _ in found] == [memory(3), memory(5), memory(2), memory(6)]
    assert [score for _, score in found] == pytest.approx([0.68, 0.68, 0.4, 0.4])


def test_the_best_neighbour_counts_and_hits_are_neighbours_of_each_other() -> None:
    found = dict(beside_hits({memory(2): 1.0, memory(3): 0.4}, TALK))

    assert found[memory(3)] == pytest.approx(0.85)
    assert found[memory(2)] == pytest.approx(0.4 * 0.85)
    assert found[memory(4)] == pytest.approx(0.5)


def test_another_episode_is_never_beside() -> None:
    found = beside_hits({memory(1): 1.0}, places((1, 0, 5), (2, 1, 5), (3, 1, 6)))
    assert found == []


def test_two_memories_at_one_place_are_not_beside_each_other() -> None:
    found = beside_hits({memory(1): 1.0}, places((1, 0, 5), (2, 0, 5), (3, 0, 6)))
    assert [each for each, _ in found] == [memory(3)]


def test_hits_without_a_place_lead_nowhere() -> None:
    assert beside_hits({memory(99): 1.0}, TALK) == []
    assert beside_hits({}, TALK) == []
    assert beside_hits({memory(1): 1.0}, places()) == []


def test_what_counts_less_falls_behind_and_equals_go_by_id() -> None:
    ranking = [(memory(3), 0.8), (memory(1), 0.5), (memory(2), 0.4)]

    found = weighed(ranking, {memory(3): 0.5, memory(9): 0.1})

    assert found == [(memory(1), 0.5), (memory(2), 0.4), (memory(3), 0.4)]
    assert weighed(ranking, {}) == ranking


def test_links_lead_by_score_times_weight_and_the_best_one_counts() -> None:
    hits = {memory(1): 1.0, memory(2): 0.5}
    links = [
        (memory(1), memory(5), 0.3),
        (memory(2), memory(5), 0.9),
        (memory(1), memory(2), 0.4),
        (memory(2), memory(4), 0.9),
    ]

    found = linked_to_hits(hits, links)

    assert [each for each, _ in found] == [memory(4), memory(5), memory(2)]
    assert [score for _, score in found] == pytest.approx([0.45, 0.45, 0.4])
    assert linked_to_hits(hits, list(reversed(links))) == found
