"""The command `thaw`: what goes wrong is a sentence, and its help fits a narrow terminal."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from dev import ROOT, Trouble, local
from dev.branch import pruning
from dev.cli import COMMANDS, app, load
from dev.token import mint
from dev.vercel import building
from tests.needs import linux, needs

THAW = [sys.executable, "-m", "dev"]
NOTHING_SET = dict.fromkeys(("DATABASE_URL", "DATABASE_URL_UNPOOLED", "JWKS_URL", "JWKS"), "")


def thaw(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  ourselves
        [*THAW, *arguments],
        cwd=ROOT,
        env={**os.environ, **NOTHING_SET, **environment},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("token", "file"),
        ("migrate status", "file"),
        ("build lambda", "file"),
        # where even root makes no folder
        pytest.param("neon status", "/proc/thaw", marks=needs(linux)),
    ],
)
def test_a_state_that_cannot_be_kept_is_told_with_its_place(
    line: str, place: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = thaw(*line.split(), THAW_STATE=str(tmp_path / place))
    assert done.returncode == 1
    assert str(tmp_path / place) in done.stderr
    assert done.stderr.startswith("thaw: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("file", "line"), [("key.pem", "token"), ("neon/state.json", "migrate status")]
)
def test_a_state_that_is_damaged_is_told_how_to_begin_anew(
    file: str, line: str, tmp_path: Path
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("not what was written there")
    done = thaw(*line.split(), THAW_STATE=str(tmp_path))
    assert done.returncode == 1
    assert f"thaw: {tmp_path / file} " in done.stderr
    assert "delete " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_env_file_that_is_no_text_is_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_bytes(b"DATABASE_URL=\xff")
    monkeypatch.setattr(local, "ROOT", tmp_path)
    with pytest.raises(Trouble, match=r"/\.env is not UTF-8"):
        local.configured()


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for ask in (lambda: building.git("--cached"), lambda: pruning.git("status")):
        with pytest.raises(Trouble, match="This needs git, which is not on PATH: install it"):
            ask()


@pytest.mark.parametrize("line", ["--help", "token"])
@pytest.mark.parametrize("end", [">&-", "| true", pytest.param("> /dev/full", marks=needs(linux))])
def test_who_does_not_listen_gets_no_traceback(line: str, end: str) -> None:
    command = f'"$0" -m dev {line} {end}'
    done = subprocess.run(  # noqa: S603  ourselves
        ["/bin/sh", "-c", command, sys.executable],
        cwd=ROOT,
        env={**os.environ, **NOTHING_SET},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert ("thaw: No space left on device" in done.stderr) == ("full" in end)


INTERRUPTED = """
import os, runpy, signal, sys
where, sys.argv = sys.argv[1], ["thaw", "prove"]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
class Interrupted:
    def find_spec(self, name, *_):
        if name == where:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
runpy.run_module("dev", run_name="__main__")
"""


@pytest.mark.parametrize(("where", "code"), [("typer", -signal.SIGINT), ("dev.prove.trips", 130)])
def test_ctrl_c_while_it_starts_ends_it_without_a_traceback(where: str, code: int) -> None:
    """A shell calls both 130."""
    done = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-c", INTERRUPTED, where],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "1e300", "x", ""])
def test_a_token_is_good_for_a_number_of_hours(hours: str) -> None:
    done = CliRunner().invoke(load("dev.token:token"), ["--hours", hours])
    assert done.exit_code == 2
    assert "--hours" in done.stderr


def test_a_token_is_somebody_s() -> None:
    with pytest.raises(Trouble, match="Name a user: demo, teammate, or any id"):
        mint("")


def pages() -> list[str]:
    """The command lines that have a help; but a proof's is its goal, however long."""
    found = {name: get_command(load(place)) for name, (place, _) in COMMANDS.items()}
    del found["prove"]
    below = {name: getattr(group, "commands", ()) for name, group in found.items()}
    return ["", *found, *(f"{name} {each}" for name, some in below.items() for each in some)]


@pytest.mark.parametrize("line", pages())
def test_help_reads_the_same_in_a_narrow_terminal(line: str) -> None:
    """Its sentences, its examples and what each command does; options have columns."""
    assert unbroken(line, 80) == unbroken(line, 200)


def unbroken(line: str, columns: int) -> list[str]:
    name, *below = line.split() or [""]
    command = load(COMMANDS[name][0]) if name else app
    told = CliRunner().invoke(command, [*below, "--help"], env={"COLUMNS": str(columns)})
    assert told.exit_code == 0
    lines = re.sub(r"╭─ (Options|Arguments) .*?╰", "", told.output, flags=re.DOTALL).splitlines()
    return [text.strip(" │╭─╮╰╯") for text in lines]
