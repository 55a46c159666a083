"""Who may do what in a team, as the team's members tell it."""

from datetime import datetime

from app.access import OWNER, RUN_IT, Caller
from app.errors import Forbidden, NotFound, PreconditionFailed, Problem
from app.tables import Team


def bad_decision(me: Caller, team: Team, user_id: str, role: str, absent: str) -> Problem:
    """Why I could not decide that this user is to be in that role."""
    roles = {member["user_id"]: member["role"] for member in team.members}
    if roles[me.id] not in RUN_IT:
        return Forbidden("only an owner or an admin of the team may")
    if roles[me.id] != OWNER and OWNER in {role, roles.get(user_id)}:
        return Forbidden("only an owner decides on owners")
    if user_id in roles:
        return PreconditionFailed("they are a member already")
    return NotFound(absent)


def joined(team: Team, user_id: str, when: datetime | None) -> bool:
    """Whether this user became a member at this moment."""
    return any(
        member["user_id"] == user_id and datetime.fromisoformat(member["joined_at"]) == when
        for member in team.members
    )
