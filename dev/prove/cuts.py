"""Cuts the connection to the database everywhere, and holds what callers are told against it."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from dev import Trouble
from dev.progress import note
from dev.prove import Proof, Step, Verdict
from dev.prove._cuts_places import places
from dev.prove._cuts_run import Case, cases, learn
from dev.prove._cuts_scenarios import scenarios, short
from dev.prove._cuts_stage import stage

GOAL = (
    "wherever a connection is cut, no write is done twice, "
    "none that was acknowledged is lost, and no answer is untrue."
)

TOLD = ("success", "honest 503", "outcome unknown")
WRONG = ("duplicate", "lost", "untruth")
COLUMNS = ("Request", "Cuts", "Done", "503", "Open", "Twice", "Lost", "Untrue")
"""Done: it succeeded. 503: nothing was changed. Open: outcome_unknown. The rest must be nought."""
SHOWN = 10
"""Cases that went wrong: the first few say enough."""

ONLY = "One request, as the table names it."


def prove(only: Annotated[str, typer.Option(help=ONLY)] = "") -> Proof:
    named = short(only)
    chosen = [(turn, one) for turn, one in enumerate(scenarios()) if named in {"", one.name}]
    if not chosen:
        raise Trouble(f"There is no request {only!r}: the table names them all.")
    seen: list[Case] = []
    yield Step("starting Neon", 0)
    with stage() as here:
        for done, (turn, scenario) in enumerate(chosen):
            yield Step(str(scenario), done / len(chosen))
            lesson, flows = learn(here, scenario)
            seen += cases(here, scenario, lesson, places(flows, turn))
    for case in [case for case in seen if case.finding.wrong][:SHOWN]:
        note(str(case))
    return judge(seen)


def judge(seen: list[Case]) -> Verdict:
    names = dict.fromkeys(case.scenario.name for case in seen)
    rows = [row(name, count(case for case in seen if case.scenario.name == name)) for name in names]
    total = count(seen)
    rows.append(row("all", total))
    figure = f"{len(seen):,} cuts: {total['duplicate']} duplicates, "
    figure += f"{total['lost']} lost acknowledgements, {total['untruth']} untruths"
    return Verdict(COLUMNS, rows, figure, not any(total[wrong] for wrong in WRONG))


def count(cases: Iterable[Case]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for case in cases:
        counted.update(["cuts", case.finding.told, case.finding.wrong or "right"])
    return counted


def row(name: str, counted: Counter[str]) -> tuple[str, ...]:
    return name, *(f"{counted[each]}" for each in ("cuts", *TOLD, *WRONG))
