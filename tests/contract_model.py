"""All that the people of a story have, as plain rows, and the one rule of who sees and does what.

A row is what the API shows of it, as far as that is its own. Nothing here knows the app.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.contract_chosen import Id, Moment, Time

Row = dict[str, Any]
Rows = dict[Id, Row]
Guard = int | str | None
"""What If-Match asks for: a version, `*`, or nothing."""

NO_SUCH = 404, "not_found"
NOT_YOURS = 403, "forbidden"
CONFLICT = 409, "conflict"
STALE = 412, "precondition_failed"
INVALID_CURSOR = 400, "invalid_cursor"
INVALID = 422, "invalid"
REUSED = 422, "idempotency_key_reused"
EMAIL_TAKEN = 409, "email_taken"

RUN_IT = ("owner", "admin")


class Refused(Exception):  # noqa: N818  as the local Neon calls it
    """Raised with the status and the code that are due; of a batch also the place of the item."""

    def __init__(self, status: int, code: str, place: int | None = None) -> None:
        super().__init__(status, code)
        self.status, self.code, self.place = status, code, place


class Answer(NamedTuple):
    status: int
    body: Any = None


Show = Callable[["World"], Answer]
"""What a write answers: from the world as it is now, and as it will be when it is repeated."""


@dataclass
class World:
    claims: Mapping[str, Row]
    """What their tokens say of those who may call."""
    moment: Moment = field(default_factory=Moment)
    users: dict[str, Row] = field(default_factory=dict)
    buried: set[str] = field(default_factory=set)
    teams: Rows = field(default_factory=dict)
    tasks: Rows = field(default_factory=dict)
    documents: Rows = field(default_factory=dict)
    conversations: Rows = field(default_factory=dict)
    messages: Rows = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[Any, Show]] = field(default_factory=dict)

    def copy(self) -> "World":
        """A world of its own, in which something may happen now."""
        return World(
            **{**{name: copy(each) for name, each in vars(self).items()}, "moment": Moment()}
        )

    def time(self) -> Time:
        return Time(self.moment)

    def made(self, **values: Any) -> Row:
        """A new row, its first version."""
        return {
            "id": Id(self.moment),
            **values,
            "created_at": self.time(),
            "updated_at": self.time(),
            "version": 1,
        }

    def changed(self, row: Row, **values: Any) -> Row:
        """The next version; a change that changes nothing makes none."""
        new = {**row, **values}
        return new if new == row else self.touched(new)

    def touched(self, row: Row) -> Row:
        return {**row, "version": row["version"] + 1, "updated_at": self.time()}

    def role(self, team: Id | None, who: str) -> str | None:
        members = self.teams[team]["members"] if team in self.teams else {}
        return members[who]["role"] if who in members else None

    def sees(self, who: str, row: Row) -> bool:
        """One's own, and what is shared with a team that one is in; a team is its members'."""
        if "members" in row:
            return who in row["members"]
        return who == row["user_id"] or self.role(row.get("team_id"), who) is not None

    def deletes(self, who: str, row: Row) -> bool:
        """The owner, and whoever runs the team that it is shared with."""
        return who == row["user_id"] or self.role(row.get("team_id"), who) in RUN_IT

    def rows(self, kind: str) -> Rows:
        rows: Rows = getattr(self, kind)
        return rows

    def find(self, kind: str, who: str, id: Id, *, deleted: bool = False) -> Row:
        """The row, if it is in sight; a deleted one only where those are asked for too."""
        row = self.rows(kind).get(id)
        if row is None or not self.sees(who, row) or (row.get("deleted_at") and not deleted):
            raise Refused(*NO_SUCH)
        return row

    def of(self, kind: str, who: str, *, deleted: bool = False) -> list[Row]:
        """All rows in sight, or all deleted ones."""
        rows = self.rows(kind).values()
        return [
            row
            for row in rows
            if self.sees(who, row) and (row.get("deleted_at") is not None) == deleted
        ]

    def provide(self, who: str) -> Row:
        """The user's row, made from the token's claims where a write needs it first."""
        claims = self.claims[who]
        if who not in self.users:
            if who in self.buried:
                raise Refused(*NOT_YOURS)
            if claims["email"] in {user["email"] for user in self.users.values()}:
                raise Refused(*EMAIL_TAKEN)
            self.users[who] = {**claims, "created_at": self.time(), "updated_at": self.time()}
        return self.users[who]


def guarded(row: Row, guard: Guard) -> None:
    """Refuse a write that was meant for another version of the row."""
    if guard not in {None, "*", row["version"]}:
        raise Refused(*STALE)
