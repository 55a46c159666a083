"""Runs Postgres' own client programs against a server, with its password out of others' sight."""

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dev import Trouble
from dev.neon.computes.compute import VERSION
from dev.programs import as_owner, folder


def ask(program: str, url: str, *options: str, owned: Path, database: str = "postgres") -> str:
    """What pg_dump or pg_basebackup says, run as a directory's owner; raises Trouble.

    The password goes by the environment: anybody on the machine can read a command line.
    """
    server = urlsplit(url)
    who = [f"--host={server.hostname}", f"--port={server.port}", f"--username={server.username}"]
    done = subprocess.run(
        [*as_owner(owned), folder(VERSION) / program, *who, "--no-password", *options],
        check=False,
        capture_output=True,
        cwd=owned,
        env={**os.environ, "PGPASSWORD": unquote(server.password or ""), "PGDATABASE": database},
        text=True,
    )
    if done.returncode:
        raise Trouble(f"{program} failed: {done.stderr.strip()}")
    return done.stdout
