"""A real Better Auth server, to prove that the API accepts its tokens and lives in its database."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import STATE, Trouble, npm

SOURCE = Path(__file__).parent
HOME = STATE / "better-auth"


@contextmanager
def running(database_url: str) -> Iterator[str]:
    """Run it on a database, where it first makes its tables; yields its origin.

    Raises Trouble where Node is missing or the server does not start.
    """
    install()
    secret = secrets.token_urlsafe(32)
    environment = os.environ | {"DATABASE_URL": database_url, "BETTER_AUTH_SECRET": secret}
    with subprocess.Popen(
        [npm.node("node"), HOME / "server.mjs"],
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
    npm.install(SOURCE, HOME)
    shutil.copy(SOURCE / "server.mjs", HOME)
