"""The log: one JSON line for each request, enough to find a fault and nothing secret."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest
from psycopg2.extensions import cursor

from app.logs import RequestLine
from dev import ROOT
from tests.concurrency import end_our_sessions, open_transaction, wait_for_a_lock
from tests.people import Person
from tests.printed import printed
from tests.processes import fresh_engine

TWO_REQUESTS = """
from app.aws import handler
from dev.events import Request, http_api
from dev.lambda_function import Context
for _ in range(2):
    handler(http_api(Request("GET", "/health", [])), Context())
"""


MEMBERS = """
    time level logger message request_id method route status ms cold trips retries
    database_ms wake_ms connect_ms pool_ms
"""
A_WHILE = timedelta(minutes=1)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    with printed() as lines:
        yield lines


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", "tasks", {}, 200),
        ("GET", "tasks/{task}", {}, 200),
        ("HEAD", "tasks/{task}", {}, 200),
        ("GET", "export", {}, 200),
        ("POST", "tasks", {}, 201),
        ("DELETE", "tasks/{task}", {}, 204),
        ("GET", "tasks/{task}", {"If-None-Match": '"1"'}, 304),
        ("GET", "tasks?cursor=x", {}, 400),
        ("GET", "tasks", {"Authorization": "Bearer x"}, 401),
        ("GET", "http://test/api/another/tasks", {}, 403),
        ("GET", "documents/{task}", {}, 404),
        ("GET", "nowhere", {}, 404),
        ("PUT", "tasks", {}, 405),
        ("POST", "tasks/{task}/restore", {}, 409),
        ("DELETE", "tasks/{task}", {"If-Match": '"9"'}, 412),
        ("POST", "tasks", {"Content-Length": "2000000"}, 413),
        ("POST", "tasks", {"Content-Type": "text/plain"}, 415),
        ("GET", "tasks?limit=0", {}, 422),
        ("GET", "tasks", {"Origin": "http://localhost:3000"}, 200),
    ],
)
def test_no_answer_is_kept_for_anyone_but_its_reader_and_none_unasked(
    owner: Person, method: str, path: str, sent: dict[str, str], status: int
) -> None:
    path, body = path.format(task=owner.add()["id"]), {"title": "T"} if method == "POST" else None
    answer = owner.request(method, path, json=body, headers=sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"].split(", ")
    assert answer.headers.get_list("cache-control") == ["private, no-cache"]
    assert answer.headers["x-content-type-options"] == "nosniff"  # a title is no page


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "trips"),
    [
        ("GET", "tasks", "/api/{user_id}/tasks", 200, 1),
        ("HEAD", "tasks", "/api/{user_id}/tasks", 200, 1),
        ("GET", "tasks/{task}", "/api/{user_id}/tasks/{task_id}", 200, 1),
        ("POST", "tasks/{task}/complete", "/api/{user_id}/tasks/{task_id}/complete", 200, 1),
        ("DELETE", "tasks/{task}", "/api/{user_id}/tasks/{task_id}", 204, 1),
        ("GET", "tasks?limit=0", "/api/{user_id}/tasks", 422, 0),
        ("GET", "http://test/api/another/tasks", "/api/{user_id}/tasks", 403, 0),
        ("GET", "http://test/api/me", "/api/{user_id}", 200, 1),
        ("GET", "http://test/health", "/health", 200, 0),
        ("GET", "http://test/nowhere", None, 404, 0),
    ],
)
def test_each_request_is_one_line(
    owner: Person,
    lines: list[str],
    method: str,
    path: str,
    route: str | None,
    status: int,
    trips: int,
) -> None:
    task = owner.add()["id"]
    lines.clear()
    answer = owner.request(method, path.replace("{task}", task))
    (line,) = map(json.loads, lines)
    assert line.keys() == set(MEMBERS.split())
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(line["time"]) < A_WHILE
    told = (line["method"], line["route"], line["status"], line["trips"])
    assert told == (method, route, status, trips) == (method, route, answer.status_code, trips)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["level"], line["message"]) == ("INFO", "request")
    assert 0 <= line["database_ms"] <= line["ms"]
    assert (line["retries"], line["wake_ms"], line["connect_ms"]) == (0, 0, 0)


def test_a_line_tells_what_waking_and_trying_again_took(
    owner: Person, sql: cursor, lines: list[str]
) -> None:
    with fresh_engine():
        owner.get("tasks")
    id, first = owner.add()["id"], json.loads(lines[0])
    assert 0 < first["connect_ms"] == first["wake_ms"] < first["ms"]
    with open_transaction() as other:
        other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (id,))
        change = threading.Thread(target=owner.patch, args=(f"tasks/{id}",), kwargs={"json": {}})
        change.start()
        wait_for_a_lock(sql)
        end_our_sessions(sql)
    change.join()
    again = json.loads(lines[-1])
    assert (again["retries"], again["trips"]) == (1, 2)
    assert 0 < again["connect_ms"] < again["wake_ms"] < again["ms"]


@pytest.mark.parametrize(
    "url", ["tasks", "tasks?limit=0", "http://test/health", "http://test/nowhere"]
)
def test_every_answer_says_where_the_time_went(owner: Person, lines: list[str], url: str) -> None:
    with fresh_engine():
        began = perf_counter()
        timing = owner.get(url).headers["server-timing"]
        took = (perf_counter() - began) * 1000
    parts = {name: float(ms) for name, ms in (part.split(";dur=") for part in timing.split(", "))}
    assert [*parts] == ["db", "wake", "app"]
    asks = url == "tasks"
    assert (parts["db"] > 0, parts["wake"] > 0, parts["app"] > 0) == (asks, asks, True)
    assert sum(parts.values()) <= took + 0.2  # each is rounded
    assert json.loads(lines[-1])["ms"] <= took + 0.1


def test_a_line_holds_nothing_of_what_was_sent(owner: Person, lines: list[str]) -> None:
    owner.post("tasks", json={"title": "Zq7"}, headers={"Idempotency-Key": "Zq7", "Cookie": "Zq7"})
    owner.get("tasks?q=Zq7")
    owner.get("http://test/api/Zq7/Zq7")
    owner.get("tasks", headers={"Authorization": "Bearer Zq7"})
    owner.get("tasks", headers={"X-Request-Id": "Zq7 is no id"})
    assert len(lines) == 5
    for secret in ("Zq7", "Bearer", owner.headers["authorization"], owner.id, owner.email):
        assert secret not in "".join(lines)


def test_a_slow_statement_is_told_by_its_shape(
    owner: Person, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_STATEMENT_MS", "0")
    with fresh_engine():
        owner.add("Zq7", description="Zq7", tags=["Zq7"])
        owner.get("tasks?q=Zq7")
    slow = [line for line in map(json.loads, lines) if line["message"] == "slow statement"]
    assert [line["level"] for line in slow] == ["WARNING"] * 2
    assert "INSERT INTO tasks" in slow[0]["sql"]
    assert "SELECT" in slow[1]["sql"]
    assert all(line["ms"] >= 0 and line["request_id"] for line in slow)
    assert "Zq7" not in "".join(lines)
    assert owner.id not in "".join(lines)


def test_a_quick_statement_is_not_told(owner: Person, lines: list[str]) -> None:
    owner.add()
    assert [json.loads(line)["message"] for line in lines] == ["request"]


def printed_by(program: str, **environment: str) -> list[dict[str, Any]]:
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_first_request_of_a_process_is_cold_and_no_other() -> None:
    assert [line["cold"] for line in printed_by(TWO_REQUESTS)] == [True, False]


def test_the_cold_request_is_the_one_that_came_first(
    owner: Person, sql: cursor, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestLine, "first", threading.Lock())
    slow = threading.Thread(target=owner.get, args=("tasks",))
    with open_transaction() as other:
        other.execute("LOCK TABLE tasks")
        slow.start()
        wait_for_a_lock(sql)
        owner.get("http://test/health")
    slow.join()
    told = [line for line in map(json.loads, lines) if line["message"] == "request"]
    cold = [(line["route"], line["cold"]) for line in told]
    assert cold == [("/health", False), ("/api/{user_id}/tasks", True)]


def test_a_platform_that_prints_all_that_is_logged_prints_nothing_of_ours_again() -> None:
    """As on Lambda, whose runtime has a handler at the root."""
    platform = "import logging, sys; logging.basicConfig(stream=sys.stdout, level='INFO')"
    lines = printed_by(platform + TWO_REQUESTS)
    assert [line["message"] for line in lines] == ["request", "request"]


def test_the_level_is_a_setting() -> None:
    assert printed_by(TWO_REQUESTS, LOG_LEVEL="warning") == []
