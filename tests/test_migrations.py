"""The schema: from nothing, back, and again; beside Better Auth's tables; and as the code says."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from alembic.script import ScriptDirectory
from psycopg2.extensions import cursor
from sqlmodel import SQLModel, create_engine

from app.health.routes import readiness
from app.tables import REVISION
from dev import better_auth, seed
from dev.better_auth.person import ACCOUNT
from dev.prove._migrate_live import SAMPLE
from dev.prove._schemas import schema
from migrations import plan
from migrations.failures import MigrationFailed
from migrations.job import current, downgrade, upgrade
from migrations.revisions import drift
from tests.migrating import ask, blank, write
from tests.needs import needs, node
from tests.people import Person

BETTER_AUTH = """
CREATE TABLE "user" ("id" text PRIMARY KEY, "name" text NOT NULL, "email" text NOT NULL UNIQUE,
    "emailVerified" boolean NOT NULL, "image" text,
    "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, "role" text);
CREATE TABLE session (id text PRIMARY KEY, token text NOT NULL UNIQUE,
    "userId" text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE);
INSERT INTO "user" VALUES ('someone', 'Name', 'someone@example.com', true);
"""


FUNCTIONS = """
SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
"""


CONSTRAINTS = """
SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u')
    AND conrelid <> 'alembic_version'::regclass
UNION ALL SELECT indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1
"""


@pytest.fixture
def url(sql: cursor) -> Iterator[str]:
    with blank(sql) as made:
        yield made


def tables(url: str) -> set[str]:
    return set(ask(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))


def shape(url: str) -> tuple[set[tuple[str, ...]], list[str]]:
    return schema(url), sorted(ask(url, FUNCTIONS))


def up_down_and_up(url: str) -> None:
    """All ways lead to the same tables, and in the end there is nothing left to do."""
    upgrade(url=url)
    there = shape(url)
    downgrade("base", url=url)
    assert tables(url) - {"user", "session", "account", "verification", "jwks"} == {
        "alembic_version"
    }
    assert ask(url, FUNCTIONS) == []
    upgrade(url=url)
    assert shape(url) == there
    assert drift(url) == ""
    assert upgrade(url=url).revisions == []
    assert shape(url) == there


def test_the_code_names_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(plan.config()).get_heads() == [REVISION]


def test_up_down_and_up_again_leaves_nothing_between(url: str) -> None:
    assert current(url) is None
    up_down_and_up(url)
    assert current(url) == REVISION


def test_up_down_and_up_again_with_rows_in_it(url: str) -> None:
    upgrade(url=url)
    added = seed.insert(url)
    up_down_and_up(url)
    assert ask(url, "SELECT count(*) FROM tasks") == [0]
    assert ask(url, 'SELECT id FROM "user" ORDER BY id') == ["demo", "teammate"]
    assert seed.insert(url) == added


def test_one_revision_down_and_up_again_keeps_the_rows_of_those_before(url: str) -> None:
    upgrade(url=url)
    added = seed.insert(url)
    assert downgrade("0001", url=url).revisions == ["0002"]
    assert ask(url, "SELECT count(*) FROM tasks") == [added]
    upgrade(url=url)
    assert ask(url, "SELECT count(*) FROM tasks") == [added]
    assert ask(url, "SELECT owners FROM teams") == [1]


def test_the_sample_pair_expands_and_contracts_and_is_taken_back_whole(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two, the code of this release adds tasks, and knows nothing of estimates."""
    upgrade(url=url)
    before = shape(url)
    monkeypatch.setattr(plan, "VERSIONS", [*plan.VERSIONS, SAMPLE])
    for _ in range(2):
        assert upgrade("0005", url=url).revisions == ["0003", "0004", "0005"]
        seed.insert(url)
        assert upgrade(url=url).revisions == ["0006"]
        assert ask(url, "SELECT DISTINCT estimate FROM tasks") == [0]
        downgrade(REVISION, url=url)
        assert shape(url) == before


def test_better_auths_tables_stay_as_they_are(url: str) -> None:
    ask(url, BETTER_AUTH)
    made = schema(url)
    up_down_and_up(url)
    downgrade("base", url=url)
    assert {row for row in schema(url) if row[0] != "alembic_version"} == made
    assert ask(url, 'SELECT id FROM "user"') == ["someone"]


def test_better_auth_needs_no_rights_on_our_tables_to_rename_a_member(url: str) -> None:
    ask(url, BETTER_AUTH)
    upgrade(url=url)
    ask(url, "INSERT INTO teams (id, name) VALUES (gen_random_uuid(), 'Theirs')")
    ask(url, "INSERT INTO members SELECT id, 'someone', 'owner' FROM teams")
    ask(url, 'GRANT SELECT, UPDATE ON "user" TO pg_monitor')
    rename = """UPDATE public."user" SET name = 'New'"""
    ask(url, f"SET ROLE pg_monitor; SET search_path = ''; {rename}")
    assert ask(url, "SELECT version FROM teams") == [3]


@pytest.mark.slow
@needs(node)
def test_a_database_that_better_auth_itself_has_made_goes_up_down_and_up(url: str) -> None:
    with (
        better_auth.running(url) as origin,
        httpx2.Client(base_url=f"{origin}/api/auth/", headers={"Origin": origin}) as browser,
    ):
        browser.post("sign-up/email", json=ACCOUNT).raise_for_status()
        up_down_and_up(url)
        assert browser.get("token").raise_for_status().json()["token"]
    assert ask(url, 'SELECT email FROM "user"') == [ACCOUNT["email"]]


def test_users_whose_ids_are_not_text_stop_the_migration_with_a_sentence(url: str) -> None:
    ask(url, BETTER_AUTH.split(";", maxsplit=1)[0].replace('"id" text', '"id" uuid'))
    with pytest.raises(MigrationFailed, match=r'"user".id must be text') as stopped:
        upgrade(url=url)
    assert "generateId" in str(stopped.value)
    assert tables(url) == {"user"}
    assert current(url) is None


def test_what_differs_from_the_code_is_said(url: str) -> None:
    upgrade(url=url)
    ask(url, "ALTER TABLE tasks ADD odd int, ALTER status SET DEFAULT 'done'")
    ask(url, "CREATE TABLE session (id text, odd point); CREATE SCHEMA neon_auth")
    ask(url, "CREATE TABLE neon_auth.users (id text)")
    ask(url, 'ALTER TABLE "user" ADD odd point')
    found = drift(url)
    assert 'op.drop_column("tasks", "odd")' in found.replace("'", '"')
    assert "server_default='todo'" in found
    assert "users" not in found
    assert "session" not in found


def test_checks_keys_and_indexes_are_those_of_the_code(url: str) -> None:
    """Alembic compares no CHECK, and not what an index sorts by."""
    upgrade(url=url)
    migrated = ask(url, CONSTRAINTS)
    with create_engine(url.replace("://", "+psycopg2://")).begin() as connection:
        SQLModel.metadata.drop_all(connection)
        SQLModel.metadata.create_all(connection)
    assert ask(url, CONSTRAINTS) == migrated


def test_what_differs_and_cannot_be_written_is_said_too(url: str) -> None:
    upgrade(url=url)
    ask(url, "ALTER TABLE tasks ALTER words DROP EXPRESSION")
    assert drift(url) == "# Computed default on tasks.words cannot be modified"


def test_a_database_at_another_revision_is_not_compared(url: str) -> None:
    with pytest.raises(MigrationFailed, match="nothing to compare"):
        drift(url)


def test_this_code_serves_while_the_schema_is_one_release_ahead(
    owner: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expansion, as the next release brings it: what this one does not know must not matter."""
    wide = "ALTER TABLE tasks ADD COLUMN colour text; CREATE TABLE colours (name text PRIMARY KEY)"
    narrow = "ALTER TABLE tasks DROP COLUMN colour; DROP TABLE colours"
    write(tmp_path, *["SELECT 1"] * int(REVISION), wide, down=narrow)
    monkeypatch.setattr(plan, "VERSIONS", [tmp_path])
    done = upgrade()
    try:
        readiness.until = 0
        changed = owner.patch(f"tasks/{owner.add('Mine')['id']}", json={"title": "Still mine"})
        ready = owner.get("http://test/health/ready")
        listed = owner.get("tasks")
    finally:
        downgrade(REVISION)
        readiness.until = 0
    assert done.before == REVISION
    assert done.after == ready.json()["revision"] > REVISION
    assert (changed.status_code, listed.status_code, ready.status_code) == (200, 200, 200)
