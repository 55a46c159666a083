"""What tasks and documents have in common: they may be shared with a team."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from tests.contract_chosen import Id
from tests.contract_model import (
    CONFLICT,
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


class Kind(NamedTuple):
    name: str
    blank: Row
    """What a new row is where its maker says nothing."""
    settled: Callable[[World, Row], Row]
    """The row as the server keeps it: what follows from the rest, times in UTC."""
    brief: frozenset[str] = frozenset()
    """What lists and batches leave out."""

    def listed(self, row: Row) -> Row:
        return {name: value for name, value in row.items() if name not in self.brief}


class Change(NamedTuple):
    id: Id
    patch: Row
    guard: Guard = None


@contextmanager
def item(place: int) -> Iterator[None]:
    """One of a batch: the error says which."""
    try:
        yield
    except Refused as refused:
        raise Refused(refused.status, refused.code, place) from None


def add(world: World, who: str, kind: Kind, new: Row) -> Show:
    joins(world, who, new)
    [id] = added(world, who, kind, [new])
    return lambda now: Answer(201, now.find(kind.name, who, id, deleted=True))


def joins(world: World, who: str, values: Row) -> None:
    team = values.get("team_id")
    if team is not None and world.role(team, who) is None:
        raise Refused(*NO_SUCH)


def added(world: World, who: str, kind: Kind, news: Sequence[Row]) -> list[Id]:
    world.provide(who)
    rows = [
        kind.settled(world, world.made(user_id=who, deleted_at=None, **{**kind.blank, **new}))
        for new in news
    ]
    world.rows(kind.name).update({row["id"]: row for row in rows})
    return [row["id"] for row in rows]


def add_batch(world: World, who: str, kind: Kind, news: Sequence[Row]) -> Show:
    for place, new in enumerate(news):
        with item(place):
            joins(world, who, new)
    return these(who, kind, 201, added(world, who, kind, news))


def these(who: str, kind: Kind, status: int, ids: Sequence[Id]) -> Show:
    """The rows in their order, as far as they are there and in sight."""

    def show(now: World) -> Answer:
        rows = [now.rows(kind.name)[id] for id in ids if id in now.rows(kind.name)]
        seen = [kind.listed(row) for row in rows if now.sees(who, row)]
        return Answer(status, {"items": seen})

    return show


def change(world: World, who: str, kind: Kind, to: Change) -> Show:
    row = world.find(kind.name, who, to.id)
    if "team_id" in to.patch and who != row["user_id"]:
        raise Refused(*NOT_YOURS)
    guarded(row, to.guard)
    joins(world, who, to.patch)
    put(world, kind, row, to.patch)
    return lambda now: Answer(200, now.find(kind.name, who, to.id, deleted=True))


def put(world: World, kind: Kind, row: Row, values: Row) -> None:
    new = world.changed(row, **kind.settled(world, {**row, **values}))
    world.rows(kind.name)[row["id"]] = new


def change_batch(world: World, who: str, kind: Kind, changes: Sequence[Change]) -> Show:
    for place, each in enumerate(changes):
        with item(place):
            change(world, who, kind, each)
    return these(who, kind, 200, [each.id for each in changes])


def delete(
    world: World, who: str, kind: Kind, id: Id, guard: Guard = None, *, permanent: bool = False
) -> Show:
    row = world.find(kind.name, who, id, deleted=permanent)
    if not world.deletes(who, row):
        raise Refused(*NOT_YOURS)
    guarded(row, guard)
    if permanent:
        del world.rows(kind.name)[id]
    else:
        put(world, kind, row, {"deleted_at": world.time()})
    return lambda _: Answer(204)


def delete_batch(world: World, who: str, kind: Kind, ids: Sequence[Id]) -> Show:
    for place, id in enumerate(ids):
        with item(place):
            delete(world, who, kind, id)
    return lambda _: Answer(204)


def restore(world: World, who: str, kind: Kind, id: Id, guard: Guard) -> Show:
    row = world.find(kind.name, who, id, deleted=True)
    if not world.deletes(who, row):
        raise Refused(*NOT_YOURS)
    if row["deleted_at"] is None:
        raise Refused(*CONFLICT)
    guarded(row, guard)
    put(world, kind, row, {"deleted_at": None})
    return lambda now: Answer(200, now.find(kind.name, who, id, deleted=True))
