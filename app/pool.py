"""The pool of one: how a connection is made, looked at, waited for, and told the deadline."""

import logging
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple

from psycopg2 import OperationalError
from sqlalchemy import Engine, event
from sqlmodel import create_engine

from app import connecting, dialect, waiting
from app.context import facts
from app.settings import get_settings

log = logging.getLogger(__name__)

ANSWER = 0.1
"""Seconds before our own deadline at which the database gives up: its word tells more than ours."""


class Crowded(Exception):  # noqa: N818  what the pool is
    """No connection came free while the request could wait; nothing was sent."""


class Pool(NamedTuple):
    engine: Engine
    turns: threading.Semaphore
    """One for each connection. The engine's own queue waits for a fixed time, whoever waits."""


making = threading.Lock()
"""A cache alone would let the first requests of a process make a pool each."""


def pool() -> Pool:
    with making:
        return made()


@lru_cache
def made() -> Pool:
    """The pool. AUTOCOMMIT: a statement is its own transaction, one message each way."""
    size = get_settings().database_pool_size
    engine = create_engine(
        f"{dialect.NAME}://",
        creator=connect,
        isolation_level="AUTOCOMMIT",
        pool_size=size,
        max_overflow=0,
        pool_reset_on_return=None,
        use_native_hstore=False,
        hide_parameters=True,
    )
    event.listen(engine, "checkout", refuse_the_dead)
    event.listen(engine, "before_cursor_execute", begin, retval=True)
    event.listen(engine, "after_cursor_execute", end)
    return Pool(engine, threading.BoundedSemaphore(size))


def connect() -> Any:
    known, began = facts.get(), perf_counter()
    try:
        return connecting.connect()
    finally:
        took = perf_counter() - began
        known.connect_seconds += took
        known.wake_seconds += took


def refuse_the_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Look, without a round trip, whether the other side closed a rested connection.

    A resting Postgres connection has nothing to say, so bytes or an end to read mean that it died
    while the database slept or the sandbox was frozen. The pool drops it, and the next try, which
    comes at once, connects anew. (SQLAlchemy's DisconnectionError would do so too, but only twice.)
    """
    if connection.closed or readable(connection):
        raise OperationalError("connection already closed")


def readable(connection: Any) -> bool:
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(0))


@contextmanager
def turn() -> Iterator[Engine]:
    """Wait for a connection as long as the request may; raises Crowded."""
    began, left = perf_counter(), waiting.left()
    engine, turns = pool()
    if left <= 0 or not turns.acquire(timeout=left):
        raise Crowded
    facts.get().pool_seconds += perf_counter() - began
    try:
        yield engine
    finally:
        turns.release()


def begin(
    _connection: Any, _cursor: Any, sql: str, values: Any, context: Any, *_: Any
) -> tuple[str, Any]:
    """Send the deadline along: one message and one transaction still, and gone with it.

    A SET without LOCAL would stay in the pooled session, and meet other clients' statements. A
    `steady` statement sees all as of one moment, and fails with 40001 where what it writes was
    changed since then: it is tried again. One with a `lock` begins, and looks, when it has it.
    """
    if (lock := context.execution_options.get("lock")) is not None:
        sql = f"SELECT pg_advisory_xact_lock({lock:d}); {sql}"
    if context.execution_options.get("steady"):
        sql = f"SET LOCAL transaction_isolation = 'repeatable read'; {sql}"
    context.began = perf_counter()
    facts.get().trips += 1
    milliseconds = max(1, round((waiting.left() - ANSWER) * 1000))  # 0 would be no limit
    return f"SET LOCAL statement_timeout = {milliseconds}; {sql}", values


def end(_connection: Any, _cursor: Any, sql: str, _values: Any, context: Any, *_: Any) -> None:
    """Log a slow statement by its shape: the SQL holds placeholders, never values."""
    seconds = perf_counter() - context.began
    facts.get().database_seconds += seconds
    if seconds * 1000 >= get_settings().slow_statement_ms:
        shape = sql.rpartition("; ")[2]
        log.warning("slow statement", extra={"ms": round(seconds * 1000, 1), "sql": shape})


def figures() -> dict[str, int]:
    """How many connections there may be, and how many are at work."""
    queue: Any = pool().engine.pool
    return {"size": queue.size(), "in_use": queue.checkedout()}


def forget() -> None:
    """Close what rests here; what is made next is made from the settings as they are then."""
    pool().engine.dispose()
    made.cache_clear()
