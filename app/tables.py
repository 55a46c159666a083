"""The whole database, on one page.

Rules that rows must obey are constraints: the database tests them for free, under any race, and
`REFUSALS` says what each refusal means to the caller. No ORM relationships: a lazy attribute is a
round trip that nobody wrote, so joins are spelled out in each domain's queries.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import query_expression, with_expression
from sqlmodel import Field, SQLModel, col

REVISION = "0002"
"""The schema this code was written for; a test holds it against the migrations' own head."""

SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}

OWNERS = (
    "tasks_user_id_fkey",
    "documents_user_id_fkey",
    "conversations_user_id_fkey",
    "members_user_id_fkey",
)
"""Broken by a caller who has no row yet. Never by another, who is made a member: that statement is
`steady`, and tried again where they go at that moment."""

MEMBERSHIPS = ("tasks_team_id_user_id_fkey", "documents_team_id_user_id_fkey")
"""Broken by whoever shares with a team that they are not in, or no more."""

REFUSALS = {
    **dict.fromkeys(MEMBERSHIPS, ("not_found", "no such team")),
    # The caller's missing row is made on the way: only its email can have been in the way.
    **dict.fromkeys(OWNERS, ("email_taken", "another account has that email address")),
    "tombstones_pkey": ("forbidden", "this account was deleted"),
    "teams_owners_check": ("conflict", "a team needs an owner: name another one first"),
    "answers_bytes_check": ("answer_too_large", "ask for fewer items at once"),
}
"""A constraint's name -> the error's code and the sentence that callers see."""

Status = Literal["todo", "in_progress", "done"]
Priority = Literal["low", "medium", "high", "urgent"]
MessageRole = Literal["user", "assistant", "system", "tool"]
TeamRole = Literal["owner", "admin", "member"]
STATUSES: tuple[Status, ...] = get_args(Status)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
"""In order of urgency, the least first: what sorting by priority means."""


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562, 5.7): 48 bits of ms, 12 of the ms's fraction, 62 random.

    The randomness is the kernel's: `random` would repeat itself in every sandbox restored from
    one snapshot. The fraction keeps ids made one after another in that order.
    """
    ms, ns = divmod(time.time_ns(), 1_000_000)
    fraction = (ns << 12) // 1_000_000
    noise = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=ms << 80 | 7 << 76 | fraction << 64 | 2 << 62 | noise)


TIME = DateTime(timezone=True)


def set_by_database(default: Any, kind: Any = Integer) -> Any:
    """A column that an INSERT may leave out."""
    return Field(default=None, sa_type=kind, sa_column_kwargs={"server_default": default})


def now() -> Any:
    """The time at which the row is made."""
    return set_by_database(func.now(), TIME)


def instant() -> Any:
    """A time that may be absent."""
    return Field(default=None, sa_type=TIME)


def theirs(name: str, kind: Any, key: str, **more: Any) -> Any:
    """A column of Better Auth's, which we know under our own name."""
    return Field(sa_column=Column(name, kind, key=key, nullable=False, **more))


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """An enumeration that a migration can widen without rewriting a type."""
    return CheckConstraint(f"{column} IN {values}", column)


class User(SQLModel, table=True):
    """Better Auth's table, of which we know these columns only; its migrations are its own."""

    __tablename__ = "user"

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    email: str = Field(unique=True, sa_type=Text)
    email_verified: bool = theirs("emailVerified", Boolean, "email_verified")
    image: str | None = Field(None, sa_type=Text)
    created_at: datetime = theirs("createdAt", TIME, "created_at", server_default=func.now())
    updated_at: datetime = theirs("updatedAt", TIME, "updated_at", server_default=func.now())


class Team(SQLModel, table=True):
    """A team is never without an owner: a trigger on its members counts them, one at a time."""

    __tablename__ = "teams"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", "name"),
        CheckConstraint("owners > 0", "owners"),
    )

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    owners: int = set_by_database("1")
    created_at: datetime = now()
    updated_at: datetime = now()
    version: int = set_by_database("1")
    members: ClassVar[Any] = query_expression()
    """Read only where a statement asks for it: see `with_members` in teams/queries.py."""


class Member(SQLModel, table=True):
    __tablename__ = "members"
    __table_args__ = (
        one_of("role", get_args(TeamRole)),
        Index("members_user_id_idx", "user_id"),
    )

    team_id: UUID = Field(primary_key=True, foreign_key="teams.id", ondelete="CASCADE")
    user_id: str = Field(primary_key=True, foreign_key="user.id", ondelete="CASCADE", sa_type=Text)
    role: str = set_by_database("member", Text)
    joined_at: datetime = now()


TEAM = literal_column("'team '", Text)
"""Before a team's id where it names a space: no user's id holds a blank, so the two cannot meet."""


def space(table: Any) -> ColumnElement[str]:
    """Where a row lives: in its team, or with its owner alone.

    One expression, so that one index per sort serves both and a list never reads what it drops.
    """
    return func.coalesce(TEAM + cast(table.team_id, Text), table.user_id)


def urgency(table: Any) -> ColumnElement[int]:
    order = literal_column(f"ARRAY{list(PRIORITIES)}", ARRAY(Text))
    return func.array_position(order, table.priority)


def due(table: Any) -> ColumnElement[datetime]:
    """When a task is due; without a date, at the end of time: a sort key is never NULL."""
    return func.coalesce(table.due_at, literal_column("'infinity'::timestamptz"))


def searched(table: Any, body: str) -> None:
    """Give the table its words, stemmed, as full-text search compares them; the title's weigh more.

    Without "<": Postgres would take "a<b and c>d" for a tag, and leave its words out. Where a row
    lives is one more of its words: a search asks for both, and so reads the caller's rows only,
    however common the word is in other people's. The column is no field: no row carries it out.
    """
    stem = "to_tsvector('english', translate({}, '<', ' '))"
    here = f"array_to_tsvector(ARRAY[md5(coalesce({TEAM} || team_id::text, user_id))])"
    sql = f"setweight({stem.format('title')}, 'A') || {stem.format(body)} || {here}"
    words = Column("words", TSVECTOR, Computed(sql, persisted=True))
    table.__table__.append_column(words)
    name = f"{table.__tablename__}_words_idx"
    Index(name, words, postgresql_using="gin", postgresql_where=live(table))


def shared() -> ForeignKeyConstraint:
    """A row may be shared with a team that its owner is in; leaving the team takes it back."""
    return ForeignKeyConstraint(
        ["team_id", "user_id"],
        ["members.team_id", "members.user_id"],
        ondelete="SET NULL (team_id)",
    )


IN_A_TEAM = text("team_id IS NOT NULL")
"""Most rows are not: an index for those that are is small."""


def live(table: Any) -> ColumnElement[bool]:
    """Not deleted. What is deleted can be restored until it is purged."""
    return col(table.deleted_at).is_(None)


class Task(SQLModel, table=True):
    """A task belongs to a user and may be shared with a team that the user is in."""

    __tablename__ = "tasks"
    __table_args__: Any = (
        shared(),
        CheckConstraint("char_length(title) BETWEEN 1 AND 200", "title"),
        CheckConstraint("char_length(description) <= 2000", "description"),
        CheckConstraint("cardinality(tags) <= 20 AND '' <> ALL (tags)", "tags"),
        CheckConstraint("(status = 'done') = (completed_at IS NOT NULL)", "completed_at"),
        one_of("status", STATUSES),
        one_of("priority", PRIORITIES),
        Index("tasks_user_id_idx", "user_id", "id"),
        Index("tasks_team_id_user_id_idx", "team_id", "user_id", postgresql_where=IN_A_TEAM),
    )

    id: UUID = Field(primary_key=True)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", sa_type=Text)
    team_id: UUID | None = None
    title: str = Field(sa_type=Text)
    description: str | None = Field(None, sa_type=Text)
    status: str = set_by_database("todo", Text)
    priority: str = set_by_database("medium", Text)
    tags: list[str] = set_by_database("{}", ARRAY(Text))
    due_at: datetime | None = instant()
    completed_at: datetime | None = instant()
    created_at: datetime = now()
    updated_at: datetime = now()
    deleted_at: datetime | None = instant()
    version: int = set_by_database("1")
    place: ClassVar[Any] = query_expression()
    snippet: ClassVar[Any] = query_expression()
    """Of a row that was searched for: where its page ranks it, and why. See search.py."""


SORTS: dict[str, Any] = {
    "created_at": Task.created_at,
    "updated_at": Task.updated_at,
    "due_at": due(Task),
    "priority": urgency(Task),
    "title": Task.title,
}
for name, key in SORTS.items():
    Index(f"tasks_{name}_idx", space(Task), key, col(Task.id), postgresql_where=live(Task))
Index("tasks_deleted_idx", space(Task), col(Task.id), postgresql_where=~live(Task))
Index("tasks_deleted_at_idx", col(Task.deleted_at), postgresql_where=~live(Task))
searched(Task, "coalesce(description, '')")


class Conversation(SQLModel, table=True):
    """One user's. What it says of its messages, and its version, follow them by a trigger."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 255", "title"),
        Index("conversations_user_id_idx", "user_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", sa_type=Text)
    title: str | None = Field(None, sa_type=Text)
    message_count: int = set_by_database("0")
    newest_deleted_id: UUID | None = None
    """A message that is no more, and that the next one comes behind all the same."""
    created_at: datetime = now()
    updated_at: datetime = now()
    deleted_at: datetime | None = instant()
    version: int = set_by_database("1")
    last_message: ClassVar[Any] = query_expression()
    """Read only where a statement asks for it: see `newest`."""


keys: tuple[Any, ...]
for name, key in (("created_at", Conversation.created_at), ("updated_at", Conversation.updated_at)):
    keys = col(Conversation.user_id), col(key), col(Conversation.id)
    Index(f"conversations_{name}_idx", *keys, postgresql_where=live(Conversation))
Index(
    "conversations_deleted_at_idx",
    col(Conversation.deleted_at),
    postgresql_where=~live(Conversation),
)


class Message(SQLModel, table=True):
    """Never edited. Ids are the order of the conversation: a trigger puts a new row at its end."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("role", get_args(MessageRole)),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 32768", "content"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", "metadata"),
        Index("messages_conversation_id_idx", "conversation_id", "id"),
        Index("messages_user_id_idx", "user_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversations.id", ondelete="CASCADE")
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", sa_type=Text)
    role: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    about: dict[str, str] = Field(
        sa_column=Column("metadata", JSONB, key="about", nullable=False, server_default="{}")
    )
    """The column `metadata`, a name that SQLAlchemy keeps for itself."""
    created_at: datetime = now()
    version: ClassVar[int] = 1
    """A message is what it was when it was added."""


def newest(row: Any, longest: int | None = None) -> Any:
    """Have `last_message` read with a conversation: the whole row as JSON, or less of its text."""
    whole = func.to_jsonb(literal_column("messages"), type_=JSONB)
    brief = whole.op("||")(func.jsonb_build_object("content", func.left(Message.content, longest)))
    message = select(brief if longest else whole)
    message = message.where(col(Message.conversation_id) == row.id)
    message = message.order_by(col(Message.id).desc()).limit(1)
    return with_expression(row.last_message, message.scalar_subquery())


def newest_now(row: Any) -> Any:
    """The same after a write, which may have waited for its row while messages were added."""
    return with_expression(row.last_message, func.last_message(row.id, type_=JSONB))


def members_now(row: Any) -> Any:
    """The same for a team's members."""
    return with_expression(row.members, func.members_of(row.id, type_=JSONB))


AFTER_A_WRITE: dict[Any, tuple[Callable[[Any], Any], ...]] = {
    Conversation: (newest_now,),
    Team: (members_now,),
}
"""What an answer shows of other tables, as it is once the write is done."""


class Document(SQLModel, table=True):
    """A document belongs to a user and may be shared with a team that the user is in."""

    __tablename__ = "documents"
    __table_args__: Any = (
        shared(),
        CheckConstraint("char_length(title) BETWEEN 1 AND 255", "title"),
        CheckConstraint("octet_length(content) <= 262144", "content"),
        Index("documents_user_id_idx", "user_id", "id"),
        Index("documents_team_id_user_id_idx", "team_id", "user_id", postgresql_where=IN_A_TEAM),
    )

    id: UUID = Field(primary_key=True)
    user_id: str = Field(foreign_key="user.id", ondelete="CASCADE", sa_type=Text)
    team_id: UUID | None = None
    title: str = Field(sa_type=Text)
    content: str = set_by_database("", Text)
    created_at: datetime = now()
    updated_at: datetime = now()
    deleted_at: datetime | None = instant()
    version: int = set_by_database("1")


for name in ("created_at", "updated_at", "title"):
    keys = space(Document), getattr(Document, name), col(Document.id)
    Index(f"documents_{name}_idx", *keys, postgresql_where=live(Document))
Index("documents_deleted_idx", space(Document), col(Document.id), postgresql_where=~live(Document))
Index("documents_deleted_at_idx", col(Document.deleted_at), postgresql_where=~live(Document))
searched(Document, "content")


class Tombstone(SQLModel, table=True):
    """Who had everything deleted, and is not brought back by a token that is still valid."""

    __tablename__ = "tombstones"
    __table_args__: Any = (Index("tombstones_created_at_idx", "created_at"),)

    id: str = Field(sa_column=Column("user_id", Text, key="id", primary_key=True))
    created_at: datetime = now()


class Operation(SQLModel, table=True):
    """Evidence that a write happened, written by the write's own statement: see evidence.py.

    No foreign key to the user: it would stand in the way of deleting one. `wanted = done` rolls a
    whole batch back when one of its rows was refused.
    """

    __tablename__ = "operations"
    __table_args__: Any = (
        CheckConstraint("wanted = done", "all_or_nothing"),
        Index("operations_created_at_idx", "created_at", postgresql_using="brin"),
    )

    user_id: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: str = Field(sa_type=Text)
    result_ids: list[str] = Field(sa_type=ARRAY(Text), nullable=False)
    wanted: int
    done: int
    created_at: datetime = now()
