"""HTTP only: one endpoint is one query; a refusal asks once more, to say why."""

from typing import Annotated, Any, NoReturn
from urllib.parse import quote
from uuid import UUID

from fastapi import Path, Query, Request, Response

from app.access import Caller
from app.auth import Me
from app.db import Database
from app.errors import NotFound, found
from app.etags import Putting, Reading, Tag, Writing
from app.idempotency import Once
from app.openapi import documented
from app.pages import page
from app.routers import below_user
from app.tables import Team
from app.teams import queries, rules, writes
from app.teams.schemas import Membership, NewTeam, TeamChange, TeamOut, TeamPage, TeamQuery

router = below_user("/teams", "teams")
ONE = "/{team_id:uuid}"


MemberId = Annotated[
    str,
    Path(
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="A user's id, or `me`",
        examples=["Zk3vT9qLw1"],
    ),
]


@router.get("", response_model=TeamPage, responses=documented(400))
def list_teams(
    db: Database, me: Me, query: Annotated[TeamQuery, Query()], request: Request, response: Response
) -> dict[str, Any]:
    """The teams that you are in."""
    rows = queries.list_teams(db, me, query)
    return page(rows, queries.KEYS[query.key], query, request, response)


@router.post("", response_model=TeamOut, status_code=201, responses=documented(400, 404, 409))
def add_team(db: Database, me: Me, once: Once, response: Response, new: NewTeam) -> Team:
    """Found a team: you are its owner, and so far its only member."""
    team = found(writes.add_team(db, me, once, new.model_dump()))
    response.headers["Location"] = f"/api/me/teams/{team.id}"
    return Tag(response)(team)


@router.get(ONE, response_model=TeamOut, responses=documented(304, 404))
def get_team(db: Database, me: Me, tag: Reading, team_id: UUID) -> Team:
    """A team that you are in, with its members."""
    return tag(found(queries.get_team(db, me, team_id)))


@router.patch(ONE, response_model=TeamOut, responses=documented(400, 404, 409, 412))
def change_team(
    db: Database, me: Me, once: Once, tag: Writing, team_id: UUID, change: TeamChange
) -> Team:
    """Change a team's name: for its owners and admins."""
    values = change.model_dump(exclude_unset=True)
    team = writes.change_team(db, me, once, team_id, tag.versions, values)
    if team is None:
        seen = found(queries.get_team(db, me, team_id))
        rules.needs_owner_or_admin(me, seen)
        tag.outdated(seen)
    return tag(team)


@router.delete(ONE, status_code=204, response_class=Response, responses=documented(404, 409, 412))
def delete_team(db: Database, me: Me, once: Once, tag: Writing, team_id: UUID) -> None:
    """Delete a team: for its owners. What was shared with it goes back to those who own it."""
    if not writes.delete_team(db, me, once, team_id, tag.versions):
        seen = found(queries.get_team(db, me, team_id))
        rules.needs_owner(me, seen)
        tag.outdated(seen)


@router.put(
    f"{ONE}/members/{{member_id}}",
    response_model=TeamOut,
    responses={
        200: {"description": "The member's role is what was asked for"},
        201: {"description": "The member was added", "model": TeamOut},
        **documented(400, 404, 409, 412),
    },
)
def put_member(
    db: Database,
    me: Me,
    once: Once,
    tag: Putting,
    team_id: UUID,
    member_id: MemberId,
    put: Membership,
) -> Team:
    """Add a member, or change the role of one: for owners and admins; of owners, for owners."""
    whom = named(me, member_id)
    team = writes.put_member(db, me, once, team_id, whom, tag.versions, put.role, new=tag.new)
    if team is None:
        refuse_member(db, me, tag, team_id, whom, put.role)
    if rules.joined(team, whom, once.when):
        tag.response.status_code = 201
        tag.response.headers["Location"] = f"/api/me/teams/{team_id}/members/{quote(whom, safe='')}"
    return tag(team)


def refuse_member(
    db: Database, me: Me, tag: Putting, team_id: UUID, whom: str, role: str
) -> NoReturn:
    seen = found(queries.get_team(db, me, team_id))
    rules.needs_say(me, seen, whom, role)
    tag.match(seen)
    rules.needs_newcomer(seen, whom)
    raise NotFound("no such user")


@router.delete(
    f"{ONE}/members/{{member_id}}",
    status_code=204,
    response_class=Response,
    responses=documented(404, 409, 412),
)
def delete_member(
    db: Database, me: Me, once: Once, tag: Writing, team_id: UUID, member_id: MemberId
) -> None:
    """Remove a member, as an owner or an admin, or leave: what you shared goes with you.

    The last to leave leaves no team behind; the last owner cannot leave others behind.
    """
    whom = named(me, member_id)
    if not writes.delete_member(db, me, once, team_id, whom, tag.versions):
        seen = found(queries.get_team(db, me, team_id))
        rules.needs_say(me, seen, whom, None)
        if not rules.role_of(whom, seen):
            raise NotFound("no such member")
        tag.outdated(seen)


def named(me: Caller, member_id: str) -> str:
    return me.id if member_id == "me" else member_id
