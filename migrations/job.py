"""Bring a schema to a revision: called by the command line, a deployment, a function, the tests.

Each revision is a transaction of its own, together with its row in alembic_version. So whatever
ends a job, the database is at a revision and not between two; whoever goes on asks it first.
"""

import time
from typing import NamedTuple

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app import address, waiting
from app.causes import sqlstate
from app.settings import direct
from app.trying import Tries
from migrations.connection import LOCK_TIMEOUT, Tell, alone, looking, quiet
from migrations.failures import failure, summary
from migrations.plan import DOWN, UP, Step, Way, config

PATIENCE = 300.0
"""Seconds for what passes: a database that wakes, another job, locked tables, lost connections."""

LOCKED = "55P03"


class Migrated(NamedTuple):
    """What a job did, or with `dry_run` would do; None is before the first revision."""

    before: str | None
    after: str | None
    revisions: list[str]
    seconds: float


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
    return Job(UP, url, patience, tell).run(revision, dry_run=dry_run)


def downgrade(
    revision: str,
    *,
    url: str | None = None,
    dry_run: bool = False,
    patience: float = PATIENCE,
    tell: Tell = quiet,
) -> Migrated:
    """Take back what came after a revision, with the data that it holds; `base` is before all."""
    return Job(DOWN, url, patience, tell).run(revision, dry_run=dry_run)


def current(url: str | None = None) -> str | None:
    """The revision that a database is at."""
    with looking(parameters(url)) as connection:
        return revision_of(connection)


def parameters(url: str | None) -> dict[str, str]:
    return address.direct(url) if url else direct()


def revision_of(connection: Connection) -> str | None:
    with connection.begin():
        return MigrationContext.configure(connection).get_current_revision()


class Job:
    """One job, on as many connections as it takes."""

    def __init__(self, way: Way, url: str | None, patience: float, tell: Tell) -> None:
        self.way, self.tell, self.parameters = way, tell, parameters(url)
        self.begun = time.time()
        self.end = self.begun + patience
        self.before: str | None = None
        self.doing: Step | None = None
        self.done: list[str] = []

    def run(self, revision: str, *, dry_run: bool) -> Migrated:
        tries = Tries()
        while True:
            try:
                after = self.look(revision) if dry_run else self.go(revision)
            except DBAPIError as error:
                if not self.again(tries, error):
                    raise failure(error, self.doing) from None
            else:
                return Migrated(self.before, after, self.done, time.time() - self.begun)

    def look(self, revision: str) -> str | None:
        """Where it would end."""
        with looking(self.parameters) as connection:
            self.before = revision_of(connection)
        steps = self.way.steps(self.before, revision)
        self.done = [step.revision for step in steps]
        return steps[-1].target if steps else self.before

    def go(self, revision: str) -> str | None:
        """Where it ended."""
        with alone(self.parameters, self.end, self.tell) as connection:
            now = self.start(revision_of(connection))
            for step in self.way.steps(now, revision):
                self.doing, begun = step, time.monotonic()
                self.way.move(config(connection=connection), step.target or "base")
                self.finish(step, f"{time.monotonic() - begun:.1f} s")
            return revision_of(connection)

    def start(self, now: str | None) -> str | None:
        """Where to begin. A step whose end was not heard of may have happened."""
        if self.doing is None:
            self.before = now
        elif self.doing.target == now and self.doing.revision not in self.done:
            self.finish(self.doing, "and the connection was lost")
        return now

    def finish(self, step: Step, words: str) -> None:
        self.done.append(step.revision)
        self.tell(f"{step.revision} {step.words} ({words})")

    def again(self, tries: Tries, error: DBAPIError) -> bool:
        """Whether to go on, after a pause in which requests have the table to themselves."""
        if sqlstate(error) == LOCKED:
            time.sleep(LOCK_TIMEOUT)
        with waiting.until(self.end):
            again = tries.again(error)
        if again:
            self.tell(f"{summary(error)}: trying again")
        return again
