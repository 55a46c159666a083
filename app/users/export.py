"""All that is a user's, in one statement a page: kind by kind, each in the order of ids.

Ids never change and follow time, so that rows which come beside it move nothing.
"""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CTE, Select, and_, func, literal, select, union_all
from sqlmodel import col

from app.access import Caller
from app.db import OneTrip
from app.pages import packed, refusing, unpacked
from app.tables import Conversation, Document, Member, Message, Task, Team, User
from app.users.exported import ExportQuery

LARGEST = 2_000_000
"""Bytes of JSON on a page. Lambda's limit of 6 MB counts them inside a string of its own JSON,
where at worst three bytes stand for one."""

HERE = "export"
NOWHERE = UUID(int=0)


class Source(NamedTuple):
    """Where the rows of a kind are: table, id, owner, and bytes of the part that may be long."""

    table: Any
    id: Any
    owner: Any
    bytes: Any = literal(0)


# How long a text is stands beside it: none is read for that.
SOURCES = {
    "profile": Source(User, literal(NOWHERE), User.id),
    "task": Source(Task, Task.id, Task.user_id),
    "document": Source(
        Document, Document.id, Document.user_id, func.octet_length(Document.content)
    ),
    "conversation": Source(Conversation, Conversation.id, Conversation.user_id),
    "message": Source(Message, Message.id, Message.user_id, func.octet_length(Message.content)),
    "team_membership": Source(Member, Member.team_id, Member.user_id),
}
KINDS = [*SOURCES]


class Place(NamedTuple):
    """After which row a page begins: the number of its kind, and its id."""

    kind: int = -1
    id: UUID = NOWHERE


def cursor(place: Place) -> str:
    return packed(HERE, place.kind, str(place.id))


def place(cursor: str | None) -> Place:
    """The place behind a cursor; raises InvalidCursor for one that no export made."""
    if cursor is None:
        return Place()
    with refusing():
        kind, id = unpacked(cursor, HERE)
        return Place(range(len(KINDS)).index(kind), UUID(id))


class Owned(NamedTuple):
    place: Place
    kind: str
    row: dict[str, Any]


def list_everything(db: OneTrip, me: Caller, query: ExportQuery) -> list[Owned]:
    """A page's rows, and the one behind them: it says that there is more."""
    found = next_few(me, place(query.cursor), query.limit + 1)
    statement = select(found.c.kind, found.c.id, col(Team.name)).select_from(found)
    for kind, source in enumerate(SOURCES.values()):
        this = and_(found.c.kind == kind, source.id == found.c.id, source.owner == me.id)
        statement = statement.add_columns(source.table).outerjoin(source.table, this)
    statement = statement.outerjoin(Team, col(Team.id) == Member.team_id)
    statement = statement.where(found.c.before < LARGEST).order_by(found.c.kind, found.c.id)
    return [owned(*row) for row in db.rows(statement)]


def owned(kind: int, id: UUID, team: str | None, *rows: Any) -> Owned:
    """The row of its kind, the others being None; of a membership the team's name is told too."""
    return Owned(Place(kind, id), KINDS[kind], {"name": team, **rows[kind].model_dump()})


def next_few(me: Caller, after: Place, most: int) -> CTE:
    """Kind and id of the next rows, and how many bytes of text stand before each on the page."""
    kinds = [*enumerate(SOURCES.values())][max(after.kind, 0) :]
    rows = union_all(*(select(few(me, *kind, after, most)) for kind in kinds)).subquery()
    place = rows.c.kind, rows.c.id
    before = func.sum(rows.c.bytes).over(order_by=place) - rows.c.bytes
    return select(*place, before.label("before")).order_by(*place).limit(most).cte("found")


def few(me: Caller, kind: int, source: Source, after: Place, most: int) -> Any:
    columns = literal(kind).label("kind"), source.id.label("id"), source.bytes.label("bytes")
    statement: Select[Any] = select(*columns).where(source.owner == me.id)
    if kind == after.kind:
        statement = statement.where(source.id > after.id)
    return statement.order_by(source.id).limit(most).subquery()
