"""Installs the Node programs that prove us right: pinned, below .thaw, once."""

import shutil
import subprocess
from pathlib import Path

from dev import Trouble
from dev.locks import turn

PINS = "package-lock.json"


class NodeMissing(Trouble):
    """The one thing that `make env` cannot install."""


def install(source: Path, home: Path) -> None:
    """Install what the lock file in `source` pins below `home`, unless that is done."""
    home.mkdir(parents=True, exist_ok=True)
    with turn(home / "lock"):
        pins = (source / PINS).read_bytes()
        done = home / "node_modules" / "installed"
        if not done.exists() or done.read_bytes() != pins:
            _install(source, home)
            done.write_bytes(pins)


def _install(source: Path, home: Path) -> None:
    for name in ("package.json", PINS):
        shutil.copy(source / name, home)
    # A package's own install scripts would run with our rights; these packages need none.
    command = [node("npm"), "ci", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund"]
    result = subprocess.run(command, cwd=home, check=False, capture_output=True, text=True)
    if result.returncode:
        raise Trouble(f"npm ci failed:\n{result.stderr.strip()}")


def node(program: str) -> str:
    """The path of `node` or `npm`."""
    found = shutil.which(program)
    if found is None:
        raise NodeMissing(f"This needs Node 20.19 or newer, and `{program}` is not on PATH.")
    return found
