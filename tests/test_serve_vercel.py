"""The function that Vercel would run serves the API under Vercel's own runtime."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from psycopg2.extensions import cursor

from app import address
from dev import ROOT, Trouble, keys
from dev.events import Request
from dev.local import ORIGIN
from dev.prove._trips_endpoints import ENDPOINTS
from dev.prove._trips_things import Size, asked, fill
from dev.vercel import bundle
from dev.vercel.front import Front
from dev.vercel.serving import Instance
from tests import vercel
from tests.concurrency import at_once, blocked, open_transaction, until
from tests.parity_doors import over_http
from tests.people import Person, sign_up
from tests.problem import refused

SECRET = "a-secret-that-nobody-guesses"  # noqa: S105  of this test only
POOL = int(json.loads((ROOT / "vercel.json").read_text())["env"]["DATABASE_POOL_SIZE"])


@pytest.fixture(scope="module")
def place() -> Path:
    return vercel.place()


@pytest.fixture(scope="module")
def served(place: Path) -> Iterator[Instance]:
    with vercel.instance(place, CRON_SECRET=SECRET) as one:
        yield one


def health(one: Instance) -> httpx2.Response:
    return httpx2.get(f"{one.address}/health/ready")


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_the_bundle_serves_every_endpoint(served: Instance, sql: cursor, endpoint: Any) -> None:
    things = fill(sql, str(uuid4()), Size(2))
    method, target, body = asked(endpoint, things)
    token = keys.token(things.me, name="a", email="a@a", issuer=ORIGIN, audience=ORIGIN)
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx2.request(method, served.address + target, json=body, headers=headers)
    assert answer.is_success, answer.text
    assert len(answer.content) > 2 or answer.status_code == 204


@pytest.mark.slow
def test_the_bundle_is_ready_and_says_who_it_is(served: Instance, owner: Person) -> None:
    assert health(served).json()["status"] == "ready"
    assert health(served).json()["pool"]["size"] == POOL
    refused(httpx2.get(f"{served.address}/api/me/tasks"), 401)
    with vercel.caller(served, owner) as client:
        added = client.post("tasks", json={"title": "🧊"}).json()
        assert client.get(f"tasks/{added['id']}").json() == added
    assert owner.get(f"tasks/{added['id']}").json() == added


@pytest.mark.slow
def test_one_instance_serves_as_many_requests_at_once_as_its_pool_has_connections(
    served: Instance, owner: Person, sql: cursor
) -> None:
    with vercel.caller(served, owner) as client, ThreadPoolExecutor(POOL + 4) as threads:
        with open_transaction() as other:
            other.execute("LOCK TABLE tasks")
            sent = [
                threads.submit(client.post, "tasks", json={"title": f"{number}"})
                for number in range(POOL + 4)
            ]
            until(lambda: blocked(sql) >= POOL)
            assert httpx2.get(f"{served.address}/health").status_code == 200
            time.sleep(0.2)
            assert blocked(sql) == POOL
        assert [each.result().status_code for each in sent] == [201] * (POOL + 4)
    assert len(owner.titles("limit=100")) == POOL + 4


@pytest.mark.slow
def test_many_callers_at_once_each_get_their_own(served: Instance, sql: cursor) -> None:
    people = [sign_up(sql, f"person-{number}") for number in range(12)]

    def live(person: Person) -> list[str]:
        with vercel.caller(served, person) as client:
            for number in range(5):
                assert client.post("tasks", json={"title": f"{number}"}).status_code == 201
            return [task["user_id"] for task in client.get("tasks").json()["items"]]

    lived = at_once(*[lambda person=person: live(person) for person in people])
    assert lived == [[person.id] * 5 for person in people]


@pytest.mark.slow
def test_a_request_that_would_outlast_the_platform_s_deadline_is_answered_before_it(
    place: Path, owner: Person
) -> None:
    with vercel.instance(place, seconds=3, REQUEST_TIMEOUT="60") as one, open_transaction() as sql:
        sql.execute("LOCK TABLE tasks")
        with vercel.caller(one, owner) as client:
            begun = time.monotonic()
            answer = client.get("tasks")
        assert time.monotonic() - begun > 2
    assert refused(answer, 503)["code"] == "timed_out"  # Vercel's own answer would be a 504


@pytest.mark.slow
def test_the_cron_of_vercel_json_purges_with_its_secret(
    served: Instance, place: Path, owner: Person, sql: cursor
) -> None:
    id = owner.add()["id"]
    sql.execute("UPDATE tasks SET deleted_at = now() - '40 days'::interval WHERE id = %s", (id,))
    (cron,) = bundle.config(place)["crons"]
    url = served.address + cron["path"]
    refused(httpx2.get(url), 401)
    refused(httpx2.get(url, headers={"Authorization": f"Bearer {SECRET}x"}), 401)
    answer = httpx2.get(url, headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["purged"]["tasks"] >= 1
    sql.execute("SELECT FROM tasks WHERE id = %s", (id,))
    assert sql.rowcount == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", address.NAMES)
def test_the_variables_that_neon_gives_to_a_project_are_enough(place: Path, name: str) -> None:
    """Those of psql are among them; here they lead nowhere, since nothing may be left to them."""
    ours = os.environ["DATABASE_URL"]
    nowhere = {"PGHOST": "nowhere.invalid", "PGUSER": "nobody", "PGDATABASE": "none"}
    given = {**nowhere, "PGPASSWORD": "no", "POSTGRES_HOST": "nowhere.invalid", name: ours}
    unset = {*address.NAMES, *address.DIRECT_NAMES} - {name}
    with vercel.instance(place, None, tuple(unset), **given) as one:
        assert health(one).json()["status"] == "ready"


@pytest.mark.slow
def test_a_function_that_lacks_a_setting_does_not_start_and_says_which(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(Trouble, match="JWT_ISSUER is not set"),
        vercel.instance(place, None, ("JWT_ISSUER",)),
    ):
        pass
    assert "JWT_ISSUER is not set" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_the_command_serves_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "dev", "serve", "vercel", "--port", "8700"]
    with subprocess.Popen(  # noqa: S603  our own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stderr
        told = ""
        while "Ctrl-C stops" not in told and (line := running.stdout.readline()):
            told += line
        found = re.search(r"API +(http://\S+)", told)
        assert found, told + running.stderr.read()
        assert httpx2.get(f"{found[1]}/health/ready").json()["status"] == "ready"
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert said.splitlines()[-1] == "stopped"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(found[1])


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A function that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)  # who waits for a request that never comes shall fail, and not hang
        yield server


def test_the_front_ends_what_is_late_as_vercel_does(silent: socket.socket) -> None:
    with Front(0, silent.getsockname()[1], 0.2) as front:
        answer = httpx2.get(front.address)
    assert answer.status_code == 504
    assert answer.headers["x-vercel-error"] == "FUNCTION_INVOCATION_TIMEOUT"


def test_the_front_ends_what_is_late_though_its_body_is_not_read(silent: socket.socket) -> None:
    begun = time.monotonic()
    with Front(0, silent.getsockname()[1], 0.5) as front:
        answer = over_http(front.address, Request("POST", "/", [], bytes(32 * 1024 * 1024)))
    assert answer.status == 504
    assert time.monotonic() - begun < 5


def test_the_front_says_who_asks_and_until_when_and_believes_no_caller(
    silent: socket.socket,
) -> None:
    lies = {"X-Vercel-Internal-Deadline": "2999-01-01T00:00:00Z", "X-Forwarded-For": "192.0.2.7"}
    with Front(0, silent.getsockname()[1], 0.2) as front:
        httpx2.get(f"{front.address}/a%2Fb?c=d", headers={**lies, "X-Own": "kept"})
    with silent.accept()[0] as request:
        line, *fields = request.recv(65536).decode().rstrip().split("\r\n")
    told = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    assert line == "GET /a%2Fb?c=d HTTP/1.1"
    assert len(told) == len(fields)
    assert (told["x-own"], told["x-forwarded-for"]) == ("kept", "127.0.0.1")
    assert told["x-forwarded-host"] == told["host"] == front.address.removeprefix("http://")
    assert told["x-vercel-internal-deadline"] < "2999"


def answer_unread(server: socket.socket, count: int) -> None:
    """Answer so many requests after their first bytes, and hang up on all that is still to come."""
    for _ in range(count):
        with server.accept()[0] as request:
            request.recv(1000)
            request.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno.")


def test_the_front_loses_no_answer_that_comes_before_the_whole_request(
    silent: socket.socket,
) -> None:
    count, body = 40, bytes(4 * 1024 * 1024)
    with Front(0, silent.getsockname()[1], 10) as front, ThreadPoolExecutor(1) as function:
        answering = function.submit(answer_unread, silent, count)
        sent = Request("POST", "/", [], body)
        answers = [over_http(front.address, sent) for _ in range(count)]
        answering.result()
    assert {(answer.status, answer.body) for answer in answers} == {(413, b"no.")}
