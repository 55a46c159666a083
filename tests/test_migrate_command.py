"""`thaw migrate`, as people and scripts call it: what it prints, and the code it ends with."""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic
from psycopg2.extensions import cursor
from typer.testing import CliRunner, Result

from app import address
from app.settings import Direct, get_settings
from app.tables import REVISION
from dev import ROOT, Trouble, doctor, local
from dev.doctor import Mark
from dev.migrate import app
from dev.neon import here
from dev.neon.command import order
from migrations import plan
from migrations.job import current, upgrade
from tests.migrating import ask, blank, thaw_migrate, write

STEPS = ("CREATE TABLE done (step int)", "INSERT INTO done VALUES (1)")


@pytest.fixture
def url(sql: cursor, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of its own, which the environment names."""
    with blank(sql) as made:
        monkeypatch.setenv("DATABASE_URL_UNPOOLED", made)
        yield made


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a test writes its revisions."""
    monkeypatch.setattr(plan, "VERSIONS", [tmp_path / "versions"])
    return tmp_path / "versions"


def thaw(*arguments: str, stdin: str = "") -> Result:
    """Its exit code and what it prints; a trouble is the sentence that `thaw` makes of it."""
    return CliRunner().invoke(app, arguments, input=stdin)


def trouble(*arguments: str) -> str:
    done = thaw(*arguments)
    assert isinstance(done.exception, Trouble), done
    assert done.stdout == ""
    return str(done.exception)


def test_the_result_is_printed_alone_and_the_progress_beside_it(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    done = thaw("up")
    assert done.exit_code == 0
    assert done.stdout.startswith("base -> 0002: 0001, 0002 in ")
    assert done.stdout.count("\n") == 1
    assert [line.split(" (")[0] for line in done.stderr.splitlines()] == [
        "  0001 Step 1",
        "  0002 Step 2",
        "✓ migrating the database",
    ]
    assert thaw("up").stdout == "0002: nothing to do\n"
    assert ask(url, "SELECT step FROM done") == [1]


def test_status_is_a_question_that_scripts_can_ask(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    behind = thaw("status")
    assert behind.exit_code == 1
    assert "at       base" in behind.stdout
    assert "missing  0001, 0002" in behind.stdout
    upgrade(url=url)
    up_to_date = thaw("status")
    assert up_to_date.exit_code == 0
    assert "at       0002\nmissing  nothing" in up_to_date.stdout


@pytest.mark.usefixtures("url")
def test_a_database_ahead_of_the_checkout_is_named_so_and_a_way_out_with_it(versions: Path) -> None:
    write(versions, *STEPS)
    thaw("up")
    (versions / "0002_step.py").unlink()
    status = thaw("status")
    assert status.exit_code == 0
    assert "at       0002, ahead of this checkout, whose newest is 0001\n" in status.stdout
    assert "missing  nothing" in status.stdout
    assert thaw("up").stdout == "0002: nothing to do\n"
    for command in ("check", "down 0001 --yes", "up 0001", "new --autogenerate x"):
        words = trouble(*command.split())
        assert words == (
            "the database is at 0002, which this checkout does not know: check out the code that "
            "has it, or go back from there (`thaw migrate down 0001`)"
        )


def test_a_dry_run_changes_nothing(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    assert thaw("up", "--dry-run").stdout == "base -> 0002: would run 0001, 0002\n"
    assert current(url) is None
    upgrade(url=url)
    assert thaw("down", "base", "--dry-run").stdout == "0002 -> base: would run 0002, 0001\n"
    assert current(url) == "0002"


def test_nothing_is_taken_back_unasked(url: str, versions: Path) -> None:
    write(versions, *STEPS, down="SELECT 1")
    upgrade(url=url)
    assert "Drop what 0002 made in 127.0.0.1?" in trouble("down", "0001")
    assert current(url) == "0002"
    assert thaw("down", "0001", "--yes").stdout.startswith("0002 -> 0001: 0002 in ")
    assert current(url) == "0001"
    assert thaw("down", "0001").stdout == "0001: nothing to do\n"


def test_a_failure_is_exit_code_1_and_a_sentence_without_rows(url: str, versions: Path) -> None:
    taken = "CREATE UNIQUE INDEX ON done (step); INSERT INTO done VALUES (737), (737)"
    write(versions, STEPS[0], taken, "SELECT 1")
    with thaw_migrate(url, "up", versions=versions) as job:
        said, told = job.communicate(timeout=60)
    assert (job.returncode, said) == (1, "")
    assert told.splitlines()[0].startswith("  0001 Step 1 (")
    assert told.splitlines()[1].startswith(
        "thaw: revision 0002 failed, and its transaction was rolled back:"
    )
    assert told.endswith('duplicate key value violates unique constraint "done_step_idx" (23505)\n')
    assert "737" not in told
    assert current(url) == "0001"
    assert ask(url, "SELECT count(*) FROM done") == [0]


@pytest.mark.parametrize("command", ["up", "status", "check", "down base", "new --autogenerate x"])
def test_a_database_out_of_reach_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    server = local.configured()["DATABASE_URL"].rpartition("/")[0]
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", f"{server}/none")
    said = trouble(*command.split())
    assert 'database "none" does not exist' in said
    assert "\n" not in said
    assert "postgres:" not in said


@pytest.mark.usefixtures("url")
def test_check_says_what_differs() -> None:
    assert "nothing to compare" in trouble("check")
    thaw("up")
    assert thaw("check").stdout == "the tables are those of the code\n"
    assert thaw("check").exit_code == 0


@pytest.mark.usefixtures("url")
def test_what_libraries_say_of_themselves_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def talkative(*arguments: Any) -> None:
        warnings.warn("a library grows old", DeprecationWarning, stacklevel=1)
        check(*arguments)

    check = alembic.check
    monkeypatch.setattr(alembic, "check", talkative)
    thaw("up")
    assert thaw("check").stdout == "the tables are those of the code\n"


def test_check_ends_with_1_where_something_differs(url: str) -> None:
    thaw("up")
    ask(url, "ALTER TABLE tasks ADD odd int")
    found = thaw("check")
    assert found.exit_code == 1
    assert found.stdout == "op.drop_column('tasks', 'odd')\n"


def test_the_sql_is_what_runs(url: str) -> None:
    """Run by hand, it makes the same tables, and the job finds it done."""
    script = thaw("sql")
    assert script.exit_code == 0
    assert script.stdout.startswith("SET lock_timeout = ")
    ask(url, script.stdout)
    assert thaw("up").stdout == f"{REVISION}: nothing to do\n"
    assert thaw("check").exit_code == 0
    assert "CREATE TABLE tasks" not in thaw("sql", "0001:head").stdout
    assert "there is no SQL for 0001:9999" in trouble("sql", "0001:9999")
    assert "no revision lies between 0002 and 0001" in trouble("sql", "0002:0001")
    assert "this checkout has no revision head" in trouble("sql", "head:head")


@pytest.mark.parametrize("span", ["", ":", "0001:", ":head"])
def test_a_span_has_two_ends(span: str) -> None:
    assert "a span is like 0001:head" in trouble("sql", span)


@pytest.fixture
def copied(versions: Path) -> Path:
    """The revisions, where one more does no harm."""
    ignored = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(ROOT / "migrations" / "versions", versions, ignore=ignored)


def tidy(path: Path) -> str:
    """What `make check` would say of it."""
    said = ""
    for arguments in (["check", "--ignore=INP001", "--quiet"], ["format", "--check", "--quiet"]):
        linter = [sys.executable, "-m", "ruff", *arguments, f"--config={ROOT}/pyproject.toml"]
        done = subprocess.run([*linter, path], check=False, capture_output=True, text=True)  # noqa: S603  ours
        said += done.stdout + done.stderr
    return said


@pytest.mark.usefixtures("copied")
def test_a_new_revision_follows_the_newest_and_keeps_the_linter_s_peace(url: str) -> None:
    made = thaw("new", "colours of tasks.")
    path = Path(made.stdout.strip())
    assert made.exit_code == 0
    assert path.name == f"{int(REVISION) + 1:04}_colours_of_tasks.py"
    assert "app/tables.py" in made.stderr
    text = path.read_text()
    assert text.startswith('"""Colours of tasks.\n\nRules')
    assert f'down_revision = "{REVISION}"' in text
    assert tidy(path) == ""
    path.write_text(text.replace('UP = """', 'UP = """SELECT 1;'))
    assert thaw("up").stdout.startswith(f"base -> {int(REVISION) + 1:04}: ")
    assert current(url) == f"{int(REVISION) + 1:04}"


@pytest.mark.parametrize(
    "message", ["", " ", "🔥", 'say """', "back\\slash", os.fsdecode(b"x\xff")]
)
def test_a_new_revision_says_what_it_does_or_is_not_written(copied: Path, message: str) -> None:
    before = set(copied.glob("*.py"))
    assert "in a few plain words" in trouble("new", message)
    assert set(copied.glob("*.py")) == before


@pytest.mark.usefixtures("copied")
def test_what_a_new_revision_does_is_one_line() -> None:
    path = Path(thaw("new", "  two\n lines ").stdout.strip())
    assert path.read_text().startswith('"""Two lines.\n')
    assert tidy(path) == ""


@pytest.mark.usefixtures("copied", "url")
def test_an_empty_revision_is_to_be_filled_in_before_anything_runs() -> None:
    thaw("up")
    file = Path(thaw("new", "colours").stdout.strip())
    for command in ("up", "up --dry-run", "sql", f"sql {REVISION}:head", "check", "status"):
        words = trouble(*command.split())
        assert words == (
            f"revision {file.name[:4]} is empty: write what it does into UP, in {file.name}, "
            "or take UP out of it"
        )
    assert thaw("sql", f"base:{REVISION}").exit_code == 0
    file.write_text(file.read_text().replace('UP = """', 'UP = """SELECT 1;'))
    assert thaw("up").exit_code == 0
    assert "take DOWN out of it" in trouble("down", REVISION, "--yes")


@pytest.mark.usefixtures("copied")
def test_a_new_revision_may_begin_with_what_differs(url: str) -> None:
    assert "nothing to compare" in trouble("new", "--autogenerate", "odd")
    upgrade(url=url)
    ask(url, "ALTER TABLE tasks ADD odd int, DROP words CASCADE; DROP TABLE messages")
    made = thaw("new", "--autogenerate", "odd")
    assert made.exit_code == 0, made.exception
    path = Path(made.stdout.strip())
    assert tidy(path) == ""
    text = path.read_text()
    assert 'op.drop_column("tasks", "odd")' in text
    assert "import sqlalchemy as sa" in text
    thaw("up")
    assert thaw("check").exit_code == 0


@pytest.mark.usefixtures("url")
def test_where_nothing_differs_no_file_is_written(copied: Path) -> None:
    thaw("up")
    before = set(copied.glob("*.py"))
    assert "nothing differs" in trouble("new", "--autogenerate", "odd")
    assert set(copied.glob("*.py")) == before


def forget_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where nothing is set; a developer's .env has no say."""
    monkeypatch.setitem(Direct.model_config, "env_file", None)
    monkeypatch.setattr(local, "configured", lambda: {k: v for k, v in os.environ.items() if v})
    for name in (*address.NAMES, *address.DIRECT_NAMES):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize(
    ("at", "mark"),
    [("0000", Mark.FAIL), (REVISION, Mark.OK), ("9999", Mark.WARN), ("f00d", Mark.FAIL)],
)
def test_the_doctor_minds_a_database_that_is_behind_and_not_one_ahead(
    url: str, at: str, mark: Mark
) -> None:
    ask(url, f"CREATE TABLE alembic_version AS SELECT '{at}' AS version_num")
    found = doctor.revision(get_settings())
    assert found.mark is mark
    assert at in found.words


@pytest.mark.parametrize("name", ["DATABASE_URL_UNPOOLED", "POSTGRES_URL_NON_POOLING"])
def test_a_direct_address_alone_is_enough_to_migrate(
    url: str, monkeypatch: pytest.MonkeyPatch, versions: Path, name: str
) -> None:
    write(versions, *STEPS)
    forget_addresses(monkeypatch)
    monkeypatch.setenv(name, url)
    assert thaw("up").exit_code == 0
    assert current(url) == "0002"


def test_a_direct_address_alone_is_not_mistaken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_addresses(monkeypatch)
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", "postgresql://thaw.example/thaw")
    with pytest.raises(Trouble, match="DATABASE_URL is not: set both"), local.database():
        pass


def test_a_pooler_that_is_not_neon_s_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_addresses(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:Zq7@pgbouncer.example/thaw")
    refused = thaw("up").exception
    assert "leads to a pooler" in str(refused)
    assert "Zq7" not in str(refused)


def test_without_an_address_it_is_the_local_neon_awake_or_asleep(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, versions: Path
) -> None:
    monkeypatch.setattr(here, "DIRECTORY", tmp_path / "neon")
    forget_addresses(monkeypatch)
    write(versions, *STEPS)
    with here.run(0.5, None) as running:
        order("suspend")
        assert thaw("up").stdout.startswith("base -> 0002: 0001, 0002 in ")
        assert ask(running.direct, "SELECT step FROM done") == [1]


@pytest.mark.parametrize(
    "command", ["", "up", "down", "status", "check", "sql", "new"], ids=lambda name: name or "all"
)
def test_help_says_what_it_is_for(command: str) -> None:
    said = thaw(*command.split(), "--help")
    assert said.exit_code == 0
    assert "Usage:" in said.output


def test_there_is_no_command_without_a_word_for_it() -> None:
    assert thaw().exit_code == 2
    assert thaw("0001").exit_code == 2
