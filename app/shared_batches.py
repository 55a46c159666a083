"""Why a batch was refused: the first of its items that could not be."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from app.access import Caller
from app.errors import Conflict, Forbidden, NotFound, PreconditionFailed, Problem
from app.etags import Owned


class New(Protocol):
    team_id: UUID | None


class Change(New, Protocol):
    id: UUID
    version: int | None

    @property
    def model_fields_set(self) -> set[str]: ...


def bad_addition(news: Sequence[New], teams: Collection[UUID]) -> Problem:
    """Only a team that the caller is not in keeps a new row out."""
    for n, new in enumerate(news):
        if new.team_id is not None and new.team_id not in teams:
            return at(n, NotFound, "no such team", "items", "team_id")
    return Conflict("your teams changed meanwhile")


def bad_change(
    me: Caller, changes: Sequence[Change], seen: Mapping[UUID, Owned], teams: Collection[UUID]
) -> Problem:
    for n, change in enumerate(changes):
        row = seen.get(change.id)
        if row is None:
            return at(n, NotFound, "not found", "items")
        if "team_id" in change.model_fields_set and row.user_id != me.id:
            return at(n, Forbidden, "only its owner may move it", "items", "team_id")
        if change.version not in {None, row.version}:
            return at(n, PreconditionFailed, "it changed since you read it", "items")
        if change.team_id is not None and change.team_id not in teams:
            return at(n, NotFound, "no such team", "items", "team_id")
    return Conflict("they changed meanwhile")


def bad_deletion(ids: Sequence[UUID], deletable: Mapping[UUID, bool]) -> Problem:
    for n, id in enumerate(ids):
        if id not in deletable:
            return at(n, NotFound, "not found", "ids")
        if not deletable[id]:
            return at(n, Forbidden, "only its owner or an admin of its team may", "ids")
    return Conflict("they changed meanwhile")


def at(index: int, kind: type[Problem], detail: str, *place: str) -> Problem:
    """The problem of one item, pointed at."""
    steps = [place[0], str(index), *place[1:]]
    pointer = "".join(f"/{step}" for step in steps)
    return kind(
        f"item {index}: {detail}", [{"pointer": pointer, "detail": detail, "code": kind.code}]
    )
