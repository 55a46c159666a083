"""What makes a plan a bad one: reading a whole table, or far more of it than the caller has."""

from collections import Counter
from typing import Any, NamedTuple

from dev.prove._plans_explain import Node, Plan, read_by

BIG = 1000
"""Rows from which on a table is big."""

PASSES, SLACK = 2, 500
"""How often a request may read what its caller has, who may also ask for the count of all; and how
many rows more, since some pages are longer than what callers have."""

Counts = dict[str, int]


class Measured(NamedTuple):
    """One request as one caller: its plans, and what of each table that caller sees."""

    request: str
    caller: str
    plans: list[Plan]
    sight: Counts
    big: set[str]
    stops: bool = False
    """Whether it ends where enough rows are found, so that it may begin at a table's start."""

    @property
    def nodes(self) -> list[Node]:
        return [node for plan in self.plans for node in plan.nodes]

    @property
    def milliseconds(self) -> float:
        """Of its slowest statement."""
        return max(plan.milliseconds for plan in self.plans)

    @property
    def read(self) -> Counts:
        """Rows read, by table."""
        counts = Counter[str]()
        for node in self.nodes:
            if rows := round(read_by(node)):
                counts[node["Relation Name"]] += rows
        return dict(counts)

    @property
    def ways(self) -> list[str]:
        """By which indexes, and which tables as a whole."""
        found = [node.get("Index Name") or scanned(node) for node in self.nodes]
        return sorted({way for way in found if way})

    @property
    def faults(self) -> list[str]:
        """Nothing, where the request is read by index."""
        tables = set() if self.stops else self.big
        whole = [f"all of {table}" for table in map(scanned, self.nodes) if table in tables]
        much = [
            f"{rows:,} rows of {table}, of which {self.sight.get(table, 0):,} are in sight"
            for table, rows in self.read.items()
            if table in self.big and rows > PASSES * self.sight.get(table, 0) + SLACK
        ]
        return sorted({*whole, *much})


def scanned(node: Node) -> str:
    """The table that is read from end to end."""
    return str(node["Relation Name"]) if node["Node Type"] == "Seq Scan" else ""


def big_tables(cursor: Any) -> set[str]:
    """By what the planner knows of them."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s"
        " AND relnamespace = 'public'::regnamespace",
        (BIG,),
    )
    return {name for (name,) in cursor.fetchall()}
