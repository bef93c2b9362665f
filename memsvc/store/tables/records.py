"""What has happened to a bank: changes for the indexes, and the audit trail."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
)

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)
from memsvc.store.types import TransactionId

index_changes = Table(
    "index_changes",
    metadata,
    uuid_column("bank_id"),
    Column("seq", BigInteger(), nullable=False, autoincrement=False),
    uuid_column("tenant_id"),
    Column("xid", TransactionId(), nullable=False),
    uuid_column("memory_id"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "seq"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("ix_index_changes_bank_id_xid", "bank_id", "xid"),
    Index("ix_index_changes_xid", "xid"),
)

audit_events = Table(
    "audit_events",
    metadata,
    uuid_column("bank_id"),
    uuid_column("event_id"),
    uuid_column("tenant_id"),
    text_column("actor"),
    text_column("operation"),
    uuid_column("memory_id", nullable=True),
    integer_column("before_version", nullable=True),
    integer_column("after_version", nullable=True),
    json_column("details", nullable=True),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "event_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("ix_audit_events_bank_id_memory_id", "bank_id", "memory_id"),
)
