"""Builds the one zip that every Lambda function of ours runs from: the same input, the same bytes.

A start is mostly import, so the bytecode goes along, and is never checked against its source: a
zip loses the times by which Python would find it stale, and compile all of it anew, each time.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

from dev import ROOT, STATE
from dev.aws import PYTHON, Architecture, zipping
from dev.aws.installing import interpreter, run, uv
from dev.locks import turn
from dev.progress import step

OUTPUT = STATE / "build"
FOLDERS = ("api", "app", "migrations")
PINS = "requirements.txt"
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
"""Lambda's Python 3.13 has glibc 2.34. 2.28 is what psycopg2-binary asks for on arm64, which has no
wheel for manylinux2014, and laptops have it too: what runs there runs here."""

LEFT_OUT = (
    "bin",  # programs, which hold the path of this machine's Python
    "**/__pycache__",  # from a uv whose environment tells it to compile: it goes by the clock
    # Pydantic 1: FastAPI asks of every type whether it is one of these, only to refuse it. Without
    # them the answer is no, and a process that starts has a dozen milliseconds less to import.
    "pydantic/v1",
    "*/testing",  # sqlalchemy, alembic and mako test themselves, and whoever extends them
    # How they were installed, with the checksums of those programs. What says which version is
    # there, what it plugs into and under which licence stays.
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)


def build(architecture: Architecture, output: Path = OUTPUT) -> Path:
    """Build `thaw-lambda-<architecture>.zip` in that folder, whatever this machine's own is.

    Raises Trouble where a package has no wheel for it, or no Python of Lambda's version is here.
    """
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"thaw-lambda-{architecture}.zip"
    with turn(output / "lock"):
        write(architecture, path)
    return path


def built(architecture: Architecture) -> Path:
    """The zip as the sources are now: built anew where any of them is younger."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"thaw-lambda-{architecture}.zip"
    with turn(OUTPUT / "lock"):
        if not path.exists() or path.stat().st_mtime <= changed():
            write(architecture, path)
    return path


def changed() -> float:
    """When anything that goes into a zip was last changed."""
    files = [ROOT / PINS, Path(__file__), Path(zipping.__file__)]
    for folder in FOLDERS:
        files += [each for each in (ROOT / folder).rglob("*") if "__pycache__" not in each.parts]
    return max(each.stat().st_mtime for each in files)


def write(architecture: Architecture, path: Path) -> None:
    begun = time.time()
    with tempfile.TemporaryDirectory(prefix="thaw-build-") as scratch:
        bundle = Path(scratch)
        with step(f"installing the packages for {architecture}"):
            install(architecture, bundle)
        copy(bundle)
        with step("compiling"):
            compile_all(bundle)
        with step(f"writing {path.name}"):
            zipping.write(bundle, path)
    os.utime(path, (begun, begun))  # what is changed meanwhile is younger


def install(architecture: Architecture, bundle: Path) -> None:
    """Put the pinned packages there, as wheels: nothing is compiled, and no setup.py is run."""
    command: list[str | Path] = [uv(), "pip", "install", "--quiet", "--target", bundle]
    command += ["--python", interpreter(), "--python-platform", PLATFORMS[architecture]]
    command += ["--python-version", "{}.{}".format(*PYTHON), "--only-binary", ":all:"]
    run(*command, "--no-deps", "--link-mode", "copy", "--requirements", ROOT / PINS)
    for pattern in LEFT_OUT:
        for found in [*bundle.glob(pattern)]:
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def copy(bundle: Path) -> None:
    """All three folders of what is deployed, as they are."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, bundle / folder, ignore=ignored)


def compile_all(bundle: Path) -> None:
    """Compile every module, in one order; nothing in the bytecode says where it was compiled."""
    options = ["-q", "--invalidation-mode", "unchecked-hash"]
    places: list[str | Path] = ["-s", bundle, "-p", "/var/task", bundle]
    run(interpreter(), "-I", "-m", "compileall", *options, *places)
