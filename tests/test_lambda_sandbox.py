"""Our small Runtime API treats a function as AWS's emulator does, whatever the function does."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import ROOT
from dev.aws.emulator import Emulator, held, verdict
from dev.aws.process import FunctionError
from dev.aws.runtime_api import LARGEST
from dev.aws.sandbox import Sandbox
from tests import lambda_processes
from tests.lambda_python import needs_lambda

pytestmark = [pytest.mark.slow, needs_lambda]

FUNCTION = """
import sys, time

def handler(event, context):
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "exit" in event:
        sys.exit(event["exit"])
    if "letters" in event:
        return "a" * event["letters"]
    return [event["echo"], context.function_name, context.get_remaining_time_in_millis()]
"""
NEVER_STARTS = """
import os, pathlib, time

pathlib.Path("half").write_text(str(os.getpid()))
pathlib.Path("half").rename("pid")
time.sleep(60)
"""
CALLS = """
import pathlib, sys
from {module} import {kind}

with {kind}(pathlib.Path(sys.argv[1]), dict(), "small.handler") as function:
    function.invoke(dict())
"""
QUOTES = 2
"""Bytes that JSON puts around a string."""

RUNTIMES = {"ric": Sandbox, "rie": Emulator}
Function = Sandbox | Emulator


@pytest.fixture(scope="module", params=RUNTIMES)
def function(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("function")
    (folder / "small.py").write_text(FUNCTION)
    with RUNTIMES[request.param](folder, {}, "small.handler", timeout=3) as found:
        yield found


def failure(function: Function, event: object) -> FunctionError:
    with pytest.raises(FunctionError) as failed:
        function.invoke(event)
    return failed.value


def test_it_returns_what_the_handler_returns_and_tells_it_its_time(function: Function) -> None:
    function.invoke({"echo": None})
    echo, name, left = function.invoke({"echo": {"ü": [1, None, "🧊"]}})
    assert (echo, name) == ({"ü": [1, None, "🧊"]}, "thaw")
    assert 1000 < left <= 3000  # it has taken some of them already


def test_an_exception_fails_the_invocation_and_not_the_process(function: Function) -> None:
    failed = failure(function, {})
    assert (failed.kind, failed.message) == ("KeyError", "'echo'")
    assert function.invoke({"echo": 1})[0] == 1


def test_an_exit_fails_the_invocation_and_the_next_one_has_a_new_process(
    function: Function,
) -> None:
    failed = failure(function, {"exit": 3})
    assert failed.kind == "Runtime.ExitError"
    assert failed.message.endswith("Runtime exited with error: exit status 3")
    assert function.invoke({"echo": 1})[0] == 1


def test_silence_is_ended_when_the_time_is_up(function: Function) -> None:
    function.invoke({"echo": 1})
    begun = time.monotonic()
    failed = failure(function, {"sleep": 30})
    assert failed.kind == "Sandbox.Timedout"
    assert failed.message == "Task timed out after 3.00 seconds"
    assert 2.9 < time.monotonic() - begun < 20
    assert function.invoke({"echo": 1})[0] == 1


def test_six_megabytes_get_through_and_a_byte_more_does_not(function: Function) -> None:
    assert len(function.invoke({"letters": LARGEST - QUOTES})) == LARGEST - QUOTES
    failed = failure(function, {"letters": LARGEST - QUOTES + 1})
    assert failed.kind == "Function.ResponseSizeTooLarge"
    assert failed.message.startswith("Response payload size exceeded")
    assert function.invoke({"echo": 1})[0] == 1


@pytest.mark.parametrize("kind", RUNTIMES.values())
def test_a_handler_that_cannot_be_imported_fails_with_its_reason(
    kind: type[Function], tmp_path: Path
) -> None:
    with pytest.raises(FunctionError) as failed, kind(tmp_path, {}, "missing.handler") as function:
        function.invoke({})
    assert failed.value.kind == "Runtime.ImportModuleError"
    assert "No module named 'missing'" in failed.value.message


def test_the_time_of_a_start_and_of_an_answer_is_told(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(0.5)\n" + FUNCTION
    (tmp_path / "small.py").write_text(slow)
    with Sandbox(tmp_path, {}, "small.handler") as function:
        assert function.init_seconds > 0.5
        function.invoke({"echo": 1, "sleep": 0.3})
        assert function.seconds > 0.3


@pytest.mark.parametrize("kind", RUNTIMES.values())
def test_what_cannot_be_started_leaves_nothing_behind(kind: type[Function], tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(FileNotFoundError), kind(tmp_path / "nowhere", {}, "small.handler"):
        pass
    assert threading.active_count() == before


@pytest.mark.parametrize("kind", RUNTIMES.values())
def test_ctrl_c_during_a_start_leaves_nothing_behind(kind: type[Function], tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(NEVER_STARTS)
    code = CALLS.format(module=kind.__module__, kind=kind.__name__)
    command = [sys.executable, "-P", "-c", code, str(tmp_path)]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE) as caller:  # noqa: S603  our own program
        function = appeared(tmp_path / "pid")
        assert lambda_processes.lives(function)
        caller.send_signal(signal.SIGINT)
        _, said = caller.communicate(timeout=30)
    assert b"KeyboardInterrupt" in said
    assert not lambda_processes.lives(function)


def appeared(path: Path) -> int:
    """The number in a file that somebody is about to write."""
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    return int(path.read_text())


def test_a_port_that_is_held_is_for_who_names_it() -> None:
    with held() as address, held() as other:
        host, _, port = address.partition(":")
        assert address != other
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind((host, int(port)))
        with socket.create_server((host, int(port))):
            socket.create_connection((host, int(port))).close()


def test_what_is_not_told_as_lambda_tells_it_is_no_verdict() -> None:
    assert verdict(json.dumps({"errorType": "mine"}).encode()) == {"errorType": "mine"}
