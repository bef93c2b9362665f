"""Grains: what one hit stands for, and which of them fits a question.

MemGAS (arXiv 2505.19549) lets the grain count most at which the question's similarities stand out:
p = softmax(s / λ) over the units of a grain, H = -Σ p ln p / ln n, weight ∝ 1 - H. Its code does
not divide by ln n: there H exceeds 1, and the weight falls below 0, from three alike units on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.vectors import FloatMatrix

TEMPERATURE = 0.1
"""λ."""


class Grain(StrEnum):
    """What a hit stands for."""

    MEMORY = "memory"
    EVENT = "event"
    EPISODE = "episode"


class AskedGrain(StrEnum):
    """The grain that a question asks for."""

    MEMORY = "memory"
    EVENT = "event"
    EPISODE = "episode"
    AUTO = "auto"
    """That whose weight is greatest for the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Memories that count as one hit: an event, or what an episode holds of one owner."""

    memory_ids: Sequence[MemoryId]
    """In the order of their places."""
    first: int
    """Place of the first of them in the episode, from 0."""
    last: int
    found: Sequence[MemoryId] = ()
    """Those of them that were found, best first: the first one stands for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrainWeight:
    """How clearly a question's similarities stand out among the units of a grain."""

    weight: float
    """0 to 1; those of all grains add up to 1."""
    entropy: float
    """0 (one unit alone is similar) to 1 (all are alike)."""
    units: int


def entropy(similarities: NDArray[np.floating]) -> float:
    """Return the normalised entropy of softmax(s / λ), 0 to 1, of similarities of shape (n,).

    1 where there are fewer than two: one unit does not stand out.
    """
    count = len(similarities)
    if count < 2:  # noqa: PLR2004 — ln 1 is 0
        return 1.0
    scaled = np.asarray(similarities, np.float64) / TEMPERATURE
    logs = scaled - scaled.max()
    logs -= np.log(np.exp(logs).sum())
    return float(np.clip(-(np.exp(logs) * logs).sum() / np.log(count), 0.0, 1.0))


def grain_weights(similarities: Mapping[Grain, NDArray[np.floating]]) -> dict[Grain, GrainWeight]:
    """Return the weight of each grain by the similarities of its units; equal if none says more."""
    entropies = {grain: entropy(each) for grain, each in similarities.items()}
    total = sum(1 - each for each in entropies.values())
    return {
        grain: GrainWeight(
            weight=(1 - each) / total if total > 0 else 1 / len(entropies),
            entropy=each,
            units=len(similarities[grain]),
        )
        for grain, each in entropies.items()
    }


def heaviest(weights: Mapping[Grain, GrainWeight]) -> Grain:
    """Return the grain of the greatest weight, of equals the finest; ``MEMORY`` of none."""
    return max(
        (grain for grain in Grain if grain in weights),
        key=lambda grain: weights[grain].weight,
        default=Grain.MEMORY,
    )


def fold(ranked: Sequence[MemoryId], units: Sequence[Unit]) -> dict[MemoryId, Unit]:
    """Return by the best of ``ranked`` in it each unit that has any, with all that it has.

    A memory is in one unit at most; those in none stand for themselves and are not returned.
    """
    number_of = {each: number for number, unit in enumerate(units) for each in unit.memory_ids}
    found: dict[int, list[MemoryId]] = {}
    for memory_id in ranked:
        if memory_id in number_of:
            found.setdefault(number_of[memory_id], []).append(memory_id)
    return {ids[0]: replace(units[number], found=ids) for number, ids in found.items()}


def mean_directions(vectors: FloatMatrix, groups: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Return for each group of rows their mean scaled to length 1, shape (groups, dimension).

    Rows of zeros have no say; groups that have no direction are left out.
    """
    means = np.array([vectors[list(group)].sum(axis=0, dtype=np.float64) for group in groups])
    if not len(means):
        return np.empty((0, vectors.shape[1]))
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    kept = norms[:, 0] > 0
    directions: NDArray[np.float64] = means[kept] / norms[kept]
    return directions
