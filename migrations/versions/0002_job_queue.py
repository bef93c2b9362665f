"""The queue library's own tables, from the SQL it ships.

The text is pinned by its checksum: another version of the library needs another migration, and
says so here instead of failing somewhere else.
"""

import hashlib
from importlib.resources import files

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA_SHA256 = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
TABLES = (
    "procrastinate_jobs",
    "procrastinate_workers",
    "procrastinate_periodic_defers",
    "procrastinate_events",
)


def upgrade() -> None:
    schema = (files("procrastinate") / "sql" / "schema.sql").read_text(encoding="utf-8")
    found = hashlib.sha256(schema.encode()).hexdigest()
    if found != SCHEMA_SHA256:
        raise RuntimeError(
            f"The installed procrastinate ships another schema ({found}) than this migration was"
            " written for; install procrastinate 3.10."
        )
    # Through the driver: the text holds several statements and bare percent signs.
    op.get_bind().connection.driver_connection.execute(schema)
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO memsvc_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute(
        """
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE proname LIKE 'procrastinate%' AND pronamespace = 'public'::regnamespace
            LOOP EXECUTE 'DROP FUNCTION ' || item.name || ' CASCADE'; END LOOP;
            FOR item IN SELECT typname AS name FROM pg_type
                WHERE typname LIKE 'procrastinate%' AND typtype IN ('e', 'c')
                  AND typnamespace = 'public'::regnamespace
            LOOP EXECUTE 'DROP TYPE IF EXISTS ' || item.name || ' CASCADE'; END LOOP;
        END $$
        """
    )
