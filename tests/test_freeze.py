"""A sandbox is frozen between two requests, or at any other time, while its database goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import psycopg2
import pytest

from dev.neon.computes.compute import Compute
from dev.prove._cold_sandbox import Answer, Sandbox
from dev.prove._cold_stage import Stage, neon_stage
from dev.prove._silence_trial import READ, WRITE, asking
from tests.pgbouncer import DOORS, needs_pgbouncer

pytestmark = pytest.mark.slow

MOMENTS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
"""Seconds after the start of a process: before, in and after its knock."""

THERE = "SELECT count(*) FROM tasks WHERE title = %s"
WAITS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"

titles = (f"Task {number}" for number in count(1))

both_doors = pytest.mark.parametrize("pooled", DOORS)
both_kinds = pytest.mark.parametrize("kind", [READ, WRITE])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with neon_stage(tmp_path_factory.mktemp("neon"), wake_delay=0.1) as made:
        with made.sandbox() as first:
            first.ready()  # and has left the bytecode of all that it imported
        yield made


def started(stage: Stage, *, pooled: bool) -> Sandbox:
    return stage.sandbox("function", DATABASE_URL=stage.cloud.url(pooled=pooled))


@contextmanager
def frozen(sandbox: Sandbox) -> Iterator[None]:
    sandbox.freeze()
    yield
    sandbox.thaw()


def succeed(stage: Stage, sandbox: Sandbox, kind: str) -> None:
    """Ask, and see in the tables that a write has happened once."""
    title = next(titles)
    succeeded(sandbox.send(asking(kind, title)), kind)
    assert told(stage, THERE, title) == (1 if kind == WRITE else 0)


def succeeded(answer: Answer | None, kind: str) -> None:
    assert answer, "its platform has killed it"
    assert answer.response.status == (201 if kind == WRITE else 200), answer.response.body


def told(stage: Stage, question: str, *values: str) -> Any:
    """What the database itself says."""
    with closing(psycopg2.connect(stage.cloud.url(pooled=False))) as connection:
        session = connection.cursor()
        session.execute(question, values)
        (answer,) = session.fetchone() or (None,)
        return answer


@both_doors
@both_kinds
def test_a_database_that_slept_and_woke_is_found_again(
    stage: Stage, kind: str, *, pooled: bool
) -> None:
    with started(stage, pooled=pooled) as sandbox:
        for _ in range(3):
            succeed(stage, sandbox, kind)
            with frozen(sandbox):
                stage.suspend()
                stage.wake()
        succeed(stage, sandbox, kind)


@both_doors
@both_kinds
def test_a_database_that_fell_asleep_is_woken(stage: Stage, kind: str, *, pooled: bool) -> None:
    with started(stage, pooled=pooled) as sandbox:
        succeed(stage, sandbox, kind)
        with frozen(sandbox):
            stage.suspend()
        succeed(stage, sandbox, kind)


@needs_pgbouncer
@pytest.mark.parametrize("restart", [Compute.restart_pgbouncer, Compute.restart_postgres])
@both_kinds
def test_a_server_that_was_restarted_is_found_again(
    stage: Stage, kind: str, restart: Callable[[Compute], None]
) -> None:
    with started(stage, pooled=True) as sandbox:
        succeed(stage, sandbox, kind)
        with frozen(sandbox):
            restart(stage.wake())
        succeed(stage, sandbox, kind)


@both_doors
@both_kinds
def test_the_first_request_needs_no_connection_that_was_made_before_the_freeze(
    stage: Stage, kind: str, *, pooled: bool
) -> None:
    stage.wake()
    with started(stage, pooled=pooled) as sandbox:
        sandbox.ready()
        with frozen(sandbox):
            stage.suspend()
            stage.wake()
        succeed(stage, sandbox, kind)


@pytest.mark.parametrize("moment", MOMENTS)
@both_doors
def test_a_start_may_be_frozen_at_any_moment(stage: Stage, moment: float, *, pooled: bool) -> None:
    stage.suspend()
    with started(stage, pooled=pooled) as sandbox:
        time.sleep(moment)
        with frozen(sandbox):
            stage.wake()
            stage.suspend()
        sandbox.ready()
        succeed(stage, sandbox, WRITE)


@both_doors
@both_kinds
def test_a_request_may_be_frozen_while_it_waits_for_its_answer(
    stage: Stage, kind: str, *, pooled: bool
) -> None:
    title = next(titles)
    with started(stage, pooled=pooled) as sandbox:
        succeed(stage, sandbox, kind)
        with closing(psycopg2.connect(stage.cloud.url(pooled=False))) as other:
            other.cursor().execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
            sandbox.ask(asking(kind, title))
            until_it_waits(stage)
            with frozen(sandbox):
                stage.suspend()
                stage.wake()
        succeeded(sandbox.hear(), kind)
    assert told(stage, THERE, title) == (1 if kind == WRITE else 0)


def until_it_waits(stage: Stage) -> None:
    for _ in range(2_000):
        if told(stage, WAITS):
            return
    raise AssertionError("nobody waits")
