"""HTTP only: one endpoint is one query; a refusal asks once more, to say why."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.auth import Me
from app.conversations import queries, writes
from app.conversations.schemas import (
    ConversationChange,
    ConversationOut,
    ConversationPage,
    ConversationQuery,
    NewConversation,
)
from app.db import Database
from app.endpoints import Permanent
from app.errors import found
from app.etags import Reading, Tag, Writing
from app.idempotency import Once
from app.openapi import documented
from app.pages import page
from app.routers import below_user
from app.tables import Conversation

router = below_user("/conversations", "conversations")
ONE = "/{conversation_id:uuid}"


@router.get("", response_model=ConversationPage, responses=documented(400))
def list_conversations(
    db: Database,
    me: Me,
    query: Annotated[ConversationQuery, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """Your conversations, each with its newest message: page by page."""
    rows = queries.list_conversations(db, me, query)
    return page(rows, queries.KEYS[query.key], query, request, response)


@router.post(
    "", response_model=ConversationOut, status_code=201, responses=documented(400, 404, 409)
)
def add_conversation(
    db: Database, me: Me, once: Once, response: Response, new: NewConversation
) -> Conversation:
    """Begin a conversation."""
    conversation = found(writes.add_conversation(db, me, once, new.model_dump()))
    response.headers["Location"] = f"/api/me/conversations/{conversation.id}"
    return Tag(response)(conversation)


@router.get(ONE, response_model=ConversationOut, responses=documented(304, 404))
def get_conversation(db: Database, me: Me, tag: Reading, conversation_id: UUID) -> Conversation:
    """A conversation of yours, with its newest message."""
    return tag(found(queries.get_conversation(db, me, conversation_id)))


@router.patch(
    ONE,
    response_model=ConversationOut,
    responses=documented(400, 404, 409, 412),
)
def change_conversation(
    db: Database,
    me: Me,
    once: Once,
    tag: Writing,
    conversation_id: UUID,
    change: ConversationChange,
) -> Conversation:
    """Change a conversation's title by a merge patch: null clears it."""
    values = change.model_dump(exclude_unset=True)
    row = writes.change_conversation(db, me, once, conversation_id, tag.versions, values)
    return tag(row or tag.refuse(me, queries.get_conversation(db, me, conversation_id)))


@router.delete(
    ONE,
    status_code=204,
    response_class=Response,
    responses=documented(404, 409, 412),
)
def delete_conversation(
    db: Database,
    me: Me,
    once: Once,
    tag: Writing,
    conversation_id: UUID,
    *,
    permanent: Permanent = False,
) -> None:
    """Delete a conversation and its messages. They can be restored, unless `permanent`."""
    delete = writes.purge_conversation if permanent else writes.delete_conversation
    if not delete(db, me, once, conversation_id, tag.versions):
        tag.refuse(me, queries.get_conversation(db, me, conversation_id, deleted=permanent))


@router.post(
    f"{ONE}/restore",
    response_model=ConversationOut,
    responses=documented(404, 409, 412),
)
def restore_conversation(
    db: Database, me: Me, once: Once, tag: Writing, conversation_id: UUID
) -> Conversation:
    """Bring a deleted conversation back, and its messages."""
    row = writes.restore_conversation(db, me, once, conversation_id, tag.versions)
    return tag(
        row
        or tag.refuse_restore(me, queries.get_conversation(db, me, conversation_id, deleted=True))
    )
