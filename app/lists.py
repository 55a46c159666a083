"""Lists in SQL: what is in sight, in the order asked for, a page at a time, in one statement."""

from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import aliased

from app.access import Caller, owned_by, spaces_of, visible_to
from app.keysets import cut, keyset
from app.pages import PageQuery
from app.sorting import Key
from app.tables import space


def shared(
    me: Caller, table: Any, conditions: list[ColumnElement[bool]], key: Key, query: PageQuery
) -> Any:
    """A page of rows that may be shared: each space's own ordered few, then the first of all.

    A plain `owner OR team` would read and sort every row of both. Each row stands beside the count
    of all, or None; a join to the spaces would read the whole table for that, once they are many.
    """
    spaces = spaces_of(me).cte("spaces")
    here = select(table).where(space(table) == spaces.c.id, *conditions)
    few = aliased(table, keyset(here, table, key, query).lateral("few"))
    everything = select(table.id).where(visible_to(me, table), *conditions)
    first = select(few).select_from(spaces).join(few, true())
    return cut(first, few, everything, key, query)


def own(
    me: Caller, table: Any, conditions: list[ColumnElement[bool]], key: Key, query: PageQuery
) -> Any:
    """A page of rows that are one user's alone; the same shape."""
    return those(table, [owned_by(me, table), *conditions], key, query)


def those(table: Any, conditions: list[ColumnElement[bool]], key: Key, query: PageQuery) -> Any:
    """A page of the rows that fulfil these conditions; the same shape."""
    here = select(table).where(*conditions)
    few = aliased(table, keyset(here, table, key, query).subquery("few"))
    return cut(select(few), few, select(table.id).where(*conditions), key, query)
