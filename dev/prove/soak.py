"""Holds what eight sandboxes are told against the rows, while their database fails at random."""

import importlib
import os
import secrets
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dev import Trouble
from dev.local import environment
from dev.neon.cloud import Cloud
from dev.neon.computes import pgbouncer
from dev.neon.computes.contents import connected
from dev.neon.project.project import DATABASE
from dev.prove import Proof, Step
from dev.prove._soak_crew import Crew
from dev.prove._soak_nemesis import Nemesis
from dev.prove._soak_recovery import aftermaths
from dev.prove._soak_told import told
from dev.prove._soak_truth import Task, reconcile
from dev.prove._soak_verdict import judge
from dev.prove._stage import demo_token, need

GOAL = (
    "suspends, restarts and killed backends lose or double no write and make no answer a 500 or "
    "late; service is back in 2 s, after 16 s of 503s at most where Postgres alone restarts."
)

SANDBOXES = 8
LEDGERS = 8
PAUSE = 0.1
"""Seconds between two requests of a sandbox, at most."""

ROWS = """
SELECT id::text, title, coalesce(description, ''), version, deleted_at IS NOT NULL FROM tasks
"""

Requests = Annotated[int, typer.Option(min=1, help="Go on until so many are answered.")]
Faults = Annotated[int, typer.Option(min=1, help="Times that each kind of fault happens.")]
Seed = Annotated[int, typer.Option(help="The same chances again; 0 for new ones.")]


def prove(*, requests: Requests = 5000, faults: Faults = 4, seed: Seed = 0) -> Proof:
    if pgbouncer.program() is None:
        raise Trouble("No pgbouncer on PATH, and one of the faults is its restart: install it.")
    seed = seed or secrets.randbelow(10**6) + 1
    yield Step("starting Neon", 0)
    with neon() as cloud:
        ledgers = prepare(cloud)
        with Crew("dev.prove._soak_sandbox", SANDBOXES, Path("sandboxes.log"), {}) as crew:
            nemesis = Nemesis(cloud, crew, SANDBOXES, seed)
            crew.order([orders(number, ledgers, seed) for number in range(SANDBOXES)])
            yield from nemesis.work(requests, faults)
        answers = [told(line) for line in crew.heard]
        wrongs = reconcile(answers, rows(cloud), ledgers)
    return judge(answers, wrongs, list(aftermaths(nemesis.faults, answers)), requests, seed)


@contextmanager
def neon() -> Iterator[Cloud]:
    """Durable: Postgres itself would otherwise forget its last commits when it is killed."""
    with (
        TemporaryDirectory(prefix="thaw-") as directory,
        chdir(directory),  # away from the checkout, whose .env would have a say
        Cloud(Path("neon"), durable=True) as cloud,
    ):
        yield cloud


def prepare(cloud: Cloud) -> list[str]:
    """Migrate, and add the ledgers through the API; returns their ids."""
    urls = cloud.url(pooled=True), cloud.url(pooled=False)
    os.environ |= environment(*urls) | {"LOG_LEVEL": "WARNING"}  # the sandboxes', too
    importlib.import_module("migrations.job").upgrade()
    new = {"items": [{"title": f"Ledger {number}"} for number in range(LEDGERS)]}
    added = need("POST", "/api/me/tasks/batch", demo_token(), new)
    return [task["id"] for task in added["items"]]


def orders(number: int, ledgers: list[str], seed: int) -> dict[str, object]:
    return {
        "number": number,
        "token": demo_token(),
        "ledgers": ledgers,
        "pause": PAUSE,
        "seed": seed,
    }


def rows(cloud: Cloud) -> list[Task]:
    compute = cloud.project.wake(cloud.project.state.default.id)
    with connected(compute.admin_url(), dbname=DATABASE) as session:
        session.execute(ROWS)
        return [Task(*row) for row in session.fetchall()]
