"""Settings that are kept in AWS Secrets Manager: read once, and refused without a word of them."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws

from app import aws_secrets, connecting, waiting, wake
from app.settings import Direct, Settings, SettingsError, direct, get_settings
from dev import ROOT
from dev.lambda_function import Context
from dev.prove._silence_cases import changed
from dev.wire import CountingProxy
from migrations.aws import handler
from tests.concurrency import at_once, until
from tests.people import Person

NAME = "thaw/test/requests"
URL = "postgresql://someone:Zq7-password@ep-a-pooler.example/thaw?sslmode=require"


@pytest.fixture(autouse=True)
def function(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """A function of AWS whose environment names a secret, and no database.

    All is undone before the fixtures end that need a database.
    """
    for name in ("owner", "wire", "wide_pool"):  # in this order: she signs up past the wire
        if name in request.fixturenames:
            request.getfixturevalue(name)
    with monkeypatch.context() as environment, mock_aws():
        for name in ("DATABASE_URL", "DATABASE_URL_UNPOOLED"):
            environment.delenv(name, raising=False)
        environment.setenv("SETTINGS_SECRET", NAME)
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setitem(Direct.model_config, "env_file", None)
        aws_secrets.fetched.cache_clear()
        wake.knocks.clear()
        yield environment
    wake.knocks.clear()


@pytest.fixture
def asked(function: pytest.MonkeyPatch) -> list[str]:
    """The requests that were sent to AWS."""
    sent: list[str] = []
    send = BaseClient._make_api_call  # noqa: SLF001  no public place sees every request

    def noted(self: Any, operation: str, parameters: Any) -> Any:
        sent.append(operation)
        return send(self, operation, parameters)

    function.setattr(BaseClient, "_make_api_call", noted)
    return sent


def keep(content: object, name: str = NAME) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=text)


def settings() -> Settings:
    return get_settings.__wrapped__()


def refusal() -> str:
    with pytest.raises(SettingsError) as refused:
        settings()
    assert refused.value.__cause__ is None
    assert "Zq7" not in str(refused.value)
    return str(refused.value)


def test_the_address_comes_from_the_secret() -> None:
    keep({"DATABASE_URL": URL, "PURGE_AFTER_DAYS": "7", "CRON_SECRET": ""})
    read = settings()
    assert read.database_url.get_secret_value() == URL
    assert read.purge_after_days == 7
    assert read.cron_secret is None
    assert "Zq7" not in repr(read)


def test_no_log_has_the_secret_however_much_it_tells(caplog: pytest.LogCaptureFixture) -> None:
    """As on Lambda, where the level of a function's log may be set to DEBUG."""
    keep({"DATABASE_URL": URL})
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        assert settings().database_url.get_secret_value() == URL
    assert caplog.text
    assert "Zq7" not in caplog.text


def test_the_environment_wins_over_the_secret(function: pytest.MonkeyPatch) -> None:
    keep({"DATABASE_URL": URL, "LOG_LEVEL": "ERROR", "REQUEST_TIMEOUT": "7"})
    function.setenv("NEON_DATABASE_URL", "postgresql://a:b@of-the-environment/c")
    function.setenv("LOG_LEVEL", "WARNING")
    read = settings()
    assert "of-the-environment" in read.database_url.get_secret_value()
    assert (read.log_level, read.request_timeout) == ("WARNING", 7)


@pytest.mark.parametrize(
    ("kept", "host"),
    [
        ({"DATABASE_URL_UNPOOLED": "postgresql://a:Zq7@ep-b.example/c"}, "ep-b.example"),
        ({"DATABASE_URL": URL}, "ep-a.example"),
    ],
)
def test_migrations_find_the_direct_address_in_their_secret(
    kept: dict[str, str], host: str
) -> None:
    keep(kept)
    assert direct()["host"] == host


def test_the_environment_s_database_is_migrated_and_not_that_of_the_secret(
    function: pytest.MonkeyPatch,
) -> None:
    keep({"DATABASE_URL_UNPOOLED": "postgresql://a:Zq7@of-the-secret/c"})
    function.setenv("DATABASE_URL", "postgresql://a:b@of-the-environment/c")
    assert direct()["host"] == "of-the-environment"


def test_what_the_secret_holds_is_checked_like_the_environment() -> None:
    keep({"DATABASE_URL": "mysql://a:Zq7@host/b"})
    assert refusal() == "DATABASE_URL must begin with postgresql://."


MUST_HOLD = "must hold a JSON object of strings"


@pytest.mark.parametrize(
    "content",
    [URL, "", "7", "null", '["Zq7"]', '{"DATABASE_URL": 7}', '{"Zq7": {"a": "b"}}', "[" * 60_000],
    ids=lambda content: content[:20],
)
def test_a_secret_that_holds_no_settings_is_refused(content: str) -> None:
    boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=content or " ")
    assert refusal().startswith(f"SETTINGS_SECRET names {NAME}, which {MUST_HOLD}, like ")


def test_bytes_are_no_settings() -> None:
    boto3.client("secretsmanager").create_secret(Name=NAME, SecretBinary=b'{"a": "Zq7"}')
    assert MUST_HOLD in refusal()


def test_a_secret_that_is_not_there_is_named() -> None:
    assert refusal() == (
        f"SETTINGS_SECRET names {NAME}, which does not exist in this account and region."
    )


@pytest.fixture
def refusing(function: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An AWS that answers with the code written in the secret's name; the requests it has had."""
    heard: list[str] = []

    class Aws(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = json.loads(self.rfile.read(int(self.headers["content-length"])))["SecretId"]
            heard.append(self.headers["x-amz-target"])
            said = json.dumps({"__type": name, "Message": f"User Zq7 … on resource: {name}"})
            self.send_response(400)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Aws) as server:
        function.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever).start()
        yield heard
        server.shutdown()


@pytest.mark.parametrize(
    ("code", "said", "asked"),
    [
        ("AccessDeniedException", "needs secretsmanager:GetSecretValue for it.", 1),
        ("InvalidRequestException", "AWS refused: InvalidRequestException.", 1),
        ("ThrottlingException", "AWS refused: ThrottlingException.", 2),
    ],
)
def test_a_refusal_of_aws_says_what_to_do_and_is_kept(
    function: pytest.MonkeyPatch, refusing: list[str], code: str, said: str, asked: int
) -> None:
    function.setenv("SETTINGS_SECRET", code)
    first = refusal()
    assert first.startswith(f"SETTINGS_SECRET names {code}, which ")
    assert first.endswith(said)
    assert refusal() == first
    assert refusing == ["secretsmanager.GetSecretValue"] * asked


def test_where_aws_cannot_be_reached_a_way_there_is_named(function: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        address = f"http://127.0.0.1:{once.getsockname()[1]}"
    function.setenv("AWS_ENDPOINT_URL", address)
    assert refusal() == f"SETTINGS_SECRET names {NAME}, which {aws_secrets.UNREACHABLE}."


def test_an_aws_that_says_nothing_is_not_waited_for(function: pytest.MonkeyPatch) -> None:
    function.setitem(aws_secrets.QUICK, "read_timeout", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        function.setenv("AWS_ENDPOINT_URL", address)
        assert refusal().endswith(f"{aws_secrets.UNREACHABLE}.")


def test_a_machine_without_a_region_is_told(function: pytest.MonkeyPatch) -> None:
    function.delenv("AWS_DEFAULT_REGION")
    assert refusal().endswith("which could not be asked for: NoRegionError.")


def test_where_nothing_can_ask_aws_that_is_said(function: pytest.MonkeyPatch) -> None:
    function.setitem(sys.modules, "botocore", None)
    assert "takes botocore to read" in refusal()


def test_the_knock_and_the_settings_share_one_reading(
    asked: list[str], owner: Person, wire: CountingProxy
) -> None:
    keep({"DATABASE_URL": wire.url})
    asked.clear()
    wake.knock()
    assert owner.get("tasks").is_success
    counts = wire.take()
    assert (counts.connections, counts.trips) == (1, 1)
    assert (asked, wake.knocks) == (["GetSecretValue"], [])


def test_whoever_has_the_settings_finds_the_knock(
    wire: CountingProxy, function: pytest.MonkeyPatch
) -> None:
    """However long the knock takes after the secret was read, the settings come after it."""
    keep({"DATABASE_URL": wire.url})

    class Slow(wake.Knock):
        def __init__(self, parameters: dict[str, str]) -> None:
            time.sleep(0.2)
            super().__init__(parameters)

    function.setattr(wake, "Knock", Slow)
    wake.knock()
    until(lambda: not idle())
    assert settings().database_url.get_secret_value() == wire.url
    assert len(wake.knocks) == 1
    assert wake.knocks.pop().answer()


def idle() -> bool:
    """Whether nobody reads the secret now."""
    free = aws_secrets.turn.acquire(blocking=False)
    if free:
        aws_secrets.turn.release()
    return free


def test_a_database_of_the_environment_is_knocked_at_without_asking_aws(
    asked: list[str], wire: CountingProxy, function: pytest.MonkeyPatch
) -> None:
    function.setenv("DATABASE_URL", wire.url)
    wake.knock()
    assert wake.knocks.pop().answer()
    assert (asked, wire.take().connections) == ([], 1)


def test_a_migration_reads_the_secret_anew_since_it_may_have_been_put_right(
    wire: CountingProxy,
) -> None:
    """AWS keeps a function that failed, for whoever tries again after a minute."""
    with pytest.raises(SettingsError, match="does not exist in this account"):
        handler({"task": "migrate"}, Context())
    keep({"DATABASE_URL_UNPOOLED": "mysql://a:Zq7@host/b"})
    with pytest.raises(SettingsError, match=r"must begin with postgresql://\.$"):
        handler({"task": "migrate"}, Context())
    told = json.dumps({"DATABASE_URL_UNPOOLED": wire.url})
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=told)
    assert handler({"task": "migrate"}, Context())["revisions"] == []


@pytest.fixture
def put_right(
    owner: Person, wire: CountingProxy, function: pytest.MonkeyPatch
) -> Callable[[], None]:
    """The password has changed, and in the secret it does so when this is called."""
    keep({"DATABASE_URL": changed(wire.url, password="guessed")})  # noqa: S106  it is
    function.setattr(connecting.known, "asked", 0.0)
    assert refused_for_its_password(owner)
    function.setattr(connecting.known, "asked", 0.0)  # the cool-down is over
    return lambda: change({"DATABASE_URL": wire.url})


def refused_for_its_password(person: Person) -> bool:
    answer = person.get("tasks")
    return answer.status_code == 503 and answer.json()["code"] == "database_password"


def change(content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=text)


def test_a_password_that_was_changed_costs_nobody_an_answer(
    put_right: Callable[[], None], asked: list[str], owner: Person
) -> None:
    put_right()
    asked.clear()
    assert owner.post("tasks", json={"title": "Kept"}).status_code == 201
    assert owner.titles() == ["Kept"]
    assert asked == ["GetSecretValue"]


def test_a_short_deadline_is_no_reason_to_go_on_with_an_old_password(
    put_right: Callable[[], None], owner: Person, function: pytest.MonkeyPatch
) -> None:
    put_right()
    function.setenv("REQUEST_TIMEOUT", "4")
    get_settings.cache_clear()
    assert owner.get("tasks").status_code == 200


@pytest.mark.usefixtures("put_right")
def test_nothing_but_the_address_is_taken_from_a_secret_that_is_read_again(
    owner: Person, wire: CountingProxy
) -> None:
    change({"DATABASE_URL": wire.url, "JWT_ISSUER": "https://another.example"})
    assert owner.get("tasks").status_code == 200
    assert owner.get("tasks").status_code == 200


def test_a_password_that_stays_wrong_is_not_asked_for_all_the_time(
    put_right: Callable[[], None], asked: list[str], owner: Person
) -> None:
    asked.clear()
    assert all(refused_for_its_password(owner) for _ in range(3))
    assert asked == ["GetSecretValue"]
    put_right()
    assert refused_for_its_password(owner)


@pytest.mark.parametrize("content", ["Zq7", '{"DATABASE_URL": "mysql://a:Zq7@host/b"}', "{}"])
def test_a_secret_that_was_spoilt_leaves_what_it_held_before(
    put_right: Callable[[], None],
    owner: Person,
    function: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    content: str,
) -> None:
    change(content)
    assert refused_for_its_password(owner)
    assert "the secret is of no use" in caplog.text
    assert "Zq7" not in caplog.text
    function.setattr(connecting.known, "asked", 0.0)
    put_right()
    assert owner.get("tasks").status_code == 200


def test_who_has_no_time_left_does_not_read_the_secret_again(
    put_right: Callable[[], None],
    asked: list[str],
    owner: Person,
    function: pytest.MonkeyPatch,
) -> None:
    put_right()
    asked.clear()
    function.setattr(waiting, "left", lambda: 6.0)
    assert refused_for_its_password(owner)
    assert asked == []


@pytest.mark.usefixtures("wide_pool")
def test_of_many_who_are_refused_at_once_one_reads_and_all_go_on(
    put_right: Callable[[], None], asked: list[str], owner: Person
) -> None:
    put_right()
    asked.clear()
    answers = at_once(*[lambda: owner.get("tasks")] * 8)
    assert {answer.status_code for answer in answers} == {200}
    assert asked == ["GetSecretValue"]


@pytest.mark.parametrize("content", ["Zq7", '{"DATABASE_URL":"Zq7"}', "{}"])
def test_a_secret_that_leads_nowhere_is_no_knock(content: str) -> None:
    keep(content)
    wake.ask_and_begin()
    assert wake.knocks == []


SNAPSHOT = """
import json, sys
from moto import mock_aws

with mock_aws():
    import boto3
    secret = json.dumps({"DATABASE_URL": sys.argv[1]})
    boto3.client("secretsmanager").create_secret(Name=sys.argv[2], SecretString=secret)

    import app.aws, snapshot_restore_py
    from app import aws_secrets, connecting, wake
    from dev.events import Request
    from dev.lambda_function import send
    told = [len(wake.knocks), aws_secrets.fetched.cache_info().misses]

told.append(send(Request("GET", "/health/ready", [])).status)
for hook, arguments, options in snapshot_restore_py.get_before_snapshot():
    hook(*arguments, **options)
for hook, arguments, options in snapshot_restore_py.get_after_restore():
    hook(*arguments, **options)
told += [len(wake.knocks), aws_secrets.fetched.cache_info().misses]
told.append(send(Request("GET", "/health/ready", [])).status)
print(*told)
"""


def said(program: str, *arguments: str, **environment: str) -> str:
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR", **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_snapshot_holds_the_secret_and_who_wakes_from_it_does_not_ask_again(
    wire: CountingProxy,
) -> None:
    told = said(SNAPSHOT, wire.url, NAME, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert told == "0 1 200 1 1 200\n"


@pytest.mark.parametrize("door", ["app.aws", "api.index", "migrations.aws"])
def test_where_no_secret_is_named_nothing_of_aws_is_imported(
    wire: CountingProxy, function: pytest.MonkeyPatch, door: str
) -> None:
    function.setenv("SETTINGS_SECRET", "")
    function.setenv("DATABASE_URL", wire.url)
    program = f"import sys, {door}; from app.settings import direct; direct()"
    assert said(f"{program}; print('botocore' in sys.modules)") == "False\n"
