"""Reciprocal rank fusion of the arms' candidate lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId


class Arm(StrEnum):
    """A generator of candidates."""

    DENSE = "dense"
    LEXICAL = "lexical"
    EPISODE = "episode"
    """Weighs what the two found by what stands beside it in its episode."""
    GRAPH = "graph"
    """Walks from what the others found, and weighs it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """What one arm said of a memory and how much that counted."""

    rank: int
    """From 1."""
    score: float
    """The arm's own score, not comparable between arms."""
    contribution: float
    """Its share of the fused score; the shares of a hit add up to its score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """A candidate with its score in [0, 1] and where that comes from."""

    memory_id: MemoryId
    score: float
    parts: Mapping[Arm, ScorePart]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionWeights:
    """How the arms are weighed: ``weights`` ≥ 0, ``rank_constant`` ≥ 1."""

    rank_constant: int
    weights: Mapping[Arm, float]


Ranking = Sequence[tuple[MemoryId, float]]
"""An arm's candidates with its own scores, best first."""


def fuse(rankings: Mapping[Arm, Ranking], weighting: FusionWeights, most: int) -> list[Fused]:
    """Return the ``most`` best candidates by falling fused score; equal scores by memory id.

    Reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009): a candidate scores
    Σ w_arm / (c + rank_arm), here divided by Σ w_arm / (c + 1), the score of a candidate that
    every arm that answered ranks first, so that scores lie in [0, 1].
    """
    used = {arm: weighting.weights.get(arm, 0.0) for arm in rankings}
    best = sum(weight / (weighting.rank_constant + 1) for weight in used.values())
    if best <= 0:
        return []
    scores: dict[MemoryId, float] = {}
    ranked: dict[Arm, dict[MemoryId, int]] = {}
    for arm, ranking in rankings.items():
        ranks = ranked[arm] = {}
        for rank, (memory_id, _) in enumerate(ranking, start=1):
            contribution = used[arm] / (weighting.rank_constant + rank) / best
            scores[memory_id] = scores.get(memory_id, 0.0) + contribution
            ranks[memory_id] = rank
    capped = ((memory_id, min(1.0, score)) for memory_id, score in scores.items())
    order = sorted(capped, key=lambda each: (-each[1], each[0]))
    # The parts are for those that may be shown only: making them takes longest.
    return [
        Fused(
            memory_id=memory_id,
            score=score,
            parts={
                arm: ScorePart(
                    rank=ranks[memory_id],
                    score=rankings[arm][ranks[memory_id] - 1][1],
                    contribution=used[arm] / (weighting.rank_constant + ranks[memory_id]) / best,
                )
                for arm, ranks in ranked.items()
                if memory_id in ranks
            },
        )
        for memory_id, score in order[:most]
    ]
