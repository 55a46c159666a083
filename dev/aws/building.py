"""Builds the one zip that every Lambda function of ours runs from: the same input, the same bytes.

A start is mostly import, so the bytecode goes along, and is never checked against its source: a
zip loses the times by which Python would find it stale, and compile all of it anew, each time.
"""

import re
import shutil
import tempfile
from pathlib import Path

from dev import ROOT, STATE
from dev.aws import PYTHON, Architecture, stamps, zipping
from dev.aws.installing import interpreter, run, uv
from dev.locks import turn
from dev.progress import step

OUTPUT = STATE / "build"
FOLDERS = ("api", "app", "migrations")
PINS = "requirements.txt"
STAMP = ".stamp"
HIDDEN = re.compile(r"/(\.|__pycache__/)")
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
"""Lambda's Python 3.13 has glibc 2.34. 2.28 is what psycopg2-binary asks for on arm64, which has no
wheel for manylinux2014, and laptops have it too: what runs there runs here."""

LEFT_OUT = (
    ".lock",  # uv's, while it installs
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
    """The zip as it would be built now, and built anew only where it is not."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"thaw-lambda-{architecture}.zip"
    with turn(OUTPUT / "lock"):
        if not path.exists() or not stamps.fresh(path.with_suffix(STAMP), fingerprint()):
            write(architecture, path)
    return path


def fingerprint() -> str:
    """Of all that decides what is built: our sources, the packages' versions, and who builds."""
    return stamps.fingerprint([*sources(), ROOT / PINS, *Path(__file__).parent.glob("*.py")])


def sources() -> list[Path]:
    """The files of what is deployed."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path for path in found if not HIDDEN.search(path.relative_to(ROOT).as_posix())]


def write(architecture: Architecture, path: Path) -> None:
    seen, stamp = fingerprint(), path.with_suffix(STAMP)
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="thaw-build-") as scratch:
        bundle = Path(scratch)
        with step(f"installing the packages for {architecture}"):
            install(architecture, bundle)
        copy(bundle)
        with step("compiling"):
            compile_all(bundle)
        with step(f"writing {path.name}"):
            zipping.write(bundle, path)
    stamp.write_text(seen)  # of before: what is changed meanwhile is built the next time


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
    for path in sources():
        place = bundle / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def compile_all(bundle: Path) -> None:
    """Compile every module, in one order; nothing in the bytecode says where it was compiled."""
    options = ["-q", "--invalidation-mode", "unchecked-hash"]
    places: list[str | Path] = ["-s", bundle, "-p", "/var/task", bundle]
    run(interpreter(), "-I", "-m", "compileall", *options, *places)
