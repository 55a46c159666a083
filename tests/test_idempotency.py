"""Exactly-once writes, as a caller who repeats a request sees them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor

from dev.wire import CountingProxy
from tests.concurrency import at_once, open_transaction, wait_for_a_lock
from tests.people import Person, sign_up


class Write(NamedTuple):
    """One write endpoint: `before` prepares the owner's task, `body` is what is sent."""

    method: str
    path: str
    body: Any = None
    before: tuple[str, str] | None = None


WRITES = [
    Write("POST", "tasks", {"title": "Pay"}),
    Write("PATCH", "tasks/{id}", {"title": "Pay"}),
    Write("DELETE", "tasks/{id}"),
    Write("DELETE", "tasks/{id}?permanent=true"),
    Write("POST", "tasks/{id}/complete"),
    Write("POST", "tasks/{id}/reopen", before=("POST", "tasks/{id}/complete")),
    Write("POST", "tasks/{id}/restore", before=("DELETE", "tasks/{id}")),
    Write("POST", "tasks/batch", {"items": [{"title": "Pay"}, {"title": "Sign"}]}),
    Write("PATCH", "tasks/batch", {"items": [{"id": "{id}", "title": "Pay"}]}),
    Write("POST", "tasks/batch-delete", {"ids": ["{id}"]}),
    Write("PATCH", "http://test/api/me", {"name": "New"}),
]
every_write = pytest.mark.parametrize(
    "write", WRITES, ids=lambda each: f"{each.method} {each.path}"
)


def filled(template: Any, id: str) -> Any:
    """The template with the task's id in it."""
    if isinstance(template, dict):
        return {key: filled(value, id) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, id) for value in template]
    return template.replace("{id}", id) if isinstance(template, str) else template


def prepared(owner: Person, write: Write) -> Callable[..., Any]:
    """A function that sends the write, as often as it is called."""
    id = owner.add()["id"]
    if write.before:
        method, path = write.before
        owner.request(method, filled(path, id))

    def send(key: str | None = None, **headers: str) -> Any:
        if key:
            headers["Idempotency-Key"] = key
        body = filled(write.body, id)
        return owner.request(write.method, filled(write.path, id), json=body, headers=headers)

    return send


def state(sql: cursor, owner: Person) -> list[Any]:
    """All that the owner has, versions included."""
    sql.execute("SELECT * FROM tasks WHERE user_id = %s ORDER BY id", (owner.id,))
    tasks = sql.fetchall()
    sql.execute('SELECT * FROM "user" WHERE id = %s', (owner.id,))
    return [*tasks, sql.fetchone()]


@every_write
def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    owner: Person, sql: cursor, write: Write
) -> None:
    send, key = prepared(owner, write), str(uuid4())
    first = send(key)
    assert first.is_success, first.text
    after = state(sql, owner)
    again = send(key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers.get("etag") == first.headers.get("etag")
    assert state(sql, owner) == after


@every_write
def test_the_same_key_on_another_request_is_refused(
    owner: Person, sql: cursor, write: Write
) -> None:
    send, key = prepared(owner, write), str(uuid4())
    other = owner.post("tasks", json={"title": "First"}, headers={"Idempotency-Key": key})
    assert other.is_success
    before = state(sql, owner)
    refused = send(key)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert state(sql, owner) == before


def test_a_key_of_another_resource_is_refused_in_the_same_words(owner: Person) -> None:
    headers = {"Idempotency-Key": "profile"}
    assert owner.patch("http://test/api/me", json={"name": "New"}, headers=headers).is_success
    for method, path, body in (("POST", "tasks", {"title": "T"}), ("DELETE", "tasks/{id}", None)):
        url = path.format(id=uuid4())
        answer = owner.request(method, url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_names_the_method_the_address_and_the_query_too(owner: Person) -> None:
    first, second = (f"tasks/{owner.add('Old')['id']}" for _ in range(2))
    body, changed, deleted = {"title": "New"}, *({"Idempotency-Key": key} for key in "cd")
    assert owner.patch(first, json=body, headers=changed).is_success
    assert owner.delete(first, headers=deleted).is_success
    for answer in (
        owner.patch(second, json=body, headers=changed),
        owner.request("DELETE", first, json=body, headers=changed),
        owner.delete(f"{first}?permanent=true", headers=deleted),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert owner.titles() == ["Old"]
    assert owner.post(f"{first}/restore").json()["title"] == "New"


@every_write
def test_a_request_whose_twin_is_running_is_told_so_at_once(
    owner: Person, sql: cursor, write: Write
) -> None:
    send, key = prepared(owner, write), str(uuid4())
    before = state(sql, owner)
    with twin_running(sql, owner, key):
        refused = send(key)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_progress")
    assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("1", "true")
    assert state(sql, owner) == before
    assert send(key).is_success


@contextmanager
def twin_running(sql: cursor, owner: Person, key: str) -> Iterator[None]:
    """Hold what a running request with this key holds: its advisory lock."""
    from app.locks import lock_name  # noqa: PLC0415  it reads the settings

    sql.execute("SELECT pg_advisory_lock(%s)", (lock_name(owner.id, key),))
    try:
        yield
    finally:
        sql.execute("SELECT pg_advisory_unlock(%s)", (lock_name(owner.id, key),))


def test_a_key_belongs_to_one_user(owner: Person, outsider: Person) -> None:
    headers = {"Idempotency-Key": "shared"}
    for person in (owner, outsider):
        added = person.post("tasks", json={"title": person.name}, headers=headers)
        assert added.json()["user_id"] == person.id


def test_a_refused_write_leaves_no_key_behind(owner: Person, sql: cursor) -> None:
    key, id = {"Idempotency-Key": "corrected"}, owner.add()["id"]
    stale = owner.patch(f"tasks/{id}", json={"title": "A"}, headers={**key, "If-Match": '"9"'})
    absent = owner.patch(f"tasks/{uuid4()}", json={"title": "A"}, headers=key)
    assert (stale.status_code, absent.status_code) == (412, 404)
    sql.execute(
        "SELECT count(*) FROM operations WHERE user_id = %s AND key = 'corrected'", (owner.id,)
    )
    assert sql.fetchone() == (0,)
    corrected = owner.patch(f"tasks/{id}", json={"title": "B"}, headers=key)
    assert (corrected.status_code, corrected.json()["title"]) == (200, "B")
    assert "idempotent-replayed" not in corrected.headers


def test_a_repeat_shows_the_row_as_it_is_now(owner: Person) -> None:
    headers = {"Idempotency-Key": "now"}
    id = owner.post("tasks", json={"title": "Old"}, headers=headers).json()["id"]
    owner.patch(f"tasks/{id}", json={"title": "New"})
    again = owner.post("tasks", json={"title": "Old"}, headers=headers)
    assert (again.json()["title"], again.headers["etag"]) == ("New", '"2"')


def test_a_repeat_shows_nothing_that_is_no_longer_in_sight(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    path = f"tasks/{owner.add(team_id=team)['id']}"
    headers = {"Idempotency-Key": "seen"}
    assert teammate.patch(path, json={"title": "T"}, headers=headers).is_success
    sql.execute("DELETE FROM members WHERE user_id = %s", (teammate.id,))
    assert teammate.patch(path, json={"title": "T"}, headers=headers).status_code == 404


def test_a_guarded_change_repeats_though_its_version_is_gone(owner: Person) -> None:
    path = f"tasks/{owner.add()['id']}"
    headers = {"Idempotency-Key": "guarded", "If-Match": '"1"'}
    first = owner.patch(path, json={"title": "New"}, headers=headers)
    again = owner.patch(path, json={"title": "New"}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()


@pytest.mark.parametrize("path", ["me", "own"])
def test_me_and_ones_own_id_are_the_same_request(owner: Person, path: str) -> None:
    headers, body = {"Idempotency-Key": f"address {path}".replace(" ", "-")}, {"title": "Once"}
    for user in ("me", owner.id):
        added = owner.post(f"http://test/api/{user}/tasks", json=body, headers=headers)
        assert added.status_code == 201
    assert owner.titles() == ["Once"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_is_1_to_255_visible_ascii_characters(owner: Person, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]
    refused = owner.post("tasks", json={"title": "T"}, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/header/idempotency-key"
    assert owner.titles() == []


@pytest.mark.usefixtures("wide_pool")
@pytest.mark.parametrize("known", [True, False])
def test_one_of_many_twins_at_once_writes_and_none_fails(sql: cursor, known: bool) -> None:  # noqa: FBT001
    for _ in range(5):
        person = sign_up(sql, "twins") if known else Person("twins")

        def send(person: Person = person) -> Any:
            headers = {"Idempotency-Key": "race"}
            return person.post("tasks", json={"title": "Once"}, headers=headers)

        answers = at_once(*[send] * 8)
        told = {(answer.status_code, answer.json().get("code")) for answer in answers}
        assert told <= {(201, None), (409, "in_progress")}
        assert len({answer.json()["id"] for answer in answers if answer.is_success}) == 1
        assert person.titles() == ["Once"]


@pytest.mark.usefixtures("wide_pool", "sql")
def test_first_changes_of_a_new_profile_at_once_are_all_kept() -> None:
    for _ in range(5):
        person = Person("new")
        bodies = [{"name": "New"}, {"image": "https://example.com/i.png"}]
        change = partial(person.patch, "http://test/api/me")
        answers = at_once(*(partial(change, json=body) for body in bodies))
        assert {answer.status_code for answer in answers} == {200}
        profile = person.get("http://test/api/me").json()
        assert (profile["name"], profile["image"]) == ("New", "https://example.com/i.png")


def test_a_batch_is_all_or_nothing_when_a_row_changes_meanwhile(owner: Person, sql: cursor) -> None:
    tasks = [owner.add(str(n)) for n in range(5)]
    items = [{"id": task["id"], "title": "new", "version": 1} for task in tasks]
    answers: list[Any] = []
    with open_transaction() as other:
        other.execute("UPDATE tasks SET title = 'theirs' WHERE id = %s", (tasks[2]["id"],))
        batch = threading.Thread(
            target=lambda: answers.append(owner.patch("tasks/batch", json={"items": items}))
        )
        batch.start()
        wait_for_a_lock(sql)
    batch.join()
    assert answers[0].status_code == 412
    assert answers[0].json()["errors"][0]["pointer"] == "/items/2"
    assert owner.titles("sort=created_at") == ["0", "1", "theirs", "3", "4"]


def test_a_batch_comes_back_in_the_order_it_was_sent_in_a_repeat_too(owner: Person) -> None:
    ids = [owner.add()["id"] for _ in range(5)][::-1]
    body = {"items": [{"id": id, "title": "New"} for id in ids]}
    for _ in range(2):
        told = owner.patch("tasks/batch", json=body, headers={"Idempotency-Key": "order"})
        assert [task["id"] for task in told.json()["items"]] == ids
        for id in ids[1:] + ids[:1]:  # wherever the rows lie now
            owner.post(f"tasks/{id}/complete")


def test_a_batch_that_is_refused_is_sent_once_and_asked_why_once(
    owner: Person, wire: CountingProxy
) -> None:
    items = [{"id": owner.add()["id"], "title": "T"}, {"id": str(uuid4()), "title": "T"}]
    wire.reset()
    assert owner.patch("tasks/batch", json={"items": items}).status_code == 404
    assert wire.snapshot().trips == 3  # the write; the rows, and the teams, that it was refused for


def test_a_user_unknown_to_the_database_is_made_from_the_token_by_the_first_write(
    sql: cursor,
) -> None:
    stranger = Person("stranger")
    assert stranger.get("http://test/api/me").json()["created_at"] is None
    assert stranger.add("First")["user_id"] == stranger.id
    profile = stranger.get("http://test/api/me").json()
    assert (profile["name"], profile["email"]) == (stranger.name, stranger.email)
    assert profile["created_at"] is not None
    sql.execute('SELECT count(*) FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.fetchone() == (1,)


def test_a_second_user_with_the_same_email_is_refused(owner: Person) -> None:
    double = Person("double")
    token = double.token(email=owner.email)
    refused = double.post(
        "tasks", json={"title": "T"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")
