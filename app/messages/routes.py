"""HTTP only: one endpoint is one query."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.auth import Me
from app.db import Database, one
from app.errors import NotFound, found
from app.etags import Reading, Tag
from app.idempotency import Once
from app.messages import queries, rules, writes
from app.messages.schemas import (
    MessagePage,
    MessageQuery,
    MessagesOut,
    NewMessage,
    NewMessages,
)
from app.openapi import documented
from app.pages import link
from app.routers import below_user
from app.shown import MessageOut
from app.tables import Message

router = below_user("/conversations/{conversation_id:uuid}/messages", "messages")
ONE = "/{message_id:uuid}"  # "batch" is none, and so keeps methods of its own


@router.get("", response_model=MessagePage, responses=documented(400, 404))
def list_messages(
    db: Database,
    me: Me,
    conversation_id: UUID,
    query: Annotated[MessageQuery, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """What was said in a conversation, in order: page by page, both ways."""
    rows = queries.list_messages(db, me, conversation_id, query)
    if not rows:
        raise NotFound
    body = rules.page(rows, query)
    if links := linked(request, query, body):
        response.headers["Link"] = links
    return body


def linked(request: Request, query: MessageQuery, body: dict[str, Any]) -> str:
    """The pages on either side, as a header."""
    number = query.page or 1
    steps = {
        "next": {"page": number + 1} if query.numbered else {"after": body["next"]},
        "previous": {"page": number - 1} if query.numbered else {"before": body["previous"]},
    }
    there = [(name.removesuffix("ious"), step) for name, step in steps.items() if body[name]]
    return ", ".join(link(request, relation, **step) for relation, step in there)


@router.post("", response_model=MessageOut, status_code=201, responses=documented(400, 404, 409))
def add_message(
    db: Database,
    me: Me,
    once: Once,
    response: Response,
    conversation_id: UUID,
    new: NewMessage,
) -> Message:
    """Append a message to the conversation, which thereby becomes a new version."""
    values = [new.model_dump()]
    message = found(one(writes.add_messages(db, me, once, conversation_id, values)))
    here = f"/api/me/conversations/{conversation_id}/messages/{message.id}"
    response.headers["Location"] = here
    return Tag(response)(message)


@router.post(
    "/batch", response_model=MessagesOut, status_code=201, responses=documented(400, 404, 409)
)
def add_messages(
    db: Database, me: Me, once: Once, conversation_id: UUID, new: NewMessages
) -> dict[str, Any]:
    """Append messages in this order: all of them, or none."""
    values = new.model_dump()["items"]
    return {"items": found(writes.add_messages(db, me, once, conversation_id, values))}


@router.get(ONE, response_model=MessageOut, responses=documented(304, 404))
def get_message(
    db: Database, me: Me, tag: Reading, conversation_id: UUID, message_id: UUID
) -> Message:
    """A message of a conversation."""
    return tag(found(queries.get_message(db, me, conversation_id, message_id)))


@router.delete(ONE, status_code=204, response_class=Response, responses=documented(404, 409))
def delete_message(
    db: Database, me: Me, once: Once, conversation_id: UUID, message_id: UUID
) -> None:
    """Delete a message, for good."""
    if not writes.delete_message(db, me, once, conversation_id, message_id):
        raise NotFound
