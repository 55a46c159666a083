"""SQL that writes: each function is one statement, all or none of its messages, exactly once.

The conversation is locked before its messages are touched, by whoever touches them: appends then
wait for each other and never in a circle, and none slips into what is being deleted.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, literal, select
from sqlmodel import col

from app.access import Caller, owned_by
from app.attempts import Attempt
from app.batches import locked, records
from app.db import OneTrip
from app.messages.queries import open_to
from app.tables import Conversation, Message, new_id

SENT = ("role", "content", "metadata")


def add_messages(
    db: OneTrip, me: Caller, once: Attempt, conversation_id: UUID, news: list[dict[str, Any]]
) -> Sequence[Message] | None:
    """Append all or none, in order, behind all that is there: whatever this sandbox's clock says.

    A row whose id is not the newest gets one that is, by a trigger, as it is added.
    """
    ids = sorted(str(new_id()) for _ in news)
    rows = [{"id": id, **new} for id, new in zip(ids, news, strict=True)]
    items = records(Message, rows, "id", *SENT)
    values = select(literal(conversation_id), literal(me.id), *items.c)
    values = values.where(literal(conversation_id) == held(me, once, conversation_id))
    values = values.order_by(items.c.id)
    columns = "conversation_id", "user_id", "id", "role", "content", "about"
    write = insert(Message).from_select(columns, values)
    messages = once.send(db, write, Message, owned_by(me, Message), len(news))
    return messages and sorted(messages, key=lambda message: message.id)


def held(me: Caller, once: Attempt, conversation_id: UUID) -> ColumnElement[Any]:
    """= ANY of this: the conversation, locked, if it is open to me."""
    return locked(Conversation, [conversation_id], once.alone, open_to(me, conversation_id))


def delete_message(
    db: OneTrip, me: Caller, once: Attempt, conversation_id: UUID, message_id: UUID
) -> bool:
    """Delete one message, for good."""
    write = delete(Message).where(
        col(Message.id) == message_id,
        col(Message.conversation_id) == held(me, once, conversation_id),
    )
    return once.send(db, write, Message, owned_by(me, Message)) is not None
