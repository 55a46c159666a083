"""Pages in SQL: begin after a key, read as far as the page's end, count only if asked.

The cursor's key and id are both in the list's index, so that a page deep in the list costs what
the first one does.
"""

from typing import Any

from sqlalchemy import func, null, select, true, tuple_
from sqlalchemy.orm import aliased

from app.pages import PageQuery, decode
from app.sorting import Key


def keyset(statement: Any, table: Any, key: Key, query: PageQuery) -> Any:
    """Begin after the cursor, in the key's order, and reach as far as the page's end and one."""
    here = tuple_(key.of(table), table.id)
    if query.cursor:
        there = decode(query, key)
        statement = statement.where(here < there if query.descending else here > there)
    return order(statement, table, key, query).limit(query.offset + query.size + 1)


def order(statement: Any, table: Any, key: Key, query: PageQuery) -> Any:
    keys = key.of(table), table.id
    return statement.order_by(*(each.desc() if query.descending else each for each in keys))


def cut(statement: Any, table: Any, everything: Any, key: Key, query: PageQuery) -> Any:
    """One statement for the page and, where it was asked for, the count of `everything`.

    The count is joined from the left, so that it is known of an empty page too.
    """
    rows = order(statement, table, key, query).offset(query.offset or None).limit(query.size + 1)
    counted = query.numbered or query.include
    count = select(func.count()).select_from(everything.subquery()) if counted else select(null())
    total, row = count.subquery("total"), aliased(table, rows.subquery("page"))
    column = next(iter(total.c))
    statement = select(column, row).select_from(total).outerjoin(row, true())
    return order(statement, row, key, query)
