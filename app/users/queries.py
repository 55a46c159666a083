"""SQL that reads: each function is one statement, on the caller's own rows."""

from sqlalchemy import select
from sqlmodel import col

from app.access import Caller
from app.db import OneTrip, one
from app.tables import User


def get_user(db: OneTrip, me: Caller) -> User | None:
    return one(db.scalars(select(User).where(col(User.id) == me.id)))
