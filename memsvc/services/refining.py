"""What is made of candidates once they are found: near-duplicates count less."""

import asyncio

from memsvc.domain.diversity import Told, near_duplicate_factors
from memsvc.services.found import Found, Question
from memsvc.services.recalled import RecallQuery
from memsvc.services.stages import Stages
from memsvc.settings import RecallSettings

_SPARE = 10
"""Candidates beyond those wanted that can take the places of near-duplicates."""


class Refine:
    """Puts candidates into their last order."""

    def __init__(self, settings: RecallSettings) -> None:
        self._settings = settings

    def needs(self, query: RecallQuery) -> int:
        """Return how many candidates it takes to answer ``query``."""
        return query.k + (_SPARE if self._diversity(query) > 0 else 0)

    async def __call__(self, question: Question, found: Found, stages: Stages) -> Found:
        """Return the candidates in their last order."""
        weight = self._diversity(question.query)
        if weight > 0:
            found = await asyncio.to_thread(_without_repetition, found, weight)
            stages.mark("diversity")
        return found

    def _diversity(self, query: RecallQuery) -> float:
        return self._settings.diversity if query.diversity is None else query.diversity


def _without_repetition(found: Found, weight: float) -> Found:
    shown = found.shown()
    memories = [found.visible[each.memory_id] for each in shown]
    factors = near_duplicate_factors(
        [each.score for each in shown],
        [Told.of(memory.text, memory.speaker) for memory in memories],
        weight,
    )
    weighed = {e.memory_id: f for e, f in zip(shown, factors, strict=True) if f != 1}
    return found.weighed(weighed, "repetition") if weighed else found
