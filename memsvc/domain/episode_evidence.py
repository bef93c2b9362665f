"""What a memory and those beside it in its episode say together of a question.

A turn alone is often no answer ("Yes, last week!"): what it is about was said just before. So the
words of the question are looked for in the turn and, counting less, in those beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.identifiers import MemoryId

NEARNESS = (1.0, 0.85, 0.5)
"""What a word counts by how many places away it is said: in the memory itself, next to it, and one
further; see decision 0031."""
REACH = len(NEARNESS) - 1
"""Places, before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a memory stands: its episode, and its place there."""

    memory_id: MemoryId
    episode_id: UUID
    seq: int


def has_neighbours(places: Sequence[Place]) -> bool:
    """Tell whether any two of the places are within reach of each other."""
    seqs: dict[UUID, list[int]] = {}
    for place in places:
        seqs.setdefault(place.episode_id, []).append(place.seq)
    for found in seqs.values():
        found.sort()
        if any(after - before <= REACH for before, after in pairwise(found)):
            return True
    return False


def coverage(
    memories: Sequence[MemoryId],
    places: Sequence[Place],
    has: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return for each memory the share of the question it and those beside it say, in [0, 1].

    ``has`` is (memories, words of the question): which words each has; ``weights`` (words,) what
    each word weighs, ≥ 0. The share is Σ_w weight(w) · max_d NEARNESS[|d|] · has(memory at place
    + d, w) / Σ_w weight(w), over the distances |d| ≤ REACH. Memories without a place have no
    neighbours. Without words that weigh anything, all shares are 0.
    """
    total = float(weights.sum())
    if total <= 0 or not len(memories):
        return np.zeros(len(memories))
    rows = {memory_id: row for row, memory_id in enumerate(memories)}
    at = {(each.episode_id, each.seq): rows[each.memory_id] for each in places}
    own = np.asarray(has, np.float64)
    covered = own * NEARNESS[0]
    for distance in range(-REACH, REACH + 1):
        if distance == 0:
            continue
        pairs = [
            (row, beside)
            for (episode_id, seq), row in at.items()
            if (beside := at.get((episode_id, seq + distance))) is not None
        ]
        if not pairs:
            continue
        here, there = np.array(pairs).T
        covered[here] = np.maximum(covered[here], NEARNESS[abs(distance)] * own[there])
    shares: NDArray[np.float64] = covered @ weights / total
    return shares
