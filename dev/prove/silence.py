"""Makes the database say nothing, or no for good, and looks at what the callers are told."""

from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psycopg2
import typer

from dev import Trouble
from dev.neon.computes import pgbouncer
from dev.prove import Proof, Step, Verdict
from dev.prove._cold_stage import Stage, neon_stage
from dev.prove._silence_cases import REFUSALS, SILENCES
from dev.prove._silence_network import Network
from dev.prove._silence_trial import KEYED, READ, WRITE, Met, Trial

GOAL = (
    "who meets a silent database is told the truth within 250 ms of the deadline, "
    "and what no retry can mend is tried once."
)

TIMEOUTS = (2.0, 3.0, 5.0)
KINDS = (READ, WRITE, KEYED)
COUNTS = "SELECT title, count(*) FROM tasks GROUP BY title"
UNKNOWN = {"outcome_unknown", "nothing"}
COLUMNS = ("Fault", "Slowest", "Connections", "Answers")

ROUNDS = "Every request meets every fault in this many invocations, of 2, 3 and 5 s in turn."


def prove(rounds: Annotated[int, typer.Option(min=1, help=ROUNDS)] = 1) -> Proof:
    if pgbouncer.program() is None:
        raise Trouble(
            "No pgbouncer on PATH, and it is what refuses startup parameters: install it."
        )
    hushed: list[Met] = []
    refused: list[Met] = []
    yield Step("starting Neon", 0)
    with (
        TemporaryDirectory(prefix="thaw-") as name,
        chdir(name),
        neon_stage(Path(name), wake_delay=0) as stage,
        Network(stage.cloud.project.port) as network,
    ):
        trial = Trial(stage, network)
        yield from hush(trial, hushed, rounds)
        yield from refuse(trial, refused)
        there = counted(stage)
    return judge(hushed, refused, there)


def need_pooler() -> None:
    if pgbouncer.program() is None:
        raise Trouble(
            "No pgbouncer on PATH, and it is what refuses startup parameters: install it."
        )


def hush(trial: Trial, met: list[Met], rounds: int) -> Iterator[Step]:
    cases = [
        (silence, kind, warm, TIMEOUTS[(first + second + warm + turn) % len(TIMEOUTS)])
        for turn in range(rounds)
        for first, silence in enumerate(SILENCES)
        for second, kind in enumerate(KINDS)
        for warm in (False, True)
    ]
    for number, (silence, kind, warm, timeout) in enumerate(cases):
        yield Step(f"{silence.name}: {kind}", 0.1 + 0.8 * number / len(cases))
        met.append(trial.silence(silence, kind, timeout, warm=warm))


def refuse(trial: Trial, met: list[Met]) -> Iterator[Step]:
    for number, refusal in enumerate(REFUSALS):
        for kind in (READ, WRITE):
            yield Step(refusal.name, 0.9 + 0.1 * number / len(REFUSALS))
            met += trial.refusal(refusal, kind)


def counted(stage: Stage) -> dict[str, int]:
    """How many tasks there are of each title."""
    with closing(psycopg2.connect(stage.environ["DATABASE_URL_UNPOOLED"])) as connection:
        session = connection.cursor()
        session.execute(COUNTS)
        return dict(session.fetchall())


def lies(one: Met, there: dict[str, int]) -> list[str]:
    """What the tables say against what the caller was told."""
    found, repeated = there.get(one.title, 0), KEYED in one.request and not one.wrong
    if one.said.startswith("2") or repeated:
        true = {1 if one.title else 0}
    else:
        true = {0, 1} if one.said in UNKNOWN else {0}
    return [] if found in true else [f"there are {found} of it"]


def judge(hushed: list[Met], refused: list[Met], there: dict[str, int]) -> Verdict:
    rows, met = [], hushed + refused
    for one in met:
        one.wrong.extend(lies(one, there))
    for fault in dict.fromkeys(one.fault for one in met):
        those = [one for one in met if one.fault == fault]
        rows.append(row(fault, those))
        rows += [(f"  {one.request}", "", "", "; ".join(one.wrong)) for one in those if one.wrong]
    wrong = sum(bool(one.wrong) for one in met)
    figure = (
        f"{len(hushed)} requests met silence, and the slowest answer came {slowest(hushed)} s from "
        f"its deadline; {len(refused)} were refused for good, "
        f"on {sum(one.connections for one in refused)} connections; {wrong} went wrong"
    )
    return Verdict(COLUMNS, rows, figure, wrong == 0)


def row(fault: str, those: list[Met]) -> tuple[str, ...]:
    answers = Counter(one.said for one in those)
    told = ", ".join(f"{times} x {said}" for said, times in answers.most_common())
    connections = sum(one.connections for one in those)
    return fault, f"{slowest(those)} s", str(connections or ""), told


def slowest(met: list[Met]) -> str:
    return f"{max(one.late for one in met):+.2f}"
