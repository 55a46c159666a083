"""`thaw lint` finds what it is there for, and nothing in what we have."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import Trouble
from dev.lint import command, revisions, workflows
from dev.prove._migrate_live import SAMPLE
from migrations import plan
from tests.migrating import write
from tests.needs import needs, node

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


def test_the_sample_pair_keeps_the_rules_but_for_what_it_justifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "VERSIONS", [*plan.VERSIONS, SAMPLE])
    assert revisions.squawk() == []
    bare = shutil.copytree(SAMPLE, tmp_path / "bare")
    contract = bare / "0006_contract.py"
    contract.write_text(contract.read_text().replace("-- squawk-ignore", "-- because"))
    monkeypatch.setattr(plan, "VERSIONS", [*plan.VERSIONS[:1], bare])
    (found,) = revisions.squawk()
    assert "adding-not-nullable-field" in found


def test_the_workflows_let_nobody_in() -> None:
    assert workflows.zizmor() == []


@pytest.mark.parametrize("name", ["bad.yml", "bad.yaml"])
def test_a_stranger_s_words_in_a_command_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(INJECTION)
    found = "\n".join(workflows.zizmor(tmp_path))
    assert "template-injection" in found
    assert "dangerous-triggers" in found


@pytest.mark.parametrize("linter", [revisions.squawk, workflows.zizmor])
def test_a_linter_that_is_not_installed_is_a_failure_that_says_how_to_get_it(
    linter: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setattr(command, "LINTERS", {"one": linter})
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Trouble, match="is not installed: run `make env`"):
        command.lint()


def test_a_revision_that_is_not_finished_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "VERSIONS", [tmp_path])
    (write(tmp_path, "SELECT 1") / "0002_step.py").write_text("revision =")
    with pytest.raises(Trouble, match=r"0002_step\.py, line 1: SyntaxError"):
        revisions.squawk()


@needs(node)
@pytest.mark.slow
@pytest.mark.parametrize("name", ["bad.yml", "bad.yaml"])
def test_mistakes_in_a_workflow_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(MISTAKE)
    assert any("nobody" in line for line in workflows.actionlint(tmp_path))
    assert workflows.actionlint() == []
