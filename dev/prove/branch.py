"""The whole life of a pull request on the local Neon, with all that can go wrong on the way."""

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from dev import Trouble
from dev.neon.cloud import Cloud
from dev.neon.computes import pgbouncer
from dev.prove import Proof, Step, Verdict
from dev.prove import _neon_laptop as laptop
from dev.prove._branch_checkout import Checkout
from dev.prove._branch_life import Life, Seen

GOAL = "a pull request has its own database in one command, and leaves nothing behind."

COLUMNS = ("Step", "Expected", "Seen", "s", "So")
WAKE_DELAY, OPERATION = 0.5, 0.5
"""Seconds: what Neon itself takes for each."""


def prove() -> Proof:
    if pgbouncer.program() is None:
        raise Trouble("No pgbouncer on PATH, and previews are served through one: install it.")
    seen: list[Seen] = []
    yield Step("starting Neon", 0)
    with TemporaryDirectory(prefix="thaw-") as directory, chdir(directory):
        here = Path(directory)
        with Cloud(here / "neon", wake_delay=WAKE_DELAY) as cloud:
            before = laptop.traces(cloud.directory)
            life = Life(cloud, Checkout(here / "checkout"), here)
            cloud.api_faults.operation_seconds = OPERATION
            parts = life.parts()
            for done, part in enumerate(parts):
                yield Step(part.words, 0.1 + 0.9 * done / len(parts))
                seen.append(part.look())
            seen.append(life.traceless(before))
    return judge(seen)


def judge(seen: list[Seen]) -> Verdict:
    so = sum(one.so for one in seen)
    rows: list[tuple[str, ...]] = [
        (one.words, one.expected, one.seen, f"{one.seconds:.1f}", "yes" if one.so else "NO")
        for one in seen
    ]
    up = next(one.seconds for one in seen if one.words.startswith("opened"))
    figure = f"{so} of {len(seen)} steps went as they should; a database took {up:.1f} s"
    return Verdict(COLUMNS, rows, figure, so == len(seen))
