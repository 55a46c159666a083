"""Expands a table of a million rows while the API serves writes to it."""

import importlib
import os
import time
from statistics import median

from dev import Trouble
from dev.bulk import add_tasks
from dev.local import environment
from dev.prove import Proof, Step, Verdict
from dev.prove._migrate_live import AGAIN, Clients, Held, Migrated, Request, job
from dev.prove._served import served
from dev.prove._stage import demo_token, empty_database, need

GOAL = "during a migration no request fails, and none waits longer than its lock_timeout and 1 s."

COLUMNS = ("", "5 s before", "during it")
BEFORE = 5.0
EXPANDED = "0005"
WIDEST = 60  # letters of what the job said
ALL_IS_WELL = range(200, 300)


def prove(tasks: int = 1_000_000) -> Proof:
    yield Step("starting Postgres", 0)
    with empty_database() as url:
        os.environ |= environment(url) | {"LOG_LEVEL": "ERROR"}
        os.environ["DATABASE_POOL_SIZE"] = str(Clients.NUMBER)
        importlib.import_module("migrations.job").upgrade()
        token = demo_token()
        need("POST", "/api/me/tasks", token, {"title": "The first write makes the user's row"})
        for done, _ in add_tasks(url, tasks, "demo"):
            yield Step(f"adding tasks, {done:,}", 0.7 * done / tasks)
        with served() as address, Clients(address, token) as clients:
            yield Step("serving", 0.75)
            time.sleep(BEFORE)
            yield Step("migrating", 0.85)
            with Held(url) as held:
                migrated = job(url, EXPANDED, held.hear)
    return judge(clients, migrated)


def judge(clients: Clients, migrated: Migrated) -> Verdict:
    from migrations.connection import LOCK_TIMEOUT  # noqa: PLC0415  Alembic takes a second

    before = clients.between(migrated.begun - BEFORE, migrated.begun)
    during = clients.between(migrated.begun, migrated.ended)
    failed = [one for one in during if one.status not in ALL_IS_WELL]
    longest = max(one.seconds for one in during)
    rows = [*compared(before, during), *steps(migrated)]
    if not any(AGAIN in line for line in migrated.told):
        raise Trouble("The revision met nobody who held its table: nothing was shown.")
    figure = (
        f"{len(during)} requests were served while it ran for "
        f"{migrated.ended - migrated.begun:.1f} s, {len(failed)} failed; the longest took "
        f"{longest:.2f} s, and lock_timeout is {LOCK_TIMEOUT:g} s"
    )
    return Verdict(COLUMNS, rows, figure, not failed and longest <= LOCK_TIMEOUT + 1)


def compared(before: list[Request], during: list[Request]) -> list[tuple[str, ...]]:
    columns = [[one.seconds * 1000 for one in part] for part in (before, during)]
    return [
        ("requests", *(str(len(column)) for column in columns)),
        ("median, ms", *(f"{median(column):.0f}" for column in columns)),
        ("longest, ms", *(f"{max(column):.0f}" for column in columns)),
    ]


def steps(migrated: Migrated) -> list[tuple[str, ...]]:
    """What the job said: a line for each revision, and for each time that it gave way."""
    return [("the job", "", line[:WIDEST]) for line in migrated.told]
