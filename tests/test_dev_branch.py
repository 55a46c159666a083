"""`thaw branch`: names, lengths of time, and what is shown of a branch."""

import os
import re
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest
from hypothesis import given
from hypothesis.strategies import text
from typer.testing import CliRunner

from dev import Trouble
from dev.branch import outputs
from dev.branch.ages import age, from_now, length, life
from dev.branch.command import app
from dev.branch.differences import LONGEST, markdown
from dev.branch.names import branch_name
from dev.branch.previews import Preview
from dev.local import Urls
from dev.neon.service import Service, pause

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
    names |= {os.fsdecode(b"x\xff"), os.fsdecode(b"x\xfe")}  # git's names are bytes
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


@pytest.mark.parametrize("asked", [timedelta(minutes=1), timedelta(days=7)])
def test_a_branch_lives_as_long_as_was_asked(asked: timedelta) -> None:
    left = -age(from_now(asked))
    assert timedelta(0) <= asked - left < timedelta(seconds=5)


def test_the_longest_life_is_not_too_long_for_a_clock_that_is_behind() -> None:
    longest = life("30d")
    assert timedelta(minutes=1) <= longest + age(from_now(longest)) < timedelta(minutes=2)


@pytest.mark.parametrize("words", ["", "7", "7 d", "0d", "-1d", "1w", "9999999d", "٣d"])
def test_what_is_no_length_of_time_is_told_how_to_write_one(words: str) -> None:
    with pytest.raises(Trouble, match="write 90m, 12h or 7d"):
        length(words)


def test_a_branch_lives_a_month_at_most() -> None:
    assert life("30d") == timedelta(days=30)
    with pytest.raises(Trouble, match="30 days at most"):
        life("31d")


@pytest.mark.parametrize("options", [["--older-than", ""], ["--merged", "--older-than", ""]])
def test_a_script_s_empty_variable_is_no_length_of_time(
    monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr("dev.branch.command.project", lambda: None)
    monkeypatch.setattr("dev.branch.listing.previews", lambda _: [])
    monkeypatch.setattr("dev.branch.pruning.merged", lambda _: [])
    done = CliRunner().invoke(app, ["prune", *options])
    assert "write 90m, 12h or 7d" in str(done.exception)


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


@pytest.mark.parametrize("name", ["", "folder", "pipe", "latin-1", "missing/.env"])
def test_where_no_env_file_can_be_written_is_said_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A pipe stands for /dev/null: it would be replaced for everybody on the machine."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("latin-1").write_bytes("NAME=Jürgen".encode("latin-1"))
    with pytest.raises(Trouble, match="cannot hold the addresses"):
        outputs.places(Path(name), github=False)
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "latin-1", "pipe"]


def test_an_env_file_may_be_a_link_and_stays_one(tmp_path: Path) -> None:
    link, file = tmp_path / ".env", tmp_path / "shared"
    link.symlink_to(file)
    chosen, _ = outputs.places(link, github=False)
    assert chosen
    outputs.to_env_file(chosen, URLS)
    assert link.is_symlink()
    assert URLS.direct in file.read_text()


def test_github_masks_every_secret_before_it_could_show_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    outputs.mask(URLS)
    secrets = [one.replace("%", "%25") for one in (*URLS, "p%40ss", "p@ss")]  # it decodes them
    printed, told = capsys.readouterr()
    assert set(told.splitlines()) == {f"::add-mask::{one}" for one in secrets}
    assert printed == ""  # or `eval "$(thaw branch up …)"` would run it, and the shell complain
    place = outputs.places(None, github=True).github
    assert place
    outputs.to_github(place, URLS, Preview("br-1", "thaw/a", made=True))
    assert f"\n{URLS.direct}\n" in file.read_text()
    assert capsys.readouterr().out == ""


def test_github_output_needs_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    with pytest.raises(Trouble, match="a step of GitHub Actions"):
        outputs.places(None, github=True)


def test_an_output_of_github_that_cannot_be_written_is_said_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path))
    with pytest.raises(Trouble, match="cannot hold the addresses: Is a directory"):
        outputs.places(None, github=True)


def test_a_key_without_a_project_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEON_API_KEY", "napi_x")
    monkeypatch.delenv("NEON_PROJECT_ID", raising=False)
    done = CliRunner().invoke(app, ["list"])
    assert isinstance(done.exception, Trouble)
    assert "NEON_PROJECT_ID is missing" in str(done.exception)
    assert "napi_x" not in str(done.exception)
    assert "NEON_PROJECT_ID" not in os.environ


class Stranger(BaseHTTPRequestHandler):
    """Answers, and not as Neon does."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def stranger() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    Stranger.asked.clear()


@pytest.mark.parametrize("key", ["napi_\n", "napi_é"])
def test_a_key_that_no_header_can_hold_is_not_told(stranger: str, key: str) -> None:
    with pytest.raises(Trouble, match="a character that HTTP does not take") as told:
        Service(stranger, key, "some-project", {}).call("GET", "/branches")
    assert "napi" not in str(told.value)
    assert Stranger.asked == []


@pytest.mark.parametrize("address", ["nonsense", "http://[::1"])
def test_what_is_no_address_of_an_api_is_told_at_once(address: str) -> None:
    with pytest.raises(Trouble, match="is no address of Neon's API"):
        Service(address, "napi_x", "some-project", {}).call("GET", "/branches")


def test_what_answers_and_is_not_neon_is_told(stranger: str) -> None:
    with pytest.raises(Trouble, match="is not Neon's API"):
        Service(stranger, "napi_x", "../some?project", {}).call("GET", "/branches")
    assert Stranger.asked == ["/projects/..%2Fsome%3Fproject/branches"]


def test_the_next_try_waits_as_long_as_neon_asks() -> None:
    for status in (423, 429, 503):
        busy = httpx2.Response(status, headers={"Retry-After": "7"})
        assert 7 < pause(0, busy) < 8
        assert pause(0, httpx2.Response(status)) < 1
