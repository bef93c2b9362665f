"""HNSW indexes come and go with the size of their banks, and never grow too many."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import Application
from memsvc.domain.memory import BankScope
from memsvc.errors import BankNotFoundError, ConflictError, DatabaseUnsuitableError
from memsvc.ports import DenseQuery
from memsvc.services.commands import BankReference, Caller
from memsvc.settings import HnswSettings
from memsvc.store.engine import normalise_url
from memsvc.store.hnsw import HnswIndex
from memsvc.store.hnsw_upkeep import _LOCK, UpkeepPlan, keep_up
from memsvc.store.pgvector_index import PgVectorIndex, exact_statement
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import transaction
from tests.fixtures.database import Database, DatabaseUrls
from tests.fixtures.vectors import MODEL, clustered, fill_bank

SETTINGS = HnswSettings(from_vectors=100)
MANY_BANKS = 3_000
"""Past the 2,100 at which an index for each bank exhausted a default lock table elsewhere."""


@contextmanager
def as_superuser(urls: DatabaseUrls) -> Iterator[Connection]:
    engine = create_engine(normalise_url(urls.superuser_url), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def upkeep(urls: DatabaseUrls, settings: HnswSettings = SETTINGS) -> UpkeepPlan:
    return keep_up(normalise_url(urls.owner_url), settings)


def index_of(scope: BankScope, model: str = MODEL, dimension: int = 16) -> HnswIndex:
    return HnswIndex(bank_id=scope.bank_id, model_id=model, dimension=dimension)


def test_only_a_large_bank_gets_an_index_and_only_once(database_urls: DatabaseUrls) -> None:
    large = fill_bank(database_urls, "large", clustered(100, 16, seed=1))
    fill_bank(database_urls, "small", clustered(99, 16, seed=2))
    plan = upkeep(database_urls)
    assert [index.name for index in plan.build] == [index_of(large.scope).name]
    again = upkeep(database_urls)
    assert (again.build, again.drop, again.keep) == ([], [], [index_of(large.scope).name])


def test_a_rehearsal_changes_nothing(database_urls: DatabaseUrls) -> None:
    fill_bank(database_urls, "large", clustered(100, 16, seed=1))
    owner = normalise_url(database_urls.owner_url)
    assert len(keep_up(owner, SETTINGS, dry_run=True).build) == 1
    assert len(keep_up(owner, SETTINGS, dry_run=True).build) == 1


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM embeddings WHERE vector_id IN (SELECT vector_id FROM embeddings LIMIT 51)",
        "UPDATE banks SET state = 'deleting'",
        "UPDATE banks SET model_id = 'sha256:another'",
    ],
    ids=["shrunk", "deleted", "model retired"],
)
def test_an_index_goes_when_its_bank_no_longer_needs_it(
    database_urls: DatabaseUrls, change: str
) -> None:
    bank = fill_bank(database_urls, "large", clustered(100, 16, seed=1))
    upkeep(database_urls)
    with as_superuser(database_urls) as connection:
        connection.execute(text(change))
    assert upkeep(database_urls).drop == [index_of(bank.scope).name]
    assert upkeep(database_urls).keep == []


def test_a_bank_about_the_limit_keeps_its_index(database_urls: DatabaseUrls) -> None:
    fill_bank(database_urls, "large", clustered(100, 16, seed=1))
    upkeep(database_urls)
    with as_superuser(database_urls) as connection:
        connection.execute(
            text(
                "DELETE FROM embeddings WHERE vector_id IN"
                " (SELECT vector_id FROM embeddings LIMIT 50)"
            )
        )
    assert len(upkeep(database_urls).keep) == 1


def test_beyond_the_limit_the_smaller_banks_are_refused(database_urls: DatabaseUrls) -> None:
    sizes = (130, 110, 150)
    banks = [fill_bank(database_urls, f"bank{n}", clustered(n, 16, seed=n)).scope for n in sizes]
    plan = upkeep(database_urls, HnswSettings(from_vectors=100, most_indexes=2))
    assert [index.bank_id for index in plan.build] == [banks[2].bank_id, banks[0].bank_id]
    assert [size.index.bank_id for size in plan.refused] == [banks[1].bank_id]


def test_an_index_whose_building_was_cut_short_is_built_again(database_urls: DatabaseUrls) -> None:
    bank = fill_bank(database_urls, "large", clustered(100, 16, seed=1))
    name = index_of(bank.scope).name
    upkeep(database_urls)
    with as_superuser(database_urls) as connection:
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = CAST(:n AS regclass)"),
            {"n": name},
        )
    plan = upkeep(database_urls)
    assert (plan.drop, [index.name for index in plan.build]) == ([name], [name])


def test_two_at_once_do_not_wait_for_each_other(database_urls: DatabaseUrls) -> None:
    with as_superuser(database_urls) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        with pytest.raises(ConflictError, match="let it finish"):
            upkeep(database_urls)


def test_the_runtime_role_may_not_build(database_urls: DatabaseUrls) -> None:
    with pytest.raises(DatabaseUnsuitableError, match="MEMSVC_DATABASE_OWNER_URL"):
        keep_up(normalise_url(database_urls.url), SETTINGS)


async def planning_ms(database: Database, scope: BankScope, runs: int = 30) -> float:
    """Return the least planning time: what is left when nobody else disturbs."""
    parameters = {"bank": scope.bank_id, "model": MODEL, "query": clustered(1, 16, seed=4)[0]}
    statement = text(f"EXPLAIN (SUMMARY) {exact_statement(restricted=False).text}")
    least = float("inf")
    for _ in range(runs):
        async with transaction(database.engine, DEFAULT_TENANT, read_only=True) as connection:
            rows = await connection.scalars(statement, parameters | {"k": 10})
            line = next(row for row in rows if row.startswith("Planning Time"))
            least = min(least, float(line.split()[2]))
    return least


@pytest.mark.slow
async def test_two_hundred_indexes_leave_the_planning_of_other_banks_flat(
    database: Database,
) -> None:
    small = fill_bank(database.urls, "small", clustered(50, 16, seed=1)).scope
    before = await planning_ms(database, small)
    with as_superuser(database.urls) as connection:
        for no in range(200):
            index = index_of(small, model=f"sha256:{no}")
            connection.execute(text(index.create(concurrently=False)))
    after = await planning_ms(database, small)
    print(f"planning: {before:.2f} ms without, {after:.2f} ms with 200 indexes")  # noqa: T201
    # A machine may be busy; what must not be is a growth that makes every query slow.
    assert after - before < 20


@pytest.mark.slow
async def test_thousands_of_banks_live_on_a_default_lock_table(
    database: Database, application: Application
) -> None:
    with as_superuser(database.urls) as connection:
        assert connection.scalar(text("SHOW max_locks_per_transaction")) == "64"
        connection.execute(
            text(
                "INSERT INTO banks (bank_id, tenant_id, name, language, metadata, state, model_id,"
                " dimension, changes_trimmed_below, created_at, updated_at, fact_policy)"
                " SELECT gen_random_uuid(), :tenant, 'bank' || n, 'auto', '{}', 'active', :model,"
                " 16, '0', now(), now(), 'supersede' FROM generate_series(1, :banks) n"
            ),
            {"tenant": DEFAULT_TENANT, "model": MODEL, "banks": MANY_BANKS},
        )
    last = fill_bank(database.urls, "last", clustered(200, 16, seed=1))
    assert len(upkeep(database.urls).build) == 1
    caller = Caller(tenant_id=DEFAULT_TENANT, actor="test")
    started = time.perf_counter()
    query = DenseQuery(vector=last.vectors[3], model_id=MODEL, k=1)
    found = await PgVectorIndex(database.engine, SETTINGS).search(last.scope, query)
    assert [c.memory_id for c in found] == [last.memory_ids[3]]
    assert time.perf_counter() - started < 60
    await application.banks.delete(caller, BankReference(value="bank7"))
    with pytest.raises(BankNotFoundError):
        await application.banks.get(caller, BankReference(value="bank7"))
    assert (await application.banks.get(caller, BankReference(value="last"))).memory_count == 200
