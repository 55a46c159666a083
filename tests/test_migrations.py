"""The schema: from nothing, back, and again; beside Better Auth's tables; and as the code says."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg2.extensions import cursor

from app.settings import get_settings
from app.tables import REVISION
from migrations.job import config, current, upgrade

BETTER_AUTH = """
CREATE TABLE "user" ("id" text PRIMARY KEY, "name" text NOT NULL, "email" text NOT NULL UNIQUE,
    "emailVerified" boolean NOT NULL, "image" text,
    "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, "role" text);
CREATE TABLE session (id text PRIMARY KEY, token text NOT NULL UNIQUE,
    "userId" text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE);
INSERT INTO "user" VALUES ('someone', 'Name', 'someone@example.com', true);
"""


@pytest.fixture
def empty(sql: cursor, monkeypatch: pytest.MonkeyPatch) -> Iterator[cursor]:
    """A database of its own, where migrations now run."""
    name = f"test_{uuid4().hex}"
    sql.execute(f"CREATE DATABASE {name}")
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", url)
    get_settings.cache_clear()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    yield connection.cursor()
    connection.close()
    get_settings.cache_clear()
    sql.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tables(database: cursor) -> set[Any]:
    database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name for (name,) in database.fetchall()}


def test_the_code_names_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [REVISION]


def test_the_schema_is_what_the_code_says(empty: cursor) -> None:
    upgrade()
    command.check(config())
    assert current() == REVISION
    assert "tasks" in tables(empty)


def test_up_down_and_up_again_leaves_nothing_between(empty: cursor) -> None:
    assert current() is None
    upgrade()
    before = tables(empty)
    command.downgrade(config(), "base")
    assert tables(empty) == {"alembic_version", "user"}
    empty.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert empty.fetchall() == []
    upgrade()
    assert tables(empty) == before


def test_better_auths_tables_stay_as_they_are(empty: cursor) -> None:
    empty.execute(BETTER_AUTH)
    upgrade()
    command.check(config())
    command.downgrade(config(), "base")
    empty.execute('SELECT id, role FROM "user"')
    assert empty.fetchall() == [("someone", None)]
    assert {"user", "session"} <= tables(empty)


def test_better_auth_needs_no_rights_on_our_tables_to_rename_a_member(empty: cursor) -> None:
    empty.execute(BETTER_AUTH)
    upgrade()
    empty.execute("INSERT INTO teams (id, name) VALUES (gen_random_uuid(), 'Theirs')")
    empty.execute("INSERT INTO members SELECT id, 'someone', 'owner' FROM teams")
    empty.execute('GRANT SELECT, UPDATE ON "user" TO pg_monitor')
    empty.execute("SET ROLE pg_monitor; SET search_path = ''")
    empty.execute("""UPDATE public."user" SET name = 'New'""")
    empty.execute("RESET ROLE; SELECT version FROM public.teams")
    assert empty.fetchone() == (3,)


def test_users_whose_ids_are_not_text_stop_the_migration_with_a_sentence(empty: cursor) -> None:
    empty.execute(BETTER_AUTH.split(";", maxsplit=1)[0].replace('"id" text', '"id" uuid'))
    with pytest.raises(Exception, match=r'"user".id must be text') as stopped:
        upgrade()
    assert "generateId" in str(stopped.value)
    assert tables(empty) == {"user"}


def test_a_second_upgrade_finds_nothing_to_do(empty: cursor) -> None:
    upgrade()
    empty.execute("INSERT INTO teams (id, name) VALUES (gen_random_uuid(), 'kept')")
    upgrade()
    empty.execute("SELECT name FROM teams")
    assert empty.fetchall() == [("kept",)]


def test_migrations_go_past_the_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.settings import direct  # noqa: PLC0415

    monkeypatch.delenv("DATABASE_URL_UNPOOLED")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:secret@ep-x-pooler.aws.neon.tech/db")
    get_settings.cache_clear()
    assert direct()["host"] == "ep-x.aws.neon.tech"
    get_settings.cache_clear()
