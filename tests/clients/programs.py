"""The programs that make clients of our OpenAPI document, and a server for those to talk to."""

import json
import os
import subprocess
import sys
from pathlib import Path

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
