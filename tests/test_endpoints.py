"""What strictness must let through, and what only the wire itself can send."""

import asyncio
import json
from typing import Any

import pytest

from app.main import app
from tests.people import Person
from tests.problem import refused

JSON = {"content-type": "application/json"}


def nested(levels: int) -> dict[str, Any]:
    """`levels` levels deep, the object's own among them."""
    value: list[Any] = []
    for _ in range(levels - 2):
        value = [value]
    return {"title": value}


@pytest.mark.parametrize(
    "title",
    [
        "[" * 100 + "{" * 100,
        r"\u0000 as six letters",
        r"C:\users\ud800",
        "\U0001f600",
        "a\tb\n",
        "ﬁ",
    ],
)
def test_text_that_only_looks_dangerous_is_stored(owner: Person, title: str) -> None:
    for body in (json.dumps({"title": title}), json.dumps({"title": title}, ensure_ascii=False)):
        added = owner.post("tasks", content=body.encode(), headers=JSON)
        assert (added.status_code, added.json()["title"]) == (201, title)


def test_32_levels_are_read_and_33_are_not(owner: Person) -> None:
    read = refused(owner.post("tasks", json=nested(32)), 422)
    assert [each["pointer"] for each in read["errors"]] == ["/title"]
    unread = refused(owner.post("tasks", json=nested(33)), 400)
    assert (unread["code"], unread["detail"]) == ("malformed", "JSON may be 32 levels deep")


def test_levels_count_wherever_they_begin(owner: Person) -> None:
    wide = {"items": [{"title": "a", "tags": ["b"]}] * 60}
    assert owner.post("tasks/batch", json=wide).status_code == 201


def test_a_pointer_escapes_its_steps_and_keeps_them_short(owner: Person) -> None:
    problem = refused(owner.post("tasks", json={"title": "a", "a/b~c": 1, "k" * 9000: 1}), 422)
    assert [each["pointer"] for each in problem["errors"]] == ["/a~1b~0c", "/" + "k" * 100]


def test_no_more_than_100_mistakes_are_listed(owner: Person) -> None:
    problem = refused(owner.post("tasks/batch", json={"items": [{}] * 500}), 422)
    assert len(problem["errors"]) == 100


def over_the_wire(person: Person, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Answer a POST of a task whose body arrives as these ASGI messages."""
    answers: list[dict[str, Any]] = []
    waiting = iter(messages)
    headers = [
        (b"authorization", person.headers["authorization"].encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/me/tasks",
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(app(scope, receive, send))
    return answers


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_in_pieces_is_read_as_one(owner: Person) -> None:
    pieces = [part(bytes([byte])) for byte in b'{"title":"in pieces"}']
    start, body = over_the_wire(owner, *pieces, part(b"", more=False))
    assert start["status"] == 201
    assert json.loads(body["body"])["title"] == "in pieces"


def test_a_caller_who_leaves_amid_the_body_changes_nothing(owner: Person) -> None:
    start, _ = over_the_wire(owner, part(b'{"title":'), {"type": "http.disconnect"})
    assert start["status"] == 400
    assert owner.titles() == []


def test_reading_stops_where_a_body_becomes_too_large(owner: Person) -> None:
    endless = [part(b" " * 65536)] * 17  # 1 MiB and a piece; asking for more would fail
    start, _ = over_the_wire(owner, *endless)
    assert start["status"] == 413
