"""Bring a schema to a revision: called by the command line, a deployment, a function, the tests.

Each revision is a transaction of its own, together with its row in alembic_version. So whatever
ends a job, the database is at a revision and not between two; whoever goes on asks it first.
"""

from sqlalchemy.exc import DBAPIError

from migrations.connection import Tell, looking, parameters, quiet, revision_of
from migrations.failures import failure
from migrations.plan import DOWN, UP
from migrations.running import Job, Migrated

PATIENCE = 300.0
"""Seconds for what passes: a database that wakes, another job, locked tables, lost connections."""


def upgrade(
    revision: str = "head",
    *,
    url: str | None = None,
    dry_run: bool = False,
    patience: float = PATIENCE,
    tell: Tell = quiet,
) -> Migrated:
    """Run the revisions that are missing.

    `url` is the database's, pooled or direct; without one the settings say. `patience` is for what
    passes by itself, in seconds: a revision may take as long as it takes. `tell` is called with a
    sentence for each revision that is done, and for whatever has to be waited for.

    Raises failures.MigrationFailed.
    """
    return Job(UP, revision, url, patience, tell).run(dry_run=dry_run)


def downgrade(
    revision: str,
    *,
    url: str | None = None,
    dry_run: bool = False,
    patience: float = PATIENCE,
    tell: Tell = quiet,
) -> Migrated:
    """Take back what came after a revision, with the data that it holds; `base` is before all."""
    return Job(DOWN, revision, url, patience, tell).run(dry_run=dry_run)


def current(url: str | None = None) -> str | None:
    """The revision that a database is at; raises failures.MigrationFailed."""
    known = parameters(url)
    try:
        with looking(known) as connection:
            return revision_of(connection)
    except DBAPIError as error:
        raise failure(error, known["host"]) from None
