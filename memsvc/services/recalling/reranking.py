"""A cross-encoder reads the best candidates together with the question, as long as time allows."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from memsvc.domain.content import indexed_text
from memsvc.domain.fusion import Fused
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory
from memsvc.embedding.cross_encoder import load_reranker
from memsvc.errors import ConfigurationError, InvalidRequestError, MemsvcError, UnavailableError
from memsvc.llm.client import ProviderEndpoint
from memsvc.llm.ledger import CallLedger
from memsvc.llm.pricing import stated_price
from memsvc.llm.reranker import LiteLLMReranker
from memsvc.ports import Reranker
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.found import Found, Question
from memsvc.services.recalling.stage_reports import StageReport
from memsvc.settings import RerankSettings
from memsvc.store.transactions import assert_no_transaction

_NOT_CONFIGURED = (
    "This service has no model to rerank with: set MEMSVC_RERANK__PROVIDER to `onnx` or `litellm`,"
    " and MEMSVC_RERANK__MODEL."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranked:
    """Candidates in their new order, or in the old one where the report says why."""

    found: Found
    report: StageReport


class Rerank:
    """Weighs the best candidates by what a cross-encoder makes of them."""

    def __init__(self, reranker: Reranker | None, settings: RerankSettings) -> None:
        self._reranker = reranker
        self._settings = settings

    @property
    def candidates(self) -> int:
        """How many of the best are read."""
        return self._settings.candidates

    def refuse_if_absent(self) -> None:
        """Raise ``InvalidRequestError`` where no model is configured."""
        if self._reranker is None:
            raise InvalidRequestError(_NOT_CONFIGURED, option="rerank")

    async def __call__(self, question: Question, found: Found) -> Reranked:
        """Return the candidates weighed anew: ``(1 - weight) · score + weight · relevance``.

        Those that were not read count as irrelevant, so that none of them overtakes. When the model
        is away, or not done in time, the order stays.
        """
        assert_no_transaction("A cross-encoder")
        if self._reranker is None:
            raise InvalidRequestError(_NOT_CONFIGURED, option="rerank")
        started = time.perf_counter()
        shown = found.shown()[: self.candidates]
        texts = [_read(found.visible[each.memory_id]) for each in shown]
        status, reason = ArmStatus.OK, None
        relevance: Sequence[float] = ()
        try:
            async with asyncio.timeout(self._settings.budget_ms / 1000):
                relevance = await self._reranker.relevance(
                    question.bank.scope.tenant_id, question.query.text, texts
                )
        except TimeoutError:
            status = ArmStatus.SKIPPED
            reason = f"It was not done in {self._settings.budget_ms:g} ms; the order stays."
        except (UnavailableError, ConfigurationError) as error:
            status, reason = ArmStatus.FAILED, _told(error)
        report = StageReport(
            status=status,
            reason=reason,
            model=self._reranker.name,
            took_ms=(time.perf_counter() - started) * 1000,
        )
        if status is not ArmStatus.OK:
            return Reranked(found=found, report=report)
        by_id = dict(zip((each.memory_id for each in shown), relevance, strict=True))
        return Reranked(found=_weighed(found, by_id, self._settings.weight), report=report)


def _read(memory: Memory) -> str:
    return indexed_text(memory.text, speaker=memory.speaker, title=None)


def _told(error: MemsvcError) -> str:
    return f"{error.message} The order stays."


def _weighed(found: Found, relevance: Mapping[MemoryId, float], weight: float) -> Found:
    def score(each: Fused) -> float:
        return (1 - weight) * each.score + weight * relevance.get(each.memory_id, 0.0)

    order = [replace(each, score=score(each)) for each in found.fused]
    order.sort(key=lambda each: (-each.score, each.memory_id))
    return replace(found, fused=order, relevance=relevance)


@asynccontextmanager
async def opened_reranker(
    settings: RerankSettings, models_dirs: Sequence[Path]
) -> AsyncIterator[Reranker | None]:
    """Yield the configured local cross-encoder; ``None`` for a hosted one or none at all.

    Raises ``ModelNotInstalledError`` or ``ConfigurationError``.
    """
    if settings.provider != "onnx":
        yield None
        return
    reranker = await asyncio.to_thread(load_reranker, settings, models_dirs)
    try:
        yield reranker
    finally:
        await reranker.close()


def hosted_reranker(settings: RerankSettings, ledger: CallLedger) -> Reranker | None:
    """Return the configured hosted model, if it is one; nothing is imported or called yet."""
    if settings.provider != "litellm":
        return None
    endpoint = ProviderEndpoint(
        model=settings.model,
        api_base=settings.api_base,
        api_key=settings.api_key,
        timeout_s=settings.budget_ms / 1000,
        price=stated_price(settings.usd_per_million_tokens),
    )
    return LiteLLMReranker(endpoint, ledger)
