"""What is there before a request: somebody with rows of every kind, and those they share with."""

from dev.prove._cuts_names import Ids

PEOPLE = ("user", "mate", "newcomer")
"""The caller; who owns a team with them; who is in none."""

NAMES = (
    *PEOPLE,
    *("key", "team", "alone"),
    *("task", "second_task", "third_task", "done_task", "deleted_task", "mates_task"),
    *("document", "second_document", "third_document", "deleted_document", "mates_document"),
    *("conversation", "deleted_conversation"),
    *("message", "second_message", "deleted_message"),
)

ROWS = """
INSERT INTO "user" (id, name, email, "emailVerified")
    SELECT id, 'Cut', id || '@example.com', true
    FROM unnest(ARRAY[%(user)s, %(mate)s, %(newcomer)s]) id;
INSERT INTO teams (id, name)
    VALUES (%(team)s, %(user)s || ' and mate'), (%(alone)s, %(user)s || ' alone');
INSERT INTO members (team_id, user_id, role) VALUES
    (%(team)s, %(user)s, 'owner'), (%(team)s, %(mate)s, 'owner'), (%(alone)s, %(user)s, 'owner');
INSERT INTO tasks (id, user_id, team_id, title, status, deleted_at) VALUES
    (%(task)s, %(user)s, %(team)s, 'Planted', 'todo', NULL),
    (%(second_task)s, %(user)s, %(alone)s, 'Planted too', 'todo', NULL),
    (%(third_task)s, %(user)s, NULL, 'Third', 'todo', NULL),
    (%(done_task)s, %(user)s, NULL, 'Done', 'done', NULL),
    (%(deleted_task)s, %(user)s, NULL, 'Deleted', 'todo', now()),
    (%(mates_task)s, %(mate)s, %(team)s, 'Theirs', 'todo', NULL);
INSERT INTO documents (id, user_id, team_id, title, content, deleted_at) VALUES
    (%(document)s, %(user)s, %(team)s, 'Planted', 'It says so', NULL),
    (%(second_document)s, %(user)s, %(alone)s, 'Planted too', 'And this', NULL),
    (%(third_document)s, %(user)s, NULL, 'Third', '', NULL),
    (%(deleted_document)s, %(user)s, NULL, 'Deleted', '', now()),
    (%(mates_document)s, %(mate)s, %(team)s, 'Theirs', '', NULL);
INSERT INTO conversations (id, user_id, title, deleted_at) VALUES
    (%(conversation)s, %(user)s, 'Planted', NULL),
    (%(deleted_conversation)s, %(user)s, 'Deleted', now());
INSERT INTO messages (id, conversation_id, user_id, role, content) VALUES
    (%(message)s, %(conversation)s, %(user)s, 'user', 'First'),
    (%(second_message)s, %(conversation)s, %(user)s, 'assistant', 'Second'),
    (%(deleted_message)s, %(deleted_conversation)s, %(user)s, 'user', 'Gone');
"""
"""Whose team it is, its name says: a team that lost its members would else be nobody's."""


def new_ids() -> Ids:
    """Made in this order, as the app makes its own: lists come in the same order each time."""
    from app.tables import new_id  # noqa: PLC0415  0.3 s that other proofs need not pay

    return {name: str(new_id()) for name in NAMES}


def people(ids: Ids) -> list[str]:
    return [ids[name] for name in PEOPLE]
