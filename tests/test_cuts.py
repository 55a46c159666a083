"""`thaw prove cuts` in small, and its judge, who must be able to say no."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args
from unittest import mock
from uuid import uuid4

import pytest

from dev import ROOT
from dev.events import Request
from dev.lambda_function import Response
from dev.neon.proxy.faults import Fault, Received
from dev.prove._cuts_answers import said
from dev.prove._cuts_judge import Lesson, Seen, find
from dev.prove._cuts_places import ALWAYS, Flow, Place, Situation, places, spots
from dev.prove._cuts_run import cases, learn
from dev.prove._cuts_scenarios import (
    BATCH,
    BOTH,
    KEYED,
    MATCHED,
    NEW,
    PLAIN,
    REPEATED,
    STALE,
    Scenario,
    scenarios,
)
from dev.prove._cuts_stage import Stage, stage
from dev.prove._cuts_truth import Rows
from dev.prove.trips import ENDPOINTS, TASKS
from tests.pgbouncer import needs_pgbouncer
from tests.processes import fresh_engine

NEW_TASK = next(one for one in ENDPOINTS if (one.method, one.path) == ("POST", TASKS))
CHANGES = next(one for one in ENDPOINTS if (one.method, one.path) == ("PATCH", TASKS + BATCH))
SOME = [Scenario(NEW_TASK, PLAIN), Scenario(NEW_TASK, NEW), Scenario(CHANGES, MATCHED)]
FEW = 7  # one in so many: the proof takes them all

ID, OTHER = str(uuid4()), str(uuid4())
TASK = {"id": ID, "version": 1, "updated_at": "2026-01-31T12:00:00Z"}
CHANGED = {**TASK, "version": 2}
BEFORE: Rows = {("tasks", ID): TASK}
AFTER: Rows = {("tasks", ID): CHANGED, ("operations", "a"): {"key": "a"}}
DUE = Counter({"tasks.version": 1, "operations added": 1})


def answer(status: int, body: Any, **headers: str) -> Response:
    return Response(status, list(headers.items()), json.dumps(body).encode())


def problem(status: int, code: str) -> Response:
    body = json.dumps({"code": code}, separators=(",", ":")).encode()
    return Response(status, [("retry-after", "2")], body)


DONE = answer(200, CHANGED)
LISTED = answer(200, {"items": [CHANGED]})
HONEST, UNKNOWN = problem(503, "database_waking"), problem(503, "outcome_unknown")
LESSON = Lesson(200, said(DONE), DUE)

SUCCESS = Seen(BEFORE, DONE, AFTER, repeated=False, next=LISTED, last=AFTER)
SENT_AGAIN = SUCCESS._replace(repeated=True, next=DONE)
REFUSED = Seen(BEFORE, HONEST, BEFORE, repeated=True, next=DONE, last=AFTER)
OPEN = Seen(BEFORE, UNKNOWN, BEFORE, repeated=False, next=LISTED, last=BEFORE)
AGAIN = {**AFTER, ("tasks", ID): {**TASK, "version": 3}}
TWICE = {**AFTER, ("operations", "b"): {"key": "b"}}
ELSEWHERE, EARLIER = {**CHANGED, "id": OTHER}, {**CHANGED, "updated_at": "2026-01-30T00:00:00Z"}
REPLAY = answer(200, CHANGED, **{"idempotent-replayed": "true"})
HALF = {("tasks", ID): CHANGED}


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
        (SUCCESS._replace(after=TWICE), "duplicate", "operations added 2 of 1"),
        (SUCCESS._replace(after=AGAIN), "duplicate", "tasks.version 2 of 1"),
        (SUCCESS._replace(last=TWICE), "duplicate", "operations added 2 of 1"),
        (REFUSED._replace(last=TWICE), "duplicate", "operations added 2 of 1"),
        (SUCCESS._replace(after=BEFORE), "lost", "acknowledged"),
        (SUCCESS._replace(last=BEFORE), "lost", "in the end"),
        (OPEN._replace(repeated=True, next=DONE), "lost", "in the end"),
        (SUCCESS._replace(after=HALF), "untruth", "in part: operations added 0 of 1"),
        (SUCCESS._replace(last=HALF), "untruth", "in the end"),
        (OPEN._replace(after=HALF), "untruth", "in part"),
        (SUCCESS._replace(answer=answer(200, TASK)), "untruth", "another than without a cut"),
        (SUCCESS._replace(answer=answer(200, ELSEWHERE)), "untruth", "not there"),
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


def test_a_request_is_cut_between_its_messages_and_inside_them() -> None:
    inside = [(0, 1), (0, 4), (0, 8), (1, 1), (1, 3), (1, 5)]
    assert sorted(spots("warm", [9, 6])) == sorted([(0, 0), (1, 0), (2, 0), *inside])


def test_a_cut_has_many_ways_and_each_is_a_case_of_its_own() -> None:
    flows = [Flow(situation, Received, [9, 6]) for situation in get_args(Situation)]
    cases = [str(place) for place in places(flows, 0)]
    assert len(set(cases)) == len(cases)
    for way in ("fin", "rst", "fin twice", "rst twice", "57P01", "fin each time"):
        assert f"warm, received 0 messages and 0 bytes, {way}" in cases


def test_every_endpoint_is_cut_with_and_without_a_key_and_with_versions() -> None:
    cut = {(one.endpoint.method, one.endpoint.path) for one in scenarios()}
    assert cut > {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    asked = {one.variant for one in scenarios() if one.name == "PATCH /tasks/{id}"}
    assert asked == {PLAIN, KEYED, REPEATED, MATCHED, BOTH, STALE}


@pytest.fixture(scope="module")
def here() -> Iterator[Stage]:
    with mock.patch.dict(os.environ), fresh_engine(), stage() as made:
        yield made


@needs_pgbouncer
@pytest.mark.parametrize("scenario", SOME, ids=str)
def test_some_of_all_cuts_do_no_harm(here: Stage, scenario: Scenario) -> None:
    lesson, flows = learn(here, scenario)
    some = list(places(flows, 0))[::FEW]
    assert [str(case) for case in cases(here, scenario, lesson, some) if case.finding.wrong] == []


@needs_pgbouncer
def test_a_cut_that_never_comes_is_no_case(here: Stage) -> None:
    scenario = Scenario(NEW_TASK, PLAIN)
    lesson, _ = learn(here, scenario)
    late = Place("warm", Received, messages=99, bytes=0, way=ALWAYS)
    assert list(cases(here, scenario, lesson, [late])) == []


class Doubling(Stage):
    """An app that does everything twice, and is honest otherwise."""

    def ask(self, request: Request, *faults: Fault, **how: Any) -> Response:
        super().ask(request)
        return super().ask(request, *faults, **how)


@needs_pgbouncer
def test_an_app_that_does_it_twice_is_found_out(here: Stage) -> None:
    scenario = Scenario(NEW_TASK, PLAIN)
    lesson, flows = learn(here, scenario)
    found = cases(Doubling(*here), scenario, lesson, list(places(flows, 0))[:3])
    assert {case.finding.wrong for case in found} == {"duplicate"}


@pytest.mark.slow
@needs_pgbouncer
@pytest.mark.parametrize("request_name", sorted({one.name for one in scenarios()}))
def test_the_proof_meets_its_goal(request_name: str) -> None:
    done = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", "dev", "prove", "cuts", "--only", request_name],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr + done.stdout
