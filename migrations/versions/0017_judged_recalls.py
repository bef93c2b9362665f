"""What was said of a recall is found by the recall; banks may switch arms off."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INDEX = "ix_reinforcements_bank_id_recall_id"


def upgrade() -> None:
    op.add_column("banks", sa.Column("arms_off", JSONB(), nullable=True))
    op.create_index(
        INDEX,
        "reinforcements",
        ["bank_id", "recall_id"],
        postgresql_where=sa.text("recall_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(INDEX, "reinforcements")
    op.drop_column("banks", "arms_off")
