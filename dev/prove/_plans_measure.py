"""Asks the API as somebody, and keeps the plans of what it sent."""

import importlib
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

from dev import Trouble, keys
from dev.local import ORIGIN
from dev.prove._plans_explain import explained
from dev.prove._plans_judge import Counts, Measured
from dev.prove._plans_requests import Read
from dev.prove._stage import ask

EVERYBODY = "everybody"
PURGE, DAYS = ("db", "purge.writes", "purge.purging"), 30
RANGE = {"operations": 10_000}
"""Rows on 128 pages: their index knows no smaller parts of the table (BRIN), and costs next to
nothing where every write adds a row."""

NEXT = re.compile('<(.+)>; rel="next"')
"""In the header Link: where the page behind this one is."""

# Rows of the caller's own, the longest of their conversations among them.
IDS = """
SELECT jsonb_build_object(
    'task_id', (SELECT id FROM tasks WHERE user_id = %(me)s AND deleted_at IS NULL LIMIT 1),
    'document_id', (SELECT id FROM documents WHERE user_id = %(me)s AND deleted_at IS NULL LIMIT 1),
    'team_id', (SELECT team_id FROM members WHERE user_id = %(me)s ORDER BY team_id LIMIT 1),
    'conversation_id', talk.id,
    'message_id', (
        SELECT id FROM messages WHERE conversation_id = talk.id
        ORDER BY id OFFSET talk.message_count / 2 LIMIT 1
    ))
FROM (
    SELECT id, message_count FROM conversations WHERE user_id = %(me)s AND deleted_at IS NULL
    ORDER BY message_count DESC LIMIT 1
) talk
"""

SIGHT = """
WITH own_teams AS (SELECT team_id FROM members WHERE user_id = %(me)s),
people AS (SELECT user_id FROM members WHERE team_id IN (SELECT team_id FROM own_teams)),
talks AS (SELECT id FROM conversations WHERE user_id = %(me)s)
SELECT 'teams', count(*) FROM own_teams
UNION ALL SELECT 'members', count(*) FROM people
UNION ALL SELECT 'user', 1 + count(*) FROM people
UNION ALL SELECT 'conversations', count(*) FROM talks
UNION ALL SELECT 'messages', count(*) FROM messages WHERE conversation_id IN (SELECT id FROM talks)
UNION ALL SELECT 'tasks', count(*) FROM tasks
    WHERE user_id = %(me)s OR team_id IN (SELECT team_id FROM own_teams)
UNION ALL SELECT 'documents', count(*) FROM documents
    WHERE user_id = %(me)s OR team_id IN (SELECT team_id FROM own_teams)
"""


class Asker(NamedTuple):
    name: str
    token: str
    ids: dict[str, str]
    sight: Counts

    def measure(self, read: Read, big: set[str]) -> Iterator[Measured]:
        """The page that is asked for, and the one behind it."""
        path = read.of(self.ids)
        for request in (str(read), f"{read}, next page"):
            with explained() as plans:
                answer = ask("GET", path, self.token)
            if answer.status != HTTPStatus.OK:
                raise Trouble(f"GET {path} was answered with {answer.status}: {answer.body!r}")
            yield Measured(request, self.name, plans, self.sight, big)
            following = NEXT.search(answer.header("Link") or "")
            if not following or "&" in read.query:
                break
            path = following[1]


def asker(cursor: Any, name: str) -> Asker:
    """Somebody who is in the database, and what they see there."""
    email = f"{name}@example.com"
    token = keys.token(name, name=name, email=email, issuer=ORIGIN, audience=ORIGIN)
    cursor.execute(IDS, {"me": name})
    (ids,) = cursor.fetchone()
    cursor.execute(SIGHT, {"me": name})
    return Asker(name, token, ids, dict(cursor.fetchall()))


def purges(cursor: Any, big: set[str]) -> Iterator[Measured]:
    """What a purge would find, its first step in each table, and its look when nothing is left."""
    db, writes, purging = (importlib.import_module(f"app.{name}") for name in PURGE)
    with explained() as plans:
        due = writes.count_due(db.OneTrip(), DAYS)
    yield Measured("purge --dry-run", EVERYBODY, plans, due, big)
    yield from steps(db, writes, "purge", due, big, stops=True)
    for _ in purging.purging(DAYS):
        pass
    cursor.execute("ANALYZE")  # as autovacuum does it
    yield from steps(db, writes, "purge, nothing due:", RANGE, big)


def steps(
    db: Any, writes: Any, doing: str, due: Counts, big: set[str], *, stops: bool = False
) -> Iterator[Measured]:
    for table, condition in writes.due(DAYS).items():
        with explained() as plans:
            writes.delete_few(db.OneTrip(), table, condition)
        yield Measured(f"{doing} {table.__tablename__}", EVERYBODY, plans, due, big, stops=stops)
