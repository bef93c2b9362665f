"""Fusion of the arms' candidate lists: by reciprocal ranks, or by scores made comparable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId

RANKING_VERSION = 2
"""Names how candidates are found and ordered: raised by every change after which the same bank may
answer the same question with others. What was measured of one ranking, such as the calibration of a
bank, is not used with another."""


class Arm(StrEnum):
    """A generator of candidates."""

    DENSE = "dense"
    LEXICAL = "lexical"
    EPISODE = "episode"
    """Weighs what the two found by what stands beside it in its episode."""
    CONTIGUITY = "contiguity"
    """What stands beside the best of these in its episode."""
    LINKS = "links"
    """What the best of these are linked to."""
    GRAPH = "graph"
    """Walks from what the others found, and weighs it again."""


class Fusion(StrEnum):
    """What of a candidate counts."""

    RANKS = "ranks"
    """Its places in the arms' rankings."""
    SCORES = "scores"
    """What the arms score it, as shares of their best scores."""


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
    """Of fusion by ranks."""
    weights: Mapping[Arm, float]
    fusion: Fusion = Fusion.RANKS
    cut_at: int | None = None
    """So many candidates an arm gives at most, ≥ 1, for fusion by scores; ``None``: all it has."""


Ranking = Sequence[tuple[MemoryId, float]]
"""An arm's candidates with its own scores, best first."""
_LEAST: Mapping[Arm, float] = {**dict.fromkeys(Arm, 0.0), Arm.DENSE: -1.0}
"""The least score that an arm can give."""


def fuse(rankings: Mapping[Arm, Ranking], weighting: FusionWeights, most: int) -> list[Fused]:
    """Return the ``most`` best candidates of ``fused_order``, each with its parts."""
    shares = _shares(rankings, weighting)
    ranks = {
        arm: {memory_id.int: rank for rank, (memory_id, _) in enumerate(rankings[arm], start=1)}
        for arm in shares
    }
    return [
        Fused(
            memory_id=memory_id,
            score=score,
            parts={
                arm: ScorePart(
                    rank=rank,
                    score=rankings[arm][rank - 1][1],
                    contribution=shares[arm][rank - 1],
                )
                for arm, of_arm in ranks.items()
                if (rank := of_arm.get(memory_id.int)) is not None
            },
        )
        for memory_id, score in _order(rankings, shares, most)
    ]


def fused_order(
    rankings: Mapping[Arm, Ranking], weighting: FusionWeights, most: int
) -> list[tuple[MemoryId, float]]:
    """Return the ``most`` best candidates by falling fused score; equal scores by memory id.

    By ranks (reciprocal rank fusion: Cormack, Clarke & Büttcher, SIGIR 2009) a candidate scores
    Σ w_arm / (c + rank_arm), divided by Σ w_arm / (c + 1). By scores it has Σ w_arm · share_arm,
    divided by Σ w_arm, the share being what ``calibrated`` makes of the arm's score (decision 49).
    What an arm did not find has nothing from it. What every arm that answered ranks first scores 1
    either way.
    """
    return _order(rankings, _shares(rankings, weighting), most)


def calibrated(scores: Sequence[float], least: float) -> list[float]:
    """Return scores of one arm as shares of its best one, in [0, 1].

    (s - least) / (best - least), the normalisation of the convex combinations of Bruch, Gai &
    Ingber (TOIS 2023, arXiv 2210.11934). ``least`` is what counts as nothing. Of the other
    candidates only the best has a say. None has a share where the best is ``least``.
    """
    best = max(scores, default=least)
    if best <= least:
        return [0.0] * len(scores)
    return [(max(score, least) - least) / (best - least) for score in scores]


def _counts_as_nothing(arm: Arm, scores: Sequence[float], cut_at: int | None) -> float:
    """Return the score of an arm that brings nothing, as not being found does.

    What a ranking that was cut off lacks may score as much as its last candidate; what a whole one
    lacks has the least score that the arm can give.
    """
    if cut_at is None or len(scores) < cut_at:
        return _LEAST[arm]
    last = min(scores)
    # Among equals none is the worse for being cut off last.
    return last if last < max(scores) else _LEAST[arm]


def _shares(
    rankings: Mapping[Arm, Ranking], weighting: FusionWeights
) -> Mapping[Arm, Sequence[float]]:
    """Return by arm what each of its candidates has from it; nothing if no arm weighs anything.

    In the order of the arms: sums of floats depend on it.
    """
    used = {arm: weighting.weights.get(arm, 0.0) for arm in Arm if arm in rankings}
    if weighting.fusion is Fusion.SCORES:
        total = sum(used.values())
        if total <= 0:
            return {}
        shares: dict[Arm, Sequence[float]] = {}
        for arm, weight in used.items():
            scores = [score for _, score in rankings[arm]]
            least = _counts_as_nothing(arm, scores, weighting.cut_at)
            shares[arm] = [weight * share / total for share in calibrated(scores, least)]
        return shares
    constant = weighting.rank_constant
    best = sum(weight / (constant + 1) for weight in used.values())
    if best <= 0:
        return {}
    return {
        arm: [weight / (constant + rank) / best for rank in range(1, len(rankings[arm]) + 1)]
        for arm, weight in used.items()
    }


def _order(
    rankings: Mapping[Arm, Ranking], shares: Mapping[Arm, Sequence[float]], most: int
) -> list[tuple[MemoryId, float]]:
    """Return the ``most`` best candidates by the sums of their shares, equal ones by memory id."""
    # By number: a UUID is hashed and compared in Python, an integer is not.
    scores: dict[int, float] = {}
    ids: dict[int, MemoryId] = {}
    for arm, of_arm in shares.items():
        for (memory_id, _), share in zip(rankings[arm], of_arm, strict=True):
            number = memory_id.int
            scores[number] = scores.get(number, 0.0) + share
            ids[number] = memory_id
    order = sorted([(-min(1.0, score), number) for number, score in scores.items()])[:most]
    return [(ids[number], -negative) for negative, number in order]
