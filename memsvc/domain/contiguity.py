"""What leads on from the best hits: standing beside one, or being linked to one.

What people remember of an episode brings back what came just before and after it; EM-LLM (arXiv
2407.09450, §3.4) retrieves it beside what resembles the question.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from memsvc.domain.episode_evidence import NEARNESS, REACH, Places
from memsvc.domain.fusion import Ranking
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_ids, memory_keys

_NEARNESS = np.array([0.0, *NEARNESS[1:], 0.0])
"""By distance: nothing is beside itself, and what is further than ``REACH`` is not beside."""


def beside_hits(hits: Mapping[MemoryId, float], places: Places) -> Ranking:
    """Return what stands beside a hit, by falling max over hits of score · nearness; ties by id.

    A hit counts as beside another one. ``hits`` have scores ≥ 0.
    """
    placed = np.flatnonzero(np.isin(places.keys, memory_keys(list(hits))))
    if not len(placed):
        return []
    scores = np.array([hits[memory_id] for memory_id in memory_ids(places.keys[placed])])
    codes = places.codes()
    distances = np.abs(codes[:, None] - codes[placed])
    near = (_NEARNESS[np.minimum(distances, REACH + 1)] * scores).max(axis=1)
    found = np.flatnonzero(near > 0)
    return _ranking(zip(memory_ids(places.keys[found]), near[found].tolist(), strict=True))


def linked_to_hits(
    hits: Mapping[MemoryId, float], links: Iterable[tuple[MemoryId, MemoryId, float]]
) -> Ranking:
    """Return the other ends of links, by falling max over hits of score · weight; ties by id.

    ``links`` are hit, other end and weight in (0, 1]. A hit counts as linked to another one.
    """
    best: dict[MemoryId, float] = {}
    for hit, other, weight in links:
        best[other] = max(best.get(other, 0.0), hits[hit] * weight)
    return _ranking(best.items())


def weighed(ranking: Ranking, factors: Mapping[MemoryId, float]) -> Ranking:
    """Return a ranking by falling score · factor, 1 where none is given; ties by id."""
    return _ranking((each, score * factors.get(each, 1.0)) for each, score in ranking)


def _ranking(scored: Iterable[tuple[MemoryId, float]]) -> Ranking:
    return sorted(scored, key=lambda each: (-each[1], each[0].int))
