"""The disasters that a database can meet, and what callers are told of each."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx2
import psycopg2
import pytest
from psycopg2.extensions import cursor

from dev.neon.proxy.faults import Received
from dev.neon.proxy.known_faults import KNOWN
from tests.concurrency import open_transaction, wait_for_a_lock
from tests.disaster_disk import full, small_disk
from tests.disaster_servers import app_as_role, app_on_a_server_in
from tests.neon import DATABASE, ROLE
from tests.people import Person, sign_up
from tests.problem import refused
from tests.test_idempotency import Write, every_write, prepared, state
from tests.truth_stage import Stage, stage

NEW = {"title": "New"}
THEIRS = "UPDATE tasks SET title = 'Theirs' WHERE id = %s"


class Sending:
    """A request on its way."""

    def __init__(self, send: Callable[[], httpx2.Response]) -> None:
        self._answers: list[httpx2.Response] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(send()))
        self._thread.start()

    def answer(self) -> httpx2.Response:
        self._thread.join()
        return self._answers[0]


def unavailable(answer: httpx2.Response, code: str) -> None:
    """Assert that the caller is told why, and to come again."""
    assert refused(answer, 503)["code"] == code
    assert int(answer.headers["retry-after"]) > 0


def wait_until(so: Callable[[], object]) -> None:
    for _ in range(10_000):
        if so():
            return
        time.sleep(0.001)
    raise AssertionError("it never came")


@every_write
def test_a_read_only_database_refuses_a_write_at_once_and_can_be_read(
    owner: Person, sql: cursor, write: Write
) -> None:
    send, before = prepared(owner, write), state(sql, owner)
    with app_as_role(sql, default_transaction_read_only="on") as wire:
        assert len(owner.titles() + owner.titles("deleted=true")) == 1
        wire.reset()
        unavailable(send(), "database_read_only")
        assert wire.snapshot().kinds == ("Q",)
    assert state(sql, owner) == before
    assert send().is_success


def two_tasks(owner: Person) -> list[str]:
    return sorted(owner.add(title)["id"] for title in ("One", "Two"))


def change(owner: Person, ids: list[str]) -> httpx2.Response:
    return owner.patch("tasks/batch", json={"items": [{"id": id, **NEW} for id in ids]})


def test_a_batch_that_waits_too_long_is_stopped_and_not_sent_again(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    ids = two_tasks(owner)
    before = state(sql, owner)
    with open_transaction() as other, app_as_role(sql) as wire:
        other.execute(THEIRS, (ids[1],))
        owner.titles()
        wire.reset()
        unavailable(change(owner, ids), "timed_out")
        assert wire.snapshot().kinds == ("Q",)
        other.connection.rollback()
    assert state(sql, owner) == before


def test_a_lock_that_comes_free_in_time_costs_time_only(owner: Person, sql: cursor) -> None:
    ids = two_tasks(owner)
    with open_transaction() as other, app_as_role(sql, lock_timeout="20ms") as wire:
        other.execute(THEIRS, (ids[1],))
        batch = Sending(lambda: change(owner, ids))
        wait_until(lambda: wire.snapshot().trips >= 3)
        other.connection.commit()
        answer = batch.answer()
    assert answer.status_code == 200
    assert [task["version"] for task in answer.json()["items"]] == [2, 3]


def test_a_lock_that_never_comes_free_leaves_everything_as_it_was(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    ids = two_tasks(owner)
    before = state(sql, owner)
    with open_transaction() as other, app_as_role(sql, lock_timeout="20ms") as wire:
        other.execute(THEIRS, (ids[1],))
        unavailable(change(owner, ids), "timed_out")
        assert wire.snapshot().trips > 1
        other.connection.rollback()
    assert state(sql, owner) == before


def test_the_victim_of_a_deadlock_is_sent_again(owner: Person, sql: cursor) -> None:
    ids = two_tasks(owner)
    # Who looks for a deadlock first, and there is one, is its victim.
    with open_transaction() as other, app_as_role(sql, deadlock_timeout="2s") as wire:
        other.execute("SET LOCAL deadlock_timeout = '1min'")
        other.execute(THEIRS, (ids[1],))
        owner.titles()
        wire.reset()
        batch = Sending(lambda: change(owner, ids))
        wait_for_a_lock(sql)
        other.execute(THEIRS, (ids[0],))
        other.connection.commit()
        answer = batch.answer()
        # It may be the victim again: its next try comes at once, before the other has gone on.
        assert wire.snapshot().trips > 1
    assert answer.status_code == 200
    assert [(task["title"], task["version"]) for task in answer.json()["items"]] == [("New", 3)] * 2


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
@pytest.mark.parametrize(("guard", "status", "version"), [("*", 200, 3), ('"1"', 412, 2)])
def test_a_write_that_cannot_be_put_in_order_with_another_is_sent_again(
    owner: Person, sql: cursor, isolation: str, guard: str, status: int, version: int
) -> None:
    path = f"tasks/{owner.add()['id']}"
    with open_transaction() as other, app_as_role(sql, default_transaction_isolation=isolation):
        other.execute(THEIRS, (path.removeprefix("tasks/"),))
        patch = Sending(lambda: owner.patch(path, json=NEW, headers={"If-Match": guard}))
        wait_for_a_lock(sql)
        other.connection.commit()
        assert patch.answer().status_code == status
    task = owner.get(path).json()
    assert (task["title"], task["version"]) == ("New" if status == 200 else "Theirs", version)


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Stage]:
    """What was committed here outlives a crash: the role's settings overrule the server's."""
    with stage(tmp_path, pooled=False) as here:
        here.sql.execute(f"ALTER ROLE {ROLE} SET synchronous_commit = on")
        here.begin()
        yield here


@contextmanager
def admin(here: Stage) -> Iterator[cursor]:
    """The database past the app, as soon as it lets anybody in."""
    for _ in range(1000):
        with suppress(psycopg2.OperationalError):
            connection = psycopg2.connect(here.neon.compute.admin_url(), dbname=DATABASE)
            break
        time.sleep(0.01)
    else:
        raise AssertionError("the server did not come back")
    with closing(connection):
        connection.autocommit = True
        yield connection.cursor()


def one(sql: cursor, question: str, *values: object) -> Any:
    sql.execute(question, values)
    row = sql.fetchone()
    return row and row[0]


def restart(here: Stage) -> None:
    here.neon.compute.restart_postgres()


def kill(here: Stage) -> None:
    """Kill one process of the server, which then ends all others, and recovers by itself."""
    with admin(here) as witness, suppress(psycopg2.OperationalError):
        os.kill(here.sql.connection.get_backend_pid(), signal.SIGKILL)
        while True:
            witness.execute("SELECT")


every_crash = pytest.mark.parametrize("crash", [restart, kill])

VERSION = "SELECT version FROM tasks WHERE id = %s"
WAITING = "SELECT backend_xid::text::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@every_crash
def test_a_write_lost_in_a_crash_is_sent_again_though_its_transaction_id_has_committed(
    durable: Stage, crash: Callable[[Stage], None]
) -> None:
    owner, faults = durable.people["owner"], durable.neon.faults
    id = owner.add()["id"]
    with admin(durable) as sql:
        durable.sql.execute("BEGIN; SELECT FROM tasks WHERE id = %s FOR UPDATE", (id,))
        purge = Sending(lambda: owner.delete(f"tasks/{id}?permanent=true"))
        wait_for_a_lock(sql)
        lost = one(sql, WAITING)
    faults.add(KNOWN["starting_up"].fault, times=None)  # nobody gets in before others have
    crash(durable)
    with admin(durable) as sql:
        while one(sql, "SELECT pg_current_xact_id()::text::int") < lost:
            pass
        assert one(sql, "SELECT pg_xact_status(%s::text::xid8)", lost) == "committed"
        assert one(sql, VERSION, id) == 1
        faults.clear()
        assert purge.answer().status_code == 204
        assert one(sql, VERSION, id) is None


@every_crash
def test_a_write_committed_before_a_crash_is_not_done_again(
    durable: Stage, crash: Callable[[Stage], None]
) -> None:
    owner, faults = durable.people["owner"], durable.neon.faults
    id = owner.add()["id"]
    faults.add(Received(how="fin"))
    faults.add(KNOWN["starting_up"].fault, times=None)
    patch = Sending(lambda: owner.patch(f"tasks/{id}", json=NEW, headers={"If-Match": '"1"'}))
    wait_until(lambda: one(durable.sql, VERSION, id) == 2)
    crash(durable)
    faults.clear()
    answer = patch.answer()
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    with admin(durable) as sql:
        assert one(sql, VERSION, id) == 2


def test_a_full_disk_refuses_writes_can_be_read_and_forgets_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, app_on_a_server_in(disk) as (wire, sql):
        owner = sign_up(sql, "owner")
        items = [{"title": "Keep", "description": token_hex(1000)} for _ in range(500)]

        def add(key: str) -> httpx2.Response:
            headers = {"Idempotency-Key": key}
            return owner.post("tasks/batch", json={"items": items}, headers=headers)

        assert add("before").status_code == 201
        with full(disk):
            wire.reset()
            unavailable(add("meanwhile"), "database_full")
            assert wire.snapshot().kinds == ("Q",)
            assert len(owner.titles("limit=100")) == 100
            assert one(sql, "SELECT count(*) FROM tasks") == 500
        assert add("meanwhile").status_code == 201
        assert one(sql, "SELECT count(*) FROM tasks") == 1000
