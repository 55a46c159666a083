"""The one connection of a migration: past the pooler, awake, and alone.

Alone by a lock of its session, since each revision is a transaction of its own. It is asked for
again and again rather than waited for: who waits inside a statement holds a snapshot, and CREATE
INDEX CONCURRENTLY of the job that has the lock would wait for that snapshot in turn.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg2
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from app import address, waiting
from app.settings import direct
from migrations.failures import MigrationFailed

WAKE = 60.0
"""Seconds in which a sleeping database answers, or never will."""

LOCK_TIMEOUT = 1.0
"""Seconds that a revision waits for a table. All who come after it wait behind it for as long."""

SESSION = f"""
SET lock_timeout = '{LOCK_TIMEOUT}s';
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_connection_check_interval = '1s';
SET application_name = 'thaw migrate';
-- Postgres knows this one from 17 on.
SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';
"""  # noqa: S608  a number of ours
"""A role's own limits are meant for requests; a revision may set others, which end with it.

The check: a job that is stopped gives back its locks at once, and not after a long statement.
"""

LOCK = "SELECT pg_try_advisory_lock(hashtext('thaw migrations'))"
AGAIN = 0.2

Tell = Callable[[str], None]
"""What a job calls with a sentence for people, as soon as it is true."""


def quiet(_words: str) -> None:
    """For whoever need not know."""


def parameters(url: str | None) -> dict[str, str]:
    """Of a database's direct address; without a URL, of the one in the settings."""
    return address.direct(url) if url else direct()


@contextmanager
def looking(parameters: dict[str, str]) -> Iterator[Connection]:
    """A connection for reading what is there; it waits for nobody."""
    yield from opened(partial(connected, parameters, math.inf))


@contextmanager
def alone(parameters: dict[str, str], until: float, tell: Tell = quiet) -> Iterator[Connection]:
    """A connection that nobody else who migrates this database has at the same time.

    `until` is in seconds since the epoch; raises MigrationFailed where the other job is not done
    by then.
    """

    def made() -> Any:
        connection = connected(parameters, until)
        try:
            take_turn(connection, until, tell)
        except BaseException:
            connection.close()
            raise
        return connection

    yield from opened(made)


def opened(creator: Callable[[], Any]) -> Iterator[Connection]:
    """SQLAlchemy's connection, which tells what goes wrong in its own errors."""
    engine = create_engine(
        "postgresql+psycopg2://", creator=creator, poolclass=NullPool, use_native_hstore=False
    )
    with engine.connect() as connection:
        yield connection


def connected(parameters: dict[str, str], until: float) -> Any:
    with waiting.until(min(time.time() + WAKE, until)):
        connection = psycopg2.connect(**parameters)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(SESSION)
    connection.autocommit = False
    return connection


def take_turn(connection: Any, until: float, tell: Tell) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        for waited in count_tries(until):
            with waiting.until(time.time() + WAKE):
                cursor.execute(LOCK)
            if cursor.fetchone()[0]:
                break
            if not waited:
                tell("another job migrates this database: waiting for it")
    connection.autocommit = False


def count_tries(until: float) -> Iterator[int]:
    """0, 1, 2 and so on, with a pause between."""
    tried = 0
    while True:
        yield tried
        if time.time() + AGAIN >= until:
            raise MigrationFailed("another job migrates this database, and takes too long")
        time.sleep(AGAIN)
        tried += 1


def revision_of(connection: Connection) -> str | None:
    with connection.begin():
        return MigrationContext.configure(connection).get_current_revision()
