"""How banks judge whether a question is answered; no text of anybody's."""

from sqlalchemy import Column, Double, ForeignKeyConstraint, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

calibrations = Table(
    "calibrations",
    metadata,
    uuid_column("bank_id"),
    uuid_column("tenant_id"),
    Column("slope", Double(), nullable=False),
    Column("intercept", Double(), nullable=False),
    Column("threshold", Double(), nullable=False),
    integer_column("ranking_version"),
    text_column("embedder"),
    text_column("weights"),
    text_column("source"),
    integer_column("answerable"),
    integer_column("unanswerable"),
    json_column("measured"),
    text_column("actor"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
)
