<%
    up = upgrades if upgrades and upgrades != "pass" else "op.execute(UP)"
    down = downgrades if downgrades and downgrades != "pass" else "op.execute(DOWN)"
    written = up + down
%>"""${message[:1].upper()}${message[1:].rstrip(".")}.

Rules; take them out when they are kept:
- The release before this one runs on what it leaves. Add first; what nothing uses any more is
  renamed, tightened or dropped by a later release.
- It is one transaction that waits 1 s for a table, then is rolled back and begun again: it is
  short, and changes rows in bulk in no transaction that also alters a table.
- A new column may be null or has a constant default. A new constraint on a table with rows is
  NOT VALID; the revision after this one validates it.
- An index on a table with rows is a revision of its own, and one that may be begun again:
      with op.get_context().autocommit_block():
          op.execute("SET lock_timeout = 0")  # it waits for others, and lets nobody wait
          op.execute("DROP INDEX CONCURRENTLY IF EXISTS …")
          op.execute("CREATE INDEX CONCURRENTLY …")
- What it takes back, it takes back whole: up, down and up again leaves nothing between.
"""

% if "sa." in written:
import sqlalchemy as sa
% endif
% if "sqlmodel." in written:
import sqlmodel
% endif
from alembic import op
% if imports:
${imports}
% endif

revision = "${up_revision}"
down_revision = ${f'"{down_revision}"' if down_revision else None}
branch_labels = None
depends_on = None
% if "(UP)" in written or "(DOWN)" in written:

UP = """
"""

DOWN = """
"""
% endif


def upgrade() -> None:
    ${up}


def downgrade() -> None:
    ${down}
