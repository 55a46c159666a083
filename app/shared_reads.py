"""Reading rows that may be shared with a team: one, or some of them, each in one statement."""

from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import select

from app.access import Caller, deletable_by, teams_of, visible_to
from app.batches import among
from app.db import OneTrip, one
from app.tables import live

Row = TypeVar("Row")


def get_row(
    db: OneTrip, me: Caller, table: type[Row], id: UUID, *, deleted: bool = False
) -> Row | None:
    """One row; the deleted ones too, if asked."""
    statement = select(table).where(cast("Any", table).id == id, visible_to(me, table))
    return one(db.scalars(statement if deleted else statement.where(live(table))))


def get_rows(db: OneTrip, me: Caller, table: type[Row], ids: list[UUID]) -> dict[UUID, Row]:
    """Those of these rows that are in sight, by id."""
    rows = db.scalars(select(table).where(among(table, ids), live(table), visible_to(me, table)))
    return {cast("Any", row).id: row for row in rows}


def get_row_to_delete(
    db: OneTrip, me: Caller, table: type[Row], id: UUID, *, deleted: bool = False
) -> tuple[Row | None, bool]:
    """The same, and whether I may delete it, and bring it back."""
    row = cast("Any", table)
    statement = select(table, deletable_by(me, row)).where(row.id == id, visible_to(me, row))
    rows = db.rows(statement if deleted else statement.where(live(table)))
    return (rows[0][0], rows[0][1]) if rows else (None, False)


def get_deletable(db: OneTrip, me: Caller, table: Any, ids: list[UUID]) -> dict[UUID, bool]:
    """Whether I may delete them, for those of these rows that are in sight."""
    statement = select(table.id, deletable_by(me, table))
    rows = db.rows(statement.where(among(table, ids), live(table), visible_to(me, table)))
    return {row[0]: row[1] for row in rows}


def get_teams(db: OneTrip, me: Caller) -> set[UUID]:
    return set(db.scalars(teams_of(me)))
