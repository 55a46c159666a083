"""Who waits for whom: a write takes no more than it needs, and in an order that makes no circle."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg2.extensions import cursor

from tests.concurrency import open_transaction, wait_for_a_lock
from tests.people import Person
from tests.processes import fresh_engine

MEMBER = "SELECT FROM members WHERE team_id = %s AND user_id = %s"
ROLE = "UPDATE members SET role = 'admin' WHERE team_id = %s AND user_id = %s"

Write = tuple[str, str, Any, str]
"""A write of a member, and what another of theirs, or a change of their role, holds meanwhile."""

WRITES: list[Write] = [
    ("PATCH", "", {"title": "Theirs"}, f"{MEMBER} FOR KEY SHARE"),
    ("PATCH", "", {"title": "Theirs"}, ROLE),
    ("DELETE", "", None, f"{MEMBER} FOR SHARE"),
    ("DELETE", "?permanent=true", None, f"{MEMBER} FOR SHARE"),
]


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever waits is told so after two seconds."""
    monkeypatch.setenv("REQUEST_TIMEOUT", "2")
    with fresh_engine():
        yield


@pytest.mark.parametrize("kind", ["tasks", "documents"])
@pytest.mark.parametrize("write", WRITES)
def test_a_member_writes_while_they_write_elsewhere_in_the_team(
    owner: Person, teammate: Person, team: str, sql: cursor, kind: str, write: Write
) -> None:
    method, path, body, held = write
    sql.execute(ROLE, (team, teammate.id))
    id = owner.post(kind, json={"title": "Ours", "team_id": team}).json()["id"]
    with open_transaction() as other:
        other.execute(held, (team, teammate.id))
        written = teammate.request(method, f"{kind}/{id}{path}", json=body)
    assert written.is_success, written.text


@pytest.mark.parametrize("held", [f"{MEMBER} FOR KEY SHARE", ROLE])
def test_a_document_is_given_to_whom_others_are_given(
    owner: Person, teammate: Person, team: str, held: str
) -> None:
    document = owner.post("documents", json={"title": "Ours", "team_id": team}).json()
    path, body = f"documents/{document['id']}/transfer", {"to_user_id": teammate.id}
    with open_transaction() as other:
        other.execute('SELECT FROM "user" WHERE id = %s FOR KEY SHARE', (teammate.id,))
        other.execute(held, (team, teammate.id))
        given = owner.post(path, json=body)
    assert given.json()["team_id"] == team, given.text


def test_whoever_leaves_all_teams_takes_them_before_their_members(
    owner: Person, team: str, sql: cursor
) -> None:
    """As whoever changes a team's members does: neither then waits for the other in a circle."""
    sql.execute("UPDATE members SET role = 'owner' WHERE team_id = %s", (team,))
    with ThreadPoolExecutor() as threads:
        with open_transaction() as other:
            other.execute("SELECT FROM teams WHERE id = %s FOR UPDATE", (team,))
            left = threads.submit(owner.delete, "http://test/api/me")
            wait_for_a_lock(sql)
            sql.execute(f"{MEMBER} FOR UPDATE SKIP LOCKED", (team, owner.id))
            free = sql.rowcount
        assert left.result().is_success
    assert free == 1


def test_a_batch_takes_its_rows_in_the_order_of_their_ids(owner: Person, sql: cursor) -> None:
    """However it names them, and wherever they lie: two batches then never wait in a circle."""
    first, *others = ids = [owner.add(str(n))["id"] for n in range(5)]
    owner.patch(f"tasks/{first}", json={"title": "lies last"})
    with ThreadPoolExecutor() as threads:
        with open_transaction() as other:
            other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (first,))
            deleted = threads.submit(owner.post, "tasks/batch-delete", json={"ids": ids[::-1]})
            wait_for_a_lock(sql)
            sql.execute(
                "SELECT FROM tasks WHERE id = ANY (%s::uuid[]) FOR UPDATE SKIP LOCKED", (others,)
            )
            free = sql.rowcount
        assert deleted.result().is_success
    assert free == len(others)
