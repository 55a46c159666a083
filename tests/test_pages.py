"""Pages: their union is the list, whatever is sorted by and whatever happens between them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor

from app.errors import InvalidCursor
from app.pages import decode, encode
from app.tasks.queries import KEYS
from app.tasks.schemas import TaskQuery
from tests.conversing import start
from tests.people import Person, sign_up
from tests.problem import refused

SORTS = [f"{sign}{name}" for name in KEYS for sign in ("", "-")]
START = datetime(2030, 1, 1, tzinfo=UTC)
few = st.integers(0, 3)  # few values, so that ties are common
task_fields: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["a", "B", "ä", "a"]),
        "priority": st.sampled_from(["low", "medium", "high", "urgent"]),
        "due_at": st.none() | few.map(lambda days: (START + timedelta(days=days)).isoformat()),
    }
)


def walk(person: Person, query: str, between: Any = None) -> list[dict[str, Any]]:
    """All pages, by the cursors that they name."""
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = person.get(f"tasks?{query}{cursor}")
        assert page.status_code == 200, page.text
        seen += page.json()["items"]
        if page.json()["next"] is None:
            assert "link" not in page.headers
            return seen
        assert page.headers["link"].startswith("</api/me/tasks?")
        cursor = f"&cursor={page.json()['next']}"
        if between:
            between()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(task_fields, max_size=14), st.sampled_from(SORTS), st.integers(1, 5), st.data())
def test_the_union_of_pages_is_the_set_while_rows_come_and_go(
    sql: cursor, tasks: list[Any], sort: str, limit: int, data: st.DataObject
) -> None:
    person = sign_up(sql, "reader")
    items = [{**task, "description": "stays"} for task in tasks]
    kept = person.post("tasks/batch", json={"items": items}).json()["items"] if items else []
    extras: list[str] = []

    def something_happens() -> None:
        extras.append(person.add(**data.draw(task_fields))["id"])
        if data.draw(st.booleans()):
            person.delete(f"tasks/{extras.pop(0)}")

    seen = walk(person, f"sort={sort}&limit={limit}", something_happens)
    ids = [task["id"] for task in seen]
    assert len(ids) == len(set(ids))
    assert {task["id"] for task in kept} <= set(ids)
    assert in_order(seen, sort)


def in_order(tasks: list[Any], sort: str) -> bool:
    """Whether each task comes before the next, by the key and then by id."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    ranks = {"low": 1, "medium": 2, "high": 3, "urgent": 4}

    def place(task: Any) -> Any:
        value = task[name]
        if name == "priority":
            return ranks[value], task["id"]
        if name == "title":
            return value.encode(), task["id"]
        return value or "9999", task["id"]

    return tasks == sorted(tasks, key=place, reverse=descending)


@pytest.mark.parametrize("sort", SORTS)
def test_own_and_team_tasks_are_one_list(
    owner: Person, teammate: Person, team: str, sort: str
) -> None:
    for n in range(4):
        owner.add(f"mine {n}", priority="high" if n % 2 else "low")
        owner.add(f"ours {n}", team_id=team)
        teammate.add(f"theirs {n}", team_id=team)
        teammate.add(f"private {n}")
    seen = walk(owner, f"sort={sort}&limit=5")
    assert len(seen) == 12
    assert in_order(seen, sort)
    assert not any(task["title"].startswith("private") for task in seen)


@pytest.mark.parametrize("sort", SORTS)
def test_page_numbers_and_cursors_show_the_same(owner: Person, sort: str) -> None:
    owner.post("tasks/batch", json={"items": [{"title": str(n)} for n in range(7)]})
    pages = [owner.get(f"tasks?sort={sort}&page={n}&page_size=3").json() for n in (1, 2, 3, 4)]
    assert [task for page in pages for task in page["items"]] == walk(owner, f"sort={sort}&limit=3")
    assert {(page["total"], page["pages"]) for page in pages} == {(7, 3)}


def test_a_numbered_page_links_to_the_next(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 3})
    first = owner.get("tasks?page=1&page_size=2")
    assert first.headers["link"] == '</api/me/tasks?page_size=2&page=2>; rel="next"'
    for query, page in (("page_size=1", 2), ("page=2&page_size=1", 3)):
        assert f"page={page}>" in owner.get(f"tasks?{query}").headers["link"]
    assert "link" not in owner.get("tasks?page=2&page_size=2").headers


def test_a_page_that_ends_where_the_list_does_links_to_none(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 2})
    first, whole = owner.get("tasks?limit=1"), owner.get("tasks?limit=2")
    link = f'</api/me/tasks?limit=1&cursor={first.json()["next"]}>; rel="next"'
    assert first.headers["link"] == link
    assert (whole.json()["next"], whole.headers.get("link")) == (None, None)


def test_a_cursor_fits_a_page_of_another_size_with_or_without_the_total(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 3})
    for first, then in (("", "&include=total"), ("&include=total", "")):
        cursor = owner.get(f"tasks?limit=1{first}").json()["next"]
        rest = owner.get(f"tasks?limit=2{then}&cursor={cursor}").json()
        assert (len(rest["items"]), rest["next"]) == (2, None)


@pytest.mark.parametrize("name", ["limit", "page", "page_size"])
def test_pages_and_what_is_on_them_are_counted_from_1(owner: Person, name: str) -> None:
    for number in (0, -1):
        told = refused(owner.get(f"tasks?{name}={number}"), 422)
        assert told["errors"][0]["pointer"] == f"/query/{name}"
    assert owner.get(f"tasks?{name}=1").is_success


def test_the_total_comes_with_a_cursor_page_when_asked_for(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 3})
    assert "total" not in owner.get("tasks?limit=2").json()
    counted = owner.get("tasks?limit=2&include=total").json()
    assert (len(counted["items"]), counted["total"], "pages" in counted) == (2, 3, False)
    last = owner.get(f"tasks?limit=2&include=total&cursor={counted['next']}").json()
    assert (len(last["items"]), last["total"], last["next"]) == (1, 3, None)
    assert owner.get("tasks?page=9").json() == {"items": [], "next": None, "total": 3, "pages": 1}


def test_the_total_is_of_what_the_filters_let_through(owner: Person) -> None:
    items = [{"title": "T", "status": status} for status in ("todo", "done", "done")]
    owner.post("tasks/batch", json={"items": items})
    owner.delete(f"tasks/{owner.add()['id']}")
    for query, total in (("", 3), ("&status=done", 2), ("&deleted=true", 1)):
        for paging in ("limit=1&include=total", "page=1&page_size=1"):
            assert owner.get(f"tasks?{paging}{query}").json()["total"] == total


def test_a_cursor_belongs_to_its_sort_and_filters(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 3})
    cursor = owner.get("tasks?limit=1&sort=title&status=todo").json()["next"]
    assert owner.get(f"tasks?limit=2&sort=title&status=todo&cursor={cursor}").is_success
    for query in ("sort=-title&status=todo", "sort=title", "sort=title&status=todo&q=t"):
        answer = owner.get(f"tasks?{query}&cursor={cursor}")
        assert refused(answer, 400)["code"] == "invalid_cursor"


@pytest.mark.parametrize("way", ["cursor", "after", "before"])
@pytest.mark.parametrize(
    "path",
    ["tasks", "tasks?q=t", "documents", "conversations", "teams", "export", "{talk}/messages"],
)
def test_an_empty_cursor_is_none_that_a_list_handed_out(owner: Person, path: str, way: str) -> None:
    path = path.format(talk=f"conversations/{start(owner)['id']}")
    answer = owner.get(f"{path}{'&' if '?' in path else '?'}{way}=")
    if way == "cursor" or "messages" in path:
        assert refused(answer, 400)["code"] == "invalid_cursor"
    else:
        refused(answer, 422)


def test_a_cursor_and_a_page_number_do_not_go_together(owner: Person) -> None:
    owner.post("tasks/batch", json={"items": [{"title": "T"}] * 2})
    cursor = owner.get("tasks?limit=1").json()["next"]
    assert owner.get(f"tasks?page=2&cursor={cursor}").status_code == 422


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("due_at", "yesterday"),
        ("created_at", "2030-01-01T00:00:00"),
        ("updated_at", 5),
        ("priority", "1"),
        ("priority", 5),
        ("title", "\0"),
        ("title", 5),
    ],
)
def test_a_cursor_with_a_place_of_another_kind_is_none_that_the_list_handed_out(
    owner: Person, name: str, place: str | int
) -> None:
    row = SimpleNamespace(id="01a1fae5-dcbf-74f9-9926-70081d309f05")
    query = TaskQuery.model_validate({"sort": name})
    forged = encode(query, KEYS[name]._replace(read=lambda _: place), row)
    answer = owner.get("tasks", params={"sort": name, "cursor": forged})
    assert refused(answer, 400)["code"] == "invalid_cursor"


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(few)


@pytest.mark.parametrize("name", KEYS)
@given(value=anything)
def test_a_forged_place_is_a_value_of_its_key_or_refused(name: str, value: Any) -> None:
    """Nothing else is raised, whatever a cursor holds."""
    query = TaskQuery.model_validate({"sort": name})
    row = SimpleNamespace(id="01a1fae5-dcbf-74f9-9926-70081d309f05")
    forged = encode(query, KEYS[name]._replace(read=lambda _: value), row)
    with suppress(InvalidCursor):
        assert decode(query.model_copy(update={"cursor": forged}), KEYS[name]) is not None
