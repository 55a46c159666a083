"""SQL that reads: each function is one statement. Who may see a row is part of its WHERE."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    func,
    select,
)  # fmt: skip
from sqlmodel import col

from app.access import Caller, deletable_by, teams_of, visible_to
from app.batches import among
from app.db import OneTrip
from app.lists import shared
from app.sorting import rank_key, text_key, time_key
from app.tables import PRIORITIES, Task, due, live, urgency, words
from app.tasks.schemas import TaskQuery

KEYS = {
    "created_at": time_key(lambda table: table.created_at, "created_at"),
    "updated_at": time_key(lambda table: table.updated_at, "updated_at"),
    "due_at": time_key(due, "due_at"),
    "priority": rank_key(urgency, "priority", PRIORITIES),
    "title": text_key("title"),
}


def list_tasks(db: OneTrip, me: Caller, query: TaskQuery) -> Sequence[Any]:
    return db.rows(shared(me, Task, wanted(query), KEYS[query.key], query))


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
        (query.q, lambda: matches(task, query.q)),
        (True, lambda: task.deleted_at.is_not(None) if query.deleted else live(Task)),
    ]
    return [condition() for given, condition in filters if given]


def matches(task: Any, search: str | None) -> ColumnElement[bool]:
    """Full-text search as people type it: "quoted phrases", or, -not."""
    wanted = func.websearch_to_tsquery("english", search)
    return words(task).bool_op("@@")(wanted)


def get_task(db: OneTrip, me: Caller, task_id: UUID, *, deleted: bool = False) -> Task | None:
    """One task; the deleted ones too, if asked."""
    statement = select(Task).where(col(Task.id) == task_id, visible_to(me, Task))
    rows = db.scalars(statement if deleted else statement.where(live(Task)))
    return one(rows)


def get_tasks(db: OneTrip, me: Caller, ids: list[UUID]) -> dict[UUID, Task]:
    """Those of these tasks that are in sight, by id."""
    rows = db.scalars(select(Task).where(among(Task, ids), live(Task), visible_to(me, Task)))
    return {task.id: task for task in rows}


def get_deletable(db: OneTrip, me: Caller, ids: list[UUID]) -> dict[UUID, bool]:
    """Whether I may delete them, for those of these tasks that are in sight."""
    statement = select(col(Task.id), deletable_by(me, Task))
    rows = db.rows(statement.where(among(Task, ids), live(Task), visible_to(me, Task)))
    return {row[0]: row[1] for row in rows}


def get_teams(db: OneTrip, me: Caller) -> set[UUID]:
    return set(db.scalars(teams_of(me)))


def one(tasks: Sequence[Task] | None) -> Task | None:
    return tasks[0] if tasks else None
