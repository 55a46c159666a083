"""Many rows in one statement: JSON objects as rows, each its own patch, locked in one order."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    any_,
    case,
    column,
    func,
    literal,
    select,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB


def records(table: Any, items: list[dict[str, Any]], *names: str) -> Any:
    """JSON objects as rows, with the table's own types: one parameter, however many rows.

    `given` is a list of text: the names of the fields that a patch holds.
    """
    types = {"given": ARRAY(Text), **{each.name: each.type for each in table.__table__.c}}
    columns = [column(name, types[name]) for name in names]
    rows = func.jsonb_to_recordset(literal(items, JSONB)).table_valued(*columns)
    return rows.render_derived("items", with_types=True)


def given(items: Any, name: str) -> ColumnElement[bool]:
    """The row's patch names this field."""
    return literal(name) == any_(items.c.given)


def patched(table: Any, items: Any, name: str) -> ColumnElement[Any]:
    """The field as the patch wants it (RFC 7396): absent stays, null clears."""
    return case((given(items, name), items.c[name]), else_=table.__table__.c[name])


def among(table: Any, ids: list[UUID]) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = table.id == any_(literal(ids, ARRAY(Uuid)))
    return matches


def locked(table: Any, ids: list[UUID], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    """= ANY of these rows' ids, all locked first, in one order for everybody.

    Two batches over the same rows then wait for each other, but never in a circle.
    """
    rows = select(table.id).where(among(table, ids), *conditions)
    cte = rows.order_by(table.id).with_for_update().cte("locked")
    return any_(func.array(select(cte.c.id).scalar_subquery()))
