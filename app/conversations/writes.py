"""SQL that writes: each function is one statement, exactly once."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update
from sqlmodel import col

from app.access import Caller, owned_by
from app.attempts import Attempt
from app.db import OneTrip, one
from app.etags import unchanged
from app.tables import Conversation, live, new_id


def add_conversation(
    db: OneTrip, me: Caller, once: Attempt, new: dict[str, Any]
) -> Conversation | None:
    row = {"id": new_id(), "user_id": me.id, **new}
    values = select(*(literal(value) for value in row.values())).where(once.alone)
    write = insert(Conversation).from_select([*row], values)
    return one(once.send(db, write, Conversation, owned_by(me, Conversation)))


def change_conversation(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    conversation_id: UUID,
    versions: list[int] | None,
    change: dict[str, Any],
) -> Conversation | None:
    write = (
        update(Conversation)
        .where(once.alone, *mine(me, conversation_id, versions), live(Conversation))
        .values({"title": Conversation.title, **change})
    )
    return one(once.send(db, write, Conversation, owned_by(me, Conversation)))


def mine(
    me: Caller, conversation_id: UUID, versions: list[int] | None
) -> tuple[ColumnElement[bool], ...]:
    """This conversation, if it is mine and has one of these versions."""
    here = col(Conversation.id) == conversation_id
    return here, owned_by(me, Conversation), unchanged(Conversation, versions)


def delete_conversation(
    db: OneTrip, me: Caller, once: Attempt, conversation_id: UUID, versions: list[int] | None
) -> bool:
    """Delete one conversation; with its messages it can be restored until it is purged."""
    change = {"deleted_at": func.now()}
    return change_conversation(db, me, once, conversation_id, versions, change) is not None


def purge_conversation(
    db: OneTrip, me: Caller, once: Attempt, conversation_id: UUID, versions: list[int] | None
) -> bool:
    """Delete one conversation and its messages for good, whether it was deleted before or not."""
    write = delete(Conversation).where(once.alone, *mine(me, conversation_id, versions))
    return once.send(db, write, Conversation, owned_by(me, Conversation)) is not None


def restore_conversation(
    db: OneTrip, me: Caller, once: Attempt, conversation_id: UUID, versions: list[int] | None
) -> Conversation | None:
    write = (
        update(Conversation)
        .where(once.alone, *mine(me, conversation_id, versions), ~live(Conversation))
        .values(deleted_at=None)
    )
    return one(once.send(db, write, Conversation, owned_by(me, Conversation)))
