"""What a start of the built zip is made of, each part looked at in a new process of its own."""

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev import Trouble
from dev.aws.process import python
from dev.aws.sandbox import Sandbox
from dev.events import DOORS
from dev.prove._cold_looks import listing

INIT = "init, our zip"
USUAL = "init, packaged as usual"
BARE = "first answer, bare"
OURS = "first answer, ours"
CPU = "{}: CPU"

CHILD = Path(__file__).with_name("_package_child.py")
SECONDS = 60

Times = dict[str, float]


@dataclass
class Stage:
    """Two unpacked zips; `environ` is what a function adds to Lambda's environment."""

    ours: Path
    usual: Path
    environ: dict[str, str]
    log: Path


def init(stage: Stage) -> Times:
    return {INIT: seconds(stage, stage.ours)}


def init_usual(stage: Stage) -> Times:
    return {USUAL: seconds(stage, stage.usual)}


def seconds(stage: Stage, root: Path) -> float:
    """From the birth of the runtime's client until it asks for the first event."""
    with Sandbox(root, stage.environ, log=stage.log) as sandbox:
        return sandbox.init_seconds


def first(stage: Stage) -> Times:
    return answer(stage, OURS, "door", json.dumps(DOORS["v2"](listing())))


def first_bare(stage: Stage) -> Times:
    return answer(stage, BARE, "bare", json.dumps(libraries(stage.ours / "app")))


def answer(stage: Stage, what: str, kind: str, told: str) -> Times:
    """From the birth of a process until it has its answer; the zip is all that it can import."""
    began = time.monotonic()
    done = subprocess.run(
        [python(), "-P", CHILD, kind, told],
        cwd=stage.ours,
        env={**stage.environ, "PATH": os.environ["PATH"], "PYTHONPATH": str(stage.ours)}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    status, ended, cpu = [*done.stdout.splitlines()[-1:], ""][0].split() or ("", 0, 0)
    if status != "200":
        raise Trouble("\n".join(["There is no answer.", *done.stderr.splitlines()[-8:]]))
    return {what: float(ended) - began, CPU.format(what): float(cpu)}


def libraries(app: Path) -> list[str]:
    """What the app imports that is neither its own nor Python's, by its own words."""
    found = set[str]()
    for path in app.rglob("*.py"):
        for statement in ast.parse(path.read_bytes()).body:
            if isinstance(statement, ast.Import):
                found |= {each.name for each in statement.names}
            elif isinstance(statement, ast.ImportFrom) and statement.module:
                found.add(statement.module)
    known = sys.stdlib_module_names | {"app"}
    return sorted(name for name in found if name.partition(".")[0] not in known)


LOOKS: list[Callable[[Stage], Times]] = [init, init_usual, first_bare, first]
