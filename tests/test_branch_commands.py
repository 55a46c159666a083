"""`thaw branch` against the local Neon: made once, found again, pruned, reset, and taken away."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg2
import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner, Result

from app.tables import REVISION
from dev import ROOT, Trouble
from dev.branch import copies, outputs, previews, pruning
from dev.branch.command import app
from dev.branch.listing import all_branches, find
from dev.branch.names import branch_name
from dev.branch.previews import Wish
from dev.cli import load
from dev.neon.account import project
from dev.neon.cloud import Cloud
from dev.neon.project.api_faults import REFUSALS
from dev.neon.project.records import Database, Role
from dev.neon.project.refusals import Refusal
from dev.neon.service import Answer, Refused, Service
from dev.postgres import HOST
from dev.prove._branch_jobs import Jobs
from migrations import plan
from migrations.job import upgrade
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


@pytest.fixture
def migrated(cloud: Cloud) -> Iterator[str]:
    """The default branch's direct address."""
    url = cloud.url(pooled=False)
    upgrade(url=url)
    yield url
    ask(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@pytest.fixture
def staging(cloud: Cloud) -> str:
    """The direct address of a branch that stays."""
    Api(cloud).branch("staging", endpoint=True)
    return cloud.url(pooled=False, branch="staging")


@pytest.fixture
def two_databases(cloud: Cloud) -> Iterator[str]:
    """How a second role, which may make tables there, connects to the second one."""
    url, password = cloud.url(pooled=False), token_hex()
    parts = urlsplit(url)._replace(path="/other")
    other, place = parts.geturl(), parts.netloc.rpartition("@")[2]
    direct(url, f"CREATE ROLE guest LOGIN PASSWORD '{password}'")
    direct(url, "CREATE DATABASE other")
    direct(other, "GRANT CREATE ON SCHEMA public TO guest")
    state = cloud.project.state
    mine = {"branch_id": state.default.id}
    state.add(Database(id=2, name="other", owner_name="neondb_owner", **mine))
    state.add(Role(name="guest", password=password, **mine))
    yield parts._replace(netloc=f"guest:{password}@{place}").geturl()
    Api(cloud).clear()
    state.databases, state.roles = state.databases[:1], state.roles[:1]
    for thing in ("DATABASE other WITH (FORCE)", "ROLE guest"):
        direct(url, f"DROP {thing}")


def thaw_branch(*arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def row(name: str) -> Answer:
    found = find(project(), branch_name(name))
    assert found
    return found


def url_of(done: Result, name: str = "DATABASE_URL_UNPOOLED") -> str:
    line = next(line for line in done.stdout.splitlines() if line.startswith(f"export {name}="))
    return line.partition("=")[2].strip("'")


def ask(url: str, statement: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def direct(url: str, statement: str) -> None:
    """Outside of any transaction."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


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


def test_a_branch_that_another_job_still_makes_is_waited_for(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.api_faults, "operation_seconds", 1.0)
    monkeypatch.setattr(previews, "extend", lambda *_: None)  # it waits too, for another reason
    service, wish = project(), Wish("thaw/0a0b0c0d", None, timedelta(days=1), with_data=True)
    body = {"branch": {"name": wish.name}, "endpoints": [{"type": "read_write"}]}
    made = service.call("POST", "/branches", json=body)["branch"]
    assert made["current_state"] == "init"
    assert previews.create_or_find(service, wish).id == made["id"]
    assert row(wish.name)["current_state"] == "ready"


@pytest.mark.usefixtures("cloud")
def test_each_use_begins_its_time_anew() -> None:
    thaw_branch("up", "pr-1", "--ttl", "1d")
    before = row("pr-1")["expires_at"]
    thaw_branch("up", "pr-1", "--ttl", "3d")
    assert row("pr-1")["expires_at"] > before


@pytest.mark.usefixtures("staging")
def test_a_list_of_several_pages_is_read_to_its_end() -> None:
    found = [row["name"] for row in all_branches(project(), limit="1")]
    assert sorted(found) == ["main", "staging"]


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


@pytest.mark.usefixtures("migrated")
def test_a_secret_is_masked_at_the_beginning_of_a_line_where_colours_are_wanted_too() -> None:
    """GitHub reads a command nowhere else, and a spinner moves the cursor about."""
    done = subprocess.run(
        [sys.executable, "-m", "dev", "branch", "up", "coloured"],
        cwd=ROOT,
        env={**os.environ, "GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    masking = [line for line in done.stderr.splitlines() if "add-mask" in line]
    assert len(masking) == 3
    assert [line for line in masking if not line.startswith("::add-mask::")] == []


@pytest.mark.usefixtures("cloud")
def test_the_list_names_every_preview_in_full() -> None:
    long = "a-rather-long-name-of-a-branch-with-many-words"
    assert thaw_branch("up", long).exit_code == 0
    assert branch_name(long) in thaw_branch("list").output


@pytest.mark.usefixtures("cloud")
def test_where_there_is_nothing_a_note_says_so() -> None:
    said = thaw_branch("list")
    assert (said.stdout, said.stderr) == ("", "there are no previews\n")


@pytest.mark.usefixtures("migrated")
def test_a_schema_that_does_not_differ_is_said_so() -> None:
    thaw_branch("up", "pr-1")
    said = thaw_branch("diff", "pr-1")
    assert said.stdout == ""
    assert "is that of main" in said.stderr
    assert "is as `main` is" in thaw_branch("diff", "pr-1", "--markdown").stdout


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(("option", "same"), [("--with-data", True), ("--seed", False)])
def test_resetting_drops_its_own_rows_and_says_where_it_is_now(option: str, *, same: bool) -> None:
    before = url_of(thaw_branch("up", "pr-1", option))
    ask(before, "CREATE TABLE mine (id integer)")
    done = thaw_branch("reset", "pr-1", "--yes")
    assert (url_of(done) == before) is same
    assert ("its address is another now" not in done.stderr) is same
    assert ask(url_of(done), "SELECT to_regclass('mine')") is None
    assert ask(url_of(done), "SELECT count(*) FROM tasks") == 0


@pytest.mark.usefixtures("cloud")
def test_resetting_gives_what_making_gives(tmp_path: Path) -> None:
    thaw_branch("up", "pr-1")
    file = tmp_path / ".env.preview"
    done = thaw_branch("reset", "pr-1", "--yes", "--seed", "--env-file", str(file))
    assert done.stdout == ""
    url = str(dotenv_values(file)["DATABASE_URL_UNPOOLED"])
    assert ask(url, "SELECT count(*) > 0 FROM tasks")


@pytest.mark.parametrize("option", ["--with-data", "--seed"])
def test_a_branch_that_nobody_lets_expire_is_reset_too(cloud: Cloud, option: str) -> None:
    thaw_branch("up", "pr-1", option)
    Api(cloud).patch(f"/branches/{row('pr-1')['id']}", expires_at=None)
    thaw_branch("reset", "pr-1", "--yes", "--ttl", "2d")
    until = datetime.fromisoformat(row("pr-1")["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=1) < until < timedelta(days=2)


def test_a_branch_keeps_the_base_that_it_was_made_from(staging: str) -> None:
    ask(staging, "CREATE TABLE kept (id integer)")
    thaw_branch("up", "pr-1", "--from", "staging")
    url = url_of(thaw_branch("reset", "pr-1", "--yes"))
    assert ask(url, "SELECT to_regclass('kept')") == "kept"
    said = thaw_branch("diff", "pr-1").stdout
    assert "+CREATE TABLE public.tasks" in said
    assert "+CREATE TABLE public.kept" not in said


def test_a_reset_that_ends_half_way_says_how_to_go_on(cloud: Cloud) -> None:
    thaw_branch("up", "pr-1")
    cloud.api_faults.branches = 1
    with pytest.raises(Trouble, match=r"`thaw branch up thaw/pr-1-[0-9a-f]{8} --from main`"):
        thaw_branch("reset", "pr-1", "--yes")


@pytest.mark.usefixtures("staging")
@pytest.mark.parametrize("options", [[], ["--with-data"]])
def test_another_base_for_a_branch_that_exists_is_refused(options: list[str]) -> None:
    thaw_branch("up", "pr-1", "--from", "staging", *options)
    for base in ([], ["--from", "staging"]):
        assert "it was there already" in thaw_branch("up", "pr-1", *base, *options).stderr
    with pytest.raises(Trouble, match=r"began as staging: .*`thaw branch down` it first"):
        thaw_branch("up", "pr-1", "--from", "main", *options)


@pytest.mark.usefixtures("staging")
def test_a_base_that_is_gone_is_told_only_where_it_is_needed(cloud: Cloud) -> None:
    thaw_branch("up", "pr-1", "--from", "staging")
    (gone,) = (one["id"] for one in Api(cloud).branches() if one["name"] == "staging")
    Api(cloud).delete(f"/branches/{gone}")
    Api(cloud).settle()
    assert thaw_branch("up", "pr-1").exit_code == 0
    with pytest.raises(Trouble, match="began as is gone: `thaw branch down`"):
        thaw_branch("reset", "pr-1", "--yes")
    assert row("pr-1")


@pytest.mark.usefixtures("cloud")
def test_a_revision_that_fails_half_way_leaves_the_branch_to_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = url_of(thaw_branch("up", "pr-1"))
    half = extra(tmp_path, "CREATE TABLE half (); SELECT 1 / 0")
    monkeypatch.setattr(plan, "VERSIONS", [*plan.VERSIONS, half])
    with pytest.raises(Trouble, match=r"(?s)9999 failed.*division by zero.*branch stays as it is"):
        thaw_branch("up", "pr-1")
    assert ask(url, "SELECT version_num FROM alembic_version") == REVISION
    assert ask(url, "SELECT to_regclass('half')") is None


@pytest.mark.usefixtures("cloud")
def test_a_push_that_takes_a_revision_back_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(plan, "VERSIONS", [*plan.VERSIONS, extra(tmp_path, "CREATE TABLE more ()")])
        thaw_branch("up", "pr-1")
    wanted = rf"(?s)at 9999, and the newest .* is {REVISION}.*`thaw branch reset thaw/pr-1-"
    with pytest.raises(Trouble, match=wanted):
        thaw_branch("up", "pr-1")
    thaw_branch("reset", "pr-1", "--yes")
    assert thaw_branch("up", "pr-1").exit_code == 0


@pytest.mark.usefixtures("cloud")
def test_a_push_that_changes_a_revision_is_noticed() -> None:
    ask(url_of(thaw_branch("up", "pr-1")), "ALTER TABLE tasks ADD COLUMN colour text")
    with pytest.raises(Trouble, match=r"(?s)drop_column\('tasks', 'colour'\).*branch reset"):
        thaw_branch("up", "pr-1")


def test_a_new_branch_that_differs_has_its_base_to_blame(migrated: str) -> None:
    ask(migrated, "ALTER TABLE tasks ADD COLUMN colour text")
    with pytest.raises(Trouble, match=r"(?s)drop_column\('tasks', 'colour'\).*It began so"):
        thaw_branch("up", "pr-1")


@pytest.mark.usefixtures("two_databases")
def test_one_of_several_databases_is_named() -> None:
    with pytest.raises(Trouble, match=r"neondb, other\. Say which: --database"):
        thaw_branch("up", "pr-1")
    with pytest.raises(Trouble, match=r"no database third\. It has: neondb, other"):
        thaw_branch("up", "pr-1", "--database", "third")
    made = thaw_branch("up", "pr-1", "--database", "other")
    assert [urlsplit(url_of(made, name)).path for name in outputs.NAMES] == ["/other"] * 2
    assert ask(url_of(made), "SELECT to_regclass('tasks')") == "tasks"
    assert "CREATE TABLE public.tasks" in thaw_branch("diff", "pr-1", "--database", "other").stdout
    reset = thaw_branch("reset", "pr-1", "--yes", "--database", "other", "--role", "guest")
    assert urlsplit(url_of(reset)).username == "guest"


def test_a_rehearsal_is_of_the_database_and_the_role_that_migrate(
    two_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", two_databases)
    tried, attempt = [], copies.attempt

    def look(url: str, revision: str) -> None:
        attempt(url, revision)
        tried.append(url)

    monkeypatch.setattr(copies, "attempt", look)
    assert thaw_migrate("up", "--rehearse").exit_code == 0
    (copy,), real = map(urlsplit, tried), urlsplit(two_databases)
    assert (copy.path, copy.username) == (real.path, real.username) == ("/other", "guest")
    assert copy.hostname != real.hostname


@pytest.mark.parametrize("option", ["--snapshot", "--rehearse"])
def test_a_branch_that_expires_is_not_copied(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    short = Api(cloud).branch("short", endpoint=True, expires_at=soon)["branch"]["id"]
    child = {"branch": {"name": "child", "parent_id": short}}
    assert Api(cloud).post("/branches", child).status == 422  # Neon's own word is not as clear
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", cloud.url(pooled=False, branch="short"))
    with pytest.raises(Trouble, match=r"short expires on .*leave out --snapshot and --rehearse"):
        thaw_migrate("up", option)
    with pytest.raises(Trouble, match=r"short expires on .*--from, or leave out --with-data"):
        thaw_branch("up", "pr-1", "--from", "short", "--with-data")
    assert thaw_branch("up", "pr-1", "--from", "short").exit_code == 0


def test_what_stands_before_neon_is_asked_again_for_what_is_only_read(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in (502, 504):
        monkeypatch.setitem(REFUSALS, status, Refusal(status, "a gateway's word"))
    cloud.api_faults.answers.extend([502, 504])
    assert thaw_branch("list").exit_code == 0
    cloud.api_faults.answers.append(502)
    with pytest.raises(Refused, match="a gateway's word"):
        project().call("POST", "/branches", json={})


def test_a_job_does_not_outlive_its_proof(cloud: Cloud, tmp_path: Path) -> None:
    cloud.api_faults.answers.extend([423] * 99)
    with Jobs(cloud, ROOT, tmp_path).start("branch", "list") as job:
        assert job.poll() is None
    assert job.poll() is not None


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


def test_a_rehearsal_whose_tables_are_not_the_code_s_stops_the_real_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main = cloud.url(pooled=False)
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", main)
    more = extra(tmp_path, "ALTER TABLE tasks ADD COLUMN colour text")
    monkeypatch.setattr(plan, "VERSIONS", [*plan.VERSIONS, more])
    with pytest.raises(Trouble, match=r"(?s)not those of the code:.*colour.*No other"):
        thaw_migrate("up", "--rehearse")
    assert ask(main, "SELECT to_regclass('alembic_version')") is None


def test_a_rehearsal_that_is_stopped_leaves_no_copy(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        seen.extend(names(cloud))
        raise KeyboardInterrupt

    seen: list[str] = []
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", cloud.url(pooled=False))
    monkeypatch.setattr(copies, "attempt", stop)
    assert thaw_migrate("up", "--rehearse").exit_code == 130  # a shell's number for Ctrl-C
    assert seen == ["main", "rehearsal/main-…"]
    assert names(cloud) == ["main"]


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


def extra(place: Path, up: str = "SELECT 1 / 0") -> Path:
    """A revision after our newest; it fails unless told otherwise."""
    text = migrating.REVISION.format(
        words="Something more", name="9999", before=REVISION, up=up, down="SELECT 1"
    )
    (place / "9999_more.py").write_text(text)
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
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(goal met)" in done.stdout
