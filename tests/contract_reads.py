"""What is read of the world beside its lists: single rows, messages, numbers, all of a user's."""

from typing import Any

import pytest

from tests import contract_conversations as conversations
from tests.contract_callers import ME, Callers, check_refusal, plain
from tests.contract_chosen import Id
from tests.contract_lists import LISTS, check_list, walk
from tests.contract_model import Refused, Row
from tests.contract_tasks import stats
from tests.contract_users import export, profile

LIVE = [(kind, {"limit": 100}) for kind in LISTS]
EVERYTHING = LIVE + [(kind, {**query, "deleted": True}) for kind, query in LIVE if kind != "teams"]


def check_one(callers: Callers, who: str, kind: str, id: Id, known: int | None) -> None:
    """A row, to a reader who knows of this version: 304 if it still is the one."""
    headers = {} if known is None else {"If-None-Match": f'"{known}"'}
    answer = callers.people[who].get(f"{kind}/{id}", headers=headers)
    try:
        row = callers.world.find(kind, callers.ids[who], id)
    except Refused as refusal:
        return check_refusal(answer, refusal)
    assert answer.headers["etag"] == f'"{row["version"]}"'
    if known == row["version"]:
        assert (answer.status_code, answer.content) == (304, b"")
        return None
    whole = {name: row[name] for name in ("content",) if name in row}
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**LISTS[kind].show(callers.world, row), **whole}
    return None


def check_message(callers: Callers, who: str, talk: Id, message: Id) -> None:
    answer = callers.people[who].get(f"conversations/{talk}/messages/{message}")
    try:
        row = conversations.find_message(callers.world, callers.ids[who], talk, message)
    except Refused as refusal:
        return check_refusal(answer, refusal)
    assert (answer.status_code, answer.json()) == (200, row)
    return None


def check_messages(callers: Callers, who: str, talk: Id, query: Row, there: Id | None) -> None:
    """A page of what was said: in either order, and `after` a message or `before` it."""
    asked = {name: query[name] for name in ("order", "limit")}
    asked |= {query["way"]: there} if there else {}
    answer = callers.people[who].get(f"conversations/{talk}/messages", params=plain(asked))
    try:
        callers.world.find("conversations", callers.ids[who], talk)
    except Refused as refusal:
        return check_refusal(answer, refusal)
    rows = conversations.messages(callers.world, talk)[:: 1 if query["order"] == "asc" else -1]
    due, page = part(rows, query, there), answer.json()
    assert page["items"] == due
    if due:
        assert (page["next"] is None) == (due[-1] is rows[-1])
        assert (page["previous"] is None) == (due[0] is rows[0])
    return None


def part(rows: list[Row], query: Row, there: Id | None) -> list[Row]:
    """The few next to a place, be the message that it names there or not."""
    size, others = query["limit"], [row for row in rows if row["id"] is not there]
    if there is None:
        return rows[:size]
    later = [(str(row["id"]) > str(there)) == (query["order"] == "asc") for row in others]
    if query["way"] == "after":
        return [row for row, behind in zip(others, later, strict=True) if behind][:size]
    return [row for row, behind in zip(others, later, strict=True) if not behind][-size:]


def check_all_messages(callers: Callers, talk: Id) -> None:
    """From page to page, to the one whose conversation it is."""
    row = callers.world.conversations.get(talk)
    if row and row["deleted_at"] is None:
        [person] = [each for each in callers.people.values() if each.id == row["user_id"]]
        items = walk(person, f"conversations/{talk}/messages", {"limit": 2})
        assert items == conversations.messages(callers.world, talk)


def check_stats(callers: Callers, who: str) -> None:
    person = callers.people[who]
    tasks = check_list(callers.world, person, "tasks", {"limit": 100})
    numbers: dict[str, Any] = person.get("tasks/stats").json()
    days = [day["count"] for day in numbers.pop("completed_per_day")]
    due = stats(tasks)
    assert (len(days), sum(days)) == (30, due["by_status"]["done"])
    hours = due.pop("median_hours_to_complete")
    median = numbers.pop("median_hours_to_complete")
    assert median == pytest.approx(hours, abs=1e-9), f"{median} {hours} {tasks}"
    assert numbers == due, f"{numbers} are not {due}"


def check_user(callers: Callers, who: str) -> None:
    """The profile, and all that an export holds; the database keeps a little more of each row."""
    person, id = callers.people[who], callers.ids[who]
    assert person.get(ME).json() == profile(callers.world, id)
    items = walk(person, "export", {"limit": 3})
    due = [*export(callers.world, id)]
    order = ["profile", "task", "document", "conversation", "message", "team_membership"]
    types = [item["type"] for item in items]
    assert types == sorted((kind for kind, _ in due), key=order.index), f"{types} {due}"
    for kind, row in due:
        [same] = [
            each["item"] for each in items if each["type"] == kind and named(each["item"], row)
        ]
        assert {name: same[name] for name in row} == row, f"{same} is not {row}"


def named(item: Row, row: Row) -> bool:
    return all(
        item[name] == row[name] for name in ("id", "team_id") if name in row and name in item
    )
