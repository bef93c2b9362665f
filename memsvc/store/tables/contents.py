"""What a bank holds: sources, memories, their versions, what is derived from them, links."""

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
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
from memsvc.store.types import FloatVector

episodes = Table(
    "episodes",
    metadata,
    uuid_column("bank_id"),
    uuid_column("episode_id"),
    uuid_column("tenant_id"),
    text_column("source"),
    text_column("kind"),
    text_column("title", nullable=True),
    text_column("user_id", nullable=True),
    text_column("agent_id", nullable=True),
    text_column("session_id", nullable=True),
    json_column("metadata"),
    integer_column("memory_count"),
    instant_column("occurred_at"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "episode_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("uq_episodes_bank_id_source", "bank_id", "source", unique=True),
)

memories = Table(
    "memories",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    uuid_column("tenant_id"),
    uuid_column("episode_id", nullable=True),
    integer_column("seq"),
    text_column("kind"),
    text_column("state"),
    integer_column("current_version"),
    text_column("speaker", nullable=True),
    text_column("source"),
    text_column("external_id", nullable=True),
    text_column("user_id", nullable=True),
    text_column("agent_id", nullable=True),
    text_column("session_id", nullable=True),
    json_column("metadata"),
    instant_column("occurred_at"),
    instant_column("recorded_at"),
    instant_column("updated_at"),
    instant_column("expires_at", nullable=True),
    Column("pinned", Boolean(), nullable=False),
    Column("embedded", Boolean(), nullable=False),
    text_column("organising"),
    integer_column("annotation", nullable=True),
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
    Index(
        "ix_memories_bank_id_waiting",
        "bank_id",
        "memory_id",
        postgresql_where=text("organising = 'waiting'"),
    ),
)

memory_versions = Table(
    "memory_versions",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    integer_column("version"),
    uuid_column("tenant_id"),
    text_column("text"),
    text_column("speaker", nullable=True),
    instant_column("occurred_at"),
    text_column("operation"),
    text_column("actor"),
    text_column("reason", nullable=True),
    text_column("content_hash"),
    instant_column("recorded_at"),
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
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    integer_column("version"),
    uuid_column("tenant_id"),
    Column("analyzer_version", SmallInteger(), nullable=False),
    text_column("language"),
    integer_column("length"),
    Column("terms", ARRAY(Text()), nullable=False),
    Column("counts", ARRAY(Integer()), nullable=False),
    PrimaryKeyConstraint("bank_id", "memory_id", "version"),
    ForeignKeyConstraint(*_TO_VERSION, ondelete="CASCADE"),
)

embeddings = Table(
    "embeddings",
    metadata,
    uuid_column("bank_id"),
    Column("vector_id", BigInteger(), nullable=False, autoincrement=False),
    uuid_column("tenant_id"),
    uuid_column("memory_id"),
    integer_column("version"),
    text_column("view"),
    Column("window_no", SmallInteger(), nullable=False),
    text_column("model_id"),
    integer_column("dimension"),
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
    uuid_column("bank_id"),
    uuid_column("from_id"),
    text_column("type"),
    uuid_column("to_id"),
    uuid_column("tenant_id"),
    Column("weight", REAL(), nullable=False),
    text_column("reason", nullable=True),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "from_id", "type", "to_id"),
    ForeignKeyConstraint(
        ["bank_id", "from_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["bank_id", "to_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    Index("ix_links_bank_id_to_id", "bank_id", "to_id"),
)
