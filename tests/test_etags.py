"""Versions as ETags: what they are told whose write came too late, or too early."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg2.extensions import cursor

from app.attempts import Attempt
from tests.people import Person
from tests.problem import refused

Write = tuple[str, str, Any, int, int]
"""A write, and what an admin and a member of the team are told when it found nothing to write."""

WRITES: list[Write] = [
    ("PATCH", "", {"title": "Mine"}, 409, 409),
    ("PATCH", "", {"team_id": None}, 403, 403),
    ("DELETE", "", None, 409, 403),
    ("DELETE", "?permanent=true", None, 409, 403),
    ("POST", "/restore", None, 409, 403),
]
OF_TASKS: list[Write] = [
    ("POST", "/complete", None, 409, 409),
    ("POST", "/reopen", None, 409, 409),
]


@contextmanager
def out_of_the_team(sql: cursor, kind: str, id: str, team: str) -> Iterator[None]:
    """The row is in the team again as soon as a write has not found it there."""
    move, send = f"UPDATE {kind} SET team_id = %s WHERE id = %s", Attempt.send  # noqa: S608

    def and_back(*values: Any, **options: Any) -> Any:
        written = send(*values, **options)
        sql.execute(move, (team, id))
        return written

    sql.execute(move, (None, id))
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(Attempt, "send", and_back)
        yield


@pytest.mark.parametrize(
    ("kind", "write"),
    [("tasks", write) for write in (*WRITES, *OF_TASKS)]
    + [("documents", write) for write in WRITES],
)
def test_a_teammate_whose_write_lost_a_race_is_forbidden_only_what_only_others_may(
    owner: Person, teammate: Person, team: str, sql: cursor, kind: str, write: Write
) -> None:
    method, path, body, admin, member = write
    for role, told in (("admin", admin), ("member", member)):
        owner.put(f"teams/{team}/members/{teammate.id}", json={"role": role})
        id = owner.post(kind, json={"title": "Ours", "team_id": team}).json()["id"]
        if path == "/restore":
            owner.delete(f"{kind}/{id}")
        with out_of_the_team(sql, kind, id, team):
            answer = teammate.request(method, f"{kind}/{id}{path}", json=body)
        assert refused(answer, told)["code"] == {409: "conflict", 403: "forbidden"}[told]
