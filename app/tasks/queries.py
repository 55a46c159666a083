"""Each function is one statement. Who may see or change a row is part of its WHERE."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    any_,
    case,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import col

from app import pages
from app.access import Caller, deletable_by, spaces_of, teams_of, visible_to
from app.db import OneTrip
from app.etags import unchanged
from app.idempotency import Attempt
from app.tables import LIVE, PRIORITIES, Task, due, new_id, space, urgency, words
from app.tasks.schemas import TaskQuery

KEYS = {
    "created_at": pages.time_key(lambda table: table.created_at, "created_at"),
    "updated_at": pages.time_key(lambda table: table.updated_at, "updated_at"),
    "due_at": pages.time_key(due, "due_at"),
    "priority": pages.rank_key(urgency, "priority", PRIORITIES),
    "title": pages.text_key("title"),
}
SENT = ("team_id", "title", "description", "status", "priority", "tags", "due_at")
DONE = {"status": "done"}
REOPENED = {"status": case((col(Task.status) == "done", "todo"), else_=col(Task.status))}


def list_tasks(db: OneTrip, me: Caller, query: TaskQuery) -> Sequence[Any]:
    """A page: each space's own ordered few, then the first of all of them.

    A plain `owner OR team` would read and sort every row of both.
    """
    spaces, key = spaces_of(me).cte("spaces"), KEYS[query.key]
    here = select(Task).where(space(Task) == spaces.c.id, *wanted(query))
    few = aliased(Task, pages.keyset(here, Task, key, query).lateral("few"))
    everything = select(col(Task.id)).join(spaces, space(Task) == spaces.c.id).where(*wanted(query))
    first = select(few).select_from(spaces).join(few, true())
    return db.rows(pages.cut(first, few, everything, key, query))


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
    return words(task.title, task.description).bool_op("@@")(wanted)


def get_task(db: OneTrip, me: Caller, task_id: UUID, *, deleted: bool = False) -> Task | None:
    """One task; the deleted ones too, if asked."""
    statement = select(Task).where(col(Task.id) == task_id, visible_to(me, Task))
    rows = db.scalars(statement if deleted else statement.where(LIVE))
    return rows[0] if rows else None


def get_tasks(db: OneTrip, me: Caller, ids: list[UUID]) -> dict[UUID, Task]:
    """Those of these tasks that are in sight, by id."""
    rows = db.scalars(select(Task).where(among(ids), LIVE, visible_to(me, Task)))
    return {task.id: task for task in rows}


def get_teams(db: OneTrip, me: Caller) -> set[UUID]:
    return set(db.scalars(teams_of(me)))


def add_tasks(
    db: OneTrip, me: Caller, once: Attempt, news: list[dict[str, Any]]
) -> Sequence[Task] | None:
    """Add all or none; ids are made in order, so that the rows come back in it."""
    items = records([{"id": str(new_id()), **new} for new in news], "id", *SENT)
    allowed = or_(
        items.c.team_id.is_(None),
        items.c.team_id == any_(func.array(teams_of(me).scalar_subquery())),
    )
    values = select(literal(me.id), *items.c).where(once.alone, allowed)
    write = insert(Task).from_select(["user_id", "id", *SENT], values)
    tasks = once.send(db, write, Task, visible_to(me, Task), len(news))
    return tasks and sorted(tasks, key=lambda task: task.id)


def records(items: list[dict[str, Any]], *names: str) -> Any:
    """JSON objects as rows, with the columns' own types: one parameter, however many rows."""
    table = Task.__table__.c  # type: ignore[attr-defined]  # SQLModel does not tell of it
    types = {"given": ARRAY(Text), **{column.name: column.type for column in table}}
    columns = [column(name, types[name]) for name in names]
    rows = func.jsonb_to_recordset(literal(items, JSONB)).table_valued(*columns)
    return rows.render_derived("items", with_types=True)


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
        .where(
            once.alone,
            col(Task.id) == task_id,
            LIVE,
            visible_to(me, Task),
            unchanged(Task, versions),
        )
        .where(col(Task.user_id) == me.id if "team_id" in change else true())
        .values({"title": Task.title, **change})
    )
    return one(once.send(db, write, Task, visible_to(me, Task)))


def change_tasks(
    db: OneTrip, me: Caller, once: Attempt, changes: list[dict[str, Any]]
) -> Sequence[Task] | None:
    """Change all or none, each by its own patch, and only at its `version` where it names one."""
    names = [name for name in SENT if any(name in change for change in changes)]
    patches = [{**change, "given": [*change]} for change in changes]
    items = records(patches, "id", "version", "given", *names)
    ids = [UUID(change["id"]) for change in changes]
    task: Any = Task
    write = (
        update(Task)
        .where(
            task.id == items.c.id, task.id.in_(locked(me, once, ids)), LIVE, visible_to(me, Task)
        )
        .where(or_(items.c.version.is_(None), items.c.version == task.version))
        .where(or_(~given(items, "team_id"), task.user_id == me.id))
        .values({name: patched(items, name) for name in names} or {"title": task.title})
    )
    tasks = once.send(db, write, Task, visible_to(me, Task), len(changes))
    return tasks and sorted(tasks, key=lambda task: ids.index(task.id))


def given(items: Any, name: str) -> ColumnElement[bool]:
    """The row's patch names this field."""
    return literal(name) == any_(items.c.given)


def patched(items: Any, name: str) -> ColumnElement[Any]:
    return case((given(items, name), items.c[name]), else_=getattr(Task, name))


def among(ids: list[UUID]) -> ColumnElement[bool]:
    return col(Task.id) == any_(literal(ids, ARRAY(Uuid)))


def locked(me: Caller, once: Attempt, ids: list[UUID]) -> Any:
    """Lock a batch's rows in one order for everybody, so that two batches cannot deadlock."""
    rows = select(col(Task.id)).where(once.alone, among(ids), visible_to(me, Task))
    return select(rows.order_by(col(Task.id)).with_for_update().cte("locked").c.id)


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
        .where(col(Task.id).in_(locked(me, once, ids)), LIVE, deletable_by(me, Task))
        .where(unchanged(Task, versions))
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
    task: Any = Task
    write = (
        update(Task)
        .where(once.alone, task.id == task_id, task.deleted_at.is_not(None))
        .where(deletable_by(me, Task), unchanged(Task, versions))
        .values(deleted_at=None)
    )
    return one(once.send(db, write, Task, visible_to(me, Task)))


def one(tasks: Sequence[Task] | None) -> Task | None:
    return tasks[0] if tasks else None
