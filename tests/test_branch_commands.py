"""`thaw branch` against the local Neon: made once, found again, pruned, reset, and taken away."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from typer.testing import CliRunner, Result

from app.tables import REVISION
from dev import ROOT, Trouble
from dev.branch import previews, pruning
from dev.branch.command import app
from dev.branch.names import branch_name
from dev.branch.previews import find
from dev.cli import load
from dev.neon.account import project
from dev.neon.cloud import Cloud
from dev.neon.service import Answer, Service
from dev.postgres import HOST
from migrations import plan
from tests import migrating
from tests.neon_client import Api
from tests.pgbouncer import needs_pgbouncer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_psycopg2")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("neon"), wake_delay=0) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Named to the commands as CI names Neon."""
    monkeypatch.setenv("NEON_API_HOST", running.api_url)
    monkeypatch.setenv("NEON_API_KEY", running.api_key)
    monkeypatch.setenv("NEON_PROJECT_ID", running.project_id)
    monkeypatch.setenv("PGHOSTADDR", HOST)
    monkeypatch.setenv("PGSSLROOTCERT", str(running.directory / "ca.pem"))
    yield running
    running.api_faults.answers.clear()
    running.api_faults.branches = 10
    Api(running).clear()


def thaw_branch(*arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def url_of(done: Result, name: str = "DATABASE_URL_UNPOOLED") -> str:
    line = next(line for line in done.stdout.splitlines() if line.startswith(f"export {name}="))
    return line.partition("=")[2].strip("'")


def ask(url: str, statement: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


@pytest.mark.usefixtures("cloud")
def test_a_branch_is_made_once_and_found_again() -> None:
    made, found = (thaw_branch("up", "pr-1", "--seed") for _ in range(2))
    assert "it is new" in made.stderr
    assert "it was there already" in found.stderr
    assert url_of(made) == url_of(found)
    assert "-pooler." in url_of(made, "DATABASE_URL")
    assert ask(url_of(made), "SELECT count(*) > 0 FROM tasks")


def test_nobody_else_s_branch_is_touched(cloud: Cloud) -> None:
    assert f"{branch_name('main')} is gone already" in thaw_branch("down", "main").stderr
    assert [row["name"] for row in Api(cloud).branches()] == ["main"]


def test_the_rows_of_the_parent_come_only_when_asked_for(cloud: Cloud) -> None:
    main = cloud.url(pooled=False)
    ask(main, "CREATE TABLE IF NOT EXISTS secrets (words text)")
    ask(main, "INSERT INTO secrets VALUES ('a customer')")
    without, with_rows = thaw_branch("up", "a"), thaw_branch("up", "b", "--with-data")
    assert ask(url_of(without), "SELECT count(*) FROM secrets") == 0
    assert ask(url_of(with_rows), "SELECT count(*) FROM secrets") == 1
    with pytest.raises(Trouble, match="exists and holds its parent's rows: ask for it with"):
        thaw_branch("up", "b")
    ask(main, "DROP TABLE secrets")


def test_a_name_taken_a_moment_ago_is_used(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs looked, saw nothing, and asked for it."""
    Api(cloud).branch(branch_name("pr-1"), endpoint=True, init_source="schema-only")
    looks = iter([None])

    def look(service: Service, name: str) -> Answer | None:
        return next(looks, find(service, name))

    monkeypatch.setattr(previews, "find", look)
    assert "it was there already" in thaw_branch("up", "pr-1").stderr


def test_a_full_project_says_what_makes_room(cloud: Cloud) -> None:
    cloud.api_faults.branches = 1
    with pytest.raises(Trouble, match="`thaw branch prune` makes room"):
        thaw_branch("up", "pr-1")


def test_what_is_busy_is_asked_again_when_it_says(cloud: Cloud) -> None:
    cloud.api_faults.answers.extend([423, 503, 429])
    begun = time.monotonic()
    assert thaw_branch("list").exit_code == 0
    assert time.monotonic() - begun > 1  # the last one asks for a second


@pytest.mark.usefixtures("cloud")
def test_a_refusal_is_told_in_neon_s_words_without_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEON_API_KEY", "napi_wrong")
    with pytest.raises(Trouble, match="do not pass authentication") as told:
        thaw_branch("list")
    assert "napi" not in str(told.value)


@pytest.mark.usefixtures("cloud")
def test_the_list_names_every_preview_in_full() -> None:
    long = "a-rather-long-name-of-a-branch-with-many-words"
    assert thaw_branch("up", long).exit_code == 0
    assert branch_name(long) in thaw_branch("list").output


@pytest.mark.usefixtures("cloud")
def test_resetting_drops_its_own_rows() -> None:
    for option in ("--with-data", "--seed"):
        url = url_of(thaw_branch("up", option.strip("-"), option))
        ask(url, "CREATE TABLE mine (id integer)")
        thaw_branch("reset", option.strip("-"), "--yes")
        again = [option] if option == "--with-data" else []
        url = url_of(thaw_branch("up", option.strip("-"), *again))
        assert ask(url, "SELECT to_regclass('mine')") is None


@pytest.mark.usefixtures("cloud")
def test_pruning_asks_first_and_takes_only_what_is_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thaw_branch("up", "pr-1")
    assert "nothing to prune" in thaw_branch("prune", "--older-than", "1h").stderr
    monkeypatch.setattr(pruning, "age", lambda _: timedelta(hours=2))
    refused = CliRunner().invoke(app, ["prune", "--older-than", "1h"], input="n\n")
    assert refused.exit_code == 1
    assert find(project(), branch_name("pr-1"))
    thaw_branch("prune", "--older-than", "1h", "--yes")
    assert find(project(), branch_name("pr-1")) is None


def test_pruning_what_is_merged_asks_origin(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    origin(tmp_path / "origin", tmp_path / "clone")
    monkeypatch.setattr(pruning, "ROOT", tmp_path / "clone")
    for name in ("open", "merged", "gone"):
        thaw_branch("up", name)
    assert "nothing to prune" in thaw_branch("prune", "--merged").stderr  # used just now
    monkeypatch.setattr(pruning, "GRACE", timedelta(0))
    thaw_branch("prune", "--merged", "--yes")
    left = [row["name"] for row in Api(cloud).branches()]
    assert sorted(left) == ["main", branch_name("open")]


def origin(place: Path, clone: Path) -> None:
    """A repository whose branch `merged` is in main, while `open` is not."""
    place.mkdir()
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for arguments in (
        ("init", "-q", "-b", "main"),
        (*who, "commit", "-q", "--allow-empty", "-m", "one"),
        ("branch", "merged"),
        ("checkout", "-q", "-b", "open"),
        (*who, "commit", "-q", "--allow-empty", "-m", "two"),
        ("checkout", "-q", "main"),
        ("clone", "-q", ".", str(clone)),
    ):
        subprocess.run(["git", *arguments], cwd=place, check=True, capture_output=True)  # noqa: S603, S607  ours


def test_a_migration_is_tried_on_a_copy_and_the_state_before_it_kept(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main = cloud.url(pooled=False)
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", main)
    migrate = ("up", "--snapshot", "--rehearse")
    assert thaw_migrate(*migrate).exit_code == 0
    assert names(cloud) == ["main", "snapshot/main-…"]
    assert thaw_migrate(*migrate).stdout == f"{REVISION}: nothing to do\n"
    monkeypatch.setattr(plan, "VERSIONS", [*plan.VERSIONS, extra(tmp_path)])
    with pytest.raises(Trouble, match=r"(?s)division by zero.*which stays for a day. No other"):
        thaw_migrate("up", "--rehearse")
    assert names(cloud) == ["main", "rehearsal/main-…", "snapshot/main-…"]
    assert ask(main, "SELECT version_num FROM alembic_version") == REVISION
    ask(main, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def test_a_copy_needs_a_database_of_the_project(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", cloud.url(pooled=False))
    monkeypatch.setenv("NEON_PROJECT_ID", "another-project-1")
    with pytest.raises(Trouble, match="is not one of the project's"):
        thaw_migrate("up", "--snapshot")


def thaw_migrate(*arguments: str) -> Result:
    done = CliRunner().invoke(load("dev.migrate:app"), arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def extra(place: Path) -> Path:
    """A revision after our newest, which fails."""
    up = "SELECT 1 / 0"
    text = migrating.REVISION.format(
        words="It fails", name="9999", before=REVISION, up=up, down="SELECT 1"
    )
    (place / "9999_fails.py").write_text(text)
    return place


def names(cloud: Cloud) -> list[str]:
    return sorted(re.sub(r"-[0-9-]{17}$", "-…", row["name"]) for row in Api(cloud).branches())


@needs_pgbouncer
def test_a_pull_request_leaves_nothing_behind() -> None:
    """In a process of its own, whose environment it changes."""
    done = subprocess.run(
        [sys.executable, "-m", "dev", "prove", "branch"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(goal met)" in done.stdout
