"""There is one `thaw up` in a checkout, and what a killed one has left does not hinder the next."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dev import Trouble, serving
from dev import up as command
from dev.serving import end_orphan, free_port
from dev.up import only_one

CHILD = """
import os, subprocess, sys
from dev.locks import claim
with open(sys.argv[1], "a+") as lock:
    assert claim(lock)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    kept = [lock.fileno()]
    left = subprocess.Popen(["sleep", "60"], pass_fds=kept, start_new_session=True, **quiet)
    lock.write(str(left.pid))
os._exit(0)
"""


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "STATE", tmp_path / "new" / "state")
    monkeypatch.setattr(serving, "CHILD", tmp_path / "uvicorn")


def test_the_second_is_refused_and_told_where_the_first_is() -> None:
    with only_one() as sign:
        sign.write("http://first")
        sign.flush()
        with pytest.raises(Trouble, match="already running: http://first"), only_one():
            pass
    with only_one():
        pass


def test_an_api_that_a_killed_one_has_left_is_ended(tmp_path: Path) -> None:
    killed = [sys.executable, "-c", CHILD, str(tmp_path / "uvicorn")]
    subprocess.run(killed, check=True, capture_output=True)  # noqa: S603  ourselves
    end_orphan()
    end_orphan()  # there is none by now


def test_a_taken_port_is_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port
    assert f"port {port} is taken" in capsys.readouterr().err
