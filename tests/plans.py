"""How Postgres would run a query of ours: the plan's nodes, with what each of them read."""

from collections.abc import Callable
from typing import Any

from psycopg2.extensions import cursor
from sqlalchemy.dialects import postgresql


def plan(sql: cursor, ask: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """All nodes; `ask` calls a query function with the database that it is given."""
    waiting, nodes = [ask(Explaining(sql))[0][0][0]["Plan"]], list[dict[str, Any]]()
    while waiting:
        nodes.append(waiting.pop())
        waiting += nodes[-1].get("Plans", [])
    return nodes


def scans(nodes: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    """The nodes that read this table."""
    return [node for node in nodes if node.get("Relation Name") == table]


class Explaining:
    """In place of a request's database: explains each statement that it runs."""

    def __init__(self, sql: cursor) -> None:
        self.sql = sql

    def rows(self, statement: Any) -> list[Any]:
        dialect: Any = postgresql.psycopg2
        compiled = statement.compile(dialect=dialect.dialect())
        self.sql.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}", compiled.params)
        rows: list[Any] = self.sql.fetchall()
        return rows
