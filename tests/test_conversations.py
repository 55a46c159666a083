"""Conversations through HTTP: one user's alone, beside whom teammates are outsiders too."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor

from dev.prove._plans_explain import explained, scans
from dev.wire import CountingProxy
from tests.concurrency import open_transaction, wait_for_a_lock
from tests.conversing import read, say, start, under
from tests.people import Person
from tests.problem import refused

READ_ONLY = {"id", "user_id", "message_count", "last_message", "created_at", "updated_at"}
READ_ONLY |= {"deleted_at", "version"}


def titles(person: Person, query: str = "") -> list[Any]:
    listed = person.get(f"conversations?{query}")
    assert listed.status_code == 200, listed.text
    return [conversation["title"] for conversation in listed.json()["items"]]


def test_a_conversation_reads_back_as_it_was_added(owner: Person) -> None:
    added = owner.post("conversations", json={"title": "Holiday"})
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    assert owner.get(f"http://test{added.headers['location']}").json() == added.json()
    told = {"title": "Holiday", "message_count": 0, "last_message": None, "deleted_at": None}
    assert {name: added.json()[name] for name in told} == told
    assert start(owner)["title"] is None


def test_ids_are_uuid7_in_the_order_of_making(owner: Person) -> None:
    ids = [start(owner)["id"] for _ in range(5)]
    assert ids == sorted(ids)
    assert {id[14] for id in ids} == {"7"}


@pytest.mark.parametrize("field", sorted(READ_ONLY))
def test_what_the_database_keeps_cannot_be_sent(owner: Person, field: str) -> None:
    conversation = start(owner)
    for answer in (
        owner.post("conversations", json={field: conversation[field]}),
        owner.patch(f"conversations/{conversation['id']}", json={field: conversation[field]}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == f"/{field}"


@pytest.mark.parametrize("title", ["", "x" * 256, 7, "a\0b"])
def test_a_title_has_1_to_255_characters(owner: Person, title: Any) -> None:
    conversation = start(owner, title="\U0001f9ca" * 255)
    path = f"conversations/{conversation['id']}"
    for answer in (
        owner.post("conversations", json={"title": title}),
        owner.patch(path, json={"title": title}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == "/title"
    assert owner.get("conversations").json()["items"] == [conversation]


def test_the_first_write_of_a_user_unknown_here_can_be_a_conversation(sql: cursor) -> None:
    stranger = Person("stranger")
    assert start(stranger, title="First")["user_id"] == stranger.id
    sql.execute('SELECT email FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.fetchone() == (stranger.email,)
    double = Person("double")
    token = {"Authorization": f"Bearer {double.token(email=stranger.email)}"}
    assert refused(double.post("conversations", json={}, headers=token), 409)["code"] == (
        "email_taken"
    )


# Sight ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("team")
def test_nobody_but_its_owner_sees_a_conversation_or_changes_it(
    owner: Person, teammate: Person, outsider: Person
) -> None:
    conversation = start(owner, title="Mine")
    path = f"conversations/{conversation['id']}"
    for other in (teammate, outsider):
        for answer in (
            other.get(path),
            other.patch(path, json={"title": "Theirs"}),
            other.delete(path),
            other.delete(f"{path}?permanent=true"),
            other.post(f"{path}/restore"),
        ):
            assert refused(answer, 404)["code"] == "not_found"
        assert titles(other) == []
    assert read(owner, conversation) == conversation


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("DELETE", "?permanent=true"),
        ("POST", "/restore"),
    ],
)
def test_an_absent_conversation_is_404(owner: Person, method: str, path: str) -> None:
    body: Any = {} if method == "PATCH" else None
    refused(owner.request(method, f"conversations/{uuid4()}{path}", json=body), 404)


# Change -----------------------------------------------------------------------------------------


def test_a_patch_changes_the_title_and_null_clears_it(owner: Person) -> None:
    conversation = start(owner, title="Old")
    path = f"conversations/{conversation['id']}"
    [message] = say(owner, conversation, "Hello")
    before = read(owner, conversation)
    changed = owner.patch(path, json={"title": "New"})
    assert changed.headers["etag"] == '"3"'
    told = changed.json()
    assert told == {**before, "title": "New", "version": 3, "updated_at": told["updated_at"]}
    assert told["last_message"] == message
    assert told["updated_at"] > before["updated_at"]
    assert owner.patch(path, json={"title": None}).json()["title"] is None


@pytest.mark.parametrize("change", [{}, {"title": "Same"}])
def test_a_patch_that_changes_nothing_makes_no_version(
    owner: Person, change: dict[str, str]
) -> None:
    conversation = start(owner, title="Same")
    path = f"conversations/{conversation['id']}"
    assert owner.patch(path, json=change).json() == conversation


@pytest.mark.parametrize("tag", ['"2"', 'W/"1"', '"abc"', '"99999999999999999999"', '""'])
def test_a_stale_version_is_refused_and_changes_nothing(owner: Person, tag: str) -> None:
    conversation, stale = start(owner, title="Kept"), {"If-Match": tag}
    path = f"conversations/{conversation['id']}"
    for answer in (
        owner.patch(path, json={"title": "T"}, headers=stale),
        owner.delete(path, headers=stale),
        owner.delete(f"{path}?permanent=true", headers=stale),
    ):
        assert refused(answer, 412)["code"] == "precondition_failed"
    assert read(owner, conversation) == conversation
    owner.delete(path)
    refused(owner.post(f"{path}/restore", headers={"If-Match": '"1"'}), 412)
    refused(owner.delete(f"{path}?permanent=true", headers={"If-Match": '"1"'}), 412)
    assert owner.post(f"{path}/restore", headers={"If-Match": '"2"'}).is_success


@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"'])
def test_the_current_version_is_accepted(owner: Person, tag: str) -> None:
    path = f"conversations/{start(owner)['id']}"
    changed = owner.patch(path, json={"title": "New"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')


def test_a_reader_who_has_this_version_gets_304_until_a_message_comes(owner: Person) -> None:
    conversation, known = start(owner), {"If-None-Match": '"1"'}
    path = f"conversations/{conversation['id']}"
    unchanged = owner.get(path, headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    say(owner, conversation, "News")
    assert owner.get(path, headers=known).status_code == 200


def test_a_change_that_waited_for_an_append_tells_of_the_message(
    owner: Person, sql: cursor
) -> None:
    """What the answer calls the newest version must show what that version shows."""
    conversation = start(owner, title="Old")
    say(owner, conversation, "First")
    path, answers, id = f"conversations/{conversation['id']}", list[Any](), str(uuid4())
    with open_transaction() as other:
        other.execute(
            "INSERT INTO messages (id, conversation_id, user_id, role, content)"
            " SELECT %s, id, user_id, 'tool', 'Meanwhile' FROM conversations WHERE id = %s",
            (f"ffffffff{id[8:]}", conversation["id"]),
        )
        change = threading.Thread(
            target=lambda: answers.append(owner.patch(path, json={"title": "New"}))
        )
        change.start()
        wait_for_a_lock(sql)
    change.join()
    told = answers[0].json()
    assert (told["message_count"], told["last_message"]["content"]) == (2, "Meanwhile")
    assert told == read(owner, conversation)


# Delete -----------------------------------------------------------------------------------------


def test_a_deleted_conversation_is_gone_until_it_is_restored(owner: Person) -> None:
    conversation = start(owner, title="Gone")
    messages = say(owner, conversation, "a", "b")
    path = f"conversations/{conversation['id']}"
    assert refused(owner.post(f"{path}/restore"), 409)["code"] == "conflict"
    before = read(owner, conversation)
    assert owner.delete(path).status_code == 204
    for answer in (
        owner.get(path),
        owner.patch(path, json={"title": "T"}),
        owner.delete(path),
        owner.get(f"{path}/messages"),
        owner.post(f"{path}/messages", json={"role": "user", "content": "c"}),
        owner.post(f"{path}/messages/batch", json={"items": [{"role": "user", "content": "c"}]}),
        owner.get(f"{path}/messages/{messages[0]['id']}"),
        owner.delete(f"{path}/messages/{messages[0]['id']}"),
    ):
        refused(answer, 404)
    assert (titles(owner), titles(owner, "deleted=true")) == ([], ["Gone"])
    restored = owner.post(f"{path}/restore")
    told = restored.json()
    assert (restored.status_code, restored.headers["etag"]) == (200, '"4"')
    assert told == {**before, "version": 4, "updated_at": told["updated_at"]}
    assert owner.get(f"{path}/messages").json()["items"] == messages
    assert (titles(owner), titles(owner, "deleted=true")) == (["Gone"], [])


def test_the_list_of_deleted_conversations_tells_when_and_what_was_said_last(
    owner: Person,
) -> None:
    conversation = start(owner)
    [message] = say(owner, conversation, "Last words")
    owner.delete(f"conversations/{conversation['id']}")
    [gone] = owner.get("conversations?deleted=true").json()["items"]
    assert gone["deleted_at"] is not None
    assert gone["last_message"] == message


def test_a_permanent_delete_leaves_nothing(owner: Person, sql: cursor) -> None:
    kept, first, second = (start(owner) for _ in range(3))
    for conversation in (kept, first, second):
        say(owner, conversation, "a", "b")
    owner.delete(f"conversations/{first['id']}")
    for path in (f"conversations/{first['id']}", f"conversations/{second['id']}"):
        assert owner.delete(f"{path}?permanent=true").status_code == 204
        refused(owner.post(f"{path}/restore"), 404)
        refused(owner.delete(f"{path}?permanent=true"), 404)
    sql.execute("SELECT count(*) FROM messages WHERE user_id = %s", (owner.id,))
    assert sql.fetchone() == (2,)
    assert read(owner, kept)["message_count"] == 2


def test_deleting_a_user_takes_conversations_and_messages_along(owner: Person, sql: cursor) -> None:
    say(owner, start(owner), "a", "b")
    sql.execute('DELETE FROM "user" WHERE id = %s', (owner.id,))
    for table in ("conversations", "messages"):
        sql.execute(f"SELECT count(*) FROM {table} WHERE user_id = %s", (owner.id,))  # noqa: S608
        assert sql.fetchone() == (0,)


# Lists ------------------------------------------------------------------------------------------


def test_the_list_tells_count_and_newest_message_of_each(owner: Person) -> None:
    silent, spoken = start(owner, title="silent"), start(owner, title="spoken")
    *_, last = say(owner, spoken, "a", "b", "c")
    listed = owner.get("conversations").json()["items"]
    assert [(each["message_count"], each["last_message"]) for each in listed] == [
        (3, last),
        (0, None),
    ]
    assert listed == [read(owner, spoken), silent]


@pytest.mark.parametrize("text", ["a", "é", "🧊"])
def test_the_list_shows_2_000_characters_of_a_message_and_one_conversation_all_of_it(
    owner: Person, text: str
) -> None:
    talk = start(owner)
    for length in (2000, 2001, 8192):
        [message] = say(owner, talk, text * length)
        [listed] = owner.get("conversations").json()["items"]
        assert listed["last_message"] == {**message, "content": text * 2000}
        assert read(owner, talk)["last_message"] == message
        changed = owner.patch(f"conversations/{talk['id']}", json={"title": f"{length}"})
        assert changed.json()["last_message"] == message


def test_what_was_spoken_in_last_comes_first(owner: Person) -> None:
    a, b, c = (start(owner, title=title) for title in "abc")
    assert titles(owner) == ["c", "b", "a"]
    say(owner, a, "Again")
    assert titles(owner) == ["a", "c", "b"]
    [message] = say(owner, b, "Once more")
    say(owner, c, "And here")
    owner.delete(f"{under(b)}/{message['id']}")
    assert titles(owner) == ["b", "c", "a"]
    assert titles(owner, "sort=updated_at") == ["a", "c", "b"]
    assert titles(owner, "sort=created_at") == ["a", "b", "c"]
    assert titles(owner, "sort=-created_at") == ["c", "b", "a"]


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at"])
def test_pages_by_cursor_and_by_number_are_the_list(owner: Person, sort: str) -> None:
    for n in range(7):
        say(owner, start(owner, title=str(n)), f"in {n}")
    whole = owner.get(f"conversations?sort={sort}").json()["items"]
    walked, path = list[Any](), f"conversations?sort={sort}&limit=3"
    while path:
        page = owner.get(path)
        walked += page.json()["items"]
        path = page.links["next"]["url"] if "next" in page.links else ""
        path = path and f"http://test{path}"
        assert bool(path) == (page.json()["next"] is not None)
    numbered = [
        owner.get(f"conversations?sort={sort}&page={n}&page_size=3").json() for n in (1, 2, 3, 4)
    ]
    assert walked == whole == [each for page in numbered for each in page["items"]]
    assert {(page["total"], page["pages"]) for page in numbered} == {(7, 3)}
    counted = owner.get(f"conversations?sort={sort}&limit=2&include=total").json()
    assert (counted["items"], counted["total"]) == (whole[:2], 7)


def test_a_cursor_belongs_to_its_sort_and_filter(owner: Person) -> None:
    for _ in range(2):
        start(owner)
    cursor = owner.get("conversations?limit=1").json()["next"]
    assert owner.get(f"conversations?limit=1&cursor={cursor}").is_success
    for query in ("sort=created_at", "sort=updated_at", "deleted=true"):
        answer = owner.get(f"conversations?{query}&cursor={cursor}")
        assert refused(answer, 400)["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "sort=title", "q=a", "deleted=x", "page=1&cursor=x"]
)
def test_an_unknown_parameter_or_value_is_refused(owner: Person, query: str) -> None:
    refused(owner.get(f"conversations?{query}"), 422)
    refused(owner.delete(f"conversations/{uuid4()}?permanant=true"), 422)


# Repeats and trips ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "conversations", {"title": "Once"}),
        ("PATCH", "conversations/{id}", {"title": "Once"}),
        ("DELETE", "conversations/{id}", None),
        ("DELETE", "conversations/{id}?permanent=true", None),
        ("POST", "conversations/{deleted}/restore", None),
    ],
)
def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    owner: Person, sql: cursor, method: str, path: str, body: Any
) -> None:
    conversation, deleted = start(owner), start(owner)
    for each in (conversation, deleted):
        say(owner, each, "Hello")
    owner.delete(f"conversations/{deleted['id']}")
    path = path.format(id=conversation["id"], deleted=deleted["id"])

    def send() -> tuple[Any, list[Any]]:
        answer = owner.request(method, path, json=body, headers={"Idempotency-Key": "again"})
        assert answer.is_success, answer.text
        sql.execute("SELECT * FROM conversations WHERE user_id = %s ORDER BY id", (owner.id,))
        return answer, sql.fetchall()

    (first, after_first), (again, after_again) = send(), send()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("etag") == first.headers.get("etag")
    assert (again.headers.get("location"), again.headers["idempotent-replayed"]) == (
        first.headers.get("location"),
        "true",
    )
    assert after_again == after_first


def test_a_key_on_another_request_is_refused(owner: Person) -> None:
    key = {"Idempotency-Key": "one"}
    first = owner.post("conversations", json={"title": "a"}, headers=key).json()
    reused = owner.post("conversations", json={"title": "b"}, headers=key)
    assert refused(reused, 422)["code"] == "idempotency_key_reused"
    assert owner.get("conversations").json()["items"] == [first]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "conversations?limit=100", None),
        ("GET", "conversations?page=2&page_size=10", None),
        ("GET", "conversations?include=total", None),
        ("GET", "conversations?deleted=true", None),
        ("POST", "conversations", {}),
        ("GET", "conversations/{id}", None),
        ("PATCH", "conversations/{id}", {"title": "T"}),
        ("DELETE", "conversations/{id}", None),
        ("DELETE", "conversations/{id}?permanent=true", None),
        ("POST", "conversations/{deleted}/restore", None),
    ],
)
def test_one_request_is_one_round_trip_however_many_rows_there_are(
    owner: Person, wire: CountingProxy, method: str, path: str, body: Any
) -> None:
    conversations = [start(owner) for _ in range(20)]
    for each in conversations:
        say(owner, each, *["Hello"] * 20)
    path = path.format(id=conversations[0]["id"], deleted=conversations[1]["id"])
    owner.delete(f"conversations/{conversations[1]['id']}")
    wire.reset()
    assert owner.request(method, path, json=body).is_success
    assert wire.snapshot().kinds == ("Q",)


def test_the_newest_messages_are_read_for_the_page_alone(owner: Person, sql: cursor) -> None:
    """However many conversations and messages there are, and on numbered pages too."""
    for n in range(30):
        say(owner, start(owner, title=str(n)), *["Hello"] * 30)
    sql.execute("ANALYZE conversations, messages")
    for query in ("limit=5", "page=3&page_size=5"):
        with explained() as plans:
            assert owner.get(f"conversations?{query}").is_success
        [scan] = scans(plans, "messages")
        assert scan["Node Type"] == "Index Scan"
        assert scan["Actual Loops"] <= 6
