"""SQL that reads: each function is one statement. Who may see a row is part of its WHERE."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    func,
    select,
    true,
)  # fmt: skip
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.access import Caller, deletable_by, spaces_of, teams_of, visible_to
from app.batches import among
from app.db import OneTrip
from app.keysets import cut, keyset
from app.sorting import rank_key, text_key, time_key
from app.tables import LIVE, PRIORITIES, Task, due, space, urgency, words
from app.tasks.schemas import TaskQuery

KEYS = {
    "created_at": time_key(lambda table: table.created_at, "created_at"),
    "updated_at": time_key(lambda table: table.updated_at, "updated_at"),
    "due_at": time_key(due, "due_at"),
    "priority": rank_key(urgency, "priority", PRIORITIES),
    "title": text_key("title"),
}


def list_tasks(db: OneTrip, me: Caller, query: TaskQuery) -> Sequence[Any]:
    """A page: each space's own ordered few, then the first of all of them.

    A plain `owner OR team` would read and sort every row of both.
    """
    spaces, key = spaces_of(me).cte("spaces"), KEYS[query.key]
    here = select(Task).where(space(Task) == spaces.c.id, *wanted(query))
    few = aliased(Task, keyset(here, Task, key, query).lateral("few"))
    everything = select(col(Task.id)).join(spaces, space(Task) == spaces.c.id).where(*wanted(query))
    first = select(few).select_from(spaces).join(few, true())
    return db.rows(cut(first, few, everything, key, query))


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
        (True, lambda: task.deleted_at.is_not(None) if query.deleted else LIVE),
    ]
    return [condition() for given, condition in filters if given]


def matches(task: Any, search: str | None) -> ColumnElement[bool]:
    """Full-text search as people type it: "quoted phrases", or, -not."""
    wanted = func.websearch_to_tsquery("english", search)
    return words(task).bool_op("@@")(wanted)


def get_task(db: OneTrip, me: Caller, task_id: UUID, *, deleted: bool = False) -> Task | None:
    """One task; the deleted ones too, if asked."""
    statement = select(Task).where(col(Task.id) == task_id, visible_to(me, Task))
    rows = db.scalars(statement if deleted else statement.where(LIVE))
    return one(rows)


def get_tasks(db: OneTrip, me: Caller, ids: list[UUID]) -> dict[UUID, Task]:
    """Those of these tasks that are in sight, by id."""
    rows = db.scalars(select(Task).where(among(Task, ids), LIVE, visible_to(me, Task)))
    return {task.id: task for task in rows}


def get_deletable(db: OneTrip, me: Caller, ids: list[UUID]) -> dict[UUID, bool]:
    """Whether I may delete them, for those of these tasks that are in sight."""
    statement = select(col(Task.id), deletable_by(me, Task))
    rows = db.rows(statement.where(among(Task, ids), LIVE, visible_to(me, Task)))
    return {row[0]: row[1] for row in rows}


def get_teams(db: OneTrip, me: Caller) -> set[UUID]:
    return set(db.scalars(teams_of(me)))


def one(tasks: Sequence[Task] | None) -> Task | None:
    return tasks[0] if tasks else None
