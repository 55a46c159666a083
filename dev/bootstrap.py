"""Makes .venv with nothing but a Python at hand: `make env`.

Standard library only, and old enough in style to start on Python 3.8 and say what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "thaw.stamp"
LISTS = [ROOT / "requirements.txt", ROOT / "dev" / "requirements.txt"]
OLDEST, NEWEST = (3, 11), (3, 13)
PATTERNS = (".pyenv/versions/*/bin/python", ".local/share/uv/python/*/bin/python")
"""Below the home directory: where pyenv and uv keep Pythons that PATH may not show."""

LAUNCHER = '#!/bin/sh\nPYTHONPATH={root} exec {root}/.venv/bin/python -P -m dev "$@"\n'

OFFLINE = (
    "Offline? Go online once: later runs need no network. "
    "Behind a mirror? Set UV_DEFAULT_INDEX (uv) and PIP_INDEX_URL (pip) to its address."
)


class Refusal(Exception):  # noqa: N818  it is read by people, as a sentence
    """Why there can be no .venv, and what to do."""


def main() -> None:
    python = version(str(VENV / "bin" / "python"))
    if python and is_fresh(python) and not os.environ.get("THAW_PYTHON"):
        return
    try:
        build(python, *choose(candidates()))
    except Refusal as refusal:
        sys.exit(paint("31", f"make env: {refusal}"))


def is_fresh(python: tuple[int, ...]) -> bool:
    return STAMP.exists() and STAMP.read_text() == fingerprint(python)


def fingerprint(python: tuple[int, ...]) -> str:
    """What .venv depends on; its place too, since scripts in it name it."""
    parts = [str(python).encode(), str(ROOT).encode(), *(path.read_bytes() for path in LISTS)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def candidates() -> Iterator[str]:
    """Every Python that might do, dead ones too: pyenv has shims for versions switched off."""
    if os.environ.get("THAW_PYTHON"):
        yield os.environ["THAW_PYTHON"]
        return
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        for folder in os.get_exec_path():
            found = shutil.which(name, path=folder)
            if found and not found.startswith(str(VENV)):
                yield found
    for pattern in PATTERNS:
        yield from sorted(map(str, Path.home().glob(pattern)))


def choose(pythons: Iterator[str]) -> tuple[str, tuple[int, ...]]:
    """The newest that runs, and its version; raises Refusal when none does."""
    running = [(path, found) for path in pythons for found in [version(path)] if found]
    fit = [one for one in running if OLDEST <= one[1][:2] <= NEWEST]
    if not fit:
        seen = ", ".join(sorted({"{}.{}".format(*found) for _, found in running})) or "none at all"
        raise Refusal(
            f"it takes a Python from 3.11 to 3.13, and here runs {seen}. "
            "Install one, or name it: THAW_PYTHON=/path/to/python make env"
        )
    return max(fit, key=lambda one: one[1])


def version(python: str) -> tuple[int, ...] | None:
    """What it says it is, or None if it does not run."""
    ask = [python, "-c", "import sys; print(*sys.version_info[:3])"]
    try:
        said = subprocess.run(ask, capture_output=True, check=True, text=True, timeout=20).stdout
        return tuple(int(number) for number in said.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def build(old: tuple[int, ...] | None, python: str, new: tuple[int, ...]) -> None:
    if new == old and is_fresh(new):
        return
    os.environ.setdefault("UV_LINK_MODE", "copy")  # else uv warns when its cache is another disk
    uv = find_uv(python)
    if new != old:
        shutil.rmtree(str(VENV), ignore_errors=True)
        words = "making .venv with Python {}.{}.{}".format(*new)
        run(words, [uv, "venv", "--no-project", "--no-python-downloads", "-p", python, str(VENV)])
    install = [uv, "pip", "install", "--exact", "--python", str(VENV / "bin" / "python")]
    for path in LISTS:
        install += ["-r", str(path)]
    run("installing the pinned packages", install, OFFLINE)
    write_launcher(VENV / "bin" / "thaw")
    STAMP.write_text(fingerprint(new))


def find_uv(python: str) -> str:
    """The uv on PATH, else a private one fetched by pip."""
    private = ROOT / ".thaw" / "uv"
    uv = private / "bin" / "uv"
    found = shutil.which("uv") or shutil.which(str(uv))
    if found:
        return found
    advice = f"{python} cannot: `apt install python3-venv` on Debian and Ubuntu, or install uv."
    run("making a place for uv", [python, "-m", "venv", "--clear", str(private)], advice)
    pip = [str(private / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"]
    run("fetching uv", pip, OFFLINE)
    return str(uv)


def run(words: str, command: list[str], advice: str = "") -> None:
    """Run a slow step and say how long it took; raises Refusal with its last words and advice."""
    print(f"{words} ...", end=" ", flush=True)
    begun = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, cwd=str(ROOT), text=True)
    if done.returncode:
        print(paint("31", "failed"))
        said = (done.stdout + done.stderr).strip().splitlines()[-8:]
        raise Refusal("\n".join([f"{words} failed.", *said, advice]))
    print(paint("32", f"{time.monotonic() - begun:.1f} s"))


def write_launcher(path: Path) -> None:
    """`thaw`, which works from any directory and takes no `dev` of that directory for ours."""
    path.write_text(LAUNCHER.format(root=shlex.quote(str(ROOT))))
    path.chmod(0o755)


def paint(colour: str, text: str) -> str:
    plain = os.environ.get("NO_COLOR") or not sys.stdout.isatty()
    return text if plain else f"\033[{colour}m{text}\033[0m"


if __name__ == "__main__":
    main()
