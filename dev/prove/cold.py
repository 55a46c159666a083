"""Measures the first answer of a new process whose database sleeps, and what it is made of.

A start is measured from the first line of Python in its process; the interpreter comes before, the
same for all. Files are in the system's cache, with bytecode. The wake is taken as short as can be:
psycopg2.connect() alone, in a process that has psycopg2 imported.
"""

from collections import defaultdict
from contextlib import chdir
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dev.prove import Proof, Step, Verdict
from dev.prove._cold_looks import (
    AWAKE,
    FIRST,
    IMPORT,
    LOOKS,
    OURS,
    START,
    USUAL,
    WAKE,
    WARM,
    awake,
    waking,
)
from dev.prove._cold_stage import neon_stage

GOAL = (
    "a new process whose database sleeps gives its first answer within "
    "1.10 x (max(import, wake) + one warm request)."
)
MOST = 1.10

Seen = dict[str, list[float]]
"""By what was measured: seconds, one for each round."""

COLUMNS = ("What", "ms", "least", "most", "ours", "usual")

BRIEF = 0.02  # seconds, below which tenths of a millisecond are shown

ROUNDS = "How often everything is measured; figures are medians."
SECONDS = "Seconds that the sleeping database takes to answer."


def prove(
    rounds: Annotated[int, typer.Option(min=1, help=ROUNDS)] = 7,
    wake: Annotated[float, typer.Option(min=0.2, help=SECONDS)] = 0.5,
) -> Proof:
    seen: Seen = defaultdict(list)
    yield Step("starting Neon", 0)
    with TemporaryDirectory(prefix="thaw-") as name, chdir(name):
        directory = Path(name)
        delay = max(0.0, wake - quickest_wake(directory))
        with neon_stage(directory, wake_delay=delay) as stage:
            yield Step("compiling", 0.1)
            awake(stage)
            for number in range(rounds):
                # There and back, so that nothing always comes after the same other.
                for look in LOOKS if number % 2 else LOOKS[::-1]:
                    yield Step(f"round {number + 1}: {look.__name__}", 0.2 + 0.8 * number / rounds)
                    for what, seconds in look(stage).items():
                        seen[what].append(seconds)
    return judge(seen)


def quickest_wake(directory: Path) -> float:
    """What a wake takes that is not held back: Postgres and PgBouncer have to start."""
    with neon_stage(directory, wake_delay=0) as stage:
        return min(waking(stage)[WAKE] for _ in range(3))


def judge(seen: Seen) -> Verdict:
    rows = [row(what, seen[what]) for what in (START, IMPORT, WAKE, WARM, FIRST, AWAKE)]
    rows += [row(what, seen[what]) for what in (OURS, USUAL)]
    for last in (WARM, FIRST):
        sum, both = sums(seen, last), (ratio(seen, what, last) for what in (OURS, USUAL))
        rows.append(row(f"max(import, wake) + {last.partition(',')[0]}", sum, *both))
    ours, usual = ratio(seen, OURS, WARM), ratio(seen, USUAL, WARM)
    figure = (
        f"{OURS}: {ms(median(seen[OURS]))} ms = {ours:.2f} x (max(import, wake) + {WARM}); "
        f"with import and connect in a row: {ms(median(seen[USUAL]))} ms = {usual:.2f} x"
    )
    return Verdict(COLUMNS, rows, figure, ours <= MOST)


def sums(seen: Seen, last: str) -> list[float]:
    rounds = zip(seen[IMPORT], seen[WAKE], seen[last], strict=True)
    return [max(imported, woken) + request for imported, woken, request in rounds]


def ratio(seen: Seen, what: str, last: str) -> float:
    """The median of each round's own: what slows a round down is on both sides of it."""
    rounds = zip(seen[what], sums(seen, last), strict=True)
    return median(seconds / sum for seconds, sum in rounds)


def row(what: str, times: list[float], *ratios: float) -> tuple[str, ...]:
    figures = (ms(median(times)), ms(min(times)), ms(max(times)))
    return what, *figures, *([f"{each:.2f} x" for each in ratios] or ("", ""))


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < BRIEF else f"{seconds * 1000:.0f}"
