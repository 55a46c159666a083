"""A start looks for no garbage, and makes no model that may not be needed."""

import gc
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from app import starting
from dev import ROOT

WATCHED = """
import gc, json, sys
seen = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in {"sqlalchemy", "app.tasks.routes"}:
            seen.append(gc.isenabled())
sys.meta_path.insert(0, Watch())
import DOOR
from fastapi.openapi.models import Contact
from app.tasks.schemas import NewTask
from pydantic import BaseModel
class Later(BaseModel):
    name: str
models = [each.__pydantic_complete__ for each in (Contact, NewTask, Later)]
print(json.dumps([seen, gc.isenabled(), gc.get_freeze_count() > 100_000, models]))
"""


def told(door: str, **environment: str) -> Any:
    """Whether garbage was looked for meanwhile, and is now; and which models are made."""
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", WATCHED.replace("DOOR", door)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("door", ["app.main", "app.aws", "api.index", "app.main, app.aws"])
def test_after_a_start_garbage_is_looked_for_and_only_models_of_others_are_made(door: str) -> None:
    assert told(door) == [[False, False], True, True, [False, False, True]]


def test_a_snapshot_holds_models_made() -> None:
    *_, models = told("app.aws", AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    assert models == [True] * 3


def test_a_start_for_a_snapshot_leaves_models_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    monkeypatch.setattr(BaseModel, "model_config", {})
    starting.begin()
    looked_for = gc.isenabled()
    starting.end()
    assert [looked_for, gc.isenabled(), BaseModel.model_config] == [False, True, {}]
