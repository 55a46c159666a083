"""`thaw lint` finds what it is there for, and nothing in what we have."""

import os
import shutil
from pathlib import Path

import pytest

from dev.lint import revisions, workflows

IN_CI = os.environ.get("CI") == "true"

LIMITS = "SET lock_timeout = '1s';\nSET statement_timeout = 0;\n"
"""As the job sets them."""

INJECTION = """
name: injection
on: pull_request_target
permissions: {}
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.pull_request.title }}"
"""

MISTAKE = """
name: mistake
on: push
permissions: {}
jobs:
  run:
    runs-on: ubuntu-latest
    needs: nobody
    steps:
      - run: true
"""


def test_the_revisions_lock_nothing_that_lives() -> None:
    assert revisions.squawk() == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE INDEX i ON tasks (title);", "require-concurrent-index-creation"),
        ("ALTER TABLE tasks ALTER COLUMN title SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE tasks RENAME COLUMN title TO words;", "renaming-column"),
        ("ALTER TABLE tasks DROP COLUMN title;", "ban-drop-column"),
        (
            "ALTER TABLE tasks ADD CONSTRAINT c CHECK (title <> '');",
            "constraint-missing-not-valid",
        ),
    ],
)
def test_what_locks_or_breaks_is_found_in_a_revision(sql: str, rule: str) -> None:
    assert any(rule in line and sql in line for line in revisions.read(f"{LIMITS}{sql}"))


def test_an_exception_is_a_comment() -> None:
    dropping = "ALTER TABLE tasks DROP COLUMN title;"
    assert revisions.read(f"{LIMITS}{dropping}") != []
    assert revisions.read(f"{LIMITS}-- squawk-ignore ban-drop-column\n{dropping}") == []


def test_the_workflows_let_nobody_in() -> None:
    assert workflows.zizmor() == []


def test_a_stranger_s_words_in_a_command_are_found(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(INJECTION)
    found = "\n".join(workflows.zizmor(tmp_path))
    assert "template-injection" in found
    assert "dangerous-triggers" in found


@pytest.mark.skipif(not (IN_CI or shutil.which("npm")), reason="needs Node 20 or newer with npm")
@pytest.mark.slow
def test_mistakes_in_a_workflow_are_found(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(MISTAKE)
    assert any("nobody" in line for line in workflows.actionlint(tmp_path))
    assert workflows.actionlint() == []
