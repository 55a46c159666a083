"""Tasks through HTTP, as their owner, a teammate and an outsider see them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response
from psycopg2.extensions import cursor

from app.access import Caller
from app.errors import Conflict
from app.etags import Tag
from app.shared_batches import bad_addition, bad_change, bad_deletion
from app.tables import Task
from app.tasks.schemas import NewTask, TaskChangeById
from tests.concurrency import open_transaction, wait_for_a_lock
from tests.people import Person
from tests.problem import refused

READ_ONLY = {"id", "user_id", "completed", "completed_at", "created_at", "updated_at", "version"}


def soon(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def test_a_task_reads_back_as_it_was_added(owner: Person) -> None:
    added = owner.post("tasks", json={"title": "Write", "tags": ["a"], "priority": "urgent"})
    assert added.status_code == 201
    assert added.headers["etag"] == '"1"'
    assert owner.get(f"http://test{added.headers['location']}").json() == added.json()


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "t" * 201), ("description", "d" * 2001), ("tags", [f"{n}" for n in range(21)])],
)
def test_a_field_that_is_too_long_is_pointed_at(owner: Person, field: str, value: Any) -> None:
    path = f"tasks/{owner.add()['id']}"
    for answer in (
        owner.post("tasks", json={"title": "T", field: value}),
        owner.patch(path, json={field: value}),
    ):
        assert refused(answer, 422)["errors"][0]["pointer"] == f"/{field}"


def test_what_was_not_sent_has_its_default(owner: Person) -> None:
    task = owner.add("Write")
    assert task["user_id"] == owner.id
    assert (task["status"], task["priority"], task["completed"]) == ("todo", "medium", False)
    assert (task["tags"], task["version"]) == ([], 1)
    empty = ("team_id", "description", "due_at", "completed_at", "deleted_at")
    assert [task[name] for name in empty] == [None] * len(empty)


def test_times_go_out_in_utc(owner: Person) -> None:
    assert owner.add(due_at="2030-01-01T00:00:00+02:00")["due_at"] == "2029-12-31T22:00:00Z"


def test_ids_are_uuid7_in_the_order_of_making(owner: Person) -> None:
    ids = [owner.add()["id"] for _ in range(5)]
    assert ids == sorted(ids)
    assert {id[14] for id in ids} == {"7"}


@pytest.mark.parametrize("field", sorted(READ_ONLY))
def test_what_the_database_keeps_cannot_be_sent(owner: Person, field: str) -> None:
    task = owner.add()
    for answer in (
        owner.post("tasks", json={"title": "T", field: task[field]}),
        owner.patch(f"tasks/{task['id']}", json={field: task[field]}),
    ):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"


# Sight ------------------------------------------------------------------------------------------


def test_a_teammate_sees_and_changes_a_team_task_and_an_outsider_neither(
    owner: Person, teammate: Person, outsider: Person, team: str
) -> None:
    task = owner.add("Ours", team_id=team)
    path = f"tasks/{task['id']}"
    assert teammate.get(path).json() == task
    assert teammate.titles() == ["Ours"]
    assert teammate.patch(path, json={"title": "Mine too"}).status_code == 200
    for answer in (
        outsider.get(path),
        outsider.patch(path, json={"title": "Theirs"}),
        outsider.delete(path),
        outsider.delete(f"{path}?permanent=true"),
        outsider.post(f"{path}/complete"),
        outsider.post(f"{path}/reopen"),
        outsider.post(f"{path}/restore"),
        outsider.patch("tasks/batch", json={"items": [{"id": task["id"], "title": "T"}]}),
        outsider.post("tasks/batch-delete", json={"ids": [task["id"]]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert outsider.titles() == []
    assert owner.get(path).json()["title"] == "Mine too"


def test_another_users_address_is_forbidden_and_ones_own_id_is_me(
    owner: Person, outsider: Person
) -> None:
    task = owner.add()
    assert outsider.get(f"/api/{owner.id}/tasks").status_code == 404  # below /api/me/ still
    assert outsider.get(f"http://test/api/{owner.id}/tasks").json()["code"] == "forbidden"
    assert owner.get(f"http://test/api/{owner.id}/tasks/{task['id']}").json() == task


def test_only_the_owner_or_an_admin_deletes_a_team_task(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    path = f"tasks/{owner.add(team_id=team)['id']}"
    assert teammate.delete(path).status_code == 403
    assert teammate.delete(f"{path}?permanent=true").status_code == 403
    refused = teammate.post("tasks/batch-delete", json={"ids": [path.removeprefix("tasks/")]})
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["pointer"] == "/ids/0"
    sql.execute("UPDATE members SET role = 'admin' WHERE user_id = %s", (teammate.id,))
    assert teammate.delete(path).status_code == 204
    assert teammate.post(f"{path}/restore").status_code == 200


def test_nobody_gives_a_task_to_a_team_they_are_not_in(outsider: Person, team: str) -> None:
    refused = outsider.post("tasks", json={"title": "Mine", "team_id": team})
    assert (refused.status_code, refused.json()["detail"]) == (404, "no such team")
    mine = outsider.add()
    moved = outsider.patch(f"tasks/{mine['id']}", json={"team_id": team})
    assert (moved.status_code, moved.json()["detail"]) == (404, "no such team")
    assert outsider.get("tasks").json()["items"] == [mine]


def test_only_its_owner_moves_a_task_between_teams(
    owner: Person, teammate: Person, team: str
) -> None:
    id = owner.add(team_id=team)["id"]
    assert teammate.patch(f"tasks/{id}", json={"team_id": None}).status_code == 403
    batch = teammate.patch("tasks/batch", json={"items": [{"id": id, "team_id": None}]})
    assert batch.status_code == 403
    assert batch.json()["errors"][0]["pointer"] == "/items/0/team_id"
    assert owner.patch(f"tasks/{id}", json={"team_id": None}).status_code == 200
    assert teammate.get(f"tasks/{id}").status_code == 404


def test_leaving_a_team_takes_ones_tasks_back_as_a_new_version(
    owner: Person, teammate: Person, team: str, sql: cursor
) -> None:
    task = teammate.add(team_id=team)
    sql.execute("DELETE FROM members WHERE user_id = %s", (teammate.id,))
    assert owner.get(f"tasks/{task['id']}").status_code == 404
    kept = teammate.get(f"tasks/{task['id']}")
    assert (kept.json()["team_id"], kept.headers["etag"]) == (None, '"2"')


# Change -----------------------------------------------------------------------------------------


def test_a_patch_changes_what_it_names_and_nothing_else(owner: Person) -> None:
    task = owner.add("Write", description="A letter", tags=["a"], due_at=soon(days=1))
    changed = owner.patch(f"tasks/{task['id']}", json={"title": "Sign", "due_at": None}).json()
    differing = {name for name in task if task[name] != changed[name]}
    assert differing == {"title", "due_at", "updated_at", "version"}
    assert (changed["title"], changed["due_at"], changed["version"]) == ("Sign", None, 2)


@pytest.mark.parametrize("field", ["title", "status", "priority", "tags"])
def test_null_clears_only_what_can_be_empty(owner: Person, field: str) -> None:
    task = owner.add()
    assert owner.patch(f"tasks/{task['id']}", json={field: None}).status_code == 422
    assert owner.get(f"tasks/{task['id']}").json() == task


@pytest.mark.parametrize("change", [{}, {"title": "Write"}])
def test_a_patch_that_changes_nothing_makes_no_version(
    owner: Person, change: dict[str, str]
) -> None:
    task = owner.add("Write")
    assert owner.patch(f"tasks/{task['id']}", json=change).json() == task


@pytest.mark.parametrize(
    "change",
    [
        {"title": "New"},
        {"description": "New"},
        {"status": "in_progress"},
        {"priority": "urgent"},
        {"tags": ["new"]},
        {"due_at": "2030-01-01T00:00:00Z"},
    ],
)
def test_whatever_changes_alone_makes_a_version(owner: Person, change: dict[str, Any]) -> None:
    path = f"tasks/{owner.add()['id']}"
    changed = owner.patch(path, json=change)
    assert changed.headers["etag"] == '"2"'
    assert changed.json()["updated_at"] > changed.json()["created_at"]


def test_a_change_that_waited_for_another_is_the_later_one(owner: Person, sql: cursor) -> None:
    change = partial(owner.patch, f"tasks/{owner.add()['id']}", json={"title": "Last"})
    with ThreadPoolExecutor(1) as thread:
        with open_transaction() as other:
            other.execute("UPDATE tasks SET title = 'First' WHERE user_id = %s", (owner.id,))
            sent = thread.submit(change)
            wait_for_a_lock(sql)
            other.execute("SELECT clock_timestamp()")
            moment = other.fetchone()
        changed = sent.result().json()
    assert (changed["title"], changed["version"]) == ("Last", 3)
    assert moment
    assert datetime.fromisoformat(changed["updated_at"]) > moment[0]


def test_completing_and_reopening_set_and_clear_the_time(owner: Person) -> None:
    path = f"tasks/{owner.add(status='in_progress')['id']}"
    assert owner.post(f"{path}/reopen").json()["status"] == "in_progress"
    done = owner.post(f"{path}/complete").json()
    assert (done["status"], done["completed"]) == ("done", True)
    assert done["completed_at"] >= done["created_at"]
    assert owner.post(f"{path}/complete").json() == done
    open_again = owner.post(f"{path}/reopen").json()
    assert (open_again["status"], open_again["completed_at"]) == ("todo", None)
    assert owner.add(status="done")["completed_at"] is not None


def test_a_stale_version_is_refused_and_changes_nothing(owner: Person) -> None:
    task = owner.add()
    path = f"tasks/{task['id']}"
    for tag in ('"2"', 'W/"1"', '"abc"', "1", '"99999999999999999999"', '""'):
        stale = {"If-Match": tag}
        for answer in (
            owner.patch(path, json={"title": "T"}, headers=stale),
            owner.post(f"{path}/complete", headers=stale),
            owner.delete(path, headers=stale),
            owner.delete(f"{path}?permanent=true", headers=stale),
        ):
            assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
            assert answer.headers["x-should-retry"] == "false"
    assert owner.get(path).json() == task


def test_what_is_forbidden_is_so_in_every_version(
    owner: Person, teammate: Person, team: str
) -> None:
    id = owner.add(team_id=team)["id"]
    for tag in ('"1"', '"2"'):
        guard = {"If-Match": tag}
        refused(teammate.patch(f"tasks/{id}", json={"team_id": None}, headers=guard), 403)
        refused(teammate.delete(f"tasks/{id}", headers=guard), 403)
        refused(teammate.post(f"tasks/{id}/restore", headers=guard), 403)
        refused(teammate.delete(f"tasks/{id}?permanent=true", headers=guard), 403)
    refused(
        teammate.patch("tasks/batch", json={"items": [{"id": id, "version": 2, "team_id": None}]}),
        403,
    )


@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"'])
def test_the_current_version_is_accepted(owner: Person, tag: str) -> None:
    path = f"tasks/{owner.add()['id']}"
    changed = owner.patch(path, json={"title": "New"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "*", '"7", "1"'])
def test_a_reader_who_has_this_version_gets_304(owner: Person, tag: str) -> None:
    path = f"tasks/{owner.add()['id']}"
    known = owner.get(path, headers={"If-None-Match": tag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"1"')
    owner.patch(path, json={"title": "New"})
    if tag != "*":
        assert owner.get(path, headers={"If-None-Match": tag}).status_code == 200


# Delete -----------------------------------------------------------------------------------------


def test_a_deleted_task_is_gone_until_it_is_restored(owner: Person) -> None:
    task = owner.add("Write")
    path = f"tasks/{task['id']}"
    for version in ('"1"', '"9"'):
        told = refused(owner.post(f"{path}/restore", headers={"If-Match": version}), 409)
        assert told["detail"] == "it is not deleted"
    assert owner.delete(path).status_code == 204
    for answer in (
        owner.get(path),
        owner.patch(path, json={"title": "T"}),
        owner.post(f"{path}/complete"),
        owner.delete(path),
    ):
        assert answer.status_code == 404
    assert (owner.titles(), owner.titles("deleted=true")) == ([], ["Write"])
    restored = owner.post(f"{path}/restore").json()
    assert restored == {**task, "version": 3, "updated_at": restored["updated_at"]}
    assert (owner.titles(), owner.titles("deleted=true")) == (["Write"], [])


def test_a_permanent_delete_leaves_nothing(owner: Person) -> None:
    first, second = (f"tasks/{owner.add()['id']}" for _ in range(2))
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
        ("POST", "/complete"),
        ("POST", "/reopen"),
        ("POST", "/restore"),
    ],
)
def test_an_absent_task_is_404(owner: Person, method: str, path: str) -> None:
    body: Any = {"title": "T"} if method == "PATCH" else None
    assert owner.request(method, f"tasks/{uuid4()}{path}", json=body).status_code == 404


# Batches ----------------------------------------------------------------------------------------


def test_a_batch_comes_back_in_the_order_it_was_sent(owner: Person) -> None:
    titles = [str(n) for n in range(500)]
    added = owner.post("tasks/batch", json={"items": [{"title": title} for title in titles]})
    assert added.status_code == 201
    tasks = added.json()["items"]
    assert [task["title"] for task in tasks] == titles
    patches = [{"id": task["id"], "title": f"new {task['title']}"} for task in reversed(tasks)]
    changed = owner.patch("tasks/batch", json={"items": patches}).json()["items"]
    assert [task["title"] for task in changed] == [patch["title"] for patch in patches]
    gone = owner.post("tasks/batch-delete", json={"ids": [task["id"] for task in tasks]})
    assert (gone.status_code, owner.titles()) == (204, [])


def test_each_item_of_a_batch_is_a_patch_of_its_own(owner: Person) -> None:
    a, b, c = (owner.add(t, due_at=soon(days=1), tags=["x"]) for t in "abc")
    items = [
        {"id": a["id"], "due_at": None},
        {"id": b["id"], "tags": ["y", "z"], "status": "done", "version": 1},
        {"id": c["id"]},
    ]
    new_a, new_b, new_c = owner.patch("tasks/batch", json={"items": items}).json()["items"]
    assert (new_a["due_at"], new_a["tags"]) == (None, ["x"])
    assert (new_b["due_at"], new_b["tags"]) == (b["due_at"], ["y", "z"])
    assert new_b["completed"]
    assert new_c == c


def test_a_batch_with_one_refused_item_changes_nothing_and_names_it(
    owner: Person, outsider: Person, team: str
) -> None:
    mine, theirs = owner.add("mine"), outsider.add("theirs")
    ok = {"id": mine["id"], "title": "T"}
    for answer, status, pointer in (
        (owner.patch("tasks/batch", json={"items": [ok, {"id": theirs["id"]}]}), 404, "/items/1"),
        (
            owner.patch("tasks/batch", json={"items": [{**ok, "version": 9}]}),
            412,
            "/items/0",
        ),
        (
            owner.patch("tasks/batch", json={"items": [{**ok, "team_id": str(uuid4())}]}),
            404,
            "/items/0/team_id",
        ),
        (
            outsider.post(
                "tasks/batch", json={"items": [{"title": "T"}, {"title": "T", "team_id": team}]}
            ),
            404,
            "/items/1/team_id",
        ),
        (
            owner.post("tasks/batch-delete", json={"ids": [mine["id"], theirs["id"]]}),
            404,
            "/ids/1",
        ),
    ):
        assert answer.status_code == status, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert owner.get("tasks").json()["items"] == [mine]
    assert outsider.get("tasks").json()["items"] == [theirs]


def test_an_empty_repeated_or_oversized_batch_is_refused(owner: Person) -> None:
    id = str(uuid4())
    for path, body in (
        ("tasks/batch", {"items": []}),
        ("tasks/batch", {"items": [{"title": "T"}] * 501}),
        ("tasks/batch-delete", {"ids": [id, id]}),
    ):
        assert owner.post(path, json=body).status_code == 422
    twice = {"items": [{"id": id, "title": "a"}, {"id": id, "title": "b"}]}
    assert owner.patch("tasks/batch", json=twice).status_code == 422
    assert owner.titles() == []


# Lists ------------------------------------------------------------------------------------------


def test_filters_narrow_the_list(owner: Person, team: str) -> None:
    owner.add("todo", priority="low", tags=["a", "b"], due_at=soon(days=1))
    owner.add("doing", status="in_progress", priority="high", tags=["b"])
    owner.add("done", status="done", team_id=team, due_at=soon(days=9))
    for query, titles in (
        ("status=todo", {"todo"}),
        ("status=todo&status=done", {"todo", "done"}),
        ("status=pending", {"todo", "doing"}),
        ("status=completed", {"done"}),
        ("status=all", {"todo", "doing", "done"}),
        ("completed=true", {"done"}),
        ("completed=false", {"todo", "doing"}),
        ("priority=low&priority=high", {"todo", "doing"}),
        ("tag=b", {"todo", "doing"}),
        ("tag=a&tag=b", {"todo"}),
        (f"due_before={soon(days=5).replace('+', '%2B')}", {"todo"}),
        (f"due_after={soon(days=5).replace('+', '%2B')}", {"done"}),
        (f"created_after={soon(days=5).replace('+', '%2B')}", set()),
        (f"team_id={team}", {"done"}),
        (f"team_id={uuid4()}", set()),
    ):
        assert set(owner.titles(query)) == titles, query


def test_a_filter_has_as_many_tags_as_a_task_can_have(owner: Person) -> None:
    tags = [f"t{n}" for n in range(20)]
    owner.add("All", tags=tags)
    assert owner.get("tasks", params={"tag": tags}).json()["items"][0]["title"] == "All"
    refused(owner.get("tasks", params={"tag": [*tags, "more"]}), 422)


def test_a_moment_is_neither_before_nor_after_itself(owner: Person) -> None:
    task = owner.add("Now", due_at=soon(days=1))
    for name, moment in (
        ("due_before", task["due_at"]),
        ("due_after", task["due_at"]),
        ("created_after", task["created_at"]),
    ):
        assert owner.get("tasks", params={name: moment}).json()["items"] == [], name


def test_search_finds_words_phrases_and_exclusions(owner: Person) -> None:
    owner.add("Water the plants", description="in the garden")
    owner.add("Buy a garden hose")
    for query, found in (
        ("garden", 2),
        ("plant", 1),
        ("garden -hose", 1),
        ('"garden hose"', 1),
        ("water or hose", 2),
        ("nothing", 0),
        ("'; DROP TABLE tasks; --", 0),
    ):
        assert len(owner.get("tasks", params={"q": query}).json()["items"]) == found, query


def test_priority_sorts_by_urgency_and_no_due_date_is_the_end_of_time(owner: Person) -> None:
    for priority, days in (("high", 2), ("low", 1), ("urgent", 3)):
        owner.add(priority, priority=priority, due_at=soon(days=days))
    owner.add("medium")
    assert owner.titles("sort=-priority") == ["urgent", "high", "medium", "low"]
    assert owner.titles("sort=due_at") == ["low", "high", "urgent", "medium"]
    assert owner.titles("sort=title") == ["high", "low", "medium", "urgent"]
    assert owner.titles("") == ["medium", "urgent", "low", "high"]


def test_stats_count_what_is_in_sight(
    owner: Person, outsider: Person, team: str, sql: cursor
) -> None:
    owner.add(due_at=soon(days=-1), priority="urgent")
    owner.add(due_at=soon(days=1), status="in_progress")
    owner.add(due_at=soon(days=8), team_id=team)
    done = owner.add(status="done", due_at=soon(days=-1))
    sql.execute(
        "UPDATE tasks SET created_at = completed_at - interval '3 hours' WHERE id = %s",
        (done["id"],),
    )
    owner.delete(f"tasks/{owner.add('deleted')['id']}")
    outsider.add()
    stats = owner.get("tasks/stats").json()
    days = stats.pop("completed_per_day")
    assert stats == {
        "total": 4,
        "by_status": {"todo": 2, "in_progress": 1, "done": 1},
        "by_priority": {"low": 0, "medium": 3, "high": 0, "urgent": 1},
        "overdue": 1,
        "due_within_7_days": 1,
        "completion_rate": 0.25,
        "median_hours_to_complete": 3.0,
    }
    assert (len(days), days[-1]["count"], sum(day["count"] for day in days)) == (30, 1, 1)
    assert days == sorted(days, key=lambda day: day["date"])


def test_stats_of_nothing_are_zero(owner: Person) -> None:
    stats = owner.get("tasks/stats").json()
    assert (stats["total"], stats["completion_rate"]) == (0, 0)
    assert stats["median_hours_to_complete"] is None


def test_a_batch_that_nothing_speaks_against_any_more_conflicts_with_what_changed_meanwhile(
    owner: Person,
) -> None:
    """Between the refusal and the look for its reason, the reason can go away."""
    me, id = Caller(owner.id), uuid4()
    seen = {id: Task(id=id, user_id=owner.id, title="T", version=1)}  # type: ignore[call-arg]
    for problem in (
        bad_addition([NewTask(title="T")], set()),
        bad_change(me, [TaskChangeById(id=id, title="T", version=1)], seen, set()),
        bad_deletion([id], {id: True}),
    ):
        assert isinstance(problem, Conflict)
        assert "meanwhile" in problem.detail


def test_a_batch_of_deletions_names_the_one_that_may_not_be(
    owner: Person, teammate: Person, team: str
) -> None:
    theirs = teammate.add(team_id=team)["id"]
    absent = str(uuid4())
    refused = owner.post("tasks/batch-delete", json={"ids": [theirs, absent]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (404, "/ids/1")
    assert owner.post("tasks/batch-delete", json={"ids": [theirs]}).status_code == 204


@pytest.mark.parametrize("version", [0, 2**31])
def test_a_version_that_no_row_can_have_is_pointed_at(owner: Person, version: int) -> None:
    items = [{"id": owner.add()["id"], "version": version}]
    answer = owner.patch("tasks/batch", json={"items": items})
    assert refused(answer, 422)["errors"][0]["pointer"] == "/items/0/version"


def test_a_member_whose_batch_comes_too_late_is_told_so_and_not_that_it_is_forbidden(
    owner: Person, teammate: Person, team: str
) -> None:
    stale = {"id": owner.add(team_id=team)["id"], "title": "T", "version": 9}
    answer = teammate.patch("tasks/batch", json={"items": [stale]})
    assert refused(answer, 412)["errors"][0]["pointer"] == "/items/0"


def test_a_batch_names_the_one_that_was_deleted_before(owner: Person, team: str) -> None:
    kept, gone = owner.add()["id"], owner.add()["id"]
    owner.delete(f"tasks/{gone}")
    changes = {"items": [{"id": id, "team_id": team} for id in (kept, gone)]}
    for answer, pointer in (
        (owner.patch("tasks/batch", json=changes), "/items/1"),
        (owner.post("tasks/batch-delete", json={"ids": [kept, gone]}), "/ids/1"),
    ):
        assert refused(answer, 404)["errors"][0]["pointer"] == pointer
    assert [task["id"] for task in owner.get("tasks").json()["items"]] == [kept]


def test_who_may_not_delete_a_row_does_not_wait_for_it(
    owner: Person, teammate: Person, team: str
) -> None:
    id = owner.add(team_id=team)["id"]
    with open_transaction() as other:
        other.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", (id,))
        assert teammate.delete(f"tasks/{id}").status_code == 403
        assert teammate.post("tasks/batch-delete", json={"ids": [id]}).status_code == 403


def test_a_user_named_like_a_team_does_not_see_its_tasks(
    owner: Person, outsider: Person, team: str
) -> None:
    owner.add("secret", team_id=team)
    outsider.id = team
    outsider.headers["Authorization"] = f"Bearer {outsider.token()}"
    assert outsider.titles() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "tasks/{id}?permanant=true"),
        ("POST", "tasks/{id}/complete?x=1"),
        ("GET", "tasks/stats?team_id=1"),
    ],
)
def test_a_misspelt_parameter_is_refused(owner: Person, method: str, path: str) -> None:
    task = owner.add()
    refused = owner.request(method, path.format(id=task["id"]))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith("/query/")
    assert owner.get(f"tasks/{task['id']}").json() == task


def test_an_owner_whose_write_lost_a_race_is_told_so(owner: Person) -> None:
    task = Task(id=uuid4(), user_id=owner.id, title="T", version=1)  # type: ignore[call-arg]
    with pytest.raises(Conflict, match="meanwhile"):
        Tag(Response()).refuse(Caller(owner.id), task)
