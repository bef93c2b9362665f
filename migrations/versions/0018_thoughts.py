"""What was thought from memories, and which of them were read for it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("thoughts", "thought_readings")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def _of_a_memory(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["bank_id", "memory_id"],
        ["memories.bank_id", "memories.memory_id"],
        name=f"fk_{table}_bank_id_memory_id",
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "thoughts",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("tail", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("frame", sa.Text(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("denies", sa.Boolean(), nullable=False),
        sa.Column("is_functional", sa.Boolean(), nullable=False),
        sa.Column("is_change", sa.Boolean(), nullable=False),
        sa.Column("needs_all", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("stood", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("hash_key", sa.Text(), nullable=True),
        sa.Column("hash_group", sa.Integer(), nullable=True),
        _of_a_memory("thoughts"),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", name="pk_thoughts"),
    )
    op.create_index("ix_thoughts_bank_id_head_relation", "thoughts", ["bank_id", "head", "relation"])
    op.create_index("ix_thoughts_bank_id_hash", "thoughts", ["bank_id", "hash_key", "hash_group"])
    op.create_index(
        "ix_thoughts_bank_id_unsettled",
        "thoughts",
        ["bank_id", "memory_id"],
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_table(
        "thought_readings",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _of_a_memory("thought_readings"),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", name="pk_thought_readings"),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
