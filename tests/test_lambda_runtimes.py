"""The built zip under AWS's own runtime client and under its emulator, beside a real database."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from psycopg2.extensions import cursor
from typer.testing import CliRunner

from app.tables import REVISION
from dev import ROOT, aws
from dev.aws import building
from dev.aws.emulator import Emulator
from dev.aws.process import FunctionError
from dev.aws.sandbox import Sandbox, unzipped
from dev.cli import load
from dev.events import DOORS, Request
from dev.local import environment
from tests import lambda_processes
from tests.documented import check
from tests.lambda_client import Door
from tests.lambda_python import needs_lambda
from tests.migrating import ask, blank
from tests.people import Person
from tests.problem import refused
from tests.test_sizes import CONVERSATIONS, TASKS, fill

pytestmark = [pytest.mark.slow, needs_lambda]

EVENTS = ROOT / "tests" / "events"
TIMEOUT = 6
"""Seconds, of which the emulator counts those of a start too, as Lambda does after a failure."""

MIGRATE = "migrations.aws.handler"
WARM = """
from app import pool
from app.aws import handler

with pool.pool().engine.connect():
    pass
assert pool.pool().engine.pool.checkedin() == 1
"""
RUNTIMES = {"ric": Sandbox, "rie": Emulator}
Function = Sandbox | Emulator


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with unzipped(building.built(aws.here())) as folder:
        yield folder


@pytest.fixture(scope="module")
def own() -> dict[str, str]:
    return environment(os.environ["DATABASE_URL"])


@pytest.fixture(scope="module", params=RUNTIMES)
def function(request: pytest.FixtureRequest, root: Path, own: dict[str, str]) -> Iterator[Function]:
    with RUNTIMES[request.param](root, own) as found:
        yield found


@pytest.fixture(params=RUNTIMES)
def kind(request: pytest.FixtureRequest) -> type[Function]:
    return RUNTIMES[request.param]


def caller(function: Function, person: Person, door: str = "v2") -> httpx2.Client:
    headers = {"authorization": person.headers["authorization"]}
    client = httpx2.Client(
        transport=Door(function.invoke, door), base_url="http://test/api/me/", headers=headers
    )
    client.event_hooks = {"response": [check]}
    return client


def event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("door", DOORS)
def test_a_task_lives_its_whole_life(
    function: Function, owner: Person, outsider: Person, door: str
) -> None:
    me, other = caller(function, owner, door), caller(function, outsider, door)
    key = {"Idempotency-Key": f"key-{door}"}
    added = me.post("tasks", json={"title": "🧊", "tags": ["ü"]}, headers=key)
    assert added.status_code == 201
    assert me.post("tasks", json={"title": "🧊", "tags": ["ü"]}, headers=key).json() == added.json()
    place, tag = f"http://test{added.headers['location']}", added.headers["etag"]
    assert me.get(place, headers={"If-None-Match": tag}).status_code == 304
    refused(other.get(f"tasks/{added.json()['id']}"), 404)
    changed = me.patch(place, json={"status": "done"}, headers={"If-Match": tag})
    assert changed.json()["completed"] is True
    refused(me.patch(place, json={"status": "todo"}, headers={"If-Match": tag}), 412)
    assert [each["id"] for each in me.get("tasks?q=🧊").json()["items"]] == [added.json()["id"]]
    assert me.delete(place).status_code == 204
    refused(me.get(place), 404)


def test_every_domain_answers(function: Function, owner: Person, team: str) -> None:
    me = caller(function, owner)
    talk = me.post("conversations", json={"title": "Thaw"})
    messages = f"conversations/{talk.json()['id']}/messages"
    assert me.post(messages, json={"role": "user", "content": "hello"}).status_code == 201
    assert [each["content"] for each in me.get(messages).json()["items"]] == ["hello"]
    assert me.post("documents", json={"title": "a", "content": "ice"}).status_code == 201
    assert len(me.get("documents?q=ice").json()["items"]) == 1
    assert team in me.get("teams").text
    assert me.get("http://test/api/me").json()["id"] == owner.id
    assert me.get("http://test/health/ready").status_code == 200
    assert me.get("http://test/openapi.json").json()["info"]


def test_problems_leave_as_text(function: Function) -> None:
    door = Door(function.invoke)
    with httpx2.Client(transport=door, base_url="http://test/") as client:
        assert refused(client.get("api/me/tasks"), 401)["code"] == "unauthorized"
    assert door.result["isBase64Encoded"] is False
    assert json.loads(door.result["body"])["status"] == 401


@pytest.mark.parametrize("text", ["\x01", '"', "漢", "a"], ids=ascii)
def test_the_longest_answers_get_through_and_what_is_longer_is_refused_by_us(
    function: Function, owner: Person, sql: cursor, text: str
) -> None:
    me = caller(function, owner)
    fill(sql, owner, TASKS, text, 100)
    assert len(me.get("tasks?limit=100").json()["items"]) == 100
    fill(sql, owner, CONVERSATIONS, '"', 100)
    assert refused(me.get("conversations?limit=100"), 413)["code"] == "answer_too_large"
    assert len(me.get("conversations?limit=50").json()["items"]) == 50


@pytest.mark.parametrize("name", DOORS)
def test_the_recorded_events_are_requests(function: Function, owner: Person, name: str) -> None:
    recorded = event(name)
    recorded.get("headers", {})["authorization"] = owner.headers["authorization"]
    recorded.get("multiValueHeaders", {})["authorization"] = [owner.headers["authorization"]]
    assert function.invoke(recorded)["statusCode"] == 200


def test_a_schedule_purges(function: Function, owner: Person, sql: cursor) -> None:
    sql.execute(
        "INSERT INTO tasks (id, user_id, title, deleted_at) "
        "VALUES (gen_random_uuid(), %s, 'old', now() - interval '31 days')",
        (owner.id,),
    )
    assert function.invoke(event("cron"))["purged"]["tasks"] >= 1
    sql.execute("SELECT FROM tasks WHERE user_id = %s", (owner.id,))
    assert sql.rowcount == 0


@pytest.mark.parametrize("sent", [{}, {"task": "migrate"}, {"source": "aws.events"}], ids=str)
def test_what_it_does_not_know_fails_and_it_lives_on(function: Function, sent: Any) -> None:
    with pytest.raises(FunctionError) as failed:
        function.invoke(sent)
    assert failed.value.kind == "ValueError"
    assert function.invoke(event("cron"))


def test_the_other_handler_migrates_with_nothing_but_an_address(
    kind: type[Function], root: Path, sql: cursor
) -> None:
    with (
        blank(sql) as url,
        kind(root, {"DATABASE_URL_UNPOOLED": url}, MIGRATE) as function,
    ):
        done, again = (function.invoke(event("migrate")) for _ in range(2))
        assert (done["from"], done["to"], done["revisions"][-1]) == (None, REVISION, REVISION)
        assert ask(url, "SELECT version_num FROM alembic_version") == [REVISION]
        assert (again["from"], again["to"], again["revisions"]) == (REVISION, REVISION, [])
        with pytest.raises(FunctionError, match="not an event like"):
            function.invoke({"task": "purge"})


def test_a_migration_that_fails_fails_the_invocation(kind: type[Function], root: Path) -> None:
    nowhere = {"DATABASE_URL_UNPOOLED": "postgresql://a:secret@127.0.0.1:1/a"}
    with (
        kind(root, nowhere, MIGRATE, timeout=8) as function,
        pytest.raises(FunctionError) as failed,
    ):
        function.invoke({"task": "migrate"})
    assert failed.value.kind == "MigrationFailed"
    assert "secret" not in str(failed.value)


def test_a_request_is_answered_before_lambda_would_end_it(
    kind: type[Function], root: Path, own: dict[str, str], owner: Person, sql: cursor
) -> None:
    with kind(root, own, timeout=TIMEOUT) as function:
        me = caller(function, owner)
        assert me.get("tasks").status_code == 200
        sql.execute("BEGIN; LOCK TABLE tasks")
        begun = time.monotonic()
        assert refused(me.get("tasks"), 503)["code"] == "timed_out"  # by us: it was not killed
        assert time.monotonic() - begun > TIMEOUT - 1
        sql.execute("ROLLBACK")
        assert me.get("tasks").status_code == 200


def test_what_does_not_answer_in_time_is_killed_and_the_next_call_is_answered(
    kind: type[Function], root: Path, own: dict[str, str], owner: Person
) -> None:
    with kind(root, own, timeout=TIMEOUT) as function:
        me = caller(function, owner)
        assert me.get("tasks").status_code == 200
        first = pid(function)
        os.kill(first, signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(FunctionError, match=rf"Task timed out after {TIMEOUT}\.00 seconds"):
            me.get("tasks")
        assert time.monotonic() - begun > TIMEOUT - 0.1
        assert me.get("tasks").status_code == 200
        assert pid(function) != first


def test_a_process_that_dies_is_replaced(
    kind: type[Function], root: Path, own: dict[str, str], owner: Person
) -> None:
    with kind(root, own) as function:
        me = caller(function, owner)
        assert me.get("tasks").status_code == 200
        os.kill(pid(function), signal.SIGKILL)
        time.sleep(0.2)
        with pytest.raises(FunctionError, match="exited"):
            me.get("tasks")
        assert me.get("tasks").status_code == 200


def test_it_gets_its_own_variables_and_none_of_this_machines(
    function: Function, own: dict[str, str], owner: Person
) -> None:
    assert caller(function, owner).get("tasks").status_code == 200
    got = lambda_processes.environment(pid(function))
    others = {name for name in got.keys() - own.keys() if not name.startswith(("AWS_", "_X_AMZN"))}
    assert others <= {
        "LAMBDA_TASK_ROOT",
        "LANG",
        "LC_CTYPE",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "TZ",
        "_HANDLER",
    }
    assert {name: got[name] for name in own} == own


def test_what_cannot_start_says_why_and_no_secret(kind: type[Function], root: Path) -> None:
    address = {"DATABASE_URL": "mysql://a:secret@b/c"}
    with pytest.raises(FunctionError) as failed, kind(root, address) as function:
        function.invoke(event("cron"))
    assert failed.value.kind == "SettingsError"
    assert "must begin with postgresql://" in str(failed.value)
    assert "secret" not in str(failed.value)


def test_every_line_of_its_log_is_json_and_names_the_request(
    root: Path, own: dict[str, str], owner: Person, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with Sandbox(root, own, log=log) as function:
        answer = caller(function, owner).get("tasks")
        with pytest.raises(FunctionError):
            function.invoke({})
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[0]["request_id"] == answer.headers["x-request-id"]
    assert (lines[0]["route"], lines[0]["cold"]) == ("/api/{user_id}/tasks", True)
    assert lines[-1]["errorType"] == "ValueError"


def test_it_connects_while_it_starts(root: Path, own: dict[str, str]) -> None:
    with Sandbox(root, own) as function:
        assert 0 < function.init_seconds < 10
        assert connects(function, own)


def test_no_connection_goes_into_a_snapshot_and_what_wakes_makes_one(
    root: Path, own: dict[str, str], owner: Person
) -> None:
    with Sandbox(root, own, snap_start=True) as function:
        assert not connects(function, own, within=0.5)
        function.restore()
        assert connects(function, own)
        assert 0 < function.restore_seconds < function.init_seconds
        assert caller(function, owner).get("tasks").status_code == 200


def test_a_connection_that_was_made_before_its_snapshot_is_closed(
    root: Path, own: dict[str, str], tmp_path: Path
) -> None:
    """One of ours makes none. This one does, while it starts, to be warm."""
    (tmp_path / "warm.py").write_text(WARM)
    ready = DOORS["v2"](Request("GET", "/health/ready", []))
    both = {**own, "PYTHONPATH": str(root)}
    with Sandbox(tmp_path, both, "warm.handler", snap_start=True) as function:
        assert not connects(function, own, within=0.5)
        assert function.invoke(ready)["statusCode"] == 200


def test_a_snapshot_is_restored_by_the_first_event(
    root: Path, own: dict[str, str], owner: Person
) -> None:
    with Sandbox(root, own, snap_start=True) as function:
        assert caller(function, owner).get("tasks").status_code == 200
        os.kill(pid(function), signal.SIGKILL)
        with pytest.raises(FunctionError, match="exited"):
            function.invoke(event("cron"))
        assert caller(function, owner).get("tasks").status_code == 200


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_command_sends_requests_and_events_to_the_zip(runtime: str, owner: Person) -> None:
    def invoke(*arguments: str) -> Any:
        command = load("dev.invoke:invoke")
        return CliRunner().invoke(command, [*arguments, "--runtime", runtime])

    token = f"Authorization: {owner.headers['authorization']}"
    done = invoke("POST", "/api/me/tasks", "-d", '{"title": "by hand"}', "-H", token)
    assert done.exit_code == 0, done.output
    assert owner.titles() == ["by hand"]
    assert json.loads(done.stdout)["title"] == "by hand"
    assert invoke("GET", "/nowhere").exit_code == 1
    assert "purged" in json.loads(invoke("--event", f"@{EVENTS}/cron.json").stdout)


def pid(function: Function) -> int:
    """The process that runs the function now."""
    assert function.process
    if isinstance(function, Sandbox):
        return function.process.pid
    return lambda_processes.children(function.process.pid)[-1]


def connects(function: Function, own: dict[str, str], within: float = 10) -> bool:
    """Whether it has, or gets in so many seconds, a connection to its database."""
    port, end = urlsplit(own["DATABASE_URL"]).port, time.monotonic() + within
    while port not in lambda_processes.connected_ports(pid(function)):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
