import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from dev import ROOT, Trouble
from dev.neon.computes.compute import Compute
from dev.neon.computes.pgbouncer import Settings
from tests.neon import Neon, ask, neon
from tests.pgbouncer import DOORS, needs_pgbouncer

pytestmark = pytest.mark.usefixtures("plain_psycopg2")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neon]:
    impatient = Settings(server_login_retry=1)
    with neon(tmp_path_factory.mktemp("neon"), impatient) as running:
        yield running


def pids(compute: Compute) -> list[int]:
    """Those of its servers."""
    files = [compute.data / "postmaster.pid", compute.data.parent / "pgbouncer/pgbouncer.pid"]
    return [int(file.read_text().split()[0]) for file in files if file.exists()]


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def gone(left: list[int]) -> bool:
    """Whether they are, or will be as soon as the system has buried them."""
    deadline = time.monotonic() + 2
    while any(alive(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(alive(pid) for pid in left)


def until(compute: Compute, *, running: bool, seconds: float) -> float:
    """Wait until it is so, not for ever; returns how long that took."""
    begun = time.monotonic()
    while compute.running != running and time.monotonic() - begun < seconds:
        time.sleep(0.02)
    assert compute.running == running
    return time.monotonic() - begun


@pytest.mark.parametrize("pooled", DOORS)
def test_an_idle_connection_dies_when_the_compute_falls_asleep(here: Neon, *, pooled: bool) -> None:
    with closing(here.connect(pooled=pooled)) as connection:
        assert ask(connection, "SELECT 1") == 1
        here.compute.suspend()
        with pytest.raises(psycopg2.OperationalError) as died:
            ask(connection, "SELECT 1")
        assert died.value.pgcode is None
        assert str(died.value).strip() == "SSL connection has been closed unexpectedly"
        with pytest.raises(psycopg2.InterfaceError, match="connection already closed"):
            ask(connection, "SELECT 1")


def test_an_idle_direct_connection_holds_the_words_that_psycopg2_does_not_show(here: Neon) -> None:
    with closing(here.connect()) as connection:
        here.compute.suspend()
        assert select.select([connection], [], [], 1)[0]
        with suppress(psycopg2.OperationalError):
            connection.poll()
        said = "FATAL:  terminating connection due to administrator command\n"
        assert connection.notices == [said]


@pytest.mark.parametrize("pooled", DOORS)
def test_the_first_connection_wakes_it_and_is_held_meanwhile(here: Neon, *, pooled: bool) -> None:
    here.compute.suspend()
    begun = time.monotonic()
    assert here.ask("SELECT 1", pooled=pooled) == 1
    assert here.endpoint.wake < time.monotonic() - begun < 5


@pytest.mark.parametrize("pooled", DOORS)
def test_twenty_who_come_at_once_wake_it_once(here: Neon, *, pooled: bool) -> None:
    here.compute.suspend()
    before = here.compute.wakes
    with ThreadPoolExecutor(20) as clients:
        asking = [clients.submit(here.ask, "SELECT 1", pooled=pooled) for _ in range(20)]
    assert [asked.result() for asked in asking] == [1] * 20
    assert here.compute.wakes == before + 1


def test_whoever_gives_up_waiting_has_woken_it_nonetheless(here: Neon) -> None:
    here.compute.suspend()
    here.endpoint.wake = 2.5
    try:
        with pytest.raises(psycopg2.OperationalError, match="timeout expired"):
            here.connect(connect_timeout=2)
    finally:
        here.endpoint.wake = 0.3
    assert until(here.compute, running=True, seconds=3) > 0


def test_it_falls_asleep_when_idle_whoever_is_connected(here: Neon) -> None:
    with closing(here.connect()) as connection:
        assert ask(connection, "SELECT 1") == 1
        here.compute.suspend_after(0.6)
        try:
            assert until(here.compute, running=False, seconds=5) > 0.5
        finally:
            here.compute.suspend_after(None)


def test_a_transaction_keeps_it_awake(here: Neon) -> None:
    with closing(here.connect()) as connection:
        connection.autocommit = False
        ask(connection, "SELECT 1")
        here.compute.suspend_after(0.3)
        try:
            time.sleep(1.2)
            assert ask(connection, "SELECT 2") == 2
            connection.rollback()
            until(here.compute, running=False, seconds=5)
        finally:
            here.compute.suspend_after(None)


@needs_pgbouncer
def test_the_pooler_s_clients_outlive_a_crash_of_postgres(here: Neon) -> None:
    here.ask("SELECT 1")
    with closing(here.connect(pooled=True)) as pooled, closing(here.connect()) as direct:
        here.compute.restart_postgres()
        with pytest.raises(psycopg2.OperationalError):
            ask(direct, "SELECT 1")
        assert ask(pooled, "SELECT 1") == 1


@needs_pgbouncer
def test_who_waits_too_long_for_a_pooled_connection_is_cut_off(tmp_path: Path) -> None:
    with neon(tmp_path, Settings(default_pool_size=1, query_wait_timeout=1)) as small:
        one, other = small.connect(pooled=True), small.connect(pooled=True)
        with closing(one), closing(other):
            ask(one, "BEGIN; SELECT 1")
            with pytest.raises(psycopg2.OperationalError, match="closed"):
                ask(other, "SELECT 1")
            assert ask(one, "SELECT 2") == 2


@needs_pgbouncer
def test_direct_clients_outlive_a_crash_of_the_pooler(here: Neon) -> None:
    here.ask("SELECT 1")
    with closing(here.connect(pooled=True)) as pooled, closing(here.connect()) as direct:
        here.compute.restart_pgbouncer()
        with pytest.raises(psycopg2.OperationalError):
            ask(pooled, "SELECT 1")
        assert ask(direct, "SELECT 1") == 1
    assert here.ask("SELECT 1", pooled=True) == 1


def test_two_of_them_do_not_disturb_each_other(here: Neon, tmp_path: Path) -> None:
    with neon(tmp_path) as other, closing(other.connect()) as connection:
        here.ask("SELECT 1")
        other.ask("CREATE TABLE mine (); SELECT 1")
        assert here.ask("SELECT to_regclass('mine')") is None
        here.compute.suspend()
        assert ask(connection, "SELECT 1") == 1


def test_two_processes_do_not_run_the_same_one(here: Neon) -> None:
    here.ask("SELECT 1")
    with pytest.raises(Trouble, match="Another process runs the compute"):
        Compute(here.compute.data.parent).start()


KILLED = """
import os, sys
from pathlib import Path
from dev.neon.computes.compute import Compute
Compute(Path(sys.argv[1])).start()
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("then", ["start", "suspend"])
def test_a_killed_process_leaves_nothing_after_the_next_start(tmp_path: Path, then: str) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)  # noqa: S603  ourselves
    compute = Compute(tmp_path)
    left = pids(compute)
    assert [alive(pid) for pid in left] == [True] * (1 + compute.has_pooler)
    getattr(compute, then)()
    left += pids(compute)
    compute.suspend()
    assert gone(left)


@needs_pgbouncer
def test_a_pooler_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dev.neon.computes.pgbouncer.CONFIGURATION", "[pgbouncer]\nno_such_setting = 1\n"
    )
    compute = Compute(tmp_path)
    with pytest.raises(Trouble, match="no_such_setting"):
        compute.start()
    assert not compute.running


def test_without_a_pooler_pooled_connections_go_to_postgres(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dev.neon.computes.pgbouncer.program", lambda: None)
    compute = Compute(tmp_path)
    assert not compute.has_pooler
    compute.start()
    assert compute.pooled == compute.direct
    compute.suspend()


@needs_pgbouncer
@pytest.mark.parametrize("server", [0, 1], ids=["postgres", "pgbouncer"])
@pytest.mark.parametrize("pooled", DOORS)
def test_a_server_that_dies_by_itself_is_started_by_the_next_connection(
    here: Neon, server: int, *, pooled: bool
) -> None:
    assert here.ask("SELECT 1", pooled=pooled) == 1
    os.kill(pids(here.compute)[server], 9)
    until(here.compute, running=False, seconds=2)
    assert here.ask("SELECT 1", pooled=pooled) == 1
    here.compute.suspend()
    assert gone(pids(here.compute))
