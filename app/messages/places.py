"""Places in a conversation: behind or before a message, be it still there or not.

A message's id is one, and so is what pages hand out, which fits one conversation and one order.
"""

from contextlib import suppress
from uuid import UUID

from app.messages.schemas import MessageQuery
from app.pages import packed, refusing, unpacked
from app.tables import Message


def cursor(message: Message, query: MessageQuery) -> str:
    return packed(seal(message.conversation_id, query), str(message.id))


def place(conversation_id: UUID, query: MessageQuery) -> UUID | None:
    """The id to begin at; raises InvalidCursor for what no page of this list handed out."""
    if query.place is None:
        return None
    with suppress(ValueError):
        return UUID(query.place)
    with refusing():
        [id] = unpacked(query.place, seal(conversation_id, query))
        return UUID(id)


def seal(conversation_id: UUID, query: MessageQuery) -> str:
    return f"{conversation_id} {query.order}"
