"""What every write must answer and leave behind: the API's rules in plain values, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tests.truth_requests import Item, Write

ROLES = {"owner": "owner", "teammate": "member"}
"""Who is in the one team, and as what."""

STATUSES = {"add": 201, "add batch": 201, "delete": 204, "delete batch": 204, "purge": 204}
"""What success is, where it is not 200."""

NOT_YOURS = 403, "forbidden"
NO_SUCH = 404, "not_found"
NOT_DELETED = 409, "conflict"
STALE = 412, "precondition_failed"
REUSED = 422, "idempotency_key_reused"

Key = tuple[str, str]
"""Whose it is, and its text."""


class Row(NamedTuple):
    """A task, without what only the database can know."""

    user_id: str
    team_id: str | None
    title: str
    status: str = "todo"
    deleted: bool = False
    version: int = 1

    def changed(self, **values: Any) -> "Row":
        new = self._replace(**values)
        return self if new == self else new._replace(version=self.version + 1)

    def visible_to(self, who: str) -> bool:
        return who == self.user_id or (self.team_id is not None and who in ROLES)

    def deletable_by(self, who: str) -> bool:
        return who == self.user_id or (self.team_id is not None and ROLES.get(who) == "owner")


@dataclass(frozen=True)
class World:
    """All that the three people have, as the tables must show it."""

    tasks: Mapping[str, Row] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    """The rows that were written under a caller's key."""
    sent: Mapping[Key, Write] = field(default_factory=dict, compare=False)
    """What was written under it; the tables keep a digest only."""

    def named(self, ids: Iterable[str]) -> "World":
        """The same, its new rows under the ids that they were given, in their order."""
        new = [id for id in self.tasks if id.startswith("new ")]
        given = dict(zip(new, ids, strict=False))
        tasks = {given.get(id, id): row for id, row in self.tasks.items()}
        keys = {key: frozenset(given.get(id, id) for id in ids) for key, ids in self.keys.items()}
        return replace(self, tasks=tasks, keys=keys)


class Due(NamedTuple):
    """What must be answered, and how the world is afterwards."""

    status: int
    code: str | None
    world: World


class Refused(Exception):  # noqa: N818  as the local Neon calls it
    """Raised with what the API must say: its status and its code."""


def due(world: World, write: Write) -> Due:
    key = (write.who, write.key or "")
    try:
        after = repeated(world, write, key) if key in world.keys else written(world, write, key)
    except Refused as refused:
        status, code = refused.args
        return Due(status, code, world)
    return Due(STATUSES.get(write.what, 200), None, after)


def repeated(world: World, write: Write, key: Key) -> World:
    """Nothing happens, and the rows are shown as they are now; a lone one must still be there."""
    first = world.sent[key]
    if (first.method, first.path, first.body) != (write.method, write.path, write.body):
        raise Refused(*REUSED)
    kept = [world.tasks[id] for id in world.keys[key] if id in world.tasks]
    if write.shows_a_task and not any(row.visible_to(write.who) for row in kept):
        raise Refused(*NO_SUCH)
    return world


def written(world: World, write: Write, key: Key) -> World:
    """All items or none: the first that cannot be is the answer."""
    if write.what == "rename":
        rows = {write.who}
        after = replace(world, names={**world.names, write.who: write.items[0].values["name"]})
    else:
        fates = {
            item.id or f"new {place}": fate(world.tasks.get(item.id), write, item)
            for place, item in enumerate(write.items)
        }
        rows, tasks = set(fates), {**world.tasks, **fates}
        after = replace(world, tasks={id: row for id, row in tasks.items() if row})
    if not write.key:
        return after
    keys, sent = {**world.keys, key: frozenset(rows)}, {**world.sent, key: write}
    return replace(after, keys=keys, sent=sent)


def fate(row: Row | None, write: Write, item: Item) -> Row | None:
    """What becomes of one task; None: it is gone for good."""
    if write.verb == "add":
        if item.values["team_id"] and write.who not in ROLES:
            raise Refused(*NO_SUCH)
        return Row(write.who, **item.values)
    if row is None or not row.visible_to(write.who):
        raise Refused(*NO_SUCH)
    if row.deleted and write.verb not in {"purge", "restore"}:
        raise Refused(*NO_SUCH)
    if write.verb in {"delete", "purge", "restore"} and not row.deletable_by(write.who):
        raise Refused(*NOT_YOURS)
    if not row.deleted and write.verb == "restore":
        raise Refused(*NOT_DELETED)
    if item.version not in {None, row.version}:
        raise Refused(*STALE)
    return None if write.verb == "purge" else row.changed(**change(row, write, item))


def change(row: Row, write: Write, item: Item) -> Mapping[str, Any]:
    match write.verb:
        case "delete" | "restore":
            return {"deleted": write.verb == "delete"}
        case "complete":
            return {"status": "done"}
        case "reopen":
            return {"status": "todo"} if row.status == "done" else {}
    return item.values
