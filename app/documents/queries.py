"""SQL that reads: each function is one statement. Who may see a row is part of its WHERE."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import DeclarativeBase, Mapped, query_expression
from sqlmodel import SQLModel, col

from app.access import Caller, visible_to
from app.db import OneTrip
from app.documents.schemas import DocumentQuery
from app.search import listed
from app.sorting import TIMES, text_key
from app.tables import Document, User, live

KEYS = {**TIMES, "title": text_key("title")}


class Base(DeclarativeBase):
    metadata = SQLModel.metadata


class Brief(Base):
    """A document without its content.

    A second mapping of the same table: what lists, batches and deletions do not tell is neither
    read nor sent by any statement over it.
    """

    __table__ = SQLModel.metadata.tables["documents"]
    __mapper_args__ = {"exclude_properties": ["content", "words"]}  # noqa: RUF012  its name for it

    id: Mapped[UUID]
    user_id: Mapped[str]
    title: Mapped[str]
    version: Mapped[int]
    deleted_at: Mapped[datetime | None]
    place: Mapped[Any] = query_expression()
    snippet: Mapped[str | None] = query_expression()


def list_documents(db: OneTrip, me: Caller, query: DocumentQuery) -> Sequence[Any]:
    return db.rows(listed(me, Brief, Document.content, wanted(query), query, KEYS))


def wanted(query: DocumentQuery) -> list[ColumnElement[bool]]:
    """The list's filters; one that was not given is not there."""
    row: Any = Brief
    filters: list[tuple[object, Callable[[], Any]]] = [
        (query.created_after, lambda: row.created_at > query.created_after),
        (query.updated_after, lambda: row.updated_at > query.updated_after),
        (query.team_id, lambda: row.team_id == query.team_id),
        (True, lambda: ~live(row) if query.deleted else live(row)),
    ]
    return [condition() for given, condition in filters if given]


def get_transfer(
    db: OneTrip, me: Caller, document_id: UUID, to_user_id: str
) -> tuple[Brief | None, bool]:
    """The document as I see it, and whether there is such a user to give it to."""
    known = exists().where(col(User.id) == to_user_id)
    here = Brief.id == document_id, live(Brief), visible_to(me, Brief)
    rows = db.rows(select(Brief, known).where(*here))
    return (rows[0][0], rows[0][1]) if rows else (None, False)
