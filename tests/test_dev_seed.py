"""`thaw seed` adds what is missing, and nothing twice."""

import os
from collections.abc import Iterator

import pytest
from psycopg2.extensions import cursor

from dev import Trouble, bulk, seed
from migrations.job import upgrade
from tests.migrating import ask, blank


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch, sql: cursor) -> Iterator[str]:
    """Of a database without the demo, filled in small chunks."""
    monkeypatch.setattr(bulk, "CHUNK", 40)
    yield os.environ["DATABASE_URL"]
    sql.execute("DELETE FROM teams WHERE id = %s", [seed.TEAM])
    sql.execute('DELETE FROM "user" WHERE id = ANY (%s)', [list(seed.PEOPLE)])


def test_a_second_run_adds_what_is_missing(url: str, sql: cursor) -> None:
    assert seed.insert(url) == len(seed.TASKS)
    assert seed.fill(url, 90) == 90
    sql.execute("DELETE FROM tasks WHERE title LIKE 'Pay customer%'")
    gone = sql.rowcount
    assert gone > 0
    assert seed.fill(url, 100) == gone + 10
    assert (seed.insert(url), seed.fill(url, 100)) == (0, 0)
    sql.execute("SELECT count(*) FROM tasks WHERE 'seeded' = ANY (tags)")
    assert sql.fetchone() == (100,)


def test_what_was_added_before_an_interruption_stays(url: str) -> None:
    seed.insert(url)
    adding = bulk.add_tasks(url, 100, "demo")
    assert next(adding) == (40, 40)
    adding.close()
    assert list(bulk.add_tasks(url, 100, "demo")) == [(40, 0), (80, 40), (100, 20)]


def test_a_database_without_tables_is_told_what_makes_them(
    sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with blank(sql) as made:
        monkeypatch.setenv("DATABASE_URL", made)
        with pytest.raises(Trouble, match="`thaw migrate up` makes them"):
            seed.seed()


def test_a_database_that_refuses_is_quoted_in_a_line_without_its_rows(
    sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with blank(sql) as made:
        monkeypatch.setenv("DATABASE_URL", made)
        upgrade(url=made)
        ask(made, """ALTER TABLE "user" ADD CHECK (name <> 'Demo')""")
        with pytest.raises(Trouble, match="violates check constraint") as refused:
            seed.seed()
    assert "demo@" not in str(refused.value)
