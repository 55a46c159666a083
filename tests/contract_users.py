"""Users: what each is called, all that is theirs, and what is left when they have it deleted."""

from collections.abc import Iterator
from typing import Any

from tests.contract_conversations import forget, messages
from tests.contract_model import NO_SUCH, Answer, Refused, Row, Show, World
from tests.contract_teams import leave


def profile(world: World, who: str) -> Row:
    """The row, or the token's claims where there is none."""
    return world.users.get(who) or {**world.claims[who], "created_at": None, "updated_at": None}


def change(world: World, who: str, patch: Row) -> Show:
    """A new name is a new version of every team that shows it."""
    user = world.provide(who)
    for id, team in world.teams.items():
        if who in team["members"] and patch.get("name", user["name"]) != user["name"]:
            world.teams[id] = world.touched(team)
    world.users[who] = {**user, **patch, "updated_at": world.time()}

    def show(now: World) -> Answer:
        if who not in now.users:
            raise Refused(*NO_SUCH)
        return Answer(200, now.users[who])

    return show


def delete_everything(world: World, who: str) -> Show:
    """For good, teams that nobody else is in included; no team of others is left ownerless."""
    for id in [id for id, team in world.teams.items() if who in team["members"]]:
        leave(world, id, who)
    for kind in ("tasks", "documents"):
        rows: Any = world.rows(kind)
        for id in [id for id, row in rows.items() if row["user_id"] == who]:
            del rows[id]
    for id in [id for id, row in world.conversations.items() if row["user_id"] == who]:
        forget(world, id)
    world.buried.add(who)
    return lambda _: Answer(204)


def export(world: World, who: str) -> Iterator[tuple[str, Row]]:
    """Everything that the user owns, kind by kind; also what is deleted and can be restored."""
    if who in world.users:
        yield "profile", world.users[who]
    for kind in ("tasks", "documents"):
        for row in world.rows(kind).values():
            if row["user_id"] == who:
                yield kind.removesuffix("s"), {n: v for n, v in row.items() if n != "completed"}
    mine = [row for row in world.conversations.values() if row["user_id"] == who]
    for row in mine:
        yield "conversation", {**row, "message_count": len(messages(world, row["id"]))}
    for row in mine:
        for message in messages(world, row["id"]):
            yield "message", message
    for team in world.teams.values():
        if who in team["members"]:
            named = {"team_id": team["id"], "name": team["name"]}
            yield "team_membership", {**named, **team["members"][who]}
