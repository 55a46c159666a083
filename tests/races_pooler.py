"""What a pooled session still knows of the clients that it served."""

from contextlib import ExitStack, closing

from tests.neon import ROLE
from tests.truth_stage import Stage

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = current_database()"
KNOWN = """
SELECT pg_backend_pid(),
    (SELECT json_object_agg(name, setting ORDER BY name) FROM pg_settings
        WHERE source = 'session' AND name <> 'application_name')::text,
    (SELECT array_agg(statement) FROM pg_prepared_statements),
    (SELECT array_agg(name) FROM pg_cursors),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
    (SELECT count(*) FROM pg_class WHERE relpersistence = 't')
"""

TRIES = 20


def memories(here: Stage) -> set[str]:
    """What the pooler's sessions know: settings, statements, cursors, locks, temporary tables.

    All are looked at: there are as many transactions open at once as there are sessions. The
    client's name is nothing to find: the pooler hands each session its next client's.
    """
    for _ in range(TRIES):
        pids, known = looked_at(here)
        if known.keys() == pids:
            return {*known.values()}
    raise AssertionError("the pooler has other sessions each time")


def looked_at(here: Stage) -> tuple[set[int], dict[int, str]]:
    """The sessions that there were, and what those know that our transactions were given.

    One that the pooler has not taken back yet is not given, and another is opened in its place.
    """
    here.sql.execute(SESSIONS, (ROLE,))
    pids = {pid for (pid,) in here.sql.fetchall()}
    known: dict[int, str] = {}
    with ExitStack() as stack:
        for _ in pids:
            connection = stack.enter_context(closing(here.neon.connect(pooled=True)))
            connection.autocommit = False
            session = connection.cursor()
            session.execute(KNOWN)
            [(pid, *rest)] = session.fetchall()
            known[pid] = str(rest)
    return pids, known
