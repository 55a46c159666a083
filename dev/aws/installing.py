"""Lambda's Python, and what AWS puts beside a function: pinned, below .thaw, installed once."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from dev import ROOT, STATE, Trouble, bootstrap
from dev.aws import PYTHON
from dev.locks import turn
from dev.progress import step

VERSION = "{}.{}".format(*PYTHON)


@cache
def interpreter() -> str:
    """A Python of Lambda's version; raises Trouble where this machine has none."""
    for path in candidates():
        found = bootstrap.version(path)
        if found and found[:2] == PYTHON:
            return path
    raise Trouble(
        f"Lambda runs Python {VERSION}, bytecode of another version is no use to it, and no "
        f"`python{VERSION}` runs here: install one."
    )


def candidates() -> Iterator[str]:
    """Ours first. THAW_PYTHON, which may name an older one for laptops, hides none of the rest."""
    yield sys.executable
    yield from bootstrap.candidates()
    yield shutil.which(f"python{VERSION}") or ""


@cache
def uv() -> str:
    try:
        with redirect_stdout(sys.stderr):  # where it says that it fetches one
            return bootstrap.find_uv(interpreter())
    except bootstrap.Refusal as refusal:
        raise Trouble(str(refusal)) from None


def environment(pins: Path) -> Path:
    """An environment of Lambda's Python that holds what this file pins, and nothing else."""
    home = STATE / "aws" / pins.stem
    home.mkdir(parents=True, exist_ok=True)
    with turn(home / "lock"):
        wanted, done = pins.read_bytes(), home / "installed"
        if not done.exists() or done.read_bytes() != wanted:
            with step(f"installing what {pins.relative_to(ROOT)} pins"):
                make(home / "venv", pins)
            done.write_bytes(wanted)
    return home / "venv"


def make(venv: Path, pins: Path) -> None:
    run(uv(), "venv", "--quiet", "--clear", "--no-project", "--python", interpreter(), venv)
    # Compiled, as it is on Lambda: else each start would compile it, and throw that away.
    options = ["--python", str(venv), "--no-deps", "--compile-bytecode", "--link-mode", "copy"]
    run(uv(), "pip", "install", "--quiet", *options, "--requirements", pins)


def run(*command: str | Path) -> None:
    """Run a program that must succeed; raises Trouble with its last words."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-8:]
        raise Trouble("\n".join([f"{Path(command[0]).name} failed.", *said]))
