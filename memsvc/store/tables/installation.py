"""Of the database as a whole: nothing of any tenant is in these."""

from sqlalchemy import (
    Column,
    Table,
    Uuid,
)

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    metadata,
    text_column,
)
from memsvc.store.types import TransactionId

installation = Table(
    "installation",
    metadata,
    Column("installation_id", Uuid(), primary_key=True),
    integer_column("epoch"),
    instant_column("created_at"),
)
"""One row, made by the migration: whose data this is, and since which restore."""

index_followers = Table(
    "index_followers",
    metadata,
    Column("follower_id", Uuid(), primary_key=True),
    text_column("kind"),
    text_column("name"),
    text_column("source"),
    Column("horizon", TransactionId(), nullable=False),
    instant_column("started_at"),
    instant_column("heartbeat_at"),
)
"""Processes that follow the change log; what the living ones lack is not trimmed."""
