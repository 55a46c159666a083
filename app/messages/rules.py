"""What of the rows read is the page, and whether there is more on either side of it."""

from collections.abc import Sequence
from typing import Any

from app.messages.places import cursor
from app.messages.schemas import MessageQuery
from app.pages import counts


def page(rows: Sequence[Any], query: MessageQuery) -> dict[str, Any]:
    """The page of a list that was read from a place on, one row further than the page goes."""
    found = [message for message, _, _ in rows if message is not None]
    items = found[: query.size]
    more, others = len(found) > query.size, bool(items) and bool(rows[0][2] or query.offset)
    if query.before:
        items, more, others = items[::-1], others, more
    body = {
        "items": items,
        "next": cursor(items[-1], query) if more else None,
        "previous": cursor(items[0], query) if others else None,
    }
    return body | counts(rows[0][1] if query.include or query.numbered else None, query)
