"""Which facts a walk begins from: the nearest ones, by score or by somebody's choice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from memsvc.domain.graph.entity_forms import EntityForm

MOST_CANDIDATES = 5
"""HippoRAG 2, linking top k."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFact:
    """A triple as it is written, and the entities at its ends."""

    subject: str
    predicate: str
    object: str
    ends: tuple[EntityForm, EntityForm]

    @property
    def text(self) -> str:
        """What is embedded, and shown to a model."""
        return f"{self.subject} {self.predicate.replace('_', ' ')} {self.object}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedFact:
    """A candidate: its cosine with the question, and whether the walk begins from it."""

    fact: StatedFact
    cosine: float
    is_kept: bool = True


def nearest_facts(
    scored: Collection[tuple[StatedFact, float]], most: int = MOST_CANDIDATES
) -> list[tuple[StatedFact, float]]:
    """Return the ``most`` facts of the highest cosines; one that several sources state once."""
    best: dict[str, tuple[StatedFact, float]] = {}
    for fact, cosine in scored:
        if fact.text not in best or best[fact.text][1] < cosine:
            best[fact.text] = fact, cosine
    return sorted(best.values(), key=lambda each: (-each[1], each[0].text))[:most]


def by_cosine(candidates: Sequence[tuple[StatedFact, float]], least: float) -> list[WeighedFact]:
    """Keep the candidates of a cosine of ``least`` or more.

    The cosines are as they are, not stretched over the candidates: of five facts that have nothing
    to do with the question none is certain, and of two none is worthless.
    """
    return [
        WeighedFact(fact=fact, cosine=cosine, is_kept=cosine >= least)
        for fact, cosine in candidates
    ]


def by_numbers(
    candidates: Sequence[tuple[StatedFact, float]], numbers: Collection[int]
) -> list[WeighedFact]:
    """Keep the candidates of these numbers, from 1; numbers of no candidate mean nothing."""
    return [
        WeighedFact(fact=fact, cosine=cosine, is_kept=number in numbers)
        for number, (fact, cosine) in enumerate(candidates, 1)
    ]
