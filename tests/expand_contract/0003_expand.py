"""Expand: tasks may have an estimate, in minutes. Code of the release before knows nothing of it.

The first half of a pair, as the second would come a release later: what both releases need is
here, what only the newer one keeps true is not.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE tasks
            ADD COLUMN estimate integer DEFAULT 0,
            ADD CONSTRAINT tasks_estimate_check CHECK (estimate >= 0 AND estimate IS NOT NULL)
                NOT VALID;
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE tasks DROP COLUMN estimate")
