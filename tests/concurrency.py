"""Requests at the same time, other sessions, and how to know that one waits for another."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import cursor


def at_once(*requests: Callable[[], Any]) -> list[Any]:
    """What each of them returns; with the fixture `wide_pool` they meet in the database."""
    with ThreadPoolExecutor(len(requests)) as threads:
        return [each.result() for each in [threads.submit(request) for request in requests]]


def in_turn(sql: cursor, hold: str, values: Any, *requests: Callable[[], Any]) -> list[Any]:
    """What each of them returns: while rows are held, one after another comes as far as it can.

    Then the rows are let go, and Postgres serves those who wait for one in the order they came.
    """
    sent: list[Future[Any]] = []

    def all_still() -> bool:
        done = sum(each.done() for each in sent)
        return done + blocked(sql) >= len(sent)

    with ThreadPoolExecutor(len(requests)) as threads:
        with open_transaction() as other:
            other.execute(hold, values)
            for request in requests:
                sent.append(threads.submit(request))
                until(all_still)
        return [each.result() for each in sent]


@contextmanager
def open_transaction() -> Iterator[cursor]:
    """Another session's transaction, committed at the end."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    with connection, connection.cursor() as other:
        yield other
    connection.close()


def wait_for_a_lock(sql: cursor, waiting: int = 1) -> None:
    """Return as soon as so many sessions of this database wait for locks that others hold."""
    until(lambda: blocked(sql) >= waiting)


def blocked(sql: cursor) -> int:
    sql.execute(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    count: int = sql.rowcount
    return count


def until(true: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if true():
            return
    raise AssertionError("nobody waits")


def end_our_sessions(sql: cursor) -> None:
    """Cut the app's connections from the database's side, whatever they are doing."""
    sql.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'thaw' AND datname = current_database()"
    )
