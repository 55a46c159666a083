"""The job that migrates: alone, patient, and never in doubt about what it has done."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import psycopg2
import pytest
from psycopg2.extensions import cursor

from dev import ROOT
from dev.neon.proxy.faults import Received, Sent
from dev.wire import CountingProxy
from migrations import connection, plan
from migrations.aws import handler
from migrations.connection import LOCK_TIMEOUT
from migrations.failures import MigrationFailed
from migrations.job import current, downgrade, upgrade
from migrations.running import ABSENT
from tests.migrating import ask, blank, thaw_migrate, write
from tests.neon import Neon, neon

INDEX = '''"""An index, as the template has it."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS done_step_idx")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY done_step_idx ON done (step)")
'''
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'done_step_idx'::regclass"
INDEXING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE%' AND state = 'active'"
LOTS = 1_000_000  # messages: more than pass
SLEEPY = "SELECT pg_sleep(60)"
WAITING = "SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
STEPS = (
    "CREATE TABLE done (step int); INSERT INTO done VALUES (1)",
    "INSERT INTO done VALUES (2)",
    "INSERT INTO done VALUES (3)",
)


@pytest.fixture
def url(sql: cursor) -> Iterator[str]:
    with blank(sql) as made:
        yield made


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a test writes its revisions."""
    monkeypatch.setattr(plan, "VERSIONS", [tmp_path])
    return tmp_path


def done(url: str) -> list[int]:
    return ask(url, "SELECT step FROM done ORDER BY step")


def held(url: str) -> closing[psycopg2.extensions.connection]:
    """Somebody who reads a table and does not go."""
    connection = psycopg2.connect(url)
    with connection.cursor() as reading:
        reading.execute("SELECT FROM done")
    return closing(connection)


@pytest.mark.slow
def test_of_two_jobs_at_once_exactly_one_migrates_twenty_times(sql: cursor, tmp_path: Path) -> None:
    write(tmp_path, *STEPS)
    alone, waited = 0, 0
    for _ in range(20):
        with blank(sql) as url:
            jobs = [thaw_migrate(url, "up", versions=tmp_path) for _ in range(2)]
            said, told = zip(*(job.communicate(timeout=60) for job in jobs), strict=True)
            assert [job.returncode for job in jobs] == [0, 0], told
            applied = sorted("base -> 0003: 0001, 0002, 0003" in words for words in said)
            idle = "0003: nothing to do\n" in said
            alone += applied == [False, True] and idle and done(url) == [1, 2, 3]
            waited += any("another job migrates this database" in words for words in told)
    figure = f"exactly one applied: {alone} of 20; the other had to wait in {waited}"
    print(figure)  # noqa: T201  a claim's figure
    assert alone == 20


def test_a_job_waits_for_another_and_finds_nothing_to_do(url: str, versions: Path) -> None:
    write(versions, STEPS[0], "INSERT INTO done SELECT 2 FROM pg_sleep(1)")
    with thaw_migrate(url, "up", versions=versions) as other:
        while not current(url):
            time.sleep(0.05)
        said: list[str] = []
        found = upgrade(url=url, tell=said.append)
        other.communicate()
    assert (found.before, found.after, found.revisions) == ("0002", "0002", [])
    assert said == ["another job migrates this database: waiting for it"]
    assert (other.returncode, done(url)) == (0, [1, 2])


def test_a_job_does_not_wait_for_ever_for_another(url: str) -> None:
    with closing(psycopg2.connect(url)) as other, other.cursor() as holding:
        holding.execute("SELECT pg_advisory_lock(hashtext('thaw migrations'))")
        with pytest.raises(MigrationFailed, match="another job migrates this database"):
            upgrade(url=url, patience=0.5)
    assert current(url) is None


def test_a_table_in_use_is_tried_again_and_nobody_waits_long_behind(
    url: str, versions: Path
) -> None:
    write(versions, STEPS[0], "ALTER TABLE done ADD COLUMN more int")
    upgrade("0001", url=url)
    said: list[str] = []
    with ThreadPoolExecutor() as thread:
        with held(url):
            job = thread.submit(lambda: upgrade(url=url, tell=said.append))
            longest = longest_read(url, seconds=2.3)
        assert job.result().revisions == ["0002"]
    assert any("lock timeout (55P03): trying again" in words for words in said)
    assert longest < LOCK_TIMEOUT + 0.5
    assert ask(url, "SELECT more FROM done") == [None]


def longest_read(url: str, seconds: float) -> float:
    """How long a reader of the table waits at most."""
    longest, end = 0.0, time.monotonic() + seconds
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as reading:
        connection.autocommit = True
        while (begun := time.monotonic()) < end:
            reading.execute("SELECT FROM done")
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.01)
    return longest


def test_a_table_that_stays_in_use_is_a_failure_that_says_so(url: str, versions: Path) -> None:
    write(versions, STEPS[0], "ALTER TABLE done ADD COLUMN more int")
    upgrade("0001", url=url)
    with held(url), pytest.raises(MigrationFailed) as failed:
        upgrade(url=url, patience=2)
    assert str(failed.value) == (
        "revision 0002 failed, and its transaction was rolled back: canceling statement due to "
        "lock timeout (55P03). somebody holds a table for longer than a revision may wait: "
        "see pg_stat_activity"
    )
    assert current(url) == "0001"


def test_one_more_is_one_more_however_often_it_is_tried(url: str, versions: Path) -> None:
    write(versions, STEPS[0], "ALTER TABLE done ADD COLUMN more int", STEPS[2])
    upgrade("+1", url=url)
    with ThreadPoolExecutor() as thread:
        with held(url):
            job = thread.submit(lambda: upgrade("+1", url=url))
            time.sleep(1.5)
        assert job.result().revisions == ["0002"]
    assert current(url) == "0002"


def test_what_fails_half_way_leaves_what_came_before(url: str, versions: Path) -> None:
    taken = "CREATE UNIQUE INDEX ON done (step); INSERT INTO done VALUES (1)"
    write(versions, STEPS[0], taken, STEPS[2])
    with pytest.raises(MigrationFailed) as failed:
        upgrade(url=url)
    assert str(failed.value) == (
        "revision 0002 failed, and its transaction was rolled back: "
        'duplicate key value violates unique constraint "done_step_idx" (23505)'
    )
    assert failed.value.__cause__ is None
    assert (current(url), done(url)) == ("0001", [1])
    assert ask(url, "SELECT FROM pg_indexes WHERE tablename = 'done'") == []


def test_an_index_is_made_while_others_write_and_another_job_waits(
    url: str, versions: Path
) -> None:
    (write(versions, STEPS[0]) / "0002_index.py").write_text(INDEX)
    upgrade("0001", url=url)
    with ThreadPoolExecutor() as thread, closing(psycopg2.connect(url)) as writer:
        writer.cursor().execute("INSERT INTO done VALUES (2)")
        job = thread.submit(lambda: upgrade(url=url))
        while not ask(url, INDEXING):
            time.sleep(0.05)
        other = thread.submit(lambda: upgrade(url=url))
        time.sleep(LOCK_TIMEOUT + 0.2)
        ask(url, "INSERT INTO done VALUES (3)")
        writer.commit()
        assert (job.result().revisions, other.result().revisions) == (["0002"], [])
    assert (ask(url, VALID), done(url)) == ([True], [1, 2, 3])


def test_an_index_that_fails_says_what_it_leaves_and_can_be_made_again(
    url: str, versions: Path
) -> None:
    (write(versions, STEPS[0]) / "0002_index.py").write_text(INDEX)
    upgrade("0001", url=url)
    ask(url, "INSERT INTO done VALUES (1)")
    with pytest.raises(MigrationFailed, match="may have left an index that is INVALID"):
        upgrade(url=url)
    assert (ask(url, VALID), current(url)) == ([False], "0001")
    ask(url, "TRUNCATE done")
    assert upgrade(url=url).revisions == ["0002"]
    assert ask(url, VALID) == [True]


def test_a_role_s_time_limit_does_not_end_a_revision(sql: cursor, url: str, versions: Path) -> None:
    limits = {"statement_timeout": "200ms"}
    if ask(url, "SELECT name FROM pg_settings WHERE name = 'transaction_timeout'"):
        limits["transaction_timeout"] = "300ms"
    for limit, value in limits.items():
        sql.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET {limit} = '{value}'")
    write(versions, "SELECT pg_sleep(0.4)")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        ask(url, "SELECT pg_sleep(0.4)")
    assert upgrade(url=url).revisions == ["0001"]


def test_what_a_revision_sets_ends_with_it(url: str, versions: Path) -> None:
    write(
        versions,
        "SET lock_timeout = 0",
        "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS is",
    )
    upgrade(url=url)
    assert ask(url, "SELECT * FROM seen") == ["1s"]


def test_a_database_ahead_of_the_code_is_left_alone(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    upgrade(url=url)
    (versions / "0003_step.py").unlink()
    found = upgrade(url=url)
    assert (found.before, found.after, found.revisions) == ("0003", "0003", [])
    unknown = "at 0003, which this checkout does not know"
    with pytest.raises(MigrationFailed, match=unknown):
        downgrade("0001", url=url)
    with pytest.raises(MigrationFailed, match=unknown):
        upgrade("0002", url=url)
    assert current(url) == "0003"


def test_a_database_of_another_project_is_not_taken_for_one_that_is_ahead(
    url: str, versions: Path
) -> None:
    write(versions, *STEPS)
    ask(url, "CREATE TABLE alembic_version AS SELECT 'f00d' AS version_num")
    with pytest.raises(MigrationFailed, match="at f00d, which this checkout does not know"):
        upgrade(url=url)


def test_one_more_than_the_newest_is_nothing_to_do(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    upgrade(url=url)
    assert upgrade("+1", url=url)[:3] == ("0003", "0003", [])


def test_an_empty_statement_is_told_as_what_it_is_and_not_as_a_lost_link(
    url: str, versions: Path
) -> None:
    write(versions, STEPS[0], "-- nothing yet")
    with pytest.raises(MigrationFailed) as failed:
        upgrade(url=url)
    words = (
        "revision 0002 failed, and its transaction was rolled back: can't execute an empty query"
    )
    assert str(failed.value) == words
    assert current(url) == "0001"


def test_an_error_of_a_revision_s_own_code_says_where(url: str, versions: Path) -> None:
    write(versions, *STEPS[:2])
    wrong = versions / "0002_step.py"
    wrong.write_text(wrong.read_text().replace("op.execute(", "sum(", 1))
    with pytest.raises(MigrationFailed) as failed:
        upgrade(url=url)
    assert str(failed.value) == (
        "revision 0002 failed, and its transaction was rolled back: 0002_step.py, line 12: "
        "TypeError: unsupported operand type(s) for +: 'int' and 'str'"
    )
    assert current(url) == "0001"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("revision = ", "0002_step.py, line 1: SyntaxError: invalid syntax"),
        ("\nrevision = unknown", "0002_step.py, line 2: NameError: name 'unknown' is not defined"),
    ],
)
def test_a_revision_that_cannot_be_read_stops_all(
    url: str, versions: Path, text: str, words: str
) -> None:
    (write(versions, STEPS[0]) / "0002_step.py").write_text(text)
    with pytest.raises(MigrationFailed) as failed:
        upgrade(url=url)
    assert str(failed.value) == f"a revision cannot be read: {words}"
    assert current(url) is None


@pytest.mark.parametrize(
    ("name", "words"), [("0002", "more than once"), ("0003", "multiple heads")]
)
def test_of_two_that_follow_the_same_none_is_run(
    url: str, versions: Path, name: str, words: str
) -> None:
    other = write(versions, *STEPS[:2]) / "0002_other.py"
    text = (versions / "0002_step.py").read_text()
    other.write_text(text.replace('revision = "0002"', f'revision = "{name}"', 1))
    with pytest.raises(MigrationFailed, match=words):
        upgrade(url=url)
    assert current(url) is None


def test_where_nobody_answers_it_soon_gives_up_and_asks_for_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun, said = time.monotonic(), list[str]()
    with pytest.raises(MigrationFailed) as failed:
        upgrade(url=f"postgresql://me@127.0.0.1:{port}/thaw", tell=said.append)
    assert str(failed.value) == (
        "nothing was done: Connection refused. "
        "Nobody answers at 127.0.0.1: is the address right, and does the server run?"
    )
    assert time.monotonic() - begun < ABSENT + 1
    assert said == ["Connection refused: trying again"]


class Starting(CountingProxy):
    """Has a port, and refuses who comes there until it is told to listen."""

    def server_activate(self) -> None:
        self.listen = super().server_activate


def test_a_server_that_starts_meanwhile_is_waited_for(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    with ThreadPoolExecutor() as thread, Starting(url) as server:
        job = thread.submit(lambda: upgrade(url=server.url))
        time.sleep(1)
        server.listen()
        assert job.result().after == "0003"


def test_a_script_s_empty_variable_is_no_revision(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    with pytest.raises(MigrationFailed, match="without a name"):
        upgrade("", url=url)
    assert current(url) is None


@pytest.mark.parametrize("revision", ["9999", "+4", "0003+1"])
def test_a_revision_that_is_none_is_refused(url: str, versions: Path, revision: str) -> None:
    write(versions, *STEPS)
    with pytest.raises(MigrationFailed, match="no way from base to"):
        upgrade(revision, url=url)
    assert current(url) is None


def test_a_dry_run_says_what_would_run_and_runs_nothing(url: str, versions: Path) -> None:
    write(versions, *STEPS)
    planned = upgrade(url=url, dry_run=True)
    assert planned.revisions == ["0001", "0002", "0003"]
    assert (planned.before, planned.after, current(url)) == (None, "0003", None)
    upgrade("0002", url=url)
    planned = downgrade("base", url=url, dry_run=True)
    assert planned.revisions == ["0002", "0001"]
    assert (planned.before, planned.after, current(url)) == ("0002", None, "0002")


def test_a_job_that_is_stopped_gives_back_its_locks(url: str, versions: Path) -> None:
    write(versions, STEPS[0], SLEEPY)
    with thaw_migrate(url, "up", versions=versions) as job:
        while not ask(url, WAITING):
            time.sleep(0.05)
        job.send_signal(signal.SIGINT)
        assert job.wait(10) != 0
    begun = time.monotonic()
    while ask(url, WAITING):
        assert time.monotonic() - begun < 5
        time.sleep(0.05)
    write(versions, *STEPS)
    assert upgrade(url=url, patience=5).before == "0001"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neon]:
    with neon(tmp_path_factory.mktemp("neon")) as made:
        yield made


@pytest.fixture
def far(running: Neon) -> Iterator[str]:
    """A database on Neon: its pooled address, as a deployment has it."""
    known = running.parameters(pooled=True)
    who = f"{known.pop('user')}:{quote(known.pop('password'))}"
    where = f"{known.pop('host')}:{known.pop('port')}/{known.pop('dbname')}"
    running.endpoint.wake = 0.3
    forget(running)
    yield f"postgresql://{who}@{where}?{urlencode(known)}"
    running.faults.clear()


def forget(running: Neon) -> None:
    running.compute.start()
    ask(own(running), "DROP TABLE IF EXISTS alembic_version, done")


def own(running: Neon) -> str:
    return running.compute.admin_url().rpartition("/")[0] + "/neondb"


def test_a_sleeping_database_is_woken(running: Neon, far: str, versions: Path) -> None:
    write(versions, *STEPS)
    running.compute.suspend()
    running.endpoint.wake = 1.5
    assert upgrade(url=far).after == "0003"
    assert running.compute.running


def test_a_link_that_freezes_before_anything_is_done_is_given_up(
    running: Neon, far: str, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(versions, *STEPS)
    monkeypatch.setattr(connection, "WAKE", 1.0)
    said: list[str] = []
    for messages in (0, 2):  # the answers to its settings, and to its lock
        running.faults.add(Received(messages=messages, how="hang"))
    assert upgrade(url=far, tell=said.append).after == "0003"
    assert said.count("timeout expired: trying again") == 1


@pytest.mark.slow
def test_a_link_cut_anywhere_neither_loses_a_revision_nor_runs_it_twice(
    running: Neon, far: str, versions: Path
) -> None:
    write(versions, *STEPS)
    cuts = [
        direction(messages=messages, how="fin")
        for direction in (Sent, Received)
        for messages in range(passing(running, far, direction))
    ]
    found = 0
    for cut in cuts:
        forget(running)
        said: list[str] = []
        running.faults.add(cut)
        did = upgrade(url=far, patience=30, tell=said.append)
        assert did[:3] == (None, "0003", ["0001", "0002", "0003"]), (cut, said)
        assert done(own(running)) == [1, 2, 3], (cut, said)
        found += any("and the connection was lost" in words for words in said)
    print(f"{len(cuts)} cuts, {found} found a revision done")  # noqa: T201  a claim's figure
    assert found >= len(STEPS)  # the answers to their COMMITs, at least


def passing(running: Neon, far: str, direction: type[Sent | Received]) -> int:
    """How many messages of a whole job pass that way."""
    ear = direction(messages=LOTS)
    running.faults.add(ear)
    upgrade(url=far)
    forget(running)
    return len(ear.sizes)


def context(seconds: float = 60) -> SimpleNamespace:
    """AWS's, of which one thing is used."""
    return SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)


@pytest.fixture
def configured(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL_UNPOOLED", url)
    return url


def test_the_function_migrates_and_says_what_it_did(configured: str, versions: Path) -> None:
    write(versions, *STEPS)
    planned = handler({"task": "migrate", "dry_run": True}, context())
    assert (planned["to"], current(configured)) == ("0003", None)
    did = handler({"task": "migrate", "revision": "0002"}, context())
    assert did.pop("seconds") < 5
    assert did == {"from": None, "to": "0002", "revisions": ["0001", "0002"]}
    assert handler({"task": "migrate"}, context())["revisions"] == ["0003"]
    assert handler({"task": "migrate"}, context())["revisions"] == []
    assert done(configured) == [1, 2, 3]


@pytest.mark.usefixtures("configured")
def test_the_function_fails_where_a_revision_does(versions: Path) -> None:
    write(versions, "SELECT 1 / 0")
    with pytest.raises(MigrationFailed, match="revision 0001 failed"):
        handler({"task": "migrate"}, context())


def test_the_function_has_an_end_before_aws_ends_it(configured: str, versions: Path) -> None:
    write(versions, STEPS[0], "ALTER TABLE done ADD COLUMN more int")
    upgrade("0001", url=configured)
    begun = time.monotonic()
    with held(configured), pytest.raises(MigrationFailed, match="somebody holds a table"):
        handler({"task": "migrate"}, context(seconds=7))
    assert time.monotonic() - begun < 7


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({}, "task: Field required"),
        ({"task": "purge"}, "task: Input should be 'migrate'"),
        ({"task": "migrate", "dry_run": "no"}, "dry_run: Input should be a valid boolean"),
        ({"task": "migrate", "revison": "0001"}, "revison: Extra inputs are not permitted"),
        ({"task": "migrate", "revision": ""}, "revision: String should have at least 1"),
        ({"task": "migrate", "revision": 1}, "revision: Input should be a valid string"),
        ("migrate", "Input should be"),
    ],
)
def test_the_function_refuses_an_event_that_asks_for_something_else(
    configured: str, event: object, words: str
) -> None:
    with pytest.raises(ValueError, match="not an event like") as refused:
        handler(event, context())
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert current(configured) is None


def test_a_function_that_starts_says_nothing_of_its_libraries() -> None:
    talkative = "import logging; logging.basicConfig(level=logging.INFO); import migrations.aws"
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", talkative], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("", "")
