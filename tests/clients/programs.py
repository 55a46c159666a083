"""The programs that make clients of our OpenAPI document, and a server for those to talk to."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from dev import STATE, bootstrap, npm
from dev.locks import turn
from tests.documented import document

HERE = Path(__file__).parent
PINS = "requirements.txt"


def python() -> Path:
    """The programs of an environment for Python tools whose pins are not ours, made once."""
    home = STATE / "clients" / "python{}.{}".format(*sys.version_info[:2])
    home.mkdir(parents=True, exist_ok=True)
    with turn(home / "lock"):
        pins, done = (HERE / PINS).read_bytes(), home / "installed"
        if not done.exists() or done.read_bytes() != pins:
            uv, place = bootstrap.find_uv(sys.executable), str(home / "venv")
            run(uv, "venv", "--clear", "--no-project", "--python", sys.executable, place)
            run(uv, "pip", "install", "--python", place, "--requirements", str(HERE / PINS))
            done.write_bytes(pins)
    return home / "venv" / "bin"


def node() -> Path:
    """The folder with the Node packages, installed once."""
    home = STATE / "clients" / "node"
    npm.install(HERE, home)
    return home / "node_modules"


def run(*command: str, **environment: str) -> None:
    """Run a program that must succeed."""
    done = attempt(*command, cwd=None, **environment)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def attempt(
    *command: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program that may fail, to its end."""
    return subprocess.run(  # noqa: S603  our own programs
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        env={**os.environ, **environment},
    )


def written(folder: Path) -> Path:
    """The document, as a file in this folder."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(document()))
    return path


@contextmanager
def serving() -> Iterator[str]:
    """The app behind a real server; its address."""
    from app.main import app  # noqa: PLC0415  it reads the settings, which conftest makes

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
