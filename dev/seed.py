"""`thaw seed`: a small demo, added once, in one statement; and as many more tasks as asked."""

from typing import Annotated, Any, NamedTuple

import psycopg2
import typer
from psycopg2.errors import UndefinedTable
from psycopg2.extras import Json
from rich.progress import Progress

from app.tables import new_id
from dev import Trouble
from dev.bulk import add_tasks
from dev.local import database, libpq
from dev.migrating import told
from dev.progress import console, note
from dev.token import address

PEOPLE = ("demo", "teammate")
TEAM = "01980000-0000-7000-8000-000000000001"
"""Fixed: its absence is what says that the demo is not there yet."""


class Task(NamedTuple):
    title: str
    status: str
    priority: str
    due_in: int | None
    tags: str = ""
    shared: bool = False
    user_id: str = "demo"


TASKS = [
    Task("Read the README", "done", "high", -2, "start"),
    Task("Call the API with curl", "in_progress", "high", 0, "start api"),
    Task("Share a task with the team", "todo", "medium", 1, "start team", shared=True),
    Task("Connect the front end", "todo", "high", 3, "work api"),
    Task("Deploy to Vercel", "todo", "urgent", 5, "work release", shared=True),
    Task("Deploy to AWS Lambda", "todo", "medium", 8, "work release", shared=True),
    Task("Write the release notes", "todo", "low", 10, "work release", shared=True),
    Task("Pay the invoice", "todo", "urgent", -1, "home money"),
    Task("Water the plants", "in_progress", "low", 0, "home"),
    Task("Book the dentist", "todo", "medium", 30, "home health"),
    Task("Learn something new", "todo", "low", None),
    Task("Review the API", "in_progress", "high", 2, "work api", shared=True, user_id="teammate"),
]

# Foreign keys are checked when the statement ends, so it may hold parents and children alike.
STATEMENT = """
WITH people AS (
    INSERT INTO "user" (id, name, email, "emailVerified")
    SELECT id, name, email, true
    FROM jsonb_to_recordset(%(people)s) AS person (id text, name text, email text)
    ON CONFLICT DO NOTHING
), team AS (
    INSERT INTO teams (id, name) VALUES (%(team)s, 'Thaw') ON CONFLICT DO NOTHING RETURNING id
), joined AS (
    INSERT INTO members (team_id, user_id, role)
    SELECT team.id, role.user_id, role.name
    FROM team, (VALUES ('demo', 'owner'), ('teammate', 'member')) AS role (user_id, name)
)
INSERT INTO tasks
    (id, user_id, team_id, title, status, priority, tags, due_at, completed_at)
SELECT task.id, user_id, CASE WHEN shared THEN team.id END, title, status, priority, tags,
    now() + make_interval(days => due_in), CASE WHEN status = 'done' THEN now() END
FROM team, jsonb_to_recordset(%(tasks)s) AS task (id uuid, user_id text, shared boolean,
    title text, status text, priority text, tags text[], due_in integer)
"""


def seed(
    tasks: Annotated[
        int,
        typer.Option(min=0, max=10_000_000, metavar="NUMBER", help="So many more tasks of `demo`."),
    ] = 0,
) -> None:
    """Add the demo's users, team and tasks; a second run adds what is missing.

    thaw seed --tasks 1000000    a table as in production, in a minute or two
    """
    with database() as urls, told():
        try:
            added = insert(urls.direct)
        except UndefinedTable:
            raise Trouble("Its tables are not there yet: `thaw migrate up` makes them.") from None
        note(f"added {added} tasks" if added else "the demo is there already")
        if tasks:
            note(f"added {fill(urls.direct, tasks):,} of {tasks:,} more tasks")


def fill(url: str, tasks: int) -> int:
    added = 0
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        shown = bar.add_task("adding tasks", total=tasks)
        for done, new in add_tasks(url, tasks, PEOPLE[0]):
            added += new
            bar.update(shown, completed=done)
    return added


def insert(url: str) -> int:
    """The number of tasks added: all or none."""
    people = [{"id": one, "name": one.title(), "email": address(one)} for one in PEOPLE]
    values = {"people": Json(people), "team": TEAM, "tasks": Json([row(task) for task in TASKS])}
    with psycopg2.connect(libpq(url)) as connection, connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        added = cursor.rowcount
    connection.close()
    return int(added)


def row(task: Task) -> dict[str, Any]:
    return {**task._asdict(), "id": str(new_id()), "tags": task.tags.split()}
