"""What banks keep: every policy they have had."""

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

retention_policies = Table(
    "retention_policies",
    metadata,
    uuid_column("bank_id"),
    integer_column("version"),
    uuid_column("tenant_id"),
    json_column("policy", nullable=True),
    text_column("actor"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "version"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
)
