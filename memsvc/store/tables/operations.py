"""What was done to a bank in one go, and what it changed: the material of undoing."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

operations = Table(
    "operations",
    metadata,
    uuid_column("bank_id"),
    uuid_column("operation_id"),
    uuid_column("tenant_id"),
    text_column("kind"),
    text_column("state"),
    text_column("actor"),
    text_column("reason", nullable=True),
    integer_column("effect_count"),
    json_column("details", nullable=True),
    uuid_column("undoes", nullable=True),
    uuid_column("undone_by", nullable=True),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "operation_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
)

operation_effects = Table(
    "operation_effects",
    metadata,
    uuid_column("bank_id"),
    uuid_column("operation_id"),
    integer_column("ordinal"),
    uuid_column("tenant_id"),
    text_column("aspect"),
    uuid_column("target_id"),
    json_column("before", nullable=True),
    json_column("after", nullable=True),
    PrimaryKeyConstraint("bank_id", "operation_id", "ordinal"),
    ForeignKeyConstraint(
        ["bank_id", "operation_id"],
        ["operations.bank_id", "operations.operation_id"],
        ondelete="CASCADE",
    ),
    Index("ix_operation_effects_bank_id_target_id", "bank_id", "target_id", "operation_id"),
)
