"""Tells when a compute has nothing to do, by what Neon looks at (compute_tools/src/monitor.rs)."""

import time

import psycopg2

POLL = 0.5  # seconds, as at Neon

BUSY = """
SELECT EXISTS (
         SELECT FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND (backend_type = 'autovacuum worker'
            OR backend_type = 'client backend' AND usename <> 'postgres' AND state <> 'idle'))
    OR EXISTS (SELECT FROM pg_stat_replication)
    OR EXISTS (SELECT FROM pg_stat_subscription WHERE pid IS NOT NULL)
"""
TRACES = """
SELECT sum(active_time), sum(sessions),
       (SELECT max(state_change) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND usename <> 'postgres')
FROM pg_stat_database
WHERE datname NOT IN ('postgres', 'template0', 'template1')
"""
"""What any statement changes. A client's open socket changes nothing: it keeps nobody awake."""


def wait_until_idle(url: str, seconds: float) -> bool:
    """Return True when nothing has happened for so long; False when the server has gone first."""
    try:
        connection = psycopg2.connect(url)
    except psycopg2.OperationalError:
        return False
    try:
        connection.autocommit = True  # a transaction would see the same figures for ever
        _wait(connection.cursor(), seconds)
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        return False
    finally:
        connection.close()
    return True


def _wait(cursor: psycopg2.extensions.cursor, seconds: float) -> None:
    traces, since = None, time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(min(POLL, seconds / 4))
        now = _ask(cursor, TRACES)
        if _ask(cursor, BUSY) == (True,) or now != traces:
            traces, since = now, time.monotonic()


def _ask(cursor: psycopg2.extensions.cursor, question: str) -> object:
    cursor.execute(question)
    return cursor.fetchone()
