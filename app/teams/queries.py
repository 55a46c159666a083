"""SQL that reads: each function is one statement, members included."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import with_expression
from sqlmodel import col

from app.access import Caller, in_team
from app.db import OneTrip, one
from app.lists import those
from app.sorting import TIMES, text_key
from app.tables import Member, Team, User
from app.teams.schemas import TeamQuery

KEYS = {"name": text_key("name"), "created_at": TIMES["created_at"]}


def list_teams(db: OneTrip, me: Caller, query: TeamQuery) -> Sequence[Any]:
    statement = those(Team, [in_team(me, Team.id)], KEYS[query.key], query)
    row = statement.column_descriptions[0]["entity"]
    return db.rows(statement.options(with_members(row)))


def get_team(db: OneTrip, me: Caller, team_id: UUID) -> Team | None:
    """One team, if I am in it."""
    here = col(Team.id) == team_id, in_team(me, Team.id)
    return one(db.scalars(select(Team).options(with_members(Team)).where(*here)))


def with_members(row: Any) -> Any:
    """Have `members` read with a team, as JSON, in the order in which they joined."""
    shown = {
        "user_id": Member.user_id,
        "name": User.name,
        "email": User.email,
        "role": Member.role,
        "joined_at": Member.joined_at,
    }
    each = func.jsonb_build_object(*(part for pair in shown.items() for part in pair))
    order = col(Member.joined_at), col(Member.user_id)
    members = select(func.jsonb_agg(aggregate_order_by(each, *order), type_=JSONB))
    members = members.join(User, col(User.id) == Member.user_id).where(Member.team_id == row.id)
    return with_expression(row.members, members.scalar_subquery())
