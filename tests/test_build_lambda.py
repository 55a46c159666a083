"""The zip that Lambda gets: all that is needed, nothing else, and the same bytes each time."""

import importlib.util
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dev import ROOT, Trouble, bootstrap
from dev.aws import Architecture, building, installing, zipping
from dev.build import app
from tests.needs import needs, python

MACHINES = {"x86_64": 62, "arm64": 183}
"""How ELF numbers them (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html)."""

MAGIC = (3571).to_bytes(2, "little") + b"\r\n"
"""What Python 3.13 writes at the head of its bytecode, whichever Python runs this."""

UNCHECKED = 1
"""What PEP 552 writes behind the magic number: a hash of the source, and do not look at it."""


def thaw_build(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def tree(folder: Path) -> Path:
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "two").write_text("2" * 1000)
    (folder / "a").write_text("1")
    return folder


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    (two / "a").chmod(0o600)
    os.utime(two / "b" / "two", (1, 1))
    zipping.write(one, tmp_path / "one.zip")
    zipping.write(two, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        assert archive.namelist() == ["a", "b/two"]
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_parts_are_weighed_the_biggest_first(tmp_path: Path) -> None:
    zipping.write(tree(tmp_path / "one"), tmp_path / "one.zip")
    parts = zipping.parts(tmp_path / "one.zip")
    assert [(part.name, part.unzipped) for part in parts] == [("b", 1000), ("a", 1)]
    assert parts[0].zipped < 1000


@pytest.mark.parametrize("budget", ["ZIPPED", "UNZIPPED"])
def test_a_zip_over_its_budget_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: str
) -> None:
    path = tmp_path / "one.zip"
    zipping.write(tree(tmp_path / "one"), path)
    assert zipping.weigh(path) == (path.stat().st_size, 1001)
    monkeypatch.setattr(zipping, budget, 100)
    with pytest.raises(Trouble, match=r"one\.zip is .* dev/aws/zipping\.py"):
        zipping.weigh(path)


def test_without_a_python_of_lambdas_version_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installing.interpreter.cache_clear()
    monkeypatch.setattr(bootstrap, "version", lambda _: (3, 11, 7))
    with pytest.raises(Trouble, match=r"no `python3\.13` runs here"):
        installing.interpreter()


@pytest.fixture(scope="module", params=MACHINES)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    found: Architecture = request.param
    return found


@pytest.fixture(scope="module")
def built(
    architecture: Architecture, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(building.build(architecture, tmp_path_factory.mktemp("built"))) as found:
        yield found


@needs(python)
@pytest.mark.slow
def test_building_again_elsewhere_gives_the_same_bytes(
    built: zipfile.ZipFile,
    architecture: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, value in {
        "UV_COMPILE_BYTECODE": "1",
        "PYTHONOPTIMIZE": "2",
        "TZ": "Asia/Tokyo",
    }.items():
        monkeypatch.setenv(name, value)
    again = building.build(architecture, tmp_path / "again")
    assert again.read_bytes() == Path(str(built.filename)).read_bytes()


@needs(python)
@pytest.mark.slow
def test_it_holds_what_is_deployed_and_nothing_of_dev_or_tests(built: zipfile.ZipFile) -> None:
    names = set(built.namelist())
    for folder in building.FOLDERS:
        ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}
        assert ours <= names
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"dev", "tests", "bin", "pyproject.toml", "boto3", "awslambdaric"}
    assert not [top for top in tops if top.startswith(".")]
    assert not [name for name in names if re.search(r"(^|/)(tests?|testing)/", name)]


@needs(python)
@pytest.mark.slow
def test_it_holds_the_pinned_versions_and_no_others(built: zipfile.ZipFile) -> None:
    pins = re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    told = {name.partition("/")[0] for name in built.namelist() if ".dist-info/" in name}
    assert told == {f"{name.replace('-', '_')}-{version}.dist-info" for name, version in pins}


@needs(python)
@pytest.mark.slow
def test_every_module_is_compiled_from_the_source_beside_it(built: zipfile.ZipFile) -> None:
    names = set(built.namelist())
    sources = [name for name in names if name.endswith(".py")]
    assert len(sources) > 500
    for name in sources:
        place, _, module = name.rpartition("/")
        cached = f"{place}/__pycache__/{module[:-3]}.cpython-313.pyc".lstrip("/")
        head = built.read(cached)[:16]
        flags = int.from_bytes(head[4:8], "little")
        assert (head[:4], flags) == (MAGIC, UNCHECKED), cached
        assert head[8:] == importlib.util.source_hash(built.read(name)), cached


@needs(python)
@pytest.mark.slow
def test_nothing_in_it_tells_of_this_machine(built: zipfile.ZipFile) -> None:
    places = [str(ROOT).encode(), b"thaw-build-"]
    for name in built.namelist():
        content = built.read(name)
        assert not [place for place in places if place in content], name


@needs(python)
@pytest.mark.slow
def test_its_machine_code_is_for_its_machine(
    built: zipfile.ZipFile, architecture: Architecture
) -> None:
    code = [head for name in built.namelist() if (head := built.read(name)[:20])[:4] == b"\x7fELF"]
    assert len(code) > 10
    assert {int.from_bytes(head[18:20], "little") for head in code} == {MACHINES[architecture]}


@needs(python)
@pytest.mark.slow
def test_the_command_prints_what_weighs_most_and_fails_when_that_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = thaw_build("lambda", "--arch", "arm64", "--output", str(tmp_path))
    assert done.exit_code == 0, done.output
    rows = re.findall(r"^│ (\S.*?) +│ +([\d.]+) +│ +([\d.]+) +│$", done.stdout, re.MULTILINE)
    assert len(rows) == 11
    assert rows[0][0] == "sqlalchemy"
    whole = float(done.stdout.split()[-3])
    assert sum(float(unzipped) for _, _, unzipped in rows) == pytest.approx(whole, abs=1)
    monkeypatch.setattr(zipping, "UNZIPPED", 1)
    assert isinstance(thaw_build("lambda", "--output", str(tmp_path)).exception, Trouble)


@needs(python)
@pytest.mark.slow
def test_it_is_built_anew_when_a_file_is_changed_renamed_or_gone_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in building.FOLDERS:
        (tmp_path / folder).mkdir()
    (tmp_path / building.PINS).touch()
    (tmp_path / "app" / "one.py").write_text("1")
    (tmp_path / "app" / "two.py").write_text("2")
    monkeypatch.setattr(building, "ROOT", tmp_path)
    monkeypatch.setattr(building, "OUTPUT", tmp_path / "output")

    def ours() -> set[str]:
        with zipfile.ZipFile(building.built("arm64")) as archive:
            return {name for name in archive.namelist() if re.fullmatch(r"app/\w+\.py", name)}

    assert ours() == {"app/one.py", "app/two.py"}
    (tmp_path / "app" / "one.py").unlink()
    assert ours() == {"app/two.py"}
    (tmp_path / "app" / "two.py").rename(tmp_path / "app" / "three.py")
    assert ours() == {"app/three.py"}
    first = building.built("arm64").stat()
    (tmp_path / "app" / "three.py").touch()
    assert building.built("arm64").stat().st_mtime_ns == first.st_mtime_ns
    (tmp_path / "app" / "three.py").write_text("3")
    assert building.built("arm64").stat().st_mtime_ns > first.st_mtime_ns
