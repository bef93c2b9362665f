"""The `MemoryIndex` that asks pgvector: nothing is held in memory, and nothing can lag behind.

Which plan answers is decided here, not by the planner, which takes an HNSW index at a selectivity
where it finds a tenth of what it should. The exact plan orders by the stored vectors, which no
index is built on. The other one is taken only where the bank has an HNSW index and the filter
lets most of it through; whenever it comes back short, the exact plan answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.ports import Candidate, DenseQuery
from memsvc.settings import HnswSettings
from memsvc.store.hnsw import HnswIndex, compression_of, distance
from memsvc.store.transactions import transaction
from memsvc.telemetry import INDEX_LAG_CHANGES, INDEX_LAG_SECONDS

_ACTIVE = "AND m.state = 'active'"
_ALLOWED = "AND e.memory_id = ANY(:allowed)"

_BEST = """
SELECT memory_id, max(score) AS score FROM scored
WHERE score <> 'NaN' GROUP BY memory_id ORDER BY score DESC, memory_id LIMIT :k
"""
"""A zero vector, which some models give for blank text, is near nothing: its score is NaN."""

_JOINED = """
    FROM embeddings e
    JOIN memories m ON m.bank_id = :bank AND m.bank_id = e.bank_id AND m.memory_id = e.memory_id
        AND m.current_version = e.version
    WHERE e.bank_id = :bank AND e.model_id = :model {restriction}
"""

# The bank's rows come by primary key: exact, whatever the filter.
_EXACT = "WITH scored AS MATERIALIZED (SELECT e.memory_id, 1 - (e.vector <=> :query) AS score"
_EXACT += _JOINED + ")" + _BEST

# The scan goes on through the index until enough rows have passed the join and the filter.
_NEAREST = "WITH nearest AS MATERIALIZED (SELECT e.memory_id, e.vector" + _JOINED
_NEAREST += """
    ORDER BY {distance} LIMIT :fetch
), scored AS (SELECT memory_id, 1 - (vector <=> :query) AS score FROM nearest)
"""
_NEAREST += _BEST

_FIND_INDEX = text(
    "SELECT c.reltuples FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
    " WHERE c.relname = :name AND i.indrelid = 'embeddings'::regclass AND i.indisvalid"
)

# Local to the transaction. They bind because every statement is planned afresh: connections
# prepare nothing (store.engine), and a cached generic plan would go by none of them.
_STEER = text(
    "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),"
    " set_config('hnsw.ef_search', :breadth, true),"
    " set_config('enable_sort', 'off', true),"
    " set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true)"
)
_UNSTEER = text(
    "SELECT set_config('enable_sort', 'on', true), set_config('enable_hashjoin', 'on', true),"
    " set_config('enable_mergejoin', 'on', true)"
)

_BROADEST = 1_000
"""pgvector's upper limit of ``hnsw.ef_search``."""
_OVERFETCH = {"half": 2, "bit": 10}
"""Rows fetched for each one wanted, to be scored again: bits tell near vectors apart less well."""
_SPARE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How far the index is searched for one query."""

    fetch: int
    breadth: int


class PgVectorIndex:
    """Similarity in PostgreSQL: exact over one bank, or through the bank's HNSW index."""

    backend = "pgvector"

    def __init__(self, engine: AsyncEngine, hnsw: HnswSettings | None = None) -> None:
        """Search through HNSW indexes where there are any; exactly everywhere without ``hnsw``."""
        self._engine = engine
        self._hnsw = hnsw
        # PostgreSQL keeps its own indexes in step: said once, it stays true.
        INDEX_LAG_CHANGES.labels(index=self.backend).set(0)
        INDEX_LAG_SECONDS.labels(index=self.backend).set(0)

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        """Return min(k, available) memories, best first."""
        if query.k < 1 or (query.allowed is not None and not query.allowed):
            return []
        parameters = search_parameters(scope, query)
        async with transaction(self._engine, scope.tenant_id, read_only=True) as connection:
            rows = await self._through_index(connection, scope, query, parameters)
            if len(rows) < query.k:
                statement = exact_statement(restricted=query.allowed is not None)
                rows = (await connection.execute(statement, parameters)).all()
        return [Candidate(memory_id=MemoryId(row.memory_id), score=row.score) for row in rows]

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        """Hold nothing, so there is nothing to bring up to date."""

    async def forget_bank(self, scope: BankScope) -> None:
        """Hold nothing, so there is nothing to drop."""

    async def _through_index(
        self,
        connection: AsyncConnection,
        scope: BankScope,
        query: DenseQuery,
        parameters: dict[str, object],
    ) -> Sequence[Row[Any]]:
        """Return what the bank's HNSW index finds; nothing if there is none to be used."""
        if self._hnsw is None:
            return []
        index = HnswIndex(
            bank_id=scope.bank_id, model_id=query.model_id, dimension=query.vector.size
        )
        size = await connection.scalar(_FIND_INDEX, {"name": index.name})
        if size is None or (plan := self._plan(query, size)) is None:
            return []
        await connection.execute(_STEER, {"breadth": str(plan.breadth)})
        statement = hnsw_statement(query.vector.size, restricted=query.allowed is not None)
        rows = (await connection.execute(statement, parameters | {"fetch": plan.fetch})).all()
        await connection.execute(_UNSTEER)
        return rows

    def _plan(self, query: DenseQuery, size: float) -> _Plan | None:
        """Return how to search an index of ``size`` vectors, or ``None`` to search exactly.

        A filter thins the neighbourhood that HNSW walks through: the recall of an iterative scan
        falls with it, and no result tells. So the index serves filters that let most through.
        """
        assert self._hnsw is not None  # noqa: S101 — the caller has looked
        share = 1.0 if query.allowed is None else len(query.allowed) / max(size, 1.0)
        if share < self._hnsw.least_share:
            return None
        fetch = query.k * _OVERFETCH[compression_of(query.vector.size)] + _SPARE
        breadth = max(self._hnsw.ef_search, round(fetch / min(share, 1.0)))
        return _Plan(fetch=fetch, breadth=min(_BROADEST, breadth))


@lru_cache(maxsize=4)
def exact_statement(*, restricted: bool, only_active: bool = False) -> TextClause:
    """Return the query of the exact plan.

    Whoever restricts it names memories of any state, unless it is held to active ones, too.
    """
    restrictions = [_ALLOWED] if restricted else [_ACTIVE]
    if restricted and only_active:
        restrictions.append(_ACTIVE)
    return text(_EXACT.format(restriction=" ".join(restrictions)))


@lru_cache(maxsize=64)
def hnsw_statement(dimension: int, *, restricted: bool) -> TextClause:
    """Return the query of the plan through an HNSW index."""
    restriction = _ALLOWED if restricted else _ACTIVE
    return text(_NEAREST.format(restriction=restriction, distance=distance(dimension)))


def search_parameters(scope: BankScope, query: DenseQuery) -> dict[str, object]:
    """Return what the query of the exact plan is asked with."""
    parameters: dict[str, object] = {
        "bank": scope.bank_id,
        "query": query.vector,
        "model": query.model_id,
        "k": query.k,
    }
    if query.allowed is not None:
        parameters["allowed"] = list(query.allowed)
    return parameters
