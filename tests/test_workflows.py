"""What the workflows promise and no linter asks of them, as far as reading them can tell."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]  # it ships no types
from typer.core import TyperGroup

from dev import ROOT, cli

WORKFLOWS = ROOT / ".github" / "workflows"
FILES = sorted(WORKFLOWS.glob("*.yml"))
PREVIEW, CLOSED = WORKFLOWS / "preview.yml", WORKFLOWS / "preview-closed.yml"
VERCEL = ROOT / "dev" / "vercel"

ON = True
"""The key of what starts a workflow: YAML takes `on` for a yes."""

LONGEST = 90  # minutes; GitHub's own limit is six hours
INSTALLING = ("npm ", ".ci/run", "make ")
ENVIRONMENT = "$/.github/actions/environment"
NAMED = re.compile(r"\b(?:secrets|vars)\.(\w+)")

workflows = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(file.read_text()))


def jobs(file: Path) -> dict[str, Any]:
    return dict(read(file)["jobs"])


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(file).values() for step in job.get("steps", [])]


def heading(file: Path) -> str:
    return re.split("^(?!#)", file.read_text(), maxsplit=1, flags=re.MULTILINE)[0]


@workflows
def test_every_job_comes_to_an_end(file: Path) -> None:
    for job in jobs(file).values():
        assert "uses" in job or 0 < job["timeout-minutes"] <= LONGEST


@workflows
def test_a_secret_is_given_to_single_steps_and_in_their_environment(file: Path) -> None:
    anywhere = file.read_text().count("${{ secrets.")
    in_steps = sum(str(step.get("env", {})).count("${{ secrets.") for step in steps(file))
    assert anywhere == in_steps


@workflows
def test_where_packages_are_installed_no_secret_is(file: Path) -> None:
    installing = [
        step
        for step in steps(file)
        if step.get("uses") == ENVIRONMENT
        or any(line.startswith(INSTALLING) for line in step.get("run", "").splitlines())
    ]
    assert installing != []
    assert "secrets." not in str(installing)


def test_nothing_is_installed_that_no_lock_file_holds() -> None:
    commands = "\n".join(step.get("run", "") for file in FILES for step in steps(file))
    commands += (ROOT / ENVIRONMENT.removeprefix("$/") / "action.yml").read_text()
    assert re.findall(r"\bnpx\b|\bnpm (?!ci --ignore-scripts )|\bpip\b|\buvx?\b", commands) == []


def test_a_copy_that_has_asked_for_nothing_deploys_nothing() -> None:
    for found in map(jobs, FILES):
        for job in found.values():
            if "environment" in job:
                assert re.search(r"vars\.(PREVIEWS|PRODUCTION) == '(vercel|aws)'", job["if"])


def test_a_fork_s_pull_request_gets_no_secret_and_takes_nobody_s_preview_away() -> None:
    """Its branch may be called as one of ours is."""
    ours = "github.event.pull_request.head.repo.full_name == github.repository"
    for file in (PREVIEW, CLOSED):
        for job in jobs(file).values():
            assert ours in job["if"] or "github.event_name == 'schedule'" in job["if"]
            assert "||" not in job["if"]


def test_what_a_stranger_can_cause_runs_none_of_their_code() -> None:
    exposed = [file for file in FILES if "pull_request_target" in read(file)[ON]]
    assert exposed == [CLOSED]
    for job in jobs(CLOSED).values():
        at_night = "github.event_name == 'schedule'" in job["if"]
        assert at_night or "default_branch" in job["steps"][0]["with"]["ref"]


def test_what_is_made_for_a_pull_request_is_taken_away_under_the_same_names() -> None:
    for name in ("NAME", "PREVIEW"):
        made, gone = (
            {step["env"][name] for step in steps(file) if name in step.get("env", {})}
            for file in (PREVIEW, CLOSED)
        )
        assert len(made) == 1
        assert made == gone


def test_a_stranger_s_branch_of_the_same_name_takes_no_preview_s_turn() -> None:
    """A run that waits is dropped for the next of its group: that of a closed one, for good."""
    groups = [read(file)["concurrency"]["group"] for file in (PREVIEW, CLOSED)]
    assert groups[0] == "preview-${{ github.event.pull_request.head.label }}"  # owner:branch
    assert groups[1] == groups[0].replace(" }}", " || 'prune' }}")


def test_what_is_on_main_is_tested_once_and_before_it_goes_live() -> None:
    production = jobs(WORKFLOWS / "production.yml")
    assert production["test"]["uses"] == "$/.github/workflows/test.yml"
    needs = [production[job]["needs"] for job in ("migrate", "vercel", "aws")]
    assert needs == ["test", "migrate", "migrate"]
    assert "push" not in read(WORKFLOWS / "test.yml")[ON]


BACK = {"vercel": "promotion", "aws": "deployment"}
"""The step from which on there is something to take back, whatever became of it."""


@pytest.mark.parametrize(
    ("job", "marks"),
    [
        ("vercel", ("--prod --skip-domain", 'smoke "$URL"', "promote", 'smoke "$API_URL"')),
        ("aws", ("get-template", "osls deploy", 'smoke "$API_URL"')),
    ],
)
def test_a_release_is_looked_at_and_goes_back_if_it_does_not_answer(
    job: str, marks: tuple[str, ...]
) -> None:
    order = jobs(WORKFLOWS / "production.yml")[job]["steps"]
    said = [step.get("run", "") for step in order]
    places = [next(at for at, run in enumerate(said) if mark in run) for mark in marks]
    assert places == sorted(places)
    back = order[places[-1] + 1]
    assert "rollback" in back["run"]
    begun = f"steps.{BACK[job]}.conclusion != 'skipped'"
    assert back["if"] == f"(failure() || cancelled()) && {begun}"


def test_aws_is_given_every_setting_that_its_template_reads() -> None:
    read = set(re.findall(r"env:(\w+)", (ROOT / "serverless.yml").read_text()))
    job = jobs(WORKFLOWS / "production.yml")["aws"]
    assert read - {"AWS_REGION"} <= set(job["env"])  # that one comes with the credentials
    assert job["permissions"]["id-token"] == "write"


@workflows
def test_every_setting_is_explained_at_the_top(file: Path) -> None:
    explained = heading(file)
    if "what preview.yml needs" in explained:
        explained = heading(PREVIEW)
    assert [name for name in NAMED.findall(file.read_text()) if name not in explained] == []


def test_what_is_in_this_repository_is_where_it_is_said_to_be() -> None:
    said = re.findall(r"uses: \$/(\S+)", "".join(file.read_text() for file in FILES))
    assert [place for place in said if not (ROOT / place).exists()] == []


def test_the_deploying_command_is_pinned_with_all_that_it_needs() -> None:
    wanted = json.loads((VERCEL / "package.json").read_text())
    packages = json.loads((VERCEL / "package-lock.json").read_text())["packages"]
    assert packages.pop("")["dependencies"] == wanted["dependencies"]
    assert [name for name, package in packages.items() if "integrity" not in package] == []


@workflows
def test_each_thaw_command_is_one_that_there_is_with_its_options(file: Path) -> None:
    for step in steps(file):
        for line in map(str.strip, step.get("run", "").splitlines()):
            if line.startswith(".venv/bin/thaw"):
                written = re.sub(r"\$\w*URL", "https://app.example", line.partition(" > ")[0])
                _, command, *arguments = shlex.split(written)
                parse(command, arguments)


def parse(name: str, arguments: list[str]) -> None:
    """Raises UsageError for what the command does not take; runs nothing."""
    command = typer.main.get_command(cli.load(cli.COMMANDS[name][0]))
    if isinstance(command, TyperGroup):
        context = command.make_context(name, [*arguments])
        _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command = found
    command.make_context(name, arguments)
