"""HTTP only: one endpoint is one query; a refusal asks once more, to say why."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.auth import Me
from app.db import Database, one
from app.documents import queries, writes
from app.documents.queries import Brief
from app.documents.schemas import (
    DocumentChange,
    DocumentChanges,
    DocumentOut,
    DocumentPage,
    DocumentQuery,
    DocumentsOut,
    NewDocument,
    NewDocuments,
    Transfer,
)
from app.endpoints import Permanent
from app.errors import Conflict, NotFound, found
from app.etags import Reading, Tag, Writing, permitted
from app.idempotency import Once
from app.openapi import documented
from app.pages import page
from app.routers import below_user
from app.search import key_of
from app.shared_batches import bad_addition, bad_change
from app.shared_reads import get_row, get_rows, get_teams
from app.shared_refusals import refuse_change, refuse_deletion, refuse_restore
from app.shared_writes import add_rows, change_row, change_rows, delete_row, purge_row, restore_row
from app.tables import Document

router = below_user("/documents", "documents")
ONE = "/{document_id:uuid}"  # "batch" is none, and so keeps methods of its own


@router.get("", response_model=DocumentPage, responses=documented(400))
def list_documents(
    db: Database,
    me: Me,
    query: Annotated[DocumentQuery, Query()],
    request: Request,
    response: Response,
) -> dict[str, Any]:
    """The documents that you see, your own and your teams', without their content: page by page."""
    rows = queries.list_documents(db, me, query)
    return page(rows, key_of(query, queries.KEYS), query, request, response)


@router.post("", response_model=DocumentOut, status_code=201, responses=documented(400, 404, 409))
def add_document(
    db: Database, me: Me, once: Once, response: Response, new: NewDocument
) -> Document:
    """Add a document: your own, and with a `team_id` its members' to see and change."""
    documents = add_rows(db, me, once, Document, [new.model_dump(mode="json")])
    if documents is None:
        raise NotFound("no such team")
    document = found(one(documents))
    response.headers["Location"] = f"/api/me/documents/{document.id}"
    return Tag(response)(document)


@router.post(
    "/batch", response_model=DocumentsOut, status_code=201, responses=documented(400, 404, 409)
)
def add_documents(db: Database, me: Me, once: Once, new: NewDocuments) -> dict[str, Any]:
    """Add up to 500 documents: all of them, or none."""
    documents = add_rows(db, me, once, Brief, new.model_dump(mode="json")["items"])
    if documents is None:
        raise bad_addition(new.items, get_teams(db, me))
    return {"items": documents}


@router.patch("/batch", response_model=DocumentsOut, responses=documented(400, 404, 409, 412))
def change_documents(db: Database, me: Me, once: Once, changes: DocumentChanges) -> dict[str, Any]:
    """Change up to 500 documents, each by its own merge patch: all of them, or none."""
    values = changes.model_dump(mode="json", exclude_unset=True)["items"]
    documents = change_rows(db, me, once, Brief, values)
    if documents is None:
        seen = get_rows(db, me, Brief, [change.id for change in changes.items])
        raise bad_change(me, changes.items, seen, get_teams(db, me))
    return {"items": documents}


@router.get(ONE, response_model=DocumentOut, responses=documented(304, 404))
def get_document(db: Database, me: Me, tag: Reading, document_id: UUID) -> Document:
    """A document that you see, with its content."""
    return tag(found(get_row(db, me, Document, document_id)))


@router.patch(ONE, response_model=DocumentOut, responses=documented(400, 404, 409, 412))
def change_document(
    db: Database, me: Me, once: Once, tag: Writing, document_id: UUID, change: DocumentChange
) -> Document:
    """Change a document by a merge patch: what is absent stays as it is."""
    values = change.model_dump(exclude_unset=True)
    document = change_row(db, me, once, Document, document_id, tag.versions, values)
    return tag(document or refuse_change(db, me, tag, Brief, document_id, values))


@router.delete(
    ONE,
    status_code=204,
    response_class=Response,
    responses=documented(404, 409, 412),
)
def delete_document(
    db: Database,
    me: Me,
    once: Once,
    tag: Writing,
    document_id: UUID,
    *,
    permanent: Permanent = False,
) -> None:
    """Delete a document. It can be restored, unless it is deleted for good: `permanent`."""
    delete = purge_row if permanent else delete_row
    if not delete(db, me, once, Brief, document_id, tag.versions):
        refuse_deletion(db, me, tag, Brief, document_id, permanent=permanent)


@router.post(f"{ONE}/restore", response_model=DocumentOut, responses=documented(404, 409, 412))
def restore_document(db: Database, me: Me, once: Once, tag: Writing, document_id: UUID) -> Document:
    """Bring a deleted document back."""
    row = restore_row(db, me, once, Document, document_id, tag.versions)
    return tag(row or refuse_restore(db, me, tag, Brief, document_id))


@router.post(
    f"{ONE}/transfer",
    response_model=DocumentOut,
    responses=documented(400, 404, 409, 412),
)
def transfer_document(
    db: Database, me: Me, once: Once, tag: Writing, document_id: UUID, to: Transfer
) -> Document:
    """Give a document away; the answer is the document as its new owner sees it."""
    document = writes.transfer_document(db, me, once, document_id, tag.versions, to.to_user_id)
    if document is None:
        seen, known = queries.get_transfer(db, me, document_id, to.to_user_id)
        tag.match(permitted(me, seen))
        raise Conflict("it changed meanwhile") if known else NotFound("no such user")
    return tag(document)
