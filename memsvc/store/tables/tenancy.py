"""Tenants, their banks, and what is kept per tenant rather than per bank."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
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

tenants = Table(
    "tenants",
    metadata,
    Column("tenant_id", Uuid(), primary_key=True),
    Column("name", Text(), nullable=False, unique=True),
    instant_column("created_at"),
)

banks = Table(
    "banks",
    metadata,
    Column("bank_id", Uuid(), primary_key=True),
    uuid_column("tenant_id"),
    text_column("name"),
    text_column("description", nullable=True),
    text_column("language"),
    json_column("metadata"),
    text_column("state"),
    text_column("model_id"),
    integer_column("dimension"),
    Column("changes_trimmed_below", TransactionId(), nullable=False),
    instant_column("created_at"),
    instant_column("updated_at"),
    text_column("fact_policy"),
    # A list; null: none.
    json_column("arms_off", nullable=True),
    ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
    CheckConstraint("name ~ '^[a-z0-9._-]{1,128}$'", name="name"),
    # A deleted bank frees its name at once, though its rows take a while to go.
    Index(
        "uq_banks_tenant_id_name",
        "tenant_id",
        "name",
        unique=True,
        postgresql_where=text("state = 'active'"),
    ),
)

bank_models = Table(
    "bank_models",
    metadata,
    uuid_column("bank_id"),
    text_column("model_id"),
    uuid_column("tenant_id"),
    integer_column("dimension"),
    Column("partition_no", BigInteger(), nullable=False, autoincrement=False, unique=True),
    text_column("state"),
    instant_column("created_at"),
    instant_column("retired_at", nullable=True),
    json_column("report", nullable=True),
    PrimaryKeyConstraint("bank_id", "model_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
)
"""Which embedding models a bank has vectors of; one is ``serving``."""

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Uuid(), primary_key=True),
    uuid_column("tenant_id"),
    uuid_column("bank_id", nullable=True),
    text_column("kind"),
    text_column("state"),
    text_column("reason", nullable=True),
    integer_column("attempts"),
    integer_column("done", nullable=True),
    integer_column("total", nullable=True),
    json_column("counts", nullable=True),
    json_column("payload"),
    instant_column("created_at"),
    instant_column("started_at", nullable=True),
    instant_column("finished_at", nullable=True),
    Index("ix_jobs_tenant_id_state", "tenant_id", "state", "job_id"),
    Index("ix_jobs_tenant_id_bank_id", "tenant_id", "bank_id", "job_id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    uuid_column("tenant_id"),
    text_column("route"),
    text_column("key"),
    text_column("body_hash"),
    uuid_column("bank_id", nullable=True),
    json_column("response", nullable=True),
    instant_column("expires_at"),
    PrimaryKeyConstraint("tenant_id", "route", "key"),
    Index("ix_idempotency_keys_tenant_id_expires_at", "tenant_id", "expires_at"),
    Index("ix_idempotency_keys_tenant_id_bank_id", "tenant_id", "bank_id"),
)
