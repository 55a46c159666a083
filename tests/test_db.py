"""The connection: what it says when it is made, how long it is held, and what its loss means."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from psycopg2.extensions import cursor
from sqlalchemy.engine import make_url

from app import address, trying
from app.locks import lock_name
from app.main import app
from app.pool import pool
from dev.wire import CountingProxy
from tests.concurrency import end_our_sessions, open_transaction, wait_for_a_lock
from tests.people import Person
from tests.processes import fresh_engine


def test_a_session_that_ended_while_it_rested_costs_the_caller_nothing(
    owner: Person, sql: cursor
) -> None:
    for _ in range(3):
        task = owner.add()
        end_our_sessions(sql)
        assert owner.get(f"tasks/{task['id']}").json() == task


def test_a_write_that_finds_its_connection_closed_was_not_sent(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = CountingProxy(os.environ["DATABASE_URL"])
    monkeypatch.setenv("DATABASE_URL", proxy.url)
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine():
        with proxy:
            owner.get("tasks")
        assert owner.post("tasks", json={"title": "T"}).json()["code"] == "database_waking"


def test_the_connection_is_back_before_the_answer_is_written(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 100})
    held: list[int] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def watching(message: Any) -> None:
            queue: Any = pool().engine.pool
            held.append(queue.checkedout())
            await send(message)

        await app(scope, receive, watching)

    watcher = Person("watcher")
    watcher.id, watcher.headers = owner.id, owner.headers
    watcher._transport.app = watched  # type: ignore[attr-defined]  # noqa: SLF001  the door's last step
    assert len(watcher.get("tasks?limit=100").json()["items"]) == 100
    assert held
    assert set(held) == {0}


def test_without_a_database_the_answer_is_503_in_bounded_time(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://thaw:hidden@127.0.0.1:1/nowhere")
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine():
        for answer in (owner.get("tasks"), owner.post("tasks", json={"title": "T"})):
            assert (answer.status_code, answer.json()["code"]) == (503, "database_waking")
            assert int(answer.headers["retry-after"]) > 0
            assert not any(secret in answer.text for secret in ("hidden", "127.0.0.1", "nowhere"))


def test_who_runs_it_is_called_only_for_what_nobody_else_can_mend_and_hears_its_words(
    owner: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = make_url(os.environ["DATABASE_URL"]).set(password="wrong")  # noqa: S106  on purpose
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    with fresh_engine():
        owner.get("tasks")
    called = next(each for each in caplog.records if each.message == "database_password")
    assert called.levelname == "CRITICAL"
    assert "password authentication failed" in vars(called)["said"]
    monkeypatch.undo()
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine(), open_transaction() as other:
        other.execute("LOCK TABLE tasks")
        owner.get("tasks")
    late = next(each for each in caplog.records if each.message == "timed_out")
    assert (late.levelname, "said" in vars(late)) == ("ERROR", False)


def test_a_request_that_finds_no_free_connection_in_time_is_told_so(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine(), pool().turns:
        crowded = owner.get("tasks")
    assert (crowded.status_code, crowded.json()["code"]) == (503, "overloaded")


def test_a_request_that_waited_for_a_connection_tells_how_long(
    owner: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with fresh_engine():
        turns = pool().turns
        turns.acquire()
        free = threading.Timer(1, turns.release)
        free.start()
        assert owner.get("tasks").is_success
        free.join()
    told = vars(caplog.records[-1])
    assert 200 < told["pool_ms"] < told["ms"]


def in_thread(request: Callable[[], Any], answers: list[Any]) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.append(request()))
    thread.start()
    return thread


def test_a_write_whose_connection_was_lost_is_sent_again_and_happens_once(
    owner: Person, sql: cursor
) -> None:
    id, answers = owner.add()["id"], list[Any]()
    with open_transaction() as other:
        other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (id,))
        patch = in_thread(lambda: owner.patch(f"tasks/{id}", json={"title": "T"}), answers)
        wait_for_a_lock(sql)
        end_our_sessions(sql)
    patch.join()
    assert (answers[0].status_code, answers[0].json()["version"]) == (200, 2)
    assert owner.get(f"tasks/{id}").json() == answers[0].json()


def test_a_read_whose_connection_was_lost_is_sent_again(owner: Person, sql: cursor) -> None:
    answers = list[Any]()
    owner.add("Seen")
    with open_transaction() as other:
        other.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
        read = in_thread(lambda: owner.get("tasks"), answers)
        wait_for_a_lock(sql)
        end_our_sessions(sql)
    read.join()
    assert [task["title"] for task in answers[0].json()["items"]] == ["Seen"]


def test_a_lost_write_that_may_still_run_at_the_deadline_has_an_unknown_outcome(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds its lock then may be the first try: only the same key can tell, later."""
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    path, headers = f"tasks/{owner.add()['id']}", {"Idempotency-Key": "lost"}
    answers, lock = list[Any](), lock_name(owner.id, "lost")

    def send() -> Any:
        return owner.patch(path, json={"title": "T"}, headers=headers)

    with fresh_engine():
        with open_transaction() as other, open_transaction() as holder:
            other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (path[6:],))
            lost = in_thread(send, answers)
            wait_for_a_lock(sql)
            wish = in_thread(lambda: holder.execute("SELECT pg_advisory_lock(%s)", (lock,)), [])
            wait_for_a_lock(sql, waiting=2)
            end_our_sessions(sql)
            wish.join()
            lost.join()
        assert (answers[0].status_code, answers[0].json()["code"]) == (503, "outcome_unknown")
        assert send().json()["version"] == 2


def test_a_lost_write_is_answered_as_soon_as_its_first_try_is_over(
    owner: Person, sql: cursor, caplog: pytest.LogCaptureFixture
) -> None:
    """Meanwhile it asks now and then, and not as fast as it can."""
    path, headers = f"tasks/{owner.add()['id']}", {"Idempotency-Key": "late"}
    answers, lock = list[Any](), lock_name(owner.id, "late")
    with open_transaction() as holder:
        with open_transaction() as other:
            other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (path[6:],))
            body = {"title": "T"}
            lost = in_thread(lambda: owner.patch(path, json=body, headers=headers), answers)
            wait_for_a_lock(sql)
            wish = in_thread(lambda: holder.execute("SELECT pg_advisory_lock(%s)", (lock,)), [])
            wait_for_a_lock(sql, waiting=2)
            end_our_sessions(sql)
            wish.join()
        time.sleep(0.5)
    lost.join()
    assert (answers[0].status_code, answers[0].json()["version"]) == (200, 2)
    assert 4 < vars(caplog.records[-1])["trips"] < 20


def test_a_lost_write_that_finds_no_connection_any_more_has_an_unknown_outcome(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, answers = f"tasks/{owner.add()['id']}", list[Any]()
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine(), open_transaction() as other:
        turns = pool().turns
        monkeypatch.setattr(trying, "pause", lambda *_: turns.acquire())  # others are faster
        other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (path[6:],))
        lost = in_thread(lambda: owner.patch(path, json={"title": "T"}), answers)
        wait_for_a_lock(sql)
        end_our_sessions(sql)
        lost.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "outcome_unknown")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_url_is_read_as_neon_and_vercel_hand_it_out(scheme: str) -> None:
    query = "sslmode=require&channel_binding=require&application_name=theirs"
    found = address.pooled(f"{scheme}://me:p%40ss@ep-x-pooler.neon.tech/db?{query}")
    assert found["host"] == "ep-x-pooler.neon.tech"
    assert (found["user"], found["password"], found["dbname"]) == ("me", "p@ss", "db")
    assert found["application_name"] == "theirs"
    assert (found["channel_binding"], found["sslmode"]) == ("require", "require")


def test_the_pool_is_as_large_as_the_setting_says(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "2")
    with fresh_engine(), pool().turns:
        assert owner.get("tasks").is_success
    assert os.environ["DATABASE_POOL_SIZE"] == "2"


def test_a_statement_that_takes_too_long_is_stopped_and_changes_nothing(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = owner.add()
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine():
        with open_transaction() as other:
            other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (task["id"],))
            stopped = owner.patch(f"tasks/{task['id']}", json={"title": "T"})
        assert (stopped.status_code, stopped.json()["code"]) == (503, "timed_out")
        assert owner.get(f"tasks/{task['id']}").json() == task


def test_the_deadline_leaves_nothing_behind_in_the_session(owner: Person) -> None:
    owner.get("tasks")
    with pool().engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        with driver.cursor() as same_session:
            same_session.execute("SHOW statement_timeout")
            assert same_session.fetchone() == ("0",)


def test_neon_is_greeted_with_tls_at_once() -> None:
    for host, greeting in (("ep-x-pooler.aws.neon.tech", "direct"), ("db.example.com", None)):
        found = address.pooled(f"postgres://me:pass@{host}/db?sslmode=require")
        assert found.get("sslnegotiation") == greeting


def test_first_requests_at_once_share_one_pool(owner: Person) -> None:
    for _ in range(20):
        with fresh_engine():
            together, pools = threading.Barrier(8), list[Any]()

            def first(together: threading.Barrier = together, pools: list[Any] = pools) -> None:
                together.wait()
                pools.append(pool())

            threads = [threading.Thread(target=first) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len({id(each) for each in pools}) == 1
    assert owner.get("tasks").is_success
