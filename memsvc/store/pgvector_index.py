"""The `MemoryIndex` that asks pgvector: exact over one bank, nothing held in memory."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.ports import Candidate, DenseQuery
from memsvc.store.transactions import transaction

# The bank's rows come by primary key and are sorted by distance: exact, whatever the filter.
# The materialised step keeps the planner from ever choosing an approximate index behind it.
_SEARCH = """
WITH scored AS MATERIALIZED (
    SELECT e.memory_id, max(1 - (e.vector <=> :query)) AS score
    FROM embeddings e
    JOIN memories m ON m.bank_id = :bank AND m.bank_id = e.bank_id AND m.memory_id = e.memory_id
        AND m.current_version = e.version
    WHERE e.bank_id = :bank AND e.model_id = :model {restriction}
    GROUP BY e.memory_id
)
SELECT memory_id, score FROM scored ORDER BY score DESC, memory_id LIMIT :k
"""
_ACTIVE = text(_SEARCH.format(restriction="AND m.state = 'active'"))
_ALLOWED = text(_SEARCH.format(restriction="AND e.memory_id = ANY(:allowed)"))


class PgVectorIndex:
    """Exact similarity in PostgreSQL; slower than memory, never behind the rows."""

    backend = "pgvector"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        """Return min(k, available) memories, best first."""
        parameters: dict[str, object] = {
            "bank": scope.bank_id,
            "query": query.vector,
            "model": query.model_id,
            "k": query.k,
        }
        if query.allowed is not None:
            parameters["allowed"] = list(query.allowed)
        statement = _ACTIVE if query.allowed is None else _ALLOWED
        async with transaction(self._engine, scope.tenant_id, read_only=True) as connection:
            rows = (await connection.execute(statement, parameters)).all()
        return [Candidate(memory_id=MemoryId(row.memory_id), score=row.score) for row in rows]

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        """Hold nothing, so there is nothing to bring up to date."""

    async def forget_bank(self, scope: BankScope) -> None:
        """Hold nothing, so there is nothing to drop."""
