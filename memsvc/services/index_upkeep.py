"""Looking after the indexes that this process answers from."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from memsvc.domain.bank_models import BankModel
from memsvc.domain.index_checks import Verification
from memsvc.domain.index_states import FollowerState, HeldBank, ServerIndex
from memsvc.domain.memory import BankScope
from memsvc.memory_index.remote import RemoteMemoryIndex
from memsvc.memory_index.remote_verification import RemoteVerification
from memsvc.memory_index.replicas import BankReplicas
from memsvc.memory_index.server_state import server_indexes
from memsvc.ports import IndexFeed
from memsvc.services.commands import BankReference, Caller
from memsvc.services.index_check import IndexCheck
from memsvc.store.transactions import Store

_SERVER_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexServer:
    """The index server that has the vectors, and how to compare it with PostgreSQL."""

    index: RemoteMemoryIndex
    verification: RemoteVerification
    rebuild_wait_s: float
    """How long a rebuild waits for the server to have loaded the bank."""

    @classmethod
    def of(cls, index: RemoteMemoryIndex, feed: IndexFeed, rebuild_wait_s: float) -> "IndexServer":
        """Look after the server that ``index`` asks."""
        verification = RemoteVerification(feed, index)
        return cls(index=index, verification=verification, rebuild_wait_s=rebuild_wait_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """What this process answers from."""

    backend: str
    holds_vectors: bool
    """False where pgvector or an index server answers for them: then only words are held."""
    nbytes: int
    """In memory, of every tenant together."""
    banks: Sequence[HeldBank]
    """The caller's."""
    checks: int
    """Live answers compared with exact ones since the process started."""
    measured_recall: float | None
    """Their mean recall, ``None`` before the first."""
    followers: Sequence[FollowerState]
    """Processes that follow the change log."""
    server: Sequence[ServerIndex]
    """What the index server holds, of every tenant together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBank:
    """A comparison, and whether it was about vectors too."""

    holds_vectors: bool
    outcome: Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltBank:
    """A bank whose indexes were loaded afresh."""

    holds_vectors: bool
    memories: int
    server_loaded: bool | None
    """Whether the index server has loaded it too; until then PostgreSQL answers. ``None``
    without a server."""


class IndexUpkeep:
    """What operators do about the indexes."""

    def __init__(
        self,
        store: Store,
        replicas: BankReplicas,
        check: IndexCheck,
        *,
        backend: str,
        server: IndexServer | None = None,
    ) -> None:
        """Look after ``replicas``, and after ``server`` where that has the vectors."""
        self._store = store
        self._replicas = replicas
        self._check = check
        self._backend = backend
        self._server = server

    async def state(self, caller: Caller) -> IndexState:
        """Return what is held now."""
        async with self._store.read(caller.tenant_id) as tx:
            followers = await tx.followers.list()
        return IndexState(
            backend=self._backend,
            holds_vectors=self._replicas.holds_vectors,
            nbytes=self._replicas.stats().nbytes,
            banks=await self._replicas.resident(caller.tenant_id),
            checks=self._check.report.checks,
            measured_recall=self._check.report.mean,
            followers=followers,
            server=[] if self._server is None else await server_indexes(self._server.index),
        )

    async def verify(self, caller: Caller, reference: BankReference) -> VerifiedBank:
        """Compare all that is held of a bank with PostgreSQL, id by id and bit by bit.

        Raises ``IndexUnavailableError`` if that is not possible now.
        """
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(reference.value)
            models = await tx.models.list(found.scope.bank_id)
        outcome = await self._replicas.verify(found.scope)
        if self._server is None:
            return VerifiedBank(holds_vectors=self._replicas.holds_vectors, outcome=outcome)
        dimension = _dimension(models, found.model_id)
        served = await self._server.verification.verify(found.scope, found.model_id, dimension)
        both = replace(
            served,
            compared=[*outcome.compared, *served.compared],
            mismatches=[*outcome.mismatches, *served.mismatches],
            in_motion=max(outcome.in_motion, served.in_motion),
        )
        return VerifiedBank(holds_vectors=True, outcome=both)

    async def rebuild(self, caller: Caller, reference: BankReference) -> RebuiltBank:
        """Load a bank's indexes afresh while the old ones, or PostgreSQL, answer."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(reference.value)
        if self._server is None:
            memories = await self._replicas.rebuild(found.scope)
            holds_vectors = self._replicas.holds_vectors
            return RebuiltBank(holds_vectors=holds_vectors, memories=memories, server_loaded=None)
        async with self._store.write(caller.tenant_id) as tx:
            await tx.models.renumber(found.scope.bank_id, found.model_id)
            models = await tx.models.list(found.scope.bank_id)
        memories = await self._replicas.rebuild(found.scope)
        dimension = _dimension(models, found.model_id)
        loaded = await _has_loaded(self._server, found.scope, found.model_id, dimension)
        return RebuiltBank(holds_vectors=True, memories=memories, server_loaded=loaded)


async def _has_loaded(server: IndexServer, scope: BankScope, model_id: str, dimension: int) -> bool:
    """Wait for the server to have the bank under its new number; tell whether it does."""
    deadline = time.monotonic() + server.rebuild_wait_s
    while not await server.verification.is_loaded(scope, model_id, dimension):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_SERVER_PAUSE_S)
    return True


def _dimension(models: Sequence[BankModel], model_id: str) -> int:
    return next(each.dimension for each in models if each.model_id == model_id)
