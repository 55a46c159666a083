"""SQL that purges: each function is one statement.

Without evidence (evidence.py), since none is needed: what is gone is not found a second time. A
statement that is sent again after a lost link deletes the next few rows, which are as due.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, any_, delete, func, literal, literal_column, select
from sqlmodel import col

from app.db import OneTrip
from app.tables import Conversation, Document, Operation, Task, Tombstone

CHUNK = 1000
"""Rows at a time: whoever wants one of them, to restore it, waits for milliseconds only."""

EVIDENCE = timedelta(hours=48)
"""How long a write can be repeated with its Idempotency-Key."""

ctid: Any = literal_column("ctid")
"""Where a row lies: good for as long as the row is locked, whatever its table's key is."""


def due(days: int) -> dict[Any, ColumnElement[bool]]:
    """Which rows of which table are to go."""
    long_ago, lately = func.now() - timedelta(days=days), func.now() - EVIDENCE
    return {
        Conversation: col(Conversation.deleted_at) < long_ago,
        Document: col(Document.deleted_at) < long_ago,
        Task: col(Task.deleted_at) < long_ago,
        Tombstone: col(Tombstone.created_at) < long_ago,
        Operation: col(Operation.created_at) < lately,
    }


def delete_few(db: OneTrip, table: Any, condition: ColumnElement[bool]) -> dict[str, int]:
    """Delete the next few rows for good; returns how many of which table, or nothing.

    Locked rows are left to whoever locked them: another purge, or a caller who restores one. A
    conversation goes whole, since whoever restores it must find all its messages; so the few are
    fewer where they are long.
    """
    messages = getattr(table, "message_count", literal(0))
    few = select(ctid.label("place"), messages.label("messages")).select_from(table)
    locked = few.where(condition).limit(CHUNK).with_for_update(skip_locked=True).cte("locked")
    before = func.sum(locked.c.messages).over(order_by=locked.c.place) - locked.c.messages
    weighed = select(locked.c.place, before.label("before")).subquery()
    light = select(weighed.c.place).where(weighed.c.before < CHUNK).scalar_subquery()
    gone = (
        delete(table).where(ctid == any_(func.array(light))).returning(messages.label("messages"))
    )
    counted = gone.cte("gone")
    rows = db.rows(select(func.count(), func.sum(counted.c.messages)).select_from(counted))
    counts = {table.__tablename__: rows[0][0], "messages": rows[0][1] or 0}
    return {name: count for name, count in counts.items() if count}


def count_due(db: OneTrip, days: int) -> dict[str, int]:
    """How many rows of each table a purge would find."""
    counts = [
        select(func.count()).select_from(table).where(condition).label(table.__tablename__)
        for table, condition in due(days).items()
    ]
    old = select(func.sum(Conversation.message_count)).where(due(days)[Conversation])
    row = db.rows(select(*counts, func.coalesce(old.scalar_subquery(), 0).label("messages")))[0]
    return dict(row._mapping)  # noqa: SLF001  a public name, underscored so that no column meets it
