"""A language model names the hits that bear on the question; the others are left out."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from memsvc.domain.fusion import Fused
from memsvc.domain.identifiers import TenantId
from memsvc.domain.widening import NoteItem
from memsvc.errors import InvalidRequestError, NeedsReviewError
from memsvc.ports import TokenCounter
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.found import Found, Question
from memsvc.services.recalling.rewriting import MODEL_ERRORS, told
from memsvc.services.recalling.stage_reports import SiftReport
from memsvc.settings import SiftSettings
from memsvc.store.transactions import assert_no_transaction

_NOT_CONFIGURED = "This service has no language model to sift hits with: set MEMSVC_LLM__MODEL."


class Sifter(Protocol):
    """Who can tell which memories bear on a question."""

    @property
    def name(self) -> str:
        """Which model it is."""
        ...

    async def choose(
        self, tenant_id: TenantId, question: str, hits: Sequence[NoteItem]
    ) -> Sequence[int]:
        """Return the numbers, from 1, of the hits to keep; raises one of ``MODEL_ERRORS``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Candidates, some of which are no hits any more, or all as they were and the reason why."""

    found: Found
    report: SiftReport


class Sift:
    """Has a model read the hits once their order is final, within a time and so many tokens."""

    def __init__(self, sifter: Sifter | None, tokens: TokenCounter, settings: SiftSettings) -> None:
        self._sifter = sifter
        self._tokens = tokens
        self._settings = settings

    def refuse_if_absent(self) -> None:
        """Raise ``InvalidRequestError`` where no model is configured."""
        if self._sifter is None:
            raise InvalidRequestError(_NOT_CONFIGURED, option="sift")

    async def __call__(self, question: Question, found: Found) -> Sifted:
        """Return the candidates without the hits that the model does not name.

        Nothing takes their places. When the model is away, late or of no use, or the hits are more
        than it may be given to read, all stay.
        """
        assert_no_transaction("A language model")
        if self._sifter is None:
            raise InvalidRequestError(_NOT_CONFIGURED, option="sift")
        started = time.perf_counter()
        hits = found.shown()[: question.query.k]
        status, kept = ArmStatus.OK, list(hits)
        items = [NoteItem.of(found.visible[each.memory_id]) for each in hits]
        reason = self._too_much(question, items)
        if reason is not None:
            status = ArmStatus.SKIPPED
        elif hits:
            try:
                async with asyncio.timeout(self._settings.budget_s):
                    kept = await self._kept(self._sifter, question, hits, items)
            except TimeoutError:
                status = ArmStatus.SKIPPED
                reason = f"It was not done in {self._settings.budget_s:g} s; every hit stays."
            except MODEL_ERRORS as error:
                status, reason = ArmStatus.FAILED, f"{told(error)} Every hit stays."
        kept_ids = {each.memory_id for each in kept}
        left_out = [each.memory_id for each in hits if each.memory_id not in kept_ids]
        report = SiftReport(
            status=status,
            reason=reason,
            model=self._sifter.name,
            took_ms=(time.perf_counter() - started) * 1000,
            read=len(hits) if status is ArmStatus.OK else 0,
            left_out=left_out,
        )
        return Sifted(found=replace(found, sifted=frozenset(left_out)), report=report)

    def _too_much(self, question: Question, items: Sequence[NoteItem]) -> str | None:
        texts = [question.query.text, *(each.text for each in items)]
        cost, most = sum(self._tokens.count(texts)), self._settings.most_tokens
        if cost <= most:
            return None
        return f"The hits have {cost} tokens, and it may read {most}; every hit stays."

    async def _kept(
        self,
        sifter: Sifter,
        question: Question,
        hits: Sequence[Fused],
        items: Sequence[NoteItem],
    ) -> list[Fused]:
        """Return the hits that the model names; raises if it names one that it was not shown."""
        numbers = await sifter.choose(question.bank.scope.tenant_id, question.query.text, items)
        if not all(1 <= number <= len(hits) for number in numbers):
            raise NeedsReviewError("The model named hits that it was not shown.")
        return [each for number, each in enumerate(hits, 1) if number in set(numbers)]
