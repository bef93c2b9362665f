"""Calls of language models, one row each; no text of any memory is in them."""

from sqlalchemy import REAL, Column, Index, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    metadata,
    text_column,
    uuid_column,
)

model_calls = Table(
    "model_calls",
    metadata,
    uuid_column("tenant_id"),
    uuid_column("call_id"),
    text_column("purpose"),
    text_column("model"),
    text_column("prompt_id"),
    integer_column("prompt_version"),
    text_column("outcome"),
    integer_column("input_tokens"),
    integer_column("output_tokens"),
    Column("cost_usd", REAL(), nullable=True),
    integer_column("latency_ms"),
    integer_column("tries"),
    integer_column("validation_errors"),
    instant_column("started_at"),
    PrimaryKeyConstraint("tenant_id", "call_id"),
    Index("ix_model_calls_tenant_id_started_at", "tenant_id", "started_at"),
)
