"""Notes: annotations of memories, whether they are organised, and counts of what jobs have done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    # A default only while existing rows are filled: values come from the application.
    waiting = sa.Column("organising", sa.Text(), nullable=False, server_default="waiting")
    op.add_column("memories", waiting)
    op.alter_column("memories", "organising", server_default=None)
    op.add_column("memories", sa.Column("annotation", sa.Integer(), nullable=True))
    op.create_index(
        "ix_memories_bank_id_waiting",
        "memories",
        ["bank_id", "memory_id"],
        postgresql_where=sa.text("organising = 'waiting'"),
    )
    op.add_column("jobs", sa.Column("counts", JSONB(), nullable=True))
    op.create_table(
        "annotations",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("keywords", ARRAY(sa.Text()), nullable=False),
        sa.Column("tags", ARRAY(sa.Text()), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("model_call", sa.Uuid(), nullable=True),
        sa.Column("because_of", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_annotations_bank_id_memory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", "number", name="pk_annotations"),
    )
    op.execute("ALTER TABLE annotations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE annotations FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON annotations USING ({_OWN}) WITH CHECK ({_OWN})")
    # Append-only: a purge may remove versions, nothing may change them.
    op.execute("GRANT SELECT, INSERT, DELETE ON annotations TO memsvc_app")


def downgrade() -> None:
    op.drop_table("annotations")
    op.drop_column("jobs", "counts")
    op.drop_index("ix_memories_bank_id_waiting", table_name="memories")
    op.drop_column("memories", "annotation")
    op.drop_column("memories", "organising")
