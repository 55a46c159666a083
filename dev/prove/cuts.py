"""Cuts the connection to the database everywhere, and holds what callers are told against it."""

import time
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from dev import Trouble
from dev.progress import note
from dev.prove import Proof, Step, Verdict
from dev.prove._cuts_places import places
from dev.prove._cuts_run import Case, cases, learn
from dev.prove._cuts_scenarios import scenarios
from dev.prove._cuts_stage import stage

GOAL = (
    "wherever a connection is cut, no write is done twice or in part, "
    "none that was acknowledged is lost, and no answer is untrue."
)

TOLD = ("success", "honest 503", "outcome unknown")
WRONG = ("duplicate", "lost", "untruth")
COLUMNS = ("Resource", "Scenarios", "Cuts", "Done", "503", "Open", "Twice", "Lost", "Untrue")
"""Done: it succeeded. 503: nothing was changed. Open: outcome_unknown. The rest must be nought."""
SHOWN = 10
"""Cases that went wrong: the first few say enough."""

ONLY = "One resource, as the table names it, or one request, as a case does."


def prove(only: Annotated[str, typer.Option(help=ONLY)] = "") -> Proof:
    every = enumerate(scenarios())
    chosen = [(turn, one) for turn, one in every if only in {"", one.resource, one.name}]
    if not chosen:
        raise Trouble(f"There is no resource {only!r}, and no request: the table names them all.")
    begun = time.monotonic()
    seen: list[Case] = []
    yield Step("starting Neon", 0)
    with stage() as here:
        for done, (turn, scenario) in enumerate(chosen):
            yield Step(str(scenario), done / len(chosen))
            lesson, flows = learn(here, scenario)
            there = places(flows, turn, settles=scenario.settles)
            seen += cases(here, scenario, lesson, there)
    for case in [case for case in seen if case.finding.wrong][:SHOWN]:
        note(str(case))
    return judge(seen, time.monotonic() - begun)


def judge(seen: list[Case], seconds: float) -> Verdict:
    resources = dict.fromkeys(case.scenario.resource for case in seen)
    counted = {
        each: count(case for case in seen if case.scenario.resource == each) for each in resources
    }
    total = count(seen)
    rows = [row(name, each) for name, each in [*counted.items(), ("all", total)]]
    figure = f"{total['cuts']:,} cuts of {total['scenarios']} scenarios in {seconds:.0f} s: "
    figure += f"{total['duplicate']} duplicates, "
    figure += f"{total['lost']} lost acknowledgements, {total['untruth']} untruths"
    return Verdict(COLUMNS, rows, figure, not any(total[wrong] for wrong in WRONG))


def count(seen: Iterable[Case]) -> Counter[str]:
    counted: Counter[str] = Counter()
    different = set()
    for case in seen:
        counted.update(["cuts", case.finding.told, case.finding.wrong or "right"])
        different.add(str(case.scenario))
    counted["scenarios"] = len(different)
    return counted


def row(name: str, counted: Counter[str]) -> tuple[str, ...]:
    return name, *(f"{counted[each]}" for each in ("scenarios", "cuts", *TOLD, *WRONG))
