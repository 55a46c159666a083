"""The steps of a pull request's life: a command that its workflow runs, and what is so then."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from dev.local import environment
from dev.neon.cloud import Cloud
from dev.prove import _neon_laptop as laptop
from dev.prove._branch_checkout import Checkout
from dev.prove._branch_jobs import Jobs
from dev.prove._neon_claims import one_line
from dev.prove._neon_laptop import Traces
from dev.prove._stage import ask, demo_token

NAME = "feature/Colours"
BUSY = [423, 503, 423, 429]
TASKS = "/api/me/tasks"
COLUMN = """
SQLModel.metadata.tables["tasks"].append_column(Column("colour", Text))
"""
INDEX = """
Index("tasks_colour", SQLModel.metadata.tables["tasks"].c.colour)
"""
CUSTOMER = """
INSERT INTO "user" (id, name, email, "emailVerified") VALUES ('c', 'C', 'c@example.com', true)
"""


class Seen(NamedTuple):
    words: str
    expected: str
    seen: str
    seconds: float

    @property
    def so(self) -> bool:
        return self.seen == self.expected


class Part(NamedTuple):
    words: str
    expected: str
    see: Callable[[], str]

    def look(self) -> Seen:
        begun = time.monotonic()
        seen = self.see()
        return Seen(self.words, self.expected, seen, time.monotonic() - begun)


class Life:  # over 150 lines: one life, told in its order
    def __init__(self, cloud: Cloud, checkout: Checkout, place: Path) -> None:
        self.cloud, self.checkout = cloud, checkout
        self.jobs = Jobs(cloud, checkout.place, place)
        self.released = checkout.head
        os.environ |= self.jobs.known

    def parts(self) -> list[Part]:
        head = int(self.released)
        new, newer, fixed = (f"{head + more:04}" for more in (1, 2, 3))
        return [
            Part("production has a customer", "users: 1", self.release),
            Part("opened: two jobs at once, Neon busy", f"made once, at {new}", self.open),
            Part("what it holds of customers", "users: 0", self.empty),
            Part("served, also from its sleep", "201, 200, asleep, 200", self.serve),
            Part("the difference of the schemas", "+    colour text", self.compare),
            Part("second push", f"found, at {newer}", self.push),
            Part("a revision fails half way", f"exit 1, nothing of it, at {newer}", self.fail),
            Part("mended", f"found, at {fixed}", self.mend),
            Part("a forced push drops a revision", f"exit 1, at {fixed}", self.force),
            Part("reset", f"made, another address, at {newer}", self.reset),
            Part("closed, and closed again", "exit 0, exit 0", self.close),
            Part("its address", "password authentication failed for user '…'", self.knock),
            Part("production since then", f"users: 1, at {self.released}", self.production),
        ]

    def release(self) -> str:
        self.jobs.migrate(self.cloud.url(pooled=False))
        self.main(CUSTOMER)
        return users(self.main)

    def open(self) -> str:
        add = "ALTER TABLE tasks ADD COLUMN colour text"
        self.checkout.add("A colour for tasks", add, tables=COLUMN)
        self.cloud.api_faults.answers.extend(BUSY)
        made = self.jobs.together(2, "up", NAME)
        ids = {one["branch_id"] for one in made}
        times = sum(one["created"] == "true" for one in made)
        made_so = "made once" if len(ids) == times == 1 else f"made {times} times, as {len(ids)}"
        return f"{made_so}, {at(self.ours)}"

    def empty(self) -> str:
        return users(self.ours)

    def serve(self) -> str:
        """By the code of this checkout, which knows nothing of the new column."""
        os.environ |= environment(self.jobs.pooled, self.jobs.direct) | {"LOG_LEVEL": "WARNING"}
        token = demo_token()
        added = ask("POST", TASKS, token, {"title": "Look at the preview"})
        read = ask("GET", TASKS, token)
        self.cloud.project.suspend(self.jobs.branch_id)
        asleep = "awake" if self.cloud.project.awake(self.jobs.branch_id) else "asleep"
        again = ask("GET", TASKS, token)
        return f"{added.status}, {read.status}, {asleep}, {again.status}"

    def compare(self) -> str:
        said = self.jobs.run("diff", NAME, "--markdown").stdout
        added = [line.rstrip(",") for line in said.splitlines() if line.startswith("+    ")]
        return "\n".join(added) or said

    def push(self) -> str:
        index = "SET LOCAL statement_timeout = '5s'; CREATE INDEX tasks_colour ON tasks (colour)"
        self.checkout.add("Find tasks by colour", index, tables=INDEX)
        return self.again("up", NAME)

    def fail(self) -> str:
        self.checkout.add("Half a revision", "CREATE TABLE half (id integer)", "SELECT 1 / 0")
        failed = self.jobs.run("up", NAME, check=False)
        why = f"exit {failed.returncode}" if "division by zero" in failed.stderr else "no word"
        half = self.ours("SELECT to_regclass('half')") or "nothing of it"
        return f"{why}, {half}, {at(self.ours)}"

    def mend(self) -> str:
        self.checkout.take_back()
        self.checkout.add("A whole revision", "CREATE TABLE whole (id integer)")
        return self.again("up", NAME)

    def force(self) -> str:
        """What was there to look at stays until the reset that it asks for."""
        self.checkout.take_back()
        failed = self.jobs.run("up", NAME, check=False)
        asked = f"exit {failed.returncode}" if "`thaw branch reset" in failed.stderr else "no word"
        return f"{asked}, {at(self.ours)}"

    def reset(self) -> str:
        old = self.jobs.direct
        made, end = self.again("reset", NAME, "--yes").split(", ")
        return f"{made}, {'the same' if self.jobs.direct == old else 'another'} address, {end}"

    def again(self, *arguments: str) -> str:
        made = self.jobs.together(1, *arguments)[0]
        return f"{'made' if made['created'] == 'true' else 'found'}, {at(self.ours)}"

    def close(self) -> str:
        return ", ".join(f"exit {self.jobs.run('down', NAME).returncode}" for _ in range(2))

    def knock(self) -> str:
        try:
            psycopg2.connect(self.jobs.direct).close()
        except psycopg2.OperationalError as error:
            return one_line(error).replace("ERROR:  ", "").replace("neondb_owner", "…")
        return "it answers"

    def production(self) -> str:
        return f"{users(self.main)}, {at(self.main)}"

    def traceless(self, before: Traces) -> Seen:
        """Of the branches, their directories, processes and ports; main's own stay."""
        begun = time.monotonic()
        gained = self.jobs.gained.since(before)
        rows = [row.name for row in self.cloud.project.state.branches.values() if not row.default]
        left = ", ".join([*rows, laptop.left(gained)])
        return Seen("left of it on this machine", "nothing", left, time.monotonic() - begun)

    def ours(self, statement: str) -> Any:
        return one(self.jobs.direct, statement)

    def main(self, statement: str) -> Any:
        return one(self.cloud.url(pooled=False), statement)


Ask = Callable[[str], Any]


def users(ask: Ask) -> str:
    found = ask('SELECT count(*) FROM "user"')
    return f"users: {found}"


def at(ask: Ask) -> str:
    found = ask("SELECT version_num FROM alembic_version")
    return f"at {found}"


def one(url: str, statement: str) -> Any:
    """One connection, one statement, one value."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
