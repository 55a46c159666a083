"""Health: monitors learn whether we live and can serve, and nothing else."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any

import pytest
from psycopg2.extensions import cursor

from app.health.readiness import KEPT
from app.health.routes import readiness
from app.pool import pool
from app.tables import REVISION
from dev.wire import CountingProxy
from tests.concurrency import open_transaction, wait_for_a_lock
from tests.people import Person
from tests.problem import refused
from tests.processes import fresh_engine

pytestmark = pytest.mark.usefixtures("forgotten")


@pytest.fixture
def forgotten() -> Iterator[None]:
    """No answer is kept from before, nor for later."""
    readiness.until = 0
    yield
    readiness.until = 0


@pytest.fixture
def monitor(outsider: Person) -> Person:
    """Whoever asks without a token."""
    del outsider.headers["authorization"]
    return outsider


@contextmanager
def revision(sql: cursor, number: str) -> Iterator[None]:
    sql.execute("UPDATE alembic_version SET version_num = %s", (number,))
    try:
        yield
    finally:
        sql.execute("UPDATE alembic_version SET version_num = %s", (REVISION,))


def ask(monitor: Person, path: str = "/health/ready") -> Any:
    return monitor.get(f"http://test{path}")


def test_living_needs_no_database(monitor: Person, wire: CountingProxy) -> None:
    assert ask(monitor, "/health").json() == {"status": "live"}
    assert wire.snapshot().connections == 0


@pytest.mark.parametrize("path", ["/health/ready", "/health/db"])
def test_ready_tells_the_revision_and_the_pool(monitor: Person, path: str) -> None:
    answer = ask(monitor, path)
    assert answer.status_code == 200
    pool = {"size": 1, "in_use": 0}
    assert answer.json() == {"status": "ready", "revision": REVISION, "pool": pool}


def test_the_answer_is_kept_for_10_seconds(monitor: Person, wire: CountingProxy) -> None:
    assert KEPT == 10
    assert [ask(monitor).status_code for _ in range(5)] == [200] * 5
    assert wire.take().trips == 1
    readiness.until -= 10
    assert ask(monitor, "/health/db").status_code == 200
    assert wire.take().trips == 1


def test_a_database_behind_the_code_is_not_ready(monitor: Person, sql: cursor) -> None:
    with revision(sql, "0000"):
        answer = ask(monitor)
    assert refused(answer, 503)["code"] == "not_ready"
    assert answer.headers["retry-after"]
    assert refused(ask(monitor), 503)["code"] == "not_ready"  # kept too
    readiness.until -= 10
    assert ask(monitor).status_code == 200


class Left:
    """A lock; when somebody first lets it go, this is done before they do anything more."""

    def __init__(self, *then: Callable[[], object]) -> None:
        self.lock, self.then = Lock(), [*then]

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        if self.then:
            self.then.pop()()


def test_what_was_kept_is_told_though_another_is_already_asking_anew(
    monitor: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with revision(sql, "0000"):
        assert refused(ask(monitor), 503)["code"] == "not_ready"
    with ThreadPoolExecutor(1) as another, open_transaction() as other:
        other.execute("LOCK TABLE alembic_version")

        def ask_anew() -> None:
            readiness.until = 0
            another.submit(ask, monitor)
            wait_for_a_lock(sql)

        monkeypatch.setattr(readiness, "turn", Left(ask_anew))
        assert refused(ask(monitor), 503)["code"] == "not_ready"


def test_a_database_ahead_of_the_code_is_ready(monitor: Person, sql: cursor) -> None:
    with revision(sql, "9999"):
        assert ask(monitor).json()["revision"] == "9999"


@pytest.mark.parametrize(
    "undone", ["ALTER TABLE {} RENAME TO {}", "DELETE"], ids=["no table", "no revision"]
)
def test_a_database_that_was_never_migrated_is_not_ready(
    monitor: Person, sql: cursor, undone: str
) -> None:
    if undone == "DELETE":
        sql.execute("DELETE FROM alembic_version")
    else:
        sql.execute(undone.format("alembic_version", "elsewhere"))
    try:
        assert refused(ask(monitor), 503)["code"] == "not_ready"
    finally:
        if undone == "DELETE":
            sql.execute("INSERT INTO alembic_version VALUES (%s)", (REVISION,))
        else:
            sql.execute(undone.format("elsewhere", "alembic_version"))


def test_a_database_out_of_reach_is_not_ready_and_names_no_host(
    monitor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:Zq7@127.0.0.1:1/thaw")
    monkeypatch.setenv("REQUEST_TIMEOUT", "2")
    with fresh_engine():
        answer = ask(monitor)
        live = ask(monitor, "/health")
    assert refused(answer, 503)["code"] == "database_waking"
    assert live.status_code == 200
    for secret in ("127.0.0.1", "someone", "Zq7"):
        assert secret not in answer.text


def test_nothing_is_told_of_hosts_or_versions(monitor: Person, sql: cursor) -> None:
    sql.execute("SHOW server_version")
    (row,) = sql.fetchall()
    told = ask(monitor).text + str(ask(monitor).headers) + ask(monitor, "/health").text
    for secret in ("127.0.0.1", "localhost", "ostgre", row[0], os.environ["DATABASE_URL"]):
        assert secret not in told


def test_a_busy_pool_is_not_ready(monitor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine(), pool().turns:
        assert refused(ask(monitor), 503)["code"] == "overloaded"
