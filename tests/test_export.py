"""Everything a user owns, to take along: whole, once, in pages that fit into any answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg2.extensions import cursor

from app.access import Caller
from app.aws import handler
from app.db import OneTrip
from app.pages import packed
from app.users.export import LARGEST, list_everything
from app.users.exported import ExportQuery
from dev.events import DOORS, Request
from dev.lambda_function import Context
from dev.wire import CountingProxy
from tests.people import Person
from tests.problem import refused

LAMBDA = 6 * 1024 * 1024
KINDS = ["profile", "task", "document", "conversation", "message", "team_membership"]


def export(person: Person, **query: Any) -> Any:
    return person.get("export", params=query)


def pages(person: Person, **query: Any) -> Iterator[dict[str, Any]]:
    """Page after page, following both the cursor and the link, which say the same."""
    answer = export(person, **query)
    while True:
        assert answer.status_code == 200, answer.text
        yield answer.json()
        following = answer.json()["next"]
        link = answer.headers.get("link")
        if following is None:
            assert link is None
            return
        target, _, relation = link.partition("; ")
        assert relation == 'rel="next"'
        assert f"cursor={following}" in target
        answer = person.get(f"http://test{target.strip('<>')}")


def everything(person: Person, **query: Any) -> list[tuple[str, Any]]:
    return [
        (each["type"], each["item"]) for page in pages(person, **query) for each in page["items"]
    ]


def keys(found: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(kind, item.get("id") or item["team_id"]) for kind, item in found]


def add_documents(sql: cursor, person: Person, count: int, content: str) -> None:
    sql.execute(
        "INSERT INTO documents (id, user_id, title, content)"
        " SELECT gen_random_uuid(), %s, 'Long', %s FROM generate_series(1, %s)",
        (person.id, content, count),
    )


def give(sql: cursor, person: Person, count: int = 1) -> None:
    """So many of each kind, half of them deleted."""
    for number in range(count):
        task = person.add(f"Task {number}")
        if number % 2:
            person.delete(f"tasks/{task['id']}")
    sql.execute(
        "WITH talks AS (INSERT INTO conversations (id, user_id, deleted_at)"
        " SELECT gen_random_uuid(), %(me)s, CASE WHEN n %% 2 > 0 THEN now() END"
        " FROM generate_series(1, %(count)s) n RETURNING id),"
        " documents AS (INSERT INTO documents (id, user_id, title, deleted_at)"
        " SELECT gen_random_uuid(), %(me)s, 'Plan', CASE WHEN n %% 2 > 0 THEN now() END"
        " FROM generate_series(1, %(count)s) n)"
        " INSERT INTO messages (id, conversation_id, user_id, role, content, metadata)"
        " SELECT gen_random_uuid(), id, %(me)s, 'user', 'Hello', '{\"model\": \"m\"}' FROM talks",
        {"me": person.id, "count": count},
    )


def test_an_export_holds_every_kind_whole(owner: Person, team: str, sql: cursor) -> None:
    task = owner.add("Mine", team_id=team, tags=["ü"], due_at="2026-01-01T00:00:00+02:00")
    give(sql, owner)
    found = everything(owner)
    assert [kind for kind, _ in found] == [*KINDS[:1], "task", *KINDS[1:]]
    items = dict(reversed(found))
    assert items["profile"] == owner.get("http://test/api/me").json()
    assert items["task"] == {name: task[name] for name in task if name != "completed"}
    assert items["task"]["due_at"] == "2025-12-31T22:00:00Z"
    assert items["message"]["metadata"] == {"model": "m"}
    assert items["message"]["conversation_id"] == items["conversation"]["id"]
    membership = items["team_membership"]
    joined = datetime.fromisoformat(membership.pop("joined_at"))
    assert joined < datetime.now(UTC)
    assert membership == {"team_id": team, "name": "A-team", "role": "owner"}


@pytest.mark.parametrize("kind", ["task", "document", "conversation", "message"])
def test_no_column_is_forgotten(owner: Person, sql: cursor, kind: str) -> None:
    give(sql, owner)
    item = dict(everything(owner))[kind]
    sql.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'",
        (f"{kind}s",),
    )
    assert item.keys() == {name for (name,) in sql.fetchall()}


def test_what_is_deleted_and_not_purged_is_there_and_says_so(owner: Person, sql: cursor) -> None:
    give(sql, owner, 2)
    for kind in ("task", "document", "conversation"):
        times = [item["deleted_at"] for each, item in everything(owner) if each == kind]
        assert sorted(time is None for time in times) == [False, True]


def test_nothing_of_others_is_there_though_it_is_shared(
    owner: Person, teammate: Person, outsider: Person, team: str, sql: cursor
) -> None:
    owner.add("Shared", team_id=team)
    give(sql, owner)
    assert [kind for kind, _ in everything(teammate)] == ["profile", "team_membership"]
    assert keys(everything(outsider)) == [("profile", outsider.id)]
    theirs = outsider.get(f"http://test/api/{owner.id}/export")
    assert refused(theirs, 403)["code"] == "forbidden"


def test_a_user_without_a_row_has_nothing() -> None:
    assert export(Person("stranger")).json() == {"items": [], "next": None}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_the_pages_of_any_size_make_the_whole(owner: Person, sql: cursor, limit: int) -> None:
    give(sql, owner, 5)
    whole = everything(owner)
    assert len(whole) == 21
    assert everything(owner, limit=limit) == whole
    sizes = [len(page["items"]) for page in pages(owner, limit=limit)]
    assert sizes[:-1] == [limit] * (len(sizes) - 1)
    assert 1 <= sizes[-1] <= limit


def test_pages_are_the_whole_while_rows_come_and_go_beside_them(owner: Person, sql: cursor) -> None:
    give(sql, owner, 5)
    before = keys(everything(owner))
    going = next(id for kind, id in before if kind == "document")
    found: list[tuple[str, str]] = []
    for page in pages(owner, limit=3):
        found += keys([(each["type"], each["item"]) for each in page["items"]])
        give(sql, owner)
        if ("document", going) in found:
            sql.execute("DELETE FROM documents WHERE id = %s", (going,))
    assert len(set(found)) == len(found)
    assert set(before) <= set(found)
    assert [KINDS.index(kind) for kind, _ in found] == sorted(
        KINDS.index(kind) for kind, _ in found
    )


@pytest.mark.parametrize("text", ["a", "ü", "🧊", '"', "\x01"])
def test_no_answer_is_longer_than_lambda_lets_through(
    owner: Person, sql: cursor, text: str
) -> None:
    add_documents(sql, owner, 10, text * (256 * 1024 // len(text.encode())))
    headers = [("Authorization", owner.headers["authorization"])]
    target, sizes = "/api/me/export", list[int]()
    while target:
        result = handler(DOORS["v2"](Request("GET", target, headers)), Context())
        assert len(json.dumps(result).encode()) < LAMBDA
        assert len(result["body"].encode()) < LARGEST + 1000
        page = json.loads(result["body"])
        sizes.append(len(page["items"]))
        target = page["next"] and f"/api/me/export?cursor={page['next']}"
    assert sum(sizes) == 11
    assert sizes[0] == {'"': 4, "\x01": 2}.get(text, 8)


def test_no_more_is_read_than_a_page_can_carry(owner: Person, sql: cursor) -> None:
    add_documents(sql, owner, 20, "a" * 256 * 1024)
    read = list_everything(OneTrip(), Caller(owner.id), ExportQuery(limit=100))
    assert len(read) == 9  # the profile, and documents until they pass 2 MB


def test_a_page_is_one_round_trip(
    owner: Person, team: str, sql: cursor, wire: CountingProxy
) -> None:
    assert team
    give(sql, owner, 3)
    following = export(owner, limit=5).json()["next"]
    for query in ({}, {"limit": 1}, {"limit": 5, "cursor": following}):
        wire.reset()
        assert export(owner, **query).is_success
        assert wire.snapshot().kinds == ("Q",)


ID = "01980000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "🧊",
        packed("other", 1, ID),
        packed("export", 1),
        packed("export", 1, ID, ID),
        packed("export", 6, ID),
        packed("export", -1, ID),
        packed("export", "1", ID),
        packed("export", 1, 1),
        packed("export", 1, "no id"),
    ],
)
def test_a_cursor_that_no_export_made_is_refused(owner: Person, cursor: str) -> None:
    assert refused(export(owner, cursor=cursor), 400)["code"] == "invalid_cursor"


def test_a_cursor_of_a_list_is_refused_and_one_of_an_export_by_lists(owner: Person) -> None:
    owner.add()
    owner.add()
    of_tasks = owner.get("tasks?limit=1").json()["next"]
    of_export = export(owner, limit=1).json()["next"]
    assert refused(export(owner, cursor=of_tasks), 400)["code"] == "invalid_cursor"
    assert refused(owner.get(f"tasks?cursor={of_export}"), 400)["code"] == "invalid_cursor"


def test_a_cursor_behind_the_last_row_finds_nothing(owner: Person) -> None:
    assert export(owner, cursor=packed("export", 5, ID)).json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"page": 1}, {"sort": "id"}])
def test_other_parameters_are_refused(owner: Person, query: dict[str, Any]) -> None:
    refused(export(owner, **query), 422)


def test_every_item_is_as_the_document_says(owner: Person) -> None:
    document = owner.get("http://test/openapi.json").json()
    schemas = document["components"]["schemas"]
    items = schemas["Export"]["properties"]["items"]["items"]
    assert items["discriminator"]["mapping"].keys() == {*KINDS}
    message = schemas["MessageRow"]["properties"]
    assert {"id", "conversation_id", "content", "metadata"} <= message.keys()
