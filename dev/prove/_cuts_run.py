"""Runs a scenario: a few times to learn where it can be cut, then once for each cut."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from dev import Trouble
from dev.neon.proxy.faults import Cut, Early, Received, Sent
from dev.prove._cuts_answers import said
from dev.prove._cuts_effect import effect
from dev.prove._cuts_judge import Finding, Lesson, Seen, find, hear
from dev.prove._cuts_places import Flow, Place, Situation
from dev.prove._cuts_requests import prepare
from dev.prove._cuts_scenarios import Scenario
from dev.prove._cuts_scene import people
from dev.prove._cuts_stage import Stage

LOTS = 1_000_000
"""Messages: a cut that never comes, and counts what passes."""

HEARD: list[tuple[Situation, list[type[Cut]]]] = [
    ("warm", [Sent]),
    ("warm", [Received]),  # the second time shows whether it is the same each time
    ("cold", [Sent, Received]),
    ("login", [Sent]),  # a connection arrives once
    ("login", [Received]),
]


class Case(NamedTuple):
    scenario: Scenario
    place: Place
    finding: Finding

    def __str__(self) -> str:
        """As a person needs it to see it again."""
        return f"{self.finding.wrong}: {self.scenario}; {self.place}: {self.finding.why}"


def learn(stage: Stage, scenario: Scenario) -> tuple[Lesson, list[Flow]]:
    """What the request does, and what passes meanwhile; raises Trouble where that is in doubt."""
    chosen = [how for how in HEARD if how[0] in scenario.situations]
    heard = [listen(stage, scenario, *how) for how in chosen]
    lesson = heard[0][0]
    if any(other != lesson for other, _ in heard):
        raise Trouble(f"{scenario} is another each time: {[other for other, _ in heard]}")
    refused = lesson.status >= HTTPStatus.BAD_REQUEST
    if (refused, not lesson.due) != (scenario.refused, scenario.idle):
        raise Trouble(f"{scenario} does not do what it should: {lesson}")
    return lesson, [flow for _, flows in heard for flow in flows]


def listen(
    stage: Stage, scenario: Scenario, situation: Situation, directions: list[type[Cut]]
) -> tuple[Lesson, list[Flow]]:
    prepared = prepare(stage, scenario)
    whose = people(prepared.ids)
    before = stage.truth.rows(whose)
    ears = [direction(messages=LOTS) for direction in directions]
    faults = [Early(ear) if situation == "login" else ear for ear in ears]
    answer = stage.ask(prepared.request, *faults, cold=situation != "warm")
    flows = [Flow(situation, type(ear), list(ear.sizes)) for ear in ears]
    stage.forget()  # the connection, and with it the ears
    due = effect(before, stage.truth.rows(whose), prepared.ids)
    return Lesson(answer.status, said(answer, prepared.ids), due), flows


def cases(
    stage: Stage, scenario: Scenario, lesson: Lesson, chosen: Iterable[Place]
) -> Iterator[Case]:
    """Cut it at each place. The last look comes when all are over: what came late is seen."""
    tried = [(place, run(stage, scenario, lesson, place)) for place in chosen]
    stage.truth.settle()
    for place, one in tried:
        if one is not None:
            last = stage.truth.rows(people(one.ids))
            yield Case(scenario, place, find(lesson, one._replace(last=last)))


def run(stage: Stage, scenario: Scenario, lesson: Lesson, place: Place) -> Seen | None:
    """The request, cut, and the next: the same where that can do no harm, else another.

    None where the cut never came.
    """
    ids, request, other = prepare(stage, scenario)
    whose = people(ids)
    before, cut = stage.truth.rows(whose), place.cut()
    answer = stage.ask(request, place.fault(cut), times=place.way.times, cold=place.cold)
    after, told = stage.truth.rows(whose), hear(lesson, answer)
    if told == "outcome unknown":
        stage.truth.settle()  # a repeat is refused while the first runs
    repeated = scenario.repeatable or told == "honest 503"
    following = stage.ask(request if repeated else other)
    seen = Seen(ids, before, answer, after, repeated, following, after, place.passable)
    return seen if place.came(cut) else None
