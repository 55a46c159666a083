"""SQL that writes: each function is one statement, exactly once.

Whoever changes a team's members writes the team first, as a new version of it: its lock puts such
changes one after another, and its id is the evidence. Every change of a team is `steady`, so that
who may do what is decided by the members as they are then, not as they were before the wait.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    and_,
    cast,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlmodel import col

from app.access import OWNER, RUN_IT, Caller, in_team, role_in
from app.attempts import Attempt
from app.db import OneTrip, one
from app.etags import unchanged
from app.tables import Member, Team, User, new_id


def add_team(db: OneTrip, me: Caller, once: Attempt, new: dict[str, Any]) -> Team | None:
    """Add a team that I own."""
    row = {"id": new_id(), **new}
    values = select(*(literal(value) for value in row.values())).where(once.alone)
    write = insert(Team).from_select([*row], values)

    def also(written: CTE) -> Any:
        mine = select(written.c.id, literal(me.id), literal(OWNER))
        return insert(Member).from_select(["team_id", "user_id", "role"], mine)

    return one(once.send(db, write, Team, in_team(me, Team.id), also=also))


def change_team(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    team_id: UUID,
    versions: list[int] | None,
    change: dict[str, Any],
) -> Team | None:
    here = *this(once, team_id, versions), role_in(Team.id, me.id).in_(RUN_IT)
    write = update(Team).where(*here).values({"name": Team.name, **change})
    return one(once.send(db, write.execution_options(steady=True), Team, in_team(me, Team.id)))


def delete_team(
    db: OneTrip, me: Caller, once: Attempt, team_id: UUID, versions: list[int] | None
) -> bool:
    """Delete one team; what was shared with it goes back to its owners."""
    here = *this(once, team_id, versions), role_in(Team.id, me.id) == OWNER
    write = delete(Team).where(*here).execution_options(steady=True)
    return once.send(db, write, Team, in_team(me, Team.id)) is not None


def put_member(  # noqa: PLR0913  one more than elsewhere: only here can something be new
    db: OneTrip,
    me: Caller,
    once: Attempt,
    team_id: UUID,
    user_id: str,
    versions: list[int] | None,
    role: str,
    *,
    new: bool,
) -> Team | None:
    """Add a member, or change the role of one; a member who has it already is no new version."""
    known, there = exists().where(col(User.id) == user_id), role_in(Team.id, user_id)
    write = renewed(once, team_id, versions, there.is_distinct_from(role))
    write = write.where(decides(me, user_id, role), known, there.is_(None) if new else true())

    def also(written: CTE) -> Any:
        return upsert(select(written.c.id, literal(user_id), literal(role)))

    return one(once.send(db, write, Team, in_team(me, Team.id), also=also))


def delete_member(
    db: OneTrip,
    me: Caller,
    once: Attempt,
    team_id: UUID,
    user_id: str,
    versions: list[int] | None,
) -> bool:
    """Remove a member, or leave; a team that nobody is left in is gone."""
    member = role_in(Team.id, user_id).is_not(None)
    mine = true() if user_id == me.id else decides(me, user_id)
    write = renewed(once, team_id, versions, member).where(member, mine)

    def also(written: CTE) -> Any:
        gone = col(Member.team_id) == written.c.id, col(Member.user_id) == user_id
        return delete(Member).where(*gone)

    return once.send(db, write, Team, in_team(me, Team.id), also=also) is not None


def renewed(
    once: Attempt, team_id: UUID, versions: list[int] | None, when: ColumnElement[bool]
) -> Any:
    """This team, locked against others who change its members; a new version `when` they change."""
    version = col(Team.version) + cast(when, Integer)
    write = update(Team).where(*this(once, team_id, versions)).values(version=version)
    return write.execution_options(steady=True)


def this(
    once: Attempt, team_id: UUID, versions: list[int] | None
) -> tuple[ColumnElement[bool], ...]:
    return once.alone, col(Team.id) == team_id, unchanged(Team, versions)


def decides(me: Caller, user_id: str, role: str | None = None) -> ColumnElement[bool]:
    """Those who run a team decide on its members; on who owns it, only owners do."""
    mine, theirs = role_in(Team.id, me.id), role_in(Team.id, user_id)
    if role == OWNER:
        return mine == OWNER
    return or_(mine == OWNER, and_(mine.in_(RUN_IT), theirs.is_distinct_from(OWNER)))


def upsert(rows: Any) -> Any:
    put = postgresql.insert(Member).from_select(["team_id", "user_id", "role"], rows)
    role = put.excluded.role
    return put.on_conflict_do_update(
        constraint="members_pkey", set_={"role": role}, where=col(Member.role) != role
    )
