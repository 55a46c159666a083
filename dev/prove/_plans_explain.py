"""How Postgres runs what the app sends: each statement's plan, with what every part of it read."""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event

Node = dict[str, Any]

EXPLAIN = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
BEFORE = re.compile(rb"(?:SET LOCAL [^;]+; )*")
"""What the app sends ahead of a statement, in the same message."""


class Plan(NamedTuple):
    nodes: list[Node]
    milliseconds: float


@contextmanager
def explained() -> Iterator[list[Plan]]:
    """The plans of all statements that this process's app sends meanwhile.

    Each is run once more, right behind itself and on the same connection: one that writes writes
    twice.
    """
    engine, plans = importlib.import_module("app.pool").pool().engine, list[Plan]()

    def explain(_connection: Any, sent: Any, *_: Any) -> None:
        with sent.connection.cursor() as cursor:
            cursor.execute(BEFORE.sub(rb"\g<0>" + EXPLAIN, sent.query, count=1))
            plans.append(plan(cursor.fetchone()[0][0]))

    event.listen(engine, "after_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "after_cursor_execute", explain)


def plan(told: Node) -> Plan:
    return Plan([*nodes(told["Plan"])], told["Planning Time"] + told["Execution Time"])


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for part in node.get("Plans", ()):
        yield from nodes(part)


def scans(plans: list[Plan], table: str) -> list[Node]:
    """The nodes that read this table."""
    return [node for each in plans for node in each.nodes if node.get("Relation Name") == table]


def read_by(node: Node) -> float:
    """Rows that a scan of a table returned, and those it read only to drop."""
    if "Relation Name" not in node or node["Node Type"] == "ModifyTable":
        return 0
    seen = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(float(node.get(name, 0)) for name in seen) * float(node["Actual Loops"])
