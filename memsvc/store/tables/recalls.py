"""What recalls were asked and answered, for a share of them and for a time; no memory text."""

from sqlalchemy import (
    REAL,
    Column,
    Double,
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

recalls = Table(
    "recalls",
    metadata,
    uuid_column("bank_id"),
    uuid_column("recall_id"),
    uuid_column("tenant_id"),
    text_column("question"),
    json_column("parameters"),
    json_column("settings"),
    text_column("model_id"),
    text_column("backend"),
    text_column("mode"),
    json_column("arms"),
    json_column("took_ms"),
    text_column("actor"),
    instant_column("asked_for"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "recall_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("ix_recalls_bank_id_recorded_at", "bank_id", "recorded_at"),
)

recall_hits = Table(
    "recall_hits",
    metadata,
    uuid_column("bank_id"),
    uuid_column("recall_id"),
    integer_column("rank"),
    uuid_column("tenant_id"),
    uuid_column("memory_id"),
    integer_column("version", nullable=True),
    Column("score", Double(), nullable=False),
    json_column("parts"),
    text_column("dropped_for", nullable=True),
    Column("strength", REAL(), nullable=True),
    instant_column("last_reinforced_at", nullable=True),
    PrimaryKeyConstraint("bank_id", "recall_id", "rank"),
    ForeignKeyConstraint(
        ["bank_id", "recall_id"],
        ["recalls.bank_id", "recalls.recall_id"],
        ondelete="CASCADE",
    ),
    Index("ix_recall_hits_bank_id_memory_id", "bank_id", "memory_id"),
)
"""Hits by rank from 1, then the near misses, which have a reason and no version."""
