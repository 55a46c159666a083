"""Who is asking, and the one rule of sight: conditions that go inside other statements' WHERE."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    any_,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlmodel import col

from app.errors import Forbidden
from app.tables import TEAM, Member, space

OWNER = "owner"
RUN_IT = (OWNER, "admin")
"""The roles of those who run a team."""


class Caller(NamedTuple):
    """Whose token the request carries; the claims stand in until Better Auth's row is there."""

    id: str
    name: str = ""
    email: str | None = None
    email_verified: bool = False
    image: str | None = None


def row_of(me: Caller) -> dict[str, Any]:
    """The caller's row of Better Auth's table, made from the token's claims.

    Raises Forbidden where they name no email address: the row cannot be without one.
    """
    if me.email is None:
        raise Forbidden("your account is not known here, and your token carries no email")
    return me._asdict()


def teams_of(me: Caller) -> Select[UUID]:
    return select(col(Member.team_id)).where(col(Member.user_id) == me.id)


def spaces_of(me: Caller) -> CompoundSelect[str]:
    """Where my rows live: with me, and in the teams that I am in."""
    teams = teams_of(me).subquery()
    return union_all(
        select(literal(me.id, Text).label("id")), select(TEAM + cast(teams.c.team_id, Text))
    )


def visible_to(me: Caller, table: Any) -> ColumnElement[bool]:
    """The rule of sight: my own rows and my teams'.

    = ANY (ARRAY (…)), not IN (…): read once, before the rows are looked at.
    """
    return space(table) == any_(func.array(spaces_of(me).scalar_subquery()))


def changeable_by(me: Caller, table: Any) -> ColumnElement[bool]:
    """The rule of sight for writes: in a row's team I stay until I have written.

    Without the lock I would write in a team after everybody was told that I am out of it, if my
    write was waiting for the row meanwhile. My own rows need none: leaving takes them back.
    """
    teams = teams_of(me).with_for_update(read=True, key_share=True).scalar_subquery()
    return or_(owned_by(me, table), table.team_id == any_(func.array(teams)))


def owned_by(me: Caller, table: Any) -> ColumnElement[bool]:
    """The rule of sight where nothing is shared: my own rows."""
    mine: ColumnElement[bool] = table.user_id == me.id
    return mine


def deletable_by(me: Caller, table: Any) -> ColumnElement[bool]:
    """Its owner may delete a row; so may whoever runs the team that it is in, until it is done."""
    role = role_of(table.team_id, me.id).with_for_update(read=True).scalar_subquery()
    return or_(owned_by(me, table), role.in_(RUN_IT))


def in_team(me: Caller, team_id: Any) -> ColumnElement[bool]:
    """The rule of sight of teams themselves: those that I am in."""
    mine: ColumnElement[bool] = team_id == any_(func.array(teams_of(me).scalar_subquery()))
    return mine


def role_in(team_id: Any, user_id: str) -> ColumnElement[str]:
    """What somebody is in a team; NULL for nobody."""
    return role_of(team_id, user_id).scalar_subquery()


def role_of(team_id: Any, user_id: str) -> Select[str]:
    member = col(Member.team_id) == team_id, col(Member.user_id) == user_id
    return select(col(Member.role)).where(*member)
