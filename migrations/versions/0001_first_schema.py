"""First schema: banks, episodes, memories, their versions and everything derived from them.

Row-level security is enabled and forced on every table, so that it binds the owner as well.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from memsvc.store.types import FloatVector, TransactionId

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DEFAULT_TENANT = "00000000-0000-7000-8000-000000000001"

# What the runtime role may do. Versions and audit events are append-only: a purge may remove
# them, nothing may change them.
GRANTS = {
    "tenants": "SELECT",
    "banks": "SELECT, INSERT, UPDATE, DELETE",
    "episodes": "SELECT, INSERT, UPDATE, DELETE",
    "memories": "SELECT, INSERT, UPDATE, DELETE",
    "memory_versions": "SELECT, INSERT, DELETE",
    "lexical_forms": "SELECT, INSERT, DELETE",
    "embeddings": "SELECT, INSERT, DELETE",
    "links": "SELECT, INSERT, UPDATE, DELETE",
    "index_changes": "SELECT, INSERT, DELETE",
    "audit_events": "SELECT, INSERT, DELETE",
    "jobs": "SELECT, INSERT, UPDATE, DELETE",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
}
INDEX_ROLE_READS = ("banks", "memories", "lexical_forms", "embeddings", "index_changes")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE vector_ids")
    op.execute("CREATE SEQUENCE change_numbers")
    _create_tables()
    for table, privileges in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT {privileges} ON {table} TO memsvc_app")
    for table in INDEX_ROLE_READS:
        op.execute(f"CREATE POLICY index_reads ON {table} FOR SELECT TO memsvc_index USING (true)")
        op.execute(f"GRANT SELECT ON {table} TO memsvc_index")
    op.execute("GRANT USAGE ON SEQUENCE vector_ids, change_numbers TO memsvc_app")
    op.execute("GRANT SELECT ON alembic_version TO memsvc_app")
    op.execute(f"SELECT set_config('memsvc.tenant', '{DEFAULT_TENANT}', true)")
    op.execute(
        "INSERT INTO tenants (tenant_id, name, created_at)"
        f" VALUES ('{DEFAULT_TENANT}', 'default', transaction_timestamp())"
    )


def downgrade() -> None:
    for table in reversed(list(GRANTS)):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("DROP SEQUENCE vector_ids")
    op.execute("DROP SEQUENCE change_numbers")


_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def _create_tables() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=True),
        sa.Column("response", JSONB(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "route", "key", name="pk_idempotency_keys"),
    )
    op.create_index(
        "ix_idempotency_keys_tenant_id_expires_at",
        "idempotency_keys",
        ["tenant_id", "expires_at"],
        unique=False,
    )
    op.create_index(
        "ix_idempotency_keys_tenant_id_bank_id",
        "idempotency_keys",
        ["tenant_id", "bank_id"],
        unique=False,
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index(
        "ix_jobs_tenant_id_bank_id", "jobs", ["tenant_id", "bank_id", "job_id"], unique=False
    )
    op.create_index(
        "ix_jobs_tenant_id_state", "jobs", ["tenant_id", "state", "job_id"], unique=False
    )
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenants"),
        sa.UniqueConstraint("name", name="uq_tenants_name"),
    )
    op.create_table(
        "banks",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("changes_trimmed_below", TransactionId(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name ~ '^[a-z0-9._-]{1,128}$'", name="ck_banks_name"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name="fk_banks_tenant_id"),
        sa.PrimaryKeyConstraint("bank_id", name="pk_banks"),
    )
    op.create_index(
        "uq_banks_tenant_id_name",
        "banks",
        ["tenant_id", "name"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "audit_events",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=True),
        sa.Column("before_version", sa.Integer(), nullable=True),
        sa.Column("after_version", sa.Integer(), nullable=True),
        sa.Column("details", JSONB(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_audit_events_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "event_id", name="pk_audit_events"),
    )
    op.create_index(
        "ix_audit_events_bank_id_memory_id", "audit_events", ["bank_id", "memory_id"], unique=False
    )
    op.create_table(
        "episodes",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.Column("memory_count", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_episodes_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "episode_id", name="pk_episodes"),
    )
    op.create_index("uq_episodes_bank_id_source", "episodes", ["bank_id", "source"], unique=True)
    op.create_table(
        "index_changes",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("xid", TransactionId(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_index_changes_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "seq", name="pk_index_changes"),
    )
    op.create_index(
        "ix_index_changes_bank_id_xid", "index_changes", ["bank_id", "xid"], unique=False
    )
    op.create_table(
        "memories",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("embedded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "episode_id"],
            ["episodes.bank_id", "episodes.episode_id"],
            name="fk_memories_bank_id_episode_id",
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_memories_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", name="pk_memories"),
    )
    op.create_index(
        "ix_memories_bank_id_episode_id_seq",
        "memories",
        ["bank_id", "episode_id", "seq"],
        unique=False,
    )
    op.create_index(
        "ix_memories_bank_id_expires_at",
        "memories",
        ["bank_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index(
        "ix_memories_bank_id_occurred_at", "memories", ["bank_id", "occurred_at"], unique=False
    )
    op.create_index(
        "ix_memories_bank_id_session_id", "memories", ["bank_id", "session_id"], unique=False
    )
    op.create_index("ix_memories_bank_id_speaker", "memories", ["bank_id", "speaker"], unique=False)
    op.create_index(
        "ix_memories_bank_id_unembedded",
        "memories",
        ["bank_id", "memory_id"],
        unique=False,
        postgresql_where=sa.text("NOT embedded"),
    )
    op.create_index("ix_memories_bank_id_user_id", "memories", ["bank_id", "user_id"], unique=False)
    op.create_index(
        "uq_memories_bank_id_source_external_id",
        "memories",
        ["bank_id", "source", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_table(
        "links",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "from_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_links_bank_id_from_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["bank_id", "to_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_links_bank_id_to_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "from_id", "type", "to_id", name="pk_links"),
    )
    op.create_index("ix_links_bank_id_to_id", "links", ["bank_id", "to_id"], unique=False)
    op.create_table(
        "memory_versions",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_memory_versions_bank_id_memory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", "version", name="pk_memory_versions"),
    )
    op.create_table(
        "embeddings",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("vector_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("window_no", sa.SmallInteger(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("vector", FloatVector(), nullable=False),
        sa.CheckConstraint("vector_dims(vector) = dimension", name="ck_embeddings_dimension"),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id", "version"],
            ["memory_versions.bank_id", "memory_versions.memory_id", "memory_versions.version"],
            name="fk_embeddings_bank_id_memory_id_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "vector_id", name="pk_embeddings"),
    )
    op.create_index(
        "uq_embeddings_bank_id_memory_id",
        "embeddings",
        ["bank_id", "memory_id", "version", "model_id", "view", "window_no"],
        unique=True,
    )
    op.create_table(
        "lexical_forms",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("analyzer_version", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("terms", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id", "version"],
            ["memory_versions.bank_id", "memory_versions.memory_id", "memory_versions.version"],
            name="fk_lexical_forms_bank_id_memory_id_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", "version", name="pk_lexical_forms"),
    )
