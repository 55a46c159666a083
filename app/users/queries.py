"""Each function is one statement, on the caller's own row of Better Auth's table."""

from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access import Caller, row_of
from app.attempts import Attempt
from app.db import OneTrip
from app.tables import User


def get_user(db: OneTrip, me: Caller) -> User | None:
    rows = db.scalars(select(User).where(col(User.id) == me.id))
    return rows[0] if rows else None


def change_user(db: OneTrip, me: Caller, once: Attempt, change: dict[str, Any]) -> User | None:
    mine = col(User.id) == me.id
    write = update(User).where(once.alone, mine).values({"updated_at": func.now(), **change})
    users = once.send(db, write, User, mine)
    return users[0] if users else None


def add_user(db: OneTrip, me: Caller, once: Attempt, change: dict[str, Any]) -> User | None:
    """Make the row from the token's claims; None where a twin was faster, or the email is taken."""
    row = {**row_of(me), **change}
    values = select(*(literal(value) for value in row.values())).where(once.alone)
    write = insert(User).from_select([*row], values).on_conflict_do_nothing()
    users = once.send(db, write, User, col(User.id) == me.id)
    return users[0] if users else None
