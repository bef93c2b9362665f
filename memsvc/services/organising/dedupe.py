"""The stage of consolidating that merges duplicates and asks about what is nearly one."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Progress
from memsvc.domain.memory import BankScope, Memory, ResolvedBank
from memsvc.domain.thoughts.duplicates import Bounds, Judgement, Verdict, judge
from memsvc.domain.thoughts.merging import NewReview, loses_nothing, may_merge, staying
from memsvc.domain.thoughts.statements import Statement
from memsvc.errors import IndexUnavailableError
from memsvc.ports import DenseQuery, MemoryIndex, Vector
from memsvc.services.courtesy import Courtesy
from memsvc.services.merging import Merge, merge_within
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.services.settling_facts import settle_facts_anew
from memsvc.store.transactions import (
    ReadTransaction,
    Store,
    WriteTransaction,
    assert_no_transaction,
)

_ACTOR = "dedupe"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMemories:
    """Two memories as they were read, and what they are to each other."""

    one: Memory
    """The older one."""
    other: Memory
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    memories: Mapping[MemoryId, Memory]
    """Those compared and their nearest ones, as they were read."""
    compared: Sequence[MemoryId]
    judged: Sequence[JudgedMemories]
    """Duplicates and uncertain pairs, surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupeStage:
    """Holds each memory against its nearest ones, once for each of its texts."""

    store: Store
    index: MemoryIndex
    exact: MemoryIndex
    """Where the index cannot answer."""
    bounds: Bounds = field(default_factory=Bounds)
    neighbours: int = 8
    page: int = 50
    courtesy: Courtesy = field(default_factory=Courtesy)

    @property
    def name(self) -> str:
        """What callers call it."""
        return "dedupe"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many memories it would compare now."""
        return await tx.duplicates.count_uncompared(bank_id)

    async def run(self, context: JobContext) -> None:
        """Compare page after page; what is done is marked, so that a stopped job goes on there."""
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            bank = await tx.banks.resolve(str(scope.bank_id))
            total = await tx.duplicates.count_uncompared(scope.bank_id)
        done, after = 0, None
        while ids := await self._next(scope, after):
            await self.courtesy.turn()
            page = await self._gather(bank, ids)
            async with self.store.write(scope.tenant_id) as tx:
                is_ours = await tx.jobs.hold(context.job)
                if is_ours:
                    counts = await self._apply(tx, scope.bank_id, page, str(context.job.id))
                    await tx.jobs.count(context.job, counts)
            done, after = done + len(ids), ids[-1]
            # Of a lost attempt, whoever keeps the job's state ends it here.
            await context.report_progress(Progress(done=done, total=max(total, done)))
            if not is_ours:
                raise AttemptLostError

    async def _next(self, scope: BankScope, after: MemoryId | None) -> Sequence[MemoryId]:
        async with self.store.read(scope.tenant_id) as tx:
            return await tx.duplicates.uncompared(scope.bank_id, after=after, limit=self.page)

    async def _gather(self, bank: ResolvedBank, ids: Sequence[MemoryId]) -> _Page:
        scope = bank.scope
        async with self.store.read(scope.tenant_id) as tx:
            vectors = dict(await tx.organising.vectors(scope.bank_id, bank.model_id, ids))
        pairs = await self._near(bank, vectors)
        others = {each for pair in pairs for each in pair} | set(ids)
        async with self.store.read(scope.tenant_id) as tx:
            missing = others - vectors.keys()
            vectors |= await tx.organising.vectors(scope.bank_id, bank.model_id, missing)
            memories = await tx.memories.fetch(scope.bank_id, sorted(others))
            sources = await tx.organising.sources(scope.bank_id, others)
            settled = await tx.duplicates.settled(scope.bank_id, others)
        statements = {
            each: Statement(
                text=source.text,
                language=source.language,
                speaker=source.speaker,
                said_at=source.occurred_at,
            )
            for each, source in sources.items()
        }
        judged = []
        for one, other in sorted(pairs):
            if frozenset((one, other)) in settled or not {one, other} <= statements.keys():
                continue
            if not may_merge(memories[one], memories[other]):
                continue
            cosine = _cosine(vectors, one, other)
            found = judge(statements[one], statements[other], cosine, self.bounds)
            if found.verdict is not Verdict.DISTINCT:
                judged.append(
                    JudgedMemories(one=memories[one], other=memories[other], judgement=found)
                )
            await asyncio.sleep(0)  # requests go first
        judged.sort(key=lambda each: (-each.judgement.score, each.one.id, each.other.id))
        return _Page(memories=memories, compared=ids, judged=judged)

    async def _near(
        self, bank: ResolvedBank, vectors: Mapping[MemoryId, Vector]
    ) -> set[tuple[MemoryId, MemoryId]]:
        """Return pairs of each memory and its nearest ones, the older first."""
        assert_no_transaction("A search")
        asked_at = time.monotonic()  # one for all: the index catches up once
        pairs = set()
        for memory_id, vector in vectors.items():
            query = DenseQuery(
                vector=vector, model_id=bank.model_id, k=self.neighbours + 1, asked_at=asked_at
            )
            try:
                found = await self.index.search(bank.scope, query)
            except IndexUnavailableError:
                found = await self.exact.search(bank.scope, query)
            pairs |= {
                (min(memory_id, each.memory_id), max(memory_id, each.memory_id))
                for each in found
                if each.memory_id != memory_id
            }
        return pairs

    async def _apply(
        self, tx: WriteTransaction, bank_id: BankId, page: _Page, job_id: str
    ) -> Mapping[str, int]:
        """Merge and ask, as far as both memories are as they were read."""
        await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
        await tx.organising.lock(bank_id, page.memories.keys())
        now = await tx.memories.fetch(bank_id, sorted(page.memories))
        standing = {each: memory for each, memory in now.items() if memory == page.memories[each]}
        compared = [(each, standing[each].version) for each in page.compared if each in standing]
        merged, joined, asked = 0, set[MemoryId](), []
        for pair in page.judged:
            if not {pair.one.id, pair.other.id} <= standing.keys():
                continue  # changed meanwhile, or merged a moment ago
            found = pair.judgement
            kept, gone = staying(pair.one, pair.other, same_text=found.evidence.same_text)
            if found.verdict is Verdict.DUPLICATE and loses_nothing(kept, gone):
                merge = Merge(
                    kept=kept, gone=gone, score=found.score, evidence=found.evidence.to_json()
                )
                await merge_within(tx, bank_id, _ACTOR, merge, {"job": job_id})
                del standing[gone.id]
                joined |= {kept.id, gone.id}
                merged += 1
            else:
                asked.append(pair)
        proposed = [_question(each) for each in asked if _both_stand(each, standing)]
        reviews = await tx.duplicates.propose(bank_id, proposed)
        await tx.duplicates.mark_compared(bank_id, compared)
        await settle_facts_anew(tx, bank_id, joined)
        _log.info("dedupe.page", bank_id=str(bank_id), merged=merged, reviews=reviews)
        return {"compared": len(compared), "merged": merged, "for_review": reviews}


def _both_stand(pair: JudgedMemories, standing: Mapping[MemoryId, Memory]) -> bool:
    return {pair.one.id, pair.other.id} <= standing.keys()


def _question(pair: JudgedMemories) -> NewReview:
    return NewReview(
        one_id=pair.one.id,
        other_id=pair.other.id,
        one_version=pair.one.version,
        other_version=pair.other.version,
        score=pair.judgement.score,
        evidence=pair.judgement.evidence.to_json(),
    )


def _cosine(vectors: Mapping[MemoryId, Vector], one: MemoryId, other: MemoryId) -> float:
    """Return the cosine of two texts; 0 where either has no vector of the bank's model yet."""
    if not {one, other} <= vectors.keys():
        return 0.0
    return float(vectors[one] @ vectors[other])
