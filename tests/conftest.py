"""A real Postgres for the whole run, and three callers: owner, teammate and outsider.

Nothing is rolled back: every test makes people of its own, so that it runs as requests do.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg2
import pytest
from psycopg2.extensions import cursor, get_wait_callback, set_wait_callback

from dev.local import environment
from dev.postgres import Postgres
from dev.wire import CountingProxy
from tests.people import Person, sign_up
from tests.processes import fresh_engine

# Time is proven by commands; laptops explore anew each time, and CI judges what it was shown.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("ours")

SERVER = pytest.StashKey[ExitStack]()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server before any test module imports the app: settings are read once.

    Last of all hooks, so that coverage is counting when the app is imported.
    """
    if getattr(session.config.option, "numprocesses", None):
        return  # each worker has a server of its own
    session.config.stash[SERVER] = stack = ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="thaw-"))
    version = int(os.environ.get("POSTGRES", "18"))
    server = stack.enter_context(Postgres(Path(folder) / "data", version))
    os.environ.update(environment(server.url))

    from app.settings import Settings  # noqa: PLC0415  the environment is complete now
    from migrations.job import upgrade  # noqa: PLC0415

    Settings.model_config["env_file"] = None  # a developer's .env has no say here
    upgrade()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a laptop a missing tool is a skip with its reason; in CI it is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVER in config.stash:
        config.stash[SERVER].close()


@pytest.fixture
def plain_psycopg2() -> Iterator[None]:
    """As any other program has it: once imported, the app waits in a way of its own."""
    ours = get_wait_callback()
    set_wait_callback(None)
    yield
    set_wait_callback(ours)


@pytest.fixture
def sql() -> Iterator[cursor]:
    """The database as it is, past the app."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    connection.autocommit = True
    yield connection.cursor()
    connection.close()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingProxy]:
    """Everything between the app and Postgres passes here, and is counted."""
    with CountingProxy(os.environ["DATABASE_URL"]) as proxy:
        monkeypatch.setenv("DATABASE_URL", proxy.url)
        with fresh_engine():
            yield proxy


@pytest.fixture
def wide_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on Vercel: requests of one process reach Postgres at the same time."""
    monkeypatch.setenv("DATABASE_POOL_SIZE", "8")
    with fresh_engine():
        yield


@pytest.fixture
def owner(sql: cursor) -> Person:
    return sign_up(sql, "owner")


@pytest.fixture
def teammate(sql: cursor) -> Person:
    return sign_up(sql, "teammate")


@pytest.fixture
def outsider(sql: cursor) -> Person:
    return sign_up(sql, "outsider")


@pytest.fixture
def team(sql: cursor, owner: Person, teammate: Person) -> str:
    """A team that the owner owns and the teammate is a member of."""
    id = str(uuid4())
    sql.execute("INSERT INTO teams (id, name) VALUES (%s, 'A-team')", (id,))
    sql.execute(
        "INSERT INTO members (team_id, user_id, role) VALUES (%s, %s, 'owner'), (%s, %s, 'member')",
        (id, owner.id, id, teammate.id),
    )
    return id
