"""What Vercel would build, built here by its own builder, is what we mean, and is what is sent."""

import json
import re
import subprocess
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from dev import ROOT, Trouble
from dev.aws import PYTHON
from dev.vercel import building, bundle
from tests import vercel

BROUGHT_ALONG = {"pip", "vercel-runtime"}
"""By Vercel's builder, into every bundle."""

UNCHECKED = (1).to_bytes(4, "little")
"""What PEP 552 writes into bytecode that is never compared with its source and its time."""

ID = "team_here"
"""Of a team, by which Vercel's command line tells it from a person, and of its one project."""


@pytest.fixture(scope="module")
def place() -> Path:
    return vercel.place()


@pytest.mark.slow
def test_what_vercel_would_run_is_what_we_mean(place: Path) -> None:
    assert bundle.wrong(place) == []
    assert [path.name for path in bundle.functions(place)] == ["fastapi.func"]
    routes = json.loads((place / ".vercel/output/config.json").read_text())["routes"]
    assert {"handle": "filesystem"} not in routes
    assert not (place / ".vercel/output/static").exists()


@pytest.mark.slow
def test_the_bundle_holds_the_pinned_packages_and_no_others(place: Path) -> None:
    pins = re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    found = [
        path.name.removesuffix(".dist-info").rsplit("-", 1)
        for path in (bundle.function(place) / "_vendor").glob("*.dist-info")
    ]
    held = {(name.replace("_", "-").lower(), version) for name, version in found}
    assert {each for each in held if each[0] not in BROUGHT_ALONG} == set(pins)


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_nothing_is_written_into_the_checkout() -> None:
    written = ("uv.lock", ".python-version", ".vercel", "thaw.egg-info")
    assert not [name for name in written if (ROOT / name).exists()]


@pytest.mark.slow
def test_every_module_is_compiled_and_the_packages_too(place: Path) -> None:
    """Else each start compiles it: nothing can be written there."""
    function = bundle.function(place)
    sources = [path for path in function.rglob("*.py") if path.parent != function]
    assert len(sources) > 500
    for path in sources:
        compiled = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
        assert compiled.read_bytes()[4:8] == UNCHECKED, compiled


def test_vercel_is_sent_what_the_function_is_built_from_and_nothing_else() -> None:
    sent = building.sent()
    rest = [name for name in sent if not name.startswith(("api/", "app/"))]
    assert rest == ["pyproject.toml", "requirements.txt", "vercel.json"]
    assert {"api/index.py", "app/main.py", "app/tasks/routes.py"} <= set(sent)


def test_vercel_is_left_no_choice_of_a_python() -> None:
    """It takes the newest that the project allows, and this machine may have but one of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = SpecifierSet(project["requires-python"])
    assert [minor for minor in range(30) if f"3.{minor}.5" in allowed] == [PYTHON[1]]
    assert "python{}.{}".format(*PYTHON) == bundle.RUNTIME


class Recorder(BaseHTTPRequestHandler):
    """Answers `vercel deploy` until it has sent what it wants deployed, and then refuses."""

    asked: dict[str, Any]

    def do_GET(self) -> None:
        people = {"user": {"id": "me", "username": "me", "email": "me@example.com"}}
        self.reply(200, {"id": ID, "name": "thaw", "slug": "thaw", "accountId": ID, **people})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if "/deployments" in self.path:
            type(self).asked = json.loads(content)
        self.reply(400, {"error": {"code": "seen", "message": "seen"}})

    def reply(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def deployed(folder: Path, *options: str) -> dict[str, Any]:
    """What `vercel deploy` asks Vercel to deploy from there."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        there = f"http://127.0.0.1:{server.server_address[1]}"
        program = building.HOME / "node_modules" / ".bin" / "vercel"
        command = [str(program), "deploy", "--yes", "--token=a", "--api", there, *options]
        done = subprocess.run(  # noqa: S603  the pinned program
            [*command, "--global-config", str(building.HOME / "settings")],
            cwd=folder,
            env={**building.environment(ROOT), "VERCEL_ORG_ID": ID, "VERCEL_PROJECT_ID": ID},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        server.shutdown()
    assert "seen" in done.stderr, done.stderr
    return Recorder.asked


@pytest.mark.slow
@pytest.mark.usefixtures("place")  # which installs Vercel's command line
def test_deploying_sends_those_files_and_asks_for_bytecode_and_a_wide_pool(tmp_path: Path) -> None:
    known = building.git("--cached", "--others", "--exclude-standard")
    for name in [*known, ".env", "app/.env", "app/__pycache__/main.cpython-313.pyc"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes() if name in known else b"secret")
    asked = deployed(tmp_path)
    assert sorted(each["file"] for each in asked["files"]) == building.sent()
    assert asked["build"]["env"] == {"VERCEL_PYTHON_COMPILEALL": "1"}
    assert int(asked["env"]["DATABASE_POOL_SIZE"]) > 1
    assert asked["git"] == {"deploymentEnabled": False}


@pytest.mark.slow
def test_what_is_built_here_can_be_deployed_as_it_is(place: Path) -> None:
    asked = deployed(place, "--prebuilt")
    sent = {each["file"] for each in asked["files"]}
    built = bundle.files(place / ".vercel" / "output")
    assert {f".vercel/output/{name}" for name in built if name.startswith("functions/")} <= sent
    assert {name for name in sent if not name.startswith(".vercel/output/")} <= {"vercel.json"}
    assert asked["regions"] == bundle.config(place)["regions"]
    assert asked["env"] == bundle.config(place)["env"]


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_what_the_builder_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / ".vercel").mkdir()
    (tmp_path / ".vercel" / "project.json").write_text(json.dumps(building.PROJECT))
    config = {"functions": {"api/index.py": {"runtime": "python3.13"}}, "build": {"env": {}}}
    (tmp_path / "vercel.json").write_text(json.dumps(config))
    with pytest.raises(Trouble, match=r"(?s)`vercel build` failed\..*[Rr]untime"):
        building.run_builder(tmp_path)


@pytest.fixture
def faultless(tmp_path: Path) -> Path:
    """The least that has no fault."""
    function = tmp_path / ".vercel/output/functions/fastapi.func"
    for folder in ("app/__pycache__", "api", "_vendor"):
        (function / folder).mkdir(parents=True)
    (function / "vc__handler__python.py").write_text('"__VC_HANDLER_ENTRYPOINT": "api/index.py"')
    (function / ".vc-config.json").write_text('{"runtime": "python3.13", "maxDuration": 9}')
    (function / "app/__pycache__/main.cpython-313.pyc").touch()
    config = {"functions": {"api/index.py": {"maxDuration": 9}}, "crons": [{"path": "/a"}]}
    (tmp_path / "vercel.json").write_text(json.dumps(config))
    (tmp_path / ".vercel/output/config.json").write_text(json.dumps({"crons": config["crons"]}))
    assert bundle.wrong(tmp_path) == []
    return tmp_path


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("static/app/main.py", "", "anybody can read"),
        ("functions/fastapi.func/tests/test_a.py", "", "it holds ['tests']"),
        ("functions/fastapi.func/.env", "", "it holds ['.env']"),
        ("functions/other.func/a.py", "", "it has 2 functions"),
        (
            "functions/fastapi.func/.vc-config.json",
            '{"runtime": "python3.12", "maxDuration": 9}',
            "it runs on python3.12",
        ),
        (
            "functions/fastapi.func/.vc-config.json",
            '{"runtime": "python3.13", "maxDuration": 300}',
            "settings of api/index.py were not heeded",
        ),
        (
            "functions/fastapi.func/.vc-config.json",
            '{"runtime": "python3.13"}',
            "settings of api/index.py were not heeded",
        ),
        ("functions/fastapi.func/vc__handler__python.py", '"app/main.py"', "begins elsewhere"),
        ("config.json", "{}", "crons were not heeded"),
    ],
)
def test_a_fault_of_what_was_built_is_found(
    faultless: Path, path: str, content: str, said: str
) -> None:
    file = faultless / ".vercel/output" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    (sentence,) = bundle.wrong(faultless)
    assert said in sentence


def test_missing_bytecode_and_a_missing_function_are_found(faultless: Path) -> None:
    function = bundle.function(faultless)
    (function / "app/__pycache__/main.cpython-313.pyc").unlink()
    assert bundle.wrong(faultless) == ["it is not compiled, and would start slowly"]
    function.rename(function.with_suffix(".folder"))
    assert bundle.wrong(faultless) == ["it has 0 functions, and should have one"]
