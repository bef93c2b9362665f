"""What was erased, by receipt; these rows outlive the data and the bank they speak of."""

from sqlalchemy import ARRAY, Column, Index, PrimaryKeyConstraint, Table, Text, Uuid

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

erasures = Table(
    "erasures",
    metadata,
    uuid_column("bank_id"),
    uuid_column("erasure_id"),
    uuid_column("tenant_id"),
    uuid_column("job_id"),
    text_column("state"),
    text_column("actor"),
    json_column("subject", nullable=True),
    Column("memory_ids", ARRAY(Uuid()), nullable=False),
    Column("probes", ARRAY(Text()), nullable=False),
    integer_column("memory_count"),
    json_column("counts"),
    json_column("receipt", nullable=True),
    instant_column("recorded_at"),
    instant_column("finished_at", nullable=True),
    PrimaryKeyConstraint("bank_id", "erasure_id"),
    Index("ix_erasures_tenant_id", "tenant_id", "erasure_id"),
)
"""``subject``, ``memory_ids`` and ``probes`` are the job's notes of what to look for. They are
emptied when the erasure is complete. No foreign key: a receipt outlives its bank."""
