"""Measures how the built zip starts, against the same code packaged as people usually do.

And its first answer against bare: a script that imports the same libraries, connects meanwhile and
sends one query. Both have our zip's bytecode; files are in the system's cache.
"""

import importlib
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dev import aws
from dev.aws import building, zipping
from dev.local import environment
from dev.prove import Proof, Step, Verdict, _package_usual
from dev.prove._package_looks import BARE, CPU, INIT, LOOKS, OURS, USUAL, Stage
from dev.prove._stage import empty_database

GOAL = (
    "the built zip starts in 0.40 x of what the same code takes as people usually package it, its "
    "first answer in 1.10 x of bare, and it is 30 MB at most, 85 MB unzipped."
)
MOST_INIT, MOST_FIRST = 0.40, 1.10

Seen = dict[str, list[float]]
"""By what was measured: seconds, one for each round."""

COLUMNS = ("What", "ms", "least", "most", "of the other")
ROUNDS = "How often everything is measured; figures are medians."


def prove(rounds: Annotated[int, typer.Option(min=1, help=ROUNDS)] = 15) -> Proof:
    seen: Seen = defaultdict(list)
    yield Step("building the zip", 0)
    path = building.built(aws.here())
    yield Step("packaging as people usually do", 0.1)
    with TemporaryDirectory(prefix="thaw-package-") as name, stage(path, Path(name)) as ready:
        for look in LOOKS:
            look(ready)  # so that every file has been read once
        for number in range(rounds):
            # There and back, so that nothing always comes after the same other.
            for look in LOOKS if number % 2 else LOOKS[::-1]:
                yield Step(f"round {number + 1}: {look.__name__}", 0.3 + 0.7 * number / rounds)
                for what, seconds in look(ready).items():
                    seen[what].append(seconds)
    return judge(seen, path)


@contextmanager
def stage(path: Path, directory: Path) -> Iterator[Stage]:
    usual = directory / "usual"
    usual.mkdir()
    theirs = _package_usual.package(usual)
    with empty_database() as url:
        os.environ |= environment(url)
        importlib.import_module("migrations.job").upgrade()
        yield Stage(
            _package_usual.unpack(path, directory / "zip"),
            _package_usual.unpack(theirs, directory / "usual-zip"),
            {**environment(url), "LOG_LEVEL": "WARNING"},
            directory / "function.log",
        )


def judge(seen: Seen, path: Path) -> Verdict:
    init, first = ratio(seen, INIT, USUAL), ratio(seen, OURS, BARE)
    cpu = ratio(seen, CPU.format(OURS), CPU.format(BARE))
    rows = [row(USUAL, seen), row(INIT, seen, init), row(BARE, seen), row(OURS, seen, first)]
    rows += [row(CPU.format(BARE), seen), row(CPU.format(OURS), seen, cpu)]
    zipped, unzipped = path.stat().st_size, sum(part.unzipped for part in zipping.parts(path))
    figure = (
        f"{INIT}: {ms(seen[INIT])} ms = {init:.2f} x {USUAL}; {OURS}: {ms(seen[OURS])} ms = "
        f"{first:.2f} x bare; {zipped / zipping.MB:.1f} MB, {unzipped / zipping.MB:.1f} unzipped"
    )
    light = zipped <= zipping.ZIPPED and unzipped <= zipping.UNZIPPED
    return Verdict(COLUMNS, rows, figure, init <= MOST_INIT and first <= MOST_FIRST and light)


def ratio(seen: Seen, what: str, other: str) -> float:
    """The median of each round's own: what slows a round down is on both sides of it."""
    return median(one / two for one, two in zip(seen[what], seen[other], strict=True))


def row(what: str, seen: Seen, *ratios: float) -> tuple[str, ...]:
    times = seen[what]
    figures = (ms(times), ms([min(times)]), ms([max(times)]))
    return what, *figures, *([f"{each:.2f} x" for each in ratios] or [""])


def ms(times: list[float]) -> str:
    return f"{median(times) * 1000:.0f}"
