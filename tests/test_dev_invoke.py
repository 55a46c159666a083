"""`thaw invoke` sends what was asked for, and its exit code tells scripts how it went."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from app.lambda_events import do
from dev import ROOT, local
from dev.aws.process import FunctionError
from dev.invoke import invoke
from dev.invoking import variables

EVENTS = ROOT / "tests" / "events"

app = Typer()
app.command()(invoke)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events that reach a function which answers /missing with 404 and all else with 200."""
    seen: list[dict[str, Any]] = []

    def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
        seen.append(event)
        if "task" in event:
            return {"done": event["task"]}
        status = 404 if event.get("rawPath") == "/missing" else 200
        headers = {"content-type": "application/json"}
        return {"statusCode": status, "headers": headers, "body": '{"id":1}'}

    monkeypatch.setitem(sys.modules, "app.aws", SimpleNamespace(handler=handler))
    return seen


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configured database that is never asked."""
    for name, value in local.environment("postgresql://thaw.example/thaw").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(local, "reach", lambda _: None)


def thaw_invoke(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def test_the_body_is_printed_alone_and_the_rest_beside_it(events: list[dict[str, Any]]) -> None:
    result = thaw_invoke("GET", "/api/me/tasks?limit=1")
    assert result.exit_code == 0
    assert result.stdout == '{\n  "id": 1\n}\n'
    assert result.stderr.startswith("200\n")
    assert events[0]["rawQueryString"] == "limit=1"


def test_an_error_of_the_api_is_exit_code_1(events: list[dict[str, Any]]) -> None:
    assert thaw_invoke("GET", "/missing").exit_code == 1
    assert len(events) == 1


def test_it_sends_a_token_unless_told_otherwise(events: list[dict[str, Any]]) -> None:
    thaw_invoke("GET", "/")
    thaw_invoke("GET", "/", "--as", "")
    thaw_invoke("GET", "/", "-H", "Authorization: Bearer mine")
    sent = [event["headers"].get("authorization") for event in events]
    assert sent[0].count(".") == 2
    assert sent[1:] == [None, "Bearer mine"]


def test_a_body_comes_from_the_line_a_file_or_standard_input(
    events: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "body.json"
    file.write_text('{"b": 2}')
    thaw_invoke("post", "/", "-d", '{"a": 1}')
    thaw_invoke("post", "/", "-d", f"@{file}")
    thaw_invoke("post", "/", "-d", "-", stdin='{"c": 3}')
    assert [event["body"] for event in events] == ['{"a": 1}', '{"b": 2}', '{"c": 3}']
    assert events[0]["headers"]["content-type"] == "application/json"


def test_repeats_are_timed_and_the_first_is_the_cold_one(events: list[dict[str, Any]]) -> None:
    result = thaw_invoke("GET", "/", "--repeat", "3")
    assert len(events) == 3
    assert [line.split()[1] for line in result.stderr.splitlines()[:3]] == ["cold", "warm", "warm"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["FETCH", "/"], "none of GET"),
        (["GET", "api/me"], "slash"),
        (["GET", "/", "-H", "nonsense"], "no header"),
        (["GET", "/", "-d", "@missing.json"], "no file"),
        (["GET", "/", "-d", "@/proc/self/mem"], "no file"),  # which even root cannot read
        (["GET", "/", "--repeat", "0"], "repeat"),
        (["GET", "/", "--event", "v3"], "v2"),
        (["GET", "/", "--runtime", "aws"], "rie"),
        ([], "a method and a path"),
        (["GET"], "a method and a path"),
        (["GET", "/", "--event", "@tests/events/cron.json"], "a method and a path"),
        (["-d", "{}", "--event", "@tests/events/cron.json"], "a method and a path"),
        (["--event", "@missing.json"], "no file"),
        (["--event", "@Makefile"], "no JSON"),
        (["--event", "@tests/events"], "no file"),
    ],
)
def test_a_mistake_is_explained_before_anything_is_sent(
    events: list[dict[str, Any]], arguments: list[str], words: str
) -> None:
    result = thaw_invoke(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not events


def test_trips_are_not_counted_on_an_encrypted_wire(events: list[dict[str, Any]]) -> None:
    result = thaw_invoke("GET", "/", "--trips")
    assert "unset DATABASE_URL" in str(result.exception)
    assert not events


def test_an_event_of_any_kind_comes_from_a_file(
    events: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    file.write_text('{"task": "purge"}')
    result = thaw_invoke("--event", f"@{file}", "--repeat", "2")
    assert result.exit_code == 0
    assert result.stdout == '{\n  "done": "purge"\n}\n'
    assert result.stderr.splitlines()[0].split()[1:3] == ["cold", "done"]
    assert events == [{"task": "purge"}] * 2


def test_an_event_of_any_kind_comes_from_standard_input(events: list[dict[str, Any]]) -> None:
    assert thaw_invoke("--event", "@-", stdin='{"task": "purge"}').exit_code == 0
    assert events == [{"task": "purge"}]
    wrong = thaw_invoke("--event", "@-", stdin="purge")
    assert wrong.exit_code == 2
    assert "standard input holds no JSON" in wrong.stderr


@pytest.mark.parametrize("door", ["v2", "v1", "alb-multi"])
def test_a_recorded_request_gets_a_token_unless_told_otherwise(
    events: list[dict[str, Any]], door: str
) -> None:
    file = f"@{EVENTS}/{door}.json"
    assert thaw_invoke("--event", file).stderr.startswith("200")
    thaw_invoke("--event", file, "--as", "")
    single, several = (events[0].get(name, {}) for name in ("headers", "multiValueHeaders"))
    told = {*filter(None, [single.get("authorization"), *several.get("authorization", [])])}
    assert [token.count(".") for token in told] == [2]
    recorded = json.loads((EVENTS / f"{door}.json").read_text())
    assert events[1] == recorded


def test_a_function_that_fails_is_told_with_its_traceback(
    events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("what")

    monkeypatch.setattr(sys.modules["app.aws"], "handler", broken)
    result = thaw_invoke("GET", "/")
    assert isinstance(result.exception, FunctionError)
    assert str(result.exception) == "The function failed: LookupError: what"
    assert "in broken" in result.stderr
    assert not events


def test_a_task_that_is_none_is_told_with_those_that_are(
    events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["app.aws"], "handler", do)
    result = thaw_invoke("--event", "@-", stdin='{"task": "nosuch"}')
    assert result.exit_code == 1
    assert "knows no such task; it knows purge" in str(result.exception)
    assert "Traceback" not in result.stderr
    assert not events


def test_another_handler_can_be_named(
    events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SimpleNamespace(handler=lambda event, _: [event["rawPath"]])
    monkeypatch.setitem(sys.modules, "other", other)
    assert thaw_invoke("GET", "/a", "--handler", "other.handler").stdout == '[\n  "/a"\n]\n'
    assert not events


def test_a_function_gets_the_variables_that_the_app_knows_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POSTGRES_URL", "postgresql://other.example/thaw")
    monkeypatch.setenv("SOMETHING_ELSE", "secret")
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    names = variables().keys()
    assert {"DATABASE_URL", "DATABASE_URL_UNPOOLED", "POSTGRES_URL", "JWKS"} <= names
    assert not names & {"SOMETHING_ELSE", "PATH", "PYTHONPATH", "LOG_LEVEL"}


@pytest.mark.parametrize(
    "handler", ["app", "nowhere.handler", "app.nowhere.handler", "app.__doc__"]
)
def test_a_handler_that_is_none_is_told_in_a_sentence(handler: str) -> None:
    result = thaw_invoke("GET", "/", "--handler", handler)
    assert result.exit_code == 1
    assert f"{handler} names no function in a module" in str(result.exception)


def test_what_a_handler_lacks_is_not_taken_for_a_wrong_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lacking.py").write_text("import not_installed")
    monkeypatch.syspath_prepend(tmp_path)
    result = thaw_invoke("GET", "/", "--handler", "lacking.handler")
    assert isinstance(result.exception, ModuleNotFoundError)
