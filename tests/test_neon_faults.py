import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from dev.neon.proxy.faults import Answer, BlackHole, Delay, Early, Faults, Received, Reset, Sent
from dev.neon.proxy.known_faults import KNOWN, REFUSAL, SESSION
from tests.neon import Neon, ask, neon
from tests.pgbouncer import DOORS

pytestmark = pytest.mark.usefixtures("plain_psycopg2")

LOTS = 1000  # messages: more than pass
WRONG = {"password": "guessed"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neon]:
    with neon(tmp_path_factory.mktemp("neon")) as made:
        made.ask("CREATE TABLE written (number int); SELECT 1")
        yield made


@pytest.fixture
def here(running: Neon) -> Iterator[Neon]:
    yield running
    running.faults.clear()


def words(here: Neon, **parameters: Any) -> str:
    with pytest.raises(psycopg2.OperationalError) as refused:
        here.connect(**parameters)
    return str(refused.value)


def last_words(here: Neon, question: str = "SELECT 1", *values: Any) -> str:
    """What psycopg2 makes of a session's death."""
    with closing(here.connect()) as connection:
        with pytest.raises(psycopg2.OperationalError) as died:
            ask(connection, question, *values)
        assert connection.closed
    return str(died.value)


def test_a_reset_connection_is_reset_once(here: Neon) -> None:
    here.faults.add(Reset())
    address = ("127.0.0.1", here.front.port)
    with (  # so early at times that it is the connecting that fails
        pytest.raises(ConnectionResetError),
        socket.create_connection(address, timeout=5) as connection,
    ):
        connection.recv(1)
    assert here.ask("SELECT 1") == 1


def test_a_delayed_connection_is_served_later(here: Neon) -> None:
    here.faults.add(Delay(0.4))
    begun = time.monotonic()
    assert here.ask("SELECT 1") == 1
    assert time.monotonic() - begun > 0.4


def test_a_black_hole_answers_nothing(here: Neon) -> None:
    here.faults.add(BlackHole())
    assert "timeout expired" in words(here, connect_timeout=2)


@pytest.mark.parametrize("pooled", DOORS)
@pytest.mark.parametrize("name", REFUSAL)
def test_a_refusal_has_neon_s_words(here: Neon, name: str, *, pooled: bool) -> None:
    fault = KNOWN[name].fault
    assert isinstance(fault, Answer)
    here.faults.add(fault)
    assert f"ERROR:  {fault.text}" in words(here, pooled=pooled)


def test_a_fault_happens_as_often_as_is_said(here: Neon) -> None:
    here.faults.add(Answer("busy"), times=2)
    assert ["busy" in words(here), "busy" in words(here)] == [True, True]
    assert here.ask("SELECT 1") == 1


def test_a_fault_for_ever_ends_when_it_is_cleared(here: Neon) -> None:
    here.faults.add(Answer("busy"), times=None)
    assert ["busy" in words(here) for _ in range(3)] == [True] * 3
    here.faults.clear()
    assert here.ask("SELECT 1") == 1


def test_a_refusal_waits_for_who_knows_the_password(here: Neon) -> None:
    here.faults.add(Answer("busy"))
    assert "password authentication failed" in words(here, **WRONG)
    assert "busy" in words(here)


@pytest.mark.parametrize("name", [name for name in SESSION if name != "frozen"])
def test_a_session_dies_of_its_fault_whose_words_psycopg2_does_not_show(
    here: Neon, name: str
) -> None:
    here.faults.add(KNOWN[name].fault)
    died = last_words(here)
    assert "closed" in died or "EOF" in died or "reset" in died


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("close", "SSL connection has been closed unexpectedly"),
        ("fin", "SSL SYSCALL error: EOF detected"),
        ("rst", "server closed the connection unexpectedly"),
    ],
)
def test_each_way_to_cut_has_its_own_look(here: Neon, how: Any, said: str) -> None:
    here.faults.add(Received(how=how))
    assert said in last_words(here)


def test_a_frozen_session_waits_for_ever(here: Neon) -> None:
    here.faults.add(KNOWN["frozen"].fault)
    with closing(here.connect()) as connection, ThreadPoolExecutor(1) as client:
        asked = client.submit(ask, connection, "SELECT 1")
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.5)
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)
        with pytest.raises(psycopg2.OperationalError):
            asked.result(timeout=5)


def test_what_is_lost_on_its_way_there_is_not_done(here: Neon) -> None:
    here.faults.add(Sent(how="fin"))
    last_words(here, "INSERT INTO written VALUES (1)")
    assert here.ask("SELECT count(*) FROM written WHERE number = 1") == 0


@pytest.mark.parametrize("torn", [0, 1, 7])
def test_what_is_lost_on_its_way_back_is_done(here: Neon, torn: int) -> None:
    here.faults.add(Received(bytes=torn, how="rst"))
    last_words(here, "INSERT INTO written VALUES (%s)", 10 + torn)
    assert here.ask("SELECT count(*) FROM written WHERE number = %s", 10 + torn) == 1


def test_a_cut_counts_messages(here: Neon) -> None:
    here.faults.add(Sent(messages=2, bytes=3))
    with closing(here.connect()) as connection:
        assert ask(connection, "SELECT 1") == 1
        assert ask(connection, "SELECT 2") == 2
        with pytest.raises(psycopg2.OperationalError):
            ask(connection, "SELECT 3")


def test_a_cut_right_after_a_message_waits_for_no_other(here: Neon) -> None:
    here.faults.add(Received(messages=4))  # columns, row, done, ready
    with closing(here.connect()) as connection:
        assert ask(connection, "SELECT 1") == 1
        with pytest.raises(psycopg2.OperationalError):
            ask(connection, "SELECT 2")


@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
@pytest.mark.parametrize("direction", [Sent, Received])
def test_a_login_can_be_cut_at_any_of_its_records(
    here: Neon, direction: type[Sent | Received], negotiation: str
) -> None:
    """The login only: what comes after it may be cut as well, and is no failure to connect."""
    passing = direction(messages=LOTS)
    here.faults.add(Early(passing))
    here.connect(sslnegotiation=negotiation).close()
    for record in range(4):
        here.faults.add(Early(direction(messages=record, bytes=1, how="fin")))
        words(here, sslnegotiation=negotiation)
    assert len(passing.sizes) > 4
    assert here.faults.waiting() == []


def test_a_cut_that_never_comes_tells_the_sizes_of_what_passed(here: Neon) -> None:
    passing = Received(messages=LOTS)
    with closing(here.connect()) as connection:
        here.faults.add(passing)
        ask(connection, "SELECT 1")
    columns, row, done, ready = passing.sizes
    assert (done, ready) == (len("C....SELECT 1 "), len("Z....I"))
    assert columns > row


def test_what_is_cleared_is_void_where_it_has_begun_to_count_too(here: Neon) -> None:
    with closing(here.connect()) as connection:
        here.faults.add(Sent(messages=1, bytes=1))
        assert ask(connection, "SELECT 1") == 1
        here.faults.clear()
        assert ask(connection, "SELECT 2") == 2


def test_leaving_uses_no_fault_up(here: Neon) -> None:
    with closing(here.connect()) as connection:
        here.faults.add(Sent())
        connection.close()
    time.sleep(0.1)
    assert here.faults.waiting() == [(Sent(), 1)]


def test_faults_of_different_kinds_do_not_wait_for_each_other() -> None:
    faults = Faults()
    faults.add(Answer("first"))
    faults.add(Sent())
    assert faults.take(Received) is None
    assert faults.take(Sent) == Sent()
    assert faults.take(Answer) == Answer("first")
    assert faults.waiting() == []


@pytest.mark.parametrize("name", KNOWN)
def test_a_named_fault_explains_itself_in_a_line(name: str) -> None:
    assert 0 < len(KNOWN[name].explanation) < 100
    assert "\n" not in KNOWN[name].explanation
