"""SQL that purges: each function is one statement.

Without evidence (evidence.py), since none is needed: what is gone is not found a second time. A
statement that is sent again after a lost link deletes the next few rows, which are as due.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, any_, delete, func, literal, literal_column, select
from sqlmodel import col

from app.db import OneTrip
from app.tables import Conversation, Document, Message, Operation, Task, Tombstone

CHUNK = 1000
"""Rows at a time: whoever wants one of them, to restore it, waits for milliseconds only."""

EVIDENCE = timedelta(hours=48)
"""How long a write can be repeated with its Idempotency-Key."""

ctid: Any = literal_column("ctid")
"""Where a row lies: good for as long as the row is locked, whatever its table's key is."""


def due(days: int) -> dict[Any, ColumnElement[bool]]:
    """Which rows of which table are to go, in this order: those that take longest come last."""
    long_ago, lately = func.now() - timedelta(days=days), func.now() - EVIDENCE
    talk = col(Conversation.deleted_at) < long_ago
    return {
        Operation: col(Operation.created_at) < lately,
        Tombstone: col(Tombstone.created_at) < long_ago,
        Task: col(Task.deleted_at) < long_ago,
        Document: col(Document.deleted_at) < long_ago,
        Message: in_a_long_one(talk),
        Conversation: talk,
    }


def in_a_long_one(talk: ColumnElement[bool]) -> ColumnElement[bool]:
    """The messages of one such conversation that has too many of them to go with it.

    It is locked before they are, as by whoever else touches them.
    """
    long = select(col(Conversation.id)).where(talk, col(Conversation.message_count) > CHUNK)
    one = long.limit(1).with_for_update(skip_locked=True).scalar_subquery()
    return col(Message.conversation_id) == any_(func.array(one))


def delete_few(db: OneTrip, table: Any, condition: ColumnElement[bool]) -> dict[str, int]:
    """Delete the next few rows for good; returns how many of which table, or nothing.

    Locked rows are left to whoever locked them: another purge, or a caller who restores one. A
    conversation goes with its messages, and so the few are fewer where they are long. One that is
    too long has lost most of them before: restored between two chunks, it has those that are left.
    """
    messages = getattr(table, "message_count", literal(0)).label("messages")
    few = func.array(light(table, condition, messages).scalar_subquery())
    gone = delete(table).where(ctid == any_(few)).returning(messages).cte("gone")
    rows = db.rows(select(func.count(), func.sum(gone.c.messages)).select_from(gone))
    counts = Counter({table.__tablename__: rows[0][0]}) + Counter(messages=rows[0][1] or 0)
    return dict(counts)  # of nothing it holds none


def light(table: Any, condition: ColumnElement[bool], messages: Any) -> Any:
    """The places of the next few rows, locked; together they have few messages."""
    few = select(ctid.label("place"), messages).select_from(table)
    few = few.where(condition, messages.element <= CHUNK)
    locked = few.limit(CHUNK).with_for_update(skip_locked=True).cte("locked")
    before = func.sum(locked.c.messages).over(order_by=locked.c.place) - locked.c.messages
    weighed = select(locked.c.place, before.label("before")).subquery()
    return select(weighed.c.place).where(weighed.c.before < CHUNK)


def count_due(db: OneTrip, days: int) -> dict[str, int]:
    """How many rows of each table a purge would find."""
    counts = [
        select(func.count()).select_from(table).where(condition).label(table.__tablename__)
        for table, condition in due(days).items()
        if table is not Message
    ]
    old = select(func.sum(Conversation.message_count)).where(due(days)[Conversation])
    row = db.rows(select(*counts, func.coalesce(old.scalar_subquery(), 0).label("messages")))[0]
    return dict(row._mapping)  # noqa: SLF001  a public name, underscored so that no column meets it
