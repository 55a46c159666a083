"""Every refusal is a problem document, and its `type` is a page that says what to do."""

import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg2.extensions import cursor
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from app import logs, problems
from app.db import OneTrip
from app.errors import Problem, family
from app.pool import pool
from app.refusals import refusal
from dev import ROOT
from tests.people import Person
from tests.printed import printed
from tests.problem import refused
from tests.processes import fresh_engine


@pytest.fixture
def lines() -> Iterator[list[str]]:
    with printed() as lines:
        yield lines


def test_codes_are_unique_and_stable_words() -> None:
    codes = [kind.code for kind in family()]
    assert len(set(codes)) == len(codes)
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


@pytest.mark.parametrize("kind", family())
def test_every_problem_has_a_page_that_explains_it(outsider: Person, kind: type[Problem]) -> None:
    page = outsider.get(f"http://test/problems/{kind.code}")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert kind.title in page.text
    assert str(kind.status) in page.text
    assert len(page.text.partition("<p>")[2]) > 60


@pytest.mark.parametrize("code", ["nothing", "NotFound", "<script>", "..", "%00"])
def test_no_other_code_has_a_page(outsider: Person, code: str) -> None:
    answer = outsider.get(f"http://test/problems/{code}")
    refused(answer, 404)
    assert "script" not in answer.text


@pytest.mark.parametrize("path", ["/", "/api", "/api/me/", "/api/me/nothing", "/favicon.ico"])
def test_an_unknown_address_is_a_problem_with_or_without_a_token(owner: Person, path: str) -> None:
    with_token = refused(owner.get(f"http://test{path}"), 404)
    del owner.headers["authorization"]
    without = owner.get(f"http://test{path}")
    assert refused(without, 404)["code"] == with_token["code"]
    assert "allow" not in without.headers


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("tasks", "GET, HEAD, POST"),
        ("tasks/01980000-0000-7000-8000-000000000001", "DELETE, GET, HEAD, PATCH"),
        ("tasks/01980000-0000-7000-8000-000000000001/complete", "POST"),
        ("http://test/health", "GET, HEAD"),
        ("http://test/openapi.json", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "TRACE", "SPOON", "OPTIONS"])
def test_another_method_is_a_problem_that_lists_all_that_are_known(
    owner: Person, method: str, path: str, allow: str
) -> None:
    answer = owner.request(method, path)
    assert refused(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize("known", ["my-own-id", "trace=1.2:3/4+5"])
def test_a_problem_names_the_request_as_its_caller_did(owner: Person, known: str) -> None:
    answer = owner.get("tasks?limit=0", headers={"X-Request-Id": known})
    assert refused(answer, 422)["request_id"] == known


def test_only_what_cannot_succeed_unchanged_is_not_to_be_retried(owner: Person) -> None:
    task = owner.add()
    stale = {"If-Match": '"9"'}
    refused(owner.post(f"tasks/{task['id']}/restore"), 409)
    refused(owner.patch(f"tasks/{task['id']}", json={"title": "b"}, headers=stale), 412)
    refused(owner.patch(f"tasks/{task['id']}", json={"title": ""}), 422)
    refused(owner.get("tasks/01980000-0000-7000-8000-000000000001"), 404)
    assert "x-should-retry" not in owner.get("tasks").headers


@pytest.mark.parametrize("kind", family())
def test_the_operator_is_told_of_what_is_not_the_callers_and_the_caller_when_to_repeat(
    lines: list[str], kind: type[Problem]
) -> None:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(logs.RequestLine)

    @app.get("/refused")
    def refuse(why: str = "") -> None:
        raise kind(why)

    caller = TestClient(app)
    assert caller.get("/refused?why=Late").json()["detail"] == "Late"
    lines.clear()
    answer = caller.get("/refused")
    problem = refused(answer, kind.status)
    assert (problem["code"], problem["detail"]) == (kind.code, kind.title)
    assert "errors" not in problem
    alarming = [line for line in map(json.loads, lines) if line["level"] != "INFO"]
    assert [line["message"] for line in alarming] == [kind.code] * (kind.status >= 500)
    waits = kind.status == 503 or kind.code == "in_progress"
    assert answer.headers.get("retry-after", "never").isdecimal() == waits


def test_what_nobody_foresaw_is_a_500_and_is_logged_by_class_and_place_without_values(
    lines: list[str],
) -> None:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(logs.RequestLine)

    @app.get("/broken")
    def broken(q: str) -> None:
        raise LookupError(q)

    answer = TestClient(app).get("/broken?q=Zq7", headers={"Authorization": "Bearer Zq7"})
    assert refused(answer, 500)["code"] == "internal"
    unexpected, request = map(json.loads, lines)
    assert (unexpected["message"], unexpected["error"]) == ("unexpected", "LookupError")
    assert "in broken" in unexpected["where"]
    assert unexpected["request_id"] == request["request_id"] == answer.headers["x-request-id"]
    assert "Zq7" not in answer.text + "".join(lines)


def test_what_only_the_operator_can_mend_tells_callers_nothing(
    owner: Person, sql: cursor, lines: list[str]
) -> None:
    sql.execute("ALTER TABLE tasks RENAME TO elsewhere")
    try:
        answer = owner.post("tasks", json={"title": "Zq7"})
    finally:
        sql.execute("ALTER TABLE elsewhere RENAME TO tasks")
    assert refused(answer, 503)["code"] == "not_ready"
    assert "elsewhere" not in answer.text
    (broken,) = [json.loads(line) for line in lines if "sqlstate" in line]
    assert (broken["error"], broken["sqlstate"]) == ("UndefinedTable", "42P01")
    assert "Zq7" not in "".join(lines)


@pytest.mark.usefixtures("sql")
def test_a_text_that_is_too_much_for_the_database_is_its_senders_mistake() -> None:
    """No text of ours is so long: what Postgres says of one is asked for here."""
    words = func.to_tsvector("simple", " ".join(f"{n:07}" for n in range(150_000)))
    with pytest.raises(DBAPIError) as error:
        OneTrip().rows(select(words))
    assert refusal(error.value).code == "invalid"


LEVELS = {
    code: level
    for codes, level in re.findall(
        r"^\| (`.*`) \| .* \| (ERROR|CRITICAL) \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    for code in re.findall(r"`(\w+)`", codes)
}
"""By the code of a 503: the level of its line, on which operators set their alarms."""


def test_the_readme_tells_of_every_503() -> None:
    assert LEVELS.keys() == {kind.code for kind in family() if kind.status == 503}


SAID = {
    "database_password": """
        FATAL:  password authentication failed for user "me"
        FATAL:  SASL authentication failed
        fe_sendauth: no password supplied
    """,
    "database_settings": """
        ERROR:  connection is insecure (try using `sslmode=require`)
        server does not support SSL, but SSL was required
        SSL error: certificate verify failed
        authentication method 13 not supported
        ERROR:  Inconsistent project name inferred from SNI ('a') and project option ('b').
        ERROR:  This IP address 192.0.2.1 is not allowed to connect to this endpoint.
    """,
    "database_missing": """
        FATAL:  database "nowhere" does not exist
        could not translate host name "a.example" to address: Name or service not known
        could not translate host name "a.example" to address: No address associated with hostname
        ERROR:  Endpoint ID is not specified. Either please upgrade the postgres client library
    """,
    "database_connections": """
        FATAL:  no more connections allowed (max_client_conn)
        FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute
        FATAL:  sorry, too many clients already
        FATAL:  too many connections for role "me"
    """,
    "database_waking": """
        connection to server at "a.example", port 5432 failed: timeout expired
        connection to server at "a.example", port 5432 failed: Connection refused
        connection to server at "a.example", port 5432 failed: Network is unreachable
        connection to server at "a.example", port 5432 failed: No route to host
        connection to server at "a.example", port 5432 failed: Connection timed out
        could not translate host name "a.example" to address: Temporary failure in name resolution
        could not receive data from server: Connection reset by peer
        server closed the connection unexpectedly
        SSL connection has been closed unexpectedly
        SSL SYSCALL error: EOF detected
        SSL error: unexpected eof while reading
        FATAL:  the database system is starting up
        FATAL:  the database system is in recovery mode
        FATAL:  terminating connection due to administrator command
        FATAL:  server login has been failing, try again later (server_login_retry)
        FATAL:  pgbouncer cannot connect to server
        FATAL:  server conn crashed?
        FATAL:  server shutting down
        FATAL:  client_login_timeout
    """,
    "database_refused": """
        FATAL:  words that nobody knows
    """,
}
"""What libpq, Postgres, PgBouncer and Neon's proxy say of a connection that cannot be made."""


@pytest.mark.parametrize(
    ("words", "code"),
    [(line.strip(), code) for code, lines in SAID.items() for line in lines.strip().split("\n")],
)
def test_a_refusal_to_connect_is_known_by_its_words_and_alarms_as_the_readme_says(
    lines: list[str], words: str, code: str
) -> None:
    said = psycopg2.OperationalError(words)
    assert refusal(OperationalError(None, None, said)).code == code
    (line,) = map(json.loads, lines)
    assert (line["message"], line["level"], line["said"]) == (code, LEVELS[code], words)


def test_busy_connections_alarm_as_the_readme_says(
    owner: Person, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "1")
    with fresh_engine(), pool().turns:
        refused(owner.get("tasks"), 503)
    line = json.loads(lines[0])
    assert (line["message"], line["level"]) == ("overloaded", LEVELS["overloaded"])
    assert line["size"] == 1


@pytest.fixture(params=["refused", "silent"])
def gone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, owner: Person
) -> Iterator[Person]:
    """The owner, and a database out of reach: nobody listens, or nobody says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if request.param == "refused":
            server.close()
        address = f"postgresql://someone:Zq7-password@127.0.0.1:{port}/thaw"
        monkeypatch.setenv("DATABASE_URL", address)
        monkeypatch.setenv("DATABASE_CONNECT_TIMEOUT", "1")
        monkeypatch.setenv("REQUEST_TIMEOUT", "2")
        with fresh_engine():
            yield owner


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unreachable_database_is_a_503_in_time_that_names_no_host(
    gone: Person, lines: list[str], method: str
) -> None:
    began = time.monotonic()
    answer = gone.request(method, "tasks", json={"title": "Zq7"})
    assert time.monotonic() - began < 5
    assert refused(answer, 503)["code"] == "database_waking"
    assert int(answer.headers["retry-after"]) >= 1
    for secret in ("127.0.0.1", "someone", "Zq7"):
        assert secret not in answer.text + "".join(lines)


@pytest.mark.parametrize("path", ["tasks", "tasks/batch", "teams"])
def test_a_body_of_another_kind_is_told_in_words_of_json(owner: Person, path: str) -> None:
    (mistake,) = refused(owner.post(path, json=[{"title": "A list"}]), 422)["errors"]
    assert (mistake["pointer"], mistake["detail"]) == ("", "Should be a JSON object")


def test_a_mistake_says_what_is_wanted_instead(owner: Person) -> None:
    sent: dict[str, Any] = {"title": 7, "due_at": "soon", "team_id": "x", "status": "never"}
    mistakes = refused(owner.post("tasks", json=sent), 422)["errors"]
    assert {each["pointer"]: each["detail"] for each in mistakes} == {
        "/title": "Input should be a valid string",
        "/due_at": "Should be an RFC 3339 time with a zone",
        "/team_id": "Should be a UUID",
        "/status": "Input should be 'todo', 'in_progress' or 'done'",
    }
    assert {each["pointer"]: each["code"] for each in mistakes} == {
        "/title": "string_type",
        "/due_at": "value_error",
        "/team_id": "uuid_parsing",
        "/status": "literal_error",
    }
