"""The API beside a real Better Auth server: its tokens, its database, its change of keys."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from fastapi.testclient import TestClient
from psycopg2.extensions import cursor

from dev import ROOT, better_auth
from dev.better_auth import person
from tests.needs import needs, node
from tests.problem import refused
from tests.processes import fresh_engine

pytestmark = [pytest.mark.slow, needs(node)]


def test_every_token_is_taken_or_refused_as_it_must_be() -> None:
    command = [sys.executable, "-m", "dev", "prove", "auth"]
    done = subprocess.run(  # noqa: S603  our own program
        command, cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


# Users who go -----------------------------------------------------------------------------------


class Person(person.Person):
    """Somebody with an account there, and with its token here."""

    def __init__(self, origin: str, email: str | None = None) -> None:
        super().__init__(origin)
        self.account = {**person.ACCOUNT, "email": email or f"{uuid4().hex}@example.com"}
        signed_up = self.ask("sign-up/email", **self.account)
        self.id = signed_up.json()["user"]["id"]
        self.renew()

    def ask(self, what: str, **body: str) -> Any:
        return self._browser.post(f"/api/auth/{what}", json=body)

    def renew(self) -> None:
        """Ask for a new token, as a front end does every quarter of an hour."""
        from app.main import app  # noqa: PLC0415  it reads the settings, which conftest makes

        headers = {"Authorization": f"Bearer {self.token()}"}
        self.api = TestClient(app, base_url="http://test/api/me/", headers=headers)

    def delete_user(self) -> int:
        return int(self.ask("delete-user", password=self.account["password"]).status_code)

    def sign_in(self) -> int:
        return int(self.ask("sign-in/email", **self.account).status_code)

    def close(self) -> None:
        self._browser.close()

    def add(self, path: str, **body: Any) -> dict[str, Any]:
        added = self.api.post(path, json=body)
        assert added.status_code == 201, added.text
        row: dict[str, Any] = added.json()
        return row


def forget() -> None:
    """The keys that were fetched: those of another issuer."""
    from app.keys import key_ring  # noqa: PLC0415  it reads the settings

    key_ring.cache_clear()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """A Better Auth server on a database of its own, which ours is from here on."""
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    admin = psycopg2.connect(os.environ["DATABASE_URL"])
    admin.autocommit = True
    with admin.cursor() as session:
        session.execute("CREATE DATABASE better_auth")
    admin.close()
    url = f"{server}/better_auth"
    with pytest.MonkeyPatch.context() as environment, better_auth.running(url) as origin:
        trust = {"JWKS_URL": f"{origin}/api/auth/jwks", "JWT_ISSUER": origin}
        urls = {"DATABASE_URL": url, "DATABASE_URL_UNPOOLED": url}
        for name, value in {**trust, **urls, "JWT_AUDIENCE": origin}.items():
            environment.setenv(name, value)
        environment.delenv("JWKS")
        with fresh_engine():
            from migrations.job import upgrade  # noqa: PLC0415  it reads the settings

            forget()
            upgrade()
            yield origin
    forget()


@pytest.fixture
def one(origin: str) -> Iterator[Person]:
    with closing(Person(origin)) as person:
        yield person


@pytest.fixture
def other(origin: str) -> Iterator[Person]:
    with closing(Person(origin)) as person:
        yield person


@pytest.fixture
def team(one: Person, other: Person) -> str:
    """A team of the one's, with the other as a member; each shares a task and a document."""
    other.add("tasks", title="Of the other alone")
    team: str = one.add("teams", name="Ours")["id"]
    assert one.api.put(f"teams/{team}/members/{other.id}", json={"role": "member"}).is_success
    for each in (one, other):
        each.add("tasks", title="Shared", team_id=team)
        each.add("documents", title="Shared", team_id=team)
        talk = each.add("conversations", title="Talk")["id"]
        each.add(f"conversations/{talk}/messages", role="user", content="Hello")
    return team


TABLES = ("tasks", "documents", "conversations", "messages", "members")
OWNED = " UNION ALL ".join(f"SELECT '{each}' FROM {each} WHERE user_id = %(id)s" for each in TABLES)  # noqa: S608
ALL = dict.fromkeys(TABLES, 1)


def rows(sql: cursor, person: Person) -> Counter[str]:
    """How many rows of each table are the person's."""
    sql.execute(OWNED, {"id": person.id})
    return Counter(table for (table,) in sql.fetchall())


def known(sql: cursor, person: Person) -> bool:
    sql.execute('SELECT FROM "user" WHERE id = %s', (person.id,))
    return bool(sql.rowcount)


def test_a_user_whom_better_auth_deletes_takes_along_what_is_theirs_and_nothing_else(
    one: Person, other: Person, team: str, sql: cursor
) -> None:
    before = one.api.get(f"teams/{team}").json()["version"]
    assert rows(sql, other) == {**ALL, "tasks": 2}
    assert other.delete_user() == 200
    assert (rows(sql, other), known(sql, other)) == (Counter(), False)
    assert rows(sql, one) == ALL
    now = one.api.get(f"teams/{team}").json()
    assert [member["user_id"] for member in now["members"]] == [one.id]
    assert now["version"] == before + 1
    assert [task["title"] for task in one.api.get("tasks").json()["items"]] == ["Shared"]


def test_better_auth_cannot_delete_the_only_owner_of_others_team_and_locks_them_out_trying(
    one: Person, other: Person, team: str, sql: cursor
) -> None:
    refused(one.api.delete("http://test/api/me"), 409)
    assert one.sign_in() == 200
    assert one.delete_user() == 500
    assert rows(sql, one) == ALL
    assert known(sql, one)
    assert other.api.get(f"teams/{team}").status_code == 200
    # Better Auth deletes sessions and passwords first. Hence DELETE /api/me comes before.
    assert one.sign_in() == 401


def test_whoever_deletes_everything_here_first_can_be_deleted_there(
    one: Person, other: Person, team: str, sql: cursor
) -> None:
    assert one.api.put(f"teams/{team}/members/{other.id}", json={"role": "owner"}).is_success
    assert one.api.delete("http://test/api/me").status_code == 204
    assert not rows(sql, one)
    assert one.sign_in() == 200
    one.renew()
    one.add("tasks", title="Signed in still, one begins anew")
    assert one.delete_user() == 200
    assert (rows(sql, one), known(sql, one)) == (Counter(), False)
    said = refused(one.api.post("tasks", json={"title": "By a token that is still valid"}), 403)
    assert said["detail"] == "this account was deleted"
    assert not known(sql, one)
    assert rows(sql, other) == {**ALL, "tasks": 2}


def test_whoever_comes_back_with_the_same_email_is_somebody_new(
    origin: str, one: Person, sql: cursor
) -> None:
    assert one.api.delete("http://test/api/me").status_code == 204
    assert one.delete_user() == 200
    with closing(Person(origin, one.account["email"])) as again:
        assert again.id != one.id
        again.add("tasks", title="New")
        assert rows(sql, again) == {"tasks": 1}


def test_a_token_outlives_a_user_who_left_no_tombstone_here(one: Person, sql: cursor) -> None:
    assert one.delete_user() == 200
    assert not known(sql, one)
    one.add("tasks", title="Hence DELETE /api/me comes first")
    assert known(sql, one)
    assert one.sign_in() == 401
