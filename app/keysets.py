"""Pages in SQL: begin after a key, read as far as the page's end, count only if asked.

The cursor's key and id are both in the list's index, so that a page deep in the list costs what
the first one does.
"""

from typing import Any

from sqlalchemy import func, inspect, null, select, true, tuple_
from sqlalchemy.orm import aliased

from app.pages import PageQuery, decode
from app.sorting import Key


def keyset(statement: Any, table: Any, key: Key, query: PageQuery) -> Any:
    """Begin after the cursor, in the key's order, and reach as far as the page's end and one."""
    here = tuple_(key.of(table), table.id)
    if query.cursor is not None:
        there = decode(query, key)
        statement = statement.where(here < there if query.descending else here > there)
    return order(statement, table, key, query).limit(query.offset + query.size + 1)


def order(statement: Any, table: Any, key: Key, query: PageQuery) -> Any:
    keys = key.of(table), table.id
    return statement.order_by(*(each.desc() if query.descending else each for each in keys))


def cut(statement: Any, table: Any, everything: Any, key: Key, query: PageQuery) -> Any:
    """One statement for a page: rows, each beside the count of `everything` if it is asked for.

    The count is joined from the left, so that it is known of an empty page too.
    """
    rows = order(statement, table, key, query).offset(query.offset or None).limit(query.size + 1)
    if not (query.numbered or query.include):
        return rows.add_columns(null())
    total = select(func.count().label("total")).select_from(everything.subquery()).cte("counted")
    # Of the class: an alias of an alias reads some columns past the page, from what it was cut of.
    row = aliased(inspect(table).mapper, rows.subquery("page"))
    page = select(row, total.c.total).select_from(total).outerjoin(row, true())
    return order(page, row, key, query)
