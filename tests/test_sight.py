"""Who sees and does what, of every route: one table, and what is refused leaves no trace."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from psycopg2.extensions import cursor
from sqlmodel import SQLModel

from app.main import app
from tests.people import sign_up
from tests.problem import refused
from tests.sight import CASES, Case, Ids, filled

CALLERS = ("owner", "admin", "teammate", "outsider", "stranger", "nobody")
"""A stranger asks at the owner's address, with a token of their own; nobody has none."""

KINDS = ("task_id", "document_id", "conversation_id", "message_id")
SHARED, PRIVATE = "Zshared", "Zprivate"
"""Words in the owner's rows."""


ROWS = """
INSERT INTO teams (id, name) VALUES (%(team_id)s, 'Zshared');
INSERT INTO members (team_id, user_id, role) VALUES (%(team_id)s, %(owner)s, 'owner'),
    (%(team_id)s, %(admin)s, 'admin'), (%(team_id)s, %(teammate)s, 'member'),
    (%(team_id)s, %(member_id)s, 'member');
INSERT INTO tasks (user_id, id, title, team_id, deleted_at) VALUES
    (%(owner)s, %(shared)s, 'Zshared', %(team_id)s, NULL),
    (%(owner)s, %(private)s, 'Zprivate', NULL, NULL),
    (%(owner)s, %(deleted)s, 'Zshared', %(team_id)s, now());
INSERT INTO documents (user_id, id, title, team_id, deleted_at)
    SELECT user_id, id, title, team_id, deleted_at FROM tasks WHERE user_id = %(owner)s;
INSERT INTO conversations (user_id, id, title, deleted_at)
    VALUES (%(owner)s, %(private)s, 'Zprivate', NULL), (%(owner)s, %(deleted)s, 'Zprivate', now());
INSERT INTO messages (user_id, id, conversation_id, role, content)
    SELECT user_id, id, id, 'user', 'Zprivate' FROM conversations WHERE user_id = %(owner)s;
"""
"""Rows of one kind of sight have one id, whatever table they are in."""


class Scene:
    """The owner's rows of every kind, a team of theirs, and whoever may ask."""

    def __init__(self, sql: cursor) -> None:
        roles = ("owner", "admin", "teammate", "outsider", "other")
        self.people = people = {role: sign_up(sql, role) for role in roles}
        self.askers = {**people, "stranger": people["outsider"], "nobody": TestClient(app)}
        self.team = str(uuid4())
        team = {"team_id": self.team, "member_id": people["other"].id}
        rows = {name: str(uuid4()) for name in ("shared", "private", "deleted")}
        sql.execute(ROWS, {**{role: people[role].id for role in roles}, **team, **rows})
        self.ids: dict[str, Ids] = {
            **{name: {**team, **dict.fromkeys(KINDS, id)} for name, id in rows.items()},
            "a newcomer": {**team, "member_id": people["outsider"].id},
            "the owner": {**team, "member_id": people["owner"].id},
            "oneself": {**team, "member_id": "me"},
            "nothing": {},
        }

    def ask(self, case: Case, caller: str) -> Any:
        ids = self.ids[case.of]
        path = case.path.format(**ids)
        user = self.people["owner"].id if caller in {"stranger", "nobody"} else "me"
        url = f"http://test{path if path.startswith('/') else f'/api/{user}/{path}'.rstrip('/')}"
        return self.askers[caller].request(case.method, url, json=filled(case.body, ids))

    def state(self, sql: cursor) -> list[Any]:
        """Every row of every table that is one of these people's, or the team's own."""
        ids = [*(person.id for person in self.people.values()), self.team]
        found = []
        for name, table in SQLModel.metadata.tables.items():
            whose = "user_id" if "user_id" in {each.name for each in table.c} else "id"
            sql.execute(
                f'SELECT each::text FROM "{name}" each WHERE {whose}::text = ANY (%s) ORDER BY 1',  # noqa: S608
                (ids,),
            )
            found += [(name, row) for (row,) in sql]
        return found


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """The last scene, while nothing in it has changed."""
    return []


def expected(case: Case, caller: str) -> int:
    known = {"owner": case.owner, "admin": case.admin, "teammate": case.teammate}
    if case.of == "nothing" or caller in {*known, "outsider"}:
        return known.get(caller, case.outsider)
    return 403 if caller == "stranger" else 401


def seen(case: Case, caller: str) -> set[str]:
    """The words that the answer must hold; None of the others may stand in it."""
    words = {"owner": {SHARED, PRIVATE}, "admin": {SHARED}, "teammate": {SHARED}}
    return {f"Z{each}" for each in case.shows.split()} & words.get(caller, set())


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_gets_what_is_theirs_and_what_is_refused_leaves_no_trace(
    sql: cursor, scenes: list[Scene], case: Case, caller: str
) -> None:
    scene = scenes.pop() if scenes else Scene(sql)
    before = scene.state(sql)
    answer = scene.ask(case, caller)
    after = scene.state(sql)
    assert answer.status_code == expected(case, caller), answer.text
    if not answer.is_success:
        refused(answer, answer.status_code)
    if not answer.is_success or case.method == "GET":
        assert after == before
    if case.method == "GET":
        words = seen(case, caller)
        assert {word for word in (SHARED, PRIVATE) if word in answer.text} == words
    if after == before:
        scenes.append(scene)


def test_every_route_stands_in_the_table() -> None:
    routes = {
        (method.upper(), path.removeprefix("/api/{user_id}").removeprefix("/"))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert routes == {(method, path.removeprefix("/")) for method, path in (c.route for c in CASES)}
