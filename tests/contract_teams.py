"""Teams: who is in them as what, who decides on that, and that each has an owner."""

from collections.abc import Callable
from typing import Any

from tests.contract_chosen import Id, moment
from tests.contract_model import (
    CONFLICT,
    NO_SUCH,
    NOT_YOURS,
    RUN_IT,
    Answer,
    Guard,
    Refused,
    Row,
    Show,
    World,
    guarded,
)

SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda item: item["name"],
    "created_at": lambda item: moment(item["created_at"]),
}


def shown(world: World, row: Row) -> Row:
    """As every answer has it, its members in the order in which they joined."""
    members = [
        {"user_id": id, "name": world.users[id]["name"], "email": world.users[id]["email"], **each}
        for id, each in row["members"].items()
    ]
    return {**row, "members": members}


def showing(who: str, status: int, id: Id) -> Show:
    return lambda now: Answer(status, shown(now, now.find("teams", who, id)))


def add(world: World, who: str, new: Row) -> Show:
    world.provide(who)
    row = world.made(**new, members={who: {"role": "owner", "joined_at": world.time()}})
    world.teams[row["id"]] = row
    return showing(who, 201, row["id"])


def change(world: World, who: str, id: Id, patch: Row, guard: Guard) -> Show:
    row = world.find("teams", who, id)
    if world.role(id, who) not in RUN_IT:
        raise Refused(*NOT_YOURS)
    guarded(row, guard)
    world.teams[id] = world.changed(row, **patch)
    return showing(who, 200, id)


def delete(world: World, who: str, id: Id, guard: Guard) -> Show:
    """What was shared with it goes back to those who own it."""
    row = world.find("teams", who, id)
    if world.role(id, who) != "owner":
        raise Refused(*NOT_YOURS)
    guarded(row, guard)
    del world.teams[id]
    unshare(world, id)
    return lambda _: Answer(204)


def decides(world: World, who: str, id: Id, *roles: str | None) -> None:
    """Owners decide on everybody, admins on all but owners."""
    mine = world.role(id, who)
    if mine not in RUN_IT or (mine != "owner" and "owner" in roles):
        raise Refused(*NOT_YOURS)


def put(world: World, who: str, id: Id, whom: str, role: str, guard: Guard) -> Show:
    row = world.find("teams", who, id)
    decides(world, who, id, role, world.role(id, whom))
    guarded(row, guard)
    if whom not in world.users:
        raise Refused(*NO_SUCH)
    member = row["members"].get(whom, {"joined_at": world.time()})
    members = {**row["members"], whom: {**member, "role": role}}
    owned(members)
    new = world.teams[id] = world.changed(row, members=members)
    joined = new["members"][whom]["joined_at"] if whom not in row["members"] else None

    def show(now: World) -> Answer:
        team = now.find("teams", who, id)
        same = joined and team["members"].get(whom, {}).get("joined_at") is joined
        return Answer(201 if same else 200, shown(now, team))

    return show


def owned(members: Row) -> None:
    if "owner" not in {each["role"] for each in members.values()}:
        raise Refused(*CONFLICT)


def remove(world: World, who: str, id: Id, whom: str, guard: Guard) -> Show:
    row = world.find("teams", who, id)
    if who != whom:
        decides(world, who, id, world.role(id, whom))
    if whom not in row["members"]:
        raise Refused(*NO_SUCH)
    guarded(row, guard)
    leave(world, id, whom)
    return lambda _: Answer(204)


def leave(world: World, id: Id, whom: str) -> None:
    """They take along what is theirs; the last to leave leaves no team behind."""
    row = world.teams[id]
    members = {each: member for each, member in row["members"].items() if each != whom}
    if members:
        owned(members)
        world.teams[id] = world.changed(row, members=members)
    else:
        del world.teams[id]
    unshare(world, id, whom)


def unshare(world: World, team: Id, who: str | None = None) -> None:
    """Take back from the team what is this user's, or everything."""
    for kind in ("tasks", "documents"):
        rows = world.rows(kind)
        for id, row in rows.items():
            if row["team_id"] is team and who in {None, row["user_id"]}:
                rows[id] = world.changed(row, team_id=None)
