"""There is one `thaw up` in a checkout, and what a killed one has left does not hinder the next."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dev import Trouble, serving
from dev import up as command
from dev.serving import end_orphan, free_port
from dev.up import introduce, only_one

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
    said = capsys.readouterr().err
    assert f"port {port} is taken by another program, perhaps `thaw up`: using " in said
    assert "--port names another" in said


@pytest.mark.parametrize("host", ["", "nosuch.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_not_taken_for_a_port_that_is_taken(host: str) -> None:
    with pytest.raises(Trouble, match=r"Name a host|Nothing can listen at"):
        free_port(host, 8000)


def test_the_token_is_shown_once_and_the_lines_to_paste_make_their_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWKS_URL", "")
    introduce("http://127.0.0.1:8000")
    said = capsys.readouterr().out
    (token,) = re.findall(r"Token  (eyJ\S+)\n", said)
    assert said.count(token) == 1
    assert said.count('"Authorization: Bearer $(.venv/bin/thaw token)"') == 2
