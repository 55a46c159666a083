"""HTTP only: one endpoint is one query; a refusal asks once more, to say why."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.auth import Me
from app.db import Database, one
from app.endpoints import Permanent
from app.errors import NotFound, found
from app.etags import Reading, Tag, Writing
from app.idempotency import Once
from app.openapi import documented
from app.pages import page
from app.routers import below_user
from app.search import key_of
from app.shared_batches import bad_addition, bad_change, bad_deletion
from app.shared_reads import get_deletable, get_row, get_rows, get_teams
from app.shared_refusals import refuse_change, refuse_deletion, refuse_restore
from app.shared_writes import (
    add_rows,
    change_row,
    change_rows,
    delete_row,
    delete_rows,
    purge_row,
    restore_row,
)
from app.tables import Task
from app.tasks import queries, stats, writes
from app.tasks.schemas import (
    NewTask,
    NewTasks,
    TaskChange,
    TaskChanges,
    TaskIds,
    TaskOut,
    TaskPage,
    TaskQuery,
    TasksOut,
    TaskStats,
)

router = below_user("/tasks", "tasks")
ONE = "/{task_id:uuid}"  # "stats" and "batch" are none, and so keep methods of their own


@router.get("", response_model=TaskPage, responses=documented(400))
def list_tasks(
    db: Database, me: Me, query: Annotated[TaskQuery, Query()], request: Request, response: Response
) -> dict[str, Any]:
    """The tasks that you see, your own and your teams': filtered, sorted, page by page."""
    rows = queries.list_tasks(db, me, query)
    return page(rows, key_of(query, queries.KEYS), query, request, response)


@router.get("/stats", response_model=TaskStats)
def get_task_stats(db: Database, me: Me) -> Any:
    """How the tasks that you see stand: counts, what is due, and how fast they are done."""
    return stats.get_stats(db, me)


@router.post("", response_model=TaskOut, status_code=201, responses=documented(400, 404, 409))
def add_task(db: Database, me: Me, once: Once, response: Response, new: NewTask) -> Task:
    """Add a task: your own, and with a `team_id` its members' to see and change."""
    tasks = add_rows(db, me, once, Task, [new.model_dump(mode="json")])
    if tasks is None:
        raise NotFound("no such team")
    task = found(one(tasks))
    response.headers["Location"] = f"/api/me/tasks/{task.id}"
    return Tag(response)(task)


@router.post(
    "/batch", response_model=TasksOut, status_code=201, responses=documented(400, 404, 409)
)
def add_tasks(db: Database, me: Me, once: Once, new: NewTasks) -> dict[str, Any]:
    """Add up to 500 tasks: all of them, or none."""
    tasks = add_rows(db, me, once, Task, new.model_dump(mode="json")["items"])
    if tasks is None:
        raise bad_addition(new.items, get_teams(db, me))
    return {"items": tasks}


@router.patch("/batch", response_model=TasksOut, responses=documented(400, 404, 409, 412))
def change_tasks(db: Database, me: Me, once: Once, changes: TaskChanges) -> dict[str, Any]:
    """Change up to 500 tasks, each by its own merge patch: all of them, or none."""
    values = changes.model_dump(mode="json", exclude_unset=True)["items"]
    tasks = change_rows(db, me, once, Task, values)
    if tasks is None:
        seen = get_rows(db, me, Task, [change.id for change in changes.items])
        raise bad_change(me, changes.items, seen, get_teams(db, me))
    return {"items": tasks}


@router.post(
    "/batch-delete", status_code=204, response_class=Response, responses=documented(400, 404, 409)
)
def delete_tasks(db: Database, me: Me, once: Once, tasks: TaskIds) -> None:
    """Delete up to 500 tasks, which can be restored: all of them, or none."""
    if not delete_rows(db, me, once, Task, tasks.ids):
        raise bad_deletion(tasks.ids, get_deletable(db, me, Task, tasks.ids))


@router.get(ONE, response_model=TaskOut, responses=documented(304, 404))
def get_task(db: Database, me: Me, tag: Reading, task_id: UUID) -> Task:
    """A task that you see."""
    return tag(found(get_row(db, me, Task, task_id)))


@router.patch(ONE, response_model=TaskOut, responses=documented(400, 404, 409, 412))
def change_task(
    db: Database, me: Me, once: Once, tag: Writing, task_id: UUID, change: TaskChange
) -> Task:
    """Change a task by a merge patch: what is absent stays as it is."""
    values = change.model_dump(exclude_unset=True)
    task = change_row(db, me, once, Task, task_id, tag.versions, values)
    return tag(task or refuse_change(db, me, tag, Task, task_id, values))


@router.delete(ONE, status_code=204, response_class=Response, responses=documented(404, 409, 412))
def delete_task(
    db: Database, me: Me, once: Once, tag: Writing, task_id: UUID, *, permanent: Permanent = False
) -> None:
    """Delete a task. It can be restored, unless it is deleted for good: `permanent`."""
    delete = purge_row if permanent else delete_row
    if not delete(db, me, once, Task, task_id, tag.versions):
        refuse_deletion(db, me, tag, Task, task_id, permanent=permanent)


@router.post(f"{ONE}/complete", response_model=TaskOut, responses=documented(404, 409, 412))
def complete_task(db: Database, me: Me, once: Once, tag: Writing, task_id: UUID) -> Task:
    """Mark a task as done, now."""
    task = change_row(db, me, once, Task, task_id, tag.versions, writes.DONE)
    return tag(task or refuse_change(db, me, tag, Task, task_id, writes.DONE))


@router.post(f"{ONE}/reopen", response_model=TaskOut, responses=documented(404, 409, 412))
def reopen_task(db: Database, me: Me, once: Once, tag: Writing, task_id: UUID) -> Task:
    """Mark a task as not done: it is to do again."""
    task = change_row(db, me, once, Task, task_id, tag.versions, writes.REOPENED)
    return tag(task or refuse_change(db, me, tag, Task, task_id, writes.REOPENED))


@router.post(f"{ONE}/restore", response_model=TaskOut, responses=documented(404, 409, 412))
def restore_task(db: Database, me: Me, once: Once, tag: Writing, task_id: UUID) -> Task:
    """Bring a deleted task back."""
    task = restore_row(db, me, once, Task, task_id, tag.versions)
    return tag(task or refuse_restore(db, me, tag, Task, task_id))
