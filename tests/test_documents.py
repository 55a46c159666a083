"""Documents through HTTP, as their owner, a teammate and an outsider see them."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor

from app.documents import queries
from dev.protocol import Conversation
from dev.wire import CountingProxy
from tests.concurrency import at_once, in_turn, open_transaction, wait_for_a_lock
from tests.people import Person, sign_up
from tests.problem import refused
from tests.writing import listed, titles, write

READ_ONLY = {"id", "user_id", "created_at", "updated_at", "deleted_at", "version"}
KIB = 1024


def give(person: Person, document: dict[str, Any], to: Person, **headers: str) -> Any:
    path = f"documents/{document['id']}/transfer"
    return person.post(path, json={"to_user_id": to.id}, headers=headers)


def test_a_document_reads_back_as_it_was_added(owner: Person) -> None:
    added = owner.post("documents", json={"title": "Notes", "content": "Day one"})
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    assert owner.get(f"http://test{added.headers['location']}").json() == added.json()
    told = {"user_id": owner.id, "title": "Notes", "content": "Day one", "team_id": None}
    assert {name: added.json()[name] for name in told} == told
    assert added.json().keys() == told.keys() | READ_ONLY
    assert write(owner)["content"] == ""


def test_ids_are_uuid7_in_the_order_of_making(owner: Person) -> None:
    ids = [write(owner)["id"] for _ in range(5)]
    assert ids == sorted(ids)
    assert {id[14] for id in ids} == {"7"}


@pytest.mark.parametrize("field", sorted(READ_ONLY))
def test_what_the_database_keeps_cannot_be_sent(owner: Person, field: str) -> None:
    document = write(owner)
    for answer in (
        owner.post("documents", json={"title": "T", field: document[field]}),
        owner.patch(f"documents/{document['id']}", json={field: document[field]}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == f"/{field}"


@pytest.mark.parametrize("title", ["", "x" * 256, 7, "a\0b", None])
def test_a_title_has_1_to_255_characters(owner: Person, title: Any) -> None:
    document = write(owner, "\U0001f9ca" * 255)
    for answer in (
        owner.post("documents", json={"title": title}),
        owner.patch(f"documents/{document['id']}", json={"title": title}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == "/title"
    assert titles(owner) == [document["title"]]


@pytest.mark.parametrize("letter", ["a", "ß", "\U0001f9ca"])
def test_content_has_at_most_256_kib_of_utf_8(owner: Person, letter: str) -> None:
    most = letter * (256 * KIB // len(letter.encode()))
    document = write(owner, content=most)
    path = f"documents/{document['id']}"
    assert owner.get(path).json()["content"] == most
    items = [{"title": "T"}, {"title": "T", "content": most + "a"}]
    for answer, pointer in (
        (owner.post("documents", json={"title": "T", "content": most + "a"}), "/content"),
        (owner.patch(path, json={"content": most + "a"}), "/content"),
        (owner.patch(path, json={"content": None}), "/content"),
        (owner.post("documents/batch", json={"items": items}), "/items/1/content"),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == pointer
    assert len(listed(owner)) == 1


def test_content_of_nothing_but_different_words_can_be_stored_and_searched(owner: Person) -> None:
    """A tsvector may have 1 MiB: words in pairs, all short and all different, come closest."""
    letters = [chr(code) for code in (*range(0x4E00, 0x9FA5), *range(0xAC00, 0xD7A3))]
    pairs = (f"{a}-{b}" for a, b in zip(letters, reversed(letters), strict=True))
    content = " ".join(pairs).encode()[: 256 * KIB].decode(errors="ignore")
    document = write(owner, content=content)
    assert listed(owner, q=content[:3])[0]["id"] == document["id"]


# Sight ------------------------------------------------------------------------------------------


def test_a_teammate_sees_and_changes_a_team_document_and_an_outsider_neither(
    owner: Person, teammate: Person, outsider: Person, team: str
) -> None:
    document = write(owner, "Ours", content="shared words", team_id=team)
    path = f"documents/{document['id']}"
    assert teammate.get(path).json() == document
    assert titles(teammate) == titles(teammate, q="shared") == ["Ours"]
    assert teammate.patch(path, json={"title": "Mine too"}).status_code == 200
    for answer in (
        outsider.get(path),
        outsider.patch(path, json={"title": "Theirs"}),
        outsider.delete(path),
        outsider.delete(f"{path}?permanent=true"),
        outsider.post(f"{path}/restore"),
        give(outsider, document, outsider),
        outsider.patch("documents/batch", json={"items": [{"id": document["id"]}]}),
    ):
        assert refused(answer, 404)["code"] == "not_found"
    assert titles(outsider) == titles(outsider, q="shared") == []
    assert owner.get(path).json()["title"] == "Mine too"


def test_another_users_address_is_forbidden(owner: Person, outsider: Person) -> None:
    document = write(owner)
    assert refused(outsider.get(f"http://test/api/{owner.id}/documents"), 403)
    own = owner.get(f"http://test/api/{owner.id}/documents/{document['id']}")
    assert own.json() == document


def test_only_the_owner_or_an_admin_deletes_a_team_document(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    path = f"documents/{write(owner, team_id=team)['id']}"
    assert refused(teammate.delete(path), 403)
    assert refused(teammate.delete(f"{path}?permanent=true"), 403)
    sql.execute("UPDATE members SET role = 'admin' WHERE user_id = %s", (teammate.id,))
    assert teammate.delete(path).status_code == 204
    assert teammate.post(f"{path}/restore").status_code == 200


def test_nobody_gives_a_document_to_a_team_they_are_not_in(outsider: Person, team: str) -> None:
    mine = write(outsider)
    items = [{"title": "T"}, {"title": "T", "team_id": team}]
    for answer in (
        outsider.post("documents", json={"title": "T", "team_id": team}),
        outsider.patch(f"documents/{mine['id']}", json={"team_id": team}),
    ):
        assert refused(answer, 404)["detail"] == "no such team"
    batch = refused(outsider.post("documents/batch", json={"items": items}), 404)
    assert batch["errors"][0]["pointer"] == "/items/1/team_id"
    assert titles(outsider) == ["Notes"]


def test_only_its_owner_moves_a_document_between_teams(
    owner: Person, teammate: Person, team: str
) -> None:
    id = write(owner, team_id=team)["id"]
    assert refused(teammate.patch(f"documents/{id}", json={"team_id": None}), 403)
    batch = teammate.patch("documents/batch", json={"items": [{"id": id, "team_id": None}]})
    assert refused(batch, 403)["errors"][0]["pointer"] == "/items/0/team_id"
    assert owner.patch(f"documents/{id}", json={"team_id": None}).status_code == 200
    assert teammate.get(f"documents/{id}").status_code == 404


def test_leaving_a_team_takes_ones_documents_back_as_a_new_version(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    path = f"documents/{write(teammate, 'Taken back', team_id=team)['id']}"
    sql.execute("DELETE FROM members WHERE user_id = %s", (teammate.id,))
    assert owner.get(path).status_code == 404
    assert titles(owner, q="taken") == []
    kept = teammate.get(path)
    assert (kept.json()["team_id"], kept.headers["etag"]) == (None, '"2"')
    assert titles(teammate, q="taken") == ["Taken back"]


# Change -----------------------------------------------------------------------------------------


def test_a_patch_changes_what_it_names_and_nothing_else(owner: Person) -> None:
    document = write(owner, content="Day one")
    changed = owner.patch(f"documents/{document['id']}", json={"content": ""}).json()
    differing = {name for name in document if document[name] != changed[name]}
    assert differing == {"content", "updated_at", "version"}
    assert (changed["content"], changed["version"]) == ("", 2)


@pytest.mark.parametrize("change", [{}, {"title": "Notes", "content": "Day one"}])
def test_a_patch_that_changes_nothing_makes_no_version(
    owner: Person, change: dict[str, str]
) -> None:
    document = write(owner, "Notes", content="Day one")
    assert owner.patch(f"documents/{document['id']}", json=change).json() == document


def test_a_stale_version_is_refused_and_changes_nothing(owner: Person, teammate: Person) -> None:
    document = write(owner)
    path = f"documents/{document['id']}"
    for tag in ('"2"', 'W/"1"', '"abc"', "1"):
        stale = {"If-Match": tag}
        for answer in (
            owner.patch(path, json={"title": "T"}, headers=stale),
            owner.delete(path, headers=stale),
            owner.delete(f"{path}?permanent=true", headers=stale),
            give(owner, document, teammate, **stale),
        ):
            assert refused(answer, 412)["code"] == "precondition_failed"
    assert owner.get(path).json() == document


def test_the_current_version_is_accepted(owner: Person) -> None:
    path = f"documents/{write(owner)['id']}"
    changed = owner.patch(path, json={"title": "New"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert owner.delete(path, headers={"If-Match": '"2"'}).status_code == 204
    restored = owner.post(f"{path}/restore", headers={"If-Match": '"3"'})
    assert (restored.status_code, restored.headers["etag"]) == (200, '"4"')


def test_a_reader_who_has_this_version_gets_304(owner: Person) -> None:
    path = f"documents/{write(owner)['id']}"
    known = owner.get(path, headers={"If-None-Match": '"1"'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"1"')
    owner.patch(path, json={"title": "New"})
    assert owner.get(path, headers={"If-None-Match": '"1"'}).status_code == 200


# Delete -----------------------------------------------------------------------------------------


def test_a_deleted_document_is_gone_until_it_is_restored(owner: Person) -> None:
    document = write(owner, "Notes", content="gone words")
    path = f"documents/{document['id']}"
    assert refused(owner.post(f"{path}/restore"), 409)["code"] == "conflict"
    assert owner.delete(path).status_code == 204
    for answer in (
        owner.get(path),
        owner.patch(path, json={"title": "T"}),
        owner.delete(path),
        give(owner, document, owner),
        owner.patch("documents/batch", json={"items": [{"id": document["id"]}]}),
    ):
        assert answer.status_code == 404
    assert (titles(owner), titles(owner, q="gone")) == ([], [])
    assert titles(owner, deleted=True) == titles(owner, deleted=True, q="gone") == ["Notes"]
    restored = owner.post(f"{path}/restore").json()
    assert restored == {**document, "version": 3, "updated_at": restored["updated_at"]}
    assert (titles(owner), titles(owner, deleted=True)) == (["Notes"], [])


def test_a_permanent_delete_leaves_nothing(owner: Person) -> None:
    first, second = (f"documents/{write(owner)['id']}" for _ in range(2))
    owner.delete(first)
    for path in (first, second):
        assert owner.delete(f"{path}?permanent=true").status_code == 204
        assert owner.post(f"{path}/restore").status_code == 404
        assert owner.delete(f"{path}?permanent=true").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("DELETE", "?permanent=true"),
        ("POST", "/restore"),
        ("POST", "/transfer"),
    ],
)
def test_an_absent_document_is_404(owner: Person, method: str, path: str) -> None:
    bodies = {"PATCH": {"title": "T"}, "POST": {"to_user_id": owner.id}}
    body = bodies.get(method) if path != "/restore" else None
    assert owner.request(method, f"documents/{uuid4()}{path}", json=body).status_code == 404


# Batches ----------------------------------------------------------------------------------------


def test_a_batch_comes_back_in_the_order_it_was_sent_and_without_content(owner: Person) -> None:
    items = [{"title": str(n), "content": f"words {n}"} for n in range(500)]
    added = owner.post("documents/batch", json={"items": items})
    assert added.status_code == 201
    documents = added.json()["items"]
    assert [document["title"] for document in documents] == [item["title"] for item in items]
    patches = [{"id": each["id"], "content": f"new {each['title']}"} for each in documents[::-1]]
    changed = owner.patch("documents/batch", json={"items": patches}).json()["items"]
    assert [document["id"] for document in changed] == [patch["id"] for patch in patches]
    assert {(document["version"], "content" in document) for document in changed} == {(2, False)}
    one = owner.get(f"documents/{changed[7]['id']}").json()
    assert one.pop("content") == patches[7]["content"]
    assert one == changed[7]


def test_each_item_of_a_batch_is_a_patch_of_its_own(owner: Person, team: str) -> None:
    a, b, c = (write(owner, title, content="same", team_id=team) for title in "abc")
    items = [
        {"id": a["id"], "team_id": None},
        {"id": b["id"], "content": "other", "title": "B", "version": 1},
        {"id": c["id"]},
    ]
    assert owner.patch("documents/batch", json={"items": items}).status_code == 200
    new_a, new_b, new_c = (owner.get(f"documents/{each['id']}").json() for each in (a, b, c))
    assert (new_a["team_id"], new_a["content"]) == (None, "same")
    assert (new_b["team_id"], new_b["title"], new_b["content"]) == (team, "B", "other")
    assert new_c == c


def test_a_batch_with_one_refused_item_changes_nothing_and_names_it(
    owner: Person, outsider: Person
) -> None:
    mine, theirs = write(owner, "mine"), write(outsider, "theirs")
    ok = {"id": mine["id"], "title": "T"}
    for items, status, pointer in (
        ([ok, {"id": theirs["id"]}], 404, "/items/1"),
        ([{**ok, "version": 9}], 412, "/items/0"),
        ([{**ok, "team_id": str(uuid4())}], 404, "/items/0/team_id"),
        ([ok, ok], 422, "/items"),
        ([ok, {"id": theirs["id"], "contents": ""}], 422, "/items/1/contents"),
    ):
        answer = owner.patch("documents/batch", json={"items": items})
        assert refused(answer, status)["errors"][0]["pointer"] == pointer
    assert owner.get(f"documents/{mine['id']}").json() == mine


def test_an_empty_or_oversized_batch_is_refused(owner: Person) -> None:
    for items in ([], [{"title": "T"}] * 501):
        assert refused(owner.post("documents/batch", json={"items": items}), 422)
    assert titles(owner) == []


def test_a_batch_is_all_or_nothing_when_a_row_changes_meanwhile(owner: Person, sql: cursor) -> None:
    documents = [write(owner, str(n)) for n in range(3)]
    items = [{"id": each["id"], "title": "new", "version": 1} for each in documents]
    answers: list[Any] = []
    with open_transaction() as other:
        other.execute("UPDATE documents SET title = 'x' WHERE id = %s", (documents[1]["id"],))
        batch = threading.Thread(
            target=lambda: answers.append(owner.patch("documents/batch", json={"items": items}))
        )
        batch.start()
        wait_for_a_lock(sql)
    batch.join()
    assert refused(answers[0], 412)["errors"][0]["pointer"] == "/items/1"
    assert sorted(titles(owner)) == ["0", "2", "x"]


# Lists ------------------------------------------------------------------------------------------


def test_filters_narrow_the_list(owner: Person, team: str) -> None:
    old = write(owner, "old")
    write(owner, "shared", team_id=team)
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for query, found in (
        ({"team_id": team}, ["shared"]),
        ({"team_id": str(uuid4())}, []),
        ({"created_after": old["created_at"]}, ["shared"]),
        ({"updated_after": old["updated_at"]}, ["shared"]),
        ({"created_after": ahead}, []),
        ({"updated_after": ahead}, []),
        ({"q": "shared", "team_id": team}, ["shared"]),
        ({"q": "old", "team_id": team}, []),
    ):
        assert titles(owner, **query) == found, query


def test_the_list_is_sorted_by_what_changed_last_unless_it_says_otherwise(owner: Person) -> None:
    first = write(owner, "b")
    write(owner, "a")
    owner.patch(f"documents/{first['id']}", json={"content": "later"})
    for sort, found in (
        (None, ["b", "a"]),
        ("updated_at", ["a", "b"]),
        ("-created_at", ["a", "b"]),
        ("title", ["a", "b"]),
        ("-title", ["b", "a"]),
    ):
        assert titles(owner, **({"sort": sort} if sort else {})) == found
    assert refused(owner.get("documents?sort=content"), 422)


def test_pages_of_own_and_team_documents_are_one_list(
    owner: Person, teammate: Person, team: str
) -> None:
    for n in range(3):
        write(owner, f"mine {n}")
        write(teammate, f"ours {n}", team_id=team)
        write(teammate, f"private {n}")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = owner.get("documents", params={"sort": "title", "limit": 2, **cursor}).json()
        seen += [document["title"] for document in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"{whose} {n}" for whose in ("mine", "ours") for n in range(3)]
    numbered = owner.get("documents?page=2&page_size=5").json()
    assert (len(numbered["items"]), numbered["total"], numbered["pages"]) == (1, 6, 2)


def test_content_leaves_the_database_only_where_it_is_shown(
    owner: Person, wire: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = bytearray()
    hear = Conversation.server_says

    def overhear(self: Conversation, data: bytes) -> Any:
        heard.extend(data)
        return hear(self, data)

    monkeypatch.setattr(Conversation, "server_says", overhear)
    document = write(owner, content="Zq7 " * 9000)
    path, id = f"documents/{document['id']}", {"id": document["id"]}
    for method, where, body, shown in (
        ("GET", path, None, True),
        ("GET", "documents", None, False),
        ("GET", "documents?page=1&include=total", None, False),
        ("GET", "documents?q=notes&sort=title", None, False),
        ("PATCH", "documents/batch", {"items": [{**id, "title": "Noted"}]}, False),
        ("PATCH", "documents/batch", {"items": [{**id, "version": 9}]}, False),
        ("PATCH", path, {"team_id": str(uuid4())}, False),
        ("DELETE", path, None, False),
        ("GET", "documents?deleted=true", None, False),
        ("DELETE", f"{path}?permanent=true", None, False),
    ):
        heard.clear()
        wire.reset()
        answer = owner.request(method, where, json=body)
        assert (b"Zq7 " * 2000 in heard) == (b"Zq7 " * 2000 in answer.content) == shown, where
        if not shown:
            assert '"content"' not in answer.text
        assert "Q" in wire.snapshot().kinds


# Transfer ---------------------------------------------------------------------------------------


def test_a_transfer_moves_a_document_to_its_new_owner(owner: Person, outsider: Person) -> None:
    document = write(owner, content="Day one")
    given = give(owner, document, outsider)
    assert (given.status_code, given.headers["etag"]) == (200, '"2"')
    assert given.json() == outsider.get(f"documents/{document['id']}").json()
    expected = {**document, "user_id": outsider.id, "version": 2}
    assert {**given.json(), "updated_at": document["updated_at"]} == expected
    assert refused(owner.get(f"documents/{document['id']}"), 404)
    assert (titles(owner), titles(outsider)) == ([], ["Notes"])
    assert (titles(owner, q="day"), titles(outsider, q="day")) == ([], ["Notes"])


def test_a_document_stays_in_a_team_that_its_new_owner_is_in_and_leaves_another(
    owner: Person, teammate: Person, outsider: Person, team: str
) -> None:
    document = write(owner, team_id=team)
    given = give(owner, document, teammate).json()
    assert (given["user_id"], given["team_id"]) == (teammate.id, team)
    assert owner.get(f"documents/{document['id']}").json() == given
    gone = give(teammate, document, outsider).json()
    assert (gone["user_id"], gone["team_id"], gone["version"]) == (outsider.id, None, 3)
    for person in (owner, teammate):
        assert refused(person.get(f"documents/{document['id']}"), 404)


@pytest.mark.usefixtures("team")
def test_a_document_of_no_team_comes_into_none_of_its_new_owners(
    owner: Person, teammate: Person
) -> None:
    given = give(owner, write(owner), teammate).json()
    assert (given["user_id"], given["team_id"]) == (teammate.id, None)


def test_only_the_owner_transfers_a_document(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    document = write(owner, team_id=team)
    sql.execute("UPDATE members SET role = 'admin' WHERE user_id = %s", (teammate.id,))
    assert refused(give(teammate, document, teammate), 403)["code"] == "forbidden"
    assert owner.get(f"documents/{document['id']}").json() == document


def test_nobody_is_given_a_document_whom_the_database_does_not_know(owner: Person) -> None:
    document = write(owner)
    stranger = Person("stranger")
    problem = refused(give(owner, document, stranger), 404)
    assert (problem["code"], problem["detail"]) == ("not_found", "no such user")
    for id in ("x", "x" * 255):
        refused(owner.post(f"documents/{document['id']}/transfer", json={"to_user_id": id}), 404)
    for body in ({"to_user_id": ""}, {"to_user_id": None}, {}, {"to_user_id": "x" * 256}):
        assert refused(owner.post(f"documents/{document['id']}/transfer", json=body), 422)
    assert owner.get(f"documents/{document['id']}").json() == document


def test_a_document_given_to_its_own_owner_stays_as_it_is(owner: Person, team: str) -> None:
    document = write(owner, team_id=team)
    assert give(owner, document, owner).json() == document


def test_a_transfer_is_done_once_and_a_repeat_says_so(owner: Person, outsider: Person) -> None:
    document = write(owner)
    key = {"Idempotency-Key": "give"}
    first, again = (give(owner, document, outsider, **key) for _ in range(2))
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert refused(give(owner, document, owner, **key), 422)["code"] == "idempotency_key_reused"


def test_a_repeated_transfer_shows_nothing_that_its_new_owner_wrote(
    owner: Person, outsider: Person
) -> None:
    document = write(owner)
    key = {"Idempotency-Key": "give"}
    assert give(owner, document, outsider, **key).status_code == 200
    outsider.patch(f"documents/{document['id']}", json={"content": "secret"})
    assert refused(give(owner, document, outsider, **key), 404)


def test_a_repeated_transfer_within_a_team_shows_the_document_as_it_is_now(
    owner: Person, teammate: Person, team: str
) -> None:
    document, key = write(owner, team_id=team), {"Idempotency-Key": "give"}
    assert give(owner, document, teammate, **key).status_code == 200
    changed = teammate.patch(f"documents/{document['id']}", json={"content": "Ours"}).json()
    assert give(owner, document, teammate, **key).json() == changed


def test_a_transfer_at_a_version_is_repeated_though_that_version_is_gone(
    owner: Person, outsider: Person
) -> None:
    headers = {"Idempotency-Key": "give", "If-Match": '"1"'}
    document = write(owner)
    first, again = (give(owner, document, outsider, **headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)


@pytest.mark.usefixtures("wide_pool")
@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}], ids=["plain", "If-Match"])
@pytest.mark.parametrize("times", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_of_two_transfers_at_once_one_wins(
    sql: cursor, headers: dict[str, str], times: int
) -> None:
    person, one, other = (sign_up(sql, name) for name in ("giver", "one", "other"))
    for _ in range(times):
        document = write(person)
        answers = at_once(*(partial(give, person, document, to, **headers) for to in (one, other)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes in ([200, 404], [200, 412]), codes
        [won] = [answer for answer in answers if answer.is_success]
        holders = [
            p for p in (one, other, person) if p.get(f"documents/{document['id']}").is_success
        ]
        assert [holder.id for holder in holders] == [won.json()["user_id"]]


@pytest.mark.usefixtures("wide_pool")
def test_of_two_transfers_within_a_team_the_later_is_told_what_a_fresh_one_is(
    owner: Person, teammate: Person, outsider: Person, team: str, sql: cursor
) -> None:
    """The giver still sees the document, and it is no longer theirs to give."""
    owner.put(f"teams/{team}/members/{outsider.id}", json={"role": "member"})
    hold = "SELECT FROM documents WHERE id = %s FOR UPDATE"
    for headers in ({}, {"If-Match": '"1"'}):
        document = write(owner, team_id=team)
        both = (partial(give, owner, document, to, **headers) for to in (teammate, outsider))
        first, later = in_turn(sql, hold, (document["id"],), *both)
        assert first.json()["user_id"] == teammate.id
        fresh = give(owner, document, outsider, **headers)
        assert refused(later, 403)["detail"] == refused(fresh, 403)["detail"]


def given_while(sql: cursor, change: str, owner: Person, document: Any, to: Person) -> Any:
    """The answer to a transfer that has to wait until the change, of its new owner, is made."""
    answers: list[Any] = []
    with open_transaction() as other:
        other.execute(change, (to.id,))
        gift = threading.Thread(target=lambda: answers.append(give(owner, document, to)))
        gift.start()
        wait_for_a_lock(sql)
    gift.join()
    return answers[0]


def test_a_document_is_never_given_into_a_team_that_its_new_owner_just_left(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    document = write(owner, team_id=team)
    change = "DELETE FROM members WHERE user_id = %s"
    answer = given_while(sql, change, owner, document, teammate)
    assert (answer.status_code, answer.json()["team_id"]) == (200, None)
    assert teammate.get(f"documents/{document['id']}").json() == answer.json()


def test_a_document_is_not_given_to_somebody_who_is_just_deleted(
    owner: Person, outsider: Person, sql: cursor
) -> None:
    document = write(owner)
    change = 'DELETE FROM "user" WHERE id = %s'
    answer = given_while(sql, change, owner, document, outsider)
    assert refused(answer, 404)["detail"] == "no such user"
    assert owner.get(f"documents/{document['id']}").json() == document


def test_a_transfer_whose_reason_is_gone_when_it_is_asked_for_conflicts(
    owner: Person, sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They sign up in between: 404 would no longer be true."""
    document, newcomer, ask = write(owner), Person("newcomer"), queries.get_transfer

    def later(*asked: Any) -> Any:
        sql.execute(
            'INSERT INTO "user" (id, name, email, "emailVerified") VALUES (%s, %s, %s, true)',
            (newcomer.id, newcomer.name, newcomer.email),
        )
        return ask(*asked)

    monkeypatch.setattr(queries, "get_transfer", later)
    assert refused(give(owner, document, newcomer), 409)["code"] == "conflict"
    assert give(owner, document, newcomer).status_code == 200


# What every write does --------------------------------------------------------------------------

WRITES = [
    ("POST", "documents", {"title": "T"}),
    ("PATCH", "documents/{id}", {"title": "T"}),
    ("DELETE", "documents/{id}", None),
    ("DELETE", "documents/{id}?permanent=true", None),
    ("POST", "documents/{deleted}/restore", None),
    ("POST", "documents/{id}/transfer", {"to_user_id": "{other}"}),
    ("POST", "documents/batch", {"items": [{"title": "T"}, {"title": "U"}]}),
    ("PATCH", "documents/batch", {"items": [{"id": "{id}", "title": "T"}]}),
]
READS = [
    ("GET", "documents", None),
    ("GET", "documents/{id}", None),
    ("GET", "documents?q=t", None),
]


def filled(template: Any, names: dict[str, str]) -> Any:
    if isinstance(template, dict):
        return {key: filled(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, names) for value in template]
    return template.format(**names) if isinstance(template, str) else template


def prepared(owner: Person, other: Person, method: str, path: str, body: Any) -> Any:
    """A function that sends the request, as often as it is called."""
    id, deleted = write(owner)["id"], write(owner)["id"]
    owner.delete(f"documents/{deleted}")
    names = {"id": id, "deleted": deleted, "other": other.id}
    return partial(owner.request, method, path.format(**names), json=filled(body, names))


@pytest.mark.parametrize(("method", "path", "body"), [*READS, *WRITES])
def test_one_request_is_one_round_trip(
    owner: Person, outsider: Person, wire: CountingProxy, method: str, path: str, body: Any
) -> None:
    send = prepared(owner, outsider, method, path, body)
    wire.reset()
    assert send().is_success
    assert wire.snapshot().kinds == ("Q",)


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    owner: Person, outsider: Person, sql: cursor, method: str, path: str, body: Any
) -> None:
    send = partial(
        prepared(owner, outsider, method, path, body), headers={"Idempotency-Key": str(uuid4())}
    )

    def state() -> list[Any]:
        people = [owner.id, outsider.id]
        sql.execute("SELECT * FROM documents WHERE user_id = ANY (%s) ORDER BY id", (people,))
        return list(sql.fetchall())

    first, after = send(), state()
    assert first.is_success, first.text
    again = send()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers.get("etag") == first.headers.get("etag")
    assert state() == after


def test_a_user_unknown_to_the_database_is_made_by_the_first_document(sql: cursor) -> None:
    stranger = Person("stranger")
    assert write(stranger)["user_id"] == stranger.id
    sql.execute('SELECT name FROM "user" WHERE id = %s', (stranger.id,))
    assert sql.fetchone() == (stranger.name,)
