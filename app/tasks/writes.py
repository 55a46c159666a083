"""SQL that writes: each function is one statement, all or none of its rows, exactly once."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    any_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)  # fmt: skip
from sqlmodel import col

from app.access import Caller, deletable_by, teams_of, visible_to
from app.attempts import Attempt
from app.batches import given, locked, patched, records
from app.db import OneTrip
from app.etags import unchanged
from app.tables import Task, live, new_id
from app.tasks.queries import one

SENT = ("team_id", "title", "description", "status", "priority", "tags", "due_at")
DONE = {"status": "done"}
REOPENED = {"status": case((col(Task.status) == "done", "todo"), else_=col(Task.status))}


def add_tasks(
    db: OneTrip, me: Caller, once: Attempt, news: list[dict[str, Any]]
) -> Sequence[Task] | None:
    """Add all or none; ids are made in order, so that the rows come back in it."""
    items = records(Task, [{"id": str(new_id()), **new} for new in news], "id", *SENT)
    values = select(literal(me.id), *items.c).where(once.alone, joinable(me, items))
    write = insert(Task).from_select(["user_id", "id", *SENT], values)
    tasks = once.send(db, write, Task, visible_to(me, Task), len(news))
    return tasks and sorted(tasks, key=lambda task: task.id)


def change_task(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    task_id: UUID,
    versions: list[int] | None,
    change: dict[str, Any],
) -> Task | None:
    """Change one task; only its owner may move it to another team or out of one."""
    write = (
        update(Task)
        .where(once.alone, col(Task.id) == task_id, live(Task))
        .where(visible_to(me, Task), unchanged(Task, versions))
        .where(col(Task.user_id) == me.id if "team_id" in change else true())
        .values({"title": Task.title, **change})
    )
    return one(once.send(db, write, Task, visible_to(me, Task)))


def change_tasks(
    db: OneTrip, me: Caller, once: Attempt, changes: list[dict[str, Any]]
) -> Sequence[Task] | None:
    """Change all or none, each by its own patch, and only at its `version` where it names one."""
    patches = [{**change, "given": [*change]} for change in changes]
    items = records(Task, patches, "id", "version", "given", *SENT)
    ids, task = [UUID(change["id"]) for change in changes], cast("Any", Task)
    named = [name for name in SENT if any(name in change for change in changes)]
    write = (
        update(Task)
        .where(task.id == items.c.id, live(Task), visible_to(me, Task))
        .where(task.id == locked(Task, ids, once.alone, visible_to(me, Task)))
        .where(or_(items.c.version.is_(None), items.c.version == task.version))
        .where(or_(~given(items, "team_id"), task.user_id == me.id), joinable(me, items))
        .values({name: patched(Task, items, name) for name in named} or {"title": task.title})
    )
    tasks = once.send(db, write, Task, visible_to(me, Task), len(changes))
    place = {id: n for n, id in enumerate(ids)}
    return tasks and sorted(tasks, key=lambda task: place[task.id])


def joinable(me: Caller, items: Any) -> ColumnElement[bool]:
    """The row names no team, or one that I am in."""
    mine = items.c.team_id == any_(func.array(teams_of(me).scalar_subquery()))
    return or_(items.c.team_id.is_(None), mine)


def delete_task(
    db: OneTrip, me: Caller, once: Attempt, task_id: UUID, versions: list[int] | None
) -> bool:
    """Delete one task; it can be restored until it is purged."""
    return delete_tasks(db, me, once, [task_id], versions)


def delete_tasks(
    db: OneTrip, me: Caller, once: Attempt, ids: list[UUID], versions: list[int] | None = None
) -> bool:
    """Delete all or none."""
    write = (
        update(Task)
        .where(col(Task.id) == locked(Task, ids, once.alone, deletable_by(me, Task)), live(Task))
        .where(deletable_by(me, Task), unchanged(Task, versions))
        .values(deleted_at=func.now())
    )
    return once.send(db, write, Task, visible_to(me, Task), len(ids)) is not None


def purge_task(
    db: OneTrip, me: Caller, once: Attempt, task_id: UUID, versions: list[int] | None
) -> bool:
    """Delete one task for good, whether it was deleted before or not."""
    write = delete(Task).where(
        once.alone, col(Task.id) == task_id, deletable_by(me, Task), unchanged(Task, versions)
    )
    return once.send(db, write, Task, visible_to(me, Task)) is not None


def restore_task(
    db: OneTrip, me: Caller, once: Attempt, task_id: UUID, versions: list[int] | None
) -> Task | None:
    write = (
        update(Task)
        .where(once.alone, col(Task.id) == task_id, ~live(Task))
        .where(deletable_by(me, Task), unchanged(Task, versions))
        .values(deleted_at=None)
    )
    return one(once.send(db, write, Task, visible_to(me, Task)))
