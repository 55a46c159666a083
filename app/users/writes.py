"""SQL that writes: each function is one statement, on the caller's own rows, exactly once."""

from typing import Any

from sqlalchemy import CTE, any_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access import Caller, row_of
from app.attempts import Attempt
from app.db import OneTrip, one
from app.errors import found
from app.evidence import one_at_a_time, unless_deleted
from app.tables import Conversation, Document, Member, Task, Team, Tombstone, User


def change_user(db: OneTrip, me: Caller, once: Attempt, change: dict[str, Any]) -> User | None:
    """Change the row; None where there is none yet. Raises NotFound in a repeat, if it is gone."""
    mine = col(User.id) == me.id
    write = update(User).where(once.alone, mine).values({"updated_at": func.now(), **change})
    users = once.send(db, write, User, mine)
    return None if users is None else found(one(users))


def add_user(db: OneTrip, me: Caller, once: Attempt, change: dict[str, Any]) -> User | None:
    """Make the row from the token's claims; None where a twin was faster, or the email is taken."""
    row = {**row_of(me), **change}
    values = select(*(literal(value) for value in row.values())).where(once.alone)
    write = insert(User).from_select([*row], values).on_conflict_do_nothing()
    write = write.execution_options(**one_at_a_time(me))
    mine = col(User.id) == me.id
    return one(once.send(db, write, User, mine, also=lambda _: unless_deleted(me)))


def delete_everything(db: OneTrip, me: Caller, once: Attempt) -> None:
    """Delete all that is the caller's, for good, and leave a tombstone, or make it a new one.

    Better Auth's row stays, for it to delete. So does the evidence of the caller's writes, which
    holds ids and hashes only: without it, a write that is repeated now would be done a second time.
    """
    write = insert(Tombstone).from_select(["id"], select(literal(me.id)).where(once.alone))
    anew = write.on_conflict_do_update(
        constraint="tombstones_pkey", set_={"created_at": func.now()}
    ).execution_options(**one_at_a_time(me))
    once.send(db, anew, Tombstone, col(Tombstone.id) == me.id, also=all_of)


def all_of(buried: CTE) -> Any:
    """Deletes what belongs to whom the tombstone is for.

    Messages go with their conversations, and teams with their last member: the database sees to
    it. It refuses to leave a team of others without an owner, and then all stays. Teams are locked
    before their members, as by whoever else changes those: nobody then waits in a circle.
    """
    whose = select(buried.c.id).scalar_subquery()
    mine = select(col(Member.team_id)).where(col(Member.user_id) == whose)
    teams = select(col(Team.id)).where(col(Team.id) == any_(func.array(mine.scalar_subquery())))
    left = teams.order_by(col(Team.id)).with_for_update().cte("teams_left")
    among = any_(func.array(select(left.c.id).scalar_subquery()))
    leave = delete(Member).where(col(Member.user_id) == whose, col(Member.team_id) == among)
    tables: list[Any] = [Task, Document, Conversation]
    for table in tables:
        leave = leave.add_cte(
            delete(table).where(table.user_id == whose).cte(f"all_{table.__name__}")
        )
    return leave
