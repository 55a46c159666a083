"""SQL that reads: each function is one statement. Who may see a row is part of its WHERE."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
)  # fmt: skip

from app.access import Caller
from app.db import OneTrip
from app.search import listed
from app.sorting import TIMES, rank_key, text_key, time_key
from app.tables import PRIORITIES, Task, due, live, urgency
from app.tasks.schemas import TaskQuery

KEYS = {
    **TIMES,
    "due_at": time_key(due, "due_at"),
    "priority": rank_key(urgency, "priority", PRIORITIES),
    "title": text_key("title"),
}


def list_tasks(db: OneTrip, me: Caller, query: TaskQuery) -> Sequence[Any]:
    return db.rows(listed(me, Task, Task.description, wanted(query), query, KEYS))


def wanted(query: TaskQuery) -> list[ColumnElement[bool]]:
    """The list's filters; one that was not given is not there."""
    task: Any = Task
    filters: list[tuple[object, Callable[[], Any]]] = [
        (query.statuses, lambda: task.status.in_(query.statuses)),
        (query.priority, lambda: task.priority.in_(query.priority)),
        (query.completed is not None, lambda: (task.status == "done") == query.completed),
        (query.tag, lambda: task.tags.contains(query.tag)),
        (query.due_before, lambda: task.due_at < query.due_before),
        (query.due_after, lambda: task.due_at > query.due_after),
        (query.created_after, lambda: task.created_at > query.created_after),
        (query.team_id, lambda: task.team_id == query.team_id),
        (True, lambda: ~live(Task) if query.deleted else live(Task)),
    ]
    return [condition() for given, condition in filters if given]
