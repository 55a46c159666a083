"""SQL that writes what only documents do: they change owners. One statement, exactly once."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, literal, literal_column, or_, select, update
from sqlmodel import col

from app.access import Caller, owned_by, visible_to
from app.attempts import Attempt
from app.db import OneTrip, one
from app.etags import unchanged
from app.tables import Document, Member, User, live


def transfer_document(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    document_id: UUID,
    versions: list[int] | None,
    to_user_id: str,
) -> Document | None:
    """Give my document to somebody else; it stays in its team if they are in it too."""
    document, theirs = cast("Any", Document), col(Member.user_id) == to_user_id
    heir = select(col(User.id)).where(once.alone, col(User.id) == to_user_id)
    team = select(col(Member.team_id)).where(theirs, col(Member.team_id) == document.team_id)
    write = (
        update(document)
        .where(once.alone, document.id == document_id, live(document), owned_by(me, document))
        .where(unchanged(document, versions), literal(to_user_id) == kept(heir))
        .values(user_id=to_user_id, team_id=kept(team))
    )
    return one(once.send(db, write, document, handed_over(me, to_user_id)))


def kept(row: Select[Any]) -> Any:
    """What is selected, locked until the document has changed hands.

    If it went at the same moment, foreign keys would refuse the whole in words of another matter.
    """
    return row.with_for_update(read=True, key_share=True).scalar_subquery()


def handed_over(me: Caller, to_user_id: str) -> ColumnElement[bool]:
    """What a repeat may show to me, who gave it away: the document as I gave it.

    Once its new owner changes it, it is nothing of mine: the row is no longer what the
    transaction wrote that wrote the evidence.
    """
    untouched = literal_column("documents.xmin") == literal_column("operations.xmin")
    theirs = and_(col(Document.user_id) == to_user_id, untouched)
    return or_(visible_to(me, Document), theirs)
