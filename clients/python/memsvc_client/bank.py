"""One bank: writing to it, asking it, and looking after single memories."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Unpack

from memsvc_client import calls, erasures, facts, given, graph, history, notes, retention, reviews
from memsvc_client.asking import Asking
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


class Bank(Asking):
    """A bank of a ``Client``; made by ``Client.bank``, without a request.

    ``create=True`` at a writing method makes the bank when there is none of this name. Every
    method raises the errors of ``memsvc_client.errors``.
    """

    def add_episode(
        self,
        messages: Sequence[Message] | None = None,
        *,
        document: Document | str | None = None,
        create: bool = False,
        **fields: Unpack[EpisodeFields],
    ) -> EpisodeResult:
        """Store a conversation or a document; it can be recalled when this returns."""
        return self._sender.send(
            calls.add_episode(self.reference, messages, document=document, create=create, **fields)
        )

    def add_episodes(
        self, episodes: Iterable[Episode], *, create: bool = False
    ) -> EpisodeBatchResult:
        """Store many episodes, in as many calls as they need (50 episodes, 1000 messages each).

        Each call is atomic, all together are not: when one fails, those before it are stored.
        Messages with an ``external_id`` may be sent again.
        """
        requests = split_episodes(self.reference, episodes, create=create)
        return join_episode_results(self._sender.send(request) for request in requests)

    def add_memory(
        self, text: str, *, create: bool = False, **fields: Unpack[MemoryFields]
    ) -> MemoryResult:
        """Store one verbatim item; it can be recalled when this returns."""
        return self._sender.send(calls.add_memory(self.reference, text, create=create, **fields))

    def add_memories(self, memories: Iterable[NewMemory], *, create: bool = False) -> BatchResult:
        """Store many verbatim items, in as many calls as they need (500 items each).

        Each call is atomic, all together are not: when one fails, those before it are stored.
        Items with an ``external_id`` may be sent again.
        """
        requests = split_memories(self.reference, memories, create=create)
        return join_results(self._sender.send(request) for request in requests)

    def get(self, memory_id: Reference) -> MemoryDetail:
        """Return one memory at its current version, with annotations and links."""
        return self._sender.send(notes.get_memory(self.reference, memory_id))

    def annotations(self, memory_id: Reference) -> Iterator[Annotations]:
        """Yield every version of a memory's annotations, oldest first."""
        return self._sender.items(notes.list_annotations(self.reference, memory_id))

    def memories(self, **narrowing: Unpack[MemoryListing]) -> Iterator[Memory]:
        """Yield the bank's memories, oldest first; pages are fetched as they are needed."""
        return self._sender.items(calls.list_memories(self.reference, **narrowing))

    def versions(self, memory_id: Reference) -> Iterator[MemoryVersion]:
        """Yield the versions of a memory; pages are fetched as they are needed."""
        return self._sender.items(calls.list_versions(self.reference, memory_id))

    def update(
        self,
        memory_id: Reference,
        *,
        metadata: Metadata | None = None,
        pinned: bool | None = None,
    ) -> Memory:
        """Merge ``metadata`` into a memory's own (``None`` removes a key), pin or unpin it."""
        return self._sender.send(
            calls.update_memory(self.reference, memory_id, metadata=metadata, pinned=pinned)
        )

    def archive(self, memory_id: Reference) -> Memory:
        """Take a memory out of recall, reversibly."""
        return self._sender.send(calls.archive_memory(self.reference, memory_id))

    def restore(self, memory_id: Reference) -> Memory:
        """Make a memory active again."""
        return self._sender.send(calls.restore_memory(self.reference, memory_id))

    def consolidate(
        self, *, stages: Sequence[str] | None = None, retry_set_aside: bool = False
    ) -> Job:
        """Have what waits organised now; return the job, or the one that is under way already."""
        return self._sender.send(
            notes.consolidate_bank(self.reference, stages=stages, retry_set_aside=retry_set_aside)
        )

    def consolidation(self) -> ConsolidationPlan:
        """Return what consolidating would do now, and how far the bank is."""
        return self._sender.send(notes.consolidation_plan(self.reference))

    def operations(
        self, *, kind: str | None = None, memory_id: Reference | None = None
    ) -> Iterator[Operation]:
        """Yield what was done to the bank, newest first; pages are fetched as they are needed."""
        listing = history.list_operations(self.reference, kind=kind, memory_id=memory_id)
        return self._sender.items(listing)

    def operation(self, operation_id: Reference) -> Operation:
        """Return one operation."""
        return self._sender.send(history.get_operation(self.reference, operation_id))

    def effects(self, operation_id: Reference) -> Iterator[Effect]:
        """Yield what an operation changed."""
        return self._sender.items(history.list_effects(self.reference, operation_id))

    def reviews(self, *, state: str | None = None) -> Iterator[Review]:
        """Yield pairs that may be duplicates, newest first: the open ones, or those in a state."""
        return self._sender.items(reviews.list_reviews(self.reference, state=state))

    def accept_review(self, review_id: Reference) -> Review:
        """Merge a pair; the answer names the operation that undoes it."""
        return self._sender.send(reviews.accept_review(self.reference, review_id))

    def reject_review(self, review_id: Reference) -> Review:
        """Keep a pair apart; it is not proposed again while both texts stay as they are."""
        return self._sender.send(reviews.reject_review(self.reference, review_id))

    def preview_erasure(self, **subject: Unpack[Subject]) -> ErasurePreview:
        """Count what ``erase`` of the same subject would begin with; changes nothing."""
        return self._sender.send(erasures.preview_erasure(self.reference, **subject))

    def erase(self, **subject: Unpack[Subject]) -> Erasure:
        """Erase for good: exactly one of ``user_id``, ``session_id`` and ``memory_ids``.

        A job does it; ``erasure`` has the signed receipt once its state is ``complete``.
        """
        return self._sender.send(erasures.erase(self.reference, **subject))

    def erasures(self) -> Iterator[Erasure]:
        """Yield the bank's erasures, newest first."""
        return self._sender.items(erasures.list_erasures(self.reference))

    def erasure(self, erasure_id: Reference) -> Erasure:
        """Return an erasure, with its signed receipt once it is finished."""
        return self._sender.send(erasures.get_erasure(self.reference, erasure_id))

    def undo(self, operation_id: Reference) -> Operation:
        """Set everything again as it was before an operation; return the undoing one.

        Raises ``UndoPreventedError``, which names what has changed since.
        """
        return self._sender.send(history.undo_operation(self.reference, operation_id))

    def retention_policy(self) -> BankPolicy:
        """Return the bank's policy; without one nothing of it fades."""
        return self._sender.send(retention.get_retention_policy(self.reference))

    def set_retention_policy(self, policy: RetentionPolicy | None) -> BankPolicy:
        """Have memories fade by ``policy`` from now on, or not at all."""
        return self._sender.send(retention.change_retention_policy(self.reference, policy))

    def preview_prune(
        self,
        *,
        policy: RetentionPolicy | None = None,
        now: datetime | None = None,
        cursor: str | None = None,
    ) -> SweepPreview:
        """Return a page of what a sweep would do, and why; changes nothing."""
        call = retention.preview_prune(self.reference, policy=policy, now=now, cursor=cursor)
        return self._sender.send(call)

    def prune(self, *, policy: RetentionPolicy | None = None, now: datetime | None = None) -> Sweep:
        """Start to archive what has faded; the operation in the answer undoes it."""
        return self._sender.send(retention.prune_bank(self.reference, policy=policy, now=now))

    def forecast(
        self,
        *,
        days: int = 90,
        policies: Sequence[RetentionPolicy] = (),
        with_current: bool = False,
        listed: int = 20,
    ) -> Forecasts:
        """Say what will fade when, under the bank's policy or under ``policies``."""
        call = retention.forecast_decay(
            self.reference,
            days=days,
            policies=policies,
            with_current=with_current,
            listed=listed,
        )
        return self._sender.send(call)

    def facts(self, **narrowing: Unpack[FactListing]) -> Iterator[Fact]:
        """Yield what holds now, or as of a time, or all; what holds since latest first."""
        return self._sender.items(facts.list_facts(self.reference, **narrowing))

    def give_facts(self, facts: Sequence[GivenFact] = (), **giving: Unpack[Giving]) -> GaveFacts:
        """Give facts and entities that were read from memories elsewhere; again changes nothing."""
        return self._sender.send(given.give_facts(self.reference, facts, **giving))

    def graph_statistics(self) -> GraphStatistics:
        """Say how large the bank's graph is."""
        return self._sender.send(graph.graph_statistics(self.reference))

    def entities(self, containing: str | None = None) -> Iterator[Entity]:
        """Yield what memories speak of, most mentioned first."""
        return self._sender.items(graph.list_entities(self.reference, containing=containing))

    def entity(self, name: str, *, limit: int = 20) -> EntityDetail:
        """Return an entity with the memories that speak of it and its neighbours."""
        return self._sender.send(graph.get_entity(self.reference, name, limit=limit))

    def path(self, start: str, end: str) -> EntityPath:
        """Return a shortest way between two entities, over memories that name both."""
        return self._sender.send(graph.find_path(self.reference, start, end))

    def graph_around(
        self, question: str, *, memories: int = 10, entities: int = 50, text: bool = True
    ) -> Subgraph:
        """Return the memories that a question brings first, and what they speak of.

        At most ``memories`` (1 to 50) and ``entities`` (1 to 500); without their texts if not
        ``text``. The recall is not recorded and makes nothing stronger.
        """
        call = graph.graph_around(
            self.reference, question, memories=memories, entities=entities, text=text
        )
        return self._sender.send(call)

    def mentions(self) -> Iterator[Mentioning]:
        """Yield memories with their entities: the whole graph."""
        return self._sender.items(graph.list_mentions(self.reference))

    def rebuild_graph(self) -> Job:
        """Start to read the entities of memories that have none."""
        return self._sender.send(graph.rebuild_graph(self.reference))

    def graph(self) -> Any:  # noqa: ANN401 — a networkx.Graph: networkx is an extra
        """Return memories and entities as a networkx graph; needs the extra ``graph``."""
        return graph.to_networkx(self.mentions())
