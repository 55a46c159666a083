"""SQL that reads: each function is one statement, inside a conversation of the caller's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.access import Caller, owned_by
from app.db import OneTrip, one
from app.messages.places import place
from app.messages.schemas import MessageQuery
from app.tables import Conversation, Message, live


def list_messages(
    db: OneTrip, me: Caller, conversation_id: UUID, query: MessageQuery
) -> Sequence[Any]:
    """Rows of (message or None, count of all, one on the place's other side or None).

    No rows where there is no such conversation. They come as they are read: from the place on,
    and one more than the page holds.
    """
    there, id = place(conversation_id, query), col(Message.id)
    ours = select(Message).where(col(Message.conversation_id) == conversation_id)
    few = ours.where(ahead(id, there, query)).order_by(towards(id, query))
    row = aliased(Message, few.offset(query.offset or None).limit(query.size + 1).subquery("few"))
    other = ours.where(~ahead(id, there, query)).order_by(id).limit(1).subquery("other")
    statement = select(row, col(Conversation.message_count), other.c.id)
    statement = statement.select_from(Conversation).outerjoin(row, true()).outerjoin(other, true())
    return db.rows(statement.where(open_to(me, conversation_id)).order_by(towards(row.id, query)))


def open_to(me: Caller, conversation_id: UUID) -> ColumnElement[bool]:
    """This conversation, if it is mine and not deleted: from without, all else is absent."""
    here = col(Conversation.id) == conversation_id
    return and_(here, owned_by(me, Conversation), live(Conversation))


def ahead(id: Any, there: UUID | None, query: MessageQuery) -> ColumnElement[bool]:
    """What is read from the place on; without one, all."""
    if there is None:
        return true()
    beyond: ColumnElement[bool] = id > there if query.upward else id < there
    return beyond


def towards(id: Any, query: MessageQuery) -> Any:
    return id if query.upward else id.desc()


def get_message(db: OneTrip, me: Caller, conversation_id: UUID, message_id: UUID) -> Message | None:
    within = col(Message.conversation_id) == Conversation.id
    statement = select(Message).join(Conversation, within).where(open_to(me, conversation_id))
    return one(db.scalars(statement.where(col(Message.id) == message_id)))
