"""Expand: what was there before is held against the constraint, too."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE tasks VALIDATE CONSTRAINT tasks_estimate_check")


def downgrade() -> None:
    pass  # a constraint that holds may stay
