"""Stages of consolidating that keep documents made of memories: one for each group, renewed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from memsvc.domain.content import content_hash
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, MemoryId, TenantId, uuid7
from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.lexical import analyze_text
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import (
    BankScope,
    Json,
    Memory,
    MemoryKind,
    MemoryState,
    Metadata,
    ResolvedBank,
)
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.errors import NeedsReviewError
from memsvc.ports import Clock
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.carrying_on import Former, former_of
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.store.audit import AuditEvent
from memsvc.store.memories import VersionToAdd
from memsvc.store.summaries import (
    DIGEST_KEY,
    STAND_IN_KEY,
    WATERMARK_KEY,
    Group,
    Level,
    StaleGroup,
)
from memsvc.store.transactions import (
    ReadTransaction,
    Store,
    WriteTransaction,
    assert_no_transaction,
)

REWRITE = "rewrite"
"""Of a job's payload: also renew documents that are by rules because a model had failed."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is made of a group of memories."""

    text: str
    evidence: Sequence[MemoryId] = ()
    """What it repeats; empty if there is nothing to show: the document is kept archived then, so
    that its group is not read again before it changes."""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a document is made of."""

    sources: Sequence[Memory]
    """Memories of its group, oldest first: all, or those since the former document."""
    former: Former | None = None
    """The document that is carried on with them."""


Make = Callable[[Group, Material], Document | None]
"""Makes the document of a group; ``None`` if there is nothing to make it of."""


Write = Callable[[TenantId, Group, Material, Document], Awaitable[Document]]
"""Has a model write the document in place of the one made by rules; raises ``NeedsReviewError`` if
that cannot be used, and what keeps the model from being asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    stale: StaleGroup
    material: Material
    document: Document | None
    """``None``: too little is left to make it of."""
    failure: str | None = None
    """Why it is by rules although a model was asked."""

    @property
    def sources(self) -> Sequence[Memory]:
        return self.material.sources


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentStage:
    """Keeps the documents of one level: made, renewed when their memories change, retired."""

    name: str
    """What callers call it."""
    noun: str
    """What a job counts: ``summaries_made``."""
    level: Level
    make: Make
    """By rules; what a model writes takes its place, where there is one."""
    store: Store
    clock: Clock
    most_sources: int = 500
    """Of a larger group the latest memories are read."""
    write: Write | None = None
    is_carried_on: bool = False
    """Whether what came since is folded into the former document, where the rest is as it was."""
    courtesy: Courtesy = field(default_factory=Courtesy)

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many groups have no document of what they hold now."""
        return await tx.summaries.count_stale(bank_id, self.level)

    async def run(self, context: JobContext) -> None:
        """Work off group after group; a stopped job goes on with those still stale."""
        scope = scope_of(context.job)
        again = context.job.payload.get(REWRITE) is True
        has_told = False
        async with self.store.read(scope.tenant_id) as tx:
            bank = await tx.banks.resolve(str(scope.bank_id))
            stale = await tx.summaries.stale(scope.bank_id, self.level, stand_ins=again)
        for done, each in enumerate(stale, start=1):
            await self.courtesy.turn()
            draft = await self._gather(scope, each, anew=again)
            async with self.store.write(scope.tenant_id) as tx:
                is_ours = await tx.jobs.hold(context.job)
                if is_ours:
                    counted = await self._apply(
                        tx, bank, draft, str(context.job.id), stand_ins=again
                    )
                    if counted is not None:
                        await tx.jobs.count(context.job, {f"{self.noun}_{counted}": 1})
                    if counted is not None and draft.failure is not None:
                        await tx.jobs.count(context.job, {f"{self.noun}_by_rules": 1})
                        if not has_told:
                            await self._tell(tx, scope, draft.failure)
                        has_told = True
            # Of a lost attempt, whoever keeps the job's state ends it here.
            await context.report_progress(Progress(done=done, total=len(stale)))
            if not is_ours:
                raise AttemptLostError

    async def _gather(self, scope: BankScope, stale: StaleGroup, *, anew: bool) -> _Draft:
        if stale.digest is None:
            return _Draft(stale=stale, material=Material(sources=()), document=None)
        async with self.store.read(scope.tenant_id) as tx:
            material = await self._material(tx, scope.bank_id, stale.group, anew=anew)
        # Beside the event loop: a large group takes a while.
        document = await asyncio.to_thread(self.make, stale.group, material)
        failure = None
        if self.write is not None and document is not None:
            assert_no_transaction("A model")
            try:
                document = await self.write(scope.tenant_id, stale.group, material, document)
            except NeedsReviewError as error:
                failure = error.message
                document = replace(document, metadata={**document.metadata, STAND_IN_KEY: True})
        return _Draft(stale=stale, material=material, document=document, failure=failure)

    async def _material(
        self, tx: ReadTransaction, bank_id: BankId, group: Group, *, anew: bool
    ) -> Material:
        if self.is_carried_on and not anew:
            former = await former_of(tx, bank_id, self.level, group)
            if former is not None:
                since = await tx.summaries.sources(
                    bank_id, self.level, group, self.most_sources, after=former.watermark
                )
                if since:
                    return Material(sources=since, former=former)
        return Material(
            sources=await tx.summaries.sources(bank_id, self.level, group, self.most_sources)
        )

    async def _tell(self, tx: WriteTransaction, scope: BankScope, reason: str) -> None:
        """Have a job say that documents are by rules; retried, it has the model write them."""
        payload: Metadata = {"stages": [self.name], REWRITE: True}
        new = NewJob(kind=JobKind.CONSOLIDATE, bank_id=scope.bank_id, payload=payload)
        await tx.jobs.set_aside(new, reason)

    async def _apply(
        self,
        tx: WriteTransaction,
        bank: ResolvedBank,
        draft: _Draft,
        job_id: str,
        *,
        stand_ins: bool,
    ) -> str | None:
        """Store the document if its group is as it was read; return what became of it."""
        bank_id = bank.scope.bank_id
        await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
        former = await tx.summaries.active(bank_id, self.level, draft.stale.group)
        # Whoever else works on this group waits here, and then finds it done.
        await tx.organising.lock(bank_id, [each.id for each in (*draft.sources, *former)])
        stale = await tx.summaries.stale(
            bank_id, self.level, draft.stale.group, stand_ins=stand_ins
        )
        if stale != [draft.stale]:
            return None
        carried_on = draft.material.former
        if carried_on is not None and [each.id for each in former] != [carried_on.memory_id]:
            return None  # it was undone or archived meanwhile: the next run begins anew
        if draft.document is None and not former:
            return None
        effects: list[Effect] = []
        changed = [each.id for each in former]
        if draft.document is None:
            for each in former:
                effects += await _retire(tx, bank_id, each)
            kind, became = OperationKind.ARCHIVE, "retired"
        else:
            memory = self._memory(bank, draft, draft.document)
            effects += await self._replace(tx, bank, memory, draft.document, former)
            changed.insert(0, memory.id)
            is_shown = bool(draft.document.evidence)
            kind = OperationKind.INSERT if is_shown else OperationKind.ARCHIVE
            became = _outcome(is_shown=is_shown, is_renewed=bool(former))
        await tx.changes.record(bank_id, sorted(changed))
        operation = NewOperation(kind=kind, effects=effects, details={"job": job_id})
        operation_id = await tx.operations.record(bank_id, self.name, operation)
        event = AuditEvent(
            operation=f"memory.{self.name}",
            memory_id=changed[0],
            details={"operation": str(operation_id), "sources": len(draft.sources)},
        )
        await tx.audit.record(bank_id, self.name, [event])
        _log.info(
            "organise.document",
            stage=self.name,
            bank_id=str(bank_id),
            sources=len(draft.sources),
        )
        return became or None

    async def _replace(
        self,
        tx: WriteTransaction,
        bank: ResolvedBank,
        memory: Memory,
        document: Document,
        former: Sequence[Memory],
    ) -> list[Effect]:
        """Store a new document in place of the former ones."""
        bank_id = bank.scope.bank_id
        await self._add(tx, bank, memory)
        effects = [state_effect(memory.id, None, memory.state)]
        for each in former:
            await tx.memories.set_state(bank_id, each.id, MemoryState.SUPERSEDED)
            effects.append(state_effect(each.id, MemoryState.ACTIVE, MemoryState.SUPERSEDED))
        links = await tx.links.add(bank_id, _links(memory.id, document, former))
        return effects + [link_effect(each, is_added=True) for each in links]

    def _memory(self, bank: ResolvedBank, draft: _Draft, document: Document) -> Memory:
        now = self.clock.now()
        return Memory(
            id=MemoryId(uuid7(now)),
            bank_id=bank.scope.bank_id,
            kind=MemoryKind.SUMMARY,
            state=MemoryState.ACTIVE if document.evidence else MemoryState.ARCHIVED,
            text=document.text,
            speaker=None,
            source=self.level.value,
            external_id=None,
            episode_id=None,
            seq=0,
            keys=draft.stale.group.keys,
            metadata={**document.metadata, **self._mark(draft.stale)},
            occurred_at=draft.sources[-1].occurred_at,
            recorded_at=now,
            updated_at=now,
            version=1,
            embedded=False,
            expires_at=None,
            pinned=False,
        )

    def _mark(self, stale: StaleGroup) -> Metadata:
        """Return up to where the document tells of its group."""
        mark: dict[str, Json] = {DIGEST_KEY: stale.digest}
        if self.is_carried_on:
            mark[WATERMARK_KEY] = None if stale.last is None else str(stale.last)
        return mark

    async def _add(self, tx: WriteTransaction, bank: ResolvedBank, memory: Memory) -> None:
        """Store a new document; its vectors follow."""
        version = VersionToAdd(
            memory=memory,
            content_hash=content_hash(memory.text, None, None),
            lexical=analyze_text(memory.text, bank.language),
            mentions=extract_entities(memory.text),
            operation="create",
            actor=self.name,
        )
        bank_id = bank.scope.bank_id
        await tx.memories.add(bank_id, [version])
        await tx.jobs.add_once(NewJob(kind=JobKind.EMBED_PENDING, bank_id=bank_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A stage of several levels, each made of what the one before has made."""

    name: str
    """What callers call it."""
    levels: Sequence[DocumentStage]

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many groups of any level have no document of what they hold now."""
        return sum([await each.todo(tx, bank_id) for each in self.levels])

    async def run(self, context: JobContext) -> None:
        """Work off level after level."""
        for each in self.levels:
            await each.run(context)


def _outcome(*, is_shown: bool, is_renewed: bool) -> str:
    """Return what to count; nothing for a document that was not there and still shows nothing."""
    if is_shown:
        return "renewed" if is_renewed else "made"
    return "retired" if is_renewed else ""


async def _retire(tx: WriteTransaction, bank_id: BankId, document: Memory) -> list[Effect]:
    """Archive a document of nothing; made of nothing, it is made anew if its sources return."""
    metadata = {**document.metadata, DIGEST_KEY: None}
    await tx.memories.set_annotations(bank_id, document.id, metadata, pinned=document.pinned)
    await tx.memories.set_state(bank_id, document.id, MemoryState.ARCHIVED)
    return [
        Effect(
            aspect=Aspect.METADATA,
            target_id=document.id,
            before=dict(document.metadata),
            after=metadata,
        ),
        state_effect(document.id, MemoryState.ACTIVE, MemoryState.ARCHIVED),
    ]


def _links(made: MemoryId, document: Document, former: Sequence[Memory]) -> list[NewLink]:
    evidence = dict.fromkeys(document.evidence)
    return [
        *(NewLink(from_id=made, to_id=each, type=LinkType.SUMMARISES) for each in evidence),
        *(NewLink(from_id=made, to_id=each.id, type=LinkType.SUPERSEDES) for each in former),
    ]
