"""One bank, for asyncio."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, Unpack

from memsvc_client import calls, erasures, facts, given, graph, history, notes, retention, reviews
from memsvc_client.asking import AsyncAsking
from memsvc_client.batches import (
    join_episode_results,
    join_results,
    split_episodes,
    split_memories,
)
from memsvc_client.call import Reference
from memsvc_client.erasures import Erasure, ErasurePreview, Subject
from memsvc_client.facts import Fact, FactListing
from memsvc_client.given import GaveFacts, GivenFact, Giving
from memsvc_client.graph import (
    Entity,
    EntityDetail,
    EntityPath,
    GraphStatistics,
    Mentioning,
    Subgraph,
)
from memsvc_client.history import Effect, Operation
from memsvc_client.jobs import Job
from memsvc_client.models import (
    BatchResult,
    EpisodeBatchResult,
    EpisodeResult,
    Memory,
    MemoryResult,
    MemoryVersion,
)
from memsvc_client.notes import Annotations, ConsolidationPlan, MemoryDetail
from memsvc_client.records import Metadata
from memsvc_client.requests import (
    Document,
    Episode,
    EpisodeFields,
    MemoryFields,
    MemoryListing,
    Message,
    NewMemory,
)
from memsvc_client.retention import BankPolicy, Forecasts, RetentionPolicy, Sweep, SweepPreview
from memsvc_client.reviews import Review


class AsyncBank(AsyncAsking):
    """A bank of an ``AsyncClient``: the methods of ``Bank``, awaited; listings are async."""

    async def add_episode(
        self,
        messages: Sequence[Message] | None = None,
        *,
        document: Document | str | None = None,
        create: bool = False,
        **fields: Unpack[EpisodeFields],
    ) -> EpisodeResult:
        """See ``Bank.add_episode``."""
        return await self._sender.send(
            calls.add_episode(self.reference, messages, document=document, create=create, **fields)
        )

    async def add_episodes(
        self, episodes: Iterable[Episode], *, create: bool = False
    ) -> EpisodeBatchResult:
        """See ``Bank.add_episodes``."""
        requests = split_episodes(self.reference, episodes, create=create)
        return join_episode_results([await self._sender.send(request) for request in requests])

    async def add_memory(
        self, text: str, *, create: bool = False, **fields: Unpack[MemoryFields]
    ) -> MemoryResult:
        """See ``Bank.add_memory``."""
        return await self._sender.send(
            calls.add_memory(self.reference, text, create=create, **fields)
        )

    async def add_memories(
        self, memories: Iterable[NewMemory], *, create: bool = False
    ) -> BatchResult:
        """See ``Bank.add_memories``."""
        requests = split_memories(self.reference, memories, create=create)
        return join_results([await self._sender.send(request) for request in requests])

    async def get(self, memory_id: Reference) -> MemoryDetail:
        """See ``Bank.get``."""
        return await self._sender.send(notes.get_memory(self.reference, memory_id))

    def annotations(self, memory_id: Reference) -> AsyncIterator[Annotations]:
        """See ``Bank.annotations``."""
        return self._sender.items(notes.list_annotations(self.reference, memory_id))

    def memories(self, **narrowing: Unpack[MemoryListing]) -> AsyncIterator[Memory]:
        """See ``Bank.memories``."""
        return self._sender.items(calls.list_memories(self.reference, **narrowing))

    def versions(self, memory_id: Reference) -> AsyncIterator[MemoryVersion]:
        """See ``Bank.versions``."""
        return self._sender.items(calls.list_versions(self.reference, memory_id))

    async def update(
        self,
        memory_id: Reference,
        *,
        metadata: Metadata | None = None,
        pinned: bool | None = None,
    ) -> Memory:
        """See ``Bank.update``."""
        return await self._sender.send(
            calls.update_memory(self.reference, memory_id, metadata=metadata, pinned=pinned)
        )

    async def archive(self, memory_id: Reference) -> Memory:
        """See ``Bank.archive``."""
        return await self._sender.send(calls.archive_memory(self.reference, memory_id))

    async def restore(self, memory_id: Reference) -> Memory:
        """See ``Bank.restore``."""
        return await self._sender.send(calls.restore_memory(self.reference, memory_id))

    async def consolidate(
        self, *, stages: Sequence[str] | None = None, retry_set_aside: bool = False
    ) -> Job:
        """See ``Bank.consolidate``."""
        return await self._sender.send(
            notes.consolidate_bank(self.reference, stages=stages, retry_set_aside=retry_set_aside)
        )

    async def consolidation(self) -> ConsolidationPlan:
        """See ``Bank.consolidation``."""
        return await self._sender.send(notes.consolidation_plan(self.reference))

    def operations(
        self, *, kind: str | None = None, memory_id: Reference | None = None
    ) -> AsyncIterator[Operation]:
        """See ``Bank.operations``."""
        listing = history.list_operations(self.reference, kind=kind, memory_id=memory_id)
        return self._sender.items(listing)

    async def operation(self, operation_id: Reference) -> Operation:
        """See ``Bank.operation``."""
        return await self._sender.send(history.get_operation(self.reference, operation_id))

    def effects(self, operation_id: Reference) -> AsyncIterator[Effect]:
        """See ``Bank.effects``."""
        return self._sender.items(history.list_effects(self.reference, operation_id))

    def reviews(self, *, state: str | None = None) -> AsyncIterator[Review]:
        """See ``Bank.reviews``."""
        return self._sender.items(reviews.list_reviews(self.reference, state=state))

    async def accept_review(self, review_id: Reference) -> Review:
        """See ``Bank.accept_review``."""
        return await self._sender.send(reviews.accept_review(self.reference, review_id))

    async def reject_review(self, review_id: Reference) -> Review:
        """See ``Bank.reject_review``."""
        return await self._sender.send(reviews.reject_review(self.reference, review_id))

    async def preview_erasure(self, **subject: Unpack[Subject]) -> ErasurePreview:
        """See ``Bank.preview_erasure``."""
        return await self._sender.send(erasures.preview_erasure(self.reference, **subject))

    async def erase(self, **subject: Unpack[Subject]) -> Erasure:
        """See ``Bank.erase``."""
        return await self._sender.send(erasures.erase(self.reference, **subject))

    def erasures(self) -> AsyncIterator[Erasure]:
        """See ``Bank.erasures``."""
        return self._sender.items(erasures.list_erasures(self.reference))

    async def erasure(self, erasure_id: Reference) -> Erasure:
        """See ``Bank.erasure``."""
        return await self._sender.send(erasures.get_erasure(self.reference, erasure_id))

    async def undo(self, operation_id: Reference) -> Operation:
        """See ``Bank.undo``."""
        return await self._sender.send(history.undo_operation(self.reference, operation_id))

    async def retention_policy(self) -> BankPolicy:
        """See ``Bank.retention_policy``."""
        return await self._sender.send(retention.get_retention_policy(self.reference))

    async def set_retention_policy(self, policy: RetentionPolicy | None) -> BankPolicy:
        """See ``Bank.set_retention_policy``."""
        return await self._sender.send(retention.change_retention_policy(self.reference, policy))

    async def preview_prune(
        self,
        *,
        policy: RetentionPolicy | None = None,
        now: datetime | None = None,
        cursor: str | None = None,
    ) -> SweepPreview:
        """See ``Bank.preview_prune``."""
        call = retention.preview_prune(self.reference, policy=policy, now=now, cursor=cursor)
        return await self._sender.send(call)

    async def prune(
        self, *, policy: RetentionPolicy | None = None, now: datetime | None = None
    ) -> Sweep:
        """See ``Bank.prune``."""
        return await self._sender.send(retention.prune_bank(self.reference, policy=policy, now=now))

    async def forecast(
        self,
        *,
        days: int = 90,
        policies: Sequence[RetentionPolicy] = (),
        with_current: bool = False,
        listed: int = 20,
    ) -> Forecasts:
        """See ``Bank.forecast``."""
        call = retention.forecast_decay(
            self.reference,
            days=days,
            policies=policies,
            with_current=with_current,
            listed=listed,
        )
        return await self._sender.send(call)

    def facts(self, **narrowing: Unpack[FactListing]) -> AsyncIterator[Fact]:
        """See ``Bank.facts``."""
        return self._sender.items(facts.list_facts(self.reference, **narrowing))

    async def give_facts(
        self, facts: Sequence[GivenFact] = (), **giving: Unpack[Giving]
    ) -> GaveFacts:
        """See ``Bank.give_facts``."""
        return await self._sender.send(given.give_facts(self.reference, facts, **giving))

    async def graph_statistics(self) -> GraphStatistics:
        """See ``Bank.graph_statistics``."""
        return await self._sender.send(graph.graph_statistics(self.reference))

    def entities(self, containing: str | None = None) -> AsyncIterator[Entity]:
        """See ``Bank.entities``."""
        return self._sender.items(graph.list_entities(self.reference, containing=containing))

    async def entity(self, name: str, *, limit: int = 20) -> EntityDetail:
        """See ``Bank.entity``."""
        return await self._sender.send(graph.get_entity(self.reference, name, limit=limit))

    async def path(self, start: str, end: str) -> EntityPath:
        """See ``Bank.path``."""
        return await self._sender.send(graph.find_path(self.reference, start, end))

    async def graph_around(
        self, question: str, *, memories: int = 10, entities: int = 50, text: bool = True
    ) -> Subgraph:
        """See ``Bank.graph_around``."""
        call = graph.graph_around(
            self.reference, question, memories=memories, entities=entities, text=text
        )
        return await self._sender.send(call)

    def mentions(self) -> AsyncIterator[Mentioning]:
        """See ``Bank.mentions``."""
        return self._sender.items(graph.list_mentions(self.reference))

    async def rebuild_graph(self) -> Job:
        """See ``Bank.rebuild_graph``."""
        return await self._sender.send(graph.rebuild_graph(self.reference))

    async def graph(self) -> Any:  # noqa: ANN401 — a networkx.Graph: networkx is an extra
        """See ``Bank.graph``."""
        return graph.to_networkx([each async for each in self.mentions()])
