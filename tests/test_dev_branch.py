"""`thaw branch`: names, lengths of time, and what is shown of a branch."""

import os
import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import text
from typer.testing import CliRunner

from dev import Trouble
from dev.branch import outputs
from dev.branch.ages import length, life
from dev.branch.command import app
from dev.branch.differences import LONGEST, markdown
from dev.branch.names import branch_name
from dev.branch.previews import Preview
from dev.local import Urls

URLS = Urls(
    "postgresql://u:p%40ss@ep-a-pooler.neon.tech/d", "postgresql://u:p%40ss@ep-a.neon.tech/d"
)


@given(text(min_size=1).filter(str.strip))
def test_a_name_is_safe_and_stays_as_it_is(name: str) -> None:
    safe = branch_name(name)
    assert re.fullmatch(r"thaw/[a-z0-9][a-z0-9-]{0,70}", safe)
    assert branch_name(safe) == safe


def test_names_that_look_alike_are_told_apart() -> None:
    names = {"feature/login", "feature-login", "Feature/Login", "feature login", "x" * 300}
    names |= {"x" * 301, "$(rm -rf /)", "ünsafe", "nsafe", "feature-login-df7c7aeb", "main"}
    assert len({branch_name(name) for name in names}) == len(names)


def test_a_name_is_the_same_each_time() -> None:
    assert branch_name("feature/Login") == "thaw/feature-login-48fad082"


@pytest.mark.parametrize("name", ["", " "])
def test_a_name_is_needed(name: str) -> None:
    with pytest.raises(Trouble, match="Name the branch"):
        branch_name(name)


def test_lengths_of_time_are_read() -> None:
    assert [length(words) for words in ("90m", "12h", "7d")] == [
        timedelta(minutes=90),
        timedelta(hours=12),
        timedelta(days=7),
    ]


@pytest.mark.parametrize("words", ["", "7", "7 d", "0d", "-1d", "1w", "9999999d", "٣d"])
def test_what_is_no_length_of_time_is_told_how_to_write_one(words: str) -> None:
    with pytest.raises(Trouble, match="write 90m, 12h or 7d"):
        length(words)


def test_a_branch_lives_a_month_at_most() -> None:
    assert life("30d") == timedelta(days=30)
    with pytest.raises(Trouble, match="30 days at most"):
        life("31d")


def test_a_schema_cannot_leave_its_fence() -> None:
    said = markdown("preview/a", "main", "+COMMENT 'x\n````\n<img src=x>'")
    fence = re.findall(r"^`{3,}", said, re.MULTILINE)
    assert [len(found) for found in fence] == [5, 4, 5]


def test_a_long_difference_is_cut() -> None:
    said = markdown("preview/a", "main", "+x\n" * LONGEST)
    assert "cut here" in said
    assert len(said) < 65_536


def test_no_difference_is_said_so() -> None:
    assert "is as `main` is" in markdown("preview/a", "main", "\n")


def test_an_env_file_keeps_what_else_it_holds_and_is_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / ".env.preview"
    file.write_text("# mine\nLOG_LEVEL=DEBUG\nDATABASE_URL=old\n")
    for _ in range(2):
        outputs.to_env_file(file, URLS)
        assert file.read_text().splitlines() == [
            "# mine",
            "LOG_LEVEL=DEBUG",
            f"DATABASE_URL='{URLS.pooled}'",
            f"DATABASE_URL_UNPOOLED='{URLS.direct}'",
        ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_github_masks_every_secret_before_it_could_show_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    outputs.mask(URLS)
    secrets = [one.replace("%", "%25") for one in (*URLS, "p%40ss", "p@ss")]  # it decodes them
    masked = capsys.readouterr().out.splitlines()
    assert set(masked) == {f"::add-mask::{one}" for one in secrets}
    outputs.to_github(outputs.github_file(), URLS, Preview("br-1", "thaw/a", made=True))
    assert f"\n{URLS.direct}\n" in file.read_text()
    assert capsys.readouterr().out == ""


def test_github_output_needs_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    with pytest.raises(Trouble, match="a step of GitHub Actions"):
        outputs.github_file()


def test_a_key_without_a_project_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEON_API_KEY", "napi_x")
    monkeypatch.delenv("NEON_PROJECT_ID", raising=False)
    done = CliRunner().invoke(app, ["list"])
    assert isinstance(done.exception, Trouble)
    assert "NEON_PROJECT_ID is missing" in str(done.exception)
    assert "napi_x" not in str(done.exception)
    assert "NEON_PROJECT_ID" not in os.environ
