"""`thaw prove cuts` in small, and its judge, who must be able to say no."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args
from unittest import mock

import pytest

from dev import ROOT
from dev.events import Request
from dev.lambda_function import Response
from dev.neon.proxy.faults import Fault, Received
from dev.prove._cuts_answers import disagreements, said
from dev.prove._cuts_effect import effect
from dev.prove._cuts_judge import Lesson, Seen, find
from dev.prove._cuts_places import ALWAYS, Flow, Place, Situation, places, spots
from dev.prove._cuts_run import cases, learn
from dev.prove._cuts_scenarios import (
    BOTH,
    KEYED,
    MATCHED,
    NEW,
    PLAIN,
    REPEATED,
    STALE,
    Scenario,
    Variant,
    scenarios,
)
from dev.prove._cuts_stage import Stage, stage
from dev.prove._cuts_truth import Row, Rows
from tests.pgbouncer import needs_pgbouncer
from tests.processes import fresh_engine


def chosen(name: str, variant: Variant) -> Scenario:
    return next(one for one in scenarios() if (one.name, one.variant) == (name, variant))


NEW_TASK = chosen("POST /tasks", PLAIN)
NEW_MESSAGES = chosen("POST /conversations/{conversation}/messages/batch", PLAIN)
SOME = [
    NEW_TASK,
    chosen("POST /tasks", NEW),
    chosen("PATCH /documents/batch", MATCHED),
    chosen("POST /documents/{document}/transfer", BOTH),
    chosen("DELETE /teams/{alone}/members/me", KEYED),
    chosen("DELETE /", PLAIN),
]
FEW = 7  # one in so many: the proof takes them all

ID, OTHER, FIRST, SECOND = (f"01980000-0000-7000-8000-00000000000{n}" for n in range(4))
IDS = {"task": ID}
TASK: Row = {"id": ID, "version": 1, "updated_at": "2026-01-31T12:00:00Z"}
CHANGED: Row = {**TASK, "version": 2}
BEFORE: Rows = {f"tasks {ID}": TASK}
HALF: Rows = {f"tasks {ID}": CHANGED}
AFTER: Rows = HALF | {f"operations {FIRST}": {"key": FIRST}}
DUE = Counter({"tasks {task}.version up": 1, 'operations {new 0} added, {"key": "{new 0}"}': 1})


def answer(status: int, body: Any, **headers: str) -> Response:
    return Response(status, list(headers.items()), json.dumps(body).encode())


def problem(status: int, code: str) -> Response:
    body = json.dumps({"code": code}, separators=(",", ":")).encode()
    return Response(status, [("retry-after", "2")], body)


DONE = answer(200, CHANGED)
LISTED = answer(200, {"items": [CHANGED]})
HONEST, UNKNOWN = problem(503, "database_waking"), problem(503, "outcome_unknown")
LESSON = Lesson(200, said(DONE, IDS), DUE)

SUCCESS = Seen(IDS, BEFORE, DONE, AFTER, repeated=False, next=LISTED, last=AFTER)
SENT_AGAIN = SUCCESS._replace(repeated=True, next=DONE)
REFUSED = Seen(IDS, BEFORE, HONEST, BEFORE, repeated=True, next=DONE, last=AFTER)
OPEN = Seen(IDS, BEFORE, UNKNOWN, BEFORE, repeated=False, next=LISTED, last=BEFORE)
AGAIN = AFTER | {f"tasks {ID}": TASK | {"version": 3}}
TWICE = AFTER | {f"operations {SECOND}": {"key": SECOND}}
ELSEWHERE, EARLIER = {**CHANGED, "id": OTHER}, {**CHANGED, "updated_at": "2026-01-30T00:00:00Z"}
REPLAY = answer(200, CHANGED, **{"idempotent-replayed": "true"})


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (SUCCESS, "success"),
        (SENT_AGAIN, "success"),
        (REFUSED, "honest 503"),
        (OPEN, "outcome unknown"),
        (OPEN._replace(after=AFTER, last=AFTER), "outcome unknown"),
        (OPEN._replace(repeated=True, next=DONE, last=AFTER), "outcome unknown"),
    ],
)
def test_what_is_true_is_believed(seen: Seen, told: str) -> None:
    assert find(LESSON, seen) == (told, None, "")


@pytest.mark.parametrize(
    ("seen", "wrong", "why"),
    [
        (SUCCESS._replace(after=TWICE), "duplicate", "operations {new 1} added"),
        (SUCCESS._replace(after=AGAIN), "duplicate", "tasks {task}.version up: 2 of 1"),
        (SUCCESS._replace(last=TWICE), "duplicate", "operations {new 1} added"),
        (REFUSED._replace(last=TWICE), "duplicate", "operations {new 1} added"),
        (SUCCESS._replace(after=BEFORE), "lost", "acknowledged"),
        (SUCCESS._replace(last=BEFORE), "lost", "in the end"),
        (OPEN._replace(repeated=True, next=DONE), "lost", "in the end"),
        (SUCCESS._replace(after=HALF), "untruth", "in part: operations {new 0} added"),
        (SUCCESS._replace(last=HALF), "untruth", "in the end"),
        (OPEN._replace(after=HALF), "untruth", "in part"),
        (SUCCESS._replace(answer=answer(200, TASK)), "untruth", "another than without a cut"),
        (SUCCESS._replace(answer=answer(200, ELSEWHERE)), "untruth", "another than without a cut"),
        (SUCCESS._replace(answer=answer(200, EARLIER)), "untruth", "updated_at is"),
        (REFUSED._replace(after=AFTER), "untruth", "nothing was changed, it says"),
        (REFUSED._replace(answer=answer(503, {})), "untruth", "when to try again"),
        (OPEN._replace(sent=False), "untruth", "never sent"),
        (SUCCESS._replace(answer=problem(500, "internal")), "untruth", "got 500"),
        (SUCCESS._replace(answer=problem(412, "x")), "untruth", "got 412"),
        (SUCCESS._replace(next=HONEST), "untruth", "the next request got 503"),
        (SENT_AGAIN._replace(next=answer(200, TASK)), "untruth", "its repeat got another answer"),
        (
            SENT_AGAIN._replace(next=answer(200, ELSEWHERE)),
            "untruth",
            "its repeat got another answer",
        ),
        (REFUSED._replace(next=REPLAY), "untruth", "been done before"),
        (REFUSED._replace(next=HONEST), "untruth", "the next request got 503"),
    ],
)
def test_what_is_wrong_is_named(seen: Seen, wrong: str, why: str) -> None:
    finding = find(LESSON, seen)
    assert finding.wrong == wrong
    assert why in finding.why


MEMBER: Row = {"user_id": FIRST, "role": "owner"}
OWNER: Rows = {f"members {ID}:{FIRST}": {"team_id": ID, **MEMBER}}
MEMBERS: Rows = {f"teams {ID}": {"id": ID}, **OWNER}


@pytest.mark.parametrize(
    ("body", "rows", "untrue"),
    [
        (CHANGED, AFTER, []),
        ({"items": [CHANGED, ELSEWHERE]}, AFTER, [f"it shows a row that is not there: {OTHER}"]),
        ({"items": [{"item": TASK}]}, AFTER, ["version is 2 in the table"]),
        ({"id": ID, "members": [MEMBER]}, MEMBERS, []),
        (
            {"id": ID, "members": [MEMBER | {"role": "member"}]},
            MEMBERS,
            ["role is 'owner' in the table"],
        ),
    ],
)
def test_whatever_an_answer_shows_is_held_against_the_tables(
    body: Row, rows: Rows, untrue: list[str]
) -> None:
    assert list(disagreements(answer(200, body), rows)) == untrue


def test_an_effect_is_what_became_of_each_row() -> None:
    assert effect(BEFORE, AFTER, IDS) == DUE
    assert effect(AFTER, BEFORE, IDS) == {
        "tasks {task}.version down": 1,
        "operations {new 0} removed": 1,
    }


THEN, NOW = ({"version": n, "updated_at": f"2026-01-31T12:00:0{n}Z"} for n in (1, 2))
KEY: Rows = {"operations a": {"key": "a"}}
MESSAGES: Rows = {f"messages {id}": {"id": id} for id in (FIRST, SECOND)}
WRITES: dict[str, tuple[Rows, Rows]] = {
    "an append": (
        {f"conversations {ID}": {"message_count": 0, **THEN}},
        {f"conversations {ID}": {"message_count": 2, **NOW}, **MESSAGES, **KEY},
    ),
    "a transfer": (
        {f"documents {ID}": {"user_id": FIRST, **THEN}},
        {f"documents {ID}": {"user_id": SECOND, **NOW}, **KEY},
    ),
    "a departure": (
        {f"teams {ID}": {"owners": 2, **THEN}, **OWNER},
        {f"teams {ID}": {"owners": 1, **NOW}, **KEY},
    ),
    "a farewell": ({**MESSAGES, **MEMBERS}, {f"tombstones {FIRST}": {"user_id": FIRST}, **KEY}),
}


def parts(before: Rows, after: Rows) -> Iterator[Rows]:
    """The rows after all but one of the things that became of them."""
    for place in before.keys() | after.keys():
        old, new = before.get(place), after.get(place)
        others = {each: row for each, row in after.items() if each != place}
        if old and new:
            changed = [column for column in new if new[column] != old[column]]
            yield from ({place: {**new, each: old[each]}, **others} for each in changed)
        elif old != new:
            yield {place: old, **others} if old else others


@pytest.mark.parametrize(("before", "after"), WRITES.values(), ids=WRITES)
def test_what_is_done_in_part_is_found_out_whichever_part_is_missing(
    before: Rows, after: Rows
) -> None:
    gone, listed = answer(204, None), answer(200, {"items": []})
    lesson = Lesson(204, said(gone, IDS), effect(before, after, IDS))
    whole = Seen(IDS, before, gone, after, repeated=False, next=listed, last=after)
    assert find(lesson, whole).wrong is None
    incomplete = list(parts(before, after))
    assert len(incomplete) > 1
    for part in incomplete:
        assert "in part" in find(lesson, whole._replace(after=part)).why
        assert "in part" in find(lesson, whole._replace(last=part)).why
        assert find(lesson, whole._replace(answer=UNKNOWN, after=part)).wrong
        assert find(lesson, whole._replace(answer=HONEST, after=part)).wrong


def test_a_request_is_cut_between_its_messages_and_inside_them() -> None:
    inside = [(0, 1), (0, 4), (0, 8), (1, 1), (1, 3), (1, 5)]
    assert sorted(spots("warm", [9, 6], None)) == sorted([(0, 0), (1, 0), (2, 0), *inside])


def test_what_is_cut_once_inside_each_message_is_cut_elsewhere_in_its_turn() -> None:
    taken = [set(spots("warm", [9, 6], turn)) for turn in range(3)]
    assert [len(each) for each in taken] == [5, 5, 5]
    assert set.union(*taken) == set(spots("warm", [9, 6], None))


def test_a_cut_has_many_ways_and_each_is_a_case_of_its_own() -> None:
    flows = [Flow(situation, Received, [9, 6]) for situation in get_args(Situation)]
    cases = [str(place) for place in places(flows, 0)]
    assert len(set(cases)) == len(cases)
    for way in ("fin", "rst", "fin twice", "rst twice", "57P01", "fin each time"):
        assert f"warm, received 0 messages and 0 bytes, {way}" in cases


UNCUT = {
    ("GET", "/health"): "it asks no database",
    ("GET", "/health/ready"): "its answer is kept, and is nobody's",
    ("GET", "/health/db"): "the same",
}
"""Not in the document, and so not here: the purge, which no caller can ask for."""


def routes() -> dict[tuple[str, str], Any]:
    """Those of the document, with their places for ids left open."""
    from app.main import app  # noqa: PLC0415  it reads the environment

    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path.removeprefix("/api/{user_id}"))): route
        for path, methods in app.openapi()["paths"].items()
        for method, route in methods.items()
    }


def cut() -> dict[tuple[str, str], set[Variant]]:
    """The variants in which each route is cut."""
    found: dict[tuple[str, str], set[Variant]] = {}
    for one in scenarios():
        path = re.sub(r"{\w+}|\bme\b", "{}", one.endpoint.path.partition("?")[0])
        found.setdefault((one.endpoint.method, path), set()).add(one.variant)
    return found


def test_every_route_is_cut() -> None:
    assert routes().keys() == cut().keys() | UNCUT.keys()


def test_every_write_is_cut_with_and_without_a_key_and_with_versions_where_it_knows_any() -> None:
    for route, described in routes().items():
        if route[0] == "GET":
            continue
        versions = {MATCHED, BOTH, STALE} if "412" in described["responses"] else set()
        assert cut()[route] - {NEW} == {PLAIN, KEYED, REPEATED} | versions, route


@pytest.fixture(scope="module")
def here() -> Iterator[Stage]:
    with mock.patch.dict(os.environ), fresh_engine(), stage() as made:
        yield made


@needs_pgbouncer
@pytest.mark.parametrize("scenario", SOME, ids=str)
def test_some_of_all_cuts_do_no_harm(here: Stage, scenario: Scenario) -> None:
    lesson, flows = learn(here, scenario)
    *most, last = places(flows, 0, settles=scenario.settles)
    found = cases(here, scenario, lesson, [*most[::FEW], last])
    assert [str(case) for case in found if case.finding.wrong] == []


@pytest.mark.slow
@needs_pgbouncer
@pytest.mark.parametrize(("turn", "scenario"), [*enumerate(scenarios())], ids=str)
def test_no_cut_does_any_harm(here: Stage, turn: int, scenario: Scenario) -> None:
    lesson, flows = learn(here, scenario)
    found = cases(here, scenario, lesson, places(flows, turn, settles=scenario.settles))
    assert [str(case) for case in found if case.finding.wrong] == []


@needs_pgbouncer
def test_a_cut_that_never_comes_is_no_case(here: Stage) -> None:
    lesson, _ = learn(here, NEW_TASK)
    late = Place("warm", Received, messages=99, bytes=0, way=ALWAYS)
    assert list(cases(here, NEW_TASK, lesson, [late])) == []


class Doubling(Stage):
    """An app that does everything twice, and is honest otherwise."""

    def ask(self, request: Request, *faults: Fault, **how: Any) -> Response:
        super().ask(request)
        return super().ask(request, *faults, **how)


class Halving(Stage):
    """An app that loses the last message, and is honest otherwise."""

    def ask(self, request: Request, *faults: Fault, **how: Any) -> Response:
        answer = super().ask(request, *faults, **how)
        self.truth.make(
            "DELETE FROM messages WHERE id = (SELECT max(id::text)::uuid FROM messages)", {}
        )
        return answer


@needs_pgbouncer
@pytest.mark.parametrize("scenario", [NEW_TASK, NEW_MESSAGES], ids=str)
def test_an_app_that_does_it_twice_is_found_out(here: Stage, scenario: Scenario) -> None:
    lesson, flows = learn(here, scenario)
    found = cases(Doubling(*here), scenario, lesson, list(places(flows, 0))[:3])
    assert {case.finding.wrong for case in found} == {"duplicate"}


@needs_pgbouncer
def test_an_app_that_does_it_in_part_is_found_out(here: Stage) -> None:
    lesson, flows = learn(here, NEW_MESSAGES)
    found = list(cases(Halving(*here), NEW_MESSAGES, lesson, list(places(flows, 0))[:3]))
    assert {case.finding.wrong for case in found} == {"untruth"}
    assert all("is there in part: " in case.finding.why for case in found)


@pytest.mark.slow
@needs_pgbouncer
def test_the_proof_counts_what_it_cuts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dev", "prove", "cuts", "--only", "POST /teams"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
    )
    figure = done.stdout.splitlines()[-1]
    assert re.fullmatch(
        r"\d+ cuts of 4 scenarios in \d+ s: "
        r"0 duplicates, 0 lost acknowledgements, 0 untruths \(goal met\)",
        figure,
    )
    assert done.returncode == 0, done.stderr
