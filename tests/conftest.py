"""A real Postgres for the whole run, and three callers: owner, teammate and outsider.

Nothing is rolled back: every test makes people of its own, so that it runs as requests do.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from fastapi.testclient import TestClient

from dev import keys
from dev.local import ORIGIN, environment
from dev.postgres import Postgres

POSTGRES = pytest.StashKey[tuple[Postgres, tempfile.TemporaryDirectory[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the server before any test module imports the app: settings are read once."""
    if getattr(config.option, "numprocesses", None):
        return  # each worker has a server of its own
    folder = tempfile.TemporaryDirectory(prefix="thaw-")
    postgres = Postgres(Path(folder.name) / "data", version=int(os.environ.get("POSTGRES", "18")))
    postgres.__enter__()
    config.stash[POSTGRES] = postgres, folder
    os.environ.update(environment(postgres.url))

    from migrations.job import upgrade  # noqa: PLC0415  reads the settings just made

    upgrade()


def pytest_unconfigure(config: pytest.Config) -> None:
    if POSTGRES in config.stash:
        postgres, folder = config.stash[POSTGRES]
        postgres.__exit__(None, None, None)
        folder.cleanup()


@pytest.fixture
def sql() -> Iterator["psycopg2.extensions.cursor"]:
    """The database as it is, past the app."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    yield connection.cursor()
    connection.close()


class Person(TestClient):
    """A user and their HTTP client in one: `owner.get("tasks")`."""

    def __init__(self, name: str) -> None:
        from app.main import app  # noqa: PLC0415  reads the settings

        self.id = f"{name}-{uuid4().hex}"
        self.email = f"{self.id}@example.com"
        self.name = name
        super().__init__(
            app, base_url="http://test/api/me/", headers={"Authorization": f"Bearer {self.token()}"}
        )

    def token(self, **changes: object) -> str:
        claims = {"name": self.name, "email": self.email, "issuer": ORIGIN, "audience": ORIGIN}
        return keys.token(self.id, **{**claims, **changes})


def person(sql, name: str) -> Person:
    someone = Person(name)
    sql.execute(
        'INSERT INTO "user" (id, name, email, "emailVerified") VALUES (%s, %s, %s, true)',
        (someone.id, name, someone.email),
    )
    return someone


@pytest.fixture
def owner(sql) -> Person:
    return person(sql, "owner")


@pytest.fixture
def teammate(sql) -> Person:
    return person(sql, "teammate")


@pytest.fixture
def outsider(sql) -> Person:
    return person(sql, "outsider")


@pytest.fixture
def team(sql, owner: Person, teammate: Person) -> str:
    """A team of the owner and the teammate."""
    id = str(uuid4())
    sql.execute("INSERT INTO teams (id, name) VALUES (%s, 'A-team')", (id,))
    sql.execute(
        "INSERT INTO members (team_id, user_id, role) VALUES (%s, %s, 'owner'), (%s, %s, 'member')",
        (id, owner.id, id, teammate.id),
    )
    return id
