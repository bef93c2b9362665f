"""The memory graph: which entities each version of a memory mentions.

Memories that exist have none until `memsvc graph rebuild` has read them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "mentions",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("extractor_version", sa.SmallInteger(), nullable=False),
        sa.Column("entities", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("subjects", sa.ARRAY(sa.Boolean()), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id", "version"],
            ["memory_versions.bank_id", "memory_versions.memory_id", "memory_versions.version"],
            name="fk_mentions_bank_id_memory_id_version",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", "version", name="pk_mentions"),
    )
    op.execute("ALTER TABLE mentions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE mentions FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON mentions USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON mentions TO memsvc_app")


def downgrade() -> None:
    op.drop_table("mentions")
