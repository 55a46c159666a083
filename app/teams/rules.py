"""Who may do what in a team, as the team's members tell it."""

from datetime import datetime

from app.access import OWNER, RUN_IT, Caller
from app.errors import Forbidden, PreconditionFailed
from app.tables import Team


def role_of(user_id: str, team: Team) -> str | None:
    roles: dict[str, str] = {member["user_id"]: member["role"] for member in team.members}
    return roles.get(user_id)


def needs_owner(me: Caller, team: Team) -> None:
    if role_of(me.id, team) != OWNER:
        raise Forbidden("only an owner of the team may")


def needs_owner_or_admin(me: Caller, team: Team) -> None:
    if role_of(me.id, team) not in RUN_IT:
        raise Forbidden("only an owner or an admin of the team may")


def needs_say(me: Caller, team: Team, user_id: str, role: str | None) -> None:
    """Whether this user is to be in that role, or in the team at all, is for me to decide."""
    if user_id == me.id and role is None:
        return  # whoever is in may leave
    needs_owner_or_admin(me, team)
    if OWNER in {role, role_of(user_id, team)} and role_of(me.id, team) != OWNER:
        raise Forbidden("only an owner decides on owners")


def needs_newcomer(team: Team, user_id: str) -> None:
    if role_of(user_id, team):
        raise PreconditionFailed("they are a member already")


def joined(team: Team, user_id: str, when: datetime | None) -> bool:
    """Whether this user became a member at this moment."""
    return any(
        member["user_id"] == user_id and datetime.fromisoformat(member["joined_at"]) == when
        for member in team.members
    )
