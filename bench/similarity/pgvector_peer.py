"""pgvector in a PostgreSQL of its own: its exact plan, and HNSW with and without iterative scan."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import psycopg
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from bench.errors import BenchError
from bench.own_service import data_folder
from bench.similarity.arrays import Arrays, K
from bench.similarity.rows import Built, Row, Search, Task
from gpu_index.protocol import Ids
from memsvc.ports import Matrix
from memsvc.store.embedded.cluster import SUPERUSER
from memsvc.store.embedded.supervisor import EmbeddedPostgres

EF_SEARCHES = (40, 200)
_ROWS_AT_ONCE = 20_000
_SIZE = "size of table and index on disk (pg_total_relation_size)"
_QUERY = "SELECT id FROM vectors WHERE tenant = %s ORDER BY vector <#> %s LIMIT 10"
_COPY = "COPY vectors (id, tenant, vector) FROM STDIN WITH (FORMAT binary)"
_BY_TENANT = "CREATE INDEX by_tenant ON vectors (tenant)"
_BY_VECTOR = "CREATE INDEX by_vector ON vectors USING hnsw (vector halfvec_ip_ops)"


def measure_pgvector(task: Task) -> Iterator[Row]:
    """Measure the exact plan by tenant, then HNSW over all tenants, filtered."""
    with _database(task) as connection:
        began = time.perf_counter()
        _load(connection, task.arrays)
        loaded_s = time.perf_counter() - began
        indexed_s = _timed(connection, _BY_TENANT)
        connection.execute("VACUUM (ANALYZE) vectors")
        _require_plan(connection, task.arrays, uses_graph=False)
        exact = _built(connection, "exact plan", loaded_s + indexed_s)
        yield task.measure(exact, _search(connection))

        # Without the other index the planner has no choice but the graph.
        connection.execute("DROP INDEX by_tenant")
        graph_s = _timed(connection, _BY_VECTOR)
        connection.execute("SET enable_seqscan = off")
        for ef_search in EF_SEARCHES:
            connection.execute(f"SET hnsw.ef_search = {ef_search}")
            for iterative in ("off", "relaxed_order", "strict_order"):
                connection.execute(f"SET hnsw.iterative_scan = {iterative}")
                _require_plan(connection, task.arrays, uses_graph=True)
                setting = f"HNSW, ef_search {ef_search}, iterative scan {iterative}"
                built = _built(connection, setting, loaded_s + graph_s)
                yield task.measure(built, _search(connection))


@contextmanager
def _database(task: Task) -> Iterator[psycopg.Connection]:
    """Start a server on an empty folder; it is gone afterwards."""
    rows, dimension = task.arrays.vectors.shape
    # The graph is built in memory while it fits: the vector, about 40 links, and what is around.
    graph_mib = max(64, round(rows * (2 * dimension + 1_000) / 2**20))
    options = {
        "shared_buffers": f"{max(128, min(2048, graph_mib))}MB",
        "maintenance_work_mem": f"{graph_mib}MB",
        "max_parallel_maintenance_workers": str(max(0, task.build_threads - 1)),
        # Parallel plans would use more threads than the others may.
        "max_parallel_workers_per_gather": str(task.threads - 1),
        "max_wal_size": "8GB",
        "autovacuum": "off",
        "plan_cache_mode": "force_custom_plan",
    }
    with (
        data_folder() as folder,
        EmbeddedPostgres(folder, extra_options=options) as server,
        psycopg.connect(server.conninfo(SUPERUSER, "postgres"), autocommit=True) as connection,
    ):
        connection.execute("CREATE EXTENSION vector")
        register_vector(connection)
        yield connection


def _load(connection: psycopg.Connection, arrays: Arrays) -> None:
    dimension = arrays.vectors.shape[1]
    connection.execute(
        f"CREATE TABLE vectors (id bigint, tenant int, vector halfvec({dimension}) STORAGE PLAIN)"
    )
    tenants = np.repeat(np.arange(arrays.partitions), np.diff(arrays.starts))
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for start in range(0, len(arrays.vectors), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            copy.write(binary_rows(start, tenants[part], arrays.vectors[part]))
        copy.write(b"\xff\xff")


def binary_rows(first_id: int, tenants: Ids, vectors: Matrix) -> bytes:
    """Return rows in the format of binary COPY: bigint, integer, halfvec; big-endian.

    A field is its length and its bytes; a ``halfvec`` is its dimension, 16 unused bits and its
    components in half precision.
    """
    dimension = vectors.shape[1]
    form = [
        ("fields", ">i2"), ("id_length", ">i4"), ("id", ">i8"),
        ("tenant_length", ">i4"), ("tenant", ">i4"),
        ("vector_length", ">i4"), ("dimension", ">i2"), ("unused", ">i2"),
        ("vector", ">f2", (dimension,)),
    ]  # fmt: skip
    rows = np.zeros(len(vectors), dtype=form)
    rows["fields"] = 3
    rows["id_length"], rows["tenant_length"], rows["vector_length"] = 8, 4, 4 + 2 * dimension
    rows["id"] = np.arange(first_id, first_id + len(vectors))
    rows["tenant"] = tenants
    rows["dimension"] = dimension
    rows["vector"] = vectors
    return rows.tobytes()


def _search(connection: psycopg.Connection) -> Search:
    """Return a search that asks one query after the other: SQL has no batches of them."""
    cursor = connection.cursor(binary=True)

    def search(queries: Matrix, partitions: Ids) -> Ids:
        found = np.full((len(queries), K), -1, dtype=np.int64)
        for number, (query, partition) in enumerate(zip(queries, partitions, strict=True)):
            cursor.execute(_QUERY, (int(partition), HalfVector(query)), prepare=True)
            ids = [row[0] for row in cursor.fetchall()]
            found[number, : len(ids)] = ids
        return found

    return search


def _require_plan(connection: psycopg.Connection, arrays: Arrays, *, uses_graph: bool) -> None:
    """Raise ``BenchError`` when the planner has another plan than the row's name says."""
    values = (int(arrays.asked[0]), HalfVector(arrays.queries[0]))
    lines = connection.execute(f"EXPLAIN {_QUERY}", values).fetchall()
    plan = "\n".join(str(line[0]) for line in lines)
    if ("by_vector" in plan) is not uses_graph:
        raise BenchError(f"PostgreSQL plans something else than was to be measured:\n{plan}")


def _timed(connection: psycopg.Connection, statement: str) -> float:
    began = time.perf_counter()
    connection.execute(statement)
    return time.perf_counter() - began


def _built(connection: psycopg.Connection, setting: str, build_s: float) -> Built:
    row = connection.execute("SELECT pg_total_relation_size('vectors')").fetchone()
    assert row is not None  # noqa: S101 — a SELECT without FROM has a row
    return Built(
        name="pgvector halfvec",
        setting=setting,
        build_s=build_s,
        bytes=int(row[0]),
        bytes_are=_SIZE,
    )
