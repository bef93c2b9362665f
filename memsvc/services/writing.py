"""Writing prepared memories: everything one write changes, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from memsvc.domain.identifiers import JobId, MemoryId, uuid7_run
from memsvc.domain.jobs import JobKind, NewJob
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import (
    Memory,
    MemoryState,
    ResolvedBank,
    ScopeKeys,
    WriteStatus,
    Written,
)
from memsvc.domain.organising.notes import ORGANISED_KINDS
from memsvc.services.drafts import SentDocument, passage_prefix
from memsvc.services.preparation import Prepared
from memsvc.store.audit import AuditEvent
from memsvc.store.embeddings import VectorsToAdd
from memsvc.store.episodes import OpenEpisode
from memsvc.store.memories import KnownItem, VersionToAdd
from memsvc.store.state_history import PASSAGE_SUPERSEDED
from memsvc.store.transactions import WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBatch:
    """What became of each prepared memory, in order."""

    written: Sequence[Written]
    embedded: bool
    jobs: Sequence[JobId]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One memory to insert or to give a new version."""

    prepared: Prepared
    memory: Memory

    @property
    def is_new(self) -> bool:
        return self.memory.version == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriter:
    """Writes one batch into one bank; the caller holds the locks of its sources."""

    tx: WriteTransaction
    bank: ResolvedBank
    actor: str
    now: datetime
    organise_after_s: float | None = None
    """When what is written is to be organised; ``None``: when somebody asks for it."""

    async def write(
        self, prepared: Sequence[Prepared], episodes: Sequence[OpenEpisode]
    ) -> WrittenBatch:
        """Insert what is new, add versions to what changed, leave the rest alone."""
        bank_id = self.bank.scope.bank_id
        items = [each.draft.item for each in prepared if each.draft.item is not None]
        known = await self.tx.memories.known_items(bank_id, items)
        plan = _plan(prepared, known)
        # Most of what is sent again has not changed: only the rest has to be read.
        outdated = [
            item.memory_id
            for each, item in zip(prepared, plan, strict=True)
            if item is not None and item.content_hash != each.draft.content_hash
        ]
        stored = await self.tx.memories.fetch(bank_id, outdated)
        changes = self._changes(prepared, plan, stored, episodes)
        await self._store(list(changes.values()), episodes)
        jobs = await self._defer_missing_vectors(list(changes.values()))
        await self._have_organised(list(changes.values()))
        written = [_written(each, plan[no], changes.get(no)) for no, each in enumerate(prepared)]
        return WrittenBatch(written=written, embedded=not jobs, jobs=jobs)

    async def supersede_former_passages(self, documents: Sequence[SentDocument]) -> None:
        """Take passages out of recall that lie beyond the present end of their document."""
        bank_id = self.bank.scope.bank_id
        for document in documents:
            prefix = passage_prefix(document.external_id)
            former = await self.tx.memories.active_passages(bank_id, document.source, prefix)
            beyond = [each for no, each in former.items() if no >= document.passage_count]
            for memory in beyond:
                await self.tx.memories.set_state(bank_id, memory.id, MemoryState.SUPERSEDED)
            await self.tx.changes.record(bank_id, [memory.id for memory in beyond])
            await self.tx.audit.record(
                bank_id, self.actor, [_superseded(memory) for memory in beyond]
            )

    def _changes(
        self,
        prepared: Sequence[Prepared],
        plan: Sequence[KnownItem | None],
        stored: Mapping[MemoryId, Memory],
        episodes: Sequence[OpenEpisode],
    ) -> dict[int, _Change]:
        """Return the memory as it shall be for every position that changes anything."""
        changes: dict[int, _Change] = {}
        next_seq = [each.memory_count for each in episodes]
        fresh = iter(uuid7_run(self.now, len(prepared)))
        for no, (each, item) in enumerate(zip(prepared, plan, strict=True)):
            if item is None:
                episode_no = each.draft.episode_no
                seq = 0 if episode_no is None else next_seq[episode_no]
                if episode_no is not None:
                    next_seq[episode_no] += 1
                memory = self._new_memory(each, MemoryId(next(fresh)), seq, episodes)
            elif item.content_hash != each.draft.content_hash:
                memory = self._next_version(each, stored[item.memory_id])
            else:
                continue
            changes[no] = _Change(prepared=each, memory=memory)
        return changes

    def _new_memory(
        self, each: Prepared, memory_id: MemoryId, seq: int, episodes: Sequence[OpenEpisode]
    ) -> Memory:
        draft = each.draft
        episode = None if draft.episode_no is None else episodes[draft.episode_no].episode
        return Memory(
            id=memory_id,
            bank_id=self.bank.scope.bank_id,
            kind=draft.kind,
            state=MemoryState.ACTIVE,
            text=draft.text,
            speaker=draft.speaker,
            source=draft.source,
            external_id=draft.external_id,
            episode_id=None if episode is None else episode.id,
            seq=seq,
            keys=draft.keys if episode is None else _inherit(draft.keys, episode.keys),
            metadata=draft.metadata,
            occurred_at=draft.occurred_at,
            recorded_at=self.now,
            updated_at=self.now,
            version=1,
            embedded=self._has_vectors(each),
            expires_at=draft.expires_at,
            pinned=False,
        )

    def _next_version(self, each: Prepared, stored: Memory) -> Memory:
        """Return what the caller says now; a key or metadata left out stays as it was.

        New content is news: it makes an archived or expired memory active again.
        """
        draft = each.draft
        return replace(
            stored,
            kind=draft.kind,
            state=MemoryState.ACTIVE,
            text=draft.text,
            speaker=draft.speaker,
            keys=_inherit(draft.keys, stored.keys),
            metadata=draft.metadata or stored.metadata,
            occurred_at=draft.occurred_at,
            expires_at=draft.expires_at,
            updated_at=self.now,
            version=stored.version + 1,
            embedded=self._has_vectors(each),
        )

    def _has_vectors(self, each: Prepared) -> bool:
        return self.bank.model_id in each.vectors

    async def _store(self, changes: Sequence[_Change], episodes: Sequence[OpenEpisode]) -> None:
        bank_id = self.bank.scope.bank_id
        new = [change for change in changes if change.is_new]
        # Looked up before anything new is in: each episode's chain goes on from here.
        links = await self._next_links(new, episodes)
        await self.tx.memories.add(bank_id, [self._version(change) for change in new])
        await self.tx.memories.replace(
            bank_id, [self._version(change) for change in changes if not change.is_new]
        )
        await self._add_vectors(changes)
        await self.tx.memories.link(bank_id, links)
        for no, episode in enumerate(episodes):
            added = sum(change.prepared.draft.episode_no == no for change in new)
            if added:
                await self.tx.episodes.grow(bank_id, episode.episode.id, added)
        await self.tx.changes.record(bank_id, [change.memory.id for change in changes])
        await self.tx.audit.record(bank_id, self.actor, [_event(change) for change in changes])

    async def _add_vectors(self, changes: Sequence[_Change]) -> None:
        """Store the vectors of the serving model, and of the one the bank moves to."""
        models = dict.fromkeys((self.bank.model_id, self.bank.building_model_id))
        for model_id in filter(None, models):
            items = [
                VectorsToAdd(
                    memory_id=change.memory.id, version=change.memory.version, vectors=vectors
                )
                for change in changes
                if (vectors := change.prepared.vectors.get(model_id)) is not None
            ]
            await self.tx.embeddings.add(self.bank.scope.bank_id, model_id, items)

    def _version(self, change: _Change) -> VersionToAdd:
        return VersionToAdd(
            memory=change.memory,
            content_hash=change.prepared.draft.content_hash,
            lexical=change.prepared.lexical,
            mentions=change.prepared.mentions,
            operation="create" if change.is_new else "update",
            actor=self.actor,
        )

    async def _next_links(
        self, new: Sequence[_Change], episodes: Sequence[OpenEpisode]
    ) -> list[NewLink]:
        links: list[NewLink] = []
        for no, episode in enumerate(episodes):
            chain = [each.memory.id for each in new if each.prepared.draft.episode_no == no]
            if chain and episode.memory_count:
                last = await self.tx.memories.last_of_episode(
                    self.bank.scope.bank_id, episode.episode.id
                )
                chain = chain if last is None else [last, *chain]
            links.extend(
                NewLink(from_id=earlier, to_id=later, type=LinkType.NEXT)
                for earlier, later in pairwise(chain)
            )
        return links

    async def _defer_missing_vectors(self, changes: Sequence[_Change]) -> list[JobId]:
        if all(change.memory.embedded for change in changes):
            return []
        job = await self.tx.jobs.add_once(
            NewJob(kind=JobKind.EMBED_PENDING, bank_id=self.bank.scope.bank_id)
        )
        return [job.id]

    async def _have_organised(self, changes: Sequence[_Change]) -> None:
        """Add the job that makes notes of it, unless one is about to begin; comes last."""
        if self.organise_after_s is None:
            return
        # What waits for vectors is organised once it has them.
        ready = any(
            change.memory.embedded and change.memory.kind in ORGANISED_KINDS for change in changes
        )
        if ready:
            new = NewJob(kind=JobKind.ORGANISE, bank_id=self.bank.scope.bank_id)
            await self.tx.jobs.add_once(new, after_s=self.organise_after_s)


def _plan(
    prepared: Sequence[Prepared], known: Mapping[tuple[str, str], KnownItem]
) -> list[KnownItem | None]:
    return [None if each.draft.item is None else known.get(each.draft.item) for each in prepared]


def _inherit(given: ScopeKeys, known: ScopeKeys) -> ScopeKeys:
    """Fill the keys that a caller leaves out from what is known already."""
    return ScopeKeys(
        user_id=given.user_id or known.user_id,
        agent_id=given.agent_id or known.agent_id,
        session_id=given.session_id or known.session_id,
    )


def _superseded(memory: Memory) -> AuditEvent:
    return AuditEvent(
        operation=PASSAGE_SUPERSEDED,
        memory_id=memory.id,
        before_version=memory.version,
        after_version=memory.version,
    )


def _event(change: _Change) -> AuditEvent:
    return AuditEvent(
        operation="memory.create" if change.is_new else "memory.update",
        memory_id=change.memory.id,
        before_version=None if change.is_new else change.memory.version - 1,
        after_version=change.memory.version,
    )


def _written(each: Prepared, item: KnownItem | None, change: _Change | None) -> Written:
    external_id = each.draft.external_id
    if change is not None:
        return Written(
            id=change.memory.id,
            version=change.memory.version,
            external_id=external_id,
            status=WriteStatus.CREATED if change.is_new else WriteStatus.UPDATED,
        )
    if item is None:
        raise AssertionError("a draft without a stored item always changes something")
    return Written(
        id=item.memory_id,
        version=item.version,
        external_id=external_id,
        status=WriteStatus.UNCHANGED,
    )
