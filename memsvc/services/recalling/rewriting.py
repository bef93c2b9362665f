"""Further queries and clues for a question, by a model that knows what sums the bank up."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from memsvc.domain.identifiers import TenantId
from memsvc.domain.widening import Rewritten, usable
from memsvc.errors import ConfigurationError, MemsvcError, NeedsReviewError, UnavailableError
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.found import Question
from memsvc.services.recalling.stage_reports import RewriteReport
from memsvc.settings import RewriteSettings
from memsvc.store.summaries import Level
from memsvc.store.transactions import Store, assert_no_transaction

_BACKGROUND_CHARS = 2_000
"""Of each document that sums up."""

MODEL_ERRORS: tuple[type[MemsvcError], ...] = (
    UnavailableError,
    NeedsReviewError,
    ConfigurationError,
)
"""What a question to a language model may come to."""


class Rewriter(Protocol):
    """Who knows what else to ask."""

    @property
    def name(self) -> str:
        """Which model it is."""
        ...

    async def rewrite(
        self, tenant_id: TenantId, question: str, background: Sequence[str], wanted: tuple[int, int]
    ) -> Rewritten:
        """Return further queries and clues; raises one of ``MODEL_ERRORS``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Asks for them, within a time, and keeps what can be asked."""

    store: Store
    settings: RewriteSettings

    async def __call__(self, question: Question, rewriter: Rewriter) -> RewriteReport:
        """Return queries and clues, none where the report says why."""
        assert_no_transaction("A language model")
        started = time.perf_counter()
        text, most = question.query.text, self.settings
        status, reason = ArmStatus.OK, None
        rewritten = Rewritten(queries=(), clues=())
        try:
            async with asyncio.timeout(most.budget_s):
                rewritten = await rewriter.rewrite(
                    question.bank.scope.tenant_id,
                    text,
                    await self._background(question),
                    (most.most_queries, most.most_clues),
                )
        except TimeoutError:
            status, reason = ArmStatus.SKIPPED, f"It was not done in {most.budget_s:g} s."
        except MODEL_ERRORS as error:
            status, reason = ArmStatus.FAILED, told(error)
        queries = usable(rewritten.queries, [text], most.most_queries)
        return RewriteReport(
            status=status,
            reason=reason,
            model=rewriter.name,
            took_ms=(time.perf_counter() - started) * 1000,
            queries=queries,
            clues=usable(rewritten.clues, [text, *queries], most.most_clues),
        )

    async def _background(self, question: Question) -> list[str]:
        """Return what sums up whatever the filter lets through: a portrait, and all sessions."""
        bank = question.bank.scope
        async with self.store.read(bank.tenant_id) as tx:
            found = [
                await tx.context.document(bank.bank_id, level, question.query.filter, question.now)
                for level in (Level.PORTRAIT, Level.WHOLE)
            ]
        return [each.text[:_BACKGROUND_CHARS] for each in found if each is not None]


def told(error: MemsvcError) -> str:
    """Return why a model did not help, for whoever asked."""
    if type(error) is NeedsReviewError:  # its message is for whoever can retry a job
        return "The model answered in a form that cannot be used."
    return error.message
