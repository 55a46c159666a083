import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from dev import Trouble
from dev.neon import here


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("neon here")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, directory: Path) -> Iterator[None]:
    """Away from the checkout's own, in a directory with a space in its name."""
    monkeypatch.setattr(here, "DIRECTORY", directory)
    monkeypatch.setattr(here, "WAKE_DELAY", 0)
    return iter([None])


def ask(url: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return cursor.fetchone()


def test_who_comes_first_runs_it_and_others_join() -> None:
    with here.join() as first, here.join() as second:
        assert first == second == here.found()
        assert ask(second.pooled) == ask(second.direct) == ("neondb",)


def test_it_ends_with_who_runs_it() -> None:
    with here.run(0, None) as running:
        assert ask(running.direct) == ("neondb",)
    with pytest.raises(psycopg2.OperationalError):
        ask(running.direct)
    with pytest.raises(Trouble, match="`thaw up` starts one"):
        here.found()


def test_who_has_joined_may_finish_before_it_ends() -> None:
    left: list[float] = []

    def visit() -> None:
        with here.join() as running:
            time.sleep(0.5)
            ask(running.direct)
            left.append(time.monotonic())

    with ThreadPoolExecutor() as thread:
        with here.join():
            visitor = thread.submit(visit)
            time.sleep(0.2)
        ended = time.monotonic()
        visitor.result()
    assert left[0] < ended


def test_it_cannot_be_run_twice() -> None:
    with here.run(0, None), pytest.raises(Trouble, match="Another thaw command"), here.run(0, None):
        pass


def test_only_its_owner_can_read_where_it_is(directory: Path) -> None:
    with here.join() as running:
        assert running.direct in (directory / "here").read_text()
    assert stat.S_IMODE((directory / "here").stat().st_mode) == 0o600


def test_whoever_reads_the_wire_can_have_it_unencrypted() -> None:
    with here.join() as running:
        plain = here.unencrypted(running.direct)
        with closing(psycopg2.connect(plain)) as connection:
            assert not connection.info.ssl_in_use
        assert ask(plain) == ("neondb",)
