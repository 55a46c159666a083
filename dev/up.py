"""`thaw up`: the whole API on a laptop, until Ctrl-C."""

import importlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Annotated

import typer

from dev import Trouble
from dev.local import ROOT, STATE, chosen, configured, database, host_of
from dev.locks import claim
from dev.migrate import upgrade
from dev.progress import note, step
from dev.token import mint, signs_here

PATIENCE = 30
"""Seconds until we stop waiting for the API's first answer; it takes two or three."""

WELCOME = """
  API    {address}
  Docs   {address}/docs
  Token  {token}

curl -H 'Authorization: Bearer {token}' {address}/api/me/tasks
curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \
-d '{{"title": "Try the API"}}' {address}/api/me/tasks

The token is good for 12 hours; `.venv/bin/thaw token` makes another. Ctrl-C stops."""

WITHOUT_KEY = """
  API    {address}
  Docs   {address}/docs
  Token  from your issuer: JWKS_URL or JWKS is set

Ctrl-C stops."""


def up(
    port: Annotated[int, typer.Option(min=1, max=65_000, help="Or the next free one.")] = 8000,
    host: Annotated[str, typer.Option(help="0.0.0.0 to be seen by other machines.")] = "127.0.0.1",
    reload: Annotated[bool, typer.Option(help="Restart when app/ changes.")] = True,  # noqa: FBT002
) -> None:
    """Serve the API with a database, demo data and a token, until Ctrl-C."""
    ours = chosen() is None
    try:
        with only_one() as sign, database() as url:
            port = free_port(host, port)
            importlib.import_module("app.settings").get_settings()  # here a mistake is a sentence
            with serving(host, port, sign, reload=reload) as server:
                if not ours:
                    note(f"using your database at {host_of(url)}, without adding the demo")
                prepare(url, demo=ours)
                address = f"http://{host}:{port}"
                await_answer(server, address)
                introduce(address)
                server.wait()
                raise Trouble("The API stopped by itself; its last words stand above.")
    except KeyboardInterrupt:
        note("stopped")


@contextmanager
def only_one() -> Iterator[IO[str]]:
    """Refuse to be the second in this checkout, and name the first."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "up").open("a+") as sign:
        if not claim(sign):
            sign.seek(0)
            raise Trouble(f"already running: {sign.read() or 'just starting'}")
        sign.truncate(0)
        yield sign


def free_port(host: str, wanted: int) -> int:
    for port in range(wanted, wanted + 20):
        try:
            socket.create_server((host, port)).close()
        except OSError:
            continue
        if port != wanted:
            note(f"port {wanted} is taken by another program; using {port}")
        return port
    raise Trouble(f"No free port from {wanted} to {wanted + 19}: name one with --port.")


@contextmanager
def serving(
    host: str, port: int, sign: IO[str], *, reload: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """Uvicorn in a process group of its own, so that Ctrl-C reaches only us, and we stop it.

    It inherits the sign's lock: should we be killed outright, the next `up` still finds it.
    """
    command = [sys.executable, "-m", "uvicorn", "app.main:app", f"--host={host}", f"--port={port}"]
    command += ["--no-access-log", "--log-level=warning", "--timeout-graceful-shutdown=3"]
    command += ["--reload", "--reload-dir=app"] if reload else []
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True, pass_fds=[sign.fileno()])
    try:
        sign.write(f"http://{host}:{port} (`kill {server.pid}` stops it)")
        sign.flush()
        yield server
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        with suppress(ProcessLookupError):  # as it should be: nobody is left of its group
            os.killpg(server.pid, signal.SIGKILL)


def prepare(url: str, *, demo: bool) -> None:
    """Migrate, and add the demo to a database of our own, while the API starts.

    It has no callers yet: nobody was told its address.
    """
    upgrade()
    if demo:
        with step("adding the demo"):
            from dev.seed import insert  # noqa: PLC0415  SQLModel takes a second

            insert(url)


def await_answer(server: subprocess.Popen[bytes], address: str) -> None:
    with step("starting the API"):
        end = time.monotonic() + PATIENCE
        while server.poll() is None and time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310  ours
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise Trouble(f"The API did not answer at {address}/health; its last words stand above.")


def introduce(address: str) -> None:
    """What to do next, for people to read and to paste."""
    token = mint("demo") if signs_here(configured()) else None
    print((WELCOME if token else WITHOUT_KEY).format(address=address, token=token), flush=True)
