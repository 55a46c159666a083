"""Builds what Vercel would build, with Vercel's own builder, and without an account.

It works on a copy: the builder writes into its folder, a uv.lock and more, which it would read and
believe the next time.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import ROOT, STATE, Trouble, npm
from dev.aws import stamps
from dev.aws.installing import interpreter, uv
from dev.locks import turn
from dev.programs import on_path
from dev.progress import note, step
from dev.vercel import bundle

SOURCE = Path(__file__).parent
HOME = STATE / "vercel"
OUTPUT = STATE / "build" / "vercel"
PROJECT = {"orgId": "here", "projectId": "here", "settings": {"framework": None}}
"""What signing in would fetch: with it, the builder asks nobody."""

NOT_OURS = ("PYTHON", "VERCEL", "VIRTUAL_ENV")
"""Variables that begin so would have a say in the build."""


def build(place: Path = OUTPUT) -> Path:
    """Build into that folder, which is then what `vercel deploy --prebuilt` sends.

    Raises Trouble where it cannot be built, or would not be what we mean to deploy.
    """
    with undisturbed(place):
        return make(place)


def built(place: Path = OUTPUT) -> Path:
    """The same, unless it was built from what is here now."""
    with undisturbed(place):
        return place if stamps.fresh(place / "stamp", fingerprint()) else make(place)


@contextmanager
def undisturbed(place: Path) -> Iterator[None]:
    """One builder at a time."""
    place.mkdir(parents=True, exist_ok=True)
    with turn(place.with_name(f"{place.name}.lock")):
        yield


def make(place: Path) -> Path:
    with step("installing Vercel's command line"):
        npm.install(SOURCE, HOME)
    seen = fingerprint()
    copy(place)
    with step("building as Vercel does"):
        run_builder(place)
    if wrong := bundle.wrong(place):
        raise Trouble("\n".join(["what Vercel would run is not what we mean:", *wrong]))
    (place / "stamp").write_text(seen)
    weigh(place)
    return place


def copy(place: Path) -> None:
    """Put what Vercel would be sent there, and nothing else."""
    shutil.rmtree(place)
    for name in sent():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place / name)
    (place / ".vercel").mkdir()
    (place / ".vercel" / "project.json").write_text(json.dumps(PROJECT))


def sent() -> list[str]:
    """The files that git knows or would know, but for those that .vercelignore names."""
    known = git("--cached", "--others", "--exclude-standard")
    ignored = git("--cached", "--others", "--ignored", "--exclude-from=.vercelignore")
    return sorted(name for name in known - ignored if (ROOT / name).is_file())


def git(*options: str) -> set[str]:
    ask = [on_path("git"), "ls-files", "-z", *options]
    done = subprocess.run(ask, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Trouble("git cannot tell what belongs to this checkout; it builds from a clone.")
    return {name for name in done.stdout.split("\0") if name}


def fingerprint() -> str:
    """Of all that decides what is built: the files sent, the builder's version and its use."""
    files = [ROOT / name for name in sent()]
    return stamps.fingerprint([*files, SOURCE / npm.PINS, Path(__file__)])


def run_builder(place: Path) -> None:
    """Raises Trouble with the builder's last words."""
    program, settings = HOME / "node_modules" / ".bin" / "vercel", HOME / "settings"
    # A folder of its own for settings: whoever is signed in here has no part in it.
    done = subprocess.run(
        [program, "build", "--yes", "--standalone", "--global-config", settings],
        cwd=place,
        env=environment(place),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise Trouble("\n".join(["`vercel build` failed.", *said]))


def environment(place: Path) -> dict[str, str]:
    """Ours, and what `vercel deploy` would tell the builder there: vercel.json's `build.env`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
    folders = [str(original_python().parent), str(Path(uv()).parent), kept.get("PATH", "")]
    return {
        "UV_LINK_MODE": "copy",  # else uv warns when its cache is another disk
        **kept,
        **bundle.config(place)["build"]["env"],
        "PATH": os.pathsep.join(folders),
        "VERCEL_TELEMETRY_DISABLED": "1",
    }


def original_python() -> Path:
    """The Python that environments are made of: the builder overlooks one in an environment."""
    ask = [interpreter(), "-c", "import sys; print(sys.base_prefix)"]
    prefix = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    return Path(prefix, "bin", "python3")


def weigh(place: Path) -> None:
    parts = bundle.parts(bundle.function(place))
    biggest = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in parts[:10])
    note(
        f"{sum(size for _, size in parts) / 1e6:.1f} MB of the 250 MB that Vercel takes: {biggest}"
    )
