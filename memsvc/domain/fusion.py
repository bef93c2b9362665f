"""Reciprocal rank fusion of the arms' candidate lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId

RANKING_VERSION = 1
"""Names how candidates are found and ordered: raised by every change after which the same bank may
answer the same question with others. What was measured of one ranking, such as the calibration of a
bank, is not used with another."""


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
    """Return the ``most`` best candidates of ``fused_order``, each with its parts."""
    used, best = _shares(rankings, weighting)
    ranks = {
        arm: {memory_id.int: rank for rank, (memory_id, _) in enumerate(ranking, start=1)}
        for arm, ranking in rankings.items()
    }
    return [
        Fused(
            memory_id=memory_id,
            score=score,
            parts={
                arm: ScorePart(
                    rank=rank,
                    score=rankings[arm][rank - 1][1],
                    contribution=used[arm] / (weighting.rank_constant + rank) / best,
                )
                for arm, of_arm in ranks.items()
                if (rank := of_arm.get(memory_id.int)) is not None
            },
        )
        for memory_id, score in fused_order(rankings, weighting, most)
    ]


def fused_order(
    rankings: Mapping[Arm, Ranking], weighting: FusionWeights, most: int
) -> list[tuple[MemoryId, float]]:
    """Return the ``most`` best candidates by falling fused score; equal scores by memory id.

    Reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009): a candidate scores
    Σ w_arm / (c + rank_arm), here divided by Σ w_arm / (c + 1), the score of a candidate that
    every arm that answered ranks first, so that scores lie in [0, 1].
    """
    used, best = _shares(rankings, weighting)
    if best <= 0:
        return []
    # By number: a UUID is hashed and compared in Python, an integer is not.
    scores: dict[int, float] = {}
    ids: dict[int, MemoryId] = {}
    for arm, ranking in rankings.items():
        weight = used[arm]
        for rank, (memory_id, _) in enumerate(ranking, start=1):
            number = memory_id.int
            contribution = weight / (weighting.rank_constant + rank) / best
            scores[number] = scores.get(number, 0.0) + contribution
            ids[number] = memory_id
    order = sorted([(-min(1.0, score), number) for number, score in scores.items()])[:most]
    return [(ids[number], -negative) for negative, number in order]


def _shares(
    rankings: Mapping[Arm, Ranking], weighting: FusionWeights
) -> tuple[Mapping[Arm, float], float]:
    """Return what each arm weighs, and the score of what all of them rank first."""
    used = {arm: weighting.weights.get(arm, 0.0) for arm in rankings}
    return used, sum(weight / (weighting.rank_constant + 1) for weight in used.values())
