"""`thaw neon` steers the one that runs."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from typer.testing import CliRunner

from dev import Trouble
from dev.neon import account, here
from dev.neon.command import app
from dev.neon.here import Here
from dev.neon.proxy.known_faults import KNOWN
from tests.pgbouncer import needs_pgbouncer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here, "DIRECTORY", tmp_path_factory.mktemp("neon"))
        with here.run(0, None) as found:
            yield found


def thaw_neon(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    if done.exception:
        raise done.exception
    return done.output


def ask(url: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()


def test_status_says_how_to_reach_it_and_whether_it_sleeps(running: Here) -> None:
    thaw_neon("wake")
    said = thaw_neon("status")
    assert "is awake" in said
    assert all(word in said for word in ("postgres", running.pooled, running.api_url))
    thaw_neon("suspend")
    said = thaw_neon("status")
    assert "is asleep" in said
    assert "postgres " not in said
    thaw_neon("wake")
    assert "is awake" in thaw_neon("status")


@pytest.mark.usefixtures("running")
def test_a_branch_is_told_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wish = {"name": "x" * 100, "expires_at": f"{datetime.now(UTC) + timedelta(days=1):%FT%TZ}"}
    made = account.laptop().change("POST", "/branches", json={"branch": wish})["branch"]
    (line,) = (one for one in thaw_neon("branches").splitlines() if one.startswith("x"))
    assert line == f"{made['name']}  {made['id']}  ready  of main  until {wish['expires_at']}"
    account.laptop().change("DELETE", f"/branches/{made['id']}")


@pytest.mark.usefixtures("running")
def test_every_fault_is_explained() -> None:
    said = thaw_neon("faults")
    assert all(name in said for name in (*KNOWN, "postgres_crash", "pgbouncer_crash"))


def test_a_fault_happens_so_many_times(running: Here) -> None:
    thaw_neon("fault", "quota", "--times", "2")
    for _ in range(2):
        with pytest.raises(psycopg2.OperationalError, match="compute time quota"):
            ask(running.direct)
    assert ask(running.direct) == (1,)


def test_a_fault_waits_as_it_was_asked_for_until_cleared(running: Here) -> None:
    asked = ["quota --times 0", "slow --times 1", "slow --seconds 0.4 --times 2"]
    asked += ["query_lost --times 1", "answer_torn --after 3 --times 1"]
    for one in asked:
        thaw_neon("fault", *one.split())
    waiting = [line for line in thaw_neon("faults").splitlines() if line.startswith("waiting: ")]
    assert waiting == [f"waiting: {one}" for one in asked]
    thaw_neon("fault", "clear")
    assert "waiting: " not in thaw_neon("faults")
    assert ask(running.direct) == (1,)


def test_a_slow_connection_takes_as_long_as_told(running: Here) -> None:
    thaw_neon("fault", "slow", "--seconds", "0.4")
    begun = time.monotonic()
    assert ask(running.direct) == (1,)
    assert time.monotonic() - begun > 0.4


def test_a_session_can_be_cut_after_some_messages(running: Here) -> None:
    with closing(psycopg2.connect(running.direct)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT 1")
        thaw_neon("fault", "query_lost", "--after", "2")
        cursor.execute("SELECT 1")
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")


@pytest.mark.parametrize(
    "crash", ["postgres_crash", pytest.param("pgbouncer_crash", marks=needs_pgbouncer)]
)
def test_a_crash_is_over_when_the_command_ends(running: Here, crash: str) -> None:
    thaw_neon("fault", crash)
    assert ask(running.direct) == ask(running.pooled) == (1,)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "thaw neon faults"),
        (["quota", "--seconds", "1"], "only `slow`"),
        (["quota", "--after", "1"], "only a session"),
    ],
)
@pytest.mark.usefixtures("running")
def test_a_fault_that_cannot_be_is_explained(arguments: list[str], words: str) -> None:
    with pytest.raises(Trouble, match=words):
        thaw_neon("fault", *arguments)


def test_where_none_runs_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(here, "DIRECTORY", tmp_path_factory.mktemp("none"))
    with pytest.raises(Trouble, match="No Neon runs here"):
        thaw_neon("status")
