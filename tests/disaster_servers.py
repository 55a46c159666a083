"""The app on a database that is not as it should be, everything that it sends counted."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from psycopg2.extensions import cursor
from sqlalchemy.engine import make_url

from dev.postgres import Postgres
from dev.wire import CountingProxy
from tests.processes import fresh_engine


@contextmanager
def app_on(url: str) -> Iterator[CountingProxy]:
    with CountingProxy(url) as wire, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", wire.url)
        environment.setenv("DATABASE_URL_UNPOOLED", url)
        with fresh_engine():
            yield wire


@contextmanager
def app_as_role(sql: cursor, **settings: str) -> Iterator[CountingProxy]:
    """The run's own database, by a role whose sessions begin with these settings."""
    role, password = f"role_{uuid4().hex}", uuid4().hex
    sql.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE postgres")
    for name, value in settings.items():
        sql.execute(f"ALTER ROLE {role} SET {name} = '{value}'")
    try:
        url = make_url(os.environ["DATABASE_URL"]).set(username=role, password=password)
        with app_on(url.render_as_string(hide_password=False)) as wire:
            yield wire
    finally:
        sql.execute(f"DROP ROLE {role}")


@contextmanager
def app_on_a_server_in(directory: Path) -> Iterator[tuple[CountingProxy, cursor]]:
    """A server of its own, and its database as it is, past the app."""
    from migrations.job import upgrade  # noqa: PLC0415  it reads the settings

    version = int(os.environ.get("POSTGRES", "18"))
    with Postgres(directory / "data", version) as server, app_on(server.url) as wire:
        upgrade()
        with closing(psycopg2.connect(server.url)) as connection:
            connection.autocommit = True
            yield wire, connection.cursor()
