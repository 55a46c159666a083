"""Teams and their members through HTTP, as each role sees them, and under races."""

from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.errors import CheckViolation
from psycopg2.extensions import cursor

from dev.wire import CountingProxy
from tests.concurrency import at_once, open_transaction, wait_for_a_lock
from tests.people import Person, sign_up
from tests.problem import refused
from tests.test_idempotency import twin_running

ROLES = ("owner", "admin", "member")
NEW = {"If-None-Match": "*"}
"""Only if there is no such member yet (RFC 9110, 13.1.2)."""


def make(person: Person, name: str = "Gardeners") -> dict[str, Any]:
    """A new team of this person's, as the API returns it."""
    added = person.post("teams", json={"name": name})
    assert added.status_code == 201, added.text
    team: dict[str, Any] = added.json()
    return team


def put(person: Person, team: str, whom: Person, role: str, **headers: str) -> Any:
    return person.put(f"teams/{team}/members/{whom.id}", json={"role": role}, headers=headers)


def roles(person: Person, team: str) -> dict[str, str]:
    """Who is what in the team, in the order in which they joined."""
    seen = person.get(f"teams/{team}")
    assert seen.status_code == 200, seen.text
    return {member["user_id"]: member["role"] for member in seen.json()["members"]}


def names(person: Person, query: str = "") -> list[str]:
    listed = person.get(f"teams?{query}")
    assert listed.status_code == 200, listed.text
    return [team["name"] for team in listed.json()["items"]]


def test_a_team_reads_back_as_it_was_made_with_its_maker_as_owner(owner: Person) -> None:
    added = owner.post("teams", json={"name": "Gardeners"})
    team = added.json()
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    assert owner.get(f"http://test{added.headers['location']}").json() == team
    assert team["name"] == "Gardeners"
    assert team["members"] == [
        {
            "user_id": owner.id,
            "name": owner.name,
            "email": owner.email,
            "role": "owner",
            "joined_at": team["created_at"],
        }
    ]


@pytest.mark.usefixtures("sql")
def test_someone_new_is_a_user_and_an_owner_by_making_a_team() -> None:
    new = Person("new")
    team = make(new)
    assert [member["email"] for member in team["members"]] == [new.email]
    assert new.get(f"teams/{team['id']}").json() == team


def test_someone_new_whose_email_is_taken_makes_no_team(owner: Person) -> None:
    double = Person("double")
    token = {"Authorization": f"Bearer {double.token(email=owner.email)}"}
    answer = double.post("teams", json={"name": "T"}, headers=token)
    assert refused(answer, 409)["code"] == "email_taken"


@pytest.mark.parametrize("name", ["", "n" * 101, None, 7])
def test_a_name_has_1_to_100_characters(owner: Person, name: Any) -> None:
    team = make(owner, "n" * 100)
    for answer in (
        owner.post("teams", json={"name": name}),
        owner.patch(f"teams/{team['id']}", json={"name": name}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == "/name"
    assert owner.get("teams").json()["items"] == [team]


@pytest.mark.parametrize("field", ["id", "owners", "members", "version", "created_at"])
def test_what_the_database_keeps_cannot_be_sent(owner: Person, team: str, field: str) -> None:
    for answer in (
        owner.post("teams", json={"name": "T", field: 1}),
        owner.patch(f"teams/{team}", json={field: 1}),
        owner.put(f"teams/{team}/members/{owner.id}", json={"role": "owner", field: 1}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == f"/{field}"


# Lists ------------------------------------------------------------------------------------------


def test_the_list_is_of_the_teams_that_one_is_in(
    owner: Person, teammate: Person, outsider: Person, team: str
) -> None:
    mine = make(owner, "Mine")
    assert names(owner) == ["A-team", "Mine"]
    assert names(teammate) == ["A-team"]
    assert names(outsider) == []
    assert owner.get("teams").json()["items"][1] == mine
    assert [*roles(teammate, team)] == sorted([owner.id, teammate.id])


def test_the_list_comes_in_any_order_and_in_pages(owner: Person) -> None:
    for name in "bca":
        make(owner, name)
    assert names(owner) == ["a", "b", "c"]
    assert names(owner, "sort=-name") == ["c", "b", "a"]
    assert names(owner, "sort=created_at") == ["b", "c", "a"]
    assert names(owner, "sort=-created_at") == ["a", "c", "b"]
    first = owner.get("teams?limit=2")
    assert [team["name"] for team in first.json()["items"]] == ["a", "b"]
    assert names(owner, f"limit=2&cursor={first.json()['next']}") == ["c"]
    assert first.headers["link"].endswith('rel="next"')
    counted = owner.get("teams?page=2&page_size=2").json()
    assert (counted["total"], counted["pages"], len(counted["items"])) == (3, 2, 1)
    assert [member["user_id"] for member in counted["items"][0]["members"]] == [owner.id]
    refused(owner.get(f"teams?sort=-name&cursor={first.json()['next']}"), 400)


def test_members_stand_in_the_order_in_which_they_joined(owner: Person, sql: cursor) -> None:
    team = make(owner)["id"]
    people = [sign_up(sql, name) for name in "cab"]
    for person in people:
        put(owner, team, person, "member")
    order = [owner.id, *(person.id for person in people)]
    assert [*roles(owner, team)] == order
    listed = owner.get("teams").json()["items"][0]["members"]
    assert [member["user_id"] for member in listed] == order


def test_members_who_joined_at_the_same_moment_stand_in_the_order_of_their_ids(
    owner: Person, sql: cursor
) -> None:
    team = make(owner)["id"]
    for name in "cab":
        put(owner, team, sign_up(sql, name), "member")
    sql.execute("UPDATE members SET joined_at = now() WHERE team_id = %s", (team,))
    assert [*roles(owner, team)] == sorted(roles(owner, team))
    renamed = owner.patch(f"teams/{team}", json={"name": "T"})
    assert renamed.json() == owner.get(f"teams/{team}").json()


# Change and delete ------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403)])
def test_those_who_run_a_team_rename_it(
    owner: Person, teammate: Person, team: str, role: str, status: int
) -> None:
    before = put(owner, team, teammate, role).json()
    answer = teammate.patch(f"teams/{team}", json={"name": "New"})
    assert answer.status_code == status, answer.text
    after = owner.get(f"teams/{team}")
    if status == 200:
        assert answer.json() == after.json()
        differing = {name for name in before if before[name] != after.json()[name]}
        assert differing == {"name", "updated_at", "version"}
        assert answer.headers["etag"] == after.headers["etag"]
    else:
        assert after.json() == before


@pytest.mark.parametrize("change", [{}, {"name": "Gardeners"}])
def test_a_patch_that_changes_nothing_makes_no_version(
    owner: Person, change: dict[str, str]
) -> None:
    team = make(owner)
    assert owner.patch(f"teams/{team['id']}", json=change).json() == team


@pytest.mark.parametrize(("role", "status"), [("owner", 204), ("admin", 403), ("member", 403)])
def test_only_an_owner_deletes_a_team(
    owner: Person, teammate: Person, team: str, role: str, status: int
) -> None:
    put(owner, team, teammate, role)
    assert teammate.delete(f"teams/{team}").status_code == status
    assert owner.get(f"teams/{team}").status_code == (404 if status == 204 else 200)


def test_a_deleted_teams_rows_go_back_to_their_owners_as_new_versions(
    owner: Person, teammate: Person, team: str
) -> None:
    tasks = [(person, person.add(team_id=team)["id"]) for person in (owner, teammate)]
    assert owner.delete(f"teams/{team}").status_code == 204
    for person, task in tasks:
        kept = person.get(f"tasks/{task}")
        assert (kept.json()["team_id"], kept.headers["etag"]) == (None, '"2"')
    assert owner.get(f"tasks/{tasks[1][1]}").status_code == 404


# Members ----------------------------------------------------------------------------------------


def test_a_member_is_added_then_changed_then_the_same(
    owner: Person, outsider: Person, team: str
) -> None:
    before = owner.get(f"teams/{team}").json()
    added = put(owner, team, outsider, "member")
    assert (added.status_code, added.headers["etag"]) == (201, '"3"')
    assert added.json()["updated_at"] > before["updated_at"]
    assert added.headers["location"] == f"/api/me/teams/{team}/members/{outsider.id}"
    assert added.json() == outsider.get(f"teams/{team}").json()
    changed = put(owner, team, outsider, "admin")
    assert (changed.status_code, changed.headers["etag"]) == (200, '"4"')
    assert "location" not in changed.headers
    assert roles(outsider, team)[outsider.id] == "admin"
    again = put(owner, team, outsider, "admin")
    assert (again.status_code, again.json()) == (200, changed.json())


MAY = {
    "owner": {(theirs, wanted) for theirs in (None, *ROLES) for wanted in (None, *ROLES)},
    "admin": {
        (theirs, wanted)
        for theirs in (None, "admin", "member")
        for wanted in (None, "admin", "member")
    },
    "member": set(),
}
"""Whom a member of each role may make what; None for nobody."""


@pytest.mark.parametrize("mine", ROLES)
@pytest.mark.parametrize("theirs", [None, *ROLES])
@pytest.mark.parametrize("wanted", [None, *ROLES])
def test_who_may_make_whom_what(
    owner: Person,
    teammate: Person,
    outsider: Person,
    team: str,
    mine: str,
    theirs: str | None,
    wanted: str | None,
) -> None:
    put(owner, team, teammate, mine)
    if theirs:
        put(owner, team, outsider, theirs)
    before = owner.get(f"teams/{team}").json()
    if wanted:
        answer = put(teammate, team, outsider, wanted)
    else:
        answer = teammate.delete(f"teams/{team}/members/{outsider.id}")
    after = roles(owner, team).get(outsider.id)
    if (theirs, wanted) not in MAY[mine]:
        refused(answer, 403)
    elif theirs is wanted is None:
        refused(answer, 404)
    else:
        assert answer.is_success, answer.text
        assert after == wanted
        return
    assert owner.get(f"teams/{team}").json() == before


def test_an_outsider_does_nothing_with_a_team(
    owner: Person, outsider: Person, team: str, sql: cursor
) -> None:
    before = owner.get(f"teams/{team}").json()
    for id in (team, str(uuid4())):
        for answer in (
            outsider.get(f"teams/{id}"),
            outsider.patch(f"teams/{id}", json={"name": "Theirs"}),
            outsider.delete(f"teams/{id}"),
            put(outsider, id, outsider, "owner"),
            put(outsider, id, owner, "member"),
            outsider.delete(f"teams/{id}/members/me"),
            outsider.delete(f"teams/{id}/members/{owner.id}"),
        ):
            assert refused(answer, 404)["detail"] == "Not found"
    assert owner.get(f"teams/{team}").json() == before
    sql.execute("SELECT FROM operations WHERE user_id = %s", (outsider.id,))
    assert sql.rowcount == 0


def test_nobody_adds_a_user_whom_nobody_knows(owner: Person, team: str) -> None:
    for id in ("nobody", "x" * 255, "a%2fb", "a%3Fb"):
        answer = owner.put(f"teams/{team}/members/{id}", json={"role": "member"})
        refused(answer, 404)
    unknown = owner.put(f"teams/{team}/members/nobody", json={"role": "member"})
    assert unknown.json()["detail"] == "no such user"
    assert owner.delete(f"teams/{team}/members/nobody").json()["detail"] == "no such member"


@pytest.mark.parametrize("id", ["a%00", "a%20b", "%C3%BC", "x" * 256, "%ff"])
def test_an_id_that_no_user_has_is_refused(owner: Person, team: str, id: str) -> None:
    refused(owner.put(f"teams/{team}/members/{id}", json={"role": "member"}), 422)
    refused(owner.delete(f"teams/{team}/members/{id}"), 422)


@pytest.mark.parametrize("body", [{}, {"role": None}, {"role": "king"}, {"role": "Owner"}, []])
def test_a_role_is_one_of_three(owner: Person, team: str, body: Any) -> None:
    refused(owner.put(f"teams/{team}/members/{owner.id}", json=body), 422)


def test_a_team_keeps_its_last_owner(owner: Person, teammate: Person, team: str) -> None:
    before = owner.get(f"teams/{team}").json()
    for answer in (
        put(owner, team, owner, "admin"),
        owner.delete(f"teams/{team}/members/me"),
        owner.delete(f"teams/{team}/members/{owner.id}"),
    ):
        assert refused(answer, 409)["code"] == "conflict"
    assert owner.get(f"teams/{team}").json() == before
    put(owner, team, teammate, "owner")
    assert owner.delete(f"teams/{team}/members/me").status_code == 204
    assert roles(teammate, team) == {teammate.id: "owner"}


@pytest.mark.parametrize("me", ["me", None])
def test_everybody_may_leave_and_the_last_leaves_no_team_behind(
    owner: Person, teammate: Person, team: str, me: str | None, sql: cursor
) -> None:
    for person in (teammate, owner):
        assert person.delete(f"teams/{team}/members/{me or person.id}").status_code == 204
        assert person.get(f"teams/{team}").status_code == 404
        assert person.delete(f"teams/{team}/members/me").status_code == 404
    sql.execute("SELECT FROM teams WHERE id = %s", (team,))
    assert sql.rowcount == 0


def test_me_is_oneself_when_a_role_is_given_too(owner: Person, teammate: Person, team: str) -> None:
    put(owner, team, teammate, "owner")
    assert owner.put(f"teams/{team}/members/me", json={"role": "admin"}).status_code == 200
    assert roles(owner, team)[owner.id] == "admin"


@pytest.mark.parametrize("resource", ["tasks", "documents"])
def test_leaving_takes_back_ones_own_and_nothing_else(
    owner: Person, teammate: Person, team: str, resource: str
) -> None:
    shared = {}
    for person in (owner, teammate):
        added = person.post(resource, json={"title": "T", "team_id": team})
        assert added.status_code == 201, added.text
        shared[person] = f"{resource}/{added.json()['id']}"
    assert teammate.delete(f"teams/{team}/members/me").status_code == 204
    kept = teammate.get(shared[teammate])
    assert (kept.json()["team_id"], kept.headers["etag"]) == (None, '"2"')
    assert owner.get(shared[teammate]).status_code == 404
    stayed = owner.get(shared[owner])
    assert (stayed.json()["team_id"], stayed.headers["etag"]) == (team, '"1"')
    assert teammate.get(shared[owner]).status_code == 404


def by_the_api(_: cursor, person: Person, name: str) -> None:
    assert person.patch("http://test/api/me", json={"name": name}).is_success


def by_the_issuer(sql: cursor, person: Person, name: str) -> None:
    sql.execute('UPDATE "user" SET name = %s WHERE id = %s', (name, person.id))


@pytest.mark.parametrize("rename", [by_the_api, by_the_issuer])
def test_a_members_new_name_is_a_new_version_of_the_teams_that_show_it(
    owner: Person, teammate: Person, team: str, sql: cursor, rename: Callable[..., None]
) -> None:
    other = make(teammate)
    before = owner.get(f"teams/{team}")
    rename(sql, teammate, "New")
    known = {"If-None-Match": before.headers["etag"]}
    after = owner.get(f"teams/{team}", headers=known)
    assert (after.status_code, after.json()["version"]) == (200, before.json()["version"] + 1)
    assert [member["name"] for member in after.json()["members"]] == ["owner", "New"]
    assert teammate.get(f"teams/{other['id']}").json()["version"] == 2
    rename(sql, teammate, "New")
    known = {"If-None-Match": after.headers["etag"]}
    assert owner.get(f"teams/{team}", headers=known).status_code == 304


def test_a_members_new_address_is_a_new_version_too(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    known = {"If-None-Match": owner.get(f"teams/{team}").headers["etag"]}
    sql.execute('UPDATE "user" SET email = %s WHERE id = %s', (f"new-{uuid4()}", teammate.id))
    seen = owner.get(f"teams/{team}", headers=known)
    assert seen.status_code == 200
    assert seen.json()["members"][1]["email"].startswith("new-")


def test_a_member_who_is_no_user_any_more_is_gone_as_a_new_version(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    assert owner.get(f"teams/{team}").headers["etag"] == '"2"'
    sql.execute('DELETE FROM "user" WHERE id = %s', (teammate.id,))
    assert owner.get(f"teams/{team}").headers["etag"] == '"3"'
    assert roles(owner, team) == {owner.id: "owner"}


# Versions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ['"1"', 'W/"2"', '"x"', '""'])
def test_a_stale_version_is_refused_and_changes_nothing(
    owner: Person, teammate: Person, team: str, tag: str
) -> None:
    before, stale = owner.get(f"teams/{team}"), {"If-Match": tag}
    assert before.headers["etag"] == '"2"'
    for answer in (
        owner.patch(f"teams/{team}", json={"name": "T"}, headers=stale),
        put(owner, team, teammate, "admin", **stale),
        owner.delete(f"teams/{team}/members/{teammate.id}", headers=stale),
        owner.delete(f"teams/{team}/members/me", headers=stale),
        owner.delete(f"teams/{team}", headers=stale),
    ):
        assert refused(answer, 412)["code"] == "precondition_failed"
    assert owner.get(f"teams/{team}").json() == before.json()


def test_what_is_forbidden_is_so_in_every_version(
    owner: Person, teammate: Person, team: str
) -> None:
    stale = {"If-Match": '"1"'}
    for answer in (
        teammate.patch(f"teams/{team}", json={"name": "T"}, headers=stale),
        put(teammate, team, teammate, "owner", **stale),
        teammate.delete(f"teams/{team}/members/{owner.id}", headers=stale),
        teammate.delete(f"teams/{team}", headers=stale),
    ):
        refused(answer, 403)
    refused(teammate.delete(f"teams/{team}/members/me", headers=stale), 412)


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_each_write_takes_the_version_that_the_one_before_it_told(
    owner: Person, teammate: Person, team: str, role: str
) -> None:
    tag = {"If-Match": owner.get(f"teams/{team}").headers["etag"]}
    tag["If-Match"] = put(owner, team, teammate, role, **tag).headers["etag"]
    renamed = owner.patch(f"teams/{team}", json={"name": "T"}, headers=tag)
    tag["If-Match"] = renamed.headers["etag"]
    gone = owner.delete(f"teams/{team}/members/{teammate.id}", headers=tag)
    assert gone.status_code == 204
    assert owner.delete(f"teams/{team}", headers={"If-Match": '"5"'}).status_code == 204


def test_a_reader_who_has_this_version_gets_304(owner: Person, teammate: Person, team: str) -> None:
    tag = {"If-None-Match": owner.get(f"teams/{team}").headers["etag"]}
    assert owner.get(f"teams/{team}", headers=tag).status_code == 304
    put(owner, team, teammate, "admin")
    assert owner.get(f"teams/{team}", headers=tag).status_code == 200


# Exactly once -----------------------------------------------------------------------------------

WRITES = {
    "make": ("POST", "teams", {"name": "New"}),
    "rename": ("PATCH", "teams/{team}", {"name": "New"}),
    "add": ("PUT", "teams/{team}/members/{outsider}", {"role": "member"}),
    "change": ("PUT", "teams/{team}/members/{teammate}", {"role": "admin"}),
    "remove": ("DELETE", "teams/{team}/members/{teammate}", None),
    "delete": ("DELETE", "teams/{team}", None),
}
every_write = pytest.mark.parametrize("write", WRITES)
Send = Callable[..., Any]


@pytest.fixture
def send(owner: Person, teammate: Person, outsider: Person, team: str, write: str) -> Send:
    """Sends the write as the team's owner, as often as it is called."""
    method, path, body = WRITES[write]
    url = path.format(team=team, teammate=teammate.id, outsider=outsider.id)

    def send(key: str) -> Any:
        return owner.request(method, url, json=body, headers={"Idempotency-Key": key})

    return send


def state(sql: cursor, owner: Person) -> list[Any]:
    """The teams that the owner is in, and all their members, versions included."""
    mine = "SELECT team_id FROM members WHERE user_id = %s"
    sql.execute(f"SELECT * FROM teams WHERE id IN ({mine}) ORDER BY 1", (owner.id,))  # noqa: S608
    teams = sql.fetchall()
    sql.execute(f"SELECT * FROM members WHERE team_id IN ({mine}) ORDER BY 1, 2", (owner.id,))  # noqa: S608
    return [*teams, *sql.fetchall()]


@every_write
def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    owner: Person, sql: cursor, send: Send
) -> None:
    first = send("key")
    assert first.is_success, first.text
    after = state(sql, owner)
    again = send("key")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("etag", "location"):
        assert again.headers.get(name) == first.headers.get(name)
    assert state(sql, owner) == after


@every_write
def test_the_same_key_on_another_request_is_refused(owner: Person, sql: cursor, send: Send) -> None:
    owner.post("tasks", json={"title": "First"}, headers={"Idempotency-Key": "key"})
    before = state(sql, owner)
    assert refused(send("key"), 422)["code"] == "idempotency_key_reused"
    assert state(sql, owner) == before


@every_write
def test_a_request_whose_twin_is_running_is_told_so_at_once(
    owner: Person, sql: cursor, send: Send
) -> None:
    before = state(sql, owner)
    with twin_running(sql, owner, "key"):
        assert refused(send("key"), 409)["code"] == "in_progress"
    assert state(sql, owner) == before
    assert send("key").is_success


@every_write
def test_a_write_is_one_round_trip(owner: Person, wire: CountingProxy, send: Send) -> None:
    owner.get("teams")
    wire.reset()
    assert send("key").is_success
    assert wire.snapshot().kinds == ("Q",)


def test_a_read_is_one_round_trip_however_many_teams_and_members(
    owner: Person, team: str, wire: CountingProxy
) -> None:
    for n in range(5):
        make(owner, str(n))
    for path in ("teams", "teams?include=total", f"teams/{team}"):
        wire.reset()
        assert owner.get(path).is_success
        assert wire.snapshot().kinds == ("Q",)


def test_someone_who_is_out_of_the_team_repeats_in_vain(
    owner: Person, teammate: Person, team: str
) -> None:
    put(owner, team, teammate, "admin")
    rename = partial(
        teammate.patch, f"teams/{team}", json={"name": "T"}, headers={"Idempotency-Key": "key"}
    )
    assert rename().status_code == 200
    owner.delete(f"teams/{team}/members/{teammate.id}")
    refused(rename(), 404)


# Races ------------------------------------------------------------------------------------------


def while_others_change(sql: cursor, change: str, ids: tuple[Any, ...], send: Send) -> Any:
    """The answer of a request that had to wait until another session's change was there."""
    answers: list[Any] = []
    with open_transaction() as other:
        other.execute(change, ids)
        thread = Thread(target=lambda: answers.append(send()))
        thread.start()
        wait_for_a_lock(sql)
    thread.join()
    return answers[0]


ADD = "INSERT INTO members (team_id, user_id, role) VALUES (%s, %s, 'member')"
DEMOTE = "UPDATE members SET role = 'member' WHERE team_id = %s AND user_id = %s"
PROMOTE = "UPDATE members SET role = 'owner' WHERE team_id = %s AND user_id = %s"


def test_an_answer_tells_of_whoever_joined_while_it_waited(
    owner: Person, teammate: Person, outsider: Person, team: str, sql: cursor
) -> None:
    writes: list[Send] = [
        partial(owner.patch, f"teams/{team}", json={"name": "T"}),
        partial(put, owner, team, teammate, "admin"),
    ]
    for write in writes:
        answer = while_others_change(sql, ADD, (team, outsider.id), write)
        assert answer.json() == owner.get(f"teams/{team}").json()
        assert outsider.id in {member["user_id"] for member in answer.json()["members"]}
        owner.delete(f"teams/{team}/members/{outsider.id}")


def without_email(person: Person) -> Person:
    """Their row cannot be made from their token."""
    person.headers["Authorization"] = f"Bearer {person.token(email=None)}"
    return person


GO = 'DELETE FROM "user" WHERE id = %s'


def test_whoever_goes_while_they_are_added_is_not_taken_for_who_adds_them(
    owner: Person, outsider: Person, team: str, sql: cursor
) -> None:
    add = partial(put, without_email(owner), team, outsider, "member")
    refused_add = refused(while_others_change(sql, GO, (outsider.id,), add), 404)
    assert refused_add["detail"] == "no such user"
    assert roles(owner, team).keys() & {outsider.id} == set()


LEAVE = "DELETE FROM members WHERE team_id = %s AND user_id = %s"


@pytest.mark.parametrize("kind", ["tasks", "documents"])
def test_a_membership_that_ends_while_its_member_shares_is_not_taken_for_a_missing_account(
    teammate: Person, team: str, sql: cursor, kind: str
) -> None:
    new = {"title": "T", "team_id": team}
    for path, body, told in (
        (kind, new, "no such team"),
        (f"{kind}/batch", {"items": [{"title": "T"}, new]}, "item 1: no such team"),
    ):
        share = partial(without_email(teammate).post, path, json=body)
        ended = while_others_change(sql, LEAVE, (team, teammate.id), share)
        assert refused(ended, 404)["detail"] == told
        sql.execute(ADD, (team, teammate.id))


RENAME = """UPDATE "user" SET name = 'New' WHERE id = %s"""


def test_whoever_is_renamed_while_they_join_is_in_the_team_by_the_new_name(
    owner: Person, outsider: Person, team: str, sql: cursor
) -> None:
    joins = partial(put, owner, team, outsider, "member")
    added = while_others_change(sql, RENAME, (outsider.id,), joins)
    assert added.status_code == 201
    assert added.json()["members"][-1]["name"] == "New"
    assert owner.get(f"teams/{team}").json() == added.json()


def test_whoever_joined_while_they_are_renamed_makes_a_version_more(
    owner: Person, outsider: Person, team: str, sql: cursor
) -> None:
    rename = partial(outsider.patch, "http://test/api/me", json={"name": "New"})
    assert while_others_change(sql, ADD, (team, outsider.id), rename).is_success
    seen = owner.get(f"teams/{team}").json()
    assert (seen["version"], seen["members"][-1]["name"]) == (4, "New")


def test_whoever_is_renamed_waits_for_their_teams_in_the_order_of_ids(
    teammate: Person, sql: cursor
) -> None:
    """As others do: nobody waits in a circle. The higher id is first where a table is read."""
    low, high = sorted(str(uuid4()) for _ in range(2))
    for team in (high, low):
        sql.execute("INSERT INTO teams (id, name) VALUES (%s, 'T')", (team,))
        sql.execute("INSERT INTO members VALUES (%s, %s, 'owner')", (team, teammate.id))
    answers: list[Any] = []
    rename = partial(teammate.patch, "http://test/api/me", json={"name": "New"})
    thread = Thread(target=lambda: answers.append(rename()))
    with open_transaction() as other:
        for team, begin in ((low, thread.start), (high, lambda: None)):
            other.execute("UPDATE teams SET name = 'Theirs' WHERE id = %s", (team,))
            begin()
            wait_for_a_lock(sql)
    thread.join()
    assert answers[0].status_code == 200
    assert names(teammate) == ["Theirs", "Theirs"]


def test_whoever_is_demoted_while_they_wait_decides_nothing(
    owner: Person, teammate: Person, outsider: Person, team: str, sql: cursor
) -> None:
    writes: list[Send] = [
        partial(put, teammate, team, outsider, "member"),
        partial(teammate.patch, f"teams/{team}", json={"name": "Theirs"}),
        partial(teammate.delete, f"teams/{team}"),
    ]
    for write in writes:
        before = put(owner, team, teammate, "owner").json()
        refused(while_others_change(sql, DEMOTE, (team, teammate.id), write), 403)
        now = owner.get(f"teams/{team}").json()
        assert (now["name"], len(now["members"])) == (before["name"], len(before["members"]))


def test_an_admin_removes_nobody_who_becomes_an_owner_meanwhile(
    owner: Person, teammate: Person, outsider: Person, team: str, sql: cursor
) -> None:
    put(owner, team, teammate, "admin")
    put(owner, team, outsider, "member")
    for write in (
        partial(teammate.delete, f"teams/{team}/members/{outsider.id}"),
        partial(put, teammate, team, outsider, "member"),
    ):
        refused(while_others_change(sql, PROMOTE, (team, outsider.id), write), 403)
        assert roles(owner, team)[outsider.id] == "owner"
        put(owner, team, outsider, "member")


def two_leave(sql: cursor, rounds: int) -> None:
    """Two owners leave, or demote each other, at the same moment: one of them gets 409."""
    people = [sign_up(sql, name) for name in ("one", "two", "three")]
    one, two, three = people
    for n in range(rounds):
        team = make(one)["id"]
        put(one, team, two, "owner")
        put(one, team, three, "member")
        if n % 2:
            demand = [partial(put, one, team, one, "member"), partial(put, two, team, two, "admin")]
        else:
            demand = [partial(each.delete, f"teams/{team}/members/me") for each in (one, two)]
        statuses = sorted(answer.status_code for answer in at_once(*demand))
        assert statuses in ([204, 409], [200, 409]), statuses
        assert [*roles(three, team).values()].count("owner") == 1
        sql.execute("DELETE FROM teams WHERE id = %s", (team,))


@pytest.mark.usefixtures("wide_pool")
def test_two_owners_who_leave_at_once_leave_an_owner(sql: cursor) -> None:
    two_leave(sql, 20)


@pytest.mark.slow
@pytest.mark.usefixtures("wide_pool")
def test_two_owners_who_leave_at_once_200_times_leave_an_owner_each_time(sql: cursor) -> None:
    two_leave(sql, 200)


def test_two_owners_whose_accounts_go_at_once_leave_an_owner(
    owner: Person, teammate: Person, outsider: Person, team: str, sql: cursor
) -> None:
    """Better Auth deletes them past the API."""
    put(owner, team, teammate, "owner")
    put(owner, team, outsider, "member")

    def go() -> Any:
        with pytest.raises(CheckViolation) as refusal, open_transaction() as another:
            another.execute(GO, (teammate.id,))
        return refusal.value.diag.constraint_name

    assert while_others_change(sql, GO, (owner.id,), go) == "teams_owners_check"
    assert roles(outsider, team) == {teammate.id: "owner", outsider.id: "member"}


@pytest.mark.usefixtures("wide_pool")
def test_the_last_two_who_leave_at_once_leave_no_team_behind(sql: cursor) -> None:
    one, two = (sign_up(sql, name) for name in ("one", "two"))
    for _ in range(5):
        team = make(one)["id"]
        put(one, team, two, "owner")
        leave = [partial(each.delete, f"teams/{team}/members/me") for each in (one, two)]
        assert [answer.status_code for answer in at_once(*leave)] == [204, 204]
        sql.execute("SELECT FROM teams WHERE id = %s", (team,))
        assert sql.rowcount == 0


@pytest.mark.usefixtures("wide_pool")
def test_many_who_are_added_at_once_are_all_in_and_each_answer_is_of_its_version(
    owner: Person, sql: cursor
) -> None:
    people = [sign_up(sql, f"p{n}") for n in range(8)]
    for _ in range(3):
        team = make(owner)["id"]
        answers = at_once(*(partial(put, owner, team, each, "member") for each in people))
        assert {answer.status_code for answer in answers} == {201}, [a.text for a in answers]
        assert {*roles(owner, team)} == {owner.id, *(each.id for each in people)}
        seen = sorted((each.json()["version"], len(each.json()["members"])) for each in answers)
        assert seen == [(n, n) for n in range(2, 10)]


@pytest.mark.usefixtures("wide_pool")
def test_leaving_while_one_shares_more_ends_well(
    owner: Person, teammate: Person, sql: cursor
) -> None:
    for _ in range(5):
        team = make(owner)["id"]
        put(owner, team, teammate, "member")
        task = teammate.add(team_id=team)
        statuses = [
            answer.status_code
            for answer in at_once(
                partial(teammate.delete, f"teams/{team}/members/me"),
                *[partial(teammate.post, "tasks", json={"title": "T", "team_id": team})] * 3,
                partial(owner.patch, f"tasks/{task['id']}", json={"title": "Ours"}),
                partial(teammate.patch, f"tasks/{task['id']}", json={"title": "Mine"}),
            )
        ]
        assert statuses[0] == 204
        assert {*statuses[1:4]} <= {201, 404}
        assert statuses[4] in {200, 404}
        assert statuses[5] == 200
        sql.execute("SELECT FROM tasks WHERE user_id = %s AND team_id = %s", (teammate.id, team))
        assert sql.rowcount == 0


@pytest.mark.parametrize("role", ROLES)
def test_a_put_for_new_members_only_leaves_those_who_are_there_as_they_are(
    owner: Person, teammate: Person, outsider: Person, team: str, role: str
) -> None:
    before = owner.get(f"teams/{team}").json()
    for there in (owner, teammate):
        told = refused(put(owner, team, there, role, **NEW), 412)
        assert told["code"] == "precondition_failed"
    assert owner.get(f"teams/{team}").json() == before
    assert put(owner, team, outsider, role, **NEW).status_code == 201
    assert roles(owner, team)[outsider.id] == role
    refused(put(owner, team, outsider, role, **NEW), 412)


@pytest.mark.usefixtures("team")
def test_a_put_for_new_members_only_is_refused_for_its_first_reason(
    owner: Person, teammate: Person, outsider: Person, team: str
) -> None:
    refused(put(outsider, team, outsider, "member", **NEW), 404)
    refused(put(teammate, team, outsider, "member", **NEW), 403)
    refused(put(owner, team, Person("nobody"), "member", **NEW), 404)
    refused(put(owner, team, outsider, "member", **{"If-None-Match": '"1"'}), 422)
    again = {**NEW, "Idempotency-Key": "once"}
    answers = [put(owner, team, outsider, "member", **again) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[1].headers["idempotent-replayed"] == "true"


@pytest.mark.usefixtures("wide_pool")
def test_of_puts_for_new_members_only_one_adds_the_member(owner: Person, sql: cursor) -> None:
    for _ in range(5):
        team, whom = make(owner)["id"], sign_up(sql, "wanted")
        puts = [partial(put, owner, team, whom, role, **NEW) for role in ("member", "admin") * 3]
        assert sorted(each.status_code for each in at_once(*puts)) == [201, *[412] * 5]
