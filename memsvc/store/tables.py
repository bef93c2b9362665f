"""Every table of the service, for SQLAlchemy Core; migrations and these agree (`alembic check`).

Rules that keep the schema distributable by bank (docs/architecture.md, "Data"): tables of bank
data have primary keys that start with ``bank_id``, foreign keys stay inside the bank, there are no
triggers and no sequences as column defaults, and every id and time comes from the application.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from memsvc.store.types import FloatVector, TransactionId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

vector_ids = Sequence("vector_ids", metadata=metadata)
"""Drawn by the application, so that a vector's id is known before it is written."""
change_numbers = Sequence("change_numbers", metadata=metadata)
partition_numbers = Sequence("partition_numbers", metadata=metadata)
"""Keys of partitions in shared indexes; one that is free again is not used again."""


def _uuid(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSONB(), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Integer(), nullable=nullable)


tenants = Table(
    "tenants",
    metadata,
    Column("tenant_id", Uuid(), primary_key=True),
    Column("name", Text(), nullable=False, unique=True),
    _instant("created_at"),
)

banks = Table(
    "banks",
    metadata,
    Column("bank_id", Uuid(), primary_key=True),
    _uuid("tenant_id"),
    _text("name"),
    _text("description", nullable=True),
    _text("language"),
    _json("metadata"),
    _text("state"),
    _text("model_id"),
    _integer("dimension"),
    Column("changes_trimmed_below", TransactionId(), nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
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

episodes = Table(
    "episodes",
    metadata,
    _uuid("bank_id"),
    _uuid("episode_id"),
    _uuid("tenant_id"),
    _text("source"),
    _text("kind"),
    _text("title", nullable=True),
    _text("user_id", nullable=True),
    _text("agent_id", nullable=True),
    _text("session_id", nullable=True),
    _json("metadata"),
    _integer("memory_count"),
    _instant("occurred_at"),
    _instant("recorded_at"),
    PrimaryKeyConstraint("bank_id", "episode_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("uq_episodes_bank_id_source", "bank_id", "source", unique=True),
)

memories = Table(
    "memories",
    metadata,
    _uuid("bank_id"),
    _uuid("memory_id"),
    _uuid("tenant_id"),
    _uuid("episode_id", nullable=True),
    _integer("seq"),
    _text("kind"),
    _text("state"),
    _integer("current_version"),
    _text("speaker", nullable=True),
    _text("source"),
    _text("external_id", nullable=True),
    _text("user_id", nullable=True),
    _text("agent_id", nullable=True),
    _text("session_id", nullable=True),
    _json("metadata"),
    _instant("occurred_at"),
    _instant("recorded_at"),
    _instant("updated_at"),
    _instant("expires_at", nullable=True),
    Column("pinned", Boolean(), nullable=False),
    Column("embedded", Boolean(), nullable=False),
    PrimaryKeyConstraint("bank_id", "memory_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    ForeignKeyConstraint(["bank_id", "episode_id"], ["episodes.bank_id", "episodes.episode_id"]),
    Index(
        "uq_memories_bank_id_source_external_id",
        "bank_id",
        "source",
        "external_id",
        unique=True,
        postgresql_where=text("external_id IS NOT NULL"),
    ),
    Index("ix_memories_bank_id_episode_id_seq", "bank_id", "episode_id", "seq"),
    Index("ix_memories_bank_id_session_id", "bank_id", "session_id"),
    Index("ix_memories_bank_id_user_id", "bank_id", "user_id"),
    Index("ix_memories_bank_id_speaker", "bank_id", "speaker"),
    Index("ix_memories_bank_id_occurred_at", "bank_id", "occurred_at"),
    Index(
        "ix_memories_bank_id_expires_at",
        "bank_id",
        "expires_at",
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
    Index(
        "ix_memories_bank_id_unembedded",
        "bank_id",
        "memory_id",
        postgresql_where=text("NOT embedded"),
    ),
)

memory_versions = Table(
    "memory_versions",
    metadata,
    _uuid("bank_id"),
    _uuid("memory_id"),
    _integer("version"),
    _uuid("tenant_id"),
    _text("text"),
    _text("speaker", nullable=True),
    _instant("occurred_at"),
    _text("operation"),
    _text("actor"),
    _text("reason", nullable=True),
    _text("content_hash"),
    _instant("recorded_at"),
    PrimaryKeyConstraint("bank_id", "memory_id", "version"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
)

_TO_VERSION = (
    ["bank_id", "memory_id", "version"],
    ["memory_versions.bank_id", "memory_versions.memory_id", "memory_versions.version"],
)

lexical_forms = Table(
    "lexical_forms",
    metadata,
    _uuid("bank_id"),
    _uuid("memory_id"),
    _integer("version"),
    _uuid("tenant_id"),
    Column("analyzer_version", SmallInteger(), nullable=False),
    _text("language"),
    _integer("length"),
    Column("terms", ARRAY(Text()), nullable=False),
    Column("counts", ARRAY(Integer()), nullable=False),
    PrimaryKeyConstraint("bank_id", "memory_id", "version"),
    ForeignKeyConstraint(*_TO_VERSION, ondelete="CASCADE"),
)

embeddings = Table(
    "embeddings",
    metadata,
    _uuid("bank_id"),
    Column("vector_id", BigInteger(), nullable=False, autoincrement=False),
    _uuid("tenant_id"),
    _uuid("memory_id"),
    _integer("version"),
    _text("view"),
    Column("window_no", SmallInteger(), nullable=False),
    _text("model_id"),
    _integer("dimension"),
    Column("vector", FloatVector(), nullable=False),
    PrimaryKeyConstraint("bank_id", "vector_id"),
    ForeignKeyConstraint(*_TO_VERSION, ondelete="CASCADE"),
    CheckConstraint("vector_dims(vector) = dimension", name="dimension"),
    Index(
        "uq_embeddings_bank_id_memory_id",
        "bank_id",
        "memory_id",
        "version",
        "model_id",
        "view",
        "window_no",
        unique=True,
    ),
)

links = Table(
    "links",
    metadata,
    _uuid("bank_id"),
    _uuid("from_id"),
    _text("type"),
    _uuid("to_id"),
    _uuid("tenant_id"),
    _text("reason", nullable=True),
    _instant("recorded_at"),
    PrimaryKeyConstraint("bank_id", "from_id", "type", "to_id"),
    ForeignKeyConstraint(
        ["bank_id", "from_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["bank_id", "to_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    Index("ix_links_bank_id_to_id", "bank_id", "to_id"),
)

index_changes = Table(
    "index_changes",
    metadata,
    _uuid("bank_id"),
    Column("seq", BigInteger(), nullable=False, autoincrement=False),
    _uuid("tenant_id"),
    Column("xid", TransactionId(), nullable=False),
    _uuid("memory_id"),
    _instant("recorded_at"),
    PrimaryKeyConstraint("bank_id", "seq"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("ix_index_changes_bank_id_xid", "bank_id", "xid"),
    Index("ix_index_changes_xid", "xid"),
)

audit_events = Table(
    "audit_events",
    metadata,
    _uuid("bank_id"),
    _uuid("event_id"),
    _uuid("tenant_id"),
    _text("actor"),
    _text("operation"),
    _uuid("memory_id", nullable=True),
    _integer("before_version", nullable=True),
    _integer("after_version", nullable=True),
    _json("details", nullable=True),
    _instant("recorded_at"),
    PrimaryKeyConstraint("bank_id", "event_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("ix_audit_events_bank_id_memory_id", "bank_id", "memory_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Uuid(), primary_key=True),
    _uuid("tenant_id"),
    _uuid("bank_id", nullable=True),
    _text("kind"),
    _text("state"),
    _text("reason", nullable=True),
    _integer("attempts"),
    _integer("done", nullable=True),
    _integer("total", nullable=True),
    _json("payload"),
    _instant("created_at"),
    _instant("started_at", nullable=True),
    _instant("finished_at", nullable=True),
    Index("ix_jobs_tenant_id_state", "tenant_id", "state", "job_id"),
    Index("ix_jobs_tenant_id_bank_id", "tenant_id", "bank_id", "job_id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _uuid("tenant_id"),
    _text("route"),
    _text("key"),
    _text("body_hash"),
    _uuid("bank_id", nullable=True),
    _json("response", nullable=True),
    _instant("expires_at"),
    PrimaryKeyConstraint("tenant_id", "route", "key"),
    Index("ix_idempotency_keys_tenant_id_expires_at", "tenant_id", "expires_at"),
    Index("ix_idempotency_keys_tenant_id_bank_id", "tenant_id", "bank_id"),
)

bank_models = Table(
    "bank_models",
    metadata,
    _uuid("bank_id"),
    _text("model_id"),
    _uuid("tenant_id"),
    _integer("dimension"),
    Column("partition_no", BigInteger(), nullable=False, autoincrement=False, unique=True),
    _text("state"),
    _instant("created_at"),
    PrimaryKeyConstraint("bank_id", "model_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
)
"""Which embedding models a bank has vectors of; one is ``serving``."""

installation = Table(
    "installation",
    metadata,
    Column("installation_id", Uuid(), primary_key=True),
    _integer("epoch"),
    _instant("created_at"),
)
"""One row, made by the migration: whose data this is, and since which restore."""

index_followers = Table(
    "index_followers",
    metadata,
    Column("follower_id", Uuid(), primary_key=True),
    _text("kind"),
    _text("name"),
    _text("source"),
    Column("horizon", TransactionId(), nullable=False),
    _instant("started_at"),
    _instant("heartbeat_at"),
)
"""Processes that follow the change log; what the living ones lack is not trimmed."""

BANK_TABLES = (
    episodes,
    memories,
    memory_versions,
    lexical_forms,
    embeddings,
    links,
    index_changes,
    audit_events,
)
"""Tables of bank data: distributable by ``bank_id``."""
TENANT_TABLES = (tenants, banks, bank_models, jobs, idempotency_keys)
"""Small tables: local or reference tables on a sharded PostgreSQL."""
INSTALLATION_TABLES = (installation, index_followers)
"""Of the database as a whole: nothing of any tenant is in them."""
INDEX_ROLE_TABLES = (
    banks,
    bank_models,
    memories,
    lexical_forms,
    embeddings,
    index_changes,
    installation,
)
"""What the index role may read, across tenants."""
