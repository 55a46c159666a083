"""A proof shows its table, ends with its figure, and its exit code says whether to believe it."""

import pytest
import typer
from typer.testing import CliRunner

from dev import Trouble
from dev.prove import Proof, Step, Verdict, app, run

PROOFS = ("auth", "cold", "cuts", "neon", "package", "pages", "silence", "soak", "storm", "trips")


def proof(*, met: bool) -> Proof:
    yield Step("counting", 0.5)
    return Verdict(("Thing", "Count"), [("pears", "7")], "7 pears", met)


def impossible() -> Proof:
    yield Step("looking for a tool", 0)
    raise Trouble("The tool is missing: install it.")


@pytest.mark.parametrize(("met", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_the_goal_is_met(
    capsys: pytest.CaptureFixture[str], *, met: bool, code: int
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(proof(met=met))
    assert ended.value.exit_code == code
    assert capsys.readouterr().err == ""


def test_the_figure_is_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        run(proof(met=True))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("7 pears")
    assert any("pears" in line for line in lines[:-1])


def test_a_proof_that_cannot_be_run_says_why_and_is_no_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended:
        run(impossible())
    assert ended.value.exit_code == 2
    assert "install it" in capsys.readouterr().err


def test_without_a_name_the_proofs_are_listed_with_their_goals() -> None:
    listed = CliRunner().invoke(app)
    assert listed.exit_code == 0
    for name in PROOFS:
        assert f" {name} " in listed.output
    assert "Goal:" in listed.output
