"""`thaw prove storm`: its judgement finds each wrong answer, and a small one runs whole."""

import os
import subprocess
import sys
from typing import Any

import pytest

from dev import ROOT
from dev.prove._storm_answers import Answer, names, percentile, wrong_twins
from tests.pgbouncer import needs_pgbouncer


def answer(name: str = "replay", **other: Any) -> Answer:
    plain = Answer("key", 201, "", name == "replay", "1", began=0.0, seconds=0.1)
    return plain._replace(**other)


RUNNING = answer(status=409, code="in_progress", id="")
TWINS = [answer("success"), answer(), RUNNING]
EFFECTS = {"key": ["1"]}


def test_one_effect_and_one_first_among_its_twins_is_right() -> None:
    assert list(wrong_twins(TWINS, EFFECTS)) == []


@pytest.mark.parametrize(
    ("twins", "effects", "wrong"),
    [
        (TWINS, {"key": ["1", "2"]}, "key: 2 effects"),
        (TWINS, {}, "key: 0 effects"),
        ([*TWINS, answer("success")], EFFECTS, "key: 2 twins were told that they were the first"),
        ([RUNNING], EFFECTS, "key: 0 twins were told that they were the first"),
        ([*TWINS, answer(id="2")], EFFECTS, "key: twins were told of other tasks than there are"),
        (
            [*TWINS, answer(status=500, code="internal")],
            EFFECTS,
            "key: a twin was told 500 internal",
        ),
    ],
)
def test_twins_of_which_not_one_wrote_are_found(
    twins: list[Answer], effects: dict[str, list[str]], wrong: str
) -> None:
    assert wrong in wrong_twins(twins, effects)


def test_answers_are_counted_by_what_they_say() -> None:
    assert names([*TWINS, answer()]) == "2 replay, 1 success, 1 409 in_progress"


def test_a_percentile_is_the_time_within_which_so_many_were_answered() -> None:
    answers = [answer(seconds=float(n)) for n in range(100, 0, -1)]
    assert (percentile(answers, 0.5), percentile(answers, 0.99)) == (50, 99)
    assert percentile(answers[:1], 0.99) == 100


@pytest.mark.slow
@needs_pgbouncer
def test_a_small_storm_is_survived() -> None:
    few = ("--sandboxes", "60", "--connections", "30", "--seconds", "2", "--keys", "5")
    done = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", "dev", "prove", "storm", *few],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
