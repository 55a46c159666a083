"""Writing rows that may be shared with a team: one statement, all or none of them, exactly once.

`table` says what comes back, too: a class that leaves a column out has it written and not read.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)  # fmt: skip

from app.access import Caller, changeable_by, deletable_by, in_team, owned_by, visible_to
from app.attempts import Attempt
from app.batches import given, locked, patched, records
from app.db import OneTrip, one
from app.etags import unchanged
from app.sizes import answerable
from app.tables import live, new_id

Row = TypeVar("Row")
Rows = Sequence[Row] | None


def add_rows(
    db: OneTrip, me: Caller, once: Attempt, table: type[Row], news: list[dict[str, Any]]
) -> Rows[Row]:
    """Add all or none; their ids are in the order of the items, and so are they."""
    ids = sorted(str(new_id()) for _ in news)
    rows = [{"id": id, **new} for id, new in zip(ids, news, strict=True)]
    items = records(table, rows, *rows[0])
    values = select(literal(me.id), *items.c).where(once.alone, joinable(me, items))
    write = insert(table).from_select(["user_id", *rows[0]], values)
    added = once.send(db, write, table, visible_to(me, table), len(news))
    return added and sorted(added, key=lambda row: row.id)


def change_row(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    table: type[Row],
    id: UUID,
    versions: list[int] | None,
    change: dict[str, Any],
) -> Row | None:
    """Change one row; only its owner may move it to another team or out of one."""
    row = cast("Any", table)
    write = (
        update(row)
        .where(once.alone, row.id == id, live(row), changeable_by(me, row))
        .where(unchanged(row, versions))
        .where(owned_by(me, row) if "team_id" in change else true())
        .values({"title": row.title, **change})
    )
    return one(once.send(db, write, row, visible_to(me, row)))


def change_rows(
    db: OneTrip, me: Caller, once: Attempt, table: type[Row], changes: list[dict[str, Any]]
) -> Rows[Row]:
    """Change all or none, each by its own patch, and only at its `version` where it names one."""
    patches = [{**change, "given": [*change]} for change in changes]
    named = {name for change in changes for name in change} - {"id", "version"}
    items = records(table, patches, "id", "version", "given", *sorted(named | {"team_id"}))
    ids, row = [UUID(change["id"]) for change in changes], cast("Any", table)
    mine = changeable_by(me, row)
    write = (
        update(row)
        .where(row.id == items.c.id, live(row), mine, row.id == locked(row, ids, once.alone, mine))
        .where(or_(items.c.version.is_(None), items.c.version == row.version))
        .where(or_(~given(items, "team_id"), owned_by(me, row)), joinable(me, items))
        .values({name: patched(row, items, name) for name in sorted(named)} or {"title": row.title})
    )
    sight, told = visible_to(me, row), partial(answerable, row)
    changed = once.send(db, write, row, sight, len(changes), told)
    place = {id: n for n, id in enumerate(ids)}
    return changed and sorted(changed, key=lambda row: place[row.id])


def joinable(me: Caller, items: Any) -> ColumnElement[bool]:
    """The item names no team, or one that I am in."""
    return or_(items.c.team_id.is_(None), in_team(me, items.c.team_id))


def delete_row(
    db: OneTrip, me: Caller, once: Attempt, table: Any, id: UUID, versions: list[int] | None
) -> bool:
    """Delete one row; it can be restored until it is purged."""
    return delete_rows(db, me, once, table, [id], versions)


def delete_rows(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    table: Any,
    ids: list[UUID],
    versions: list[int] | None = None,
) -> bool:
    """Delete all or none."""
    mine = deletable_by(me, table)
    write = (
        update(table)
        .where(table.id == locked(table, ids, once.alone, mine), live(table))
        .where(mine, unchanged(table, versions))
        .values(deleted_at=func.now())
    )
    return once.send(db, write, table, visible_to(me, table), len(ids)) is not None


def purge_row(
    db: OneTrip, me: Caller, once: Attempt, table: Any, id: UUID, versions: list[int] | None
) -> bool:
    """Delete one row for good, whether it was deleted before or not."""
    mine = once.alone, table.id == id, deletable_by(me, table), unchanged(table, versions)
    return once.send(db, delete(table).where(*mine), table, visible_to(me, table)) is not None


def restore_row(
    db: OneTrip, me: Caller, once: Attempt, table: type[Row], id: UUID, versions: list[int] | None
) -> Row | None:
    row = cast("Any", table)
    write = (
        update(row)
        .where(once.alone, row.id == id, ~live(row))
        .where(deletable_by(me, row), unchanged(row, versions))
        .values(deleted_at=None)
    )
    return one(once.send(db, write, row, visible_to(me, row)))
