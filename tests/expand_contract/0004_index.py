"""Expand: estimates are found by an index, which is made while others write."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it waits for others, and lets nobody wait
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS tasks_estimate_idx")
        op.execute("CREATE INDEX CONCURRENTLY tasks_estimate_idx ON tasks (user_id, estimate)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS tasks_estimate_idx")
