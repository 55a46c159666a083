"""A real Better Auth server, to prove that the API accepts its tokens and lives in its database."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import STATE, Trouble
from dev.locks import turn

SOURCE = Path(__file__).parent
HOME = STATE / "better-auth"
PINS = "package-lock.json"


@contextmanager
def running(database_url: str) -> Iterator[str]:
    """Run it on a database, where it first makes its tables; yields its origin.

    Raises Trouble where Node is missing or the server does not start.
    """
    install()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "BETTER_AUTH_SECRET": secrets.token_urlsafe(32),
    }
    with subprocess.Popen(
        [node("node"), HOME / "server.mjs"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout  # noqa: S101  a pipe
        origin = server.stdout.readline().strip()
        if not origin:
            raise Trouble("Better Auth did not start; it says why above.")
        yield origin  # leaving closes its standard input, which ends it


def install() -> None:
    """Copy it below .thaw and install its pinned packages there, unless that is done."""
    HOME.mkdir(parents=True, exist_ok=True)
    with turn(HOME / "lock"):
        shutil.copy(SOURCE / "server.mjs", HOME)
        pins = (SOURCE / PINS).read_bytes()
        done = HOME / "node_modules" / "installed"
        if not done.exists() or done.read_bytes() != pins:
            install_packages()
            done.write_bytes(pins)


def install_packages() -> None:
    for name in ("package.json", PINS):
        shutil.copy(SOURCE / name, HOME)
    # A package's own install scripts would run with our rights; these packages need none.
    command = [node("npm"), "ci", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund"]
    result = subprocess.run(command, cwd=HOME, check=False, capture_output=True, text=True)
    if result.returncode:
        raise Trouble(f"npm ci failed:\n{result.stderr.strip()}")


def node(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Trouble(f"Better Auth needs Node 20 or newer, and `{program}` is not on PATH.")
    return found
