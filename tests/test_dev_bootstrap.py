import ast
from pathlib import Path

import pytest

from dev import bootstrap
from dev.bootstrap import Refusal, candidates, choose


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two folders on its PATH and no Python yet."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}:{tmp_path / 'bin'}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("THAW_PYTHON", raising=False)
    return tmp_path


def install(path: Path, does: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


def test_a_shim_that_does_not_run_is_passed_over_for_the_same_version_elsewhere(
    machine: Path,
) -> None:
    install(machine / "shims/python3.13", "exit 127")
    install(machine / "bin/python3.12", "echo 3 12 4")
    kept = install(machine / ".pyenv/versions/3.13.0/bin/python", "echo 3 13 0")
    assert choose(candidates()) == (kept, (3, 13, 0))


def test_every_hit_on_path_counts_not_only_the_first(machine: Path) -> None:
    install(machine / "shims/python3", "exit 127")
    second = install(machine / "bin/python3", "echo 3 11 2")
    assert choose(candidates()) == (second, (3, 11, 2))


def test_the_newest_that_fits_wins_not_the_newest(machine: Path) -> None:
    install(machine / "shims/python3", "echo 3 14 0")
    newest = install(machine / "bin/python3.13", "echo 3 13 1")
    install(machine / "bin/python3.11", "echo 3 11 9")
    assert choose(candidates()) == (newest, (3, 13, 1))


def test_a_named_python_is_the_only_candidate(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(machine / "bin/python3.13", "echo 3 13 0")
    named = install(machine / "mine", "echo 3 12 0")
    monkeypatch.setenv("THAW_PYTHON", named)
    assert choose(candidates()) == (named, (3, 12, 0))


def test_without_a_fitting_python_it_says_what_runs_and_what_to_do(machine: Path) -> None:
    install(machine / "bin/python3", "echo 3 8 18")
    with pytest.raises(Refusal, match=r"from 3\.11 to 3\.13, and here runs 3\.8\. Install one"):
        choose(candidates())


def test_what_a_step_prints_when_it_fails_is_shown_with_the_advice(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = install(machine / "uv", "echo no route to host >&2; exit 2")
    with pytest.raises(Refusal, match=r"(?s)no route to host.*Offline"):
        bootstrap.run("installing", [broken], bootstrap.OFFLINE)
    assert "installing ... failed" in capsys.readouterr().out


def test_it_can_start_on_a_python_too_old_for_the_rest() -> None:
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 8))
