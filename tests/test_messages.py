"""Messages through HTTP: in order, counted, never edited, in a conversation of one's own."""

import base64
import itertools
import threading
import time
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor

from app import tables
from dev.prove._plans_explain import explained, scans
from dev.wire import CountingProxy
from tests.concurrency import at_once, open_transaction, wait_for_a_lock
from tests.conversing import contents, read, say, start, under
from tests.people import Person, sign_up
from tests.problem import refused

HELLO = {"role": "user", "content": "Hello"}
LONGEST = 32 * 1024


@pytest.fixture
def talk(owner: Person) -> dict[str, Any]:
    return start(owner, title="Talk")


def stored(sql: cursor, conversation: dict[str, Any]) -> list[tuple[str, str]]:
    sql.execute(
        "SELECT role, content FROM messages WHERE conversation_id = %s ORDER BY id",
        (conversation["id"],),
    )
    rows: list[tuple[str, str]] = sql.fetchall()
    return rows


# Append -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["user", "assistant", "system", "tool"])
def test_a_message_reads_back_as_it_was_added(
    owner: Person, talk: dict[str, Any], role: str
) -> None:
    sent = {"role": role, "content": "Where to?", "metadata": {"model": "large", "empty": ""}}
    added = owner.post(under(talk), json=sent)
    assert added.status_code == 201, added.text
    message = added.json()
    assert {name: message[name] for name in sent} == sent
    assert (message["user_id"], message["conversation_id"]) == (owner.id, talk["id"])
    found = owner.get(f"http://test{added.headers['location']}")
    assert (found.json(), found.headers["etag"]) == (message, added.headers["etag"])
    assert message.keys() == {*sent, "id", "user_id", "conversation_id", "created_at"}


def test_a_message_touches_its_conversation_in_the_same_statement(
    owner: Person, talk: dict[str, Any]
) -> None:
    [message] = say(owner, talk, "One")
    after = read(owner, talk)
    told = {"message_count": 1, "version": 2, "last_message": message}
    assert after == {**talk, **told, "updated_at": after["updated_at"]}
    assert after["updated_at"] > talk["updated_at"]
    say(owner, talk, "Two", "Three", "Four")
    assert (read(owner, talk)["message_count"], read(owner, talk)["version"]) == (4, 3)


def test_a_batch_is_appended_in_the_order_it_was_sent(owner: Person, talk: dict[str, Any]) -> None:
    sent = [f"{n}" for n in range(50)]
    messages = say(owner, talk, *sent)
    assert [message["content"] for message in messages] == sent
    ids = [message["id"] for message in messages]
    assert ids == sorted(set(ids))
    assert contents(owner.get(f"{under(talk)}?limit=100").json()) == sent


@pytest.mark.usefixtures("team")
def test_nobody_but_its_owner_reaches_a_conversations_messages(
    owner: Person, teammate: Person, outsider: Person, talk: dict[str, Any], sql: cursor
) -> None:
    [message] = say(owner, talk, "Private")
    path = f"{under(talk)}/{message['id']}"
    own = under(start(teammate)), under(start(outsider))
    for other, elsewhere in zip((teammate, outsider), own, strict=True):
        for answer in (
            other.get(under(talk)),
            other.post(under(talk), json=HELLO),
            other.post(f"{under(talk)}/batch", json={"items": [HELLO]}),
            other.get(path),
            other.delete(path),
            other.get(f"{elsewhere}/{message['id']}"),
            other.delete(f"{elsewhere}/{message['id']}"),
        ):
            assert refused(answer, 404)["code"] == "not_found"
    assert stored(sql, talk) == [("user", "Private")]
    assert read(owner, talk)["version"] == 2


def test_an_absent_conversation_or_message_is_404(owner: Person, talk: dict[str, Any]) -> None:
    nowhere, none = f"conversations/{uuid4()}/messages", f"{under(talk)}/{uuid4()}"
    for answer in (
        owner.get(nowhere),
        owner.get(f"{nowhere}?include=total"),
        owner.post(nowhere, json=HELLO),
        owner.post(f"{nowhere}/batch", json={"items": [HELLO] * 2}),
        owner.get(f"{nowhere}/{uuid4()}"),
        owner.delete(f"{nowhere}/{uuid4()}"),
        owner.get(none),
        owner.delete(none),
    ):
        refused(answer, 404)


def test_a_message_is_found_in_its_own_conversation_only(owner: Person) -> None:
    here, there = start(owner), start(owner)
    [message] = say(owner, here, "Here")
    for method in ("GET", "DELETE"):
        refused(owner.request(method, f"{under(there)}/{message['id']}"), 404)
    assert read(owner, here)["message_count"] == 1


def test_a_message_is_never_edited(owner: Person, talk: dict[str, Any]) -> None:
    [message] = say(owner, talk, "As it was")
    path = f"{under(talk)}/{message['id']}"
    for method in ("PATCH", "PUT"):
        answer = owner.request(method, path, json={"content": "New"})
        assert refused(answer, 405)["code"] == "method_not_allowed"
        assert answer.headers["allow"] == "DELETE, GET, HEAD"
    assert owner.get(path).json() == message


def test_a_reader_who_has_a_message_has_it_for_ever(owner: Person, talk: dict[str, Any]) -> None:
    added = owner.post(under(talk), json=HELLO)
    path = f"{under(talk)}/{added.json()['id']}"
    known = owner.get(path, headers={"If-None-Match": added.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


# Limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x" * LONGEST, "é" * (LONGEST // 2), "\U0001f9ca" * 8192])
def test_content_has_up_to_32_kib_of_utf_8(owner: Person, talk: dict[str, Any], text: str) -> None:
    assert [each["content"] for each in say(owner, talk, text)] == [text]
    for content in (f"{text}x", ""):
        answer = owner.post(under(talk), json={"role": "user", "content": content})
        assert refused(answer, 422)["errors"][0]["pointer"] == "/content"
        batch = {"items": [HELLO, {"role": "user", "content": content}]}
        answer = owner.post(f"{under(talk)}/batch", json=batch)
        assert refused(answer, 422)["errors"][0]["pointer"] == "/items/1/content"
    assert read(owner, talk)["message_count"] == 1


@pytest.mark.parametrize("content", ["", "é" * (LONGEST // 2) + "x"])
def test_the_table_refuses_content_that_is_empty_or_too_long(
    owner: Person, talk: dict[str, Any], sql: cursor, content: str
) -> None:
    with pytest.raises(Exception, match="messages_content_check"):
        sql.execute(
            "INSERT INTO messages (id, conversation_id, user_id, role, content)"
            " VALUES (%s, %s, %s, 'user', %s)",
            (str(uuid4()), talk["id"], owner.id, content),
        )


@pytest.mark.parametrize(
    ("metadata", "pointer"),
    [
        ({f"k{n}": "v" for n in range(17)}, "/metadata"),
        ({"k" * 65: "v"}, "/metadata"),
        ({"": "v"}, "/metadata"),
        ({"k": "v" * 513}, "/metadata/k"),
        ({"k": 7}, "/metadata/k"),
        ({"k": None}, "/metadata/k"),
        ({"k": {"deep": "v"}}, "/metadata/k"),
        ({"k": ["v"]}, "/metadata/k"),
        ([], "/metadata"),
        ("k", "/metadata"),
        (None, "/metadata"),
    ],
)
def test_metadata_is_flat_text_within_limits(
    owner: Person, talk: dict[str, Any], metadata: Any, pointer: str
) -> None:
    answer = owner.post(under(talk), json={**HELLO, "metadata": metadata})
    assert refused(answer, 422)["errors"][0]["pointer"] == pointer
    assert read(owner, talk) == talk


def test_metadata_that_is_just_allowed_is_kept(owner: Person, talk: dict[str, Any]) -> None:
    metadata = {f"{n:x}" + "\U0001f9ca" * 63: '"\\/é' * 128 for n in range(16)}
    added = owner.post(under(talk), json={**HELLO, "metadata": metadata})
    assert added.status_code == 201, added.text
    page = owner.get(under(talk)).json()
    assert page["items"] == [read(owner, talk)["last_message"]] == [added.json()]
    assert added.json()["metadata"] == metadata


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "user"},
        {"content": "x"},
        {"role": "owner", "content": "x"},
        {**HELLO, "content": 7},
        {**HELLO, "content": "a\0b"},
        {**HELLO, "metadata": {"a\0b": "c"}},
        {**HELLO, "id": str(UUID(int=7))},
        {**HELLO, "user_id": "someone"},
        {**HELLO, "created_at": "2030-01-01T00:00:00Z"},
    ],
)
def test_what_is_not_a_message_is_refused_alone_and_in_a_batch(
    owner: Person, talk: dict[str, Any], body: Any
) -> None:
    refused(owner.post(under(talk), json=body), 422)
    refused(owner.post(f"{under(talk)}/batch", json={"items": [HELLO, body]}), 422)
    assert read(owner, talk) == talk


@pytest.mark.parametrize("size", [0, 51])
def test_a_batch_has_1_to_50_messages(owner: Person, talk: dict[str, Any], size: int) -> None:
    answer = owner.post(f"{under(talk)}/batch", json={"items": [HELLO] * size})
    assert refused(answer, 422)["errors"][0]["pointer"] == "/items"
    assert read(owner, talk) == talk


def test_a_batch_past_1_mib_is_too_large(owner: Person, talk: dict[str, Any]) -> None:
    long = {"role": "user", "content": "x" * LONGEST}
    refused(owner.post(f"{under(talk)}/batch", json={"items": [long] * 50}), 413)
    assert owner.post(f"{under(talk)}/batch", json={"items": [long] * 31}).status_code == 201
    assert read(owner, talk)["message_count"] == 31


# Delete -----------------------------------------------------------------------------------------


def test_a_deleted_message_is_gone_and_its_conversation_a_new_version(
    owner: Person, talk: dict[str, Any]
) -> None:
    first, second, third = say(owner, talk, "1", "2", "3")
    path = f"{under(talk)}/{third['id']}"
    assert owner.delete(path).status_code == 204
    refused(owner.get(path), 404)
    refused(owner.delete(path), 404)
    now = read(owner, talk)
    assert (now["message_count"], now["version"], now["last_message"]) == (2, 3, second)
    owner.delete(f"{under(talk)}/{first['id']}")
    assert contents(owner.get(under(talk)).json()) == ["2"]
    refused(owner.post(f"{path}/restore"), 404)
    owner.delete(f"{under(talk)}/{second['id']}")
    assert (read(owner, talk)["message_count"], read(owner, talk)["last_message"]) == (0, None)


# Lists ------------------------------------------------------------------------------------------


def listed(person: Person, talk: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = person.get(under(talk), params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def test_the_order_is_that_of_the_conversation_unless_it_is_turned(
    owner: Person, talk: dict[str, Any]
) -> None:
    say(owner, talk, "1", "2", "3")
    assert contents(listed(owner, talk)) == ["1", "2", "3"]
    assert contents(listed(owner, talk, order="asc")) == ["1", "2", "3"]
    assert contents(listed(owner, talk, order="desc")) == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("query", "expected", "more"),
    [
        ({"after": 2, "limit": 2}, "34", "next previous"),
        ({"after": 2}, "345", "previous"),
        ({"after": 5}, "", ""),
        ({"before": 4, "limit": 2}, "23", "next previous"),
        ({"before": 4}, "123", "next"),
        ({"before": 1}, "", ""),
        ({"limit": 2}, "12", "next"),
        ({}, "12345", ""),
        ({"order": "desc", "after": 4, "limit": 2}, "32", "next previous"),
        ({"order": "desc", "after": 4}, "321", "previous"),
        ({"order": "desc", "before": 2, "limit": 2}, "43", "next previous"),
        ({"order": "desc", "before": 2}, "543", "next"),
        ({"order": "desc", "limit": 2}, "54", "next"),
        ({"cursor": 3}, "45", "previous"),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
def test_a_messages_id_is_a_place_though_it_is_deleted(
    owner: Person,
    talk: dict[str, Any],
    query: dict[str, Any],
    expected: str,
    more: str,
    gone: bool,  # noqa: FBT001
) -> None:
    by_name = {int(each["content"]): each["id"] for each in say(owner, talk, *"12345")}
    for way in {"after", "before", "cursor"} & query.keys():
        place = by_name[query[way]]
        query = {**query, way: place}
        if gone:
            owner.delete(f"{under(talk)}/{place}")
    page = listed(owner, talk, **query)
    assert contents(page) == [*expected]
    assert [name for name in ("next", "previous") if page[name]] == more.split()


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("way", ["after", "cursor", "link"])
def test_the_union_of_pages_is_the_conversation_in_either_order(
    owner: Person, talk: dict[str, Any], order: str, way: str
) -> None:
    said = [str(n) for n in range(7)]
    say(owner, talk, *said)
    seen, pages, path = list[str](), [], f"{under(talk)}?order={order}&limit=3"
    while path:
        answer = owner.get(path)
        pages.append(answer)
        seen += contents(answer.json())
        place = answer.json()["next"]
        assert ("next" in answer.links) == (place is not None)
        path = place and f"{under(talk)}?order={order}&limit=3&{way}={place}"
        if place and way == "link":
            path = f"http://test{answer.links['next']['url']}"
    assert seen == (said if order == "asc" else said[::-1])
    assert [len(contents(each.json())) for each in pages] == [3, 3, 1]
    back = owner.get(f"http://test{pages[-1].links['prev']['url']}")
    assert back.json()["items"] == pages[1].json()["items"]
    first = listed(owner, talk, order=order, limit=3, before=back.json()["previous"])
    assert first["items"] == pages[0].json()["items"]
    assert (first["previous"], "prev" in pages[0].links) == (None, False)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(st.booleans(), max_size=12), st.integers(1, 4), st.sampled_from(["asc", "desc"]))
def test_pages_both_ways_are_the_same_set_while_messages_come_and_go(
    sql: cursor, kept: list[bool], limit: int, order: str
) -> None:
    """What is there all the time is on exactly one page, whichever way one walks."""
    owner = sign_up(sql, "walker")
    talk = start(owner)
    stays = say(owner, talk, *("s" if stay else "g" for stay in kept)) if kept else []
    goes = iter([each for each in stays if each["content"] == "g"])
    comes = iter(range(3))  # not for ever: a walk upwards would never end

    def walk(way: str, where: str, first: dict[str, Any]) -> Iterator[list[Any]]:
        page = listed(owner, talk, order=order, limit=limit, **first)
        yield page["items"]
        while page[where]:
            for _ in itertools.islice(comes, 1):
                say(owner, talk, "new")
            for each in itertools.islice(goes, 1):
                owner.delete(f"{under(talk)}/{each['id']}")
            page = listed(owner, talk, order=order, limit=limit, **{way: page[where]})
            yield page["items"]

    end = str(UUID(int=0 if order == "desc" else 2**128 - 1))
    for pages in (walk("after", "next", {}), [*walk("before", "previous", {"before": end})][::-1]):
        seen = [each["id"] for page in pages for each in page]
        assert len(seen) == len(set(seen))
        assert seen == sorted(seen, reverse=order == "desc")
        assert {each["id"] for each in stays if each["content"] == "s"} <= set(seen)


def test_the_total_is_the_count_of_the_conversation(owner: Person, talk: dict[str, Any]) -> None:
    empty: dict[str, Any] = {"items": [], "next": None, "previous": None}
    assert listed(owner, talk) == empty
    assert listed(owner, talk, include="total") == {**empty, "total": 0}
    say(owner, talk, *"12345")
    assert "total" not in listed(owner, talk)
    page = listed(owner, talk, include="total", limit=2)
    assert (contents(page), page["total"], "pages" in page) == (["1", "2"], 5, False)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_numbered_pages_are_the_conversation_too(
    owner: Person, talk: dict[str, Any], order: str
) -> None:
    said = [*"12345"] if order == "asc" else [*"54321"]
    say(owner, talk, *"12345")
    query = f"{under(talk)}?order={order}&page_size=2"
    answers = [owner.get(f"{query}&page={n}") for n in (1, 2, 3, 4)]
    assert [each for answer in answers for each in contents(answer.json())] == said
    assert {(each.json()["total"], each.json()["pages"]) for each in answers} == {(5, 3)}
    links = [
        {name: link["url"].rpartition("page=")[2] for name, link in answer.links.items()}
        for answer in answers
    ]
    assert links == [{"next": "2"}, {"prev": "1", "next": "3"}, {"prev": "2"}, {}]
    assert listed(owner, talk, order=order, after=answers[0].json()["next"]) == {
        **listed(owner, talk, order=order, after=answers[0].json()["items"][-1]["id"])
    }


def test_a_cursor_fits_one_conversation_and_one_order(owner: Person, talk: dict[str, Any]) -> None:
    other = start(owner)
    for each in (talk, other):
        say(owner, each, "1", "2")
    place = listed(owner, talk, limit=1)["next"]
    for way in ("after", "before", "cursor"):
        assert listed(owner, talk, **{way: place})
        for path, query in ((under(talk), {"order": "desc"}), (under(other), {})):
            answer = owner.get(path, params={**query, way: place})
            assert refused(answer, 400)["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "place", ["", "x", "7", "null", "W10", "é", "%00", "a" * 40, "WzEsMiwzXQ", "0" * 31]
)
def test_a_place_from_nowhere_is_refused(owner: Person, talk: dict[str, Any], place: str) -> None:
    for way in ("after", "before", "cursor"):
        refused(owner.get(f"{under(talk)}?{way}={place}"), 400, 422)


@pytest.mark.parametrize("place", ['["SEAL"]', '["SEAL",7]', '["SEAL",null]', '["SEAL","x","y"]'])
def test_a_forged_place_is_refused(owner: Person, talk: dict[str, Any], place: str) -> None:
    text = place.replace("SEAL", f"{talk['id']} asc").encode()
    forged = base64.urlsafe_b64encode(text).decode().rstrip("=")
    assert refused(owner.get(f"{under(talk)}?after={forged}"), 400)["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "order=up", "sort=created_at", "deleted=true", "page=0",
        "after={id}&before={id}", "after={id}&cursor={id}", "before={id}&page=2",
        "cursor={id}&page=2", "after=" + "x" * 2049,
    ],
)  # fmt: skip
def test_an_unknown_parameter_or_two_places_are_refused(
    owner: Person, talk: dict[str, Any], query: str
) -> None:
    refused(owner.get(f"{under(talk)}?{query.format(id=uuid4())}"), 422)


# Repeats and trips ------------------------------------------------------------------------------

ENDPOINTS = [
    ("POST", "", HELLO),
    ("POST", "/batch", {"items": [HELLO, {"role": "tool", "content": "42"}]}),
    ("DELETE", "/{id}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    owner: Person, talk: dict[str, Any], sql: cursor, method: str, path: str, body: Any
) -> None:
    [message] = say(owner, talk, "There")
    path = under(talk) + path.format(id=message["id"])

    def send() -> tuple[Any, Any]:
        answer = owner.request(method, path, json=body, headers={"Idempotency-Key": "again"})
        assert answer.is_success, answer.text
        return answer, (read(owner, talk), stored(sql, talk))

    (first, after_first), (again, after_again) = send(), send()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers.get("location") == first.headers.get("location")
    assert after_again == after_first
    other = owner.post("conversations", json={}, headers={"Idempotency-Key": "again"})
    assert refused(other, 422)["code"] == "idempotency_key_reused"


def test_a_refused_append_leaves_no_key_behind(owner: Person, talk: dict[str, Any]) -> None:
    key, path = {"Idempotency-Key": "corrected"}, f"conversations/{talk['id']}"
    owner.delete(path)
    refused(owner.post(under(talk), json=HELLO, headers=key), 404)
    owner.post(f"{path}/restore")
    added = owner.post(under(talk), json=HELLO, headers=key)
    assert added.status_code == 201
    assert "idempotent-replayed" not in added.headers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *ENDPOINTS,
        ("GET", "", None),
        ("GET", "?limit=100&include=total", None),
        ("GET", "?limit=10&after={id}", None),
        ("GET", "?limit=10&before={id}&order=desc", None),
        ("GET", "?page=2&page_size=10", None),
        ("GET", "/{id}", None),
    ],
)
def test_one_request_is_one_round_trip_however_many_messages_there_are(
    owner: Person,
    talk: dict[str, Any],
    wire: CountingProxy,
    method: str,
    path: str,
    body: Any,
) -> None:
    messages = [message for _ in range(3) for message in say(owner, talk, *["Hello"] * 50)]
    wire.reset()
    path = under(talk) + path.format(id=messages[75]["id"])
    assert owner.request(method, path, json=body).is_success
    assert wire.snapshot().kinds == ("Q",)


@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_page_deep_in_a_long_conversation_reads_no_more_than_the_first(
    owner: Person, talk: dict[str, Any], sql: cursor, way: str, order: str
) -> None:
    sql.execute(
        "INSERT INTO messages (id, conversation_id, user_id, role, content)"
        " SELECT gen_random_uuid(), %s, %s, 'tool', 'x' FROM generate_series(1, 5000)",
        (talk["id"], owner.id),
    )
    sql.execute("ANALYZE messages")
    with explained() as plans:
        query = {way: str(uuid4()), "order": order, "limit": "5"}
        assert owner.get(under(talk), params=query).is_success
    found = scans(plans, "messages")
    assert {scan["Node Type"] for scan in found} <= {"Index Scan", "Index Only Scan"}
    assert [scan["Actual Loops"] for scan in found] == [1, 1]
    assert sum(scan["Actual Rows"] for scan in found) <= 7


# Order ------------------------------------------------------------------------------------------


def behind(monkeypatch: pytest.MonkeyPatch, ms: int) -> None:
    """From here on, this sandbox's clock is so far behind that of the one before."""
    clock = SimpleNamespace(time_ns=lambda: time.time_ns() - ms * 1_000_000)
    monkeypatch.setattr(tables, "time", clock)


def test_a_sandbox_whose_clock_is_behind_still_adds_at_the_end(
    owner: Person, talk: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    [question] = say(owner, talk, "Question")
    behind(monkeypatch, 5_000)
    answer = owner.post(under(talk), json={"role": "assistant", "content": "Answer"})
    more = say(owner, talk, "2", "3", "4")
    assert contents(listed(owner, talk)) == ["Question", "Answer", "2", "3", "4"]
    assert contents(listed(owner, talk, after=question["id"])) == ["Answer", "2", "3", "4"]
    assert read(owner, talk)["last_message"] == more[-1]
    assert owner.get(f"http://test{answer.headers['location']}").json() == answer.json()
    ids = [UUID(each["id"]) for each in (question, answer.json(), *more)]
    assert ids == sorted(set(ids))
    assert {(id.version, id.variant) for id in ids} == {(7, "specified in RFC 4122")}


def test_an_answer_that_replaces_a_deleted_one_comes_behind_it(
    owner: Person, talk: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever read as far as the first answer, which is gone, reads on from there."""
    [question, first] = say(owner, talk, "Question", "First answer")
    owner.delete(f"{under(talk)}/{first['id']}")
    behind(monkeypatch, 5_000)
    say(owner, talk, "Second answer")
    say(owner, talk, "And more")
    assert contents(listed(owner, talk, after=first["id"])) == ["Second answer", "And more"]
    assert contents(listed(owner, talk)) == ["Question", "Second answer", "And more"]
    gone = listed(owner, talk)["items"]
    for each in reversed(gone):
        owner.delete(f"{under(talk)}/{each['id']}")
    behind(monkeypatch, 10_000)
    say(owner, talk, "Anew")
    for each in (question, first, *gone):
        assert contents(listed(owner, talk, after=each["id"])) == ["Anew"]


def test_a_batch_that_begins_behind_the_clock_stays_in_order(
    owner: Person, talk: dict[str, Any], sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first half is older than what is there, its second half newer."""
    [there] = say(owner, talk, "There")
    start = UUID(there["id"]).int - (25 << 64)
    made = iter(UUID(int=start + (n << 64)) for n in range(50))
    monkeypatch.setattr("app.messages.writes.new_id", lambda: next(made))
    sent = [str(n) for n in range(50)]
    assert [each["content"] for each in say(owner, talk, *sent)] == sent
    assert [content for _, content in stored(sql, talk)] == ["There", *sent]


def test_a_repeat_finds_the_message_whose_id_the_database_made(
    owner: Person, talk: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(owner, talk, "There")
    behind(monkeypatch, 5_000)
    key = {"Idempotency-Key": "behind"}
    first, again = (owner.post(under(talk), json=HELLO, headers=key) for _ in range(2))
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    assert contents(listed(owner, talk)) == ["There", "Hello"]


@pytest.mark.usefixtures("wide_pool")
def test_a_reader_who_follows_eight_writers_sees_each_message_once_and_in_order(
    sql: cursor, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = sign_up(sql, "followed")
    talk = start(owner)
    skews = itertools.cycle([0, 50, 3, 7])  # of sandboxes
    clock = SimpleNamespace(time_ns=lambda: time.time_ns() - next(skews) * 1_000_000)
    monkeypatch.setattr(tables, "time", clock)
    writing, seen = threading.Semaphore(0), list[str]()

    def write(writer: int) -> None:
        for n in range(10):
            say(owner, talk, f"{writer} {n}", f"{writer} {n}b")
        writing.release()

    def follow() -> None:
        done, place = 0, str(UUID(int=0))
        while True:
            done += writing.acquire(blocking=False)
            items = listed(owner, talk, after=place, limit=7)["items"]
            seen.extend(each["content"] for each in items)
            place = items[-1]["id"] if items else place
            if done == 8 and not items:
                return

    at_once(follow, *(partial(write, writer) for writer in range(8)))
    assert len(seen) == len(set(seen)) == 160
    assert seen == [content for _, content in stored(sql, talk)]


# Races ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("wide_pool")
def test_many_writers_at_once_lose_nothing_and_keep_each_batch_in_order(sql: cursor) -> None:
    owner = sign_up(sql, "many")
    talk = start(owner)
    batches = [[f"{writer} {n}" for n in range(20)] for writer in range(8)]

    def write(batch: list[str]) -> list[Any]:
        messages = say(owner, talk, *batch[:-1])
        added = owner.post(under(talk), json={"role": "tool", "content": batch[-1]})
        assert added.status_code == 201, added.text
        return [*messages, added.json()]

    written = at_once(*(partial(write, batch) for batch in batches))
    ids = [message["id"] for messages in written for message in messages]
    assert len(set(ids)) == 160
    now = read(owner, talk)
    assert (now["message_count"], now["version"]) == (160, 17)
    order = [content for _, content in stored(sql, talk)]
    for batch in batches:
        assert [each for each in order if each in batch] == batch


@pytest.mark.usefixtures("wide_pool")
def test_appends_and_deletes_at_once_never_wait_in_a_circle(sql: cursor) -> None:
    owner = sign_up(sql, "circle")
    sql.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    before = sql.fetchone()
    for _ in range(5):
        talk = start(owner)
        messages = say(owner, talk, *"123456")
        deletes = [partial(owner.delete, f"{under(talk)}/{message['id']}") for message in messages]
        appends = [partial(owner.post, under(talk), json=HELLO)] * 4
        purge = partial(owner.delete, f"conversations/{talk['id']}?permanent=true")
        answers = at_once(*deletes, *appends, purge)
        assert {answer.status_code for answer in answers} <= {201, 204, 404}
        assert stored(sql, talk) == []
    sql.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert sql.fetchone() == before


def test_no_message_slips_into_a_conversation_that_is_being_deleted(
    owner: Person, talk: dict[str, Any], sql: cursor
) -> None:
    answers: list[Any] = []
    with open_transaction() as other:
        other.execute("UPDATE conversations SET deleted_at = now() WHERE id = %s", (talk["id"],))
        append = threading.Thread(
            target=lambda: answers.append(owner.post(under(talk), json=HELLO))
        )
        append.start()
        wait_for_a_lock(sql)
    append.join()
    refused(answers[0], 404)
    assert stored(sql, talk) == []
