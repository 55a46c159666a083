"""Tasks: what follows from their status, what lists show of them, and their numbers."""

from collections.abc import Callable, Iterable
from datetime import UTC, timedelta
from statistics import median
from typing import Any

from tests.contract_chosen import Id, moment, now
from tests.contract_model import Guard, Row, Show, World
from tests.contract_search import says
from tests.contract_shared import Change, Kind, change

STATUSES = ("todo", "in_progress", "done")
PRIORITIES = ("low", "medium", "high", "urgent")
GROUPS = {"pending": {"todo", "in_progress"}, "completed": {"done"}, "all": {*STATUSES}}


def settled(world: World, row: Row) -> Row:
    done = row["status"] == "done"
    at = (row["completed_at"] or world.time()) if done else None
    return {**row, "due_at": utc(row["due_at"]), "completed": done, "completed_at": at}


def utc(time: str | None) -> str | None:
    return time and moment(time).astimezone(UTC).isoformat().replace("+00:00", "Z")


SOON = (now() + timedelta(days=3)).replace(microsecond=0).isoformat()

BLANK: Row = {
    "team_id": None,
    "title": "",
    "description": None,
    "status": "todo",
    "priority": "medium",
    "tags": [],
    "due_at": None,
    "completed_at": None,
}
TASKS = Kind("tasks", BLANK, settled)


def complete(world: World, who: str, id: Id, guard: Guard) -> Show:
    return change(world, who, TASKS, Change(id, {"status": "done"}, guard))


def reopen(world: World, who: str, id: Id, guard: Guard) -> Show:
    """What is not done stays as it is."""
    row = world.tasks.get(id)
    patch = {"status": "todo"} if row and row["completed"] else {}
    return change(world, who, TASKS, Change(id, patch, guard))


FILTERS: dict[str, Callable[[Row, Any], bool]] = {
    "status": lambda row, wanted: (
        row["status"] in set().union(*(GROUPS.get(s, {s}) for s in wanted))
    ),
    "priority": lambda row, wanted: row["priority"] in wanted,
    "completed": lambda row, wanted: row["completed"] == wanted,
    "tag": lambda row, wanted: {*wanted} <= {*row["tags"]},
    "due_before": lambda row, wanted: (
        bool(row["due_at"]) and moment(row["due_at"]) < moment(wanted)
    ),
    "due_after": lambda row, wanted: bool(row["due_at"]) and moment(row["due_at"]) > moment(wanted),
    "team_id": lambda row, wanted: row["team_id"] is wanted,
    "q": lambda row, wanted: says(f"{row['title']} {row['description'] or ''}", wanted),
}

FOREVER = "9999-12-31T00:00:00Z"
SORTS: dict[str, Callable[[Row], Any]] = {
    "created_at": lambda item: moment(item["created_at"]),
    "updated_at": lambda item: moment(item["updated_at"]),
    "due_at": lambda item: moment(item["due_at"] or FOREVER),
    "priority": lambda item: PRIORITIES.index(item["priority"]),
    "title": lambda item: item["title"],
}


def stats(rows: Iterable[Row]) -> Row:
    """The numbers of these tasks, whose times are known; all were completed just now."""
    tasks = [*rows]
    done = [row for row in tasks if row["completed"]]
    due = [moment(row["due_at"]) - now() for row in tasks if row["due_at"] and not row["completed"]]
    hours = [
        (moment(row["completed_at"]) - moment(row["created_at"])) / timedelta(hours=1)
        for row in done
    ]
    return {
        "total": len(tasks),
        "by_status": {each: count(tasks, "status", each) for each in STATUSES},
        "by_priority": {each: count(tasks, "priority", each) for each in PRIORITIES},
        "overdue": sum(each < timedelta() for each in due),
        "due_within_7_days": sum(timedelta() <= each <= timedelta(days=7) for each in due),
        "completion_rate": len(done) / len(tasks) if tasks else 0,
        "median_hours_to_complete": median(hours) if hours else None,
    }


def count(rows: Iterable[Row], name: str, value: str) -> int:
    return sum(row[name] == value for row in rows)
