"""What is there before a request is counted: so many rows of each kind, of a user of its own."""

import json
import re
from typing import Any, NamedTuple
from uuid import uuid4

from dev.prove._trips_endpoints import Endpoint

KEPT = ("task_id", "document_id", "conversation_id", "message_id", "team_id", "member_id")
DELETED = ("deleted_task_id", "deleted_document_id", "deleted_conversation_id", "newcomer_id")


class Size(NamedTuple):
    rows: int
    """Of each kind. The first conversation has as many messages, and the first team members."""

    messages: int = 1
    """In each conversation."""


class Things(NamedTuple):
    """Rows by their ids. The first ones of each kind have the same id, and so have the second."""

    me: str
    kept: list[str]
    """Also people, who own the first team with me; all tasks and documents are shared with it."""
    deleted: list[str]
    """Also people, who are in no team."""
    done: list[str]

    @property
    def people(self) -> list[str]:
        return [self.me, *self.kept, *self.deleted]

    def named(self, number: int = 0) -> dict[str, str]:
        """The first of each kind, or the one with that number, by what requests call it."""
        names = dict.fromkeys(KEPT, self.kept[number]) | dict.fromkeys(
            DELETED, self.deleted[number]
        )
        return names | {"done_task_id": self.done[number], "my_id": self.me}


FILL = """
INSERT INTO "user" (id, name, email, "emailVerified")
    SELECT id, 'Planted', id || '@example.com', true FROM unnest(%(people)s) id
    ON CONFLICT DO NOTHING;
INSERT INTO teams (id, name) SELECT id, 'Planted' FROM unnest(%(kept)s::uuid[]) id;
INSERT INTO members (team_id, user_id, role)
    SELECT id, %(me)s, 'owner' FROM unnest(%(kept)s::uuid[]) id
    UNION ALL SELECT %(first)s, id, 'owner' FROM unnest(%(kept)s) id;
INSERT INTO tasks (user_id, id, team_id, title, status, deleted_at)
    SELECT %(me)s, id, %(first)s::uuid, 'Planted', 'todo', NULL FROM unnest(%(kept)s::uuid[]) id
    UNION ALL SELECT %(me)s, id, NULL, 'Planted', 'todo', now() FROM unnest(%(deleted)s::uuid[]) id
    UNION ALL SELECT %(me)s, id, NULL, 'Planted', 'done', NULL FROM unnest(%(done)s::uuid[]) id;
INSERT INTO documents (user_id, id, team_id, title, content, deleted_at)
    SELECT user_id, id, team_id, title, title, deleted_at FROM tasks
    WHERE user_id = %(me)s AND status = 'todo';
INSERT INTO conversations (user_id, id, title, deleted_at)
    SELECT user_id, id, title, deleted_at FROM documents WHERE user_id = %(me)s;
INSERT INTO messages (user_id, id, conversation_id, role, content)
    SELECT %(me)s, CASE n WHEN 1 THEN id ELSE gen_random_uuid() END, id, 'user', 'Planted'
    FROM unnest(%(kept)s::uuid[]) id, generate_series(
        1, greatest(%(messages)s, CASE id WHEN %(first)s THEN cardinality(%(kept)s) END)) n
"""
"""Everyone owns the first team, so that anyone may leave it."""


def fill(cursor: Any, me: str, size: Size) -> Things:
    """Give me so many rows, straight in the database."""
    kept, deleted, done = ([str(uuid4()) for _ in range(size.rows)] for _ in range(3))
    things = Things(me, kept, deleted, done)
    values = things._asdict() | {"people": things.people, "first": kept[0]}
    cursor.execute(FILL, values | {"messages": size.messages})
    return things


class Asked(NamedTuple):
    method: str
    target: str
    body: Any = None


def asked(endpoint: Endpoint, things: Things) -> Asked:
    """The request, with ids for its names."""
    method, path, body, batch = endpoint
    if body is not None and batch:
        ((key, (item,)),) = body.items()
        numbers = range(min(batch, len(things.kept)))
        body = {key: [filled(item, things.named(number)) for number in numbers]}
    names = things.named()
    return Asked(method, f"/api/me{filled(path, names)}", filled(body, names))


def filled(template: Any, names: dict[str, str]) -> Any:
    return json.loads(re.sub(r"\{(\w+)\}", lambda name: names[name[1]], json.dumps(template)))
