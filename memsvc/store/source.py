"""Which database a transaction id belongs to.

Transaction ids of two servers cannot be compared, nor those before and after a restore. What an
index was filled from is therefore told apart by everything that changes with a restore: the
installation and its epoch (changed by hand), the server's system identifier, its timeline (changed
by a point-in-time recovery and by a failover), and the object ids of the database and the change
log (changed by loading a dump and by cloning).
"""

from typing import Any, LiteralString

import psycopg
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.single_reads import read_once

_log = structlog.get_logger(__name__)

_FULL: LiteralString = """(
    SELECT concat_ws('.', i.installation_id, i.epoch, s.system_identifier,
        CASE WHEN NOT pg_is_in_recovery() THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
        d.oid, 'index_changes'::regclass::oid)
    FROM installation i, pg_control_system() s, pg_database d
    WHERE d.datname = current_database()
)"""
_PARTIAL: LiteralString = """(
    SELECT concat_ws('.', i.installation_id, i.epoch, d.oid, 'index_changes'::regclass::oid)
    FROM installation i, pg_database d
    WHERE d.datname = current_database()
)"""
_MAY_ASK: LiteralString = """
SELECT bool_and(has_function_privilege(f, 'execute')) FROM unnest(ARRAY[
    'pg_control_system()', 'pg_current_wal_lsn()', 'pg_walfile_name(pg_lsn)']) f
"""
_FINGERPRINT: LiteralString = "SELECT {source}"


class SourceIdentity:
    """The SQL expression of the fingerprint, as far as the server lets the role ask for it."""

    def __init__(self) -> None:
        self._expression: LiteralString | None = None

    async def expression(self, driver: psycopg.AsyncConnection[Any]) -> LiteralString:
        """Return a scalar subquery of type text; the server is asked once what it allows.

        Where it hides its identity, a point-in-time recovery has to be announced by hand
        (``memsvc db new-epoch``), and a warning says so.
        """
        if self._expression is None:
            row = await (await driver.execute(_MAY_ASK)).fetchone()
            self._expression = _expression(may_ask=row is not None and bool(row[0]))
        return self._expression

    async def runtime_expression(self, engine: AsyncEngine) -> LiteralString:
        """Return the same for the runtime role, over a connection of its own the first time."""
        if self._expression is None:
            [(may_ask,)] = await read_once(engine, DEFAULT_TENANT, _MAY_ASK, {})
            self._expression = _expression(may_ask=bool(may_ask))
        return self._expression

    async def fingerprint(self, engine: AsyncEngine) -> str:
        """Return the fingerprint itself, as the runtime role sees it."""
        statement = _FINGERPRINT.format(source=await self.runtime_expression(engine))
        [(fingerprint,)] = await read_once(engine, DEFAULT_TENANT, statement, {})
        return str(fingerprint)


def _expression(*, may_ask: bool) -> LiteralString:
    if not may_ask:
        _log.warning("source.identity_hidden", after_a_restore_run="memsvc db new-epoch")
    return _FULL if may_ask else _PARTIAL
