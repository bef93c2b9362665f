"""Calls of language models: how often the provider was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is on record was asked once at least; more is not known of it.
    op.add_column(
        "model_calls", sa.Column("tries", sa.Integer(), nullable=False, server_default="1")
    )
    op.alter_column("model_calls", "tries", server_default=None)


def downgrade() -> None:
    op.drop_column("model_calls", "tries")
