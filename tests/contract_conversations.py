"""Conversations, one user's each, and what is said in them."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.contract_chosen import Id, moment
from tests.contract_model import (
    CONFLICT,
    NO_SUCH,
    Answer,
    Guard,
    Refused,
    Row,
    Show,
    World,
    guarded,
)

SORTS: dict[str, Callable[[Row], Any]] = {
    "created_at": lambda item: moment(item["created_at"]),
    "updated_at": lambda item: moment(item["updated_at"]),
}


def shown(world: World, row: Row) -> Row:
    """As every answer has it, with what was said last."""
    said = messages(world, row["id"])
    return {**row, "message_count": len(said), "last_message": said[-1] if said else None}


def messages(world: World, id: Id) -> list[Row]:
    """All of a conversation, in the order in which they were added."""
    return [message for message in world.messages.values() if message["conversation_id"] is id]


def showing(who: str, status: int, id: Id) -> Show:
    def show(now: World) -> Answer:
        return Answer(status, shown(now, now.find("conversations", who, id, deleted=True)))

    return show


def add(world: World, who: str, new: Row) -> Show:
    world.provide(who)
    row = world.made(user_id=who, deleted_at=None, **{"title": None, **new})
    world.conversations[row["id"]] = row
    return showing(who, 201, row["id"])


def change(world: World, who: str, id: Id, patch: Row, guard: Guard) -> Show:
    row = world.find("conversations", who, id)
    guarded(row, guard)
    world.conversations[id] = world.changed(row, **patch)
    return showing(who, 200, id)


def delete(world: World, who: str, id: Id, guard: Guard, *, permanent: bool) -> Show:
    row = world.find("conversations", who, id, deleted=permanent)
    guarded(row, guard)
    if permanent:
        forget(world, id)
    else:
        world.conversations[id] = world.changed(row, deleted_at=world.time())
    return lambda _: Answer(204)


def forget(world: World, id: Id) -> None:
    for message in messages(world, id):
        del world.messages[message["id"]]
    del world.conversations[id]


def restore(world: World, who: str, id: Id, guard: Guard) -> Show:
    row = world.find("conversations", who, id, deleted=True)
    if row["deleted_at"] is None:
        raise Refused(*CONFLICT)
    guarded(row, guard)
    world.conversations[id] = world.changed(row, deleted_at=None)
    return showing(who, 200, id)


def append(world: World, who: str, id: Id, news: Sequence[Row], *, batch: bool) -> Show:
    """In this order; one new version of the conversation, however many they are."""
    row = world.find("conversations", who, id)
    ids = [Id(world.moment) for _ in news]
    for message, new in zip(ids, news, strict=True):
        mine = {"id": message, "conversation_id": id, "user_id": who, "metadata": {}}
        world.messages[message] = {**mine, **new, "created_at": world.time()}
    world.conversations[id] = world.touched(row)

    def show(now: World) -> Answer:
        kept = [now.messages[message] for message in ids if message in now.messages]
        if not (kept or batch):
            raise Refused(*NO_SUCH)
        return Answer(201, {"items": kept} if batch else kept[0])

    return show


def find_message(world: World, who: str, id: Id, message: Id) -> Row:
    world.find("conversations", who, id)
    row = world.messages.get(message)
    if row is None or row["conversation_id"] is not id:
        raise Refused(*NO_SUCH)
    return row


def delete_message(world: World, who: str, id: Id, message: Id) -> Show:
    find_message(world, who, id, message)
    del world.messages[message]
    world.conversations[id] = world.touched(world.conversations[id])
    return lambda _: Answer(204)
