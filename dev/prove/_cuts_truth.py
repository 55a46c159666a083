"""What the tables hold of one user, read straight from Postgres, past everything that is cut."""

import time
from collections import Counter
from typing import Any

import psycopg2
from psycopg2.sql import SQL, Composed, Identifier

from dev import Trouble

Row = dict[str, Any]
Rows = dict[tuple[str, str], Row]
"""By table and by what tells a row from the user's others in it."""

Effect = Counter[str]
"""What became of a user's rows: how many were added, how often a column changed, and by how much
the versions grew."""

OURS = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = current_schema() AND column_name = 'user_id'
"""
ROWS = SQL("SELECT {name}, to_jsonb(one) FROM {table} one WHERE {owner} = %(user)s")
SIGN_UP = """
INSERT INTO "user" (id, name, email, "emailVerified") VALUES (%s, %s, %s, true)
"""
BUSY = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
AND datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()
"""
PATIENCE = 20.0  # seconds


class Truth:
    """Every table that names a user counts, so a new one counts from its migration on."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True
        tables = {name: "user_id" for (name,) in self._ask(OURS)} | {"user": "id"}
        self._rows = SQL(" UNION ALL ").join(of(*table) for table in tables.items())

    def close(self) -> None:
        self._connection.close()

    def sign_up(self, user: str, name: str, email: str) -> None:
        """Make the row that Better Auth would."""
        with self._connection.cursor() as cursor:
            cursor.execute(SIGN_UP, (user, name, email))

    def rows(self, user: str) -> Rows:
        return {(table, name(row)): row for table, row in self._ask(self._rows, {"user": user})}

    def settle(self) -> None:
        """Wait for the statements whose clients have been cut off: they are still at work."""
        end = time.monotonic() + PATIENCE
        while self._ask(BUSY) != [(0,)]:
            if time.monotonic() > end:
                raise Trouble(f"A statement is still at work after {PATIENCE:g} seconds.")
            time.sleep(0.01)

    def _ask(self, question: str | Composed, values: Row | None = None) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(question, values)
            rows: list[Any] = cursor.fetchall()
            return rows


def of(table: str, owner: str) -> Composed:
    """The statement's part of one table."""
    names = {"table": Identifier(table), "owner": Identifier(owner)}
    return ROWS.format(name=SQL(f"'{table}'"), **names)


def name(row: Row) -> str:
    return str(row.get("id") or row.get("key") or row.get("team_id"))


def effect(before: Rows, after: Rows) -> Effect:
    done: Effect = Counter()
    for place in before.keys() | after.keys():
        table, _ = place
        if place not in before:
            done[f"{table} added"] += 1
        elif place not in after:
            done[f"{table} removed"] += 1
        else:
            done.update(changes(table, before[place], after[place]))
    return done


def changes(table: str, old: Row, new: Row) -> dict[str, int]:
    changed = [column for column in old if old[column] != new[column]]
    grown = {"version": new.get("version", 0) - old.get("version", 0)}
    return {f"{table}.{column}": grown.get(column, 1) for column in changed}
