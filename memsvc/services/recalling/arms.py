"""Asking the arms of recall, side by side, and reporting how each of them fared."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import structlog

from memsvc.domain.episode_evidence import Places
from memsvc.domain.fusion import Arm, Ranking
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope, ResolvedBank
from memsvc.errors import (
    IndexBehindError,
    IndexNotLoadedError,
    IndexUnavailableError,
    MemsvcError,
    ModelMismatchError,
    NoSeedsError,
    NotIndexedError,
    UnavailableError,
)
from memsvc.ports import Candidate, DenseQuery, IndexEntry, MemoryIndex
from memsvc.services.agreement import pose
from memsvc.services.embedders import Embedders, Space
from memsvc.services.index_check import IndexCheck
from memsvc.store.transactions import assert_no_transaction
from memsvc.telemetry import EMBED_SECONDS, INDEX_FALLBACKS, RECALL_ARM_SECONDS

_log = structlog.get_logger(__name__)


class LexicalSearch(Protocol):
    """The lexical arm's index."""

    async def search(  # noqa: PLR0913 — all of one question
        self,
        scope: BankScope,
        text: str,
        *,
        k: int,
        allowed: Sequence[MemoryId] | None,
        language: str,
        asked_at: float | None,
        beside: Sequence[IndexEntry],
    ) -> list[Candidate]:
        """Return up to k memories that share a term with the text, best first.

        ``beside`` are memories to search as well, though the index does not hold them.
        """
        ...


class ArmStatus(StrEnum):
    """How an arm fared."""

    OK = "ok"
    SKIPPED = "skipped"
    """It cannot serve this query; the reason says why."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmReport:
    """What the answer says of an arm."""

    status: ArmStatus
    reason: str | None
    candidates: int
    took_ms: float
    """Without the time to embed the query."""
    embed_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmOutcome:
    """An arm's candidates, best first, or the error that stood in the way."""

    candidates: Sequence[Candidate]
    report: ArmReport
    error: MemsvcError | None = None
    posed: DenseQuery | None = None
    """The question as a vector, of the dense arm."""
    places: Places | None = None
    """Where candidates and those beside them stand, of the episode arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Another time that is asked about: what counts then, and what counts no more now."""

    at: datetime
    held: Sequence[IndexEntry] = ()
    """Memories that counted then and are not active now: no index has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmQuery:
    """What every arm is asked."""

    text: str
    bank: ResolvedBank
    k: int
    allowed: Sequence[MemoryId] | None
    active_only: bool
    """Whether only active memories are wanted: the in-memory indexes hold no others."""
    day: Day | None = None
    """With it ``allowed`` names all that counts then, and whatever is superseded is in it."""
    asked_at: float = field(default_factory=time.monotonic)
    """Writes committed before this instant are covered; the arms share a catching up."""

    @property
    def held(self) -> Sequence[IndexEntry]:
        """Memories to answer with that no index in memory holds."""
        return () if self.day is None else self.day.held

    @property
    def is_indexed(self) -> bool:
        """Whether the indexes in memory, with what held on the day, have all that is wanted."""
        return self.active_only or self.day is not None

    def refuse_unindexed(self) -> None:
        """Raise ``NotIndexedError`` where memories are wanted that are not in memory."""
        if not self.is_indexed:
            raise NotIndexedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an arm found."""

    candidates: Sequence[Candidate]
    note: str | None = None
    embed_s: float = 0.0
    posed: DenseQuery | None = None
    places: Places | None = None


_WHY_BYPASSED: Mapping[type[IndexUnavailableError], str] = {
    IndexBehindError: "is too far behind",
    IndexNotLoadedError: "has not loaded the bank yet",
}

Ask = Callable[[ArmQuery], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Every arm there is."""

    embedders: Embedders
    index: MemoryIndex
    exact: MemoryIndex
    """pgvector: for states the index does not hold, and when the index cannot answer."""
    lexical: LexicalSearch
    check: IndexCheck
    """Takes some of the index's answers, to compare them when nobody waits."""

    @property
    def backend(self) -> str:
        """The dense arm's index."""
        return self.index.backend

    async def ask(self, query: ArmQuery, wanted: frozenset[Arm]) -> dict[Arm, ArmOutcome]:
        """Ask the wanted arms at the same time; none can fail the others."""
        assert_no_transaction("A search")
        asked: dict[Arm, Ask] = {Arm.DENSE: self._dense, Arm.LEXICAL: self._lexical}
        arms = [arm for arm in Arm if arm in wanted and arm in asked]
        outcomes = await asyncio.gather(*(timed(arm, asked[arm], query) for arm in arms))
        return dict(zip(arms, outcomes, strict=True))

    async def _dense(self, query: ArmQuery) -> Answer:
        embedder = self.embedders.of_model(query.bank.model_id, query.bank.scope.tenant_id)
        if embedder is None:
            raise ModelMismatchError(
                "The bank's vectors come from another embedding model than those in use; its"
                " memories are found by words until that model is configured again or the bank is"
                " re-embedded."
            )
        scope, model_id = query.bank.scope, query.bank.model_id
        refreshing = asyncio.create_task(_refreshed(self.index, scope, model_id, query.asked_at))
        try:
            started = time.perf_counter()
            space = Space(scope=scope, embedder=embedder)
            posed = await pose(space, query.text, k=query.k, allowed=query.allowed)
            embed_s = time.perf_counter() - started
        except BaseException:
            refreshing.cancel()
            raise
        await refreshing
        EMBED_SECONDS.labels(purpose="query").observe(embed_s)
        dense = replace(posed, asked_at=query.asked_at)
        if not query.active_only:
            found = await self.exact.search(query.bank.scope, dense)
            return Answer(candidates=found, embed_s=embed_s, posed=dense)
        found, note = await self._nearest(query, dense)
        return Answer(candidates=found, note=note, embed_s=embed_s, posed=dense)

    async def _nearest(
        self, query: ArmQuery, dense: DenseQuery
    ) -> tuple[list[Candidate], str | None]:
        told: list[str] = []
        try:
            found = await self.index.search(query.bank.scope, replace(dense, tell=told.append))
        except IndexUnavailableError as error:
            INDEX_FALLBACKS.labels(index=self.index.backend, reason=error.code).inc()
            _log.warning("index.bypassed", code=error.code, bank_id=str(query.bank.scope.bank_id))
            found = await self.exact.search(query.bank.scope, dense)
            why = _WHY_BYPASSED.get(type(error), "is away")
            told = [f"{self.index.backend} {why}; answered by {self.exact.backend}"]
        else:
            self.check.offer(query.bank.scope, dense, found)
        return found, "; ".join(told) or None

    async def _lexical(self, query: ArmQuery) -> Answer:
        query.refuse_unindexed()
        found = await self.lexical.search(
            query.bank.scope,
            query.text,
            k=query.k,
            allowed=query.allowed,
            language=query.bank.language,
            asked_at=query.asked_at,
            beside=query.held,
        )
        return Answer(candidates=found)


def skipped(why: MemsvcError) -> ArmOutcome:
    """Return the outcome of an arm that cannot serve a query, for a reason that is no failure."""
    report = ArmReport(
        status=ArmStatus.SKIPPED, reason=why.message, candidates=0, took_ms=0.0, embed_ms=0.0
    )
    return ArmOutcome(candidates=(), report=report, error=why)


async def _refreshed(index: MemoryIndex, scope: BankScope, model_id: str, asked_at: float) -> None:
    """Bring the index up to date while the question is embedded."""
    with suppress(UnavailableError):  # The search meets the same failure and deals with it.
        await index.refresh(scope, model_id, asked_at)


async def timed(arm: Arm, ask: Ask, query: ArmQuery) -> ArmOutcome:
    """Ask one arm; a named failure becomes its report, anything else is a defect and is raised."""
    started = time.perf_counter()
    answer = Answer(candidates=())
    error: MemsvcError | None = None
    status, reason = ArmStatus.OK, None
    try:
        answer = await ask(query)
        reason = answer.note
    except (ModelMismatchError, NotIndexedError, NoSeedsError) as skipped:
        status, reason, error = ArmStatus.SKIPPED, skipped.message, skipped
    except UnavailableError as failed:
        status, reason, error = ArmStatus.FAILED, failed.message, failed
    took_s = time.perf_counter() - started
    RECALL_ARM_SECONDS.labels(arm=arm, status=status).observe(took_s)
    report = ArmReport(
        status=status,
        reason=reason,
        candidates=len(answer.candidates),
        took_ms=(took_s - answer.embed_s) * 1000,
        embed_ms=answer.embed_s * 1000,
    )
    return ArmOutcome(
        candidates=answer.candidates,
        report=report,
        error=error,
        posed=answer.posed,
        places=answer.places,
    )


def rankings_of(outcomes: Mapping[Arm, ArmOutcome]) -> dict[Arm, Ranking]:
    """Return what each arm that answered found, best first."""
    return {
        arm: [(each.memory_id, each.score) for each in outcome.candidates]
        for arm, outcome in outcomes.items()
        if outcome.report.status is ArmStatus.OK
    }
