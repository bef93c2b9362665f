"""The banks held in memory: as many as fit, the least recently used ones leave."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias
from uuid import UUID

import structlog

from memsvc.domain.bm25 import Bm25
from memsvc.domain.erasure import SearchReport
from memsvc.domain.identifiers import MemoryId, TenantId
from memsvc.domain.index_checks import Verification
from memsvc.domain.index_states import HeldBank
from memsvc.domain.inverted_index import InvertedIndex
from memsvc.domain.memory import BankScope
from memsvc.memory_index.activity import Activity
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.memory_index.memory_vectors import MemoryVectors
from memsvc.memory_index.replica import FollowedBank, Replica
from memsvc.memory_index.replica_snapshot import ReplicaSnapshot, SnapshotPolicy
from memsvc.memory_index.snapshot_folder import SnapshotFolder
from memsvc.memory_index.snapshots import Snapshots
from memsvc.memory_index.vector_spaces import VectorSpaces
from memsvc.ports import FeedRequest, IndexFeed
from memsvc.settings import IndexSettings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStats:
    """What is held in memory now, and what it took since the process started."""

    banks: int
    memories: int
    nbytes: int
    loads: int
    resumptions: int
    catch_ups: int
    graph_loads: int
    """How often a bank's graph was loaded; by each bank that is asked by graph."""


_WORDS = "words"
"""Names replicas without vectors in metrics: the index of the vectors reports for itself."""

_FILES = "index snapshots"
"""Names files of snapshots in the report of a search."""
_IN_MEMORY = " in memory"
"""Follows the name of an index that this process holds, in that report."""
_GRAPHS = "graph"
"""Names graphs in metrics: what it takes to load one again after its bank had to leave."""

_GRAPH = FeedRequest(model_id=None, lexical=False, mentions=True)

_Key: TypeAlias = tuple[BankScope, FeedRequest]


@dataclass(slots=True, kw_only=True)
class _Resident:
    replica: Replica
    memories: int = 0
    """How many it held when it was last used."""


class BankReplicas:
    """Replicas by bank. All arms share one, so that a recall catches up once."""

    def __init__(
        self,
        feed: IndexFeed,
        settings: IndexSettings,
        *,
        model_id: str | None,
        ranking: Bm25 | None = None,
        folder: SnapshotFolder | None = None,
    ) -> None:
        """Follow ``feed``; with ``model_id`` ``None``, vectors are searched elsewhere.

        Snapshots of large banks go to ``folder``, if there is one.
        """
        self._feed = feed
        self._most_memories = settings.max_resident_memories
        self._shared = FeedRequest(model_id=model_id)
        self._ranking = ranking
        self._spaces = VectorSpaces(settings.backend)
        self._activity = Activity(_WORDS if model_id is None else settings.backend)
        self._graph_activity = Activity(_GRAPHS)
        self._policy: SnapshotPolicy | None = None
        if folder is not None:
            self._policy = SnapshotPolicy(
                snapshots=Snapshots(folder, ranking),
                min_memories=settings.snapshot_min_memories,
                after_changes=settings.snapshot_after_changes,
            )
        self._residents: OrderedDict[_Key, _Resident] = OrderedDict()
        self._memories = 0

    @property
    def backend(self) -> str:
        """Name of the vector index."""
        return self._spaces.backend

    async def contents(
        self, scope: BankScope, model_id: str | None = None, asked_at: float | None = None
    ) -> BankContents:
        """Return a bank's indexes, covering every write committed before this call.

        With ``asked_at``, an earlier instant on the clock of ``time.monotonic``, before that.
        ``model_id`` asks for the vectors of another model than the arms share.
        """
        request = self._shared
        if model_id not in (None, request.model_id):
            request = FeedRequest(model_id=model_id, lexical=False)
        return await self._contents((scope, request), asked_at)

    async def graph(self, scope: BankScope, asked_at: float | None = None) -> MemoryGraph:
        """Return a bank's graph, covering every write committed before this call, or ``asked_at``.

        It is held for itself: banks that nobody asks by graph need not pay for it.
        """
        contents = await self._contents((scope, _GRAPH), asked_at)
        assert contents.graph is not None  # noqa: S101 — as asked for
        return contents.graph

    async def _contents(self, key: _Key, asked_at: float | None) -> BankContents:
        if (resident := self._residents.get(key)) is None:
            resident = self._residents[key] = _Resident(replica=self._new_replica(key))
        self._residents.move_to_end(key)
        contents = await resident.replica.contents(asked_at)
        if self._residents.get(key) is resident:  # It may have been dropped meanwhile.
            self._account(resident, len(contents))
            self._make_room()
        self._activity.holding(len(self._residents), self._memories)
        return contents

    async def resident(self, tenant_id: TenantId) -> list[HeldBank]:
        """Return what is held of each of a tenant's banks."""
        return [
            HeldBank(
                bank_id=scope.bank_id,
                memories=resident.memories,
                vectors=resident.replica.vector_state(),
                snapshot=await resident.replica.snapshot_state(),
            )
            for (scope, request), resident in list(self._residents.items())
            if scope.tenant_id == tenant_id and request == self._shared
        ]

    @property
    def holds_vectors(self) -> bool:
        """Whether the arms' copies have vectors; if not, another index answers for them."""
        return self._shared.model_id is not None

    async def verify(self, scope: BankScope) -> Verification:
        """Compare the arms' copy of a bank with PostgreSQL; it is loaded if it is not held."""
        found = await (await self._loaded(scope)).verify()
        self._spaces.free_released()
        return found

    async def rebuild(self, scope: BankScope) -> int:
        """Load the arms' copy of a bank afresh while the old one answers; return its memories."""
        memories = await (await self._loaded(scope)).rebuild()
        self._spaces.free_released()
        return memories

    async def _loaded(self, scope: BankScope) -> Replica:
        """Return the arms' replica of a bank: held, or one of its own if it has left already."""
        await self.contents(scope)
        key = (scope, self._shared)
        resident = self._residents.get(key)
        return self._new_replica(key) if resident is None else resident.replica

    async def forget(self, scope: BankScope) -> None:
        """Drop whatever is held of a bank that is deleted, in memory and on disk."""
        self.release(scope)
        if self._policy is not None:
            await asyncio.to_thread(self._policy.snapshots.forget, scope)

    async def drop(self, scope: BankScope) -> None:
        """Drop whatever is held of a bank that goes on, in memory and on disk."""
        self.release(scope)
        if self._policy is not None:
            await asyncio.to_thread(self._policy.snapshots.clear, scope)

    async def search(self, scope: BankScope, memory_ids: Sequence[UUID]) -> SearchReport:
        """Look through the snapshot files of the bank, whichever process has written them.

        What this process holds of the bank in memory is asked as the arms ask it, brought up to
        date first: that is what anybody has had loaded since it was dropped.
        """
        there, naming = 0, 0
        if self._policy is not None:
            snapshots = self._policy.snapshots
            there, naming = await asyncio.to_thread(snapshots.naming, scope, memory_ids)
        searched, found = {_FILES: there}, {_FILES: naming}
        wanted = [MemoryId(each) for each in memory_ids]
        for key in [key for key in self._residents if key[0] == scope]:
            contents = await self._contents(key, None)
            for index, number in (await asyncio.to_thread(contents.naming, wanted)).items():
                place = f"{index}{_IN_MEMORY}"
                searched[place] = searched.get(place, 0) + len(contents)
                found[place] = found.get(place, 0) + number
        return SearchReport(
            searched=searched,
            leftovers={place: number for place, number in found.items() if number},
            pending={},
            unsearched=[],
        )

    def release(self, scope: BankScope) -> None:
        """Drop whatever is held of a bank in memory."""
        for key in [key for key in self._residents if key[0] == scope]:
            self._drop(key)

    async def save(self) -> None:
        """Write the snapshots that have fallen behind; the service is about to stop."""
        for resident in list(self._residents.values()):
            await resident.replica.save()

    def held(self, scope: BankScope) -> int | None:
        """Return how many memories of the bank were held when it was last asked; no waiting."""
        resident = self._residents.get((scope, self._shared))
        return None if resident is None else resident.memories or None

    def stats(self) -> IndexStats:
        """Return what is held and done."""
        beside = sum(resident.replica.nbytes for resident in self._residents.values())
        return IndexStats(
            banks=len(self._residents),
            memories=self._memories,
            nbytes=self._spaces.nbytes + beside,
            loads=self._activity.loads,
            resumptions=self._activity.resumptions,
            catch_ups=self._activity.catch_ups,
            graph_loads=self._graph_activity.loads,
        )

    def _new_replica(self, key: _Key) -> Replica:
        scope, request = key
        bank = FollowedBank(feed=self._feed, scope=scope, request=request)
        snapshot = None
        if self._policy is not None and not request.mentions:
            snapshot = ReplicaSnapshot(self._policy, self._feed, scope, request)
        activity = self._graph_activity if request.mentions else self._activity
        return Replica(bank, partial(self._new_contents, request), activity, snapshot)

    def _new_contents(self, request: FeedRequest) -> BankContents:
        model_id = request.model_id
        return BankContents(
            lexical=InvertedIndex(self._ranking) if request.lexical else None,
            vectors=None
            if model_id is None
            else MemoryVectors(partial(self._spaces.new_partition, model_id)),
            graph=MemoryGraph() if request.mentions else None,
        )

    def _account(self, resident: _Resident, memories: int) -> None:
        self._memories += memories - resident.memories
        resident.memories = memories

    def _make_room(self) -> None:
        """Let banks go, least recently used first, until the rest fits; the last one stays."""
        while self._memories > self._most_memories and len(self._residents) > 1:
            oldest = next(iter(self._residents))
            memories = self._residents[oldest].memories
            self._drop(oldest)
            _log.info("replica.evicted", bank_id=str(oldest[0].bank_id), memories=memories)

    def _drop(self, key: _Key) -> None:
        resident = self._residents.pop(key)
        self._memories -= resident.memories
        resident.replica.release()
        self._spaces.free_released()
