"""Clients that two generators make of our OpenAPI document, at work against the app."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import npm
from dev.prove._served import served
from tests.clients import programs
from tests.documented import document
from tests.needs import needs, node
from tests.people import Person

pytestmark = pytest.mark.slow
needs_node = needs(node)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


def generate(openapi: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """Make the Python client; a warning is a failure."""
    tools = programs.python()
    return programs.attempt(
        str(tools / "openapi-python-client"),
        *("generate", "--meta", "none", "--fail-on-warning", "--overwrite"),
        *("--path", str(openapi), "--output-path", str(package)),
        PATH=f"{tools}:{os.environ['PATH']}",  # it formats by the ruff that it finds there
    )


def operations() -> set[str]:
    return {
        operation["operationId"]
        for methods in document()["paths"].values()
        for operation in methods.values()
    }


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated Python package."""
    folder = tmp_path_factory.mktemp("python")
    package = folder / "thaw_client"
    done = generate(programs.written(folder), package)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [f"Generating {package}"]
    return package


def test_the_python_client_has_every_operation(package: Path) -> None:
    made = {path.stem for path in package.glob("api/*/*.py")} - {"__init__"}
    assert made == operations()


def test_what_cannot_be_generated_is_told(tmp_path: Path) -> None:
    broken = programs.written(tmp_path)
    broken.write_text(broken.read_text().replace("schemas/TaskOut", "schemas/Task"))
    done = generate(broken, tmp_path / "client")
    assert done.returncode
    assert "/api/{user_id}/tasks" in done.stdout + done.stderr


def test_a_program_that_uses_the_python_client_does_its_work(
    package: Path, address: str, owner: Person, teammate: Person
) -> None:
    scenario = [str(programs.HERE / "scenario.py"), address, owner.token(), teammate.token()]
    programs.run(str(programs.python() / "python"), *scenario, PYTHONPATH=str(package.parent))


def test_the_types_of_the_python_client_fit_that_program(package: Path) -> None:
    tools = str(programs.python() / "python")
    strict = ["--strict", "--config-file=", f"--python-executable={tools}"]
    of_us = ["--follow-imports=silent", str(programs.HERE / "scenario.py")]
    programs.run(sys.executable, "-m", "mypy", *strict, *of_us, MYPYPATH=str(package.parent))


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generated types, and a program that uses them."""
    folder = tmp_path_factory.mktemp("typescript")
    packages = programs.node()
    (folder / "node_modules").symlink_to(packages)
    for name in ("package.json", "tsconfig.json", "scenario.ts"):
        shutil.copy(programs.HERE / name, folder)
    generator = packages / "openapi-typescript" / "bin" / "cli.js"
    types = str(folder / "schema.d.ts")
    openapi = str(programs.written(folder))
    programs.run(npm.node("node"), str(generator), openapi, "-o", types)
    return folder


def compiled(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the compiler says; with no mistake in it, the program stands beside its source."""
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    return programs.attempt(npm.node("node"), str(compiler), "--project", str(folder))


@needs_node
def test_a_program_that_uses_the_typescript_types_compiles_and_does_its_work(
    typescript: Path, address: str, owner: Person
) -> None:
    done = compiled(typescript)
    assert (done.returncode, done.stdout) == (0, "")
    scenario = str(typescript / "scenario.js")
    programs.run(npm.node("node"), scenario, address, owner.token())


WRONG = [
    ('title: "Water the plants"', 'titel: "Water the plants"', "TS2561"),
    ('priority: "high"', 'priority: "highest"', "TS2322"),
    ("sure(done.data).status", "sure(done.data).state", "TS2339"),
    ("problem?.code", "problem?.reason", "TS2339"),
    ("/{task_id}/complete", "/{task_id}/finish", "TS2345"),
]
"""What stands in the program, what might have been written by mistake, and the refusal."""


@needs_node
def test_what_the_document_does_not_know_does_not_compile(typescript: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(typescript, tmp_path / "wrong", symlinks=True)
    program = (folder / "scenario.ts").read_text()
    for number, (right, wrong, _) in enumerate(WRONG):
        assert right in program
        (folder / f"wrong{number}.ts").write_text(program.replace(right, wrong))
    said = compiled(folder).stdout
    told = set(re.findall(r"(\w+)\.ts\(.*?error (TS\d+)", said))
    assert {(f"wrong{number}", code) for number, (*_, code) in enumerate(WRONG)} <= told
    assert "scenario" not in dict(told)
