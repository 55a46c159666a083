"""One job from its first look to its end, on as many connections as it takes."""

import math
import time
from typing import NamedTuple

from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app import waiting
from app.causes import sqlstate
from app.trying import Tries
from migrations.connection import LOCK_TIMEOUT, Tell, alone, looking, parameters, revision_of
from migrations.failures import (
    LOCKED,
    ROLLED_BACK,
    MigrationFailed,
    failure,
    nobody_answers,
    summary,
)
from migrations.plan import Step, Way, config, mistake

ABSENT = 5.0
"""Seconds in which a server that is not there may come: one that restarts. Neon's always is."""


class Migrated(NamedTuple):
    """What a job did, or with `dry_run` would do; None is before the first revision."""

    before: str | None
    after: str | None
    revisions: list[str]
    seconds: float


class Job:
    def __init__(
        self, way: Way, revision: str, url: str | None, patience: float, tell: Tell
    ) -> None:
        self.way, self.goal, self.tell = way, revision, tell
        self.parameters = parameters(url)
        self.host = self.parameters["host"]
        self.begun = time.time()
        self.end = self.begun + patience
        self.before: str | None = None
        self.doing: Step | None = None
        self.done: list[str] = []
        self.lost = False
        """Whether the end of what is being done was not heard of."""
        self.tries = Tries()
        self.told = ""
        self.absent = math.inf
        """Since when nobody answers."""

    def run(self, *, dry_run: bool) -> Migrated:
        while True:
            try:
                after = self.look() if dry_run else self.go()
            except DBAPIError as error:
                if not self.again(error):
                    doing = self.doing and self.doing.revision
                    raise failure(error, self.host, doing, lost=self.lost) from None
            else:
                return Migrated(self.before, after, self.done, time.time() - self.begun)

    def look(self) -> str | None:
        """Where it would end."""
        with looking(self.parameters) as connection:
            self.before = revision_of(connection)
        steps = self.steps(self.before)
        self.done = [step.revision for step in steps]
        return steps[-1].target if steps else self.before

    def go(self) -> str | None:
        """Where it ended."""
        with alone(self.parameters, self.end, self.tell) as connection:
            now = self.start(revision_of(connection))
            for step in self.steps(now):
                self.doing, begun = step, time.monotonic()
                self.move(step, connection)
                self.finish(step, f"{time.monotonic() - begun:.1f} s")
                now = step.target
        return now

    def move(self, step: Step, connection: Connection) -> None:
        try:
            self.way.move(config(connection=connection), step.target or "base")
        except DBAPIError as error:
            self.lost = error.connection_invalidated
            raise
        except Exception as error:  # noqa: BLE001  a revision's own code may raise anything
            words = f"revision {step.revision} failed, and {ROLLED_BACK}: {mistake(error)}"
            raise MigrationFailed(words) from None

    def start(self, now: str | None) -> str | None:
        """Where to begin. A step whose end was not heard of may have happened."""
        if self.doing is None:
            self.before = now
        elif self.lost and self.doing.target == now:
            self.finish(self.doing, "and the connection was lost")
        self.lost = False
        return now

    def steps(self, now: str | None) -> list[Step]:
        """The goal is settled by the first look: +1 would be another after each step."""
        if not self.goal:
            raise MigrationFailed("a revision without a name: leave it out for the newest")
        try:
            steps = self.way.steps(now, self.goal)
        except (CommandError, RevisionError, AssertionError) as error:  # the last of 0002+1
            raise MigrationFailed(f"no way from {now or 'base'} to {self.goal}: {error}") from None
        if steps:
            self.goal = steps[-1].target or "base"
        return steps

    def finish(self, step: Step, words: str) -> None:
        self.tries = Tries()
        self.done.append(step.revision)
        self.tell(f"{step.revision} {step.words} ({words})")

    def again(self, error: DBAPIError) -> bool:
        """Whether to go on, after a pause in which requests have the table to themselves."""
        if sqlstate(error) == LOCKED:
            time.sleep(LOCK_TIMEOUT)
        with waiting.until(self.limit(error)):
            again = self.tries.again(error)
        words = f"{summary(error)}: trying again"
        if again and words != self.told:
            self.tell(words)  # once, however often
        self.told = words
        return again

    def limit(self, error: DBAPIError) -> float:
        """Until when to try: for a server that wakes longer than for one that is not there."""
        if not nobody_answers(error):
            self.absent = math.inf
            return self.end
        self.absent = min(self.absent, time.time())
        return min(self.end, self.absent + ABSENT)
