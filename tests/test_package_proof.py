"""`thaw prove package`: what is compared is the same code, and the judge can say no."""

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from dev import ROOT, aws
from dev.aws import building, zipping
from dev.events import DOORS
from dev.local import environment
from dev.prove import Verdict, _package_usual, package
from dev.prove._cold_looks import listing
from dev.prove._package_looks import BARE, CHILD, CPU, INIT, OURS, USUAL, libraries
from tests.needs import linux, needs, node, python

GOOD = {USUAL: 1.5, INIT: 0.5, BARE: 0.4, OURS: 0.42}


def judged(folder: Path, **changed: float) -> Verdict:
    """What is said of three rounds that all took as long as GOOD says, but for what is changed."""
    path = folder / "small.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app/main.py", "pass")
    times = GOOD | changed
    seen = {what: [seconds] * 3 for what, seconds in times.items()}
    seen |= {CPU.format(what): seen[what] for what in (BARE, OURS)}
    return package.judge(seen, path)


def test_a_quick_start_and_a_quick_answer_meet_the_goal(tmp_path: Path) -> None:
    verdict = judged(tmp_path)
    assert verdict.met
    assert "0.33 x" in verdict.figure
    assert "1.05 x bare" in verdict.figure


@pytest.mark.parametrize("slow", [{INIT: 0.61}, {OURS: 0.45}, {USUAL: 1.2}, {BARE: 0.38}])
def test_a_slow_one_misses_it(tmp_path: Path, slow: dict[str, float]) -> None:
    assert not judged(tmp_path, **slow).met


@pytest.mark.parametrize("limit", ["ZIPPED", "UNZIPPED"])
def test_a_heavy_zip_misses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(zipping, limit, 3)
    assert not judged(tmp_path).met


def test_rounds_are_compared_one_by_one() -> None:
    """A round that a busy machine made twice as long says nothing of us."""
    seen = {OURS: [0.42, 0.84, 0.42], BARE: [0.4, 0.8, 0.4]}
    assert package.ratio(seen, OURS, BARE) == pytest.approx(1.05)


def test_bare_imports_what_the_app_imports_of_libraries_and_nothing_else() -> None:
    found = libraries(ROOT / "app")
    tops = {name.partition(".")[0] for name in found}
    assert {"fastapi", "jwt", "mangum", "psycopg2", "pydantic_settings", "sqlmodel"} <= tops
    assert "sqlalchemy.dialects.postgresql" in found
    assert not tops & {"app", "dev", "json", "migrations", "alembic", "boto3"}


@pytest.mark.parametrize("kind", ["door", "bare"])
def test_both_scripts_answer_and_say_when(kind: str) -> None:
    told = {"door": DOORS["v2"](listing()), "bare": libraries(ROOT / "app")}[kind]
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-P", CHILD, kind, json.dumps(told)],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), **environment(os.environ["DATABASE_URL"])},
    )
    status, ended, cpu = done.stdout.splitlines()[-1].split()
    assert status == "200"
    assert began < float(ended) < time.monotonic()
    assert 0 < float(cpu) < 60


def test_files_have_the_times_that_their_zip_gives_them(tmp_path: Path) -> None:
    path, moment = tmp_path / "one.zip", (2001, 2, 3, 4, 5, 6)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app/main.py", moment), "pass")
    file = _package_usual.unpack(path, tmp_path / "there") / "app" / "main.py"
    assert time.localtime(file.stat().st_mtime)[:6] == moment


@pytest.mark.slow
@needs(node, python, linux)  # elsewhere the plugin would take that machine's wheels
def test_what_is_packaged_as_usual_is_the_same_code(tmp_path: Path) -> None:
    theirs, ours = _package_usual.package(tmp_path), building.built(aws.here())
    assert sources(theirs) == sources(ours)


def sources(path: Path) -> dict[str, int]:
    """Our own modules in a zip, and the libraries' that both must have, by checksum."""
    with zipfile.ZipFile(path) as archive:
        return {
            entry.filename: entry.CRC
            for entry in archive.infolist()
            if entry.filename.endswith(".py")
            and entry.filename.startswith(("api/", "app/", "migrations/", "fastapi/", "sqlmodel/"))
        }
