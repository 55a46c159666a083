"""HTTP only: one endpoint is one query; a refusal asks once more, to say why."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.auth import Me
from app.conversations import queries, writes
from app.conversations.schemas import (
    ConversationChange,
    ConversationOut,
    ConversationQuery,
    NewConversation,
)
from app.db import Database
from app.endpoints import Endpoint
from app.errors import found
from app.etags import Reading, Writing
from app.idempotency import Once
from app.openapi import documented
from app.pages import Page, page
from app.tables import Conversation

router = APIRouter(prefix="/conversations", tags=["conversations"], route_class=Endpoint)


@router.get("", response_model=Page[ConversationOut], responses=documented(400))
def list_conversations(
    db: Database,
    me: Me,
    query: Annotated[ConversationQuery, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    rows = queries.list_conversations(db, me, query)
    return page(rows, queries.KEYS[query.key], query, request, response)


@router.post("", response_model=ConversationOut, status_code=201, responses=documented(400, 409))
def add_conversation(
    db: Database, me: Me, once: Once, tag: Writing, new: NewConversation
) -> Conversation:
    conversation = found(writes.add_conversation(db, me, once, new.model_dump()))
    tag.response.headers["Location"] = f"/api/me/conversations/{conversation.id}"
    return tag(conversation)


@router.get("/{conversation_id}", response_model=ConversationOut, responses=documented(304, 404))
def get_conversation(db: Database, me: Me, tag: Reading, conversation_id: UUID) -> Conversation:
    return tag(found(queries.get_conversation(db, me, conversation_id)))


@router.patch(
    "/{conversation_id}", response_model=ConversationOut, responses=documented(400, 404, 409, 412)
)
def change_conversation(
    db: Database,
    me: Me,
    once: Once,
    tag: Writing,
    conversation_id: UUID,
    change: ConversationChange,
) -> Conversation:
    values = change.model_dump(exclude_unset=True)
    row = writes.change_conversation(db, me, once, conversation_id, tag.versions, values)
    return tag(row or tag.refuse(me, queries.get_conversation(db, me, conversation_id)))


@router.delete(
    "/{conversation_id}",
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
    permanent: bool = False,
) -> None:
    """With its messages; they come back with it, unless it is permanent."""
    delete = writes.purge_conversation if permanent else writes.delete_conversation
    if not delete(db, me, once, conversation_id, tag.versions):
        tag.refuse(me, queries.get_conversation(db, me, conversation_id, deleted=permanent))


@router.post(
    "/{conversation_id}/restore",
    response_model=ConversationOut,
    responses=documented(404, 409, 412),
)
def restore_conversation(
    db: Database, me: Me, once: Once, tag: Writing, conversation_id: UUID
) -> Conversation:
    row = writes.restore_conversation(db, me, once, conversation_id, tag.versions)
    return tag(
        row
        or tag.refuse_restore(me, queries.get_conversation(db, me, conversation_id, deleted=True))
    )
