"""Looking after the copies of banks that this process answers from."""

from collections.abc import Mapping
from dataclasses import dataclass

from memsvc.domain.identifiers import BankId
from memsvc.domain.index_checks import Verification
from memsvc.memory_index.replicas import BankReplicas
from memsvc.services.commands import BankReference, Caller
from memsvc.store.transactions import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """What this process holds in memory."""

    holds_vectors: bool
    """False where pgvector or an index server answers for them: then only words are held."""
    nbytes: int
    """Of every tenant together."""
    banks: Mapping[BankId, int]
    """The caller's banks with their memories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBank:
    """A comparison, and whether it was about vectors too."""

    holds_vectors: bool
    outcome: Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltBank:
    """A copy that was loaded afresh."""

    holds_vectors: bool
    memories: int


class IndexUpkeep:
    """What operators do about the copies in memory of this process."""

    def __init__(self, store: Store, replicas: BankReplicas) -> None:
        self._store = store
        self._replicas = replicas

    async def state(self, caller: Caller) -> IndexState:
        """Return what is held now."""
        return IndexState(
            holds_vectors=self._replicas.holds_vectors,
            nbytes=self._replicas.stats().nbytes,
            banks=self._replicas.resident(caller.tenant_id),
        )

    async def verify(self, caller: Caller, reference: BankReference) -> VerifiedBank:
        """Compare a bank's copy with PostgreSQL."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(reference.value)
        outcome = await self._replicas.verify(found.scope)
        return VerifiedBank(holds_vectors=self._replicas.holds_vectors, outcome=outcome)

    async def rebuild(self, caller: Caller, reference: BankReference) -> RebuiltBank:
        """Load a bank's copy afresh while the old one answers."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(reference.value)
        memories = await self._replicas.rebuild(found.scope)
        return RebuiltBank(holds_vectors=self._replicas.holds_vectors, memories=memories)
