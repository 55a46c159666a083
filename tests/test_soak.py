"""`thaw prove soak`: its judgement finds each kind of wrong, and a small one runs whole."""

import os
import subprocess
import sys
from math import inf
from typing import Any

import pytest

from dev import ROOT
from dev.prove._soak_recovery import Fault, aftermaths, calm
from dev.prove._soak_told import Told
from dev.prove._soak_truth import Task, reconcile
from tests.pgbouncer import needs_pgbouncer

GOOD = {"add": 201, "append": 200, "change": 200, "delete": 204, "read": 200}


def told(deed: str, kind: str, *, began: float = 0.0, seconds: float = 0.01, **other: Any) -> Told:
    """A success, unless said otherwise."""
    plain: dict[str, Any] = {"titles": (), "ids": (), "keyed": False, "code": "", "seen": {}}
    plain |= {"sandbox": 0, "status": GOOD[kind], "retry_after": other.get("status") == 503}
    return Told(deed=deed, kind=kind, began=began, seconds=seconds, **plain | other)


def away(code: str = "database_unavailable") -> dict[str, Any]:
    return {"status": 503, "code": code}


LEDGER = Task("ledger", "Ledger", "append ", version=2, deleted=False)
ADDED = Task("1", "added", "", version=1, deleted=False)
GONE = Task("2", "gone", "", version=2, deleted=True)
ROWS = [LEDGER, ADDED, GONE]
TOLD = [
    told("add", "add", titles=("added",), seen={"1": 1}, began=1),
    told("add the other", "add", titles=("gone",), seen={"2": 1}, began=2),
    told("append", "append", ids=("ledger",), seen={"ledger": 2}, began=3),
    told("delete", "delete", ids=("2",), began=4),
]


def kinds(told: list[Told], rows: list[Task]) -> set[str]:
    """The kinds of wrongs that are found."""
    return {wrong.kind for wrong in reconcile(told, rows, ["ledger"])}


def test_where_everybody_was_told_the_truth_nothing_is_wrong() -> None:
    assert kinds(TOLD, ROWS) == set()


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([LEDGER, GONE], "lost writes"),
        ([LEDGER, ADDED._replace(id="3"), GONE], "lost writes"),
        ([*ROWS, ADDED._replace(id="3")], "duplicates"),
        ([*ROWS, ADDED._replace(id="3", title="never")], "denied writes"),
        ([LEDGER._replace(description=""), ADDED, GONE], "lost writes"),
        ([LEDGER._replace(description="append append "), ADDED, GONE], "duplicates"),
        ([LEDGER._replace(version=1), ADDED, GONE], "lost writes"),
        ([LEDGER._replace(version=3), ADDED, GONE], "duplicates"),
        ([LEDGER, ADDED, GONE._replace(deleted=False)], "lost writes"),
    ],
)
def test_rows_that_differ_from_what_was_told_are_found(rows: list[Task], kind: str) -> None:
    assert kinds(TOLD, rows) == {kind}


def refused(code: str) -> list[Told]:
    """A row for each of these: all was done, whatever its caller was told."""
    return [
        told("add", "add", titles=("added",), **away(code)),
        told("append", "append", ids=("ledger",), **away(code)),
        told("add the other", "add", titles=("gone",), seen={"2": 1}),
        told("delete", "delete", ids=("2",), **away(code)),
    ]


def test_what_was_done_though_its_caller_was_told_otherwise_is_found() -> None:
    denied = reconcile(refused("database_unavailable"), ROWS, ["ledger"])
    assert [wrong.what for wrong in denied if wrong.kind == "denied writes"] == [
        "task added is there",
        "append in its ledger is there",
        "deletion delete is there",
    ]


def test_what_may_have_been_done_may_be_there_or_not() -> None:
    unknown = refused("outcome_unknown")
    untouched = [
        LEDGER._replace(description="", version=1),
        GONE._replace(deleted=False, version=1),
    ]
    assert kinds(unknown, ROWS) == set()
    assert kinds(unknown, untouched) == set()


def test_another_try_settles_what_was_unknown() -> None:
    doubt = told("add", "add", titles=("added",), keyed=True, **away("outcome_unknown"))
    done = told("add", "add", titles=("added",), keyed=True, seen={"1": 1}, began=1)
    refused = done._replace(status=412, code="precondition_failed", seen={})
    twin = done._replace(status=409, code="in_progress", seen={})
    assert kinds([doubt, done], []) == {"lost writes"}
    assert "denied writes" in kinds([doubt, refused], [ADDED])
    assert kinds([doubt, twin], [ADDED]) == kinds([doubt, twin], []) == set()


@pytest.mark.parametrize("code", ["", "outcome_unknown"])
def test_half_a_batch_is_found_whatever_was_told(code: str) -> None:
    status = {"status": 503, "code": code} if code else {"seen": {"1": 1, "2": 1}}
    batch = [told("add", "add", titles=("added", "gone"), **status)]
    assert "torn batches" in kinds(batch, [ADDED])
    deletion = [*TOLD[:3], told("delete", "delete", ids=("1", "2"), **away("outcome_unknown"))]
    assert "torn batches" in kinds(deletion, ROWS)


def test_a_repeat_that_got_another_task_is_a_duplicate() -> None:
    repeated = TOLD[0]._replace(began=9, keyed=True, seen={"3": 1})
    assert "duplicates" in kinds([*TOLD, repeated], [*ROWS, ADDED._replace(id="3", title="else")])


def test_a_read_that_went_back_is_found_in_the_same_sandbox_only() -> None:
    new, old = (told(f"read {n}", "read", seen={"1": n}, began=5 - n) for n in (2, 1))
    assert kinds([*TOLD, new, old], ROWS) == {"stale reads"}
    assert kinds([*TOLD, new, old._replace(sandbox=1)], ROWS) == set()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "code": "internal"},
        {"status": 404, "code": "not_found"},
        {"status": 409, "code": "in_progress"},
        {"status": 503, "code": "database_password"},
        {"status": 503, "code": "database_unavailable", "retry_after": False},
    ],
)
def test_an_answer_that_nobody_should_get_is_found(answer: dict[str, Any]) -> None:
    assert kinds([*TOLD, told("read", "read", **answer)], ROWS) == {"unexpected answers"}


def test_a_service_has_recovered_when_its_last_sandbox_is_well_served_and_stays_so() -> None:
    fault, following = Fault("suspended", 0, 10), Fault("suspended", 30, 31)
    answers = [
        told("slow", "read", began=9, seconds=4),
        told("well", "read", began=13.5, seconds=0.5),
        told("refused", "read", sandbox=1, began=11, seconds=0.5, **away()),
        told("well", "read", sandbox=1, began=11.5, seconds=0.5),
        told("refused again", "read", sandbox=1, began=15, seconds=0.5, **away()),
        told("well again", "read", sandbox=1, began=15.5, seconds=0.5),
    ]
    first, second = aftermaths([fault, following], answers)
    assert first == ("suspended", 1, 6.0, 5.5, 2, 4)
    assert second.recovered == inf


def test_calm_is_a_second_in_which_everybody_is_well_served() -> None:
    both = [told("read", "read", sandbox=sandbox, began=9.5) for sandbox in (0, 1)]
    assert calm(both, 2, since=8, now=10)
    assert not calm(both, 2, since=9.4, now=10)
    assert not calm(both, 3, since=8, now=10)
    assert not calm([*both, told("read", "read", began=9.6, **away())], 2, since=8, now=10)
    assert not calm([*both, told("read", "read", began=8, seconds=1.5)], 2, since=8, now=10)


@pytest.mark.slow
@needs_pgbouncer
def test_a_small_soak_finds_nothing_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dev", "prove", "soak", "--requests", "300", "--faults", "1"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert ", 4 faults: 0 wrongs" in done.stdout, done.stdout + done.stderr
