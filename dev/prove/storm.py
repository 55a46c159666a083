"""Sends 800 sandboxes through PgBouncer, the same straight at Postgres, and many twins at once."""

import importlib
import os
from typing import Annotated

import typer

from dev import Trouble
from dev.local import environment
from dev.neon.computes import pgbouncer
from dev.prove import Proof, Step
from dev.prove._storm_parts import pooled, straight, twins
from dev.prove._storm_stage import POOL, stage
from dev.prove._storm_verdict import judge

GOAL = (
    f"800 sandboxes share PgBouncer's {POOL} connections without an error, where Postgres itself "
    "refuses most; of 16 requests at once with one key, one writes."
)

Sandboxes = Annotated[int, typer.Option(min=1, help="So many, with a connection each.")]
Connections = Annotated[int, typer.Option(min=30, help="What Postgres takes: max_connections.")]
Seconds = Annotated[float, typer.Option(min=1, help="So long they stay, and ask now and again.")]
Keys = Annotated[int, typer.Option(min=1, help="So many; 16 requests at once use each.")]


def prove(
    *,
    sandboxes: Sandboxes = 800,
    connections: Connections = 100,
    seconds: Seconds = 15,
    keys: Keys = 50,
) -> Proof:
    if pgbouncer.program() is None:
        raise Trouble("No pgbouncer on PATH, and a storm needs one: install it.")
    yield Step("starting Postgres and PgBouncer", 0)
    with stage(connections) as here:
        os.environ |= environment(here.pooled, here.straight)  # the sandboxes', too
        importlib.import_module("migrations.job").upgrade()
        alone = yield from straight(here, sandboxes)
        held = yield from pooled(here, sandboxes, seconds)
        both = yield from twins(here, keys)
    return judge(held, alone, both, sandboxes, connections)
