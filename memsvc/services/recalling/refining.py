"""What is made of candidates once they are found: reranked, freed of repetition, folded, sifted."""

import asyncio
from dataclasses import dataclass

from memsvc.domain.diversity import Told, near_duplicate_factors
from memsvc.domain.grains import AskedGrain
from memsvc.services.recalling.folding import CANDIDATES, Fold
from memsvc.services.recalling.found import Found, Question
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.services.recalling.reranking import Rerank
from memsvc.services.recalling.sifting import Sift
from memsvc.services.recalling.stage_reports import GrainReport, SiftReport, StageReport
from memsvc.services.recalling.stages import Stages
from memsvc.settings import RecallSettings

_SPARE = 10
"""Candidates beyond those wanted that can take the places of near-duplicates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """Candidates in their last order, and how the optional stages fared."""

    found: Found
    rerank: StageReport | None = None
    """``None`` unless it was asked for."""
    grain: GrainReport | None = None
    """``None`` unless another grain than memories was asked for."""
    sift: SiftReport | None = None
    """``None`` unless it was asked for."""


class Refine:
    """Puts candidates into their last order, and tells which of them are hits."""

    def __init__(self, settings: RecallSettings, rerank: Rerank, fold: Fold, sift: Sift) -> None:
        self._settings = settings
        self._rerank = rerank
        self._fold = fold
        self._sift = sift

    def refuse_if_absent(self, query: RecallQuery) -> None:
        """Raise ``InvalidRequestError`` if a stage is asked for that no model is there for."""
        if query.rerank:
            self._rerank.refuse_if_absent()
        if query.sift:
            self._sift.refuse_if_absent()

    def needs(self, query: RecallQuery) -> int:
        """Return how many candidates it takes to answer ``query``."""
        needs = query.k + (_SPARE if self._diversity(query) > 0 else 0)
        if query.grain is not AskedGrain.MEMORY:
            needs = max(needs, CANDIDATES)
        return max(needs, self._rerank.candidates) if query.rerank else needs

    async def __call__(self, question: Question, found: Found, stages: Stages) -> Refined:
        """Return the candidates in their last order."""
        rerank, grain, sift = None, None, None
        if question.query.rerank:
            reranked = await self._rerank(question, found)
            found, rerank = reranked.found, reranked.report
            stages.mark("rerank")
        weight = self._diversity(question.query)
        if weight > 0:
            found = await asyncio.to_thread(_without_repetition, found, weight)
            stages.mark("diversity")
        if question.query.grain is not AskedGrain.MEMORY:
            folded = await self._fold(question, found)
            found, grain = folded.found, folded.report
            stages.mark("grain")
        if question.query.sift:
            sifted = await self._sift(question, found)
            found, sift = sifted.found, sifted.report
            stages.mark("sift")
        return Refined(found=found, rerank=rerank, grain=grain, sift=sift)

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
