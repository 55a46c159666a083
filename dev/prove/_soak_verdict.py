"""A soak's table: what was seen, line by line, and whether that meets the goal."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from dev.prove import Verdict
from dev.prove._soak_answers import KINDS, Wrong
from dev.prove._soak_client import TIMEOUT
from dev.prove._soak_nemesis import BACKENDS, PGBOUNCER, POSTGRES, SUSPEND
from dev.prove._soak_recovery import Aftermath
from dev.prove._soak_told import Told

COLUMNS = ("What", "Seen", "Goal", "Met")

LATE = 0.25
"""Seconds after its deadline at which an answer is late."""

BACK = 2.0
"""Seconds until everybody is well served again, where a new connection is all that it takes."""

REFUSING = 16.0
"""Seconds of 503s where Postgres alone restarts: PgBouncer looks for it again after 15."""

SHOWN = 5
"""Wrongs, at most: there is something to mend after the first."""


class Line(NamedTuple):
    what: str
    seen: str
    goal: str = ""
    met: bool = True

    def row(self) -> tuple[str, ...]:
        return self.what, self.seen, self.goal, ("yes" if self.met else "NO") if self.goal else ""


def judge(
    told: list[Told], wrongs: list[Wrong], after: list[Aftermath], requests: int, seed: int
) -> Verdict:
    lines = [
        Line("requests", str(len(told)), f"≥ {requests}", len(told) >= requests),
        Line("answers", answers(told)),
        *truths(wrongs),
        lateness(told),
        *(back(kind, after) for kind in (SUSPEND, PGBOUNCER, BACKENDS)),
        alone(after),
        Line("seed", str(seed)),
    ]
    back_in = max(one.recovered for one in after if one.kind != POSTGRES)
    figure = (
        f"{len(told)} requests, {len(after)} faults: {len(wrongs)} wrongs, back within "
        f"{back_in:.1f} s, 503s for {max(one.refusing for one in after):.1f} s"
    )
    return Verdict(COLUMNS, [line.row() for line in lines], figure, all(one.met for one in lines))


def answers(told: list[Told]) -> str:
    """So many successes; of all else by status and code."""
    names = ("success" if one.succeeded else f"{one.status} {one.code}" for one in told)
    return ", ".join(f"{name}: {number}" for name, number in Counter(names).most_common())


def truths(wrongs: list[Wrong]) -> Iterator[Line]:
    """How many of each kind there are, each kind followed by its first ones."""
    for kind in KINDS:
        found = [one.what for one in wrongs if one.kind == kind]
        yield Line(kind, "\n".join([str(len(found)), *found[:SHOWN]]), "0", not found)


def lateness(told: list[Told]) -> Line:
    latest = max(one.seconds for one in told) - TIMEOUT
    seen = f"{abs(latest):.2f} s {'after' if latest > 0 else 'before'} its deadline"
    return Line("latest answer", seen, f"≤ {LATE} s after", latest <= LATE)


def back(kind: str, after: list[Aftermath]) -> Line:
    """Its slowest recovery."""
    found = [one for one in after if one.kind == kind]
    worst = max(one.recovered for one in found)
    seen = f"{summary(found)}, back within {worst:.2f} s"
    return Line(kind, seen, f"back in < {BACK:.0f} s", worst < BACK)


def alone(after: list[Aftermath]) -> Line:
    """Whoever may wait longer than PgBouncer does gets a slow success in the place of 503s."""
    found = [one for one in after if one.kind == POSTGRES]
    worst = max(one.refusing for one in found)
    seen = (
        f"{summary(found)} until {worst:.2f} s after it, slowest success "
        f"{max(one.slowest for one in found):.2f} s, "
        f"back within {max(one.recovered for one in found):.2f} s"
    )
    return Line(POSTGRES, seen, f"503s for ≤ {REFUSING:.0f} s", worst <= REFUSING)


def summary(after: list[Aftermath]) -> str:
    struck, refusals = (sum(getattr(one, name) for one in after) for name in ("struck", "refusals"))
    return f"{len(after)} of them, {struck} requests struck, {refusals} answered 503"
