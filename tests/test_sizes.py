"""No answer is longer than Lambda lets through, however long the rows are: measured at its door."""

import json
from typing import Any
from uuid import UUID

import pytest
from psycopg2.extensions import cursor

from app.aws import handler
from app.sizes import LARGEST, carried, fits
from dev.events import DOORS, Request
from dev.lambda_function import Context
from dev.wire import CountingProxy
from tests.people import Person

LAMBDA = 6_291_556
"""Bytes that Lambda lets through, the body being a string of its JSON."""

every_text = pytest.mark.parametrize("text", ["\x01", '"', "漢", "a"], ids=ascii)

TASKS = """
INSERT INTO tasks (id, user_id, title, description, tags)
SELECT gen_random_uuid(), %(me)s, repeat(%(text)s, 200), repeat(%(text)s, 2000),
    array_fill(repeat(%(text)s, 50), ARRAY[20]) FROM generate_series(1, %(rows)s) n
"""
DOCUMENTS = """
INSERT INTO documents (id, user_id, title, content)
SELECT gen_random_uuid(), %(me)s, repeat(%(text)s, 250) || ' word',
    repeat(%(text)s, 8000) || ' word' FROM generate_series(1, %(rows)s)
"""
CONVERSATIONS = """
WITH talks AS (INSERT INTO conversations (id, user_id, title)
    SELECT gen_random_uuid(), %(me)s, repeat(%(text)s, 255) FROM generate_series(1, %(rows)s)
    RETURNING id)
INSERT INTO messages (id, conversation_id, user_id, role, content, metadata)
SELECT gen_random_uuid(), id, %(me)s, 'user',
    repeat(%(text)s, 32768 / octet_length(%(text)s)), %(metadata)s FROM talks
"""
MESSAGES = """
WITH talk AS (INSERT INTO conversations (id, user_id) VALUES (gen_random_uuid(), %(me)s)
    RETURNING id)
INSERT INTO messages (id, conversation_id, user_id, role, content, metadata)
SELECT gen_random_uuid(), id, %(me)s, 'user',
    repeat(%(text)s, 32768 / octet_length(%(text)s)), %(metadata)s
FROM talk, generate_series(1, %(rows)s) RETURNING conversation_id, id
"""


def fill(sql: cursor, person: Person, rows: str, text: str, count: int) -> None:
    """So many rows, each as long as it may be."""
    metadata = json.dumps({f"{n:x}" + text * 63: text * 512 for n in range(16)})
    known = {"me": person.id, "text": text, "metadata": metadata, "rows": count}
    sql.execute(rows, known)


def ask(person: Person, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The answer to a request that came through Lambda, which has let it through."""
    sent = [
        ("Authorization", person.headers["authorization"]),
        ("Content-Type", "application/json"),
    ]
    text = b"" if body is None else json.dumps(body).encode()
    request = Request(method, f"/api/me/{path}", sent, text)
    result = handler(DOORS["v2"](request), Context())
    assert len(json.dumps(result, ensure_ascii=False).encode()) <= LAMBDA
    return result["statusCode"], json.loads(result["body"])


@pytest.mark.slow
@every_text
@pytest.mark.parametrize(
    ("rows", "path"),
    [
        (TASKS, "tasks?limit=100"),
        (DOCUMENTS, "documents?limit=100"),
        (DOCUMENTS, "documents?limit=100&q=word"),
        (CONVERSATIONS.replace("%(metadata)s", "'{}'"), "conversations?limit=100"),
    ],
    ids=["tasks", "documents", "search", "conversations"],
)
def test_a_full_page_of_the_longest_rows_gets_through(
    owner: Person, sql: cursor, rows: str, path: str, text: str
) -> None:
    fill(sql, owner, rows, text, 100)
    status, page = ask(owner, "GET", path)
    assert (status, len(page["items"])) == (200, 100)


@pytest.mark.parametrize("text", ["\x01", '"'], ids=ascii)
def test_where_a_page_cannot_get_through_a_smaller_one_does(
    owner: Person, sql: cursor, text: str
) -> None:
    fill(sql, owner, CONVERSATIONS, text, 100)
    status, problem = ask(owner, "GET", "conversations?limit=100")
    assert (status, problem["code"]) == (413, "answer_too_large")
    assert problem["detail"] == "ask for fewer items at once"
    status, page = ask(owner, "GET", "conversations?limit=50")
    assert (status, len(page["items"])) == (200, 50)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(("way", "where"), [("after", "next"), ("before", "previous")])
@every_text
def test_pages_of_the_longest_messages_are_shorter_and_make_the_whole(
    owner: Person, sql: cursor, text: str, order: str, way: str, where: str
) -> None:
    fill(sql, owner, MESSAGES, text, 120)
    rows = [(talk, id) for talk, id in sql.fetchall()]
    path = f"conversations/{rows[0][0]}/messages?limit=100&order={order}"
    end = UUID(int=0 if (order == "asc") == (way == "after") else 2**128 - 1)
    place, seen = str(end), list[list[str]]()
    while place:
        status, page = ask(owner, "GET", f"{path}&{way}={place}")
        assert status == 200
        seen.append([each["id"] for each in page["items"]])
        place = page[where]
    walked = [id for page in (seen if way == "after" else seen[::-1]) for id in page]
    assert walked == sorted((id for _, id in rows), reverse=order == "desc")
    assert (len(seen[0]) < 100) == (text != "a")


def test_a_numbered_page_that_cannot_get_through_is_refused_and_loses_nothing(
    owner: Person, sql: cursor
) -> None:
    fill(sql, owner, MESSAGES, "\x01", 100)
    path = f"conversations/{sql.fetchall()[0][0]}/messages"
    assert ask(owner, "GET", f"{path}?page_size=100")[0] == 413
    pages = [ask(owner, "GET", f"{path}?page_size=5&page={n + 1}")[1]["items"] for n in range(20)]
    assert len({each["id"] for page in pages for each in page}) == 100


def ids_of(sql: cursor, person: Person, table: str) -> list[str]:
    sql.execute(f"SELECT id FROM {table} WHERE user_id = %s", (person.id,))  # noqa: S608
    return [id for (id,) in sql.fetchall()]


@pytest.mark.slow
@every_text
def test_a_batch_whose_answer_cannot_get_through_changes_nothing(
    owner: Person, sql: cursor, text: str
) -> None:
    fill(sql, owner, TASKS, text, 500)
    items = [{"id": id, "priority": "low"} for id in ids_of(sql, owner, "tasks")]
    status, problem = ask(owner, "PATCH", "tasks/batch", {"items": items})
    fitting = text == "a"
    assert status == (200 if fitting else 413)
    assert fitting or problem["code"] == "answer_too_large"
    sql.execute("SELECT DISTINCT version, priority FROM tasks WHERE user_id = %s", (owner.id,))
    assert sql.fetchall() == [(2, "low") if fitting else (1, "medium")]
    sql.execute("SELECT FROM operations WHERE user_id = %s", (owner.id,))
    assert sql.rowcount == fitting
    status, _ = ask(owner, "PATCH", "tasks/batch", {"items": items[:100]})
    assert status == 200


@pytest.mark.slow
@every_text
def test_a_batch_of_documents_gets_through(owner: Person, sql: cursor, text: str) -> None:
    fill(sql, owner, DOCUMENTS, text, 500)
    items = [{"id": id, "title": text * 255} for id in ids_of(sql, owner, "documents")]
    for some in (items[:250], items[250:]):
        assert ask(owner, "PATCH", "documents/batch", {"items": some})[0] == 200


@every_text
def test_an_added_batch_of_a_whole_mib_gets_through(owner: Person, text: str) -> None:
    task = {"title": text * 200, "description": text * 2000, "tags": [text * 50] * 20}
    room = (1024 * 1024 - 20) // (len(json.dumps(task)) + 2)
    status, added = ask(owner, "POST", "tasks/batch", {"items": [task] * min(room, 500)})
    assert (status, len(added["items"])) == (201, min(room, 500))


def test_a_batch_is_deleted_though_telling_of_it_would_be_too_long(
    owner: Person, sql: cursor
) -> None:
    fill(sql, owner, TASKS, "\x01", 500)
    deleted = owner.post("tasks/batch-delete", json={"ids": ids_of(sql, owner, "tasks")})
    assert deleted.status_code == 204


def test_a_refused_batch_is_one_round_trip(owner: Person, sql: cursor, wire: CountingProxy) -> None:
    fill(sql, owner, TASKS, "\x01", 500)
    items = [{"id": id} for id in ids_of(sql, owner, "tasks")]
    owner.get("tasks")
    wire.reset()
    assert owner.patch("tasks/batch", json={"items": items}).status_code == 413
    assert wire.snapshot().kinds == ("Q",)


@pytest.mark.parametrize("text", ["\x01", '"', "\\", "漢", "a", "🧊", "\n", "\x7f"], ids=ascii)
def test_what_fits_is_what_lambda_counts(text: str) -> None:
    def body(count: int) -> bytes:
        return json.dumps([text * count], ensure_ascii=False).encode()

    most = (LARGEST - carried('[""]')) // (carried(body(2).decode()) - carried(body(1).decode()))
    assert fits(body(most))
    assert not fits(body(most + 1))
