import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from dev import ROOT, Trouble
from dev.postgres import Postgres


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "postgres"


@pytest.fixture
def postgres(directory: Path) -> Iterator[Postgres]:
    with Postgres(directory) as server:
        yield server


def pid(server: Postgres) -> str:
    return (server.data / "postmaster.pid").read_text().split()[0]


def ask(url: str, question: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()
    finally:
        connection.close()


def test_it_answers_over_tcp_as_postgres_18(postgres: Postgres) -> None:
    assert ask(postgres.url, "SELECT current_setting('server_version_num')::int / 10000") == (18,)


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    user, _, rest = postgres.url.rpartition("@")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(f"{user}x@{rest}")


def test_only_the_owner_can_read_the_password(postgres: Postgres) -> None:
    assert stat.S_IMODE(Path(f"{postgres.data}.password").stat().st_mode) == 0o600


def test_the_last_user_stops_the_server(postgres: Postgres) -> None:
    with Postgres(postgres.data) as second:
        assert pid(second) == pid(postgres)
    assert ask(postgres.url, "SELECT 1") == (1,)
    postgres.stop()
    assert not (postgres.data / "postmaster.pid").exists()


def test_data_outlives_the_server(directory: Path) -> None:
    with Postgres(directory) as first:
        ask(first.url, "CREATE TABLE kept AS SELECT 42 AS n; SELECT 1")
    with Postgres(directory) as second:
        assert ask(second.url, "SELECT n FROM kept") == (42,)


def test_a_server_left_by_a_killed_run_is_taken_over_and_stopped(directory: Path) -> None:
    start = f"from dev.postgres import *; Postgres(Path({str(directory)!r})).start()"
    killed = [sys.executable, "-c", f"{start}; import os; os.kill(os.getpid(), 9)"]
    subprocess.run(killed, cwd=ROOT, check=False)  # noqa: S603  ourselves
    left = pid(Postgres(directory))
    with Postgres(directory) as server:
        assert pid(server) == left
    assert not (directory / "postmaster.pid").exists()


def test_a_pid_that_is_another_program_s_by_now_is_forgotten(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n0\n1\n")
    postgres.start()
    assert pid(postgres) != str(os.getpid())


def test_a_failed_start_shows_the_server_s_own_last_words(postgres: Postgres) -> None:
    postgres.stop()
    settings = postgres.data / "postgresql.auto.conf"
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(Trouble, match='unrecognized configuration parameter "no_such_setting"'):
        postgres.start()
    settings.write_text("")
