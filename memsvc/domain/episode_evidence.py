"""What a memory and those beside it in its episode say together of a question.

A turn alone is often no answer ("Yes, last week!"): what it is about was said just before. So the
words of the question are looked for in the turn and, counting less, in those beside it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.index_segment import Keys

NEARNESS = (1.0, 0.85, 0.5)
"""What a word counts by how many places away it is said: in the memory itself, next to it, and one
further; see decision 0031."""
REACH = len(NEARNESS) - 1
"""Places, before and after."""
_NEARNESS_BEYOND = np.array([*NEARNESS, 0.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where memories stand, each once; every array has shape (n,)."""

    keys: Keys
    """Of the memories, distinct."""
    episodes: NDArray[np.int64]
    """Numbers ≥ 0 that only memories of one episode share."""
    seqs: NDArray[np.int64]
    """Places in the episode."""

    def __len__(self) -> int:
        return len(self.keys)

    def among(self, keys: Keys) -> Self:
        """Return the places of those of ``keys`` that are here."""
        kept = np.isin(self.keys, keys)
        return type(self)(keys=self.keys[kept], episodes=self.episodes[kept], seqs=self.seqs[kept])

    def codes(self) -> NDArray[np.int64]:
        """Return numbers that are as far apart as two places of an episode are.

        Those of different episodes are further apart than ``REACH``.
        """
        if not len(self):
            return np.empty(0, np.int64)
        first = self.seqs.min()
        span = self.seqs.max() - first + 1 + REACH
        codes: NDArray[np.int64] = self.episodes * span + (self.seqs - first)
        return codes


def has_neighbours(places: Places) -> bool:
    """Tell whether any two of the places are within reach of each other."""
    return bool((np.diff(np.sort(places.codes())) <= REACH).any())


def coverage(
    memories: Keys,
    places: Places,
    has: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return for each memory the share of the question it and those beside it say, in [0, 1].

    ``memories`` are distinct, and all that have ``places`` are among them. ``has`` is (memories,
    words of the question): which words each has; ``weights`` (words,) what each word weighs, ≥ 0.
    The share is Σ_w weight(w) · max_d NEARNESS[|d|] · has(memory at place + d, w) / Σ_w weight(w),
    over the distances |d| ≤ REACH. Memories without a place have no neighbours. Without words that
    weigh anything, all shares are 0.
    """
    total = float(weights.sum())
    if total <= 0 or not len(memories):
        return np.zeros(len(memories))
    covered = np.asarray(has, np.float64) * NEARNESS[0]
    if len(places):
        rows = _rows_of(places.keys, memories)
        # Several memories may stand at one place: what any of them says is said there.
        distinct, at = np.unique(places.codes(), return_inverse=True)
        said = _said_at(at, covered[rows], len(distinct))
        heard = said.copy()
        # What is d places away stands at most d rows away.
        for shift in range(1, min(REACH, len(distinct) - 1) + 1):
            nearness = _NEARNESS_BEYOND[np.minimum(distinct[shift:] - distinct[:-shift], REACH + 1)]
            near = nearness[:, np.newaxis]
            heard[:-shift] = np.maximum(heard[:-shift], near * said[shift:])
            heard[shift:] = np.maximum(heard[shift:], near * said[:-shift])
        covered[rows] = np.maximum(covered[rows], heard[at])
    shares: NDArray[np.float64] = covered @ weights / total
    return shares


def _said_at(at: NDArray[np.intp], said: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return what is said at each of ``count`` places; row i of ``said`` is said at ``at[i]``."""
    most = np.zeros((count, said.shape[1]))
    if count == len(at):
        most[at] = said
    else:
        np.maximum.at(most, at, said)
    return most


def _rows_of(keys: Keys, memories: Keys) -> NDArray[np.intp]:
    """Return where each of ``keys`` is among ``memories``, which has all of them."""
    order = np.argsort(memories)
    return np.asarray(order[np.searchsorted(memories, keys, sorter=order)])
