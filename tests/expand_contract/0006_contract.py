"""Contract: every task has an estimate. The release before this one writes it, all others are gone.

The constraint has proved it, so that NOT NULL reads no row.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        -- Proved by tasks_estimate_check: no scan.
        -- squawk-ignore adding-not-nullable-field
        ALTER TABLE tasks ALTER COLUMN estimate SET NOT NULL
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE tasks ALTER COLUMN estimate DROP NOT NULL")
