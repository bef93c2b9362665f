"""Runs the duplicate decision over labelled pairs, with the configured encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memsvc.domain.thoughts.duplicates import Bounds, Evidence, compare, weigh
from memsvc.domain.thoughts.evaluation import (
    Evaluation,
    JudgedPair,
    LabelledPair,
    evaluate,
    fitted,
)
from memsvc.domain.thoughts.hashing import SignProjection
from memsvc.domain.thoughts.statements import Statement
from memsvc.ports import Embedder, Matrix

_PROBES = 4
"""Groups that are looked into (decision record 20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDecision:
    """What came of the labelled pairs."""

    evaluation: Evaluation
    bounds: Bounds
    suggested: Bounds
    """What the fitting half suggests."""
    hashed: float | None
    """Share of the duplicates whose texts a search in four hash groups would bring together."""


async def measure_decision(
    embedder: Embedder, pairs: Sequence[LabelledPair], bounds: Bounds | None = None
) -> MeasuredDecision:
    """Decide about every pair; a text counts by the vector of its beginning, as in a bank."""
    used = bounds or Bounds()
    texts = [pair.one for pair in pairs] + [pair.other for pair in pairs]
    vectors = np.asarray([each[0] for each in await embedder.embed_documents(texts)])
    ones, others = vectors[: len(pairs)], vectors[len(pairs) :]
    cosines = np.einsum("ij,ij->i", ones, others)
    found = [
        (pair, _evidence(pair, float(cosine))) for pair, cosine in zip(pairs, cosines, strict=True)
    ]
    return MeasuredDecision(
        evaluation=evaluate(
            [JudgedPair(pair=pair, judgement=weigh(each, used)) for pair, each in found]
        ),
        bounds=used,
        suggested=fitted(found),
        hashed=_brought_together(pairs, ones, others),
    )


def _evidence(pair: LabelledPair, cosine: float) -> Evidence:
    one, other = (Statement(text=each, language=pair.language) for each in (pair.one, pair.other))
    return compare(one, other, cosine)


def _brought_together(pairs: Sequence[LabelledPair], ones: Matrix, others: Matrix) -> float | None:
    projection = SignProjection(dimension=ones.shape[1])
    hits = [
        projection.group(other) in projection.probes(one, _PROBES)
        for pair, one, other in zip(pairs, ones, others, strict=True)
        if pair.is_duplicate
    ]
    return sum(hits) / len(hits) if hits else None
