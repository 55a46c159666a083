"""Knocking early: the first connection is begun by the door, before the framework is imported."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import snapshot_restore_py
from psycopg2.extensions import cursor

from app import address, snapshots, wake
from dev import ROOT
from dev.wire import CountingProxy
from tests.concurrency import until
from tests.people import Person
from tests.problem import refused

WATCHED = """
import sys
seen = {}
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in {"fastapi", "sqlalchemy", "pydantic"}:
            seen.setdefault(name, len(sys.modules["app.wake"].knocks))
sys.meta_path.insert(0, Watch())
import DOOR
print(sorted(seen.items()))
"""

SNAPSHOT = """
import json, sys
import app.aws, snapshot_restore_py
from app import pool, wake
from dev.events import Request
from dev.lambda_function import send

token = [("Authorization", f"Bearer {sys.argv[1]}")]

def answer():
    return send(Request("GET", "/api/me/tasks", token)).status

told = {"at import": len(wake.knocks), "warmed up": answer()}
for hook, arguments, options in snapshot_restore_py.get_before_snapshot():
    hook(*arguments, **options)
told["in the snapshot"] = [len(wake.knocks), pool.pool().engine.pool.checkedin()]
for hook, arguments, options in snapshot_restore_py.get_after_restore():
    hook(*arguments, **options)
told["restored"] = [len(wake.knocks), answer(), len(wake.knocks)]
print(json.dumps(told))
"""


def said(program: str, *arguments: str, **environment: str) -> str:
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture
def knocking(wire: CountingProxy) -> Iterator[CountingProxy]:
    """Nobody has knocked yet, and what is begun passes the wire."""
    wake.knocks.clear()
    yield wire
    wake.knocks.clear()


@pytest.mark.parametrize("door", ["api.index", "app.aws", "app.main"])
def test_every_door_knocks_before_the_framework_is_imported(door: str) -> None:
    seen = "[('fastapi', 1), ('pydantic', 1), ('sqlalchemy', 1)]\n"
    assert said(WATCHED.replace("DOOR", door)) == seen


def test_the_first_request_uses_the_connection_that_was_knocked_for(
    owner: Person, knocking: CountingProxy
) -> None:
    wake.knock()
    assert owner.get("tasks").is_success
    counts = knocking.take()
    assert (counts.connections, counts.trips) == (1, 1)
    assert wake.knocks == []


class Snatched(list[wake.Knock]):
    """As soon as somebody has seen that a knock is there, another thread takes it."""

    def __len__(self) -> int:
        there = super().__len__()
        self.clear()
        return there


def test_a_knock_is_taken_in_one_step_since_two_may_want_it(
    owner: Person, knocking: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    wake.knock()
    monkeypatch.setattr(wake, "knocks", Snatched(wake.knocks))
    assert owner.get("tasks").is_success
    assert knocking.take().connections == 1


def test_a_connection_that_was_knocked_for_elsewhere_is_closed(
    knocking: CountingProxy, sql: cursor
) -> None:
    here, elsewhere = (
        {**address.read(knocking.url), "application_name": name} for name in ("here", "elsewhere")
    )
    wake.knocks.append(wake.Knock(elsewhere))
    wake.knocks[0].thread.join()
    assert sessions(sql, "elsewhere") == 1
    with closing(wake.connect(here)):
        until(lambda: (sessions(sql, "here"), sessions(sql, "elsewhere")) == (1, 0))


def sessions(sql: cursor, name: str) -> int:
    sql.execute("SELECT FROM pg_stat_activity WHERE application_name = %s", (name,))
    return int(sql.rowcount)


def test_a_second_door_does_not_knock_again(knocking: CountingProxy) -> None:
    wake.knock()
    wake.knock()
    (knock,) = wake.knocks
    assert knock.answer()
    assert knocking.take().connections == 1


@pytest.mark.parametrize("url", ["", "Zq7", "postgresql://nobody"])
def test_without_a_database_s_address_nothing_is_begun(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for name in ("DATABASE_URL", "POSTGRES_URL", "NEON_DATABASE_URL"):
        monkeypatch.setenv(name, url)
    wake.knocks.clear()
    wake.knock()
    assert wake.knocks == []


def test_a_failed_knock_is_the_first_try_s_answer_while_it_is_fresh(
    owner: Person, knocking: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = os.environ["DATABASE_URL"].replace("postgres:", "postgres:wrong", 1)
    monkeypatch.setenv("DATABASE_URL", wrong)
    wake.knock()
    assert refused(owner.get("tasks"), 503)["code"] == "database_password"
    assert knocking.take().connections == 1
    wake.knock()
    wake.knocks[0].thread.join()
    wake.knocks[0].failed -= wake.LONGEST
    assert refused(owner.get("tasks"), 503)["code"] == "database_password"
    assert knocking.take().connections == 2


def test_a_connection_of_the_process_before_a_fork_is_left_to_it(
    owner: Person, knocking: CountingProxy
) -> None:
    wake.knock()
    wake.knocks[0].thread.join()
    wake.knocks[0].process += 1
    assert owner.get("tasks").is_success
    assert knocking.take().connections == 2


def test_a_knock_that_nobody_answers_is_waited_for_no_longer_than_the_request_may_wait(
    owner: Person, knocking: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("DATABASE_URL", f"postgresql://me:password@127.0.0.1:{port}/db")
        wake.knock()
        assert refused(owner.get("tasks"), 503)["code"] == "database_waking"
    assert knocking.take().connections == 0


def test_a_knock_that_a_freeze_has_outlasted_is_not_waited_for(
    owner: Person, knocking: CountingProxy
) -> None:
    """A network that forgot it says nothing, and a poll that was frozen with it goes on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = os.environ["DATABASE_URL"]
        begun = wake.Knock({**address.pooled(url), "hostaddr": "127.0.0.1", "port": str(port)})
        begun.parameters, begun.until = address.pooled(url), begun.until - wake.LONGEST
        wake.knocks.append(begun)
        began = time.monotonic()
        assert owner.get("tasks").is_success
        assert time.monotonic() - began < 5
        assert begun.thread.is_alive()
    assert knocking.take().connections == 1


@pytest.mark.parametrize("blank", ["\n", " "])
def test_the_end_of_a_line_behind_the_address_leads_nowhere_else(
    owner: Person, knocking: CountingProxy, monkeypatch: pytest.MonkeyPatch, blank: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{blank}{knocking.url}{blank}")
    wake.knock()
    assert owner.get("tasks").is_success
    assert knocking.take().connections == 1


def test_no_socket_goes_into_a_snapshot_and_the_restored_knock_anew(owner: Person) -> None:
    told = said(
        SNAPSHOT, owner.token(), LOG_LEVEL="ERROR", AWS_LAMBDA_INITIALIZATION_TYPE="snap-start"
    )
    parts = [
        '"at import": 0',
        '"warmed up": 200',
        '"in the snapshot": [0, 0]',
        '"restored": [1, 200, 0]',
    ]
    assert told == "{" + ", ".join(parts) + "}\n"


def test_nothing_is_begun_before_a_snapshot(
    knocking: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    wake.knock()
    snapshots.install()
    assert wake.knocks == []
    hook, *_ = next(iter(snapshot_restore_py.get_after_restore()))
    hook()
    wake.knocks[0].thread.join()
    assert knocking.take().connections == 1
