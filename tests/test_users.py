"""The caller's own profile: Better Auth's row, or the token's claims; and the end of it all."""

from functools import partial
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor

from app.locks import lock_name
from dev.wire import CountingProxy
from tests.concurrency import (
    at_once,
    blocked,
    in_turn,
    open_transaction,
    until,
    wait_for_a_lock,
)
from tests.people import Person, sign_up

ME = "http://test/api/me"
PROFILE = ("PATCH", ME, {"name": "New"})


def test_the_profile_is_the_row(owner: Person) -> None:
    profile = owner.get(ME).json()
    assert profile.pop("created_at") == profile.pop("updated_at")
    assert profile == {
        "id": owner.id,
        "name": "owner",
        "email": owner.email,
        "email_verified": True,
        "image": None,
    }


def test_a_patch_changes_what_it_names(owner: Person) -> None:
    before = owner.get(ME).json()
    after = owner.patch(ME, json={"image": "https://example.com/me.png"}).json()
    assert {name for name in after if after[name] != before[name]} == {"image", "updated_at"}
    assert owner.patch(ME, json={"image": None, "name": "New"}).json()["image"] is None
    assert owner.get(ME).json()["name"] == "New"


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"name": ""},
        {"name": "n" * 201},
        {"email": "a@example.com"},
        {"id": "x"},
        {"image": "x" * 2049},
    ],
)
def test_what_is_not_the_users_to_change_is_refused(owner: Person, body: dict[str, str]) -> None:
    before = owner.get(ME).json()
    assert owner.patch(ME, json=body).status_code == 422
    assert owner.get(ME).json() == before


def test_a_profile_that_is_just_allowed_is_kept(owner: Person) -> None:
    for name in ("n", "\U0001f9ca" * 200):
        kept = owner.patch(ME, json={"name": name, "image": "x" * 2048})
        assert kept.status_code == 200, kept.text
        assert (owner.get(ME).json()["name"], kept.json()["image"]) == (name, "x" * 2048)


def test_a_first_change_makes_the_row_from_the_token(sql: cursor) -> None:
    stranger = Person("stranger")
    made = stranger.patch(ME, json={"name": "Chosen"}).json()
    assert (made["name"], made["email"]) == ("Chosen", stranger.email)
    assert stranger.get(ME).json() == made
    sql.execute('SELECT name FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.fetchone() == ("Chosen",)


def test_a_token_without_an_email_makes_no_row(sql: cursor) -> None:
    stranger = Person("stranger")
    headers = {"Authorization": f"Bearer {stranger.token(email=None)}"}
    for refused in (
        stranger.patch(ME, json={"name": "N"}, headers=headers),
        stranger.post("tasks", json={"title": "T"}, headers=headers),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert stranger.get(ME, headers=headers).json()["email"] is None
    sql.execute('SELECT FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.rowcount == 0


def test_another_users_profile_is_forbidden(owner: Person, outsider: Person) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "Theirs"})):
        refused = outsider.request(method, f"http://test/api/{owner.id}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert owner.get(ME).json()["name"] == "owner"


def test_a_profile_with_another_accounts_email_is_not_made(owner: Person) -> None:
    double = Person("double")
    headers = {"Authorization": f"Bearer {double.token(email=owner.email)}"}
    refused = double.patch(ME, json={"name": "N"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")


TABLES = ("tasks", "documents", "conversations", "messages", "members")


def rows(sql: cursor, person: Person) -> dict[str, int]:
    """How many rows of each table are the person's; those without any are left out."""
    counts = {}
    for table in TABLES:
        sql.execute(f"SELECT count(*) FROM {table} WHERE user_id = %s", (person.id,))  # noqa: S608
        counts[table] = sql.fetchone()[0]
    return {table: count for table, count in counts.items() if count}


def give(sql: cursor, person: Person, team: str) -> None:
    """A row of every kind, and one more of each that is deleted already."""
    person.add("Shared", team_id=team)
    person.delete(f"tasks/{person.add('Deleted')['id']}")
    for deleted in (None, "now"):
        sql.execute(
            "WITH talk AS (INSERT INTO conversations (id, user_id, deleted_at)"
            " VALUES (gen_random_uuid(), %(me)s, %(deleted)s) RETURNING id),"
            " document AS (INSERT INTO documents (id, user_id, title, team_id, deleted_at)"
            " VALUES (gen_random_uuid(), %(me)s, 'Plan', %(team)s, %(deleted)s))"
            " INSERT INTO messages (id, conversation_id, user_id, role, content)"
            " SELECT gen_random_uuid(), id, %(me)s, 'user', 'Hello' FROM talk",
            {"me": person.id, "deleted": deleted, "team": team},
        )


def promote(sql: cursor, person: Person, team: str) -> None:
    """Make the person an owner of the team too."""
    where = "WHERE team_id = %s AND user_id = %s"
    sql.execute(f"UPDATE members SET role = 'owner' {where}", (team, person.id))  # noqa: S608


EACH_TWICE = {"tasks": 2, "documents": 2, "conversations": 2, "messages": 2, "members": 1}


def test_all_that_is_a_users_goes_and_nothing_of_others(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    give(sql, owner, team)
    give(sql, teammate, team)
    promote(sql, teammate, team)
    assert rows(sql, owner) == EACH_TWICE
    profile = owner.get(ME).json()
    deleted = owner.delete(ME)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert rows(sql, owner) == {}
    assert rows(sql, teammate) == EACH_TWICE
    assert teammate.titles() == ["Shared"]
    assert owner.get(ME).json() == profile
    sql.execute("SELECT owners FROM teams WHERE id = %s", (team,))
    assert sql.fetchone() == (1,)


def test_a_team_that_nobody_else_is_in_goes_too(owner: Person, team: str, sql: cursor) -> None:
    sql.execute("DELETE FROM members WHERE team_id = %s AND user_id <> %s", (team, owner.id))
    assert owner.delete(ME).status_code == 204
    sql.execute("SELECT FROM teams WHERE id = %s", (team,))
    assert sql.rowcount == 0


def test_the_only_owner_of_others_team_names_another_before_leaving_everything(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    give(sql, owner, team)
    refused = owner.delete(ME)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["detail"] == "a team needs an owner: name another one first"
    assert rows(sql, owner) == EACH_TWICE
    sql.execute("SELECT FROM tombstones WHERE user_id = %s", (owner.id,))
    assert sql.rowcount == 0
    promote(sql, teammate, team)
    assert owner.delete(ME).status_code == 204


def test_deleting_everything_again_deletes_what_came_since(owner: Person) -> None:
    for titles in (["One"], ["Two"], []):
        for title in titles:
            owner.add(title)
        assert owner.titles() == titles
        assert owner.delete(ME).status_code == 204
        assert owner.titles() == []


def test_the_same_deletion_is_done_once_and_leaves_what_came_since(owner: Person) -> None:
    key = {"Idempotency-Key": "everything"}
    assert "idempotent-replayed" not in owner.delete(ME, headers=key).headers
    owner.add("Since")
    again = owner.delete(ME, headers=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (204, "true")
    assert owner.titles() == ["Since"]
    reused = owner.post("tasks", json={"title": "T"}, headers=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


def test_a_write_that_is_repeated_after_the_deletion_does_not_bring_its_rows_back(
    owner: Person,
) -> None:
    key = {"Idempotency-Key": "before"}
    assert owner.post("tasks", json={"title": "T"}, headers=key).status_code == 201
    assert owner.delete(ME).status_code == 204
    assert owner.post("tasks", json={"title": "T"}, headers=key).status_code == 404
    assert owner.titles() == []


def test_a_change_that_is_repeated_after_the_account_is_gone_finds_nothing(
    owner: Person, sql: cursor
) -> None:
    key = {"Idempotency-Key": "before"}
    assert owner.patch(ME, json={"name": "New"}, headers=key).status_code == 200
    assert owner.delete(ME).status_code == 204
    sql.execute('DELETE FROM "user" WHERE id = %s', (owner.id,))
    again = owner.patch(ME, json={"name": "New"}, headers=key)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_whoever_is_signed_in_begins_anew_after_the_deletion(owner: Person) -> None:
    assert owner.delete(ME).status_code == 204
    owner.add("New")
    assert owner.titles() == ["New"]
    assert owner.patch(ME, json={"name": "New"}).json()["name"] == "New"


@pytest.mark.parametrize("known", [True, False])
def test_a_token_that_is_still_valid_brings_no_deleted_account_back(
    sql: cursor,
    known: bool,  # noqa: FBT001
) -> None:
    gone = sign_up(sql, "gone") if known else Person("gone")
    assert gone.delete(ME).status_code == 204
    sql.execute('DELETE FROM "user" WHERE id = %s', (gone.id,))
    key = {"Idempotency-Key": "back"}
    for refused in (
        gone.post("tasks", json={"title": "T"}),
        gone.post("tasks", json={"title": "T"}, headers=key),
        gone.post("tasks/batch", json={"items": [{"title": "T"}]}),
        gone.patch(ME, json={"name": "N"}),
        gone.patch(ME, json={"name": "N"}, headers=key),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert refused.json()["detail"] == "this account was deleted"
    assert gone.get(ME).json()["created_at"] is None
    assert gone.titles() == []
    sql.execute('SELECT FROM "user" WHERE id = %s', (gone.id,))
    assert sql.rowcount == 0
    assert gone.delete(ME).status_code == 204


@pytest.mark.usefixtures("wide_pool")
def test_a_first_write_that_began_before_the_deletion_goes_with_the_rest(sql: cursor) -> None:
    gone, answers = Person("gone"), list[Any]()
    post = Thread(target=lambda: answers.append(gone.post("tasks", json={"title": "T"})))
    delete = Thread(target=lambda: answers.append(gone.delete(ME)))
    with open_transaction() as other:
        other.execute(
            'INSERT INTO "user" (id, name, email, "emailVerified") VALUES (%s, %s, %s, true)',
            (uuid4().hex, "double", gone.email),
        )
        post.start()
        wait_for_a_lock(sql)
        delete.start()
        until(lambda: blocked(sql) == 2 or not delete.is_alive())
        other.connection.rollback()
    post.join()
    delete.join()
    assert sorted(answer.status_code for answer in answers) == [201, 204]
    assert rows(sql, gone) == {}


@pytest.mark.usefixtures("wide_pool")
@pytest.mark.parametrize(("method", "path", "body"), [("POST", "tasks", {"title": "T"}), PROFILE])
def test_a_first_write_that_waits_for_the_deletion_brings_nobody_back(
    sql: cursor, method: str, path: str, body: dict[str, str]
) -> None:
    gone = Person("gone")
    both = [partial(gone.delete, ME), partial(gone.request, method, path, json=body)]
    hold = "SELECT pg_advisory_xact_lock(%s)"
    answers = in_turn(sql, hold, (lock_name(gone.id),), *both)
    assert [answer.status_code for answer in answers] == [204, 403]
    sql.execute('SELECT FROM "user" WHERE id = %s', (gone.id,))
    assert sql.rowcount == 0


@pytest.mark.usefixtures("wide_pool")
def test_nothing_is_left_of_a_first_write_and_a_deletion_at_once(sql: cursor) -> None:
    for n in range(20):
        gone = Person("gone")
        both = [partial(gone.post, "tasks", json={"title": "T"}), partial(gone.delete, ME)]
        told = {answer.status_code for answer in at_once(*both[:: (-1) ** n])}
        assert told in ({201, 204}, {403, 204})
        assert rows(sql, gone) == {}


def test_nobody_deletes_everything_of_another(owner: Person, outsider: Person) -> None:
    owner.add("Mine")
    refused = outsider.delete(f"http://test/api/{owner.id}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert owner.titles() == ["Mine"]


def test_deleting_everything_is_one_round_trip(
    owner: Person, team: str, sql: cursor, wire: CountingProxy
) -> None:
    sql.execute("DELETE FROM members WHERE user_id <> %s AND team_id = %s", (owner.id, team))
    give(sql, owner, team)
    wire.reset()
    assert owner.delete(ME).status_code == 204
    assert wire.snapshot().kinds == ("Q",)


@pytest.mark.usefixtures("wide_pool")
def test_of_two_owners_who_delete_everything_at_once_one_keeps_the_team(sql: cursor) -> None:
    for _ in range(10):
        one, other, member = (sign_up(sql, name) for name in ("one", "other", "member"))
        teams = [uuid4().hex for _ in range(2)]
        for team in teams:
            sql.execute("INSERT INTO teams (id, name) VALUES (%s, 'Theirs')", (team,))
            for person, role in ((one, "owner"), (other, "owner"), (member, "member")):
                sql.execute("INSERT INTO members VALUES (%s, %s, %s)", (team, person.id, role))
        answers = at_once(partial(one.delete, ME), partial(other.delete, ME))
        assert sorted(answer.status_code for answer in answers) == [204, 409]
        sql.execute("SELECT owners FROM teams WHERE id = ANY (%s::uuid[])", (teams,))
        assert sql.fetchall() == [(1,), (1,)]
