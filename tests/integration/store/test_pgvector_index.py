"""pgvector as the dense arm: exact by default, through HNSW where a bank is large."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.domain.identifiers import MemoryId
from memsvc.ports import Candidate, DenseQuery, Vector
from memsvc.settings import HnswSettings
from memsvc.store.engine import normalise_url
from memsvc.store.hnsw import HnswIndex, compression_of
from memsvc.store.hnsw_upkeep import keep_up
from memsvc.store.pgvector_index import _STEER, PgVectorIndex, exact_statement, hnsw_statement
from memsvc.store.transactions import transaction
from tests.fixtures.database import Database
from tests.fixtures.vectors import MODEL, FilledBank, clustered, fill_bank

HNSW = HnswSettings(from_vectors=100, build_memory_mb=128)


def dense(vector: Vector, k: int = 10, allowed: Sequence[MemoryId] | None = None) -> DenseQuery:
    return DenseQuery(vector=vector, model_id=MODEL, k=k, allowed=allowed)


def build(database: Database, settings: HnswSettings = HNSW) -> None:
    keep_up(normalise_url(database.urls.owner_url), settings)


async def explain(database: Database, bank: FilledBank, *, through_index: bool) -> str:
    """Return the plan that the runtime role gets, row-level security and all."""
    dimension = bank.vectors.shape[1]
    statement = (
        hnsw_statement(dimension, restricted=False)
        if through_index
        else exact_statement(restricted=False)
    )
    parameters = {
        "bank": bank.scope.bank_id,
        "model": MODEL,
        "query": bank.vectors[0],
        "k": 10,
        "fetch": 40,
    }
    if not through_index:
        del parameters["fetch"]
    async with transaction(database.engine, bank.scope.tenant_id, read_only=True) as connection:
        if through_index:
            await connection.execute(_STEER, {"breadth": "100"})
        role = await connection.scalar(text("SELECT current_user"))
        assert role == "memsvc_app"
        rows = await connection.scalars(text(f"EXPLAIN {statement.text}"), parameters)
        return "\n".join(rows)


def recall_at_10(found: Sequence[Candidate], exact: Sequence[Candidate]) -> float:
    return len({c.memory_id for c in found} & {c.memory_id for c in exact}) / len(exact)


async def measured_recall(database: Database, bank: FilledBank, queries: int = 50) -> float:
    exact, fast = PgVectorIndex(database.engine), PgVectorIndex(database.engine, HNSW)
    shares = []
    for vector in clustered(queries, bank.vectors.shape[1], seed=99):
        best = await exact.search(bank.scope, dense(vector))
        found = await fast.search(bank.scope, dense(vector))
        assert len(found) == 10
        shares.append(recall_at_10(found, best))
        scores = {c.memory_id: c.score for c in best}
        for each in found:
            if each.memory_id in scores:
                assert each.score == pytest.approx(scores[each.memory_id], abs=1e-9)
    return float(np.mean(shares))


@pytest.fixture
async def large(database: Database) -> FilledBank:
    """One bank of 4,000 vectors with its index, beside a small one without."""
    fill_bank(database.urls, "small", clustered(50, 64, seed=2))
    bank = fill_bank(database.urls, "large", clustered(4_000, 64, seed=1))
    build(database)
    return bank


async def test_an_index_finds_what_the_exact_plan_finds(
    database: Database, large: FilledBank
) -> None:
    assert await measured_recall(database, large) >= 0.99


async def test_the_plan_through_the_index_uses_it(database: Database, large: FilledBank) -> None:
    index = HnswIndex(bank_id=large.scope.bank_id, model_id=MODEL, dimension=64)
    assert f"Index Scan using {index.name}" in await explain(database, large, through_index=True)


async def test_the_exact_plan_never_meets_an_approximate_index(
    database: Database, large: FilledBank
) -> None:
    plan = await explain(database, large, through_index=False)
    assert "hnsw" not in plan
    assert "embeddings" in plan


async def test_settings_of_one_search_bind_it_and_end_with_it(
    database: Database, large: FilledBank
) -> None:
    async with transaction(database.engine, large.scope.tenant_id, read_only=True) as connection:
        await connection.execute(_STEER, {"breadth": "321"})
        assert await connection.scalar(text("SHOW hnsw.ef_search")) == "321"
        assert await connection.scalar(text("SHOW hnsw.iterative_scan")) == "relaxed_order"
        prepared = await connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
        assert prepared == 0
    async with transaction(database.engine, large.scope.tenant_id, read_only=True) as connection:
        assert await connection.scalar(text("SHOW enable_sort")) == "on"
        assert await connection.scalar(text("SHOW hnsw.ef_search")) != "321"


async def test_steering_goes_on_to_bind_when_a_statement_is_repeated(
    database: Database, large: FilledBank
) -> None:
    """After five runs PostgreSQL would change a prepared statement to a generic plan."""
    index = PgVectorIndex(database.engine, HNSW)
    query = dense(clustered(1, 64, seed=5)[0])
    usage = text("SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_all_indexes"
                 " WHERE indexrelname LIKE 'hnsw%'")  # fmt: skip
    for _ in range(12):
        await index.search(large.scope, query)
    await database.engine.dispose()
    async with transaction(database.engine, large.scope.tenant_id, read_only=True) as connection:
        assert await connection.scalar(usage) == 12


@pytest.mark.parametrize("allowed_count", [1, 7, 80, 1_999, 2_000, 3_500])
async def test_a_filter_never_costs_results(
    database: Database, large: FilledBank, allowed_count: int
) -> None:
    chosen = np.random.default_rng(allowed_count).permutation(4_000)[:allowed_count]
    allowed = [MemoryId(large.memory_ids[no]) for no in chosen]
    query = dense(clustered(1, 64, seed=6)[0], k=20, allowed=allowed)
    exact = await PgVectorIndex(database.engine).search(large.scope, query)
    found = await PgVectorIndex(database.engine, HNSW).search(large.scope, query)
    assert len(found) == min(20, allowed_count) == len(exact)
    assert {c.memory_id for c in found} <= set(allowed)
    assert recall_at_10(found, exact) >= 0.95


@pytest.mark.parametrize("k", [1, 300, 9_000])
async def test_as_many_as_there_are_up_to_k_come_back(
    database: Database, large: FilledBank, k: int
) -> None:
    index = PgVectorIndex(database.engine, HNSW)
    found = await index.search(large.scope, dense(clustered(1, 64, seed=7)[0], k=k))
    assert len(found) == min(k, 4_000)


async def test_what_is_no_longer_active_is_passed_over_without_falling_short(
    database: Database, large: FilledBank
) -> None:
    query = clustered(1, 64, seed=8)[0]
    index = PgVectorIndex(database.engine, HNSW)
    nearest = [c.memory_id for c in await index.search(large.scope, dense(query, k=300))]
    engine = create_engine(normalise_url(database.urls.superuser_url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE memories SET state = 'archived' WHERE memory_id = ANY(:ids)"),
            {"ids": nearest},
        )
    found = await index.search(large.scope, dense(query, k=100))
    exact = await PgVectorIndex(database.engine).search(large.scope, dense(query, k=100))
    assert len(found) == 100
    assert recall_at_10(found, exact) >= 0.95


async def test_a_write_is_found_at_once(database: Database, large: FilledBank) -> None:
    target = fill_bank(database.urls, "other", clustered(1, 64, seed=77))
    engine = create_engine(normalise_url(database.urls.superuser_url), poolclass=NullPool)
    with engine.begin() as connection:
        for table in ("memories", "memory_versions", "embeddings"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
            connection.execute(
                text(f"UPDATE {table} SET bank_id = :to WHERE bank_id = :from"),
                {"to": large.scope.bank_id, "from": target.scope.bank_id},
            )
    found = await PgVectorIndex(database.engine, HNSW).search(
        large.scope, dense(target.vectors[0], k=1)
    )
    assert [c.memory_id for c in found] == list(target.memory_ids)


async def test_another_bank_or_model_finds_nothing_through_this_one(
    database: Database, large: FilledBank
) -> None:
    index = PgVectorIndex(database.engine, HNSW)
    query = DenseQuery(vector=large.vectors[0], model_id="sha256:other", k=5)
    assert await index.search(large.scope, query) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dimension", "compression"), [(3_072, "half"), (4_000, "half"), (4_096, "bit")]
)
async def test_long_vectors_are_indexed_and_found(
    database: Database, dimension: int, compression: str
) -> None:
    assert compression_of(dimension) == compression
    bank = fill_bank(database.urls, "long", clustered(1_500, dimension, seed=3))
    build(database)
    assert "hnsw_" in await explain(database, bank, through_index=True)
    assert await measured_recall(database, bank, queries=20) >= 0.99
