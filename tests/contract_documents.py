"""Documents: what lists leave out, and how one changes hands."""

from collections.abc import Callable
from typing import Any

from tests.contract_chosen import Id, moment
from tests.contract_model import (
    NO_SUCH,
    NOT_YOURS,
    Answer,
    Guard,
    Refused,
    Row,
    Show,
    World,
    guarded,
)
from tests.contract_search import says
from tests.contract_shared import Kind

BLANK: Row = {"team_id": None, "title": "", "content": ""}
DOCUMENTS = Kind("documents", BLANK, lambda _, row: row, frozenset({"content"}))

FILTERS: dict[str, Callable[[Row, Any], bool]] = {
    "team_id": lambda row, wanted: row["team_id"] is wanted,
    "q": lambda row, wanted: says(f"{row['title']} {row['content']}", wanted),
}
SORTS: dict[str, Callable[[Row], Any]] = {
    "created_at": lambda item: moment(item["created_at"]),
    "updated_at": lambda item: moment(item["updated_at"]),
    "title": lambda item: item["title"],
}


def transfer(world: World, who: str, id: Id, to: str, guard: Guard) -> Show:
    """It stays in its team if the new owner is in it too.

    A repeat shows it to who gave it away, as long as nobody wrote it since.
    """
    row = world.find("documents", who, id)
    if who != row["user_id"]:
        raise Refused(*NOT_YOURS)
    guarded(row, guard)
    if to not in world.users:
        raise Refused(*NO_SUCH)
    team = row["team_id"] if world.role(row["team_id"], to) else None
    given = world.documents[id] = world.changed(row, user_id=to, team_id=team)

    def show(now: World) -> Answer:
        untouched = now.documents.get(id) is given
        return Answer(200, given if untouched else now.find("documents", who, id, deleted=True))

    return show
