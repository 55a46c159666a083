"""What goes wrong around one request: drawn by Hypothesis, made to happen on a local Neon."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import psycopg2
from hypothesis import strategies as st
from psycopg2.extensions import cursor

from dev.neon.proxy.faults import Answer, Arrival, Cut, Received, Reset, Sent
from dev.neon.proxy.known_faults import KNOWN
from tests.neon import DATABASE, ROLE, Neon

WAKING = ("compute_unreachable", "control_plane", "running_operations", "starting_up", "no_slots")
"""Refusals that pass."""

OURS = f"FROM pg_stat_activity WHERE usename = '{ROLE}'"
WAITING = "wait_event_type = 'Lock'"
READS = "LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE"
WRITES = "LOCK TABLE operations IN EXCLUSIVE MODE"
"""What makes them wait; of one table each, since two could end in a deadlock."""


@dataclass(frozen=True)
class Trouble:
    ended: bool = False
    """The app's session has ended while it rested."""
    cuts: tuple[Cut, ...] = ()
    """Each cuts one connection, in a query or in an answer."""
    arrivals: tuple[Arrival | Answer, ...] = ()
    """Each meets one connection in the making."""
    struck: bool = False
    """The session is ended at its work."""
    overtaken: bool = False
    """The statement loses its link and goes on; when it is sent again, both are at work."""
    lasting: bool = False
    """Nobody is let in any more, before the request has been answered."""


CALM = Trouble()

endings = st.sampled_from(["close", "fin", "rst"])
queries = st.builds(Sent, bytes=st.integers(0, 3000), how=endings)
answers = st.builds(Received, messages=st.integers(0, 5), bytes=st.integers(0, 40), how=endings)
cuts = queries | answers
refusals = st.sampled_from([Reset(), *(KNOWN[name].fault for name in WAKING)])

alone = st.sampled_from(
    [Trouble(ended=True), Trouble(struck=True), Trouble(overtaken=True)]
) | st.builds(Trouble, cuts=st.tuples(cuts))
together = st.builds(
    Trouble,
    ended=st.booleans(),
    cuts=st.lists(cuts, max_size=2).map(tuple),
    arrivals=st.lists(refusals, max_size=1).map(tuple),
    struck=st.booleans(),
)
lasting = alone.map(lambda trouble: replace(trouble, lasting=True))
troubles = st.just(CALM) | st.just(Trouble(overtaken=True)) | together | lasting


@contextmanager
def happening(trouble: Trouble, lock: str, here: Neon, sql: cursor) -> Iterator[None]:
    """Let it happen to the request that is sent meanwhile, and that `lock` would make wait."""
    if trouble.ended:
        end_sessions(sql)
    with ExitStack() as stack:
        stack.callback(here.faults.clear)
        for fault in (*trouble.cuts, *trouble.arrivals):
            here.faults.add(fault)
        if trouble.lasting:
            here.faults.add(KNOWN["quota"].fault, times=None)
        if trouble.struck:
            stack.enter_context(holding(here, lock, partial(end_sessions, sql, WAITING)))
        if trouble.overtaken:
            here.faults.add(Sent(messages=1))
            stack.enter_context(holding(here, lock, partial(two_wait, sql)))
        yield


@contextmanager
def holding(here: Neon, lock: str, until: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock until that has happened, or until the request has been answered."""
    answered = threading.Event()
    with closing(psycopg2.connect(here.compute.admin_url(), dbname=DATABASE)) as other:
        other.cursor().execute(lock)

        def wait() -> None:
            while not answered.wait(0.002) and not until():
                pass
            other.rollback()

        waiting = threading.Thread(target=wait)
        waiting.start()
        try:
            yield
        finally:
            answered.set()
            waiting.join()


def two_wait(sql: cursor) -> bool:
    sql.execute(f"SELECT {OURS} AND {WAITING}")
    return len(sql.fetchall()) > 1


def end_sessions(sql: cursor, which: str = "true") -> bool:
    """End the app's sessions and wait until they are gone; whether there were any.

    Not by pg_terminate_backend's own waiting, which looks every 100 ms.
    """
    sql.execute(f"SELECT pid, pg_terminate_backend(pid) {OURS} AND {which}")
    ended = [pid for pid, _ in sql.fetchall()]
    while ended and sql.rowcount:
        sql.execute(f"SELECT {OURS} AND pid = ANY (%s)", (ended,))
    return bool(ended)
