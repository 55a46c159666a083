"""SQL that reads: each function is one statement. Whose a row is is part of its WHERE."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access import Caller, owned_by
from app.conversations.schemas import PREVIEW, ConversationQuery
from app.db import OneTrip, one
from app.lists import own
from app.sorting import TIMES
from app.tables import Conversation, live, newest

KEYS = TIMES


def list_conversations(db: OneTrip, me: Caller, query: ConversationQuery) -> Sequence[Any]:
    """A page, each conversation with its newest message, which is read for the page alone."""
    state = ~live(Conversation) if query.deleted else live(Conversation)
    statement = own(me, Conversation, [state], KEYS[query.key], query)
    row = statement.column_descriptions[0]["entity"]
    return db.rows(statement.options(newest(row, PREVIEW)))


def get_conversation(
    db: OneTrip, me: Caller, conversation_id: UUID, *, deleted: bool = False
) -> Conversation | None:
    """One conversation with its newest message; the deleted ones too, if asked."""
    statement = select(Conversation).options(newest(Conversation))
    statement = statement.where(col(Conversation.id) == conversation_id, owned_by(me, Conversation))
    return one(db.scalars(statement if deleted else statement.where(live(Conversation))))
