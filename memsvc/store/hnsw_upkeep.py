"""Keeping HNSW indexes in step with the banks: built when one has grown, dropped when not needed.

This is work of the schema's owner, outside any transaction, since an index is built and dropped
while reads and writes go on. What is there is read from the catalogue: nothing else records it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from memsvc.domain.identifiers import BankId
from memsvc.errors import ConflictError, DatabaseUnavailableError, DatabaseUnsuitableError
from memsvc.settings import HnswSettings
from memsvc.store.hnsw import PREFIX, HnswIndex, drop
from memsvc.store.roles import INDEX_ROLE

_LOCK = 0x686E7377  # "hnsw"
_log = structlog.get_logger(__name__)

# Across tenants, and of the index role's rows: the owner itself is bound by row-level security.
_SIZES = text(
    "SELECT e.bank_id, e.model_id, min(e.dimension) AS dimension, count(*) AS vectors"
    " FROM embeddings e JOIN banks b ON b.bank_id = e.bank_id"
    " WHERE b.state = 'active' AND b.model_id = e.model_id"
    " GROUP BY e.bank_id, e.model_id HAVING count(*) >= :least"
    " ORDER BY count(*) DESC, e.bank_id, e.model_id"
)
_PRESENT = text(
    "SELECT c.relname, i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
    " WHERE i.indrelid = 'embeddings'::regclass AND starts_with(c.relname, :prefix)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSize:
    """How many vectors of one model a bank holds."""

    index: HnswIndex
    """The index that would serve them."""
    vectors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepPlan:
    """What there is to do."""

    build: Sequence[HnswIndex]
    drop: Sequence[str]
    keep: Sequence[str]
    refused: Sequence[BankSize]
    """Banks that are large enough, but beyond the number of indexes that may be."""


def plan_upkeep(
    sizes: Sequence[BankSize], present: Mapping[str, bool], settings: HnswSettings
) -> UpkeepPlan:
    """Return which indexes to build and drop; the largest banks come first.

    ``present`` maps the names of the indexes there are to whether they are valid: one whose
    building was cut short is dropped and built again. An index stays while its bank holds half of
    what it takes to get one, so that a bank about the limit does not build and drop in turns.
    """
    ranked = sorted(sizes, key=lambda size: -size.vectors)
    due = [
        size
        for size in ranked
        if size.vectors >= settings.from_vectors
        or (size.vectors >= settings.from_vectors // 2 and present.get(size.index.name, False))
    ]
    served, refused = due[: settings.most_indexes], due[settings.most_indexes :]
    names = {size.index.name for size in served}
    kept = {name for name, is_valid in present.items() if is_valid and name in names}
    return UpkeepPlan(
        build=[size.index for size in served if size.index.name not in kept],
        drop=sorted(present.keys() - kept),
        keep=sorted(kept),
        refused=refused,
    )


def keep_up(
    owner_url: URL,
    settings: HnswSettings,
    *,
    dry_run: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> UpkeepPlan:
    """Bring the indexes in step with the banks and return what was done, or would be.

    Blocks until the last index is built. One process at a time: raises ``ConflictError`` while
    another is at it, and ``DatabaseUnsuitableError`` where the user does not own the tables.
    """
    with _as_owner(owner_url) as connection:
        plan = plan_upkeep(_sizes(connection, settings), _present(connection), settings)
        if not dry_run:
            _carry_out(connection, plan, settings, announce)
    if plan.refused:
        _log.error(
            "hnsw.refused",
            banks=len(plan.refused),
            largest=plan.refused[0].vectors,
            most_indexes=settings.most_indexes,
        )
    return plan


def _carry_out(
    connection: Connection,
    plan: UpkeepPlan,
    settings: HnswSettings,
    announce: Callable[[str], None],
) -> None:
    # Only tried: whoever waited here would hold a snapshot, which a concurrent build waits for.
    if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
        raise ConflictError("Another process is building or dropping HNSW indexes; let it finish.")
    connection.execute(text(f"SET maintenance_work_mem = '{settings.build_memory_mb}MB'"))
    for name in plan.drop:
        announce(f"dropping {name}")
        connection.execute(text(drop(name)))
        _log.info("hnsw.dropped", index=name)
    for index in plan.build:
        announce(f"building {index.name}")
        connection.execute(text(index.create()))
        _log.info("hnsw.built", index=index.name, bank_id=str(index.bank_id))


def _sizes(connection: Connection, settings: HnswSettings) -> list[BankSize]:
    connection.execute(text(f"SET ROLE {INDEX_ROLE}"))
    rows = connection.execute(_SIZES, {"least": settings.from_vectors // 2}).all()
    connection.execute(text("RESET ROLE"))
    return [
        BankSize(
            index=HnswIndex(
                bank_id=BankId(row.bank_id), model_id=row.model_id, dimension=row.dimension
            ),
            vectors=row.vectors,
        )
        for row in rows
    ]


def _present(connection: Connection) -> dict[str, bool]:
    rows = connection.execute(_PRESENT, {"prefix": PREFIX})
    return {row.relname: row.indisvalid for row in rows}


@contextmanager
def _as_owner(url: URL) -> Iterator[Connection]:
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 10, "application_name": "memsvc hnsw"},
    )
    try:
        with engine.connect() as connection:
            _refuse_who_does_not_own(connection)
            yield connection
    except OperationalError as error:
        raise DatabaseUnavailableError from error
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise DatabaseUnsuitableError(f"PostgreSQL refused work on indexes: {reason}") from error
    finally:
        engine.dispose()


def _refuse_who_does_not_own(connection: Connection) -> None:
    owns = connection.scalar(
        text(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class"
            " WHERE oid = 'embeddings'::regclass"
        )
    )
    if not owns:
        raise DatabaseUnsuitableError(
            "Only the owner of the tables may build indexes: set MEMSVC_DATABASE_OWNER_URL to the"
            " user that ran `memsvc db upgrade`."
        )
