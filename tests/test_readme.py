"""The README and .env.example say what is so: their commands run, and no setting is left out."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from typer.core import TyperGroup
from typer.main import get_command

from app.settings import Settings
from dev import ROOT
from dev.cli import COMMANDS, load

README = (ROOT / "README.md").read_text()
EXAMPLE = ROOT / ".env.example"
BLOCKS = re.findall(r"^```(sh|text)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SPANS = re.findall(
    r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE)
)
COMMAND_LINES = "\n".join([*SPANS, *(text for kind, text in BLOCKS if kind == "sh")])
HERE = "http://127.0.0.1:8000"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Uvicorn on a free port, as `make dev` runs it; its address.

    It inherits a socket that listens already: who calls before it is ready waits. In the end
    nothing must have gone wrong behind the answers.
    """
    said = tmp_path / "said"
    with said.open("w") as file, socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "uvicorn", "app.main:app", f"--fd={listening.fileno()}"]
        with subprocess.Popen(  # noqa: S603  our own program
            command, cwd=ROOT, pass_fds=[listening.fileno()], stdout=file, stderr=file
        ) as running:
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                running.terminate()
    assert "Traceback" not in said.read_text(), said.read_text()


def tour() -> list[tuple[str, str]]:
    """Each block of commands that call the API or name what such calls need, and its answers."""
    called = []
    for (kind, commands), (next_kind, answers) in pairwise(BLOCKS):
        if kind == "sh" and re.search(r"^(curl |\w+=)", commands, re.MULTILINE):
            called.append((commands, answers if next_kind == "text" else ""))
    return called


def test_the_curl_lines_answer_what_the_readme_says(server: str) -> None:
    blocks = tour()
    script = "\necho '<next>'\n".join(commands for commands, _ in blocks)
    script = script.replace(HERE, server).replace(".venv/bin/thaw", f"'{sys.executable}' -m dev")
    spaced = re.sub("^curl .*", r"\g<0>; echo", script, flags=re.MULTILINE)
    done = subprocess.run(  # noqa: S603  the README's own commands
        ["bash", "-euc", spaced],  # noqa: S607  wherever bash is
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    for (_, promised), answered in zip(blocks, done.stdout.split("<next>\n"), strict=True):
        lines = [line.rstrip() for line in answered.splitlines()]
        statuses = [line for line in lines if line.startswith("HTTP/")]
        assert statuses == [line for line in promised.splitlines() if line.startswith("HTTP/")]
        for line in promised.splitlines():
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert any(re.fullmatch(pattern, each) for each in lines), f"{line}\n{answered}"


def test_the_tour_calls_the_api_and_is_refused_only_where_it_says_so() -> None:
    statuses = re.findall(
        r"^HTTP/1.1 (\d)(\d\d)", "".join(said for _, said in tour()), re.MULTILINE
    )
    curls = sum(len(re.findall("^curl ", commands, re.MULTILINE)) for commands, _ in tour())
    assert len(statuses) == curls > 5
    assert [rest for family, rest in statuses if family != "2"] == ["12"]


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", COMMAND_LINES))
    assert {"dev", "test"} <= named <= targets


def thaw_lines() -> list[str]:
    """What follows each `thaw` that the README names."""
    lines = set(re.findall(r"\bthaw ([^|;)\n]+)", COMMAND_LINES))
    return sorted(lines - {"--help"})


@pytest.mark.parametrize("line", thaw_lines())
def test_every_thaw_command_and_option_in_the_readme_exists(line: str) -> None:
    words = line.split()
    command = get_command(load(COMMANDS[words[0]][0]))
    if isinstance(command, TyperGroup) and len(words) > 1:
        command = command.commands[words[1]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def names(name: str, field: FieldInfo) -> list[str]:
    """The variables that a setting is read from, the first one first."""
    alias = field.validation_alias
    return (
        [str(one) for one in alias.choices] if isinstance(alias, AliasChoices) else [name.upper()]
    )


SETTINGS = {tuple(names(*each)): each[1].default for each in Settings.model_fields.items()}


def settings_table() -> dict[tuple[str, ...], str]:
    """The names in each row of the README's table, and the default that it tells."""
    section = README.split("\n## Settings\n")[1].split("\n#")[0]
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| `")]
    return {tuple(re.findall(r"`([A-Z_]+)`", row[1])): row[-2].strip() for row in rows}


def test_the_readme_lists_every_setting_and_no_other() -> None:
    assert settings_table().keys() == SETTINGS.keys()


def test_the_readme_tells_every_default() -> None:
    told = settings_table()
    plain = {name: one for name, one in SETTINGS.items() if isinstance(one, int | str)}
    assert {name: told[name] for name in plain} == {name: f"`{one}`" for name, one in plain.items()}


def test_the_example_has_every_setting_and_no_other() -> None:
    assert list(dotenv_values(EXAMPLE)) == [first for first, *_ in SETTINGS]


def test_the_example_copied_as_it_is_changes_nothing() -> None:
    example = dotenv_values(EXAMPLE)
    for (name, *_), default in SETTINGS.items():
        assert example[name] in ("", str(default)), name


def test_the_example_names_what_else_is_read() -> None:
    text = EXAMPLE.read_text()
    assert all(name in text for each in SETTINGS for name in each)
