"""The app on a local Neon, three people who ask it, and what its tables hold."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psycopg2
import pytest
from psycopg2.extensions import cursor
from sqlalchemy import URL

from tests.neon import DATABASE, Neon, neon
from tests.people import sign_up
from tests.processes import fresh_engine
from tests.truth_faults import READS, WRITES, Trouble, end_sessions, happening
from tests.truth_model import ROLES, Row, World

PEOPLE = (*ROLES, "outsider")
KEYS = ("a", "b", "c", "d", "e")
"""Those that callers send: few, so that they meet again."""

TASKS = """
SELECT id::text, user_id, team_id::text, title, status, deleted_at IS NOT NULL, version
FROM tasks WHERE user_id = ANY (%s) ORDER BY id
"""
NAMES = 'SELECT id, name FROM "user" WHERE id = ANY (%s)'
OPERATIONS = "SELECT user_id, key, result_ids FROM operations WHERE user_id = ANY (%s)"


class Stage:
    def __init__(self, neon: Neon, sql: cursor) -> None:
        self.neon, self.sql = neon, sql

    def begin(self) -> None:
        """Three new people come on; whatever there was before is not theirs."""
        self.people = {name: sign_up(self.sql, name) for name in PEOPLE}
        self.names = {person.id: name for name, person in self.people.items()}
        self.team = str(uuid4())
        self.sql.execute("INSERT INTO teams (id, name) VALUES (%s, 'A-team')", (self.team,))
        for name, role in ROLES.items():
            member = (self.team, self.people[name].id, role)
            self.sql.execute("INSERT INTO members VALUES (%s, %s, %s)", member)

    def ask(
        self, trouble: Trouble, who: str, method: str, path: str, **more: Any
    ) -> httpx2.Response:
        if trouble.overtaken:  # the pooler needs a session at hand: it drops what waits for one
            self.people[who].get("tasks")
        lock = READS if method == "GET" else WRITES
        with happening(trouble, lock, self.neon, self.sql):
            return self.people[who].request(method, path, **more)

    def end_sessions(self) -> None:
        """What is still on its way to the tables arrives now, or never."""
        end_sessions(self.sql)

    def world(self) -> World:
        """What the three have, from the tables themselves."""
        return World(
            {id: Row(self.names[user], *rest) for id, user, *rest in self.rows(TASKS)},
            {self.names[id]: name for id, name in self.rows(NAMES)},
            {
                (self.names[user], key): frozenset(self.names.get(id, id) for id in ids)
                for user, key, ids in self.rows(OPERATIONS)
                if key in KEYS  # else one of the app's own
            },
        )

    def rows(self, question: str) -> list[Any]:
        self.sql.execute(question, ([*self.names],))
        rows: list[Any] = self.sql.fetchall()
        return rows

    def shown(self, answer: httpx2.Response) -> dict[str, Row]:
        """The tasks in an answer."""
        body = answer.json() if answer.content else {}
        return {
            task["id"]: self.row(task)
            for task in body.get("items", [body])
            if "title" in task and "id" in task
        }

    def row(self, task: dict[str, Any]) -> Row:
        same = {name: task[name] for name in ("team_id", "title", "status", "version")}
        deleted = task["deleted_at"] is not None
        return Row(user_id=self.names[task["user_id"]], deleted=deleted, **same)


@contextmanager
def stage(directory: Path, *, pooled: bool) -> Iterator[Stage]:
    with neon(directory) as here, pytest.MonkeyPatch.context() as environment:
        for name, door in (("DATABASE_URL", pooled), ("DATABASE_URL_UNPOOLED", False)):
            environment.setenv(name, url(here.parameters(pooled=door)))
        admin = psycopg2.connect(here.compute.admin_url(), dbname=DATABASE)
        admin.autocommit = True
        with closing(admin), fresh_engine():
            from migrations.job import upgrade  # noqa: PLC0415  it reads the settings

            upgrade()
            yield Stage(here, admin.cursor())


def url(parameters: dict[str, Any]) -> str:
    names = {"host": "host", "port": "port", "user": "username", "password": "password"}
    known = {ours: parameters.pop(theirs) for theirs, ours in names.items()}
    made = URL.create("postgresql", **known, database=parameters.pop("dbname"), query=parameters)
    return made.render_as_string(hide_password=False)
