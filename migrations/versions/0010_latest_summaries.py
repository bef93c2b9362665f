"""The latest summaries of a bank are found without a look at the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_memories_bank_id_summaries",
        "memories",
        ["bank_id", "occurred_at"],
        postgresql_where=sa.text("kind = 'summary'"),
    )


def downgrade() -> None:
    op.drop_index("ix_memories_bank_id_summaries", table_name="memories")
