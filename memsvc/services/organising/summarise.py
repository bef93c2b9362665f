"""The stage of consolidating that summarises sessions, and renews what no longer holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from memsvc.domain.content import content_hash
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.lexical import analyze_text
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import BankScope, Memory, MemoryKind, MemoryState, ResolvedBank
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.domain.organising.summarising import Said, Summary, SummaryBounds, summarise
from memsvc.ports import Clock
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.store.audit import AuditEvent
from memsvc.store.memories import VersionToAdd
from memsvc.store.summaries import DIGEST_KEY, SUMMARY_SOURCE, StaleSession
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

_ACTOR = "summarise"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    session: StaleSession
    sources: Sequence[Memory]
    summary: Summary | None
    """``None``: nothing is left to summarise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariseStage:
    """Makes one summary for each session, user and agent: nobody's words stand in another's."""

    store: Store
    clock: Clock
    bounds: SummaryBounds = field(default_factory=SummaryBounds)
    most_sources: int = 500
    """Of a longer session the latest memories are read."""

    @property
    def name(self) -> str:
        """What callers call it."""
        return "summarise"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many sessions have no summary of what they hold now."""
        return await tx.summaries.count_stale(bank_id)

    async def run(self, context: JobContext) -> None:
        """Summarise session after session; a stopped job goes on with those still stale."""
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            bank = await tx.banks.resolve(str(scope.bank_id))
            stale = await tx.summaries.stale(scope.bank_id)
        for done, session in enumerate(stale, start=1):
            draft = await self._gather(scope, session)
            async with self.store.write(scope.tenant_id) as tx:
                is_ours = await tx.jobs.hold(context.job)
                if is_ours:
                    counted = await self._apply(tx, bank, draft, str(context.job.id))
                    if counted is not None:
                        await tx.jobs.count(context.job, {counted: 1})
            # Of a lost attempt, whoever keeps the job's state ends it here.
            await context.report_progress(Progress(done=done, total=len(stale)))
            if not is_ours:
                raise AttemptLostError

    async def _gather(self, scope: BankScope, session: StaleSession) -> _Draft:
        async with self.store.read(scope.tenant_id) as tx:
            sources = await tx.summaries.session_sources(
                scope.bank_id, session.keys, self.most_sources
            )
        said = [
            Said(
                memory_id=each.id,
                text=each.text,
                speaker=each.speaker,
                occurred_at=each.occurred_at,
            )
            for each in sources
        ]
        # Beside the event loop: a long session takes a while.
        summary = await asyncio.to_thread(summarise, said, self.bounds)
        return _Draft(session=session, sources=sources, summary=summary)

    async def _apply(
        self, tx: WriteTransaction, bank: ResolvedBank, draft: _Draft, job_id: str
    ) -> str | None:
        """Store the summary if the session is as it was read; return what to count."""
        bank_id = bank.scope.bank_id
        await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
        former = await tx.summaries.active_summaries(bank_id, draft.session.keys)
        # Whoever else summarises this session waits here, and then finds it done.
        await tx.organising.lock(bank_id, [each.id for each in (*draft.sources, *former)])
        if await tx.summaries.stale(bank_id, draft.session.keys) != [draft.session]:
            return None
        effects: list[Effect] = []
        if draft.summary is None:
            for each in former:
                effects += await _retire(tx, bank_id, each)
            changed, kind = [each.id for each in former], OperationKind.ARCHIVE
        else:
            memory = self._memory(bank, draft, draft.summary)
            await _add(tx, bank, memory)
            effects.append(state_effect(memory.id, None, MemoryState.ACTIVE))
            for each in former:
                await tx.memories.set_state(bank_id, each.id, MemoryState.SUPERSEDED)
                effects.append(state_effect(each.id, MemoryState.ACTIVE, MemoryState.SUPERSEDED))
            links = await tx.links.add(bank_id, _links(memory.id, draft.summary, former))
            effects += [link_effect(each, is_added=True) for each in links]
            changed, kind = [memory.id, *(each.id for each in former)], OperationKind.INSERT
        await tx.changes.record(bank_id, sorted(changed))
        operation = NewOperation(kind=kind, effects=effects, details={"job": job_id})
        operation_id = await tx.operations.record(bank_id, _ACTOR, operation)
        event = AuditEvent(
            operation="memory.summarise",
            memory_id=changed[0],
            details={"operation": str(operation_id), "sources": len(draft.sources)},
        )
        await tx.audit.record(bank_id, _ACTOR, [event])
        _log.info("summarise.session", bank_id=str(bank_id), sources=len(draft.sources))
        if draft.summary is None:
            return "summaries_retired"
        return "summaries_renewed" if former else "summaries_made"

    def _memory(self, bank: ResolvedBank, draft: _Draft, summary: Summary) -> Memory:
        now = self.clock.now()
        return Memory(
            id=MemoryId(uuid7(now)),
            bank_id=bank.scope.bank_id,
            kind=MemoryKind.SUMMARY,
            state=MemoryState.ACTIVE,
            text=summary.text,
            speaker=None,
            source=SUMMARY_SOURCE,
            external_id=None,
            episode_id=None,
            seq=0,
            keys=draft.session.keys,
            metadata={"level": "session", DIGEST_KEY: draft.session.digest},
            occurred_at=draft.sources[-1].occurred_at,
            recorded_at=now,
            updated_at=now,
            version=1,
            embedded=False,
            expires_at=None,
            pinned=False,
        )


async def _add(tx: WriteTransaction, bank: ResolvedBank, memory: Memory) -> None:
    """Store a new summary; its vectors follow."""
    version = VersionToAdd(
        memory=memory,
        content_hash=content_hash(memory.text, None, None),
        lexical=analyze_text(memory.text, bank.language),
        mentions=extract_entities(memory.text),
        operation="create",
        actor=_ACTOR,
    )
    bank_id = bank.scope.bank_id
    await tx.memories.add(bank_id, [version])
    await tx.jobs.add_once(NewJob(kind=JobKind.EMBED_PENDING, bank_id=bank_id))


async def _retire(tx: WriteTransaction, bank_id: BankId, summary: Memory) -> list[Effect]:
    """Archive a summary of nothing; made of nothing, it is made anew if its sources return."""
    metadata = {**summary.metadata, DIGEST_KEY: None}
    await tx.memories.set_annotations(bank_id, summary.id, metadata, pinned=summary.pinned)
    await tx.memories.set_state(bank_id, summary.id, MemoryState.ARCHIVED)
    return [
        Effect(
            aspect=Aspect.METADATA,
            target_id=summary.id,
            before=dict(summary.metadata),
            after=metadata,
        ),
        state_effect(summary.id, MemoryState.ACTIVE, MemoryState.ARCHIVED),
    ]


def _links(made: MemoryId, summary: Summary, former: Sequence[Memory]) -> list[NewLink]:
    return [
        *(NewLink(from_id=made, to_id=each, type=LinkType.SUMMARISES) for each in summary.evidence),
        *(NewLink(from_id=made, to_id=each.id, type=LinkType.SUPERSEDES) for each in former),
    ]
