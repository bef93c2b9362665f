"""What organising says about memories, beside their texts."""

from sqlalchemy import ARRAY, Column, ForeignKeyConstraint, PrimaryKeyConstraint, Table, Text

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    metadata,
    text_column,
    uuid_column,
)

annotations = Table(
    "annotations",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    integer_column("number"),
    uuid_column("tenant_id"),
    integer_column("version"),
    Column("keywords", ARRAY(Text()), nullable=False),
    Column("tags", ARRAY(Text()), nullable=False),
    text_column("context"),
    text_column("made_by"),
    uuid_column("model_call", nullable=True),
    uuid_column("because_of", nullable=True),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "memory_id", "number"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
)
"""Append-only; ``memories.annotation`` is the number that holds."""
