"""What of the rows read is the page, and whether there is more on either side of it."""

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from app.messages.places import cursor
from app.messages.schemas import MessageQuery
from app.pages import counts
from app.sizes import LARGEST, carried
from app.tables import Message

BARE = 1000
"""Bytes of a message for its ids and times: plenty."""


def page(rows: Sequence[Any], query: MessageQuery) -> dict[str, Any]:
    """The page of a list that was read from a place on, one row further than the page goes.

    A page of long messages is shorter, so that it gets through; but a numbered one, behind which
    the next begins at a place of its own.
    """
    found = [message for message, _, _ in rows if message is not None]
    items = (found if query.numbered else fitting(found))[: query.size]
    more, others = len(found) > len(items), bool(items) and bool(rows[0][2] or query.offset)
    if query.before is not None:
        items, more, others = items[::-1], others, more
    body = {
        "items": items,
        "next": cursor(items[-1], query) if more else None,
        "previous": cursor(items[0], query) if others else None,
    }
    return body | counts(rows[0][1] if query.include or query.numbered else None, query)


def fitting(messages: list[Message]) -> list[Message]:
    """The first few of these: as many as one answer can carry."""
    sizes = accumulate(BARE + carried(said(each)) for each in messages)
    return [each for each, size in zip(messages, sizes, strict=True) if size <= LARGEST]


def said(message: Message) -> str:
    return json.dumps([message.content, message.about], ensure_ascii=False)
