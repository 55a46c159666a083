"""`thaw smoke` tells a deployment that is well from one that is not."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from typing import ClassVar

import pytest
from psycopg2.extensions import cursor
from rich.console import Console
from typer.testing import CliRunner, Result

from app.health.routes import readiness
from dev import ROOT
from dev import smoke as command
from dev.cli import load
from dev.prove._served import served
from dev.smoke import TITLE
from tests.people import Person


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@contextmanager
def at(sql: cursor, revision: str) -> Iterator[None]:
    """The schema says that it is at another revision."""
    readiness.until = 0
    sql.execute("SELECT version_num FROM alembic_version")
    was = sql.fetchone()
    sql.execute("UPDATE alembic_version SET version_num = %s", [revision])
    yield
    sql.execute("UPDATE alembic_version SET version_num = %s", was)
    readiness.until = 0


def smoke(*arguments: str) -> Result:
    return CliRunner().invoke(load("dev.smoke:smoke"), arguments)


def test_a_deployment_that_is_well_keeps_nothing_of_it(
    address: str, owner: Person, sql: cursor
) -> None:
    done = smoke(address, "--token", owner.token())
    assert done.exit_code == 0, done.output
    assert done.output.count("ok ") == 4
    assert owner.titles() == []
    sql.execute("SELECT count(*) FROM tasks WHERE title = %s AND deleted_at IS NULL", [TITLE])
    assert sql.fetchone() == (0,)


def test_without_a_token_nothing_is_written_and_that_is_said(address: str) -> None:
    done = smoke(address)
    assert done.exit_code == 0
    assert "nothing was written" in done.output


def test_a_schema_that_is_ahead_is_well(address: str, sql: cursor) -> None:
    with at(sql, "9999"):
        done = smoke(address)
    assert done.exit_code == 0, done.output


def test_a_schema_that_is_behind_is_wrong(address: str, sql: cursor) -> None:
    with at(sql, "0000"):
        done = smoke(address)
    assert done.exit_code == 1
    assert "WRONG  its database is not behind its code" in done.output


def test_a_token_that_counts_for_nothing_is_wrong_and_not_shown(address: str) -> None:
    done = smoke(address, "--token", "a-secret")
    assert done.exit_code == 1
    assert "401" in done.output
    assert "a-secret" not in done.output


class Login(BaseHTTPRequestHandler):
    """What stands before a protected deployment: it notes what it is shown."""

    shown: ClassVar[list[str | None]] = []
    status: ClassVar[int] = 200
    page: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.shown.append(self.headers["X-Vercel-Protection-Bypass"])
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize("bypass", ["", "a-secret"])
def test_what_lets_it_past_a_login_is_shown_there_and_nowhere_else(bypass: str) -> None:
    with HTTPServer(("127.0.0.1", 0), Login) as login:
        threading.Thread(target=login.serve_forever, daemon=True).start()
        done = smoke(f"http://127.0.0.1:{login.server_port}", "--bypass", bypass)
        login.shutdown()
    assert {*Login.shown} == {bypass or None}
    Login.shown.clear()
    assert done.exit_code == 1
    assert "its answer lacks X-Request-Id" in done.output
    assert "ok " not in done.output  # of what follows nothing would be true
    assert "a-secret" not in done.output


def test_a_login_is_not_taken_for_a_wrong_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Login, "status", 401)
    with HTTPServer(("127.0.0.1", 0), Login) as login:
        threading.Thread(target=login.serve_forever, daemon=True).start()
        done = smoke(f"http://127.0.0.1:{login.server_port}")
        login.shutdown()
    Login.shown.clear()
    assert "VERCEL_AUTOMATION_BYPASS_SECRET leads past it" in done.output


def test_what_another_program_answers_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Login, "status", 404)
    monkeypatch.setattr(Login, "page", b"<!doctype html>\n  <title>Not found</title>\n")
    with HTTPServer(("127.0.0.1", 0), Login) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        told, *_ = smoke(f"http://127.0.0.1:{other.server_port}").output.splitlines()
        other.shutdown()
    Login.shown.clear()
    assert told.endswith("answered with 404: <!doctype html> <title>Not found</title>")


def test_nobody_there_is_wrong_and_said_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = smoke(f"http://127.0.0.1:{port}")
    assert done.exit_code == 1
    assert done.output.count("WRONG") == 1
    assert "Connection refused: is the address right, and does it run?" in done.output
    assert "Errno" not in done.output


@pytest.fixture
def silent() -> Iterator[str]:
    """Whoever calls there is heard, and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_stays_silent_is_told_of_and_while_it_is_waited_for(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = StringIO()
    monkeypatch.setattr(command, "console", Console(file=shown, force_terminal=True, width=100))
    monkeypatch.setattr(command, "TIMEOUT", 0.3)
    done = smoke(silent)
    assert done.exit_code == 1
    assert "looking whether it answers; an answer may take 0.3 s" in shown.getvalue()
    assert "no answer within 0.3 s: is the address right, and does it run?" in done.output


def test_what_was_seen_is_told_before_the_rest_is_waited_for(address: str) -> None:
    told = subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-m", "dev", "smoke", address],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with told:
        assert told.stdout is not None
        with readiness.turn:  # what it asks next has to wait
            assert told.stdout.readline().startswith("ok     it answers")
        assert "WRONG" not in told.stdout.read()


@pytest.mark.parametrize(
    "where", ["", "not an address", "localhost:8000", "ftp://a", "http://", "http://[::1", "\udcff"]
)
def test_what_is_no_whole_address_is_told_how_to_write_one(where: str) -> None:
    done = smoke(where)
    assert done.exit_code == 2
    assert "Write it whole" in done.output


@pytest.mark.parametrize("option", ["--token", "--bypass"])
@pytest.mark.parametrize("secret", ["sé-cret", "sé\ncret"])
def test_a_secret_that_no_header_holds_is_refused_and_not_shown(option: str, secret: str) -> None:
    done = smoke("http://127.0.0.1:1", option, secret)
    assert done.exit_code == 2
    assert "what HTTP does not take" in " ".join(done.output.replace("│", "").split())
    assert "cret" not in done.output


def test_no_name_of_a_host_is_told_without_a_number() -> None:
    done = smoke("http://nosuch.invalid")
    assert done.exit_code == 1
    assert "is the address right" in done.output
    assert "Errno" not in done.output
