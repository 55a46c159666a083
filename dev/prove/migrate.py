"""Expands a table of a million rows while the API serves writes to it."""

from dev.bulk import add_tasks
from dev.prove import Proof, Step, Verdict
from dev.prove._migrate_live import Clients, Held, job
from dev.prove._served import served
from dev.prove._stage import demo_token, need, stage

GOAL = "during a migration no request fails, and none waits longer than its lock_timeout and 1 s."

COLUMNS = ("", "Before", "During it")
WARM_UP = 5.0
"""Seconds of requests before it begins, for comparison."""

EXPANDED = "0005"


def prove(tasks: int = 1_000_000) -> Proof:
    from migrations.connection import LOCK_TIMEOUT  # noqa: PLC0415  Alembic takes a second

    token = demo_token()
    yield Step("starting Postgres", 0)
    with stage(pool=Clients.NUMBER) as url:
        need("POST", "/api/me/tasks", token, {"title": "The first write makes the user's row"})
        for done, _ in add_tasks(url, tasks, "demo"):
            yield Step(f"adding tasks, {done:,}", 0.6 * done / tasks)
        with served() as address, Clients(address, token) as clients:
            yield Step("serving", 0.7)
            clients.run(WARM_UP)
            yield Step("migrating", 0.8)
            with Held(url):
                migrated = job(url, EXPANDED)
            during = clients.since(migrated.begun, migrated.ended)
    return judge(clients.until(migrated.begun), during, migrated, LOCK_TIMEOUT + 1)
