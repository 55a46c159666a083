"""What the tables hold of a scene's people, read straight from Postgres, past all that is cut."""

import time
from typing import Any

import psycopg2
from psycopg2.sql import SQL, Composed, Identifier

from dev import Trouble
from dev.prove._cuts_names import Ids

Row = dict[str, Any]
Rows = dict[str, Row]
"""By table and by what tells a row from the others in it."""

OWNED = """
SELECT table_name, 'user_id' FROM information_schema.columns
WHERE table_schema = current_schema() AND column_name = 'user_id'
"""
OTHERS = [("user", "id"), ("teams", "split_part(name, ' ', 1)")]
"""Tables that do not say user_id, and how they say whose a row is."""

GENERATED = """
SELECT array_agg(column_name::text) FROM information_schema.columns
WHERE table_schema = current_schema() AND is_generated = 'ALWAYS'
"""
ROWS = SQL(
    "SELECT {name}, to_jsonb(one) - %(generated)s FROM {table} one WHERE {owner} = ANY (%(people)s)"
)
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
        self._rows = SQL(" UNION ALL ").join(of(*one) for one in [*self._ask(OWNED), *OTHERS])
        self._generated = self._ask(GENERATED)[0][0]

    def close(self) -> None:
        self._connection.close()

    def make(self, statements: str, ids: Ids) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statements, ids)

    def rows(self, people: list[str]) -> Rows:
        """All that is theirs; what is computed from other columns is left out."""
        values = {"people": people, "generated": self._generated}
        return {f"{table} {name(row)}": row for table, row in self._ask(self._rows, values)}

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
    name = SQL("{}").format(SQL(f"'{table}'"))
    return ROWS.format(name=name, table=Identifier(table), owner=SQL(owner))


def name(row: Row) -> str:
    """Its id; where it has none, whose it is and of what."""
    parts = [row[part] for part in ("team_id", "user_id", "key") if part in row]
    return str(row["id"]) if "id" in row else ":".join(parts)
