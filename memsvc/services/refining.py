"""What is made of candidates once they are found: read by a cross-encoder, freed of repetition."""

import asyncio
from dataclasses import dataclass

from memsvc.domain.diversity import Told, near_duplicate_factors
from memsvc.services.found import Found, Question
from memsvc.services.recalled import RecallQuery
from memsvc.services.reranking import Rerank
from memsvc.services.stage_reports import StageReport
from memsvc.services.stages import Stages
from memsvc.settings import RecallSettings

_SPARE = 10
"""Candidates beyond those wanted that can take the places of near-duplicates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """Candidates in their last order, and how the optional stages fared."""

    found: Found
    rerank: StageReport | None = None
    """``None`` unless it was asked for."""


class Refine:
    """Puts candidates into their last order."""

    def __init__(self, settings: RecallSettings, rerank: Rerank) -> None:
        self._settings = settings
        self._rerank = rerank

    def refuse_if_absent(self, query: RecallQuery) -> None:
        """Raise ``InvalidRequestError`` if a stage is asked for that no model is there for."""
        if query.rerank:
            self._rerank.refuse_if_absent()

    def needs(self, query: RecallQuery) -> int:
        """Return how many candidates it takes to answer ``query``."""
        needs = query.k + (_SPARE if self._diversity(query) > 0 else 0)
        return max(needs, self._rerank.candidates) if query.rerank else needs

    async def __call__(self, question: Question, found: Found, stages: Stages) -> Refined:
        """Return the candidates in their last order."""
        report = None
        if question.query.rerank:
            reranked = await self._rerank(question, found)
            found, report = reranked.found, reranked.report
            stages.mark("rerank")
        weight = self._diversity(question.query)
        if weight > 0:
            found = await asyncio.to_thread(_without_repetition, found, weight)
            stages.mark("diversity")
        return Refined(found=found, rerank=report)

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
