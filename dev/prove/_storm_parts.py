"""The parts of a storm, each with sandboxes of its own."""

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from psycopg2.extensions import cursor

from dev.prove import Step
from dev.prove._soak_crew import Crew
from dev.prove._stage import demo_token
from dev.prove._storm_answers import Answer
from dev.prove._storm_stage import Pool, Stage

IN_ONE = 100
"""Sandboxes in one process: no pool may be larger."""

PATIENCE = 20.0
"""Seconds; the app itself gives up after 25."""

PAUSE = 4.0
"""Seconds between two requests of a sandbox, on the average."""

NEVER = 1e9

TWINS, TWINS_IN_ONE = 16, 4
STEP = 0.4
"""Seconds from one key to the next."""

EFFECTS = "SELECT title, id::text FROM tasks WHERE title = ANY (%s)"


class Held(NamedTuple):
    connected: Pool
    """When every sandbox waited for its first answer."""
    first: list[Answer]
    later: list[Answer]
    in_the_end: Pool


class Twins(NamedTuple):
    keys: int
    together: int
    """Keys of which all twins began to write at the same moment."""
    answers: list[Answer]
    effects: dict[str, list[str]]
    """The ids of the tasks that were added, by key."""


def straight(stage: Stage, sandboxes: int) -> Generator[Step, None, list[Answer]]:
    """The first answers: whoever is not refused waits until all others are."""
    with crew(stage.straight, sandboxes) as them:
        with nobody_served(stage) as session:
            order(them, sandboxes, part="crowd", pause=NEVER)
            yield from wait(them, 0.1, lambda: len(them.heard) + waiting(session) >= sandboxes)
        yield from wait(them, 0.2, lambda: len(them.heard) >= sandboxes)
    return [Answer(**line) for line in them.heard]


def pooled(stage: Stage, sandboxes: int, seconds: float) -> Generator[Step, None, Held]:
    with crew(stage.pooled, sandboxes) as them:
        with nobody_served(stage):
            order(them, sandboxes, part="crowd", pause=PAUSE)
            yield from wait(them, 0.3, lambda: stage.pool().clients >= sandboxes)
            connected, released = stage.pool(), time.monotonic()
        yield from wait(them, 0.4, lambda: time.monotonic() > released + seconds, seconds)
        in_the_end = stage.pool()
    answers = [Answer(**line) for line in them.heard]
    first = [answer for answer in answers if answer.began <= released]
    later = [answer for answer in answers if answer.began > released]
    return Held(connected, first, later, in_the_end)


def twins(stage: Stage, number: int) -> Generator[Step, None, Twins]:
    keys = [f"twin-{each}" for each in range(number)]
    with crew(stage.pooled, TWINS, TWINS_IN_ONE) as them:
        order(them, TWINS, part="twins", keys=keys, begin=time.monotonic() + 1, step=STEP)
        together = 0
        for race in range(number):
            together += yield from start(stage, them, race * TWINS)
    return Twins(number, together, [Answer(**line) for line in them.heard], effects(stage, keys))


def start(stage: Stage, them: Crew, before: int) -> Generator[Step, None, bool]:
    """Hold the twins of one key back, and let all go at once; whether all were there by then."""
    with nobody_served(stage) as session:
        yield from wait(them, 0.8, lambda: len(them.heard) + waiting(session) >= before + TWINS)
        together = waiting(session) == TWINS
    yield from wait(them, 0.8, lambda: len(them.heard) >= before + TWINS)
    return together


def effects(stage: Stage, keys: list[str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    with stage.session() as session:
        session.execute(EFFECTS, (keys,))
        for key, id in session.fetchall():
            found[key].append(id)
    return found


def crew(url: str, sandboxes: int, in_one: int = IN_ONE) -> Crew:
    """As few processes as can hold so many sandboxes."""
    environ = {"DATABASE_URL": url, "DATABASE_POOL_SIZE": str(in_one), "LOG_LEVEL": "CRITICAL"}
    size = ceil(sandboxes / in_one)
    return Crew("dev.prove._storm_sandbox", size, Path("sandboxes.log"), environ)


def order(them: Crew, sandboxes: int, part: str, **how: Any) -> None:
    """Deal the sandboxes out among the processes, as evenly as can be."""
    shares = [len(range(first, sandboxes, them.size)) for first in range(them.size)]
    orders = {"part": part, "token": demo_token(), **how}
    them.order([{**orders, "sandboxes": share} for share in shares])


@contextmanager
def nobody_served(stage: Stage) -> Iterator[cursor]:
    """Whoever asks for tasks waits, and holds a connection while waiting."""
    with stage.session() as session:
        session.execute("BEGIN; LOCK TABLE tasks")
        yield session
        session.execute("ROLLBACK")


def wait(
    them: Crew, done: float, ready: Callable[[], bool], longest: float = PATIENCE
) -> Iterator[Step]:
    until = time.monotonic() + longest
    while not ready() and time.monotonic() < until:
        them.check()
        yield Step(f"{len(them.heard)} answers", done)
        time.sleep(0.05)


def waiting(session: cursor) -> int:
    """How many sessions wait for a lock."""
    session.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
    row = session.fetchone()
    return int(row[0]) if row else 0
