"""Where a walk begins: the shapes of HippoRAG 1 and 2, without their failures on tiny graphs."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from memsvc.domain.graph.entity_forms import EntityForm

Source = TypeVar("Source")

PASSAGE_WEIGHT = 0.05
"""Of a source's score beside the weights of entities (HippoRAG 2, passage node weight)."""

_MOST_ENTITIES = 5
"""HippoRAG 2, linking top k."""

_LEAST_FACTS_TO_SCALE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFact:
    """A fact near the question: its two ends, and its cosine or other score."""

    subject: EntityForm
    object: EntityForm
    score: float


def fact_entity_seeds(
    facts: Sequence[ScoredFact], source_counts: Mapping[EntityForm, int]
) -> dict[EntityForm, float]:
    """Return the weights of the entities of the facts that matter (HippoRAG 2, §3.2).

    An entity weighs the mean over its facts of score / number of sources that mention it; the five
    heaviest are kept, equal ones in the order of their forms. Facts of a score of 0 or less seed
    nothing, and a fact without effect is no error.
    """
    shares: dict[EntityForm, list[float]] = defaultdict(list)
    for fact in facts:
        for entity in {fact.subject, fact.object}:
            shares[entity].append(max(0.0, fact.score) / max(1, source_counts.get(entity, 1)))
    weights = {entity: sum(values) / len(values) for entity, values in shares.items()}
    heaviest = sorted(weights.items(), key=lambda each: (-each[1], each[0]))[:_MOST_ENTITIES]
    return {entity: weight for entity, weight in heaviest if weight > 0}


def scaled(scores: Sequence[float]) -> list[float]:
    """Return scores stretched to [0, 1] over all facts of a bank.

    Of fewer than six facts the worst is not nothing and the best not certain: their scores stay,
    cut off at 0. So do equal ones.
    """
    if len(scores) < _LEAST_FACTS_TO_SCALE or min(scores) == max(scores):
        return [max(0.0, score) for score in scores]
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) for score in scores]


def named_entity_seeds(
    named: Collection[EntityForm], source_counts: Mapping[EntityForm, int]
) -> dict[EntityForm, float]:
    """Return the weights of entities that the question names (HippoRAG 1): 1 / their sources.

    Each counts once; what no source mentions is left out.
    """
    counts = {entity: source_counts.get(entity, 0) for entity in named}
    return {entity: 1 / count for entity, count in sorted(counts.items()) if count > 0}


def source_seeds(
    scores: Mapping[Source, float], weight: float = PASSAGE_WEIGHT
) -> dict[Source, float]:
    """Return the weights of sources that the first hop has found: their scores, made small.

    With the weight 0 none is a seed.
    """
    return {source: weight * score for source, score in scores.items() if weight * score > 0}
