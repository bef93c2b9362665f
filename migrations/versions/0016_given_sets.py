"""Facts and entities that are given of memories, beside those that are read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = "given_sets"
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.add_column("facts", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("facts", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        TABLE,
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("mentioned", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_given_sets_bank_id_memory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "bank_id", "memory_id", "origin", "number", name="pk_given_sets"
        ),
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON {TABLE} USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO memsvc_app")


def downgrade() -> None:
    op.drop_table(TABLE)
    # Given facts would pass for what rules have read; the owner sees no tenant's rows otherwise.
    op.execute("ALTER TABLE facts NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM facts WHERE origin IS NOT NULL")
    op.execute("ALTER TABLE facts FORCE ROW LEVEL SECURITY")
    op.drop_column("facts", "until")
    op.drop_column("facts", "origin")
