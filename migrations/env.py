"""Alembic's entry: runs on the connection it is handed, in that connection's transaction."""

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.schema import SchemaItem

from memsvc.store.tables import metadata
from memsvc.store.types import TransactionId

# Teach reflection the one type it does not know.
ischema_names["xid8"] = TransactionId


def _is_ours(item: SchemaItem, name: str | None, kind: str, *_: object) -> bool:
    """Leave the queue library's tables out of comparisons."""
    del item
    return not (kind in {"table", "index", "sequence"} and (name or "").startswith("procrastinate"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=_is_ours,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
