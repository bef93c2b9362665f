"""What memories claim, with the time it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("facts", "fact_readings")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def _of_a_memory(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["bank_id", "memory_id"],
        ["memories.bank_id", "memories.memory_id"],
        name=f"fk_{table}_bank_id_memory_id",
        ondelete="CASCADE",
    )


def upgrade() -> None:
    policy = sa.Column("fact_policy", sa.Text(), nullable=False, server_default="supersede")
    op.add_column("banks", policy)
    op.alter_column("banks", "fact_policy", server_default=None)
    op.create_table(
        "facts",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("predicate", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("denies", sa.Boolean(), nullable=False),
        sa.Column("is_functional", sa.Boolean(), nullable=False),
        sa.Column("is_change", sa.Boolean(), nullable=False),
        sa.Column("stood", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        _of_a_memory("facts"),
        sa.PrimaryKeyConstraint("bank_id", "fact_id", name="pk_facts"),
    )
    op.create_index(
        "ix_facts_bank_id_subject_predicate", "facts", ["bank_id", "subject", "predicate"]
    )
    op.create_index("ix_facts_bank_id_memory_id", "facts", ["bank_id", "memory_id"])
    op.create_table(
        "fact_readings",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _of_a_memory("fact_readings"),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", name="pk_fact_readings"),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("banks", "fact_policy")
