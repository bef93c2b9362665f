"""The dense arm over vectors held in memory."""

from memsvc.domain.memory import BankScope
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.offload import run_sized
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Candidate, DenseQuery


class LocalMemoryIndex:
    """The ``MemoryIndex`` that searches replicas of the banks, each exactly."""

    def __init__(self, replicas: BankReplicas) -> None:
        self._replicas = replicas

    @property
    def backend(self) -> str:
        """Name of the vector index."""
        return self._replicas.backend

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        """Return min(k, available) memories, best first, equal ones by id."""
        contents = await self._replicas.contents(scope, query.model_id, query.asked_at)
        vectors = contents.vectors
        if vectors is None:
            raise IndexUnavailableError("No vectors are held in memory.")
        return await run_sized(len(vectors), vectors.search, query.vector, query.k, query.allowed)

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        """Bring the bank up to date."""
        await self._replicas.contents(scope, model_id, asked_at)

    async def forget_bank(self, scope: BankScope) -> None:
        """Drop whatever is held of the bank, in memory and on disk."""
        await self._replicas.forget(scope)
