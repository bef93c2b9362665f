"""One question made several by a language model, and their answers put together."""

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

from memsvc.domain.fusion import Fused
from memsvc.domain.widening import Asked, AskedAs, fuse_asked
from memsvc.errors import InvalidRequestError, UnavailableError
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.found import AskAgain, Found, Question
from memsvc.services.recalling.iterating import Iterate, NoteTaker
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.services.recalling.rewriting import Rewrite, Rewriter
from memsvc.services.recalling.stage_reports import IterateReport, RewriteReport
from memsvc.settings import RecallSettings

_NOT_CONFIGURED = (
    "This service has no language model to ask for further queries: set MEMSVC_LLM__MODEL."
)


class WideningModel(Rewriter, NoteTaker, Protocol):
    """A model that does both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widened:
    """What all questions found together, and how that came about."""

    found: Found
    rewrite: RewriteReport | None = None
    iterate: IterateReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    """A question with what it found."""

    text: str
    asked_as: AskedAs
    found: Found
    weight: float = 1.0


class Widen:
    """Asks further questions where a request wants that; else nothing changes."""

    def __init__(
        self,
        model: WideningModel | None,
        rewrite: Rewrite,
        iterate: Iterate,
        settings: RecallSettings,
    ) -> None:
        self._model = model
        self._rewrite = rewrite
        self._iterate = iterate
        self._settings = settings

    def refuse_if_absent(self, query: RecallQuery) -> None:
        """Raise ``InvalidRequestError`` if a stage is asked for that no model is there for."""
        if self._model is None and (query.rewrite or query.iterate):
            raise InvalidRequestError(
                _NOT_CONFIGURED, option="rewrite" if query.rewrite else "iterate"
            )

    async def __call__(self, question: Question, found: Found, ask: AskAgain) -> Widened:
        """Return what was found by the question and by those that a model adds to it."""
        query, model = question.query, self._model
        if model is None or not (query.rewrite or query.iterate):
            return Widened(found=found)
        answered = [_Answered(text=query.text, asked_as=AskedAs.QUESTION, found=found)]
        rewrite, iterate = None, None
        if query.rewrite:
            rewrite = await self._rewrite(question, model)
            further = [
                *((text, AskedAs.QUERY) for text in rewrite.queries),
                *((text, AskedAs.CLUE) for text in rewrite.clues),
            ]
            answers = await asyncio.gather(*(_asked(text, kind, ask) for text, kind in further))
            weight = self._settings.further_weight
            answered += [replace(each, weight=weight) for each in answers if each is not None]
            if None in answers:
                reason = "Not every query could be asked: no arm answered."
                rewrite = replace(rewrite, status=ArmStatus.FAILED, reason=reason)
        if query.iterate:
            iterated = await self._iterate(question, self._together(answered), ask, model)
            iterate = iterated.report
            helped = {each.query for each in iterate.rounds if each.helped}
            answered += [
                _Answered(
                    text=text,
                    asked_as=AskedAs.ROUND,
                    found=each,
                    weight=1.0 if text in helped else self._settings.further_weight,
                )
                for text, each in iterated.found
            ]
        return Widened(found=self._together(answered), rewrite=rewrite, iterate=iterate)

    def _together(self, answered: list[_Answered]) -> Found:
        """Return the candidates of all; those of the question alone as they are."""
        first = answered[0].found
        if len(answered) == 1:
            return first
        asked = [self._ranking(each, is_further=place > 0) for place, each in enumerate(answered)]
        parts = {
            fused.memory_id: fused.parts
            for each in reversed(answered)
            for fused in each.found.fused
        }
        ranked = fuse_asked(asked, self._settings.rrf_k, len(parts))
        return replace(
            first,
            fused=[
                Fused(memory_id=memory_id, score=score, parts=parts[memory_id])
                for memory_id, score, _ in ranked
            ],
            visible={i: m for each in answered for i, m in each.found.visible.items()},
            factors={},
            asked={memory_id: ranks for memory_id, _, ranks in ranked},
        )

    def _ranking(self, answered: _Answered, *, is_further: bool) -> Asked:
        ranking = [each.memory_id for each in answered.found.shown()]
        return Asked(
            text=answered.text,
            asked_as=answered.asked_as,
            weight=answered.weight,
            ranking=ranking[: self._settings.further_hits] if is_further else ranking,
        )


async def _asked(text: str, asked_as: AskedAs, ask: AskAgain) -> _Answered | None:
    """Return what a further question finds, ``None`` if no arm could answer it."""
    try:
        return _Answered(text=text, asked_as=asked_as, found=await ask(text))
    except UnavailableError:
        return None
